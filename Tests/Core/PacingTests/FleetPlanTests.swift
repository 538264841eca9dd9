// Campaigns that compete for the same requests, planned together by the coordinator: guaranteed ones first, the others alike;
// and a plan that stays what it was when nodes come, go, or say what a budget is worth there.
import Pacing
import Testing
import Units

/// Nodes of a fleet, each with as many requests as it says.
private struct Words {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    var fleet = FleetPacer(FleetPacer.Limits(silence: .seconds(600)), epoch: 1, at: start)
    var plans: [String: UInt32] = [:]

    /// A cent for each impression, evenly over a day.
    static func terms(_ id: String, perHour: Int, isGuaranteed: Bool = false) -> PacedTerms {
        PacedTerms(
            id: id, start: start, end: start + .seconds(86_400), mode: .even,
            lifetime: Micros(Int64(perHour) * 24 * 10_000), daily: nil, price: Micros(10_000),
            isGuaranteed: isGuaranteed)
    }

    static func statement(_ terms: PacedTerms, requests: Double, share: Double = 1) -> PaceStatement {
        var statement = PaceStatement(terms: terms, supply: Array(repeating: requests * share, count: 24))
        statement.shares = [share]
        return statement
    }

    mutating func say(
        _ statement: PaceStatement, from node: String, at second: Int64, left: Micros? = nil,
        lifetime: Micros? = nil
    ) -> PaceOrder? {
        let lifetime = lifetime ?? statement.terms.lifetime
        return fleet.heard(
            statement, from: node, start: 1,
            PaceBudget(lifetime: lifetime, left: left ?? lifetime), at: Self.start + .seconds(second))
    }

    struct Silence: Error {}

    mutating func told(
        _ statement: PaceStatement, from node: String, at second: Int64, left: Micros? = nil
    ) throws -> PaceOrder {
        guard let order = say(statement, from: node, at: second, left: left) else { throw Silence() }
        return order
    }

    mutating func expect(_ requests: Double?, from node: String) {
        guard let requests else { return fleet.expects(nil, from: node) }
        guard let supply = PaceSupply(kinds: 1, places: Array(repeating: requests, count: 24)) else { return }
        fleet.expects(supply, from: node)
    }
}

@Suite struct FleetPlanTests {
    private func verdicts(_ all: [PacedTerms], requests: Double) -> [Deliverability?] {
        var words = Words()
        for second in [Int64(0), 20] {
            words.expect(requests, from: "a")
            for terms in all {
                _ = words.say(Words.statement(terms, requests: requests), from: "a", at: second)
            }
        }
        return all.map { words.fleet.plan(of: $0.id)?.deliverability }
    }

