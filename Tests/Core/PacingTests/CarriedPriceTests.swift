// What of a price goes on: from plan to plan what was learned, and not what made good the last distance of a plan; from before a
// price held the campaign nothing; and never below nothing, where nobody knows that the campaign can be delivered.
import Numerics
import Pacing
import Testing
import Units

/// A campaign that spends less of what its plan says the higher its price is, and as much at a price of two.
private struct Priced: ~Copyable {
    static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)
    static let day: Int64 = 7_200
    static let daily = Micros(100_000_000)
    static let terms: PacedTerms = {
        var terms = PacedTerms(
            id: "one", start: start, end: start + .seconds(4 * day), mode: .even,
            lifetime: Micros(1_000_000_000), daily: nil, price: Micros(10_000))
        terms.daily = daily
        return terms
    }()
    let week = WeekOfSupply(nil, from: start)
    var pacer: RegionPacer
    var sight = PacedSight()
    var second: Int64 = 0

    init(_ direction: RegionPacer.Direction = .own, _ worth: RegionPacer.Worth = .different) {
        pacer = RegionPacer([Self.terms], direction, worth, at: Self.start)
        sight.left = Micros(1_000_000_000)
        newDay()
        turn()
    }

    var now: Instant { Self.start + .seconds(second) }
    var isPriced: Bool { pacer.isPriced(0) }
    var price: Double { pacer.price(0) }
    /// By its price, as its share is whole.
    var isHeld: Bool { pacer.standing.held == 1 && pacer.shares[0] == .max }
    var level: Double { Double.log(max(pacer.price(0), 1e-3)) }

    mutating func newDay() {
        sight.leftToday = Self.daily
        sight.dayEnd = Self.start + .seconds((second / Self.day + 1) * Self.day)
    }

    mutating func spend(_ micros: Double) {
        let amount = Micros(Int64(micros))
        sight.authorised += amount
        sight.settled += amount
        sight.left -= amount
        sight.leftToday = sight.leftToday.map { $0 - amount }
    }

    mutating func turn() {
        let sight = sight
        pacer.turn({ _ in sight }, week: week, at: now)
    }

    /// - of: so much of what is due.
    mutating func run(seconds: Int64, of part: (Double) -> Double) {
        for _ in 0..<seconds {
            let due = Double(pacer.due(0, from: now, to: now + .seconds(1)).rawValue)
            spend(due * part(pacer.price(0)))
            second += 1
            if second % Self.day == 0 { newDay() }
            turn()
        }
    }

    static func market(_ price: Double) -> Double {
        price <= 0 ? 3 : min(Double.exp(-3 * Double.log(price / 2)), 3)
    }

    mutating func see(_ count: Int) {
        for place in 0..<count {
            let value = Micros(place % 2 == 0 ? 10_000 : 40_000)
            sight.values.add(ValueCounts.level(value: value, cost: Micros(10_000)))
        }
    }
}

@Suite struct CarriedPriceTests {
    /// Four thousandths of the day too much, seconds before its end: the price goes through the roof until then.
    @Test(arguments: [1.0, -1.0]) func whatMakesADaysEndGoodDoesNotBeginTheNext(_ sign: Double) {
        var region = Priced()
        region.run(seconds: 7_100) { Priced.market($0) }
        let before = region.level
        #expect(abs(before - Double.log(2)) < 0.2, "\(before)")
        let isHeld = region.isHeld
        #expect(isHeld)
        region.run(seconds: 80) { _ in 1 }
        if sign > 0 {
            region.spend(400_000)
        } else {
            region.run(seconds: 12) { _ in 0 }
        }
        region.run(seconds: Priced.day - region.second - 1) { _ in sign > 0 ? 1 : 0 }
        let last = region.level
        #expect((last - before) * sign > 0.7, "\(last)")
        region.run(seconds: 6) { Priced.market($0) }
        let level = region.level
        #expect(abs(level - before) < 0.5, "\(level) after \(before)")
    }

    /// The coordinator's last word had the correction of seconds before the end, and nobody says another.
    @Test(arguments: [(0.0015, 2.876), (-0.0015, -1.876), (-0.003, -2.0)])
    func whoGoesOnAloneGoesOnAtWhatWasLearned(_ ahead: Double, _ theta: Double) throws {
        var region = Priced(.directed)
        let end = Priced.start + .seconds(Priced.day)
        var order = PaceOrder(campaign: "one", plan: 7)
        order.part = PaceOrder.Part(
            start: Priced.start, end: end, hourly: [Micros(50_000_000), Micros(50_000_000)])
        order.theta = 0.5
        region.pacer.told(0, order, answering: PaceReport(), at: region.now)
        order.part = nil
        region.run(seconds: Priced.day - 5) { _ in 1 }
        (order.theta, order.ahead) = (theta, ahead)
        let statement = region.pacer.statement(0, dayEnd: end, supply: Array(repeating: 0, count: 24))
        region.pacer.told(0, order, answering: try #require(statement).report, at: region.now)
        region.run(seconds: 6) { _ in 1 }
        let level = region.level
        #expect(abs(level - 0.5) < 0.2, "\(level)")
    }

    @Test func nobodyGivesWayToWhoMayNotBeDelivered() {
        var region = Priced()
        region.run(seconds: 3_600) { _ in 0 }
        let price = region.price
        #expect(price >= 0 && price < 0.01, "\(price)")
    }

    /// A twentieth ahead for half an hour, and back on the plan, while nothing differed.
    @Test func whatWasNotInForceTeachesNothing() {
        var region = Priced(.own, .seen)
        region.spend(5_000_000)
        region.run(seconds: 1_800) { _ in 1 }
        region.run(seconds: 360) { _ in 0 }
        let wasPriced = region.isPriced
        #expect(!wasPriced)
        region.see(100)
        region.run(seconds: 2) { _ in 1 }
        let (isPriced, level) = (region.isPriced, region.level)
        #expect(isPriced && abs(level) < 0.2, "\(level)")
    }

    /// What was counted before it left says nothing of now.
    @Test func whoComesBackIsSeenAnew() {
        var region = Priced(.own, .seen)
        region.see(1_000)
        region.run(seconds: 2) { _ in 1 }
        let atFirst = region.isPriced
        #expect(atFirst)
        region.pacer.replace([], at: region.now)
        region.pacer.turn({ _ in PacedSight() }, week: region.week, at: region.now + .seconds(1))
        region.pacer.replace([Priced.terms], at: region.now + .seconds(2))
        region.second += 2
        region.run(seconds: 3) { _ in 1 }
        let onReturn = region.isPriced
        #expect(!onReturn)
        region.see(100)
        region.run(seconds: 2) { _ in 1 }
        let isPriced = region.isPriced
        #expect(isPriced)
    }
}
