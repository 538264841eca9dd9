// What a shared stream counts about itself.
public import Telemetry

public struct RedisMetricKeys: Sendable {
    let appended: CounterKey
    let read: CounterKey
    let foreign: CounterKey
    let dropped: CounterKey
    let lost: [CounterKey]
    let waiting: GaugeKey
    let available: GaugeKey

    /// - Parameter prefix: what the names begin with, where a process speaks through several streams.
    public init(in catalogue: inout MetricsCatalogue, prefix: String = "paceline_shared") {
        appended = catalogue.counter(
            "\(prefix)_appended_total", help: "Entries that the shared store has taken.")
        read = catalogue.counter(
            "\(prefix)_read_total", help: "Entries read from the shared store, one's own too.")
        foreign = catalogue.counter(
            "\(prefix)_foreign_total",
            help: "Entries of the shared store that this version does not understand.")
        dropped = catalogue.counter(
            "\(prefix)_dropped_total",
            help: "Entries that other nodes never get, because too many waited for the shared store.")
        lost = RedisFailure.labels.map { reason in
            catalogue.counter(
                "\(prefix)_failures_total",
                help: "Connections to the shared store that failed, by reason.", labels: ["reason": reason])
        }
        waiting = catalogue.gauge(
            "\(prefix)_waiting", help: "Entries that the shared store is not known to have.")
        available = catalogue.gauge(
            "\(prefix)_available", help: "Whether the shared store is in reach: 1 or 0.")
    }
}

/// The handles of the thread that speaks with the store.
public struct RedisMetrics {
    let appended: Counter
    let read: Counter
    let foreign: Counter
    let dropped: Counter
    private let failures: [Counter]
    let waiting: Gauge
    let available: Gauge

    public init(_ keys: RedisMetricKeys, _ shard: ShardMetrics) {
        appended = shard.counter(keys.appended)
        read = shard.counter(keys.read)
        foreign = shard.counter(keys.foreign)
        dropped = shard.counter(keys.dropped)
        failures = keys.lost.map { shard.counter($0) }
        waiting = shard.gauge(keys.waiting)
        available = shard.gauge(keys.available)
    }

    func lost(_ failure: RedisFailure) -> Counter {
        guard let index = RedisFailure.labels.firstIndex(of: failure.label) else {
            preconditionFailure("every failure has its label")
        }
        return failures[index]
    }

    /// For a stream that nobody scrapes.
    public static func unobserved() -> RedisMetrics {
        var catalogue = MetricsCatalogue()
        let keys = RedisMetricKeys(in: &catalogue)
        return RedisMetrics(keys, catalogue.freeze().addShard())
    }
}
