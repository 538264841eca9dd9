// What a pool counts about itself.
public import Telemetry

public struct PostgresMetricKeys: Sendable {
    let connections: GaugeKey
    let connected: CounterKey
    let lost: CounterKey
    let waiting: GaugeKey
    let waited: HistogramKey
    let statements: CounterKey
    let time: HistogramKey
    let done: CounterKey
    let refused: [CounterKey]
    let unknown: [CounterKey]

    public init(in catalogue: inout MetricsCatalogue) {
        connections = catalogue.gauge(
            "paceline_database_connections", help: "Connections to the database, with those being made.")
        connected = catalogue.counter(
            "paceline_database_connected_total", help: "Connections that came to stand.")
        lost = catalogue.counter(
            "paceline_database_lost_total", help: "Connections that ended, or that could not be made.")
        waiting = catalogue.gauge(
            "paceline_database_waiting", help: "Callers that wait for a connection to the database.")
        waited = catalogue.histogram(
            "paceline_database_wait_seconds",
            help: "How long callers waited for a connection to the database.")
        statements = catalogue.counter(
            "paceline_database_statements_total", help: "Statements sent to the database.")
        time = catalogue.histogram(
            "paceline_database_batch_seconds", help: "How long the database took for a batch of statements.")
        let help = "Batches by how they ended and why."
        func outcome(_ outcome: String, _ reason: String) -> CounterKey {
            catalogue.counter(
                "paceline_database_outcomes_total", help: help,
                labels: ["outcome": outcome, "reason": reason])
        }
        done = outcome("done", "")
        refused = PostgresFailure.labels.map { outcome("refused", $0) }
        unknown = PostgresFailure.labels.map { outcome("unknown", $0) }
    }
}

/// The handles of the pool's thread.
public struct PostgresMetrics {
    let connections: Gauge
    let connected: Counter
    let lost: Counter
    let waiting: Gauge
    let waited: Histogram
    let statements: Counter
    let time: Histogram
    private let done: Counter
    private let refused: [Counter]
    private let unknown: [Counter]

    public init(_ keys: PostgresMetricKeys, _ shard: ShardMetrics) {
        connections = shard.gauge(keys.connections)
        connected = shard.counter(keys.connected)
        lost = shard.counter(keys.lost)
        waiting = shard.gauge(keys.waiting)
        waited = shard.histogram(keys.waited)
        statements = shard.counter(keys.statements)
        time = shard.histogram(keys.time)
        done = shard.counter(keys.done)
        refused = keys.refused.map { shard.counter($0) }
        unknown = keys.unknown.map { shard.counter($0) }
    }

    func count(_ outcome: PostgresOutcome) {
        switch outcome {
        case .done: done.add()
        case .refused(let failure): refused[Self.index(failure)].add()
        case .unknown(let failure): unknown[Self.index(failure)].add()
        }
    }

    private static func index(_ failure: PostgresFailure) -> Int {
        guard let index = PostgresFailure.labels.firstIndex(of: failure.label) else {
            preconditionFailure("every failure has its label")
        }
        return index
    }

    /// For a pool that nobody scrapes.
    public static func unobserved() -> PostgresMetrics {
        var catalogue = MetricsCatalogue()
        let keys = PostgresMetricKeys(in: &catalogue)
        return PostgresMetrics(keys, catalogue.freeze().addShard())
    }
}
