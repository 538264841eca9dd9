// Nodes that spend one budget, directed by a coordinator, under a clock that runs as fast as the test: together they spend
// the plan, wherever the requests are, whoever goes and comes, and whoever coordinates.
import Pacing
import Testing
import Units

/// Some nodes with one campaign, and what stands between them and their coordinator.
private struct Fleet: ~Copyable {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    static let price = Micros(10_000)
    static let limits = FleetPacer.Limits(silence: .seconds(600))

    final class Node {
        var pacer: RegionPacer
        var sight = PacedSight()
        var start: UInt64 = 1
        let rate: (Int64) -> Int
        /// Requests a second, of late.
        var level = 0.0
        var spent: Int64 = 0

        init(_ terms: PacedTerms, _ rate: @escaping (Int64) -> Int) {
            pacer = RegionPacer([terms], .directed, at: Fleet.start)
            self.rate = rate
        }
    }

    var terms: PacedTerms
    var lifetime: Micros
    var nodes: [Node]
    var fleet = FleetPacer(limits, epoch: 1, at: start)
    var draws = Randomness(seed: 7)
    var second: Int64 = 0
    /// What all have spent, after each second.
    var spent: [Int64] = []
    /// A node that cannot speak with the coordinator then, or is not there.
    var cut: (Int, Int64) -> Bool = { _, _ in false }
    var gone: (Int, Int64) -> Bool = { _, _ in false }
    var told: [PaceOrder?] = []

    init(_ terms: PacedTerms, _ rates: [(Int64) -> Int]) {
        self.terms = terms
        lifetime = terms.lifetime
        nodes = rates.map { Node(terms, $0) }
        told = nodes.map { _ in nil }
    }

    var now: Instant { Self.start + .seconds(second) }
    var all: Int64 { nodes.reduce(0) { $0 + $1.spent } }

    /// What the root has: settlements come at once here.
    var budget: PaceBudget { PaceBudget(lifetime: lifetime, left: lifetime - Micros(all)) }

    mutating func run(seconds: Int) {
        for _ in 0..<seconds {
            for place in nodes.indices where !gone(place, second) { step(place) }
            spent.append(all)
            second += 1
            for place in nodes.indices where !gone(place, second) {
                let sight = nodes[place].sight
                nodes[place].pacer.turn({ _ in sight }, week: WeekOfSupply(nil, from: now), at: now)
                // Not all at once.
                if (second + Int64(place)) % 5 == 0, !cut(place, second) { speak(place) }
            }
        }
    }

    private mutating func step(_ place: Int) {
        let rate = nodes[place].rate(second)
        nodes[place].level += (Double(rate) - nodes[place].level) / Double(min(second + 1, 60))
        let before = nodes[place].sight.authorised
        for _ in 0..<rate {
            nodes[place].sight.arrivals += 1
            let soFar = nodes[place].sight.authorised - before
            let isUndrawn = soFar < nodes[place].pacer.openings[0]
            if isUndrawn { nodes[place].sight.undrawn += 1 }
            let lot = UInt32(truncatingIfNeeded: draws.next())
            let isHarmless = nodes[place].pacer.atRisk(0).map {
                soFar < nodes[place].pacer.openings[0] + $0
            }
            let usual = nodes[place].pacer.shares[0]
            let share = isHarmless ?? true ? usual : 0
            guard isUndrawn || share == .max || lot < share, all + Self.price.rawValue <= lifetime.rawValue
            else { continue }
            nodes[place].sight.authorised += Self.price
            nodes[place].sight.settled += Self.price
            nodes[place].spent += Self.price.rawValue
        }
    }

    private mutating func speak(_ place: Int) {
        let supply = [Double](repeating: nodes[place].level * 3_600, count: PaceStatement.hours)
        guard let statement = nodes[place].pacer.statement(0, dayEnd: nil, supply: supply) else { return }
        let order = fleet.heard(statement, from: "node-\(place)", start: nodes[place].start, budget, at: now)
        told[place] = order ?? told[place]
        guard let order else { return }
        nodes[place].pacer.told(0, order, answering: statement.report, at: now)
    }

    /// The process of a node begins anew.
    mutating func restart(_ place: Int) {
        nodes[place].pacer = RegionPacer([terms], .directed, at: now)
        nodes[place].sight = PacedSight()
        nodes[place].start += 1
    }

    static func terms(_ mode: PacingMode = .even, dollars: Double, seconds: Int64) -> PacedTerms {
        PacedTerms(
            id: "one", start: start, end: start + .seconds(seconds), mode: mode,
            lifetime: Micros(Int64(dollars * 1_000_000)), daily: nil, price: price)
    }