    @Test func whatIsGuaranteedIsWholeAndOthersGetWhatIsLeft() throws {
        let promised = Words.terms("promised", perHour: 800, isGuaranteed: true)
        let open = Words.terms("open", perHour: 600)
        let verdicts = verdicts([open, promised], requests: 1_000)
        let (first, second) = (try #require(verdicts[1]), try #require(verdicts[0]))
        #expect(first.isDeliverable, "\(first.sentence)")
        #expect(second.limit == .competition)
        let share = Double(second.expected.rawValue) / Double(second.wanted.rawValue)
        #expect(abs(share - 200.0 / 600) < 0.02, "\(share)")
    }

    /// Nobody has more than another who asks for as much.
    @Test func whoCompetesSharesWhatThereIs() throws {
        let verdicts = verdicts(
            [Words.terms("one", perHour: 800), Words.terms("two", perHour: 400)], requests: 600)
        for verdict in verdicts {
            let verdict = try #require(verdict)
            let impressions = Double(verdict.expected.rawValue) / 10_000 / 24
            #expect(abs(impressions - 300) < 10, "\(impressions) an hour")
            #expect(!verdict.isDeliverable)
        }
    }

    @Test func whoHasTooFewRequestsIsToldSo() throws {
        let verdict = try #require(verdicts([Words.terms("one", perHour: 900)], requests: 300)[0])
        #expect(verdict.limit == .targeting)
        #expect(verdict.sentence.contains("33 %"), "\(verdict.sentence)")
    }

    /// A campaign that may run in six hours of the day only, beside one that wants the same places all day: whole, and in its hours.
    @Test func whoRunsInSomeHoursOnlyIsPlannedInThose() throws {
        let day = Words.terms("day", perHour: 100)
        var words = Words()
        var supply = [Double](repeating: 0, count: 24)
        for hour in 10..<16 { supply[hour] = 1_000 }
        for second in [Int64(0), 20] {
            words.expect(1_000, from: "a")
            var statement = PaceStatement(terms: day, supply: supply)
            statement.shares = [1]
            _ = words.say(statement, from: "a", at: second)
            let all = Words.statement(Words.terms("all", perHour: 600), requests: 1_000)
            _ = words.say(all, from: "a", at: second)
        }
        let plan = try #require(words.fleet.plan(of: "day"))
        #expect(plan.deliverability.isDeliverable, "\(plan.deliverability.sentence)")
        func part(_ from: Int64, _ to: Int64) -> Double {
            let (from, to) = (Words.start + .seconds(from * 3_600), Words.start + .seconds(to * 3_600))
            let amount = plan.curve.spent(by: to) - plan.curve.spent(by: from)
            return Double(amount.rawValue) / Double(plan.curve.total.rawValue)
        }
        // Between the middles of two hours traffic changes evenly.
        #expect(part(9, 17) > 0.99 && part(0, 8) < 0.01, "\(part(9, 17))")
        let other = try #require(words.fleet.plan(of: "all"))
        #expect(other.deliverability.isDeliverable, "\(other.deliverability.sentence)")
    }

    /// Of a campaign of which not all hours were seen nobody says that it cannot deliver, and it is planned by itself.
    @Test func whatWasNotSeenIsNoVerdict() throws {
        for seesDay in [true, false] {
            var words = Words()
            for second in [Int64(0), 20] {
                words.expect(1_000, from: "a")
                var statement = Words.statement(Words.terms("one", perHour: 900), requests: 300, share: 0.3)
                statement.seesDay = seesDay
                _ = words.say(statement, from: "a", at: second)
            }
            let now = Words.start + .seconds(21)
            let standing = try #require(words.fleet.standings(at: now).first)
            #expect(standing.isPlannedTogether == seesDay && (standing.verdict != nil) == seesDay)
            #expect(standing.why.isEmpty == !seesDay, "\(standing.why)")
        }
    }

    /// What a node said of its places before is not planned with when it does not say it any more.
    @Test func whoSaysNoPlacesAnyMoreIsNotPlannedWithThem() throws {
        for said in [1_000.0, nil] {
            var words = Words()
            words.expect(1_000, from: "a")
            let statement = Words.statement(Words.terms("one", perHour: 100), requests: 1_000)
            _ = words.say(statement, from: "a", at: 0)
            words.expect(said, from: "a")
            _ = words.say(statement, from: "a", at: 20)
            let now = Words.start + .seconds(21)
            let standing = try #require(words.fleet.standings(at: now).first)
            #expect(standing.isPlannedTogether == (said != nil))
        }
    }

    /// Whoever plans answers for the ledger as well: of campaigns that are due one after the other in a second all but the first wait for
    /// their next words, and of very many each is planned by itself.
    @Test func allArePlannedTogetherOnceASecond() throws {
        var words = Words()
        let statements = ["one", "two", "three"].map {
            Words.statement(Words.terms($0, perHour: 100), requests: 1_000)
        }
        func say(_ statement: PaceStatement, _ milliseconds: Int64) {
            _ = words.fleet.heard(
                statement, from: "a", start: 1,
                PaceBudget(lifetime: statement.terms.lifetime, left: statement.terms.lifetime),
                at: Words.start + .milliseconds(milliseconds))
        }
        words.expect(1_000, from: "a")
        for statement in statements { say(statement, 0) }
        for (number, statement) in statements.enumerated() { say(statement, 20_000 + Int64(number) * 400) }
        func planned() -> [String] { words.fleet.standings(at: Words.start + .seconds(22)).map(\.campaign) }
        #expect(planned() == ["one"])
        for (number, statement) in statements.enumerated() { say(statement, 21_500 + Int64(number) * 10) }
        #expect(planned() == ["one", "two"])
        say(statements[2], 22_600)
        #expect(planned() == ["one", "three", "two"])
        for (cells, together) in [(3 * 24, 3), (3 * 24 - 1, 3), (3 * 24, 2)] {
            var limits = FleetPacer.Limits(silence: .seconds(600))
            (limits.cells, limits.together) = (cells, together)
            words.fleet = FleetPacer(limits, epoch: 2, at: Words.start)
            words.expect(1_000, from: "a")
            for second in [Int64(0), 20_000] { for statement in statements { say(statement, second) } }
            let standings = words.fleet.standings(at: Words.start + .seconds(21))
            let isWithin = cells == 3 * 24 && together == 3
            #expect(standings.count == 3 && standings.allSatisfy { $0.isPlannedTogether == isWithin })
        }
    }

    /// A node that comes at noon gets a part; what was promised for the day, and what spend is behind, stay.
    @Test func aPlanIsSharedAnewAndStays() throws {
        var words = Words()
        let terms = Words.terms("one", perHour: 100)
        let statement = Words.statement(terms, requests: 1_000)
        _ = words.say(statement, from: "a", at: 0)
        let first = try words.told(statement, from: "a", at: 20)
        let before = try #require(words.fleet.plan(of: "one")).curve
        // Half of what was to be spent by noon was.
        let noon = Words.start + .seconds(43_200)
        let spent = Micros(before.spent(by: noon).rawValue / 2)
        let left = terms.lifetime - spent
        _ = words.say(statement, from: "a", at: 43_195, left: left)
        _ = words.say(statement, from: "b", at: 43_200, left: left)
        let order = try words.told(statement, from: "a", at: 43_200, left: left)
        let after = try #require(words.fleet.plan(of: "one")).curve
        #expect(order.plan != first.plan && order.part != nil)
        #expect(abs((after.total - (before.total - before.spent(by: noon))).rawValue) < 100)
        let behind = Double((before.spent(by: noon) - spent).rawValue) / Double(after.total.rawValue)
        #expect(abs(order.ahead + behind) < 0.01, "\(order.ahead), not \(-behind)")
        let parts = try #require(words.fleet.plan(of: "one")).regions
        #expect(parts.count == 2 && abs((parts[0].total - parts[1].total).rawValue) < 100)
    }

    /// Both budgets are cut at once, and one is heard of before the other: each is planned from what is left of it.
    @Test func budgetsThatAreCutTogetherArePlannedTogether() throws {
        var words = Words()
        let all = ["one", "two"].map { Words.terms($0, perHour: 100) }
        for second in [Int64(0), 20, 43_180, 43_195] {
            words.expect(1_000, from: "a")
            for terms in all { _ = words.say(Words.statement(terms, requests: 1_000), from: "a", at: second) }
        }
        let (left, lifetime) = (Micros(5_000_000), Micros(17_000_000))
        for second in stride(from: Int64(43_200), through: 43_220, by: 5) {
            for terms in all {
                let statement = Words.statement(terms, requests: 1_000)
                _ = words.say(statement, from: "a", at: second, left: left, lifetime: lifetime)
            }
        }
        for terms in all {
            let plan = try #require(words.fleet.plan(of: terms.id)).curve
            #expect(abs((plan.total - left).rawValue) < 100, "\(terms.id): \(plan.total)")
        }
    }

    @Test func aFencedNodesPartIsTheOthersAtOnce() throws {
        var words = Words()
        let statement = Words.statement(Words.terms("one", perHour: 100), requests: 1_000)
        for second in [Int64(0), 20, 25] {
            for node in ["a", "b"] { _ = words.say(statement, from: node, at: second) }
        }
        var known = statement
        known.plan = try words.told(statement, from: "a", at: 30).plan
        let before = try words.told(known, from: "a", at: 90).scale
        #expect(abs(before - 1) < 0.01, "\(before)")
        words.fleet.fenced("b")
        let after = try words.told(known, from: "a", at: 95).scale
        #expect(abs(after - 2) < 0.01, "\(after)")
    }

    /// Nobody else had a part in it: while its node is gone its viewers come to the others, who share it, and go back with it.
    @Test func whatOnlyALostNodeHadAPartInOthersGet() throws {
        var words = Words()
        let terms = Words.terms("one", perHour: 100)
        let here = Words.statement(terms, requests: 1_000)
        let elsewhere = Words.statement(terms, requests: 0)
        for second in [Int64(0), 20] {
            _ = words.say(here, from: "a", at: second)
            for node in ["b", "c"] { _ = words.say(elsewhere, from: node, at: second) }
        }
        let whole = try #require(words.fleet.plan(of: "one")).regions
        /// Next to nothing of 24 units.
        func isNothing(_ part: SpendCurve) -> Bool { part.total.rawValue < 1_000 }
        #expect(!isNothing(whole[0]) && isNothing(whole[1]) && isNothing(whole[2]))
        words.fleet.fenced("a")
        // The ledger takes what it held for spent, and nobody has said that it was.
        let held = Micros(2_000_000)
        let order = try words.told(elsewhere, from: "b", at: 40, left: terms.lifetime - held)
        #expect(abs(order.ahead) < 0.01, "\(order.ahead)")
        let parts = try #require(words.fleet.plan(of: "one")).regions
        #expect(order.part != nil && parts.count == 2)
        #expect(abs((parts[0].total - parts[1].total).rawValue) < 100 && !isNothing(parts[0]))
        _ = words.say(here, from: "a", at: 100)
        _ = try words.told(here, from: "a", at: 115)
        let back = try #require(words.fleet.plan(of: "one")).regions
        #expect(back.count == 3 && isNothing(back[1]) && isNothing(back[2]) && !isNothing(back[0]))
    }

    /// A node's own addition to a price becomes everybody's, by the weight of its part.
    @Test func whatOneNodeLearnsOfAPriceAllAreTold() throws {
        var words = Words()
        let statement = Words.statement(Words.terms("one", perHour: 100), requests: 1_000)
        for second in [Int64(0), 20] {
            for node in ["a", "b"] { _ = words.say(statement, from: node, at: second) }
        }
        var known = statement
        known.plan = try words.told(statement, from: "a", at: 25).plan
        // Both are where the plan is.
        known.report.spent = Micros(0)
        let before = try words.told(known, from: "b", at: 26).theta
        known.report.local = 0.5
        _ = words.say(known, from: "a", at: 27)
        known.report.local = 0
        let after = try words.told(known, from: "b", at: 28).theta
        #expect(after - before > 0.2 && after - before < 0.3, "\(before) became \(after)")
    }

    /// By noon nothing was spent. Others give way to who could be delivered, and not to who never could.
    @Test(arguments: [(100, true), (4_000, false)]) func whoIsBehindIsGivenWayTo(
        _ perHour: Int, _ isHelped: Bool
    ) throws {
        var words = Words()
        words.expect(1_000, from: "a")
        let terms = Words.terms("one", perHour: perHour)
        var pacer = RegionPacer([terms], .directed, .different, at: Words.start)
        var second: Int64 = 0
        for next in [Int64(0), 20, 43_200, 43_205] {
            second = next
            let now = Words.start + .seconds(second)
            pacer.turn({ _ in PacedSight() }, week: WeekOfSupply(nil, from: now), at: now)
            let supply = [Double](repeating: 1_000, count: 24)
            guard var statement = pacer.statement(0, dayEnd: nil, supply: supply) else {
                throw Words.Silence()
            }
            statement.shares = [1]
            let order = words.say(statement, from: "a", at: second)
            if let order { pacer.told(0, order, answering: statement.report, at: now) }
        }
        pacer.turn(
            { _ in PacedSight() }, week: WeekOfSupply(nil, from: Words.start),
            at: Words.start + .seconds(second + 1))
        let price = pacer.price(0)
        #expect(isHelped ? price < 0 && price >= -0.5 : price >= 0 && price < 0.02, "\(price)")
    }

    @Test func aMinutesNoiseIsNoOtherForecast() {
        var level = SupplyLevel()
        for second in 0..<300 {
            // Whoever began a moment ago has seen nobody yet.
            if second == 0 || second == 30 { #expect(level.factor(expected: 360, isLearned: true) == 1) }
            level.measure(UInt64(second * 11), at: Words.start + .seconds(Int64(second)))
        }
        #expect(level.factor(expected: 36_000, isLearned: true) == 1)
        #expect(abs(level.factor(expected: 36_000, isLearned: false) - 1.1) < 0.01)
        #expect(abs(level.factor(expected: 3_600, isLearned: true) - 11) < 0.1)
    }
}
