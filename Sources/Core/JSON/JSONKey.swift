// The key of a field, made so that a `switch` over literals costs one comparison of a machine word for each.

/// A field's key, compared by what it means: `"id"` and `"\u0069d"` are the same key.
public struct JSONKey: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens
    @usableFromInline let token: Int
    /// The first eight bytes that the key means, the first one lowest, zero where it is shorter.
    @usableFromInline let word: UInt64
    /// How many bytes the key means.
    @usableFromInline let count: Int

    @inlinable @_lifetime(copy tokens) init(plain token: Int, in tokens: JSONTokens) {
        self.tokens = tokens
        self.token = token
        let start = tokens.position(token) &+ 1
        count = tokens.position(token &+ 1) &- start
        let own: UInt64 = count < 8 ? 1 &<< UInt64(truncatingIfNeeded: 8 &* count) &- 1 : ~0
        word = tokens.word(start) & own
    }

    @inline(never) @usableFromInline @_lifetime(copy tokens) init(escaped token: Int, in tokens: JSONTokens) {
        self.tokens = tokens
        self.token = token
        (word, count) = JSONKey.decoded(JSONString(tokens: tokens, token: token))
    }

    /// Byte 0xFF stands for a NUL: it is in no UTF-8 text, so such a key's word is equal to no literal's.
    private static func decoded(_ text: JSONString) -> (word: UInt64, count: Int) {
        var word: UInt64 = 0
        var count = 0
        var bytes = text.bytes
        while let byte = bytes.next() {
            if count < 8 { word |= UInt64(byte == 0 ? 0xFF : byte) << (8 * UInt64(count)) }
            count += 1
        }
        return (word, count)
    }

    /// The key as a string, for what a comparison cannot do.
    @inlinable public var string: JSONString {
        @_lifetime(copy self) get { JSONString(tokens: tokens, token: token) }
    }

    /// Where the key's opening quote stands.
    @inlinable public var offset: Int { tokens.position(token) }

    /// Whether the key means these bytes. No key equals a literal with a NUL in it. Always inlined: a call for each case
    /// of a switch would work out the literal's word each time.
    @inlinable @inline(__always) public static func == (key: borrowing JSONKey, literal: StaticString) -> Bool
    {
        let count = literal.utf8CodeUnitCount
        guard key.word == word(of: literal) else { return false }
        // Words without a zero byte tell the count: no byte of a key or a literal is zero.
        if count < 8 { return true }
        guard key.count == count else { return false }
        return count == 8 || key.continues(literal)
    }

    /// Compares what lies behind the first eight bytes of two texts of one length, more than eight.
    @inlinable func continues(_ literal: StaticString) -> Bool {
        guard _fastPath(tokens.kind(token &+ 1) == 2) else { return string == literal }
        let start = offset &+ 1
        var done = 8
        while done &+ 8 < literal.utf8CodeUnitCount {
            guard tokens.wordInside(start &+ done) == Self.word(of: literal, from: done) else { return false }
            done &+= 8
        }
        // The last eight bytes, some of them once more.
        let last = literal.utf8CodeUnitCount &- 8
        return tokens.wordInside(start &+ last) == Self.word(of: literal, from: last)
    }

    /// For `case "id":` in a switch over a key.
    @inlinable @inline(__always) public static func ~= (literal: StaticString, key: borrowing JSONKey) -> Bool
    {
        key == literal
    }

    /// Eight bytes of the literal, or as many as there are.
    @inlinable @inline(__always) static func word(of literal: StaticString, from start: Int = 0) -> UInt64 {
        var word: UInt64 = 0
        for i in 0..<min(literal.utf8CodeUnitCount, 8) {
            word |= UInt64(unsafe literal.utf8Start[start &+ i]) &<< UInt64(truncatingIfNeeded: 8 &* i)
        }
        return word
    }
}
