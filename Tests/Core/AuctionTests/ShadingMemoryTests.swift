// What a shard learns of its markets: every bid once its time is over, silence as a loss, and nothing of what was not
// lost by its price.
import Auction
import Testing
import Units

private func cpm(_ units: Double) -> Micros { Micros(Int64(units * 1_000_000)) }

@Suite struct ShadingMemoryTests {
    private func at(_ seconds: Int64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }

    /// So many bids at a price, and what was told of them; then time passes.
    private func bids(
        _ count: Int, at price: Micros, _ outcome: ShadingMemory.Outcome, minimum: Micros? = nil,
        _ memory: inout ShadingMemory, _ clock: inout Int64
    ) {
        for _ in 0..<count {
            clock += 1
            let number = UInt64(bitPattern: clock) &* 0x9E37_79B9_7F4A_7C15
            memory.sent(number, price: price, in: 7, at: at(clock))
            if outcome != .silent { memory.told(number, outcome, minimum: minimum) }
        }
    }

    @Test func silenceIsALossAndOtherReasonsAreNone() {
        for (outcome, learns) in [
            (ShadingMemory.Outcome.won, true), (.silent, false), (.lost, false), (.void, false),
        ] {
            var memory = ShadingMemory(patience: .seconds(60))
            var clock: Int64 = 0
            // Every tenth at the value is won in each case, so that there is something to lose by.
            bids(200, at: cpm(6), outcome, &memory, &clock)
            let early = memory.bid(value: cpm(10), floor: cpm(1), in: 7)
            clock += 3_600
            bids(200, at: cpm(9.99), .won, &memory, &clock)
            let late = memory.bid(value: cpm(10), floor: cpm(1), in: 7)
            #expect(early.price <= cpm(10) && (late.price < cpm(8)) == learns, "\(outcome): \(late)")
            #expect(memory.taken[Int(outcome.rawValue)] >= 200)
            // Nothing is known of other markets.
            #expect(memory.bid(value: cpm(10), floor: cpm(1), in: 8).price == cpm(10))
        }
    }

    @Test func theLeastThatWouldHaveWonTellsOfAllPrices() {
        var memory = ShadingMemory(patience: .seconds(60))
        var clock: Int64 = 0
        bids(400, at: cpm(10), .won, minimum: cpm(6), &memory, &clock)
        let bid = memory.bid(value: cpm(10), floor: cpm(1), in: 7)
        #expect(bid.price >= cpm(6) && bid.price < cpm(7.5) && bid.winChance.map { $0 > 900_000 } == true)
        // A floor above that is bid, and a floor above the value changes nothing.
        #expect(memory.bid(value: cpm(10), floor: cpm(8), in: 7).price >= cpm(8))
        #expect(memory.bid(value: cpm(10), floor: cpm(12), in: 7).price == cpm(10))
    }

    @Test func whatIsToldTooLateChangesNothing() {
        var memory = ShadingMemory(patience: .seconds(1), markets: 2, bids: 8)
        for number in 1...100 as ClosedRange<UInt64> {
            memory.sent(number, price: cpm(5), in: number % 5, at: at(Int64(number) * 10))
            memory.told(number &- 50, .won, minimum: cpm(1))
        }
        #expect(memory.taken[Int(ShadingMemory.Outcome.silent.rawValue)] == 99 && memory.taken[1] == 0)
        #expect(memory.marketCount == 2)
        // Beyond its room the oldest is not learnt from.
        var full = ShadingMemory(patience: .seconds(1_000), bids: 8)
        for number in 1...100 as ClosedRange<UInt64> { full.sent(number, price: cpm(5), in: 1, at: at(1)) }
        full.told(1, .won, minimum: nil)
        full.sent(101, price: cpm(5), in: 1, at: at(5_000))
        full.sent(102, price: cpm(5), in: 1, at: at(5_000))
        #expect(full.taken[0] == 8 && full.taken[1] == 0)
    }

    @Test(arguments: [61, 62, 63] as [UInt64]) func isBoundedByWhatWasSeen(_ seed: UInt64) {
        var random = Randomness(seed: seed)
        var memory = ShadingMemory(patience: .seconds(3), markets: 4, bids: 64)
        for step in 0..<40_000 as Range<Int64> {
            let market = UInt64(random.next(in: 0...6))
            let value = Micros(Int64(random.next(below: 60_000_000)))
            let floor = Micros(Int64(random.next(below: 30_000_000)))
            let bid = memory.bid(value: value, floor: floor, in: market)
            #expect(bid.price <= value && bid.price >= min(floor, value), "seed \(seed)")
            let number = random.next()
            memory.sent(number, price: bid.price, in: market, at: at(step / 10))
            if random.next(in: 0...2) > 0 {
                let outcome = ShadingMemory.Outcome(rawValue: UInt8(random.next(in: 1...3)))!
                memory.told(
                    number, outcome,
                    minimum: random.next(in: 0...1) == 0 ? nil : Micros(Int64(random.next(below: 60_000_000)))
                )
            }
        }
    }

    /// What is handed out to be kept gives the same bids in another memory, is handed out once for each change, and not
    /// too often.
    @Test func whatIsKnownOutlastsItsMemory() throws {
        var memory = ShadingMemory(patience: .seconds(60), markets: 8, bids: 1_024)
        var clock: Int64 = 0
        bids(400, at: cpm(6), .won, minimum: cpm(5), &memory, &clock)
        var kept: [(market: UInt64, shading: BidShading)] = []
        while let one = memory.nextChanged(at: at(clock), pause: .seconds(30), looks: 8) { kept.append(one) }
        try #require(kept.count == 1 && kept[0].market == 7)
        var next = ShadingMemory(patience: .seconds(60), markets: 8, bids: 1_024)
        let copy = try #require(BidShading { kept[0].shading.outcomes(in: $0) })
        next.restore(copy, of: 7)
        #expect(next.marketCount == 1)
        for value in [3.0, 5.5, 6, 8, 20] {
            let (one, other) = (
                memory.bid(value: cpm(value), floor: cpm(1), in: 7),
                next.bid(value: cpm(value), floor: cpm(1), in: 7)
            )
            #expect(one == other && (value < 8 || one.price < cpm(value)), "\(value): \(one)")
        }
        // Nothing new is known to either; then more is, and is kept when it is time.
        let nothing = next.nextChanged(at: at(clock), pause: .zero, looks: 8)
        #expect(nothing == nil)
        let began = clock
        bids(100, at: cpm(6), .won, &memory, &clock)
        let early = memory.nextChanged(at: at(began + 29), pause: .seconds(30), looks: 8)
        let due = memory.nextChanged(at: at(began + 30), pause: .seconds(30), looks: 8)
        let again = memory.nextChanged(at: at(began + 90), pause: .seconds(30), looks: 8)
        #expect(early == nil && due != nil && again == nil)
    }

    @Test func noMarketHasSeenThat() {
        for outcomes in [(BidShading.mostEvidence, 0), (3_000, 3_000), (UInt32.max, 1)] as [(UInt32, UInt32)]
        {
            let none = BidShading { $0 == 5 ? outcomes : (0, 0) }
            #expect(none == nil)
        }
    }
}
