// What one shard decides with: a catalog and the memory that decisions with it take. Made and torn down off the
// shards' threads; what a shard does with it is to exchange one for another between two requests.
import Catalog
import Decision
import Features
import Synchronization
import Serving
import Units

/// Used by one shard's thread, from the exchange that brings it to the one that takes it away.
final class PreparedCatalog: @unchecked Sendable {
    let snapshot: CatalogSnapshot
    /// By what its things are counted, and what notices mean in it; all shards' are one, as is what decisions know of it.
    let numbers: EntityNumbers
    let places: NoticePlaces
    let budgets: CatalogBudgets
    let pacing: CatalogPacing
    /// Nil where nothing is predicted.
    let models: ShardModels?
    /// Nil where no shadows are asked.
    let shadows: ShadowQueue?
    var decider: Decider

    /// Takes milliseconds for a large catalog.
    init(
        _ serving: Catalogs.Serving, _ settings: DecisionSettings, _ ledger: NodeLedger,
        _ shadows: ShadowWork?, shard: Int, limit: Interval
    ) {
        snapshot = serving.snapshot
        numbers = serving.numbers
        places = serving.places
        budgets = CatalogBudgets(snapshot, settings, ledger)
        pacing = CatalogPacing(
            snapshot, settings.campaignTerms(snapshot), ledger.pacing, shard: shard)
        models = serving.models.map { ShardModels($0, limit: limit) }
        self.shadows = serving.plan.flatMap { shadows?.queue(for: $0) }
        decider = Decider(serving.index, settings: settings, plan: serving.plan)
    }
}

/// One exchange: the next catalog on the way to a shard, the former one on the way back. Whoever waits for `isDone`
/// takes the former one out, so that the last hold on it is never the shard's.
final class CatalogExchange: @unchecked Sendable {
    private var catalog: PreparedCatalog?
    private let done = Atomic<Bool>(false)

    init(_ next: PreparedCatalog) { catalog = next }

    /// On the shard's thread.
    func exchange(_ current: inout PreparedCatalog) {
        guard let next = catalog else { preconditionFailure("a catalog is exchanged once") }
        catalog = current
        current = next
        done.store(true, ordering: .releasing)
    }

    var isDone: Bool { done.load(ordering: .acquiring) }

    /// Lets go of the former one.
    func discard() {
        precondition(isDone, "the shard still decides with it")
        catalog = nil
    }
}
