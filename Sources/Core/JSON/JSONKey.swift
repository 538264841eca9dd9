// The key of a field, made so that a `switch` over literals costs one comparison of a machine word for each.

/// A field's key, compared by what it means: `"id"` and `"\u0069d"` are the same key.
public struct JSONKey: ~Escapable {
    @usableFromInline let tokens: JSONTokens
    @usableFromInline let token: Int
    /// The first eight bytes that the key means, the first one lowest, zero where it is shorter.
    @usableFromInline let word: UInt64
    /// How many bytes the key means.
    @usableFromInline let count: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
        let start = tokens.position(token) &+ 1
        if _fastPath(tokens.kind(token &+ 1) == 2) {
            count = tokens.position(token &+ 1) &- start
            let unused = UInt64(truncatingIfNeeded: 64 &- 8 &* min(count, 8))
            word = tokens.word(start) & (count == 0 ? 0 : ~0 &>> unused)
        } else {
            (word, count) = JSONKey.decoded(JSONString(tokens: tokens, token: token))
        }
    }

    /// Byte 0xFF stands for a NUL: it is in no UTF-8 text, so such a key's word is equal to no literal's.
    @usableFromInline static func decoded(_ text: JSONString) -> (word: UInt64, count: Int) {
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

    /// Whether the key means these bytes. No key equals a literal with a NUL in it.
    @inlinable public static func == (key: borrowing JSONKey, literal: StaticString) -> Bool {
        let count = literal.utf8CodeUnitCount
        guard key.word == word(of: literal) else { return false }
        // Words without a zero byte tell the count: no byte of a key or a literal is zero.
        if count < 8 { return true }
        if count == 8 { return key.count == 8 }
        return key.count == count && key.string == literal
    }

    /// For `case "id":` in a switch over a key.
    @inlinable public static func ~= (literal: StaticString, key: borrowing JSONKey) -> Bool { key == literal }

    @inlinable static func word(of literal: StaticString) -> UInt64 {
        var word: UInt64 = 0
        for i in 0..<min(literal.utf8CodeUnitCount, 8) {
            word |= UInt64(unsafe literal.utf8Start[i]) &<< UInt64(truncatingIfNeeded: 8 &* i)
        }
        return word
    }
}
