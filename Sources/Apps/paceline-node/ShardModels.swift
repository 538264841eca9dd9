// What one shard's decisions ask about models: what profiles say, and which tiers there is time for.
import Decision
import Features
import Kernel
import Store
import Units

/// One for each shard and set of models, used on its thread only. Allocates nothing once it is made.
final class ShardModels {
    /// Of the set.
    let version: UInt64
    private let stores: [ProfileStore?]
    private let room: UnsafeMutableRawBufferPointer
    private var gate: TierGate
    /// The shard's, which outlive these models.
    var metrics: ModelMetrics?
    /// How long a request may wait that does not say.
    private let limit: Interval
    /// When the request at hand came in, and whether the shard was overloaded then.
    private var arrived = Instant(nanoseconds: 0)
    private var isOverloaded = false
    private var asked = Instant(nanoseconds: 0)

    init(_ models: NodeModels, limit: Interval) {
        version = models.served.version
        stores = models.profiles
        gate = TierGate(costs: models.served.models.map(\.cost))
        self.limit = limit
        let bytes = stores.compactMap { $0?.layout.bytes }.max() ?? 0
        room = .allocate(byteCount: max(bytes, 8), alignment: 8)
    }

    deinit { room.deallocate() }

    func begin(arrived: Instant, isOverloaded: Bool) {
        (self.arrived, self.isOverloaded) = (arrived, isOverloaded)
        gate.begin()
    }

    /// First all keys are brought into the cache, then all profiles, and then they are read.
    func hydrate(_ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32) {
        guard let store = stores[Int(layout.entity.number)] else {
            for ask in asks { rows.answerUnknown(ask: ask, layout) }
            return
        }
        if asks.count > 1 {
            for ask in asks { store.prefetchSearch(rows[ask: ask].key) }
            for ask in asks { store.prefetchProfile(rows[ask: ask].key) }
        }
        let bytes = UnsafeMutableRawBufferPointer(rebasing: room[..<layout.bytes])
        for ask in asks {
            if let version = store.copy(rows[ask: ask].key, into: bytes), version > 0 {
                rows.answer(
                    ask: ask, from: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)), version: version,
                    layout, at: now)
            } else {
                rows.answerUnknown(ask: ask, layout)
            }
        }
    }

    func fall(of use: ModelUse) -> TierFall? {
        asked = Kernel.monotonicNow()
        let left = (use.patience ?? limit) - (asked - arrived)
        return gate.fall(of: use, left: left, isOverloaded: isOverloaded)
    }

    /// From when to when the model was at work.
    func used(_ use: ModelUse) -> Range<Instant> {
        let now = Kernel.monotonicNow()
        let took = now - asked
        gate.note(use, took: took)
        metrics?.note(use, took: took)
        return asked..<max(now, asked)
    }
}
