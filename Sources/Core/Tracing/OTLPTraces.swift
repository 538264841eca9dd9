// Spans as OpenTelemetry's protocol has them (OTLP 1.x, `ExportTraceServiceRequest`), in the binary form of protocol
// buffers; and what a collector answers.

/// Writes requests of one process.
public struct OTLPTraces: Sendable {
    /// What is said of the process: `service.name` and the like.
    private let resource: [UInt8]
    private let scope: [UInt8]

    public init(resource: [(key: String, value: String)], scope: String, version: String) {
        var attributes = ProtobufText()
        for (key, value) in resource { attributes.attribute(field: 1) { $0.pair(key) { $0.put(1, value) } } }
        self.resource = attributes.bytes
        var about = ProtobufText()
        about.put(1, scope)
        about.put(2, version)
        self.scope = about.bytes
    }

    /// A request with these spans and their steps.
    public func request(_ records: some Sequence<SpanRecord>) -> [UInt8] {
        var request = ProtobufText()
        request.message(1) { one in
            one.put(1, bytes: resource)
            one.message(2) { spans in
                spans.put(1, bytes: scope)
                for record in records { Self.write(record, to: &spans) }
            }
        }
        return request.bytes
    }

    /// Spans that a request of these records has.
    public static func count(_ records: some Sequence<SpanRecord>) -> Int {
        records.reduce(0) { $0 + 1 + $1.stepCount }
    }

    private static func write(_ record: SpanRecord, to spans: inout ProtobufText) {
        let place = record.place
        spans.message(2) { span in
            span.head(
                place.trace, place.span, place.parent, (record.name, record.detail), record.kind,
                record.start, record.end)
            for index in 0..<record.attributeCount {
                let attribute = record.attribute(index)
                span.attribute(field: 9) { $0.pair(attribute.key.description) { $0.put(attribute.value) } }
            }
            if record.isError { span.message(15) { $0.put(3, number: 2) } }
            span.put(16, fixed32: 1)
        }
        for index in 0..<record.stepCount {
            let step = record.step(index)
            spans.message(2) { span in
                span.head(
                    place.trace, place.child(index), place.span, (step.name, step.detail), .internal,
                    step.start, step.end)
                span.put(16, fixed32: 1)
            }
        }
    }
}

/// What a collector says that took a request (`ExportTraceServiceResponse`).
public struct OTLPAnswer: Equatable, Sendable {
    /// Spans that it did not take, for good.
    public var rejected: Int64 = 0
    /// Why, in its words.
    public var message = ""

    /// Nil where the bytes are no such answer. Fields that are not known are passed over.
    public init?(_ bytes: [UInt8]) {
        var outer = ProtobufReader(bytes[...])
        while let field = outer.next() {
            guard case .bytes(let partial) = field.value, field.number == 1 else { continue }
            var inner = ProtobufReader(partial)
            while let field = inner.next() {
                switch (field.number, field.value) {
                case (1, .number(let number)): rejected = Int64(bitPattern: number)
                case (2, .bytes(let text)): message = String(decoding: text, as: UTF8.self)
                default: continue
                }
            }
            guard inner.isDone else { return nil }
        }
        guard outer.isDone else { return nil }
    }
}
