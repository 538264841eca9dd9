// The categories of one feature, found by the bytes of a request: letters in any case, no allocation.
import Units

/// An open table twice as large as its words; a look at it is a hash and, nearly always, one comparison.
public struct WordPlaces: Sendable {
    private let slots: [UInt32]
    private let starts: [UInt32]
    private let bytes: [UInt8]

    public init(_ words: [String]) {
        var bytes: [UInt8] = []
        var starts: [UInt32] = [0]
        for word in words {
            bytes += word.utf8
            starts.append(UInt32(bytes.count))
        }
        var size = 8
        while size < 2 * words.count { size *= 2 }
        var slots = [UInt32](repeating: .max, count: size)
        for place in words.indices {
            var slot = Self.hash(words[place].utf8Span.span.raw) & (size - 1)
            while slots[slot] != .max { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt32(place)
        }
        (self.slots, self.starts, self.bytes) = (slots, starts, bytes)
    }

    /// The place of the word among the categories. Of two that differ by their letters' case it is the first.
    public func place(of word: RawSpan) -> Int? {
        let mask = slots.count - 1
        var slot = Self.hash(word) & mask
        let all = bytes.span.raw
        while true {
            let place = slots[slot]
            guard place != .max else { return nil }
            let range = Int(starts[Int(place)])..<Int(starts[Int(place) + 1])
            if all.extracting(range).isSame(word) { return Int(place) }
            slot = (slot + 1) & mask
        }
    }

    /// FNV-1a of small letters.
    private static func hash(_ text: RawSpan) -> Int {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for at in 0..<text.byteCount { state = (state ^ UInt64(text.byte(at).lower)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: (state ^ state >> 29) &* 0x9E37_79B9_7F4A_7C15 >> 20)
    }
}
