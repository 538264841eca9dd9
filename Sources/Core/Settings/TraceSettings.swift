// Which calls are recorded as spans of traces, and who collects them.
public import Documents
public import Units

public struct TraceSettings: DocumentObject, Equatable {
    public internal(set) var address = IPAddress.loopback
    public internal(set) var port: UInt16 = 4_318
    public internal(set) var path = "/v1/traces"
    public internal(set) var ratio = 0.001
    public internal(set) var parentsPerSecond = 10
    public internal(set) var ringSpans = 1_024
    public internal(set) var batchSpans = 512
    public internal(set) var flush = Interval.seconds(1)
    public internal(set) var timeout = Interval.seconds(10)
    public internal(set) var retry = Interval.seconds(60)
    public internal(set) var tls: TLS?

    package init() {}

    /// What every daemon's file says of the section.
    package static let summary =
        "Which calls are recorded as spans of traces, and who collects them. Without it nothing is recorded and nothing is sent."

    package static let schema = Schema<TraceSettings>(
        "traces",
        [
            .required(
                "address", \.address, .address, example: IPAddress.loopback,
                "Where a collector takes OTLP over HTTP."),
            .defaulted(
                "port", \.port, .integer(1...65_535), "Its port.", because: "OTLP over HTTP has this one."),
            .defaulted(
                "path", \.path, .addressPath, "What spans are posted to, as protocol buffers.",
                because: "What the specification says."),
            .defaulted(
                "ratio", \.ratio, .number(0...1),
                "The share of calls without a valid `traceparent` that begin a trace which is recorded. 0 is none, 1 all.",
                because:
                    "A call of a thousand shows what calls take; to follow one, whoever calls says so in `traceparent`."
            ),
            .defaulted(
                "parentsPerSecond", \.parentsPerSecond, .integer(0...100_000, unit: "calls"),
                "So many calls a second are recorded on each thread because their `traceparent` says that the caller records them, and so many may come at once. 0 is none.",
                because: "Callers do not decide what recording costs here."),
            .defaulted(
                "ringSpans", \.ringSpans, .integer(16...65_536, unit: "calls"),
                "Recorded calls that a thread keeps until they are sent, each about a kilobyte of memory. Beyond, they are lost and counted.",
                because: "A second of a thread that records a thousand calls."),
            .defaulted(
                "batchSpans", \.batchSpans, .integer(1...8_192, unit: "calls"),
                "Recorded calls of one request to the collector.",
                because: "Some hundred kilobytes, of which collectors take four million bytes."),
            .defaulted(
                "flushMilliseconds", \.flush, .milliseconds(10...60_000),
                "How often recorded calls are looked for, and sent.",
                because: "Who looks for a trace has to wait no longer than for its own command."),
            .defaulted(
                "timeoutMilliseconds", \.timeout, .milliseconds(100...60_000),
                "How long the collector's answer may take.", because: "OTLP's exporters wait as long."),
            .defaulted(
                "retrySeconds", \.retry, .seconds(0...3_600),
                "How long a request is tried again that could not be sent or was answered with 429, 502, 503 or 504. Then it is lost and counted; what comes meanwhile waits in the rings.",
                because: "A collector that is restarted is back by then."),
            .optional(
                "tls", \.tls, .object, "How the connection is guarded. Without it the bytes are plain."),
        ],
        rules: [
            Rule("`batchSpans` is at most `ringSpans`.") { traces, objections in
                if traces.batchSpans > traces.ringSpans {
                    objections.refuse(
                        "batchSpans", found: "\(traces.batchSpans)",
                        allowed: "at most ringSpans, which is \(traces.ringSpans)")
                }
            }
        ])

    public struct TLS: DocumentObject, Equatable {
        public internal(set) var serverName = ""
        public internal(set) var authorityFile: String?
        public internal(set) var certificateFile: String?
        public internal(set) var keyFile: String?

        package init() {}

        package static let schema = Schema<Self>(
            "traces.tls",
            [
                .required(
                    "serverName", \.serverName, .word, example: "collector",
                    "The name that the collector's certificate has to carry."),
                .optional(
                    "authorityFile", \.authorityFile, .absolutePath,
                    "The authorities that may vouch for it, in PEM. Without it those of the operating system."
                ),
                .optional(
                    "certificateFile", \.certificateFile, .absolutePath,
                    "Who sends, in PEM. Read again for a new connection when it has changed."),
                .optional("keyFile", \.keyFile, .absolutePath, "The certificate's key, in PEM."),
            ],
            rules: [
                Rule("`certificateFile` and `keyFile` stand together.") { tls, objections in
                    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
                        objections.refuse(
                            "keyFile", found: "one without the other", allowed: "both, or neither")
                    }
                }
            ])
    }
}
