// What a process counts of its spans: those that were recorded, those that a collector has, and every one that was lost, by
// why.
public import Tracing
public import Units

/// Why a span is not sent.
public enum SpanLoss: String, CaseIterable, Sendable {
    /// A caller recorded it, and more of that came than is let through. One for each call: what was not recorded has no steps.
    case overRate = "over_rate"
    /// What was recorded before it was not sent yet.
    case ringFull = "ring_full"
    /// The collector did not take it for as long as it was tried.
    case unavailable
    /// The collector refused the request that it was in.
    case refused
    /// The collector took the request, and not this span of it.
    case rejected
    /// The process ended before it was sent.
    case stopped
}

/// Of the process.
public struct TraceMetricKeys: Sendable {
    let recorded: CounterKey
    let overRate: CounterKey
    let ringFull: CounterKey
    /// Counted by the thread that sends.
    public let exported: SharedCounter
    private let unavailable: SharedCounter
    private let refused: SharedCounter
    private let rejected: SharedCounter
    private let stopped: SharedCounter

    public init(in catalogue: inout MetricsCatalogue) {
        recorded = catalogue.counter(
            "paceline_spans_total", help: "Calls that were recorded as spans of a trace.")
        exported = catalogue.sharedCounter(
            "paceline_spans_exported_total",
            help: "Spans that a collector has taken, steps of calls among them.")
        let name = "paceline_spans_dropped_total"
        let help = "Spans that no collector got, by why."
        overRate = catalogue.counter(name, help: help, labels: ["reason": SpanLoss.overRate.rawValue])
        ringFull = catalogue.counter(name, help: help, labels: ["reason": SpanLoss.ringFull.rawValue])
        func shared(_ loss: SpanLoss) -> SharedCounter {
            catalogue.sharedCounter(name, help: help, labels: ["reason": loss.rawValue])
        }
        unavailable = shared(.unavailable)
        refused = shared(.refused)
        rejected = shared(.rejected)
        stopped = shared(.stopped)
    }

    /// Of what is lost after a ring.
    public func lost(_ loss: SpanLoss) -> SharedCounter {
        switch loss {
        case .unavailable: unavailable
        case .refused: refused
        case .rejected: rejected
        case .stopped: stopped
        case .overRate, .ringFull: preconditionFailure("\(loss) is counted by the thread that records")
        }
    }
}

/// Decides and takes down for one thread, and is used on it only. Allocates nothing once it is made.
public final class SpanRecorder {
    private var sampler: TraceSampler
    private let ring: SpanRing
    private let recorded: Counter
    private let overRate: Counter
    private let ringFull: Counter

    public init(_ sampler: TraceSampler, _ ring: SpanRing, _ keys: TraceMetricKeys, _ shard: ShardMetrics) {
        (self.sampler, self.ring) = (sampler, ring)
        recorded = shard.counter(keys.recorded)
        overRate = shard.counter(keys.overRate)
        ringFull = shard.counter(keys.ringFull)
    }

    /// Where a call stands that is to be recorded; nil where it is not.
    ///
    /// - Parameters:
    ///   - traceparent: what the caller says, if anything.
    ///   - lot: drawn for this call alone.
    ///   - now: by the monotonic clock.
    public func begin(_ traceparent: RawSpan?, lot: UInt64, at now: Instant) -> SpanStart? {
        guard let traceparent else { return begin(under: nil, lot: lot, at: now) }
        return begin(under: TraceContext(traceparent: traceparent), lot: lot, at: now)
    }

    public func begin(under parent: TraceContext?, lot: UInt64, at now: Instant) -> SpanStart? {
        switch sampler.decide(parent, lot: lot, at: now) {
        case .recorded(let start): return start
        case .notRecorded: return nil
        case .overRate:
            overRate.add()
            return nil
        }
    }

    public func end(_ record: SpanRecord) {
        recorded.add()
        // Its steps are spans of their own, as they are wherever spans are counted behind a ring.
        if !ring.put(record) { ringFull.add(1 + record.stepCount) }
    }
}
