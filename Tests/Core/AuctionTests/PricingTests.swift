// Floors by duration, who pays what, and bids that are shaded only on evidence.
import Auction
import Testing
import Units

private func cpm(_ units: Double) -> Micros { Micros(Int64(units * 1_000_000)) }

@Suite struct PricingTests {
    @Test func floorsFollowTheDuration() {
        var floors = Floors(hard: cpm(5), perSecond: cpm(0.1))
        expectTrue(floors.add(DurationFloor(seconds: 0...15, price: cpm(3))))
        expectTrue(floors.add(DurationFloor(seconds: 10...15, price: cpm(4))))
        // A range takes the general floor's place, also below it; the highest of several holds.
        #expect(floors.price(seconds: 6) == cpm(3))
        #expect(floors.price(seconds: 15) == cpm(4))
        #expect(floors.price(seconds: 16) == cpm(5))
        // The price of the seconds holds beside either.
        #expect(floors.price(seconds: 60) == cpm(6))
        floors.perSecond = .max
        #expect(floors.price(seconds: 2) == .max && floors.price(seconds: -2) == cpm(5))
        for _ in 2..<Floors.durationLimit {
            expectTrue(floors.add(DurationFloor(seconds: 1...2, price: cpm(1))))
        }
        expectTrue(!floors.add(DurationFloor(seconds: 1...2, price: cpm(9))))
    }

    @Test(
        arguments: [
            // Rule, bid, next, hard, soft: the price.
            (Clearing.Rule.firstPrice, 10, 3, 2, nil, 10), (.firstPrice, 1.99, 1, 2, nil, nil),
            (.firstPrice, 10, 3, 2, 6, 10), (.secondPrice, 10, 3, 2, nil, 3.01),
            (.secondPrice, 10, nil, 2, nil, 2),
            (.secondPrice, 10, 1, 2, nil, 2), (.secondPrice, 10, 10, 2, nil, 10),
            (.secondPrice, 10, 3, 2, 6, 6),
            (.secondPrice, 10, 8, 2, 6, 8.01), (.secondPrice, 5, 3, 2, 6, 5), (.secondPrice, 2, nil, 2, 2, 2),
            (.secondPrice, 1, 0.5, 2, 6, nil), (.secondPrice, 5, 1, 4, 3, 4),
        ] as [(Clearing.Rule, Double, Double?, Double, Double?, Double?)])
    func winnersPay(
        _ rule: Clearing.Rule, _ bid: Double, _ next: Double?, _ hard: Double, _ soft: Double?,
        _ price: Double?
    ) {
        let floors = Floors(hard: cpm(hard), soft: soft.map(cpm))
        let paid = Clearing(rule).price(bid: cpm(bid), next: next.map(cpm), floors: floors)
        #expect(paid == price.map(cpm))
    }

    @Test func nobodyPaysMoreThanBidOrLessThanTheFloor() {
        var random = Randomness(seed: 50)
        for _ in 0..<20_000 {
            var floors = Floors(hard: Micros(Int64(random.next(in: 0...9))))
            if random.next(in: 0...1) == 0 { floors.soft = Micros(Int64(random.next(in: 0...12))) }
            let bid = Micros(Int64(random.next(in: 0...12)))
            let next = random.next(in: 0...3) == 0 ? nil : Micros(Int64(random.next(in: 0...12)))
            for rule in [Clearing.Rule.firstPrice, .secondPrice] {
                let price = Clearing(rule, increment: Micros(1)).price(bid: bid, next: next, floors: floors)
                #expect((price == nil) == (bid < floors.hard))
                if let price { #expect(price <= bid && price >= floors.hard) }
            }
        }
        let top = Clearing(.secondPrice).price(bid: .max, next: .max, floors: .none)
        #expect(top == .max)
    }
}

@Suite struct BidShadingTests {
    @Test func bidsTheValueWithoutEvidence() {
        var shading = BidShading()
        let unknown = shading.bid(value: cpm(10), floor: cpm(1))
        #expect(unknown.price == cpm(10) && unknown.winChance == nil)
        for _ in 1..<BidShading.leastEvidence { shading.observe(price: cpm(6), won: true) }
        #expect(shading.bid(value: cpm(10), floor: cpm(1)).price == cpm(10))
        shading.observe(price: cpm(6), won: true)
        #expect(shading.bid(value: cpm(10), floor: cpm(1)).price < cpm(7.2))
        // Prices that always lose teach nothing but not to bid them.
        var losing = BidShading()
        for _ in 0..<1_000 { losing.observe(price: cpm(6), won: false) }
        #expect(losing.bid(value: cpm(10), floor: cpm(1)).price == cpm(10))
    }

