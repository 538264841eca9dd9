// Calls of a server as spans of a trace: begun with the request, ended with its answer, held ones too. For servers of which
// nobody counts the microseconds; a shard's requests are recorded where they are decided.
import Kernel
public import Telemetry
public import Tracing
import Units

/// What goes along to those that a call makes others do.
public struct CallTrace: Sendable {
    /// Our span of the call; where it is not recorded, the caller's own words with the flag as it came.
    public let context: TraceContext
    /// What the caller said in `tracestate`, where it may be passed on.
    public let state: String?
    /// Where not, what others are asked for the call is not recorded here either.
    public let isRecorded: Bool

    public init(_ context: TraceContext, state: String? = nil, isRecorded: Bool) {
        (self.context, self.state, self.isRecorded) = (context, state, isRecorded)
    }

    /// The headers of a request.
    public var headers: [(name: StaticString, value: String)] {
        var headers: [(name: StaticString, value: String)] = [("traceparent", context.traceparent)]
        if let state { headers.append(("tracestate", state)) }
        return headers
    }
}

/// A call that has no answer yet.
final class OpenSpan {
    var record: SpanRecord
    let trace: CallTrace
    fileprivate let began: Instant

    fileprivate init(_ record: SpanRecord, _ trace: CallTrace, began: Instant) {
        (self.record, self.trace, self.began) = (record, trace, began)
    }

    fileprivate var now: Instant { record.start + (Kernel.monotonicNow() - began) }

    func addStep(_ name: StaticString, took: Interval) {
        let now = now
        record.add(name, from: max(record.start, now - took), to: now)
    }
}

extension Request {
    /// What the caller says of its trace, if that is valid.
    fileprivate var parent: TraceContext? {
        guard let traceparent else { return nil }
        return TraceContext(traceparent: traceparent)
    }

    /// What the caller says in `tracestate`, if it may be passed on.
    fileprivate var traceState: String? {
        guard let list = list(of: "tracestate") else { return nil }
        return TraceState.isPassedOn(list.utf8.span.bytes) ? list : nil
    }

    /// The caller's own words: a call that is not recorded here leaves its caller's trace whole.
    var unrecordedTrace: CallTrace? {
        guard let parent else { return nil }
        return CallTrace(parent, state: traceState, isRecorded: false)
    }
}

extension ServerConnection {
    /// - Parameter status: nil where nobody got an answer.
    @inline(__always)
    func endSpan(_ status: Status?) {
        if let span = openSpan { finish(span, status) }
    }

    @inline(never)
    private func finish(_ span: OpenSpan, _ status: Status?) {
        openSpan = nil
        server.tracer?.end(span, status)
    }
}

/// Used on the thread of its servers only.
public final class ServerTracer {
    private let recorder: SpanRecorder
    private var lots: Randomness

    /// - Parameter seed: of this start and thread alone.
    public init(_ recorder: SpanRecorder, seed: UInt64) {
        self.recorder = recorder
        lots = Randomness(seed: seed)
    }

    /// Nil where the call is not recorded.
    func begin(_ request: borrowing Request) -> OpenSpan? {
        let parent = request.parent
        // Who scrapes and probes asks all the time, and is of no interest by itself.
        if parent == nil, Self.isOfMachines(request) { return nil }
        let began = Kernel.monotonicNow()
        guard let start = recorder.begin(under: parent, lot: lots.next(), at: began) else { return nil }
        var record = SpanRecord(start, .server, request.method.token, start: Kernel.wallNow())
        record.say("http.request.method", .text(request.method.token))
        let state = parent == nil ? nil : request.traceState
        return OpenSpan(record, CallTrace(start.context, state: state, isRecorded: true), began: began)
    }

    private static func isOfMachines(_ request: borrowing Request) -> Bool {
        request.pathIs("/metrics") || request.pathIs("/healthz") || request.pathIs("/readyz")
    }

    func end(_ span: OpenSpan, _ status: Status?) {
        span.record.end = span.now
        if span.record.detail.utf8CodeUnitCount > 0 {
            span.record.say("http.route", .text(span.record.detail))
        }
        if let status {
            span.record.say("http.response.status_code", .number(Int64(status.code)))
        } else {
            span.record.say("error.type", .text("connection_ended"))
        }
        span.record.isError = status.map { $0.code >= 500 } ?? true
        recorder.end(span.record)
    }
}
