// How a value's bytes find its number: the same hash in every process, since it is part of the snapshot. Many
// values with one hash would slow a search down, but only whoever writes the catalog chooses values.
import Units

struct ValueHash {
    private var state: UInt64

    init(_ dimension: Dimension) { state = 0xCBF2_9CE4_8422_2325 ^ UInt64(dimension.rawValue) }

    /// FNV-1a.
    @inline(__always)
    mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }

    /// The bytes of a text, letters as small ones where their case is ignored.
    @inline(__always)
    mutating func add(_ text: RawSpan, ignoresCase: Bool) {
        var at = 0
        while at &+ 8 <= text.byteCount {
            var word = text.word(uncheckedAt: at)
            if ignoresCase { word = word.lower }
            for _ in 0..<8 {
                add(UInt8(truncatingIfNeeded: word))
                word &>>= 8
            }
            at &+= 8
        }
        while at < text.byteCount {
            let byte = text.byte(at)
            add(ignoresCase ? byte.lower : byte)
            at &+= 1
        }
    }

    @inline(__always)
    func slot(of count: Int) -> Int {
        // The low bits of FNV are its worst.
        Int(truncatingIfNeeded: (state ^ state >> 29) &* 0x9E37_79B9_7F4A_7C15 >> 20) & (count - 1)
    }
}
