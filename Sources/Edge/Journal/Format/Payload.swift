// The fields of a payload: numbers little-endian, texts with their length in two bytes before them.
import Units

/// Writes fields into a caller's memory. A text that does not fit is cut; a number that does not fit is a
/// mistake of the program.
public struct PayloadWriter {
    private let room: UnsafeMutableRawBufferPointer
    public private(set) var count = 0

    public init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

    public mutating func put(_ number: some FixedWidthInteger) {
        room.put(number, at: count)
        count += number.bitWidth / 8
    }

    /// At most this many bytes of a text, whatever they are.
    public mutating func put(text: RawSpan, most: Int = Int(UInt16.max)) {
        let length = min(text.byteCount, most, room.count - count - 2)
        put(UInt16(length))
        text.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: room[count..<count + length]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        }
        count += length
    }

    public mutating func put(text: String, most: Int = Int(UInt16.max)) {
        put(text: text.utf8Span.span.raw, most: most)
    }
}

/// A field's value as people and other programs get it.
public enum FieldValue: Equatable, Sendable {
    case natural(UInt64)
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
}

/// What a kind of record holds, in one of its versions. A field is added by a new version, never in an old one.
public struct RecordLayout: Sendable {
    public enum FieldKind: Sendable {
        case u16, u32, u64, i64, text
        /// 64 bits that name something: sixteen hexadecimal digits.
        case id
        /// All that is left, which its own reader understands.
        case rest
    }

    public let name: String
    public let kind: RecordKind
    public let version: UInt16
    public let fields: [(name: String, kind: FieldKind)]

    init(_ name: String, _ kind: RecordKind, version: UInt16, _ fields: [(name: String, kind: FieldKind)]) {
        self.name = name
        self.kind = kind
        self.version = version
        self.fields = fields
    }

    /// Nil for a kind or version that this program does not know.
    public static func of(_ kind: RecordKind, version: UInt16) -> RecordLayout? {
        all.first { $0.kind == kind && $0.version == version }
    }

    /// The fields of a payload, which must be there whole, with nothing behind them.
    public func read(_ payload: RawSpan) throws(PayloadRefusal) -> [(name: String, value: FieldValue)] {
        var values: [(name: String, value: FieldValue)] = []
        var offset = 0
        func need(_ count: Int, for field: String, in payload: RawSpan) throws(PayloadRefusal) {
            guard offset + count <= payload.byteCount else {
                throw PayloadRefusal(
                    record: name, offset: offset, found: "\(payload.byteCount - offset) bytes",
                    allowed: "\(count) for '\(field)'")
            }
        }
        func take<Number: FixedWidthInteger & BitwiseCopyable>(
            _ type: Number.Type, _ field: String, in payload: RawSpan
        ) throws(PayloadRefusal) -> Number {
            try need(MemoryLayout<Number>.size, for: field, in: payload)
            defer { offset += MemoryLayout<Number>.size }
            return payload.number(at: offset)
        }
        for (field, kind) in fields {
            switch kind {
            case .u16: values.append((field, .natural(UInt64(try take(UInt16.self, field, in: payload)))))
            case .u32: values.append((field, .natural(UInt64(try take(UInt32.self, field, in: payload)))))
            case .u64: values.append((field, .natural(try take(UInt64.self, field, in: payload))))
            case .i64: values.append((field, .integer(try take(Int64.self, field, in: payload))))
            case .id:
                values.append((field, .text(hexadecimal(try take(UInt64.self, field, in: payload)))))
            case .rest:
                let rest = payload.extracting(offset..<payload.byteCount)
                values.append((field, .bytes(rest.withUnsafeBytes { Array($0) })))
                offset = payload.byteCount
            case .text:
                let length = Int(try take(UInt16.self, field, in: payload))
                try need(length, for: field, in: payload)
                values.append((field, .text(payload.extracting(offset..<offset + length).text)))
                offset += length
            }
        }
        guard offset == payload.byteCount else {
            throw PayloadRefusal(
                record: name, offset: offset, found: "\(payload.byteCount - offset) bytes more",
                allowed: "the end of the record")
        }
        return values
    }
}

/// Why a record with a good checksum is still not what its kind says.
public struct PayloadRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public let record: String
    /// In the payload.
    public let offset: Int
    public let found: String
    public let allowed: String

    public var description: String {
        "\(record), at byte \(offset) of its payload: found \(found); allowed \(allowed)"
    }
}
