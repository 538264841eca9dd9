// A string of a document: as it stands while it has no escapes, decoded into a caller's buffer where it has.

/// A string's text, without its quotes. It is valid UTF-8, whichever way it is read.
public struct JSONString: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens
    @usableFromInline let token: Int

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, token: Int) {
        self.tokens = tokens
        self.token = token
    }

    /// The bytes between the quotes. They are the text itself unless `isEscaped`.
    @inlinable public var raw: RawSpan {
        @_lifetime(copy self) get { tokens.slice(start, end) }
    }

    /// Whether the text has escapes, so that `raw` is not yet what it means.
    @inlinable public var isEscaped: Bool { tokens.kind(token &+ 1) != 2 }

    /// Where the opening quote stands.
    @inlinable public var offset: Int { tokens.position(token) }

    @inlinable var start: Int { tokens.position(token) &+ 1 }
    @inlinable var end: Int { tokens.position(token &+ 1) }

    /// The bytes that the text means, one by one.
    @inlinable public var bytes: JSONStringBytes {
        @_lifetime(copy self) get { JSONStringBytes(tokens: tokens, offset: start, end: end) }
    }

    /// Writes what the text means to the start of the buffer and gives its length. A buffer as long as `raw`
    /// is always large enough.
    @_lifetime(buffer: copy buffer)
    public func unescape(into buffer: inout MutableRawSpan) throws(JSONError) -> Int {
        var count = 0
        var text = bytes
        while let byte = text.next() {
            guard count < buffer.byteCount else { throw JSONError(.bufferTooSmall, at: offset) }
            unsafe buffer.storeBytes(of: byte, toUncheckedByteOffset: count, as: UInt8.self)
            count += 1
        }
        return count
    }

    /// Whether the text means these bytes.
    @inlinable public static func == (text: borrowing JSONString, literal: StaticString) -> Bool {
        var bytes = text.bytes
        for i in 0..<literal.utf8CodeUnitCount {
            guard let byte = bytes.next(), byte == (unsafe literal.utf8Start[i]) else { return false }
        }
        return bytes.next() == nil
    }

    /// For `case "USD":` in a switch over a string.
    @inlinable public static func ~= (literal: StaticString, text: borrowing JSONString) -> Bool {
        text == literal
    }

    /// The text as a Swift string, for code that may allocate.
    public func copy() -> String {
        unsafe String(unsafeUninitializedCapacity: end - start) { buffer in
            var count = 0
            var text = bytes
            while let byte = text.next() {
                unsafe buffer[count] = byte
                count += 1
            }
            return count
        }
    }
}

/// The bytes that a string means, in UTF-8, with its escapes decoded on the way.
public struct JSONStringBytes: ~Escapable, BitwiseCopyable {
    @usableFromInline let tokens: JSONTokens
    @usableFromInline var offset: Int
    @usableFromInline let end: Int
    /// The bytes of a decoded character that are still to come, the next one lowest; none of them is zero.
    @usableFromInline var pending: UInt32 = 0

    @inlinable @_lifetime(copy tokens) init(tokens: JSONTokens, offset: Int, end: Int) {
        self.tokens = tokens
        self.offset = offset
        self.end = end
    }

    /// Where in the document the spelling of the next byte starts; within a character, where the next one's does.
    @inlinable public var position: Int { offset }

    @inlinable public mutating func next() -> UInt8? {
        if _slowPath(pending != 0) {
            defer { pending >>= 8 }
            return UInt8(truncatingIfNeeded: pending)
        }
        guard offset < end else { return nil }
        let byte = tokens.byte(offset)
        offset &+= 1
        return _fastPath(byte != UInt8(ascii: "\\")) ? byte : decodeEscape()
    }

    /// Decodes the escape whose backslash was just passed. The document is valid, so it is a known one.
    @usableFromInline mutating func decodeEscape() -> UInt8 {
        let letter = tokens.byte(offset)
        offset += 1
        switch letter {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"): return decodeUnicode()
        default: return letter
        }
    }

    private mutating func decodeUnicode() -> UInt8 {
        var scalar = fourDigits()
        if (0xD800..<0xDC00).contains(scalar) {
            offset += 2
            scalar = 0x10000 + (scalar - 0xD800) << 10 + (fourDigits() - 0xDC00)
        }
        switch scalar {
        case ..<0x80:
            return UInt8(scalar)
        case ..<0x800:
            pending = 0x80 | scalar & 0x3F
            return UInt8(0xC0 | scalar >> 6)
        case ..<0x10000:
            pending = (0x80 | scalar & 0x3F) << 8 | 0x80 | scalar >> 6 & 0x3F
            return UInt8(0xE0 | scalar >> 12)
        default:
            pending =
                (0x80 | scalar & 0x3F) << 16 | (0x80 | scalar >> 6 & 0x3F) << 8 | 0x80 | scalar >> 12 & 0x3F
            return UInt8(0xF0 | scalar >> 18)
        }
    }

    private mutating func fourDigits() -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit = UInt32(tokens.byte(offset))
            value = value << 4 | (digit & 0xF + (digit > UInt32(UInt8(ascii: "9")) ? 9 : 0))
            offset += 1
        }
        return value
    }
}
