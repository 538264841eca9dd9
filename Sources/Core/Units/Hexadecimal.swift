// Numbers and bytes as hexadecimal digits, all of them, so that equal things have equal lengths.

/// Sixteen digits for a number, without an allocation.
public struct HexNumber: Sendable {
    private var digits = InlineArray<16, UInt8>(repeating: 0)

    public init(_ number: UInt64) {
        for place in 0..<16 {
            let digit = UInt8(number >> UInt64(60 - 4 * place) & 15)
            digits[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
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
