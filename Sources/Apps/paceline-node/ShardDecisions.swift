// The one place in which a shard decides a request: what it decides with, when and by which seed. Whatever belongs to
// a decision beside the answer's bytes is done here.
import Catalog
import Decision
import Kernel
import OpenRTB
import Reactor
import Settings
import Telemetry
import Units

/// One for each shard, used on its thread only.
final class ShardDecisions {
    private var catalog: PreparedCatalog
    let money: ShardMoney
    private var state: NodeState
    private let frequency: ShardFrequency
    let shading: ShardShading
    let calibration: ShardCalibration?
    private let pacing: ShardPacing
    private let pacingMetrics: PacingMetrics
    private var seeds: Randomness
    private let metrics: DecisionMetrics
    private var modelMetrics: ModelMetrics?
    /// Nil where nothing is predicted.
    private let shadows: ShardShadows?
    private let recording: DecisionRecording
    /// Nil where nobody collects traces.
    private let tracing: ShardTracing?
    /// It outlives everything that its thread serves.
    private unowned let reactor: Reactor
    private var gate: LoadGate
    private let network: Interval
    private let peek = RequestPeek()

    /// - Parameter seed: of this start and shard alone; bids are numbered by what follows from it.
    init(
        _ catalog: PreparedCatalog, _ frequency: ShardFrequency, _ money: ShardMoney,
        _ shading: ShardShading, _ pacing: ShardPacing, seed: UInt64,
        _ reactor: Reactor, _ overload: NodeSettings.Overload, metrics: DecisionMetrics,
        _ modelMetrics: ModelMetrics?, _ calibration: ShardCalibration?, _ shadows: ShardShadows?,
        _ pacingMetrics: PacingMetrics,
        recording: DecisionRecording, tracing: ShardTracing?
    ) {
        self.reactor = reactor
        gate = LoadGate(
            .init(target: overload.target, patience: overload.patience, limit: overload.limit))
        network = overload.network
        self.catalog = catalog
        self.frequency = frequency
        self.money = money
        self.shading = shading
        self.calibration = calibration
        self.pacing = pacing
        self.pacingMetrics = pacingMetrics
        catalog.models?.metrics = modelMetrics
        state = NodeState(
            money, frequency, shading, pacing, catalog.models, calibration, catalog.numbers, tracing)
        self.metrics = metrics
        self.tracing = tracing
        self.modelMetrics = modelMetrics
        self.shadows = shadows
        self.recording = recording
        seeds = Randomness(seed: seed)
        shadows?.take(catalog.shadows)
    }

    /// What it decides with now.
    var serving: PreparedCatalog { catalog }

    /// Requests wait longer than they may.
    var isOverloaded: Bool { gate.isOverloaded }

    /// Between two requests: each sees one catalog.
    func take(_ exchange: CatalogExchange) {
        exchange.exchange(&catalog)
        money.take(catalog.budgets)
        pacing.take(catalog.pacing)
        catalog.models?.metrics = modelMetrics
        shadows?.take(catalog.shadows)
        calibration?.take(catalog.models?.version)
        state = NodeState(
            money, frequency, shading, pacing, catalog.models, calibration, catalog.numbers, tracing)
    }

    /// Why a request is not even read, at this moment; nil where it is to be decided. Asked first of all, and of bids and
    /// tags only: notices settle money, and are never turned away.
    func refusal(of request: RawSpan, _ format: AnswerFormat) -> LoadGate.Refusal? {
        let now = Kernel.monotonicNow()
        let refusal = gate.refusal(
            at: now, waiting: reactor.waitingTime(at: now),
            patience: {
                guard format == .openrtb, let tmax = peek.tmax(request) else { return nil }
                return .milliseconds(Int64(tmax)) - network
            },
            isLive: { format == .openrtb ? peek.isLive(request) : peek.isLiveTag(request) })
        if let refusal { metrics.countTurnedAway(refusal) }
        metrics.note(isOverloaded: gate.isOverloaded)
        return refusal
    }

    /// Records that a request was turned away, where its caller or a lot wants it recorded.
    func noteTurnedAway(_ traceparent: RawSpan?, _ refusal: LoadGate.Refusal, _ format: AnswerFormat) {
        guard let tracing else { return }
        let now = Kernel.monotonicNow()
        tracing.noteTurnedAway(
            traceparent, refusal, format, lot: seeds.next(), arrived: now - reactor.waitingTime(at: now),
            at: now)
    }

    /// Where an unread request's id lies, for an answer that has to repeat it.
    func id(in request: RawSpan) -> Range<Int>? { peek.id(request) }

    /// Names a request that has no name yet.
    func nextNumber() -> UInt64 { seeds.next() }

    /// Counts what was refused before it was a request.
    func countRefusal() { metrics.countRefusal() }

    /// Decides one request and lends the answer's bytes. Nothing else goes into the answer than the request's bytes,
    /// the catalog, the settings, the time and the seed. Allocates nothing but a refusal's text.
    ///
    /// - Parameter traceparent: what the caller says of the trace that it is in.
    func decide(
        _ request: RawSpan, _ format: AnswerFormat, traceparent: RawSpan?,
        _ answer: (Decision, RawSpan) -> Void
    ) throws(OpenRTBError) {
        let began = Kernel.monotonicNow()
        let now = Kernel.wallNow()
        let seed = seeds.next()
        let arrived = began - reactor.waitingTime(at: began)
        catalog.models?.begin(arrived: arrived, isOverloaded: gate.isOverloaded)
        tracing?.begin(traceparent, lot: seed, arrived: arrived, at: began)
        let decision: Decision
        do {
            decision = try Self.decide(
                &catalog.decider, &state, request, at: now, seed: seed, format, answer)
        } catch {
            metrics.countRefusal()
            tracing?.endRefused(format, at: Kernel.monotonicNow())
            throw error
        }
        let trace = tracing?.trace
        let answered = trace == nil ? began : Kernel.monotonicNow()
        recording.note(
            decision, of: request, by: catalog.decider, catalog: catalog.snapshot.version.rawValue, at: now,
            seed: seed, format)
        modelMetrics?.count(catalog.decider)
        shadows?.note(decision, by: catalog.decider)
        pacingMetrics.count(decision)
        let ended = Kernel.monotonicNow()
        let took = ended - began
        gate.decided(took: took)
        metrics.count(decision, took: took, in: trace, at: now)
        if trace != nil { tracing?.end(decision, format, answered: answered, at: ended) }
    }

    /// The answer is lent by the decider, which only its own memory may outlive.
    private static func decide(
        _ decider: inout Decider, _ state: inout NodeState, _ request: RawSpan, at now: Instant,
        seed: UInt64, _ format: AnswerFormat, _ answer: (Decision, RawSpan) -> Void
    ) throws(OpenRTBError) -> Decision {
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
