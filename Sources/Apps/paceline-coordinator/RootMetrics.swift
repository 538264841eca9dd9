// What the root counts of its leading, its transactions and their numbers.
import Telemetry

struct RootMetricKeys: Sendable {
    let leads: GaugeKey
    let batches: CounterKey
    let unknown: CounterKey
    let refused: CounterKey
    let commands: CounterKey
    let takeovers: CounterKey
    let clones: CounterKey
    let claims: GaugeKey
    let time: HistogramKey
    let numbersTime: HistogramKey
    let numbersUnkept: CounterKey

    init(in catalogue: inout MetricsCatalogue) {
        leads = catalogue.gauge("paceline_root_leads", help: "1 where this coordinator leads.")
        batches = catalogue.counter(
            "paceline_root_batches_total", help: "Transactions of the root that were acknowledged.")
        unknown = catalogue.counter(
            "paceline_root_batches_unknown_total",
            help: "Times that nobody could say whether a transaction was there, so that it was sent again.")
        refused = catalogue.counter(
            "paceline_root_batches_refused_total",
            help: "Transactions that were refused, as another leads or a row was not as the book had it.")
        commands = catalogue.counter(
            "paceline_root_messages_total", help: "Messages of holders and operators that were taken.")
        takeovers = catalogue.counter(
            "paceline_root_takeovers_total", help: "Times that this coordinator took over.")
        clones = catalogue.counter(
            "paceline_root_clones_total",
            help:
                "Sessions that two processes have used, by a copy of a holder's memory, and neither is renewed."
        )
        claims = catalogue.gauge(
            "paceline_root_claims",
            help:
                "Bills that came to other nodes and are counted, and whose own node's journal has not spoken of them yet; 0 where this one does not lead."
        )
        time = catalogue.histogram(
            "paceline_root_batch_seconds",
            help: "From the first sending of a transaction to its acknowledgement.")
        numbersTime = catalogue.histogram(
            "paceline_root_number_seconds",
            help:
                "From a transaction's acknowledgement until etcd has its number, without which nothing of it is answered."
        )
        numbersUnkept = catalogue.counter(
            "paceline_root_numbers_unkept_total",
            help: "Times that no member of etcd took the number of a transaction, which is sent again.")
    }
}

struct RootMetrics {
    let leads: Gauge
    let batches: Counter
    let unknown: Counter
    let refused: Counter
    let commands: Counter
    let takeovers: Counter
    let clones: Counter
    let claims: Gauge
    let time: Histogram
    let numbersTime: Histogram
    let numbersUnkept: Counter

    init(_ keys: RootMetricKeys, _ shard: ShardMetrics) {
        leads = shard.gauge(keys.leads)
        batches = shard.counter(keys.batches)
        unknown = shard.counter(keys.unknown)
        refused = shard.counter(keys.refused)
        commands = shard.counter(keys.commands)
        takeovers = shard.counter(keys.takeovers)
        clones = shard.counter(keys.clones)
        claims = shard.gauge(keys.claims)
        time = shard.histogram(keys.time)
        numbersTime = shard.histogram(keys.numbersTime)
        numbersUnkept = shard.counter(keys.numbersUnkept)
    }
}
