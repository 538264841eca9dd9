// What a journal counts: by its shard's thread only, read by anybody.
public import Telemetry

/// The journal's metrics in a process's catalogue.
public struct JournalMetricKeys: Sendable {
    let records: CounterKey
    let bytes: CounterKey
    let lost: [CounterKey]
    let failures: [CounterKey]
    let commits: HistogramKey
    let segments: CounterKey
    let removed: CounterKey
    let waiting: GaugeKey

    public init(in catalogue: inout MetricsCatalogue) {
        records = catalogue.counter("paceline_journal_records_total", help: "Records taken by the journal.")
        bytes = catalogue.counter(
            "paceline_journal_bytes_total", help: "Bytes of records and frames written to segments.",
            unit: .bytes)
        lost = LossReason.allCases.map { reason in
            catalogue.counter(
                "paceline_journal_lost_total", help: "Records that the journal could not keep, by reason.",
                labels: ["reason": reason.metricLabel])
        }
        failures = JournalStep.allCases.map { step in
            catalogue.counter(
                "paceline_journal_failures_total",
                help: "Failures of the journal's disk, by what was being done.",
                labels: ["doing": step.rawValue])
        }
        commits = catalogue.histogram(
            "paceline_journal_commit_seconds", help: "How long a group commit's fdatasync took.")
        segments = catalogue.counter(
            "paceline_journal_segments_total", help: "Segments taken into use.")
        removed = catalogue.counter(
            "paceline_journal_segments_removed_total", help: "Segments removed by retention.")
        waiting = catalogue.gauge(
            "paceline_journal_waiting_bytes", help: "Bytes of records that are not durable yet.", unit: .bytes
        )
    }
}

/// What a journal asks of its disk.
enum JournalStep: String, CaseIterable {
    case prepare, write, synchronise
}

extension LossReason {
    var metricLabel: String {
        switch self {
        case .noSegment: "no_segment"
        case .tooLarge: "too_large"
        case .backlog, .shed, .failed, .closed: label
        }
    }
}

/// One shard's handles.
public struct JournalMetrics {
    let records: Counter
    let bytes: Counter
    private let lost: [Counter]
    private let failures: [Counter]
    let commits: Histogram
    let segments: Counter
    let removed: Counter
    let waiting: Gauge

    public init(_ keys: JournalMetricKeys, _ shard: ShardMetrics) {
        records = shard.counter(keys.records)
        bytes = shard.counter(keys.bytes)
        lost = keys.lost.map { shard.counter($0) }
        failures = keys.failures.map { shard.counter($0) }
        commits = shard.histogram(keys.commits)
        segments = shard.counter(keys.segments)
        removed = shard.counter(keys.removed)
        waiting = shard.gauge(keys.waiting)
    }

    /// For a journal that nobody scrapes, such as a bench's.
    public static func unobserved() -> JournalMetrics {
        var catalogue = MetricsCatalogue()
        let keys = JournalMetricKeys(in: &catalogue)
        return JournalMetrics(keys, catalogue.freeze().addShard())
    }

    public func lost(_ reason: LossReason) -> Counter { lost[reason.rawValue] }

    func failed(_ step: JournalStep) {
        if let index = JournalStep.allCases.firstIndex(of: step) { failures[index].add() }
    }
}
