// What a node counts of its decisions. Every request for a bid is in `paceline_decisions_total` once.
import Decision
import Telemetry
import Tracing
import Units

struct DecisionMetricKeys: Sendable {
    let bids: CounterKey
    let refused: CounterKey
    let noBids: [CounterKey]
    /// By the refusal's number.
    let turnedAway: [CounterKey]
    let overloaded: GaugeKey
    let ads: CounterKey
    let tests: CounterKey
    let time: HistogramKey

    init(in catalogue: inout MetricsCatalogue) {
        func result(_ result: String, _ reason: String) -> CounterKey {
            catalogue.counter(
                "paceline_decisions_total",
                help: "Requests for a bid or an ad, by what came of them, and why.",
                labels: ["result": result, "reason": reason])
        }
        bids = result("bid", "")
        refused = result("refused", "")
        noBids = NoBid.allCases.map { result("no_bid", "\($0.label)") }
        turnedAway = LoadGate.Refusal.allCases.map { result("turned_away", "\($0.label)") }
        overloaded = catalogue.gauge(
            "paceline_shards_overloaded", help: "Shards on which requests wait longer than they may.")
        ads = catalogue.counter("paceline_ads_total", help: "Ads in answers.")
        tests = catalogue.counter(
            "paceline_test_decisions_total",
            help:
                "Decided requests that were tests, which bill nothing; they are counted among the others too."
        )
        time = catalogue.histogram(
            "paceline_decision_seconds",
            help: "From a request's bytes to its answer's, refused ones left out.",
            exemplars: true)
    }
}

/// One shard's.
struct DecisionMetrics {
    private let bids: Counter
    private let refused: Counter
    /// By the reason's place among all reasons.
    private let noBids: [Counter]
    private let turnedAway: [Counter]
    private let overloaded: Gauge
    private let ads: Counter
    private let tests: Counter
    private let time: Histogram
    private let exemplars: Exemplars

    init(_ keys: DecisionMetricKeys, _ shard: ShardMetrics) {
        bids = shard.counter(keys.bids)
        refused = shard.counter(keys.refused)
        noBids = keys.noBids.map { shard.counter($0) }
        turnedAway = keys.turnedAway.map { shard.counter($0) }
        overloaded = shard.gauge(keys.overloaded)
        ads = shard.counter(keys.ads)
        tests = shard.counter(keys.tests)
        time = shard.histogram(keys.time)
        exemplars = shard.exemplars(keys.time)
    }

    func countTurnedAway(_ refusal: LoadGate.Refusal) { turnedAway[Int(refusal.rawValue)].add() }

    func note(isOverloaded: Bool) { overloaded.set(isOverloaded ? 1 : 0) }

    func countRefusal() { refused.add() }

    /// - Parameters:
    ///   - trace: the decision's, where it is recorded.
    ///   - now: by the wall clock.
    func count(_ decision: Decision, took: Interval, in trace: TraceID?, at now: Instant) {
        if let reason = decision.noBid { noBids[reason.place].add() } else { bids.add() }
        ads.add(decision.trace.ads)
        if decision.isTest { tests.add() }
        time.record(took)
        exemplars.record(took, decision: decision.id, trace, at: now)
    }
}
