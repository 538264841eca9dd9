// What a coordinator makes of what nodes say of a campaign beside its requests: that it is paused, that it has a weekend, that nobody
// knows yet what it could have, and that some node has not seen a day.
import Pacing
import Testing
import Units

@Suite struct FleetWordsTests {
    private static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    /// A flight of a week, of which each day wants 900 impressions an hour.
    private static func statement(
        _ id: String = "one", requests: Double, days: Int64 = 7
    ) -> PaceStatement {
        let terms = PacedTerms(
            id: id, start: start, end: start + .seconds(days * 86_400), mode: .even,
            lifetime: Micros(days * 24 * 900 * 10_000), daily: nil, price: Micros(10_000))
        var statement = PaceStatement(terms: terms, supply: Array(repeating: requests, count: 24))
        statement.shares = [requests / 1_000]
        return statement
    }

    private struct Fleet {
        var fleet = FleetPacer(FleetPacer.Limits(silence: .seconds(600)), epoch: 1, at: start)

        @discardableResult
        mutating func say(
            _ statements: [PaceStatement], from node: String = "a", start: UInt64 = 1, at second: Int64
        ) -> [PaceOrder] {
            fleet.expects(PaceSupply(kinds: 1, places: Array(repeating: 1_000, count: 24)), from: node)
            return fleet.heard(
                statements.map {
                    ($0, PaceBudget(lifetime: $0.terms.lifetime, left: $0.terms.lifetime))
                }, from: node, start: start, at: FleetWordsTests.start + .seconds(second))
        }

        func standing(_ second: Int64, _ id: String = "one") throws -> FleetPacer.Standing {
            try #require(
                fleet.standings(at: FleetWordsTests.start + .seconds(second)).first { $0.campaign == id })
        }

        func parts(_ id: String = "one") -> [Double] {
            fleet.plan(of: id)?.regions.map { Double($0.total.rawValue) } ?? []
        }
    }

    /// It is behind for want of creatives, and competes with nobody meanwhile.
    @Test(arguments: [true, false]) func whoIsPausedIsNotToldThatItCannotDeliver(_ runs: Bool) throws {
        var fleet = Fleet()
        var paused = Self.statement(requests: 10)
        paused.runs = runs
        let other = Self.statement("other", requests: 1_000)
        for second in [Int64(0), 20] { fleet.say([paused, other], at: second) }
        paused.plan = try fleet.standing(21).plan
        paused.report.admitted = 1
        for second in stride(from: Int64(25), to: 7_200, by: 60) { fleet.say([paused, other], at: second) }
        let standing = try fleet.standing(7_200)
        #expect(standing.isPlannedTogether == runs)
        #expect(standing.why.isEmpty == !runs && standing.cannotDeliver == runs, "\(standing.why)")
        #expect(fleet.fleet.cannotDeliver("one", at: Self.start + .seconds(7_200)) == runs)
        // When it is resumed it is planned with others.
        paused.runs = true
        for second in [Int64(7_205), 7_210, 7_218] { fleet.say([paused, other], at: second) }
        #expect(try fleet.standing(7_220).isPlannedTogether)
    }

    /// A weekend is no verdict on a flight that goes on behind it, and one on a flight that ends with it.
    @Test(arguments: [(true, Int64(7)), (false, 7), (false, 1)])
    func aWeekendIsNoVerdict(_ isUsual: Bool, _ days: Int64) throws {
        var fleet = Fleet()
        var statement = Self.statement(requests: 10, days: days)
        statement.isUsualDay = isUsual
        for second in [Int64(0), 20] { fleet.say([statement], at: second) }
        statement.plan = try fleet.standing(21).plan
        statement.report.admitted = 1
        for second in stride(from: Int64(25), to: 7_200, by: 60) { fleet.say([statement], at: second) }
        let isSaid = isUsual || days == 1
        let standing = try fleet.standing(7_200)
        #expect(standing.isPlannedTogether)
        #expect((standing.verdict != nil) == isSaid && standing.cannotDeliver == isSaid)
        #expect(standing.why.isEmpty == !isSaid, "\(standing.why)")
    }

    /// Node `b` begins and says all its requests, of which the campaign could have a tenth: nobody's part goes there meanwhile.
    @Test(arguments: [true, false]) func aGuessIsNoPart(_ isGuess: Bool) throws {
        var fleet = Fleet()
        let known = Self.statement(requests: 100)
        for second in [Int64(0), 20] {
            for node in ["a", "b"] { fleet.say([known], from: node, at: second) }
        }
        var guess = Self.statement(requests: 1_000)
        (guess.isGuess, guess.seesDay, guess.shares) = (isGuess, false, [])
        // Its process begins anew: it keeps its part.
        fleet.say([guess], from: "b", start: 2, at: 40)
        fleet.say([known], from: "a", at: 41)
        var parts = fleet.parts()
        #expect(parts.count == 2 && (abs(parts[1] / parts[0] - 1) < 0.01) == isGuess, "\(parts)")
        // Another comes: it has as much as each of the others, until it knows better.
        fleet.say([known], from: "b", start: 2, at: 60)
        fleet.say([guess], from: "c", at: 61)
        parts = fleet.parts()
        #expect(parts.count == 3 && (abs(parts[2] / parts[0] - 1) < 0.01) == isGuess, "\(parts)")
        fleet.say([Self.statement(requests: 50)], from: "c", at: 75)
        parts = fleet.parts()
        if isGuess { #expect(abs(parts[2] / parts[0] - 0.5) < 0.01, "\(parts)") }
    }

    /// One of three nodes that begins anew is no reason to plan the campaign by itself for a day; two of them are.
    @Test(arguments: [1, 2]) func whoIsSeenByMostIsPlannedTogether(_ seeing: Int) throws {
        var fleet = Fleet()
        for second in [Int64(0), 20] {
            for (number, node) in ["a", "b", "c"].enumerated() {
                var statement = Self.statement(requests: 100)
                statement.seesDay = number <= seeing - 1
                fleet.say([statement], from: node, at: second)
            }
        }
        #expect(try fleet.standing(21).isPlannedTogether == (seeing == 2))
    }
}