    @Test func nothingIsBidForNothing() {
        let shaded = ShadedBid(price: .zero, winChance: nil)
        #expect(shaded.bounded(value: Micros(1), floor: .zero) == Micros(1))
        #expect(shaded.bounded(value: cpm(8), floor: cpm(1)) == cpm(4))
        #expect(shaded.bounded(value: cpm(8), floor: cpm(5)) == cpm(5))
    }

    @Test func staysWithinItsBounds() {
        var random = Randomness(seed: 51)
        var shading = BidShading()
        for _ in 0..<100_000 {
            shading.observe(
                price: Micros(Int64(random.next(below: 40_000_000))), won: random.next(below: 2) == 0)
        }
        for _ in 0..<20_000 {
            let value = Micros(Int64(random.next(below: 60_000_000)))
            let floor = Micros(Int64(random.next(below: 30_000_000)))
            let bid = shading.bid(value: value, floor: floor)
            #expect(bid.price <= value)
            #expect(bid.price >= min(floor, value))
            #expect(bid.price.rawValue >= value.rawValue / 2)
        }
        for value in [Micros.min, Micros(-1), .zero, Micros(1), .max] {
            #expect(shading.bid(value: value, floor: .zero).price <= value)
            shading.observe(price: value, won: true)
        }
    }

    /// Against competitors whose highest bid is uniform from 0 to 10, a value of 10 is best bid at 5: it then
    /// gains 2.5 a chance, where bidding the value gains nothing.
    @Test func learnsAMarketAndLearnsItAgain() {
        var random = Randomness(seed: 52)
        var shading = BidShading()
        func trade(rival: ClosedRange<Int>, rounds: Int) -> Double {
            var gained = 0.0
            for _ in 0..<rounds {
                let value = cpm(Double(random.next(in: 4...12)))
                let price = shading.bid(value: value, floor: cpm(0.5)).price
                let won = price.rawValue > Int64(random.next(in: rival)) * 1_000
                shading.observe(price: price, won: won)
                if won { gained += Double(value.rawValue - price.rawValue) / 1e6 }
            }
            return gained / Double(rounds)
        }
        _ = trade(rival: 0...10_000, rounds: 20_000)
        #expect(trade(rival: 0...10_000, rounds: 20_000) > 1.0)
        // Rivals leave: what they bid is halved, and what was learnt is forgotten in time.
        _ = trade(rival: 0...5_000, rounds: 40_000)
        #expect(trade(rival: 0...5_000, rounds: 20_000) > 2.0)
    }

    /// Two that were told the same say the same.
    @Test func isAFunctionOfWhatItWasTold() {
        var (a, b) = (BidShading(), BidShading())
        for i in 0..<5_000 as Range<Int64> {
            a.observe(price: Micros(i * 1_999), won: i % 3 == 0)
            b.observe(price: Micros(i * 1_999), won: i % 3 == 0)
            #expect(
                a.bid(value: Micros(i * 3_001), floor: Micros(i))
                    == b.bid(value: Micros(i * 3_001), floor: Micros(i)))
        }
    }
}
