// Where a piece of a message lies in the bytes that were parsed, and the byte classes of the grammar.
import Glibc

/// A piece of the bytes given to a parser. It holds no bytes itself: it means something only beside them.
public struct ByteRange: Equatable, Sendable {
    public var start: UInt32
    public var count: UInt32

    @inlinable
    public init(start: Int, count: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.count = UInt32(truncatingIfNeeded: count)
    }

    @inlinable
    public init(from start: Int, to end: Int) { self.init(start: start, count: end - start) }

    @inlinable public static var empty: ByteRange { ByteRange(start: 0, count: 0) }
    @inlinable public var isEmpty: Bool { count == 0 }
    @inlinable public var end: Int { Int(start) + Int(count) }
    @inlinable public var indices: Range<Int> { Int(start)..<end }

    /// The piece itself, for as long as the bytes live.
    @inlinable
    @_lifetime(copy bytes)
    public func of(_ bytes: RawSpan) -> RawSpan { bytes.extracting(indices) }

    /// Whether the piece is exactly this text.
    public func equals(_ text: StaticString, in bytes: RawSpan) -> Bool {
        guard Int(count) == text.utf8CodeUnitCount else { return false }
        return of(bytes).withUnsafeBytes { piece in
            guard let piece = piece.baseAddress else { return true }
            return memcmp(piece, text.utf8Start, Int(count)) == 0
        }
    }

    /// Whether the piece is this text, upper and lower case letters being the same.
    @inlinable
    public func equalsIgnoringCase(_ text: StaticString, in bytes: RawSpan) -> Bool {
        guard Int(count) == text.utf8CodeUnitCount else { return false }
        for index in 0..<Int(count)
        where ASCII.lowercased(bytes[Int(start) + index]) != ASCII.lowercased(text.utf8Start[index]) {
            return false
        }
        return true
    }
}

/// The bytes that the grammar names, and its classes of bytes (RFC 9110 §5.6, RFC 3986 §2).
@usableFromInline
enum ASCII {
    @usableFromInline static let tab: UInt8 = 0x09
    @usableFromInline static let lineFeed: UInt8 = 0x0A
    @usableFromInline static let carriageReturn: UInt8 = 0x0D
    @usableFromInline static let space: UInt8 = 0x20
    @usableFromInline static let asterisk: UInt8 = 0x2A
    @usableFromInline static let comma: UInt8 = 0x2C
    @usableFromInline static let slash: UInt8 = 0x2F
    @usableFromInline static let zero: UInt8 = 0x30
    @usableFromInline static let colon: UInt8 = 0x3A
    @usableFromInline static let semicolon: UInt8 = 0x3B
    @usableFromInline static let equals: UInt8 = 0x3D
    @usableFromInline static let question: UInt8 = 0x3F
    @usableFromInline static let delete: UInt8 = 0x7F

    /// Nearly every byte that is asked about is above both.
    @inlinable
    static func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 && (byte == 0x20 || byte == 0x09) }
    @inlinable static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inlinable static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// The value of a hexadecimal digit, or nil.
    @inlinable
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    /// A byte that no line of a head may hold: a control byte other than the tab, or DEL.
    @inlinable static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != 0x09) || byte == 0x7F }

    // Each class as a 128-bit set, low half first; bytes from 0x80 on belong to none.
    @inlinable
    static func isMember(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
        let half = byte < 64 ? low : high
        return byte < 128 && (half &>> UInt64(byte & 63)) & 1 != 0
    }

    /// `tchar`: what a method, a field name or a coding consists of: ALPHA, DIGIT and !#$%&'*+-.^_`|~
    @inlinable
    static func isToken(_ byte: UInt8) -> Bool {
        isMember(byte, 0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)
    }

    /// What a registered name or an address may hold outside brackets: unreserved, sub-delims and `%`.
    @inlinable
    static func isHostByte(_ byte: UInt8) -> Bool {
        isMember(byte, 0x2BFF_7FF2_0000_0000, 0x47FF_FFFE_87FF_FFFE)
    }
}
