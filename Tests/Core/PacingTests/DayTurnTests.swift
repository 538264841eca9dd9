// A midnight of budgets that have days, for campaigns that are planned together: whatever comes in which order, nobody is planned for
// today by what was left of yesterday.
import Pacing
import Testing
import Units

/// Two nodes with two campaigns that want the same places, and have spent nearly all of the first day by its end.
private struct Turn {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    static let day = Interval.seconds(86_400)
    static let today = Micros(24_000_000)
    static let leftover = Micros(100_000)

    let terms = ["one", "two"].map {
        PacedTerms(
            id: $0, start: start, end: start + .seconds(3 * 86_400), mode: .even,
            lifetime: Micros(3 * today.rawValue), daily: today, price: Micros(10_000))
    }
    var fleet = FleetPacer(FleetPacer.Limits(silence: .seconds(600)), epoch: 1, at: start)
    /// Plans of the second day that are none.
    var wrong: [String] = []

    init() {
        for second in [0.0, 20, 86_395] {
            for node in ["a", "b"] { say([0, 1], from: node, at: second, day: 0) }
        }
    }

    /// - at: seconds since the start.
    mutating func say(_ campaigns: [Int], from node: String, at second: Double, day: Int64) {
        let now = Self.start + .milliseconds(Int64(second * 1_000))
        fleet.expects(PaceSupply(kinds: 1, places: Array(repeating: 1_000, count: 24)), from: node)
        let spent = Self.today - Self.leftover
        let isLate = second > 86_000
        let words = campaigns.map { campaign in
            var statement = PaceStatement(
                terms: terms[campaign], supply: Array(repeating: 1_000, count: 24))
            statement.shares = [1]
            statement.dayEnd = Self.start + .seconds((day + 1) * 86_400)
            let left = isLate ? terms[campaign].lifetime - spent : terms[campaign].lifetime
            let leftToday = isLate && day == 0 ? Self.leftover : Self.today
            return (
                statement: statement,
                budget: PaceBudget(
                    lifetime: terms[campaign].lifetime, today: Self.today, left: left,
                    leftToday: leftToday)
            )
        }
        _ = fleet.heard(words, from: node, start: 1, at: now)
        for one in terms {
            guard let curve = fleet.plan(of: one.id)?.curve, curve.start >= Self.start + Self.day else {
                continue
            }
            if curve.total < Micros(23_900_000) || curve.end != Self.start + Self.day + Self.day {
                wrong.append("\(one.id) at \(second): \(curve.total) until \(curve.end)")
            }
        }
    }

    func isPlanned(_ campaign: Int) -> Bool {
        fleet.plan(of: terms[campaign].id).map { $0.curve.start >= Self.start + Self.day } ?? false
    }

    /// All planned, and together.
    func isWhole(at second: Double) -> Bool {
        let standings = fleet.standings(at: Self.start + .milliseconds(Int64(second * 1_000)))
        return isPlanned(0) && isPlanned(1) && standings.count == 2
            && standings.allSatisfy(\.isPlannedTogether)
    }
}

@Suite struct DayTurnTests {
    /// Both are due at the same moment, and each is planned by its own words of it.
    @Test func oneMessageIsOneMoment() {
        var turn = Turn()
        turn.say([0, 1], from: "a", at: 86_402, day: 1)
        #expect(turn.isWhole(at: 86_403))
        turn.say([0, 1], from: "b", at: 86_403, day: 1)
        #expect(turn.isWhole(at: 86_404) && turn.wrong.isEmpty, "\(turn.wrong)")
    }

    /// Words of the second campaign come a second behind: the first one waits for them.
    @Test func whoseWordsComeLaterAreWaitedFor() {
        var turn = Turn()
        for round in [86_402.0, 86_407] {
            for (node, later) in [("a", 0.0), ("b", 0.3)] {
                turn.say([0], from: node, at: round + later, day: 1)
                if round == 86_402, node == "a" { #expect(!turn.isPlanned(0)) }
                turn.say([1], from: node, at: round + later + 1.2, day: 1)
            }
        }
        #expect(turn.isWhole(at: 86_409) && turn.wrong.isEmpty, "\(turn.wrong)")
    }

    /// A node whose clock is behind says yesterday's words when the other has said today's.
    @Test func yesterdaysWordsAreOfNoUse() {
        var turn = Turn()
        turn.say([0], from: "a", at: 86_401, day: 1)
        turn.say([0, 1], from: "b", at: 86_401.5, day: 0)
        turn.say([1], from: "a", at: 86_402, day: 1)
        turn.say([0, 1], from: "b", at: 86_402.5, day: 0)
        turn.say([0, 1], from: "a", at: 86_406, day: 1)
        #expect(turn.isWhole(at: 86_407) && turn.wrong.isEmpty, "\(turn.wrong)")
    }

    /// Who says nothing of the new day holds nobody up for long, is not planned by what it had, and comes in when it speaks.
    @Test func whoSaysNothingOfTodayIsNotPlanned() throws {
        var turn = Turn()
        for second in [86_402.0, 86_407, 86_413] { turn.say([0], from: "a", at: second, day: 1) }
        #expect(turn.isPlanned(0) && !turn.isPlanned(1))
        turn.say([1], from: "a", at: 86_414, day: 0)
        #expect(!turn.isPlanned(1))
        turn.say([1], from: "a", at: 86_420, day: 1)
        #expect(turn.isWhole(at: 86_421) && turn.wrong.isEmpty, "\(turn.wrong)")
    }

    /// What was planned at the same moment by other words is not taken from there.
    @Test func aPlanOfOtherMoneyIsNotTaken() throws {
        var turn = Turn()
        turn.say([0], from: "a", at: 86_402, day: 1)
        turn.say([1], from: "a", at: 86_413, day: 0)
        // By now the first one does not wait any more; the second one's words come at the very same moment.
        turn.say([0], from: "a", at: 86_414, day: 1)
        turn.say([1], from: "a", at: 86_414, day: 1)
        #expect(turn.isPlanned(0) && !turn.isPlanned(1))
        turn.say([1], from: "a", at: 86_419, day: 1)
        #expect(turn.isWhole(at: 86_420) && turn.wrong.isEmpty, "\(turn.wrong)")
    }
}
