// As much of protocol buffers as OTLP takes: numbers, texts and messages in messages, written; and fields, read.
import Units

/// A message while it grows.
struct ProtobufText {
    private(set) var bytes: [UInt8] = []

    private mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private mutating func tag(_ field: UInt64, _ wire: UInt64) { put(varint: field << 3 | wire) }

    mutating func put(_ field: UInt64, number: UInt64) {
        tag(field, 0)
        put(varint: number)
    }

    mutating func put(_ field: UInt64, bytes value: some Collection<UInt8>) {
        tag(field, 2)
        put(varint: UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func put(_ field: UInt64, _ text: String) { put(field, bytes: Array(text.utf8)) }

    mutating func put(_ field: UInt64, fixed64 value: UInt64) {
        tag(field, 1)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    mutating func put(_ field: UInt64, fixed32 value: UInt32) {
        tag(field, 5)
        for shift in stride(from: 0, to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift)))
        }
    }

    /// A message in this one: its length is known when it is written, and goes before it.
    mutating func message(_ field: UInt64, _ body: (inout ProtobufText) -> Void) {
        var inner = ProtobufText()
        body(&inner)
        put(field, bytes: inner.bytes)
    }

    mutating func attribute(field: UInt64, _ body: (inout ProtobufText) -> Void) { message(field, body) }

    /// `KeyValue`.
    mutating func pair(_ key: String, _ value: (inout ProtobufText) -> Void) {
        put(1, key)
        message(2, value)
    }

    /// `AnyValue`.
    mutating func put(_ value: SpanValue) {
        switch value {
        case .text(let text): put(1, text.description)
        case .digits(let number): put(1, hexadecimal(number))
        case .flag(let flag): put(2, number: flag ? 1 : 0)
        case .number(let number): put(3, number: UInt64(bitPattern: number))
        }
    }

    /// What every span has. Times before 1970 are no times of a span.
    mutating func head(
        _ trace: TraceID, _ span: SpanID, _ parent: SpanID, _ name: (StaticString, StaticString),
        _ kind: SpanKind, _ start: Instant, _ end: Instant
    ) {
        put(1, bytes: bigEndian(trace.high) + bigEndian(trace.low))
        put(2, bytes: bigEndian(span.rawValue))
        if parent != .none { put(4, bytes: bigEndian(parent.rawValue)) }
        let detail = name.1.description
        put(5, detail.isEmpty ? name.0.description : "\(name.0) \(detail)")
        put(6, number: UInt64(kind.rawValue))
        put(7, fixed64: UInt64(max(start.nanoseconds, 0)))
        put(8, fixed64: UInt64(max(end.nanoseconds, start.nanoseconds, 0)))
    }

    private func bigEndian(_ number: UInt64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
    }
}

/// The fields of a message, one after another.
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        case other
    }

    private var rest: ArraySlice<UInt8>
    private var isBroken = false

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// All of it was fields.
    var isDone: Bool { rest.isEmpty && !isBroken }

    /// Nil at the end, and where the bytes are no field.
    mutating func next() -> (number: UInt64, value: Value)? {
        guard !rest.isEmpty, !isBroken else { return nil }
        guard let tag = varint(), tag >> 3 > 0, let value = value(wire: tag & 7) else {
            isBroken = true
            return nil
        }
        return (tag >> 3, value)
    }

    private mutating func value(wire: UInt64) -> Value? {
        switch wire {
        case 0: varint().map { .number($0) }
        case 1: take(8).map { _ in .other }
        case 2: varint().flatMap { take($0) }.map { .bytes($0) }
        case 5: take(4).map { _ in .other }
        default: nil
        }
    }

    private mutating func varint() -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }

    private mutating func take(_ count: UInt64) -> ArraySlice<UInt8>? {
        guard count <= UInt64(rest.count) else { return nil }
        let taken = rest.prefix(Int(count))
        rest = rest.dropFirst(Int(count))
        return taken
    }
}
