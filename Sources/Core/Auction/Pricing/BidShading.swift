// What to bid in a first-price auction where the value is known and the competition is not: the value itself
// until enough was seen of what wins at which price, then the price with the best expected surplus.
public import Units

/// A bid, and how it came about.
public struct ShadedBid: Hashable, Sendable {
    public let price: Micros
    /// The chance of winning that the choice rested on, in millionths; nil where there was no evidence, and the
    /// bid is the value.
    public let winChance: Int64?

    public init(price: Micros, winChance: Int64?) {
        self.price = price
        self.winChance = winChance
    }

    /// Never above the value, and never below the floor or the deepest share of the value, whoever shaded it; nor is
    /// anything bid for nothing, where half of the value is.
    public func bounded(value: Micros, floor: Micros) -> Micros {
        min(value, max(price, floor, BidShading.share(BidShading.deepest, of: value), Micros(1)))
    }
}

/// What was seen to win and to lose in one market, by price. A small value without clocks or randomness: what
/// it gives depends on nothing but what it was told, in that order.
public struct BidShading: Sendable {
    /// Four buckets to a doubling of the price, from a hundredth of a unit to 655 units: within a bucket
    /// prices differ by less than a fifth.
    public static let bucketCount = 64
    static let lowestPrice: UInt64 = 10_000

    /// Below as many outcomes a bucket's share of wins is not told apart from chance: at 64 its standard
    /// error is at most 6 %.
    public static let leastEvidence: UInt32 = 64
    /// At as many a bucket forgets half, so that a market that has changed is learnt again within as many.
    public static let mostEvidence: UInt32 = 4_096
    /// No bid falls below this share of the value, in millionths, whatever the evidence says: half, at which
    /// a wrong estimate has cost more wins than any gain in price can repay.
    public static let deepest: Int64 = 500_000

    private struct Bucket: Sendable {
        var wins: UInt32 = 0
        var losses: UInt32 = 0
        var count: UInt32 { wins + losses }
    }

    private var buckets = InlineArray<64, Bucket>(repeating: Bucket())

    public init() {}

    /// What another value had seen, as `outcomes(in:)` tells it; nil where no value can have seen that.
    public init?(outcomes: (Int) -> (wins: UInt32, losses: UInt32)) {
        for index in 0..<Self.bucketCount {
            let (wins, losses) = outcomes(index)
            guard wins < Self.mostEvidence, losses < Self.mostEvidence, wins + losses < Self.mostEvidence
            else {
                return nil
            }
            buckets[index] = Bucket(wins: wins, losses: losses)
        }
    }

    /// What was seen at the prices of a bucket.
    public func outcomes(in bucket: Int) -> (wins: UInt32, losses: UInt32) {
        (buckets[bucket].wins, buckets[bucket].losses)
    }

    /// Takes in the outcome of one bid.
    public mutating func observe(price: Micros, won: Bool) {
        note(Self.bucket(of: price), won: won)
    }

    /// Takes in the least price that would have won: it says of every price how it would have fared.
    public mutating func observe(minimumToWin least: Micros) {
        let first = Self.bucket(of: least)
        for index in 0..<Self.bucketCount { note(index, won: index >= first) }
    }

    private mutating func note(_ index: Int, won: Bool) {
        if won { buckets[index].wins += 1 } else { buckets[index].losses += 1 }
        guard buckets[index].count >= Self.mostEvidence else { return }
        buckets[index].wins /= 2
        buckets[index].losses /= 2
    }

    /// The bid for an impression of this value. Never above the value; never below the floor unless the value
    /// is, in which case the value stands and the floor refuses it.
    public func bid(value: Micros, floor: Micros) -> ShadedBid {
        let least = max(floor, Self.share(Self.deepest, of: value), Micros(1))
        var best = ShadedBid(price: value, winChance: nil)
        guard least < value else { return best }
        var bestSurplus: Int128 = 0
        for index in Self.bucket(of: least)...Self.bucket(of: value) {
            // The highest price of the bucket: what was seen there was bid at it or below.
            let price = max(least, Micros(Self.lowerEdge(of: index + 1).rawValue - 1))
            guard price < value, let chance = winChance(in: index) else { continue }
            let surplus = Int128(value.rawValue - price.rawValue) * Int128(chance)
            // Of equal ones the lower price stands: it was found first.
            if surplus > bestSurplus {
                bestSurplus = surplus
                best = ShadedBid(price: price, winChance: chance)
            }
        }
        return best
    }

    /// The share of wins in a bucket, in millionths, as if one more had been lost: where it errs, it errs
    /// towards bidding more.
    private func winChance(in index: Int) -> Int64? {
        let bucket = buckets[index]
        guard bucket.count >= Self.leastEvidence else { return nil }
        return Int64(bucket.wins) * 1_000_000 / Int64(bucket.count + 1)
    }

    static func share(_ millionths: Int64, of value: Micros) -> Micros {
        Micros(Int64(Int128(value.rawValue) * Int128(millionths) / 1_000_000))
    }

    /// The bucket that a price falls into: its doubling above the lowest price, and the quarter of that.
    static func bucket(of price: Micros) -> Int {
        let scaled = UInt64(max(price.rawValue, 0)) / (lowestPrice / 4)
        guard scaled >= 4 else { return 0 }
        let doubling = 61 - scaled.leadingZeroBitCount
        let quarter = Int(scaled >> UInt64(doubling)) & 3
        return min(4 * doubling + quarter, bucketCount - 1)
    }

    /// The least price that falls into a bucket.
    static func lowerEdge(of index: Int) -> Micros {
        guard index > 0 else { return .zero }
        return Micros(Int64(UInt64(4 + index % 4) << UInt64(index / 4) * (lowestPrice / 4)))
    }
}
