// What is kept on disks in one block: numbers and texts as bytes, and their reading, which believes no length.
internal import Units

/// Why bytes are not what they are read as.
public struct NumbersRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// Numbers as eight bytes, little-endian; texts with their length before them.
struct NumberWriter {
    var bytes: [UInt8] = []

    mutating func put(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
    mutating func put(_ amount: Micros) { put(UInt64(bitPattern: amount.rawValue)) }
    mutating func put(_ text: String) {
        put(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
}

struct NumberReader: ~Escapable {
    let bytes: RawSpan
    private(set) var offset = 0

    @_lifetime(copy bytes) init(_ bytes: RawSpan) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.byteCount }

    @_lifetime(self: copy self)
    mutating func number() throws(NumbersRefusal) -> UInt64 {
        guard offset + 8 <= bytes.byteCount else { throw NumbersRefusal("ends at byte \(offset)") }
        defer { offset += 8 }
        return UInt64(
            littleEndian: unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// How many things follow, each of eight bytes at least.
    @_lifetime(self: copy self)
    mutating func count() throws(NumbersRefusal) -> Int {
        let count = try number()
        guard count <= UInt64((bytes.byteCount - offset) / 8) else {
            throw NumbersRefusal("\(count) entries at byte \(offset), more than there can be")
        }
        return Int(count)
    }

    @_lifetime(self: copy self)
    mutating func amount() throws(NumbersRefusal) -> Micros { Micros(Int64(bitPattern: try number())) }

    @_lifetime(self: copy self)
    mutating func text() throws(NumbersRefusal) -> String {
        let length = try number()
        guard length <= UInt64(bytes.byteCount - offset) else {
            throw NumbersRefusal("a text of \(length) bytes at byte \(offset)")
        }
        defer { offset += Int(length) }
        return unsafe bytes.extracting(offset..<offset + Int(length)).withUnsafeBytes {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}
