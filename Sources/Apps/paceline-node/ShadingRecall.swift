// What earlier starts had learnt of the markets that they bid in, from their journals.
import Auction
import Journal
import Synchronization
import Units

/// The fields of a market's record: its number, and wins and losses of each bucket of prices.
enum ShadingPayload {
    static let byteCount = 8 + BidShading.bucketCount * 8

    static func put(_ market: UInt64, _ shading: BidShading, into writer: inout PayloadWriter) {
        writer.put(market)
        for bucket in 0..<BidShading.bucketCount {
            let (wins, losses) = shading.outcomes(in: bucket)
            writer.put(wins)
            writer.put(losses)
        }
    }

    /// Nil where it is not what `put` writes.
    static func read(_ payload: RawSpan) -> (market: UInt64, shading: BidShading)? {
        guard payload.byteCount == byteCount else { return nil }
        func number(_ at: Int) -> UInt32 { payload.unsafeLoadUnaligned(fromByteOffset: at, as: UInt32.self) }
        let shading = BidShading { (number(8 + $0 * 8), number(12 + $0 * 8)) }
        return shading.map { (payload.unsafeLoadUnaligned(as: UInt64.self), $0) }
    }
}

/// Filled by one pass over the journals, before a shard starts, and read by the shards while they start.
final class ShadingRecall: JournalListener, Sendable {
    /// What was seen longer ago was another market.
    private static let oldest = Interval.seconds(24 * 3_600)

    private struct Known {
        var shading: BidShading
        var at: Instant
    }

    private let shards: Int
    private let since: Instant
    /// By shard and market: no more than a shard has memory for.
    private let known: Mutex<[[UInt64: Known]]>

    init(shards: Int, at now: Instant) {
        self.shards = shards
        since = now - Self.oldest
        known = Mutex([[UInt64: Known]](repeating: [:], count: shards))
    }

    var markets: Int { known.withLock { $0.reduce(0) { $0 + $1.count } } }

    func known(to shard: Int) -> [UInt64: BidShading] {
        known.withLock { $0[shard].mapValues(\.shading) }
    }

    func removeAll() { known.withLock { $0 = [] } }

    func needs(_ segment: RememberedSegment) -> Bool { segment.changed >= since }

    /// Of a start with more shards, one takes over what several knew: of one market what was written last.
    func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader) {
        guard record.kind == .shadingMarket, record.version == 1, record.time >= since,
            let (market, shading) = ShadingPayload.read(payload)
        else { return }
        let shard = Int(segment.shard) % shards
        known.withLock { known in
            if let earlier = known[shard][market], earlier.at > record.time { return }
            if known[shard].count == ShadingMemory.marketsMost, known[shard][market] == nil,
                let oldest = known[shard].min(by: { $0.value.at < $1.value.at })
            {
                known[shard][oldest.key] = nil
            }
            known[shard][market] = Known(shading: shading, at: record.time)
        }
    }
}
