// What holds for one campaign on one shard until the next turn of its node's pacer: the share of the requests for which it competes,
// the price of its budget, and what it may spend whatever traffic comes.
internal import Units

public struct PaceEntry: Sendable, Hashable, BitwiseCopyable {
    /// Of 2^32 requests.
    public let share: UInt32
    /// What a shard may put aside from now on before the share holds.
    public let opening: Int64
    /// Where it has put aside so much, the campaign is not drawn until another entry comes.
    public let most: Int64
    /// What a unit of its money must bring.
    public let price: Double

    public init(share: UInt32, opening: Int64, most: Int64, price: Double = 1) {
        (self.share, self.opening, self.most, self.price) = (share, opening, most, price)
    }

    public enum Answer: Equatable {
        /// It competes, and no lot is drawn.
        case undrawn
        /// It competes where the lot is below this, of 2^32; with the largest number always.
        case drawn(UInt32)
    }

    /// - Parameters:
    ///   - spent: what was put aside since the entry came.
    ///   - isFresh: the entry allows its opening once.
    @inlinable @inline(__always)
    public func answer(spent: Int64, isFresh: Bool) -> Answer {
        if isFresh, spent < opening { return .undrawn }
        return .drawn(spent < most ? share : 0)
    }
}

extension RegionPacer {
    /// A campaign's requests are not spread evenly over shards: each may have twice its part of what is at risk, and a
    /// tenth of it where there are many.
    public func entry(_ campaign: Int, shards: Int) -> PaceEntry {
        let shards = Int64(shards)
        let opening = openings[campaign].rawValue / shards
        let most = atRisk(campaign).map {
            opening + max($0.rawValue / max(shards / 2, 1), $0.rawValue / 10)
        }
        return PaceEntry(
            share: shares[campaign], opening: opening, most: most ?? .max, price: price(campaign))
    }
}
