// The first hours of a campaign whose right price nobody knows yet: it is found before spend is far from the plan, also where the
// least price is right and where requests are so rare that a few seconds say nothing of them.
import Pacing
import Testing
import Units

/// One node and its coordinator, and a campaign of a few impressions an hour.
private struct SmallCampaign: ~Copyable {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    static let price = Micros(10_000)
    let terms: PacedTerms
    var fleet = FleetPacer(FleetPacer.Limits(silence: .seconds(600)), epoch: 1, at: start)
    var pacer: RegionPacer
    var sight = PacedSight()
    var draws: Randomness
    /// The price, after each second.
    var prices: [Double] = []
    /// Of all that its plan says, how far spend is from it, after each second since there is one.
    var distances: [Double] = []
    private var before = Micros.zero

    init(impressions: Int64, seed: UInt64) {
        terms = PacedTerms(
            id: "small", start: Self.start, end: Self.start + .seconds(86_400), mode: .even,
            lifetime: Micros(Self.price.rawValue * impressions), daily: nil, price: Self.price)
        pacer = RegionPacer([terms], .directed, .different, at: Self.start)
        draws = Randomness(seed: seed)
    }

    /// - Parameters:
    ///   - rate: requests a second, below one.
    ///   - won: the share of them that it wins at a price.
    mutating func run(seconds: Int64, rate: Double, won: (Double) -> Double) {
        for second in 1...seconds {
            let now = Self.start + .seconds(second)
            if draws.nextUnit() < rate { offer(won(pacer.price(0))) }
            let sight = sight
            pacer.turn({ _ in sight }, week: WeekOfSupply(nil, from: now), at: now)
            if second % 5 == 0 { speak(rate, now) }
            prices.append(pacer.price(0))
            guard let curve = fleet.plan(of: terms.id)?.curve else {
                before = sight.authorised
                continue
            }
            let off = (sight.authorised - before - curve.spent(by: now)).rawValue
            distances.append(Double(off) / Double(terms.lifetime.rawValue))
        }
    }

    private mutating func offer(_ won: Double) {
        sight.arrivals += 1
        let lot = UInt32(truncatingIfNeeded: draws.next())
        let isWon = draws.nextUnit() < won
        let isAllowed: Bool
        switch pacer.entry(0, shards: 1).answer(spent: 0, isFresh: true) {
        case .undrawn:
            sight.undrawn += 1
            isAllowed = true
        case .drawn(let share): isAllowed = share == .max || lot < share
        }
        guard isAllowed, isWon else { return }
        sight.authorised += Self.price
        sight.settled += Self.price
    }

    private mutating func speak(_ rate: Double, _ now: Instant) {
        let supply = [Double](repeating: rate * 3_600, count: PaceStatement.hours)
        guard let statement = pacer.statement(0, dayEnd: nil, supply: supply) else { return }
        let budget = PaceBudget(lifetime: terms.lifetime, left: terms.lifetime - sight.settled)
        guard let order = fleet.heard(statement, from: "node", start: 1, budget, at: now) else { return }
        pacer.told(0, order, answering: statement.report, at: now)
    }
}

@Suite struct FirstHourTests {
    /// It would win nothing at the price that it begins with, and must pay next to nothing for what its plan says: the price was
    /// hours on its way there while nothing was spent.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func theLeastPriceIsFoundInTime(_ seed: UInt64) {
        var small = SmallCampaign(impressions: 1_500, seed: seed)
        small.run(seconds: 10_800, rate: 0.6) { price in 0.06 - 0.15 * price }
        let worst = small.distances.map(abs).max() ?? 1
        #expect(worst < 0.02, "strayed by \(worst)")
    }

    /// It wins far more than its plan says at the price that it begins with.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func aHighPriceIsFoundInTime(_ seed: UInt64) {
        var small = SmallCampaign(impressions: 1_500, seed: seed)
        small.run(seconds: 10_800, rate: 0.6) { price in 0.4 * (1 - price / 3) }
        let worst = small.distances.map(abs).max() ?? 1
        #expect(worst < 0.02, "strayed by \(worst)")
    }

    /// A request in two seconds, sometimes three in one and none in ten: that is no surge and no lull.
    @Test func rareRequestsMoveNoPrice() {
        var small = SmallCampaign(impressions: 4_000, seed: 5)
        small.run(seconds: 10_800, rate: 0.5) { price in 0.3 * (1 - price / 3) }
        let settled = small.prices.dropFirst(7_200)
        let steps = zip(settled.dropFirst(), settled).map { abs($0 / $1 - 1) }
        let mean = steps.reduce(0, +) / Double(steps.count)
        #expect(mean < 0.01, "the price moves by \(mean) each second")
    }

    /// Where a price is low, a step of its logarithm changes as much as where it is not: the straight line ends at nothing.
    @Test(arguments: [(0.0, 1.0), (-1.0, 0.3679), (-1.5, 0.1839), (-2.0, 0.0)])
    func theLeastPriceIsNothing(_ theta: Double, _ price: Double) {
        var table = PaceTable(campaigns: 1, at: SmallCampaign.start)
        let curve = SpendCurve(
            start: SmallCampaign.start, end: SmallCampaign.start + .seconds(3_600), hourly: [1_000_000])
        table.planned(
            0, curve: curve, choice: [], plan: 1, isPaced: true, isGuaranteed: false, theta: theta, shown: 1,
            price: SmallCampaign.price, at: SmallCampaign.start)
        #expect(abs(table.price(0) - price) < 0.001, "\(table.price(0))")
    }
}
