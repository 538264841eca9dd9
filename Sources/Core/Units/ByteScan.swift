// Looking for bytes eight at a time, for texts that are copied whole but for a few bytes: addresses, markup, names.

/// Which bytes of a word are asked for: the top bit of each, exact up to the lowest one that is set, since the
/// arithmetic carries from a byte that was met only into those above it.
public enum ByteScan {
    @usableFromInline static let ones: UInt64 = 0x0101_0101_0101_0101
    @usableFromInline static let tops: UInt64 = 0x8080_8080_8080_8080

    @inlinable @inline(__always)
    public static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let rest = word ^ (ones &* UInt64(byte))
        return (rest &- ones) & ~rest & tops
    }

    /// Bytes below a bound of at most 128.
    @inlinable @inline(__always)
    public static func below(_ word: UInt64, _ bound: UInt8) -> UInt64 {
        (word &- ones &* UInt64(bound)) & ~word & tops
    }

    @inlinable @inline(__always)
    public static func notASCII(_ word: UInt64) -> UInt64 { word & tops }
}

extension RawSpan {
    /// The place of the first byte from `start` on that both of these ask for: one looks at eight bytes and gives the
    /// top bit of each that it means, the other at one. The length where there is none.
    @inlinable @inline(__always)
    public func first(
        from start: Int, _ inWord: (UInt64) -> UInt64, _ isMeant: (UInt8) -> Bool
    ) -> Int {
        precondition(start >= 0, "before the first byte")
        var at = start
        while at &+ 8 <= byteCount {
            let word = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self)
            let met = inWord(UInt64(littleEndian: word))
            if met != 0 { return at &+ met.trailingZeroBitCount / 8 }
            at &+= 8
        }
        while at < byteCount {
            if isMeant(unsafe unsafeLoad(fromUncheckedByteOffset: at, as: UInt8.self)) { return at }
            at &+= 1
        }
        return byteCount
    }
}
