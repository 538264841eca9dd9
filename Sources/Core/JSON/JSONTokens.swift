// The one door to memory for everything that reads: the document's bytes and the tokens that the kernel found
// in them. Positions come from the kernel, which only ever writes positions inside the document, so loads are
// not checked again here; a caller outside this file can reach a byte or a token only through these
// functions.

/// Where a document and its tokens lie. It stands at the start of the scratch, so that a value is two words:
/// this address and a token's number.
@unsafe @usableFromInline struct JSONIndex {
    @usableFromInline var bytes: UnsafePointer<UInt8>
    @usableFromInline var count: Int
    @usableFromInline var kinds: UnsafePointer<UInt8>
    @usableFromInline var positions: UnsafePointer<UInt32>
    @usableFromInline var partners: UnsafePointer<UInt32>
}

/// The document's bytes with their token index: for each token its kind, its position, and for an opening
/// bracket the token that closes it. A string is two tokens, its two quotes; any other scalar is one, its
/// first byte.
@safe @usableFromInline struct JSONTokens: ~Escapable, BitwiseCopyable {
    @usableFromInline let index: UnsafePointer<JSONIndex>

    /// What the scratch was last filled with. The bytes must stay as long as this does.
    @inlinable @_lifetime(borrow scratch)
    init(scratch: borrowing JSONScratch) { unsafe index = scratch.header }

    @inlinable var count: Int { unsafe index.pointee.count }
    @inlinable func kind(_ token: Int) -> UInt8 { unsafe index.pointee.kinds[token] }
    /// The kinds of four tokens, the first one lowest.
    @inlinable func kinds(_ token: Int) -> UInt32 {
        unsafe UInt32(
            littleEndian: UnsafeRawPointer(index.pointee.kinds + token).loadUnaligned(as: UInt32.self))
    }

    @inlinable func position(_ token: Int) -> Int {
        unsafe Int(truncatingIfNeeded: index.pointee.positions[token])
    }
    @inlinable func partner(_ token: Int) -> Int {
        unsafe Int(truncatingIfNeeded: index.pointee.partners[token])
    }
    @inlinable func byte(_ offset: Int) -> UInt8 { unsafe index.pointee.bytes[offset] }

    /// Eight bytes from `offset`, the first one lowest. Never reads past the document: there, the rest are
    /// zero.
    @inlinable func word(_ offset: Int) -> UInt64 {
        _fastPath(offset &+ 8 <= count) ? wordInside(offset) : wordAtEnd(offset)
    }

    /// The same where all eight are known to be inside.
    @inlinable func wordInside(_ offset: Int) -> UInt64 {
        let start = unsafe UnsafeRawPointer(index.pointee.bytes + offset)
        return unsafe UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
    }

    @inline(never) @usableFromInline func wordAtEnd(_ offset: Int) -> UInt64 {
        var word: UInt64 = 0
        for i in offset..<count { word |= UInt64(byte(i)) << (8 * UInt64(i - offset)) }
        return word
    }

    /// The bytes from `start` up to but not including `end`, both inside the document.
    @inlinable @_lifetime(copy self) func slice(_ start: Int, _ end: Int) -> RawSpan {
        // A raw pointer of its own: the optimiser of Swift 6.2 breaks the conversion made in the call.
        let first = unsafe UnsafeRawPointer(index.pointee.bytes + start)
        let span = unsafe RawSpan(_unsafeStart: first, byteCount: end &- start)
        return unsafe _overrideLifetime(span, copying: self)
    }

    /// Where the number or literal that starts at `offset` ends.
    @usableFromInline func endOfScalar(_ offset: Int) -> Int {
        var end = offset
        while end < count {
            switch byte(end) {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "E"):
                end += 1
            default: return end
            }
        }
        return end
    }

    /// The token after the value that starts at `token` and is of this kind.
    @inlinable func after(_ token: Int, _ kind: UInt8) -> Int {
        if kind == UInt8(ascii: "\"") { return token &+ 2 }
        // A brace is a bracket with bit 5 set.
        return kind | 0x20 == UInt8(ascii: "{") ? partner(token) &+ 1 : token &+ 1
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
