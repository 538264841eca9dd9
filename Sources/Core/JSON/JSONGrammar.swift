// RFC 8259 read byte by byte, as plainly as it can be written. The kernel only says that a document is not
// valid; this says why and where. It is also the whole of `JSONDocument.validate`, which has no scratch.

/// A walk over a document that stops at the first byte which no valid document could have there.
@safe struct JSONGrammar: ~Escapable {
    private let bytes: RawSpan
    private let depth: Int
    private var offset = 0

    @_lifetime(copy bytes) private init(_ bytes: RawSpan, depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    /// What is wrong with the bytes, or nil if they are a document.
    static func error(in bytes: RawSpan, depth: Int) -> JSONError? {
        var grammar = JSONGrammar(bytes, depth: depth)
        do throws(JSONError) { try grammar.document() } catch { return error }
        return nil
    }

    /// What is wrong with bytes that the kernel refused.
    static func refusal(of bytes: RawSpan, depth: Int) -> JSONError {
        error(in: bytes, depth: depth) ?? JSONError(.malformed, at: 0)
    }

    /// The byte at the place reached, or nil at the end.
    private var current: UInt8? {
        offset < bytes.byteCount
            ? unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self) : nil
    }

    private var startsWithByteOrderMark: Bool {
        guard bytes.byteCount >= 3 else { return false }
        return unsafe bytes.unsafeLoadUnaligned(as: UInt16.self) == UInt16(littleEndian: 0xBBEF)
            && bytes.unsafeLoad(fromByteOffset: 2, as: UInt8.self) == 0xBF
    }

    private mutating func skipWhiteSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// The error for a byte that does not belong here, or for the document's end.
    private func refused(_ reason: JSONError.Reason) -> JSONError {
        JSONError(offset < bytes.byteCount ? reason : .truncated, at: offset)
    }

    private mutating func document() throws(JSONError) {
        if startsWithByteOrderMark { throw JSONError(.byteOrderMark, at: 0) }
        skipWhiteSpace()
        guard offset < bytes.byteCount else { throw JSONError(.empty, at: offset) }
        var brackets = OpenBrackets()
        var open = 0
        while true {
            // A value, or an opening bracket and then whatever may follow it.
            if let byte = current, byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                guard open < depth else { throw JSONError(.tooDeep, at: offset) }
                let isObject = byte == UInt8(ascii: "{")
                brackets[open] = isObject
                open += 1
                offset += 1
                skipWhiteSpace()
                if current != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { try key() }
                    continue
                }
            } else {
                try scalar()
            }
            // After a value: close what ends here, then a comma and the next value, or the end of all.
            skipWhiteSpace()
            while open > 0 {
                let isObject = brackets[open - 1]
                guard current == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { break }
                open -= 1
                offset += 1
                skipWhiteSpace()
            }
            if open == 0 {
                guard offset == bytes.byteCount else { throw JSONError(.trailingBytes, at: offset) }
                return
            }
            guard current == UInt8(ascii: ",") else { throw refused(.expectedCommaOrEnd) }
            offset += 1
            skipWhiteSpace()
            if brackets[open - 1] { try key() }
        }
    }

    /// A key with its colon, and the white space up to the value.
    private mutating func key() throws(JSONError) {
        guard current == UInt8(ascii: "\"") else { throw refused(.expectedKey) }
        try string()
        skipWhiteSpace()
        guard current == UInt8(ascii: ":") else { throw refused(.expectedColon) }
        offset += 1
        skipWhiteSpace()
    }

    private mutating func scalar() throws(JSONError) {
        switch current ?? 0 {
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw refused(.expectedValue)
        }
    }

    @_lifetime(self: copy self)
    private mutating func literal(_ text: StaticString) throws(JSONError) {
        for i in 0..<text.utf8CodeUnitCount {
            guard current == (unsafe text.utf8Start[i]) else { throw refused(.invalidLiteral) }
            offset += 1
        }
    }

    private mutating func number() throws(JSONError) {
        if current == UInt8(ascii: "-") { offset += 1 }
        if current == UInt8(ascii: "0") {
            offset += 1
            if let byte = current, isDigit(byte) { throw JSONError(.leadingZero, at: offset - 1) }
        } else {
            try digits()
        }
        if current == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(JSONError) {
        guard let first = current, isDigit(first) else { throw refused(.invalidNumber) }
        while let byte = current, isDigit(byte) { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

/// Which of the open brackets are braces: a bit for each, as many as any document may have.
private struct OpenBrackets {
    private var words = InlineArray<16, UInt64>(repeating: 0)

    init() { precondition(words.count * 64 == JSONLimits.deepest, "a bit for each open bracket") }

    subscript(_ index: Int) -> Bool {
        get { words[index >> 6] >> UInt64(index & 63) & 1 == 1 }
        set {
            let bit: UInt64 = 1 << UInt64(index & 63)
            words[index >> 6] = newValue ? words[index >> 6] | bit : words[index >> 6] & ~bit
        }
    }
}

// Strings: their characters, their escapes, and the UTF-8 that they are written in.
extension JSONGrammar {
    private mutating func string() throws(JSONError) {
        offset += 1
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case ..<0x20: throw JSONError(.controlCharacter, at: offset)
            case ..<0x80: offset += 1
            default: try multibyte(byte)
            }
        }
        throw refused(.truncated)
    }

    private mutating func escape() throws(JSONError) {
        let start = offset
        offset += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 1
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            if (0xDC00..<0xE000).contains(unit) { throw JSONError(.loneSurrogate, at: start) }
            guard (0xD800..<0xDC00).contains(unit) else { return }
            guard current == UInt8(ascii: "\\") else { throw lone(start) }
            offset += 1
            guard current == UInt8(ascii: "u") else { throw lone(start) }
            guard (0xDC00..<0xE000).contains(try codeUnit()) else {
                throw JSONError(.loneSurrogate, at: start)
            }
        default: throw refused(.invalidEscape)
        }
    }

    private func lone(_ start: Int) -> JSONError {
        offset < bytes.byteCount ? JSONError(.loneSurrogate, at: start) : JSONError(.truncated, at: offset)
    }

    /// The four hexadecimal digits after the `u` that is the current byte.
    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        offset += 1
        var unit: UInt32 = 0
        for _ in 0..<4 {
            switch current {
            case let byte? where isDigit(byte): unit = unit << 4 | UInt32(byte & 0xF)
            case let byte? where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20):
                unit = unit << 4 | UInt32(byte & 0xF + 9)
            default: throw refused(.invalidEscape)
            }
            offset += 1
        }
        return unit
    }

    /// A character outside ASCII: two to four bytes, shortest form, no surrogates, up to U+10FFFF.
    @_lifetime(self: copy self)
    private mutating func multibyte(_ first: UInt8) throws(JSONError) {
        let start = offset
        let length: Int
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, allowed) = (3, 0xA0...0xBF)
        case 0xED: (length, allowed) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, allowed) = (4, 0x90...0xBF)
        case 0xF4: (length, allowed) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw JSONError(.invalidUTF8, at: start)
        }
        offset += 1
        for _ in 1..<length {
            guard let byte = current else { throw refused(.truncated) }
            guard allowed.contains(byte) else { throw JSONError(.invalidUTF8, at: start) }
            allowed = 0x80...0xBF
            offset += 1
        }
    }
}
