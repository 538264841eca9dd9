// The one door to memory for everything that reads: the document's bytes and the tokens that the kernel found in them.
// Positions come from the kernel, which only ever writes positions inside the document, so loads are not checked
// again here; a caller outside this file can reach a byte or a token only through these functions.
internal import CSIMD

/// The document's bytes with their token index: for each token its kind, its position, and for an opening bracket
/// the token that closes it. A string is two tokens, its two quotes; any other scalar is one, its first byte.
@safe @usableFromInline struct JSONTokens: ~Escapable {
    @usableFromInline let bytes: RawSpan
    @usableFromInline let kinds: UnsafePointer<UInt8>
    @usableFromInline let positions: UnsafePointer<UInt32>
    @usableFromInline let partners: UnsafePointer<UInt32>

    @inlinable @_lifetime(copy bytes, borrow scratch)
    init(bytes: RawSpan, scratch: borrowing JSONScratch) {
        self.bytes = bytes
        unsafe kinds = UnsafePointer(scratch.kinds)
        unsafe positions = UnsafePointer(scratch.positions)
        unsafe partners = UnsafePointer(scratch.partners)
    }

    @inlinable func kind(_ token: Int) -> UInt8 { unsafe kinds[token] }
    @inlinable func position(_ token: Int) -> Int { unsafe Int(truncatingIfNeeded: positions[token]) }
    @inlinable func partner(_ token: Int) -> Int { unsafe Int(truncatingIfNeeded: partners[token]) }

    @inlinable func byte(_ offset: Int) -> UInt8 {
        unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from `offset`, the first one lowest. Never reads past the document: there, the rest are zero.
    @inlinable func word(_ offset: Int) -> UInt64 {
        if offset &+ 8 <= bytes.byteCount {
            return unsafe UInt64(
                littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
        }
        return wordAtEnd(offset)
    }

    @usableFromInline func wordAtEnd(_ offset: Int) -> UInt64 {
        var word: UInt64 = 0
        for i in offset..<bytes.byteCount { word |= UInt64(byte(i)) << (8 * UInt64(i - offset)) }
        return word
    }

    /// The bytes from `start` up to but not including `end`, both inside the document.
    @inlinable @_lifetime(copy self) func slice(_ start: Int, _ end: Int) -> RawSpan {
        unsafe bytes.extracting(unchecked: start..<end)
    }

    /// Where the number or literal that starts at `offset` ends.
    @usableFromInline func endOfScalar(_ offset: Int) -> Int {
        var end = offset
        while end < bytes.byteCount {
            switch byte(end) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"):
                end += 1
            default: return end
            }
        }
        return end
    }

    /// The token after the value that starts at `token`.
    @inlinable func after(_ token: Int) -> Int {
        switch kind(token) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): partner(token) &+ 1
        case UInt8(ascii: "\""): token &+ 2
        default: token &+ 1
        }
    }
}

/// What a token's kind may be, beside the byte that stands there.
enum TokenKind {
    /// Before the first token and after the last.
    static let boundary: UInt8 = 0
    /// A closing quote of a string without escapes, and of one with.
    static let plainEnd: UInt8 = 2
    static let escapedEnd: UInt8 = 3
}
