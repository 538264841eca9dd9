// What a reactor counts about itself: by its own thread only, read by anybody.
public import Telemetry

/// The reactor's metrics in a process's catalogue.
public struct ReactorMetricKeys: Sendable {
    let accepted: CounterKey
    let refused: CounterKey
    let acceptFailures: CounterKey
    let ended: [CounterKey]
    let open: GaugeKey
    let chunks: GaugeKey
    let turns: CounterKey
    let completions: CounterKey
    let turnTime: HistogramKey
    let waiting: HistogramKey

    public init(in catalogue: inout MetricsCatalogue) {
        accepted = catalogue.counter("paceline_connections_accepted_total", help: "Connections taken.")
        refused = catalogue.counter(
            "paceline_connections_refused_total",
            help: "Connections closed at once because the shard was full.")
        acceptFailures = catalogue.counter(
            "paceline_accept_failures_total",
            help: "Connections that the kernel did not give, or that would have taken the last descriptors.")
        ended = StreamEnd.allCases.map { reason in
            catalogue.counter(
                "paceline_connections_ended_total", help: "Connections ended, by reason.",
                labels: ["reason": reason.label])
        }
        open = catalogue.gauge("paceline_connections_open", help: "Connections open now, both directions.")
        chunks = catalogue.gauge(
            "paceline_output_chunks", help: "Pieces of output memory in use, 17 KiB each.")
        turns = catalogue.counter(
            "paceline_reactor_turns_total", help: "Turns of the loops; one that stands still does not turn.")
        completions = catalogue.counter(
            "paceline_reactor_completions_total", help: "What the kernel handed over, in all turns.")
        turnTime = catalogue.histogram(
            "paceline_reactor_turn_seconds",
            help: "What a turn took, without its waiting for something to come.")
        waiting = catalogue.histogram(
            "paceline_reactor_waiting_seconds",
            help: "For how long what came waited for its turn, measured while turns are long.")
    }
}

/// One shard's handles.
public struct ReactorMetrics {
    public let accepted: Counter
    public let refused: Counter
    public let acceptFailures: Counter
    let ended: [Counter]
    let open: Gauge
    let chunks: Gauge
    public let turns: Counter
    let completions: Counter
    let turnTime: Histogram
    let waiting: Histogram

    public init(_ keys: ReactorMetricKeys, _ shard: ShardMetrics) {
        accepted = shard.counter(keys.accepted)
        refused = shard.counter(keys.refused)
        acceptFailures = shard.counter(keys.acceptFailures)
        ended = keys.ended.map { shard.counter($0) }
        open = shard.gauge(keys.open)
        chunks = shard.gauge(keys.chunks)
        turns = shard.counter(keys.turns)
        completions = shard.counter(keys.completions)
        turnTime = shard.histogram(keys.turnTime)
        waiting = shard.histogram(keys.waiting)
    }

    /// For a reactor that nobody scrapes, such as a command's.
    public static func unobserved() -> ReactorMetrics {
        var catalogue = MetricsCatalogue()
        let keys = ReactorMetricKeys(in: &catalogue)
        return ReactorMetrics(keys, catalogue.freeze().addShard())
    }

    /// How many streams ended for this reason.
    public func ended(_ reason: StreamEnd) -> Counter { ended[Int(reason.rawValue)] }
}

extension StreamEnd {
    var label: String {
        switch self {
        case .finished: "finished"
        case .reset: "reset"
        case .notConnected: "not_connected"
        case .silent: "silent"
        case .idle: "idle"
        case .displaced: "displaced"
        case .slowSender: "slow_sender"
        case .slowReader: "slow_reader"
        case .refused: "refused"
        case .overLimit: "over_limit"
        case .drained: "drained"
        }
    }
}
