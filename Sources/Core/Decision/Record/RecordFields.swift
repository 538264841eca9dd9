// The fields of a decision's record: whole numbers little-endian, small ones in as few bytes as they need.
internal import Units

/// What else a record says of its decision. Bits are given once: journals hold them.
struct RecordFlags {
    let rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(isCut: Bool, isTest: Bool) { rawValue = (isCut ? 1 : 0) | (isTest ? 2 : 0) }

    var isTest: Bool { rawValue & 2 == 2 }
}

extension ByteWriter {
    @_lifetime(self: copy self)
    mutating func put(fixed number: some FixedWidthInteger & BitwiseCopyable) {
        put(bytesOf: number.littleEndian)
    }

    /// Seven bits in each byte, the lowest first; the top bit says that more follow.
    @_lifetime(self: copy self)
    mutating func put(small number: UInt64) {
        var rest = number
        while rest > 127 {
            put(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    @_lifetime(self: copy self)
    mutating func put(small number: Int) { put(small: UInt64(truncatingIfNeeded: number)) }

    /// A text with its length before it.
    @_lifetime(self: copy self)
    mutating func put(counted bytes: RawSpan) {
        put(small: bytes.byteCount)
        put(bytes)
    }
}

/// Why bytes are not a decision's record, or settings.
public struct RecordRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public let offset: Int
    public let found: String
    public let allowed: String

    public init(offset: Int, found: String, allowed: String) {
        (self.offset, self.found, self.allowed) = (offset, found, allowed)
    }

    public var description: String { "at byte \(offset): found \(found); allowed \(allowed)" }
}

/// Reads fields one after the other, each wholly or with a refusal.
struct RecordScan: ~Escapable {
    private let bytes: RawSpan
    private(set) var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    var left: Int { bytes.byteCount - offset }

    func refusal(_ found: String, _ allowed: String) -> RecordRefusal {
        RecordRefusal(offset: offset, found: found, allowed: allowed)
    }

    @_lifetime(self: copy self)
    mutating func fixed<Number: FixedWidthInteger>(
        _ type: Number.Type, _ name: StaticString
    ) throws(RecordRefusal) -> Number {
        let count = Number.bitWidth / 8
        guard left >= count else { throw refusal("\(left) bytes", "\(count) for \(name)") }
        var number: UInt64 = 0
        for at in 0..<count { number |= UInt64(bytes.byte(offset + at)) << UInt64(8 * at) }
        offset += count
        return Number(truncatingIfNeeded: number)
    }

    @_lifetime(self: copy self)
    mutating func small(_ name: StaticString, most: Int = .max) throws(RecordRefusal) -> Int {
        let start = offset
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            guard left > 0, shift <= 56 else {
                offset = start
                throw refusal(left > 0 ? "nine bytes and more" : "the end", "\(name) in at most nine")
            }
            let byte = bytes.byte(offset)
            offset += 1
            number |= UInt64(byte & 127) << shift
            shift += 7
            if byte < 128 { break }
        }
        guard number <= UInt64(most) else {
            offset = start
            throw refusal("\(number) for \(name)", "at most \(most)")
        }
        return Int(number)
    }

    @_lifetime(self: copy self)
    mutating func take(_ count: Int, _ name: StaticString) throws(RecordRefusal) -> [UInt8] {
        guard left >= count else { throw refusal("\(left) bytes", "\(count) for \(name)") }
        var taken: [UInt8] = []
        taken.reserveCapacity(count)
        for at in offset..<offset + count { taken.append(bytes.byte(at)) }
        offset += count
        return taken
    }

    @_lifetime(self: copy self)
    mutating func counted(_ name: StaticString) throws(RecordRefusal) -> [UInt8] {
        let count = try small(name, most: bytes.byteCount)
        return try take(count, name)
    }
}
