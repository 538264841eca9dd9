// How a column's bytes become a value. Nothing is converted that would lose something.
public import Units

/// What a column can be read as.
public protocol PostgresReadable {
    /// Nil where the bytes (nil for NULL) of a column of this type are no such value.
    init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32)
}

/// int2, which is only read.
private let smallInteger: UInt32 = 21
/// Names of the catalogue, `varchar`, `char(n)`, `json`: text in all but name.
private let textual: Set<UInt32> = [PostgresType.text.rawValue, 19, 114, 1042, 1043]

private func integer<Number: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, as _: Number.Type = Number.self
) -> Number? {
    guard bytes.count == MemoryLayout<Number>.size else { return nil }
    return Number(bigEndian: bytes.loadUnaligned(as: Number.self))
}

extension Int64: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes else { return nil }
        switch type {
        case PostgresType.int8.rawValue: self.init(exactly: integer(bytes) ?? 0 as Int64)
        case PostgresType.int4.rawValue: self.init(integer(bytes) ?? 0 as Int32)
        case smallInteger: self.init(integer(bytes) ?? 0 as Int16)
        default: return nil
        }
    }
}

extension Int: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let value = Int64(postgres: bytes, type: type) else { return nil }
        self = Int(value)
    }
}

extension Int32: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard type != PostgresType.int8.rawValue, let value = Int64(postgres: bytes, type: type) else {
            return nil
        }
        self.init(exactly: value)
    }
}

extension Bool: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes, type == PostgresType.bool.rawValue, bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension String: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes, textual.contains(type) else { return nil }
        self.init(decoding: bytes, as: UTF8.self)
    }
}

extension Instant: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes, type == PostgresType.timestamptz.rawValue, let value: Int64 = integer(bytes) else {
            return nil
        }
        // `infinity` is the largest number there, and what a nanosecond clock cannot show is no instant here.
        if value == .max {
            self = .distantFuture
            return
        }
        let (since1970, beyond) = value.addingReportingOverflow(PostgresValue.epochMicroseconds)
        let (nanoseconds, overflow) = since1970.multipliedReportingOverflow(by: 1_000)
        guard !beyond, !overflow else { return nil }
        self.init(nanoseconds: nanoseconds)
    }
}

extension PostgresUUID: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes, type == PostgresType.uuid.rawValue, let bits: UInt128 = integer(bytes) else {
            return nil
        }
        self.init(bits: bits)
    }
}

extension Optional: PostgresReadable where Wrapped: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes else {
            self = nil
            return
        }
        guard let value = Wrapped(postgres: bytes, type: type) else { return nil }
        self = value
    }
}

/// Bytes are read as `[UInt8]`, arrays as `[Int64]`, `[String?]`, `[[UInt8]]` …: of one dimension only.
extension Array: PostgresReadable where Element: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) {
        guard let bytes else { return nil }
        if Element.self == UInt8.self {
            guard type == PostgresType.bytea.rawValue else { return nil }
            self = unsafeBitCast([UInt8](bytes), to: [Element].self)
            return
        }
        var rest = bytes[...]
        func next() -> Int32? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return Int32(bigEndian: UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: Int32.self))
        }
        guard [1001, 1007, 1009, 1015, 1016].contains(type), let dimensions = next(), next() != nil,
            let element = next()
        else { return nil }
        self.init()
        if dimensions == 0 { return }
        guard dimensions == 1, let count = next(), next() != nil else { return nil }
        for _ in 0..<Swift.max(0, count) {
            guard let length = next(), length <= rest.count else { return nil }
            let field = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: rest.prefix(Int(length)))
            guard let value = Element(postgres: field, type: UInt32(bitPattern: element)) else { return nil }
            append(value)
            rest = rest.dropFirst(Swift.max(0, Int(length)))
        }
    }
}

/// Only as a part of `[UInt8]`.
extension UInt8: PostgresReadable {
    public init?(postgres bytes: UnsafeRawBufferPointer?, type: UInt32) { return nil }
}
