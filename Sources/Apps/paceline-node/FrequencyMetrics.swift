// What a shard counts about its counters.
import Features
import Telemetry

struct FrequencyMetricKeys: Sendable {
    let shown: CounterKey
    let promised: CounterKey
    let lost: CounterKey
    let promisesLost: CounterKey
    let forgotten: CounterKey
    let displaced: CounterKey
    let forgottenAfter: GaugeKey
    let subjects: GaugeKey
    let blocks: GaugeKey
    let blocksUsed: GaugeKey

    init(in catalogue: inout MetricsCatalogue) {
        shown = catalogue.counter(
            "paceline_frequency_shown_total",
            help: "Impressions that this node counted for viewers: by notices, or read from other nodes.")
        promised = catalogue.counter(
            "paceline_frequency_promised_total", help: "Ads with a cap that were in an answer.")
        lost = catalogue.counter(
            "paceline_frequency_messages_lost_total",
            help: "Impressions and promises that other shards never heard of, because one was too far behind."
        )
        promisesLost = catalogue.counter(
            "paceline_frequency_promises_lost_total",
            help: "Promises that found no room: a cap may be exceeded by as many.")
        forgotten = catalogue.counter(
            "paceline_frequency_forgotten_total",
            help: "Viewers and households that made room for others, with all that was known of them.")
        displaced = catalogue.counter(
            "paceline_frequency_counters_displaced_total",
            help: "Counters that made room for others of the same viewer.")
        forgottenAfter = catalogue.gauge(
            "paceline_frequency_forgotten_after_seconds",
            help:
                "How long before it was forgotten the last one was shown something: while this is longer than the caps' windows, nothing is missed.",
            unit: .seconds)
        subjects = catalogue.gauge(
            "paceline_frequency_subjects",
            help: "Viewers and households that are known; every shard has all of them.")
        blocks = catalogue.gauge(
            "paceline_frequency_blocks",
            help: "Blocks of counters that there is memory for, all shards together.")
        blocksUsed = catalogue.gauge(
            "paceline_frequency_blocks_used", help: "Blocks of counters in use, all shards together.")
    }
}

/// One shard's handles.
struct FrequencyMetrics {
    let shown: Counter
    let promised: Counter
    let lost: Counter
    private let promisesLost: Counter
    private let forgotten: Counter
    private let displaced: Counter
    private let forgottenAfter: Gauge
    private let subjects: Gauge
    private let blocks: Gauge
    private let blocksUsed: Gauge
    private var told = (promisesLost: 0, forgotten: 0, displaced: 0)

    init(_ keys: FrequencyMetricKeys, _ shard: ShardMetrics) {
        shown = shard.counter(keys.shown)
        promised = shard.counter(keys.promised)
        lost = shard.counter(keys.lost)
        promisesLost = shard.counter(keys.promisesLost)
        forgotten = shard.counter(keys.forgotten)
        displaced = shard.counter(keys.displaced)
        forgottenAfter = shard.gauge(keys.forgottenAfter)
        subjects = shard.gauge(keys.subjects)
        blocks = shard.gauge(keys.blocks)
        blocksUsed = shard.gauge(keys.blocksUsed)
    }

    /// - Parameter isFirst: of what all shards have alike, one of them tells.
    mutating func tell(_ shown: FrequencyTally, _ promised: HoldTally, isFirst: Bool) {
        promisesLost.add(promised.lost - told.promisesLost)
        forgotten.add(shown.subjectsForgotten - told.forgotten)
        displaced.add(shown.countersDisplaced - told.displaced)
        told = (promised.lost, shown.subjectsForgotten, shown.countersDisplaced)
        if isFirst {
            forgottenAfter.set(Int(shown.forgottenAfterSeconds))
            subjects.set(shown.subjects)
        }
        blocks.set(shown.blocks)
        blocksUsed.set(shown.blocksUsed)
    }
}
