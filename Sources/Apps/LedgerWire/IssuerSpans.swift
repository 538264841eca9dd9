// Exchanges with an issuer as spans: of those who ask. What they ask on behalf of a call that is recorded is recorded too, what
// they ask for one that is not is not; `traceparent` tells the issuer of either.
internal import HTTP
internal import Kernel
internal import Telemetry
internal import Tracing
internal import Units

/// Used on the thread that carries only.
final class IssuerSpans: @unchecked Sendable {
    private let recorder: SpanRecorder
    private var lots: Randomness

    init(_ recorder: SpanRecorder) {
        self.recorder = recorder
        var seeds = SystemRandomNumberGenerator()
        lots = Randomness(seed: seeds.next())
    }

    /// A request that has no answer yet.
    struct Open {
        fileprivate var record: SpanRecord
        fileprivate let began: Instant
        /// For the request's head.
        let trace: CallTrace
    }

    /// Nil where the request is not recorded.
    func begin(_ path: StaticString, for call: CallTrace?) -> Open? {
        // Whether it is recorded was decided when the call came in, by its caller's word and by the rate there.
        if let call, !call.isRecorded { return nil }
        let now = Kernel.monotonicNow()
        guard let start = recorder.begin(under: call?.context, lot: lots.next(), at: now) else { return nil }
        var record = SpanRecord(start, .client, "POST", start: Kernel.wallNow())
        record.detail = path
        record.say("http.request.method", .text("POST"))
        record.say("url.path", .text(path))
        return Open(
            record: record, began: now, trace: CallTrace(start.context, state: call?.state, isRecorded: true))
    }

    func end(_ open: Open, _ result: Result<ClientResponse, ClientFailure>) {
        var record = open.record
        record.end = record.start + (Kernel.monotonicNow() - open.began)
        switch result {
        case .success(let response):
            record.say("http.response.status_code", .number(Int64(response.status)))
            record.isError = response.status >= 400
        case .failure(let failure):
            record.say("error.type", .text(failure.word))
            record.isError = true
        }
        recorder.end(record)
    }
}

extension ClientFailure {
    fileprivate var word: StaticString {
        switch self {
        case .notConnected: "not_connected"
        case .tls: "tls"
        case .timedOut: "timeout"
        case .cut: "cut"
        case .refused: "refused"
        case .unwanted: "unwanted"
        case .busy: "busy"
        case .unsendable: "unsendable"
        }
    }
}