    /// The largest distance of all together from an even line in a span, of the budget.
    func distance(_ span: Range<Int>, whole: Int, of budget: Double) -> Double {
        span.map { abs(Double(spent[$0]) / budget - Double($0 + 1) / Double(whole)) }.max() ?? 0
    }
}

@Suite struct FleetPacerTests {
    /// Ten thousand seconds; each second a dollar; a request costs a cent.
    private static let seconds = 10_000
    private static let terms = Fleet.terms(dollars: 10_000, seconds: 10_000)

    @Test func threeNodesTogetherSpendThePlanByWhereTheRequestsAre() {
        var fleet = Fleet(Self.terms, [{ _ in 300 }, { _ in 600 }, { _ in 100 }])
        fleet.run(seconds: Self.seconds)
        let worst = fleet.distance(60..<Self.seconds, whole: Self.seconds, of: 10_000e6)
        #expect(worst < 0.01, "strayed by \(worst)")
        #expect(abs(Double(fleet.all) / 10_000e6 - 1) < 0.005, "\(fleet.all)")
        for (node, part) in zip([0, 1, 2], [0.3, 0.6, 0.1]) {
            let share = Double(fleet.nodes[node].spent) / Double(fleet.all)
            #expect(abs(share - part) < 0.05, "node \(node) spent \(share)")
        }
        let standing = fleet.fleet.standings(at: fleet.now)
        #expect(standing.isEmpty || standing[0].nodes.count == 3)
    }

    /// One of them has too few requests for its part, though they cost as much: the others make up for it.
    @Test func whereRequestsFallAwayOthersSpendThePart() {
        var fleet = Fleet(Self.terms, [{ _ in 300 }, { $0 < 3_000 ? 300 : 10 }, { _ in 300 }])
        fleet.run(seconds: Self.seconds)
        let worst = fleet.distance(60..<Self.seconds, whole: Self.seconds, of: 10_000e6)
        #expect(worst < 0.02, "strayed by \(worst)")
        #expect(abs(Double(fleet.all) / 10_000e6 - 1) < 0.01, "\(fleet.all)")
    }

    @Test func aNodeThatCannotSpeakGoesOnByItsPart() {
        var fleet = Fleet(Self.terms, [{ _ in 300 }, { _ in 300 }])
        fleet.cut = { node, second in node == 0 && (2_000..<2_500).contains(second) }
        fleet.run(seconds: Self.seconds)
        let worst = fleet.distance(60..<Self.seconds, whole: Self.seconds, of: 10_000e6)
        #expect(worst < 0.01, "strayed by \(worst)")
        let share = Double(fleet.nodes[0].spent) / Double(fleet.all)
        #expect(abs(share - 0.5) < 0.05, "\(share)")
    }

    @Test func anotherCoordinatorBeginsWithoutKnowingAnything() {
        var fleet = Fleet(Self.terms, [{ _ in 300 }, { _ in 300 }])
        fleet.run(seconds: 3_000)
        let before = fleet.told[0]?.plan ?? 0
        fleet.fleet = FleetPacer(Fleet.limits, epoch: 2, at: fleet.now)
        fleet.run(seconds: 3_000)
        #expect((fleet.told[0]?.plan ?? 0) >> 16 == 2 && before >> 16 == 1)
        fleet.run(seconds: Self.seconds - 6_000)
        let worst = fleet.distance(60..<Self.seconds, whole: Self.seconds, of: 10_000e6)
        #expect(worst < 0.01, "strayed by \(worst)")
    }

    /// A node that is gone for half of its lease, and starts anew; another one that comes in the middle.
    @Test func nodesComeAndGo() {
        var fleet = Fleet(Self.terms, [{ _ in 300 }, { _ in 300 }, { _ in 300 }])
        fleet.gone = { node, second in
            node == 0 && (2_000..<4_000).contains(second) || node == 2 && second < 5_000
        }
        fleet.run(seconds: 4_000)
        fleet.restart(0)
        fleet.run(seconds: Self.seconds - 4_000)
        #expect(fleet.nodes.allSatisfy { $0.spent > 1_000_000_000 })
        // Ten minutes it is taken to follow its part, which is four hundredths of the budget: then others make up for it.
        let worst = fleet.distance(60..<Self.seconds, whole: Self.seconds, of: 10_000e6)
        #expect(worst < 0.05, "strayed by \(worst)")
        #expect(abs(Double(fleet.all) / 10_000e6 - 1) < 0.01, "\(fleet.all)")
    }

