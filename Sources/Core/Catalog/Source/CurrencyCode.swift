// A currency as exchanges write it: three capital letters, packed so that comparing two costs one instruction.

public struct CurrencyCode: Hashable, Sendable, CustomStringConvertible {
    /// The letters as bytes, the first one highest.
    public let rawValue: UInt32

    public static let usd = CurrencyCode(letters: 0x55_5344)

    private init(letters: UInt32) { rawValue = letters }

    /// Nil where the text is not three capital letters.
    public init?(_ text: String) {
        self.init(rawValue: text.utf8.reduce(0) { $0 &<< 8 | UInt32($1) })
        guard text.utf8.count == 3 else { return nil }
    }

    /// Nil where the number does not spell three capital letters.
    public init?(rawValue: UInt32) {
        let letters = [rawValue >> 16, rawValue >> 8 & 0xFF, rawValue & 0xFF]
        guard letters.allSatisfy({ (0x41...0x5A).contains($0) }) else { return nil }
        self.rawValue = rawValue
    }

    public var description: String {
        String(
            decoding: [rawValue >> 16, rawValue >> 8, rawValue].map { UInt8(truncatingIfNeeded: $0) },
            as: UTF8.self)
    }
}
