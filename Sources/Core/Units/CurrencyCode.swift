// A currency's code, as ISO 4217 and exchanges write it, in the bits of one integer: comparing two costs one
// instruction. Whether there is such a currency is not known here.

/// Three letters from A to Z: `USD`.
public struct CurrencyCode: Hashable, Sendable, BitwiseCopyable {
    /// The letters as bytes, the first one highest, so that codes sort as their text does.
    public let rawValue: UInt32

    /// What OpenRTB and catalogs mean where they name no currency.
    public static let usd = CurrencyCode(letters: 0x55_5344)

    private init(letters: UInt32) { rawValue = letters }

    /// Nil where the number does not spell three letters from A to Z.
    public init?(rawValue: UInt32) {
        self.init(
            UInt8(truncatingIfNeeded: rawValue >> 16), UInt8(truncatingIfNeeded: rawValue >> 8),
            UInt8(truncatingIfNeeded: rawValue))
        if self.rawValue != rawValue { return nil }
    }

    /// Nil where a byte is not a letter from A to Z: OpenRTB knows no other spelling.
    public init?(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard letters.contains(first), letters.contains(second), letters.contains(third) else { return nil }
        rawValue = UInt32(first) << 16 | UInt32(second) << 8 | UInt32(third)
    }

    /// Nil unless there are three letters from A to Z.
    public init?(_ text: RawSpan) {
        guard text.byteCount == 3 else { return nil }
        unsafe self.init(
            text.unsafeLoad(fromUncheckedByteOffset: 0, as: UInt8.self),
            text.unsafeLoad(fromUncheckedByteOffset: 1, as: UInt8.self),
            text.unsafeLoad(fromUncheckedByteOffset: 2, as: UInt8.self))
    }

    public init?(_ text: String) { self.init(text.utf8Span.span.raw) }
}

extension CurrencyCode: CustomStringConvertible {
    public var description: String {
        var text = ""
        for shift in [16, 8, 0] as [UInt32] {
            text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: rawValue >> shift)))
        }
        return text
    }
}
