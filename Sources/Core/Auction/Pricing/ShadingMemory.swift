// What a shard has learnt of the markets that it bids in, and the bids whose outcome it waits for. Memory of a fixed size:
// it allocates when it is made, and never again.
public import Units

/// Bids and their outcomes, market by market. Every bid is taken in once its time is over, and not before: wins are told
/// at once, and losses often not at all, so that what is told first would tell of a market in which everybody wins.
public struct ShadingMemory: ~Copyable {
    /// What became of a bid.
    public enum Outcome: UInt8, CaseIterable, Sendable {
        /// Nobody said anything: most exchanges tell of wins alone.
        case silent, won, lost
        /// It was lost by something else than its price, and says nothing of prices.
        case void
    }

    private struct Waiting {
        var number: UInt64 = 0
        var market: UInt64 = 0
        var price = Micros.zero
        var minimum = Micros.zero
        var at = Instant(nanoseconds: 0)
        var outcome = Outcome.silent
        /// Where its place in the ring is kept.
        var slot = 0
    }

    private struct Market {
        var id: UInt64 = 0
        var used: UInt64 = 0
        var shading = BidShading()
        /// More is known than was handed out to be kept, and when that was.
        var isChanged = false
        var keptAt = Instant(nanoseconds: .min)
    }

    /// Publishers and deals of one shard's traffic that are told apart: half a kilobyte each.
    public static let marketsMost = 256
    /// Bids of two hundred a second for a minute and more. Beyond them the oldest is not learnt from.
    public static let bidsMost = 16_384
    /// Bids whose time is over that one new bid takes in: more than come, so that none waits for long.
    private static let takenAtOnce = 4
    /// Places that are looked at for a bid, of four times as many as there are bids: nearly always the first.
    private static let probes = 8
    private static let none = UInt32.max

    private let patience: Interval
    private var markets: [Market]
    /// In the order in which they were sent, in a ring.
    private var waiting: [Waiting]
    private var first = 0
    private var count = 0
    /// Where in the ring a bid is, by its number.
    private var places: [UInt32]
    private var clock: UInt64 = 0
    /// The market that is asked next whether it has changed.
    private var cursor = 0
    /// Bids that were taken in, by their outcome.
    public private(set) var taken = InlineArray<4, UInt64>(repeating: 0)

    /// - Parameter patience: how long after a bid its outcome may be told.
    public init(
        patience: Interval, markets: Int = Self.marketsMost, bids: Int = Self.bidsMost
    ) {
        precondition(markets > 0 && bids > 0 && bids < 1 << 28, "a memory has room")
        self.patience = patience
        self.markets = [Market](repeating: Market(), count: markets)
        waiting = [Waiting](repeating: Waiting(), count: bids)
        places = [UInt32](repeating: Self.none, count: 4 * bids)
    }

    public var marketCount: Int {
        var count = 0
        for index in markets.indices where markets[index].used > 0 { count += 1 }
        return count
    }

    /// What to bid in a market; the value where nothing is known of it.
    public mutating func bid(value: Micros, floor: Micros, in market: UInt64) -> ShadedBid {
        guard let index = index(of: market) else { return ShadedBid(price: value, winChance: nil) }
        clock += 1
        markets[index].used = clock
        return markets[index].shading.bid(value: value, floor: floor)
    }

    /// A bid is on its way.
    public mutating func sent(_ number: UInt64, price: Micros, in market: UInt64, at now: Instant) {
        for _ in 0..<Self.takenAtOnce where count > 0 && now - waiting[first].at > patience {
            take(first)
            removeFirst()
        }
        // One whose outcome could not be told any more says nothing.
        if count == waiting.count { removeFirst() }
        guard let slot = freeSlot(for: number) else { return }
        let place = (first + count) % waiting.count
        places[slot] = UInt32(place)
        waiting[place] = Waiting(number: number, market: market, price: price, at: now, slot: slot)
        count += 1
    }

    /// Somebody told what became of a bid, with the least that would have won where that is known. What is told later
    /// than in time, or of a bid that was not shaded, changes nothing.
    public mutating func told(_ number: UInt64, _ outcome: Outcome, minimum: Micros?) {
        for probe in 0..<Self.probes {
            let place = places[slot(of: number, probe)]
            guard place != Self.none, waiting[Int(place)].number == number else { continue }
            // A win is a win, whatever else is told of it.
            if waiting[Int(place)].outcome != .won { waiting[Int(place)].outcome = outcome }
            if let minimum, minimum > .zero { waiting[Int(place)].minimum = minimum }
            return
        }
    }

    /// A market of which more is known than was handed out before; nil where there is none among the next ones.
    ///
    /// - Parameters:
    ///   - pause: one market is handed out again after so long.
    ///   - looks: markets that are looked at; the next call goes on behind them.
    public mutating func nextChanged(
        at now: Instant, pause: Interval, looks: Int
    ) -> (market: UInt64, shading: BidShading)? {
        for _ in 0..<min(looks, markets.count) {
            let index = cursor
            cursor = (cursor + 1) % markets.count
            guard markets[index].isChanged else { continue }
            // Under a clock that was set back it is handed out once more.
            let due = markets[index].keptAt
            guard now < due || due.nanoseconds == .min || now - due >= pause else { continue }
            (markets[index].isChanged, markets[index].keptAt) = (false, now)
            return (markets[index].id, markets[index].shading)
        }
        return nil
    }

    /// What was known of a market in another memory.
    public mutating func restore(_ shading: BidShading, of market: UInt64) {
        markets[index(of: market) ?? newMarket(market)].shading = shading
    }

    private func slot(of number: UInt64, _ probe: Int) -> Int {
        Int((number &+ UInt64(probe)) % UInt64(places.count))
    }

    private func freeSlot(for number: UInt64) -> Int? {
        for probe in 0..<Self.probes where places[slot(of: number, probe)] == Self.none {
            return slot(of: number, probe)
        }
        return nil
    }

    private mutating func removeFirst() {
        places[waiting[first].slot] = Self.none
        first = (first + 1) % waiting.count
        count -= 1
    }

    /// What the bid teaches.
    private mutating func take(_ place: Int) {
        let bid = waiting[place]
        taken[Int(bid.outcome.rawValue)] += 1
        guard bid.outcome != .void else { return }
        let index = index(of: bid.market) ?? newMarket(bid.market)
        markets[index].isChanged = true
        if bid.minimum > .zero {
            markets[index].shading.observe(minimumToWin: bid.minimum)
        } else {
            markets[index].shading.observe(price: bid.price, won: bid.outcome == .won)
        }
    }

    private func index(of market: UInt64) -> Int? {
        for index in markets.indices where markets[index].id == market && markets[index].used > 0 {
            return index
        }
        return nil
    }

    /// In the place of the one that nobody has bid in for the longest time.
    private mutating func newMarket(_ market: UInt64) -> Int {
        var oldest = 0
        for index in markets.indices where markets[index].used < markets[oldest].used { oldest = index }
        clock += 1
        markets[oldest] = Market(id: market, used: clock)
        return oldest
    }
}
