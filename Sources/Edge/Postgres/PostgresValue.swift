// Values on their way to the server, in its binary form.
public import Units

/// The types that are spoken. Other columns are read and written by a cast in the statement's text.
public enum PostgresType: UInt32, Sendable, CaseIterable {
    case bool = 16
    case bytea = 17
    case int8 = 20
    case int4 = 23
    case text = 25
    case timestamptz = 1184
    case uuid = 2950
    case byteaArray = 1001
    case textArray = 1009
    case int8Array = 1016
}

/// Sixteen bytes, most significant first.
public struct PostgresUUID: Hashable, Sendable, CustomStringConvertible {
    public var bits: UInt128
    public init(bits: UInt128) { self.bits = bits }

    public var description: String {
        var text = ""
        for index in 0..<16 {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            let byte = UInt8(truncatingIfNeeded: bits >> UInt128(8 * (15 - index)))
            text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
        return text
    }
}

public enum PostgresValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int4(Int32)
    case int8(Int64)
    case text(String)
    case bytea([UInt8])
    /// Of the wall clock; Postgres keeps whole microseconds, and what is below one is cut off.
    case timestamptz(Instant)
    case uuid(PostgresUUID)
    case int8Array([Int64?])
    case textArray([String?])
    case byteaArray([[UInt8]?])

    /// Nil for NULL, which fits every type.
    public var type: PostgresType? {
        switch self {
        case .null: nil
        case .bool: .bool
        case .int4: .int4
        case .int8: .int8
        case .text: .text
        case .bytea: .bytea
        case .timestamptz: .timestamptz
        case .uuid: .uuid
        case .int8Array: .int8Array
        case .textArray: .textArray
        case .byteaArray: .byteaArray
        }
    }

    /// Microseconds from 1970 to 2000, where Postgres begins to count.
    static let epochMicroseconds: Int64 = 946_684_800_000_000

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: break
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .int4(let value): Self.append(value, to: &bytes)
        case .int8(let value): Self.append(value, to: &bytes)
        case .text(let value): bytes.append(contentsOf: value.utf8)
        case .bytea(let value): bytes.append(contentsOf: value)
        case .timestamptz(let value):
            let nanoseconds = value.nanoseconds
            let microseconds = nanoseconds / 1_000 - (nanoseconds % 1_000 < 0 ? 1 : 0)
            Self.append(microseconds - Self.epochMicroseconds, to: &bytes)
        case .uuid(let value): Self.append(value.bits, to: &bytes)
        case .int8Array(let values):
            Self.append(values, of: .int8, to: &bytes) { Self.append($0, to: &$1) }
        case .textArray(let values):
            Self.append(values, of: .text, to: &bytes) { $1.append(contentsOf: $0.utf8) }
        case .byteaArray(let values):
            Self.append(values, of: .bytea, to: &bytes) { $1.append(contentsOf: $0) }
        }
    }

    static func append<Number: FixedWidthInteger>(_ value: Number, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Dimensions, whether some are NULL, the elements' type; then for each dimension its length and where it begins to
    /// count; then each element with its length. An empty array has no dimension.
    private static func append<Element>(
        _ values: [Element?], of type: PostgresType, to bytes: inout [UInt8],
        _ element: (Element, inout [UInt8]) -> Void
    ) {
        append(Int32(values.isEmpty ? 0 : 1), to: &bytes)
        append(Int32(values.contains { $0 == nil } ? 1 : 0), to: &bytes)
        append(type.rawValue, to: &bytes)
        guard !values.isEmpty else { return }
        append(Int32(values.count), to: &bytes)
        append(Int32(1), to: &bytes)
        for value in values { appendField(value, to: &bytes, element) }
    }

    /// A length, or -1 for NULL, and the bytes.
    static func appendField<Element>(
        _ value: Element?, to bytes: inout [UInt8], _ element: (Element, inout [UInt8]) -> Void
    ) {
        guard let value else { return append(Int32(-1), to: &bytes) }
        let start = bytes.count
        append(Int32(0), to: &bytes)
        element(value, &bytes)
        withUnsafeBytes(of: Int32(bytes.count - start - 4).bigEndian) {
            bytes.replaceSubrange(start..<start + 4, with: $0)
        }
    }
}
