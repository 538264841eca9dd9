// A currency's code, as ISO 4217 writes it, in the bits of one integer.

/// Three capital letters: `USD`.
public struct Currency: Hashable, Sendable {
    /// The letters, the first one highest, so that codes sort as their text does.
    public let rawValue: UInt32

    /// Nil where a byte is not a capital letter: OpenRTB knows no other spelling.
    @inlinable public init?(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard letters.contains(first), letters.contains(second), letters.contains(third) else { return nil }
        rawValue = UInt32(first) << 16 | UInt32(second) << 8 | UInt32(third)
    }

    @inlinable public init?(_ code: String) {
        var bytes = code.utf8.makeIterator()
        guard let first = bytes.next(), let second = bytes.next(), let third = bytes.next(),
            bytes.next() == nil
        else { return nil }
        self.init(first, second, third)
    }
}

extension Currency: CustomStringConvertible {
    public var description: String {
        var text = ""
        for shift in [16, 8, 0] as [UInt32] {
            text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: rawValue >> shift)))
        }
        return text
    }
}