    /// A region is taken out, its viewers go to the others within seconds, and comes back.
    @Test func aNodeWhoseRegionTakesNoTrafficHasNoPart() {
        func isOut(_ second: Int64) -> Bool { (2_000..<6_000).contains(second) }
        var fleet = Fleet(
            Self.terms,
            [
                { !isOut($0) ? 300 : $0 < 2_010 ? 100 : 0 }, { isOut($0) ? 450 : 300 },
                { isOut($0) ? 450 : 300 },
            ])
        fleet.run(seconds: 2_000)
        let before = (fleet.told[0], fleet.nodes[0].spent)
        fleet.fleet.takesTraffic(false, "node-0")
        fleet.run(seconds: 10)
        // What still comes to it is spent by the part that it has.
        #expect(fleet.nodes[0].spent > before.1)
        fleet.run(seconds: 3_990)
        #expect(fleet.told[0]?.plan == before.0?.plan)
        #expect(fleet.fleet.standings(at: fleet.now)[0].nodes.map(\.node) == ["node-1", "node-2"])
        fleet.fleet.takesTraffic(true, "node-0")
        let away = fleet.nodes[0].spent
        fleet.run(seconds: 3_000)
        let (here, all) = (fleet.nodes[0].spent, fleet.all)
        #expect(here > away + 300_000_000)
        fleet.run(seconds: Self.seconds - 9_000)
        let share = Double(fleet.nodes[0].spent - here) / Double(fleet.all - all)
        print("of the last thousand seconds it spent \(share)")
        #expect(share > 0.2)
        let worst = fleet.distance(60..<Self.seconds, whole: Self.seconds, of: 10_000e6)
        print("with a region out for four thousand seconds it strayed by \(worst)")
        #expect(worst < 0.02, "strayed by \(worst)")
        #expect(abs(Double(fleet.all) / 10_000e6 - 1) < 0.01, "\(fleet.all)")
    }

    @Test func aCutBudgetIsPlannedAnewFromWhatIsLeft() {
        var fleet = Fleet(Self.terms, [{ _ in 300 }, { _ in 300 }])
        fleet.run(seconds: 5_000)
        fleet.lifetime = Micros(7_500_000_000)
        fleet.run(seconds: 5_000)
        #expect(abs(Double(fleet.all) / 7_500e6 - 1) < 0.01, "\(fleet.all)")
        let middle = Double(fleet.spent[7_499]) / 1e6
        #expect(abs(middle - 6_250) < 100, "\(middle)")
    }

    /// Nothing is left: nobody is held back by a plan, and the root says no.
    @Test func whereNothingIsToBeSpentThereIsNoPlan() {
        var fleet = Fleet(Fleet.terms(dollars: 20, seconds: 100), [{ _ in 300 }, { _ in 300 }])
        fleet.run(seconds: 200)
        #expect(fleet.told.allSatisfy { $0?.plan == 0 }, "\(fleet.told)")
        #expect(fleet.nodes.allSatisfy { !$0.pacer.isPlanned(0) })
        #expect(fleet.all <= 20_000_000)
    }

    @Test func aPlanThatIsOverGoesOnAtItsRateWhileNobodySpeaks() {
        let terms = Fleet.terms(dollars: 864_00, seconds: 100_000)
        var fleet = Fleet(terms, [{ _ in 300 }])
        fleet.run(seconds: 86_000)
        let before = fleet.all
        fleet.cut = { _, second in second > 86_000 }
        fleet.run(seconds: 5_000)
        let rate = Double(fleet.all - before) / 5_000
        #expect(abs(rate / 864_000 - 1) < 0.03, "\(rate) micros a second")
    }

    @Test func partsThatAreNoPlanAreRefused() {
        let start = Fleet.start
        let hour = start + .seconds(3_600)
        let hourly = [Micros(5)]
        #expect(PaceOrder.Part(start: start, end: hour, hourly: hourly) != nil)
        #expect(PaceOrder.Part(start: hour, end: start, hourly: hourly) == nil)
        #expect(PaceOrder.Part(start: start, end: hour, hourly: []) == nil)
        #expect(PaceOrder.Part(start: start, end: hour, hourly: hourly + hourly) == nil)
        #expect(PaceOrder.Part(start: start, end: hour, hourly: [Micros(-1)]) == nil)
        #expect(PaceOrder.Part(start: start, end: start + .seconds(200_000), hourly: hourly) == nil)
    }
}
