// The one place in which a shard decides a request: what it decides with, when and by which seed. Whatever belongs to
// a decision beside the answer's bytes is done here.
import Catalog
import Decision
import Kernel
import OpenRTB
import Telemetry
import Units

/// One for each shard, used on its thread only.
final class ShardDecisions {
    private var catalog: PreparedCatalog
    let money: ShardMoney
    private var state: NodeState
    private let frequency: ShardFrequency
    private var seeds: Randomness
    private let metrics: DecisionMetrics

    /// - Parameter seed: of this start and shard alone; bids are numbered by what follows from it.
    init(
        _ catalog: PreparedCatalog, _ frequency: ShardFrequency, _ money: ShardMoney, seed: UInt64,
        metrics: DecisionMetrics
    ) {
        self.catalog = catalog
        self.frequency = frequency
        self.money = money
        state = NodeState(money, frequency, catalog.numbers)
        self.metrics = metrics
        seeds = Randomness(seed: seed)
    }

    /// Between two requests: each sees one catalog.
    func take(_ exchange: CatalogExchange) {
        exchange.exchange(&catalog)
        money.take(catalog.budgets)
        state = NodeState(money, frequency, catalog.numbers)
    }

    /// Decides one request and lends the answer's bytes. Nothing else goes into the answer than the request's bytes,
    /// the catalog, the settings, the time and the seed. Allocates nothing but a refusal's text.
    func decide(
        _ request: RawSpan, _ format: AnswerFormat, _ answer: (Decision, RawSpan) -> Void
    ) throws(OpenRTBError) {
        let began = Kernel.monotonicNow()
        let seed = seeds.next()
        let decision: Decision
        do {
            decision = try Self.decide(&catalog.decider, &state, request, seed: seed, format, answer)
        } catch {
            metrics.countRefusal()
            throw error
        }
        metrics.count(decision, took: Kernel.monotonicNow() - began)
    }

    /// The answer is lent by the decider, which only its own memory may outlive.
    private static func decide(
        _ decider: inout Decider, _ state: inout NodeState, _ request: RawSpan, seed: UInt64,
        _ format: AnswerFormat, _ answer: (Decision, RawSpan) -> Void
    ) throws(OpenRTBError) -> Decision {
        let now = Kernel.wallNow()
        var decision = try decider.decide(request, at: now, seed: seed, format: format, state: &state)
        if !state.write() {
            // What it set aside cannot be written down: it is decided again without any money.
            state.isShut = true
            defer { state.isShut = false }
            decision = try decider.decide(request, at: now, seed: seed, format: format, state: &state)
        }
        answer(decision, decider.answer)
        state.finish()
        return decision
    }
}
