// Numbers and bytes as hexadecimal digits, all of them, so that equal things have equal lengths.

/// Sixteen digits for a number, without an allocation.
public struct HexNumber: Sendable {
    private var digits = InlineArray<16, UInt8>(repeating: 0)

    public init(_ number: UInt64) {
        var span = digits.mutableSpan
        var room = span.mutableRaw
        room.storeBytes(of: Self.eightDigits(number >> 32).bigEndian, toByteOffset: 0, as: UInt64.self)
        room.storeBytes(
            of: Self.eightDigits(number & 0xFFFF_FFFF).bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// The digits of four bytes, the first of either highest.
    private static func eightDigits(_ bytes: UInt64) -> UInt64 {
        // Four bits to each byte: halves, quarters and eighths move apart.
        let halves = (bytes << 16 | bytes) & 0x0000_FFFF_0000_FFFF
        let quarters = (halves << 8 | halves) & 0x00FF_00FF_00FF_00FF
        let values = (quarters << 4 | quarters) & 0x0F0F_0F0F_0F0F_0F0F
        let ones: UInt64 = 0x0101_0101_0101_0101
        let isLetter = (values &+ ones &* 6) >> 4 & ones
        return values &+ ones &* UInt64(UInt8(ascii: "0"))
            &+ isLetter &* UInt64(UInt8(ascii: "a") &- UInt8(ascii: "9") &- 1)
    }

    public var utf8: UTF8Span {
        @_lifetime(borrow self) borrowing get { unsafe UTF8Span(unchecked: digits.span) }
    }
}

/// As many digits as the type has.
public func hexadecimal(_ number: some FixedWidthInteger & UnsignedInteger) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: type(of: number).bitWidth / 4 - digits.count) + digits
}

/// Two digits for each byte.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.reduce(into: "") { $0 += hexadecimal($1) }
}
