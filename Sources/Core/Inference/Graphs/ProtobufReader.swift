// The wire format of Protocol Buffers, as far as ONNX uses it: fields of one message, one after the other,
// over bytes that may say anything. Nothing is read outside the message, and whatever breaks the format is
// refused with its byte.

/// The fields of one message.
struct ProtobufReader {
    private let bytes: [UInt8]
    private var at: Int
    private let end: Int

    init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        self.bytes = bytes
        at = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    enum Value {
        case number(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        /// Text, a message, or packed numbers: where it stands.
        case bytes(Range<Int>)
    }

    struct Field {
        let number: Int
        let value: Value
        /// The byte at which it starts.
        let start: Int
    }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(ModelRefused) -> Field? {
        guard at < end else { return nil }
        let start = at
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else {
            throw refused(start, "field number \(tag >> 3)", "1 to 536870911")
        }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return Field(number: number, value: .number(try varint()), start: start)
        case 1: return Field(number: number, value: .fixed64(try fixed(8)), start: start)
        case 5:
            return Field(
                number: number, value: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))), start: start)
        case 2:
            let count = try varint()
            guard count <= UInt64(end - at) else {
                throw refused(start, "\(count) bytes where \(end - at) are left", "a file that is whole")
            }
            let range = at..<at + Int(count)
            at = range.upperBound
            return Field(number: number, value: .bytes(range), start: start)
        default:
            throw refused(start, "wire type \(tag & 7)", "0, 1, 2 and 5: is this an ONNX file?")
        }
    }

    private mutating func varint() throws(ModelRefused) -> UInt64 {
        let start = at
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard at < end else { throw refused(start, "the end inside of a number", "a file that is whole") }
            let byte = bytes[at]
            at += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw refused(start, "a number of more than ten bytes", "64 bits")
    }

    private mutating func fixed(_ count: Int) throws(ModelRefused) -> UInt64 {
        guard end - at >= count else {
            throw refused(at, "the end inside of a number", "a file that is whole")
        }
        defer { at += count }
        return little(at, count)
    }

    private func little(_ start: Int, _ count: Int) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<count { result |= UInt64(bytes[start + index]) << UInt64(8 * index) }
        return result
    }

    // What a field holds, once its number says what it should be.

    func message(_ field: Field) throws(ModelRefused) -> ProtobufReader {
        ProtobufReader(bytes, in: try range(field))
    }

    func range(_ field: Field) throws(ModelRefused) -> Range<Int> {
        guard case .bytes(let range) = field.value else {
            throw refused(field.start, "a number as field \(field.number)", "bytes")
        }
        return range
    }

    func number(_ field: Field) throws(ModelRefused) -> Int64 {
        guard case .number(let value) = field.value else {
            throw refused(field.start, "other data as field \(field.number)", "a whole number")
        }
        return Int64(bitPattern: value)
    }

    func float(_ field: Field) throws(ModelRefused) -> Float {
        guard case .fixed32(let bits) = field.value else {
            throw refused(field.start, "other data as field \(field.number)", "a number of 4 bytes")
        }
        return Float(bitPattern: bits)
    }

    func text(_ field: Field, most: Int) throws(ModelRefused) -> String {
        let range = try range(field)
        guard range.count <= most else {
            throw refused(field.start, "a text of \(range.count) bytes", "up to \(most)")
        }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw refused(field.start, "a text that is no UTF-8", "UTF-8")
        }
        return text
    }

    /// Whole numbers, one in a field or packed.
    func append(_ field: Field, to numbers: inout [Int64]) throws(ModelRefused) {
        guard case .bytes(let range) = field.value else {
            numbers.append(try number(field))
            return
        }
        var packed = ProtobufReader(bytes, in: range)
        while packed.at < packed.end { numbers.append(Int64(bitPattern: try packed.varint())) }
    }

    /// Floats, one in a field or packed.
    func append(_ field: Field, to numbers: inout [Float]) throws(ModelRefused) {
        if case .fixed32(let bits) = field.value {
            numbers.append(Float(bitPattern: bits))
            return
        }
        for bits in try words(field, of: 4) {
            numbers.append(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        }
    }

    /// Doubles, one in a field or packed.
    func append(_ field: Field, to numbers: inout [Double]) throws(ModelRefused) {
        if case .fixed64(let bits) = field.value {
            numbers.append(Double(bitPattern: bits))
            return
        }
        for bits in try words(field, of: 8) { numbers.append(Double(bitPattern: bits)) }
    }

    /// Words of so many bytes each, as they lie one behind the other.
    func words(_ field: Field, of size: Int) throws(ModelRefused) -> [UInt64] {
        let range = try range(field)
        guard range.count % size == 0 else {
            throw refused(field.start, "\(range.count) bytes", "a multiple of \(size)")
        }
        return stride(from: range.lowerBound, to: range.upperBound, by: size).map { little($0, size) }
    }

    func refused(_ at: Int, _ found: String, _ allowed: String) -> ModelRefused {
        ModelRefused("byte \(at)", found: found, allowed: allowed)
    }
}
