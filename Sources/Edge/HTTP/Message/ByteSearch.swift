// Reading bytes and searching for the ends of things: the one place of the grammar that looks past Swift's
// bounds checks, each time behind a check of its own.
import CSIMD

extension RawSpan {
    /// The byte at an offset; an offset outside the span traps.
    @inlinable
    @inline(__always)
    subscript(offset: Int) -> UInt8 {
        // One comparison: as an unsigned number a negative offset is larger than any span.
        precondition(UInt(bitPattern: offset) < UInt(bitPattern: byteCount))
        return unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from an offset on, the first one lowest on the machines that this runs on.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Four bytes, likewise.
    @inline(__always)
    func half(at offset: Int) -> UInt32 {
        UInt32(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// Whether CR LF stands at an offset.
    @inline(__always)
    func isLineBreak(at offset: Int) -> Bool {
        UInt16(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)) == 0x0A0D
    }

    /// The first byte in a range that is no letter, digit, dash or dot, or the range's end.
    @inline(__always)
    func firstUnplain(from low: Int, to high: Int) -> Int { search(low, high, csimd_http_unplain) }

    /// The first byte in a range that ends a path or a query, or may not stand there, or the range's end.
    @inline(__always)
    func firstTargetEnd(from low: Int, to high: Int) -> Int { search(low, high, csimd_http_target_end) }

    /// The first byte in a range that is no digit, or the range's end.
    @inline(__always)
    func firstUndigit(from low: Int, to high: Int) -> Int { search(low, high, csimd_http_undigit) }

    /// The end of a token that begins at `low`. Nearly every token consists of plain bytes.
    @inline(__always)
    func tokenEnd(from low: Int, to high: Int) -> Int {
        var end = firstUnplain(from: low, to: high)
        while end < high, ASCII.isToken(self[end]) { end = firstUnplain(from: end &+ 1, to: high) }
        return end
    }

    /// The part of a range without the spaces and tabs at its two ends.
    @inline(__always)
    func trimmed(from low: Int, to high: Int) -> ByteRange {
        // The range is measured once, and not each byte of it.
        precondition(low >= 0 && low <= high && high <= byteCount)
        return withUnsafeBytes { bytes in
            var start = low
            var end = high
            while start < end, ASCII.isBlank(bytes[start]) { start &+= 1 }
            while start < end, ASCII.isBlank(bytes[end &- 1]) { end &-= 1 }
            return ByteRange(start: start, count: end &- start)
        }
    }

    @inline(__always)
    private func search(
        _ low: Int, _ high: Int, _ kernel: (UnsafePointer<UInt8>?, Int, Int, Int) -> Int
    ) -> Int {
        precondition(low >= 0 && low <= high && high <= byteCount)
        return withUnsafeBytes {
            kernel($0.baseAddress?.assumingMemoryBound(to: UInt8.self), low, high, byteCount)
        }
    }
}

/// The bytes of a span that end its lines or may not be in them, one after another, found 64 at a time; and among them the
/// few that may, tabs and what is beyond ASCII: to tell those apart here would cost every head more than it costs the
/// heads that have some.
struct UnprintedBytes {
    private var block: Int
    private var found: UInt64 = 0
    private var blockEnd: Int

    init(from start: Int) {
        block = start
        blockEnd = start
    }

    /// The next one before `end`, or `end`.
    @inline(__always)
    mutating func next(in bytes: RawSpan, before end: Int) -> Int {
        precondition(end <= bytes.byteCount)
        while found == 0 {
            guard blockEnd < end else { return end }
            block = blockEnd
            blockEnd = min(block &+ 64, end)
            found = bytes.withUnsafeBytes {
                csimd_http_unprinted($0.baseAddress?.assumingMemoryBound(to: UInt8.self), block, blockEnd)
            }
        }
        let index = block &+ found.trailingZeroBitCount
        found &= found &- 1
        return index
    }

    /// Passes over the one such byte before `index`, which follows the one found last.
    @inline(__always)
    mutating func skip(to index: Int) {
        if found == 0 { blockEnd = max(blockEnd, index) } else { found &= found &- 1 }
    }
}

extension ByteRange {
    /// Whether the piece, which holds no control byte, is this text, upper and lower case letters being the
    /// same. The text has only small letters, digits and dashes: then setting one bit folds the case and
    /// confuses nothing.
    @inline(__always)
    func isName(_ text: StaticString, in bytes: RawSpan) -> Bool {
        let length = text.utf8CodeUnitCount
        guard Int(count) == length else { return false }
        let literal = UnsafeRawPointer(text.utf8Start)
        let fold: UInt64 = 0x2020_2020_2020_2020
        if length < 8, length >= 4 {
            // Two that overlap.
            let first = bytes.half(at: Int(start)) | UInt32(truncatingIfNeeded: fold)
            let last = bytes.half(at: end &- 4) | UInt32(truncatingIfNeeded: fold)
            return first == UInt32(littleEndian: literal.loadUnaligned(as: UInt32.self))
                && last
                    == UInt32(
                        littleEndian: literal.loadUnaligned(fromByteOffset: length &- 4, as: UInt32.self))
        }
        if length < 4 {
            for index in 0..<length
            where bytes[Int(start) &+ index] | 0x20 != literal.load(fromByteOffset: index, as: UInt8.self) {
                return false
            }
            return true
        }
        var index = 0
        while index < length {
            // The last eight overlap the ones before.
            index = min(index, length &- 8)
            let word = UInt64(littleEndian: literal.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            if bytes.word(at: Int(start) &+ index) | fold != word { return false }
            index &+= 8
        }
        return true
    }
}
