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
    private var state: NodeState
    private let frequency: ShardFrequency
    private var seeds: Randomness
    private let metrics: DecisionMetrics
    /// Nil where nothing is journaled.
    private let recording: DecisionRecording?

    /// - Parameter seed: of this start and shard alone; bids are numbered by what follows from it.
    init(
        _ catalog: PreparedCatalog, _ frequency: ShardFrequency, seed: UInt64, metrics: DecisionMetrics,
        recording: DecisionRecording?
    ) {
        self.catalog = catalog
        self.frequency = frequency
        state = NodeState(frequency, catalog.numbers)
        self.metrics = metrics
        self.recording = recording
        seeds = Randomness(seed: seed)
    }

    /// What it decides with now.
    var serving: PreparedCatalog { catalog }

    /// Between two requests: each sees one catalog.
    func take(_ exchange: CatalogExchange) {
        exchange.exchange(&catalog)
        state = NodeState(frequency, catalog.numbers)
    }

    /// Decides one request and lends the answer's bytes. Nothing else goes into the answer than the request's bytes,
    /// the catalog, the settings, the time and the seed. Allocates nothing but a refusal's text.
    func decide(
        _ request: RawSpan, _ format: AnswerFormat, _ answer: (Decision, RawSpan) -> Void
    ) throws(OpenRTBError) {
        let began = Kernel.monotonicNow()
        let now = Kernel.wallNow()
        let seed = seeds.next()
        let decision: Decision
        do {
            decision = try Self.decide(
                &catalog.decider, &state, request, at: now, seed: seed, format, answer)
        } catch {
            metrics.countRefusal()
            throw error
        }
        recording?.note(
            decision, of: request, by: catalog.decider, catalog: catalog.snapshot.version.rawValue, at: now,
            seed: seed, format)
        metrics.count(decision, took: Kernel.monotonicNow() - began)
    }

    /// The answer is lent by the decider, which only its own memory may outlive.
    private static func decide(
        _ decider: inout Decider, _ state: inout NodeState, _ request: RawSpan, at now: Instant,
        seed: UInt64, _ format: AnswerFormat, _ answer: (Decision, RawSpan) -> Void
    ) throws(OpenRTBError) -> Decision {
        let decision = try decider.decide(request, at: now, seed: seed, format: format, state: &state)
        answer(decision, decider.answer)
        state.finish()
        return decision
    }
}
