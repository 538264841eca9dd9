// From UBJSON (draft 12, as XGBoost writes it) to a model's tree. Lengths are believed only as far as there
// are bytes.

extension ModelValue {
    init(ubj bytes: [UInt8]) throws(ModelRefused) {
        var reader = UBJReader(bytes)
        let marker = try reader.byte("a value")
        self = try reader.value(marker, depth: 0)
        guard reader.offset == bytes.count else {
            throw ModelRefused("byte \(reader.offset)", found: "more bytes", allowed: "the end")
        }
    }
}

private struct UBJReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    /// A model nests a dozen deep.
    private static let deepest = 64

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func refused(_ found: String, _ allowed: String) -> ModelRefused {
        ModelRefused("byte \(offset)", found: found, allowed: allowed)
    }

    mutating func byte(_ what: String) throws(ModelRefused) -> UInt8 {
        guard offset < bytes.count else { throw refused("the end of the file", "\(what): it was cut off") }
        defer { offset += 1 }
        return bytes[offset]
    }

    private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    /// So many bytes, the first one highest.
    private mutating func big(_ count: Int) throws(ModelRefused) -> UInt64 {
        guard count <= bytes.count - offset else {
            throw refused("the end of the file", "a number: it was cut off")
        }
        var value: UInt64 = 0
        for index in 0..<count { value = value << 8 | UInt64(bytes[offset + index]) }
        offset += count
        return value
    }

    mutating func value(_ marker: UInt8, depth: Int) throws(ModelRefused) -> ModelValue {
        let start = offset - 1
        guard depth < Self.deepest else { throw refused("another level", "\(Self.deepest) levels") }
        let content: ModelValue.Content
        switch marker {
        case UInt8(ascii: "{"): content = try object(depth)
        case UInt8(ascii: "["): content = try list(depth)
        case UInt8(ascii: "S"): content = .text(try text(try length()))
        case UInt8(ascii: "T"): content = .flag(true)
        case UInt8(ascii: "F"): content = .flag(false)
        case UInt8(ascii: "Z"): content = .null
        default: content = .number(try number(marker))
        }
        return ModelValue(content, at: start)
    }

    private static func width(_ marker: UInt8) -> Int? {
        switch marker {
        case UInt8(ascii: "i"), UInt8(ascii: "U"): 1
        case UInt8(ascii: "I"): 2
        case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
        case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
        default: nil
        }
    }

    private mutating func number(_ marker: UInt8) throws(ModelRefused) -> Double {
        guard let width = Self.width(marker) else {
            throw ModelRefused(
                "byte \(offset - 1)", found: "the byte \(marker)",
                allowed: "one that starts a value of UBJSON")
        }
        let bits = try big(width)
        switch marker {
        case UInt8(ascii: "i"): return Double(Int8(truncatingIfNeeded: bits))
        case UInt8(ascii: "I"): return Double(Int16(truncatingIfNeeded: bits))
        case UInt8(ascii: "l"): return Double(Int32(truncatingIfNeeded: bits))
        case UInt8(ascii: "L"): return Double(Int64(bitPattern: bits))
        case UInt8(ascii: "d"): return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case UInt8(ascii: "D"): return Double(bitPattern: bits)
        default: return Double(bits)
        }
    }

    private mutating func length() throws(ModelRefused) -> Int {
        let marker = try byte("a length")
        let value = try number(marker)
        // Everything that has a length takes at least a byte each, but for the one list of nothing but a
        // kind.
        guard value >= 0, value == value.rounded(), value <= Double(bytes.count - offset) else {
            throw refused("a length of \(value)", "up to the \(bytes.count - offset) bytes that are left")
        }
        return Int(value)
    }

    private mutating func text(_ count: Int) throws(ModelRefused) -> String {
        defer { offset += count }
        return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    }

    private mutating func object(_ depth: Int) throws(ModelRefused) -> ModelValue.Content {
        var members: [(key: String, value: ModelValue)] = []
        // XGBoost writes no counted or typed objects.
        while peek() != UInt8(ascii: "}") {
            let key = try text(try length())
            let marker = try byte("a value")
            members.append((key, try value(marker, depth: depth + 1)))
        }
        _ = try byte("an end")
        return .object(members)
    }

    private mutating func list(_ depth: Int) throws(ModelRefused) -> ModelValue.Content {
        var kind: UInt8?
        if peek() == UInt8(ascii: "$") {
            offset += 1
            kind = try byte("a kind")
        }
        var count: Int?
        if peek() == UInt8(ascii: "#") {
            offset += 1
            count = try length()
        }
        if let kind {
            guard let width = Self.width(kind), let count, count <= (bytes.count - offset) / width else {
                throw refused("a list of one kind", "numbers, counted, all of them there")
            }
            var numbers: [Double] = []
            numbers.reserveCapacity(count)
            for _ in 0..<count { numbers.append(try number(kind)) }
            return .numbers(numbers)
        }
        var elements: [ModelValue] = []
        while count.map({ elements.count < $0 }) ?? (peek() != UInt8(ascii: "]")) {
            let marker = try byte("a value")
            elements.append(try value(marker, depth: depth + 1))
        }
        if count == nil { _ = try byte("an end") }
        // Numbers that are written one by one are a list of numbers all the same.
        let numbers = elements.compactMap { if case .number(let number) = $0.content { number } else { nil } }
        return numbers.count == elements.count && !numbers.isEmpty ? .numbers(numbers) : .array(elements)
    }
}
