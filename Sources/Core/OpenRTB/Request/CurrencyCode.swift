// Currencies as requests name them: three letters in one word, so that comparing them costs nothing.

/// An ISO 4217 code: three letters from A to Z. Whether there is such a currency is not known here.
public struct CurrencyCode: Hashable, Sendable, BitwiseCopyable {
    /// The letters, the first one highest, so that codes sort by the alphabet.
    public let packed: UInt32

    /// Nil unless there are three letters from A to Z.
    public init?(_ text: RawSpan) {
        guard text.byteCount == 3 else { return nil }
        var packed: UInt32 = 0
        for at in 0..<3 {
            let letter = unsafe text.unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)
            guard letter >= UInt8(ascii: "A"), letter <= UInt8(ascii: "Z") else { return nil }
            packed = packed << 8 | UInt32(letter)
        }
        self.packed = packed
    }

    private init(packed: UInt32) { self.packed = packed }

    /// What OpenRTB means where it names no currency.
    public static let dollar = CurrencyCode(packed: 0x55_5344)

    /// The three letters, the first one first.
    public var letters: (UInt8, UInt8, UInt8) {
        (
            UInt8(truncatingIfNeeded: packed >> 16), UInt8(truncatingIfNeeded: packed >> 8),
            UInt8(truncatingIfNeeded: packed)
        )
    }
}

extension CurrencyCode: CustomStringConvertible {
    public var description: String {
        let (first, second, third) = letters
        return String(decoding: [first, second, third], as: UTF8.self)
    }
}
