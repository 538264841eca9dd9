// Which bytes XML 1.0 takes as text at all: UTF-8, and of its characters all but most controls and the two
// noncharacters at the end of the basic plane. Used on what comes in and on what goes out.

internal import Units

enum XMLCharacters {
    /// Where the first byte stands that no XML document may contain, or nil.
    static func firstInvalid(in bytes: RawSpan) -> Int? {
        var at = 0
        while true {
            at = bytes.first(
                from: at, { ByteScan.below($0, 0x20) | ByteScan.notASCII($0) }, { $0 < 0x20 || $0 >= 0x80 })
            guard at < bytes.byteCount else { return nil }
            let first = bytes[byte: at]
            if first < 0x80 {
                guard first >= 0x20 || first == 0x09 || first == 0x0A || first == 0x0D else { return at }
                at += 1
                continue
            }
            guard let (scalar, length) = scalar(in: bytes, at: at), isCharacter(scalar) else { return at }
            at += length
        }
    }

    /// The character of several bytes that starts here, or nil where it is none: cut off, written too long,
    /// a surrogate, or beyond Unicode.
    static func scalar(in bytes: RawSpan, at: Int) -> (scalar: UInt32, length: Int)? {
        let first = UInt32(bytes[byte: at])
        let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        guard (0xC2...0xF4).contains(first), at + length <= bytes.byteCount else { return nil }
        var scalar = first & (0x7F >> UInt32(length))
        for next in at + 1..<at + length {
            let byte = UInt32(bytes[byte: next])
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | byte & 0x3F
        }
        let least: UInt32 = length == 4 ? 0x1_0000 : length == 3 ? 0x800 : 0x80
        guard scalar >= least, scalar <= 0x10_FFFF, !(0xD800...0xDFFF).contains(scalar) else { return nil }
        return (scalar, length)
    }

    /// XML's own production `Char`.
    static func isCharacter(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
        default: false
        }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    static func isNameStart(_ byte: UInt8) -> Bool {
        isLetter(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":")
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}

extension RawSpan {
    /// The byte at this offset. Beyond the end there is a zero, which no document has, so that a scanner needs
    /// no check of its own at every step.
    subscript(byte offset: Int) -> UInt8 {
        offset >= 0 && offset < byteCount
            ? unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self) : 0
    }

    /// Whether the literal stands here.
    func has(_ literal: StaticString, at offset: Int) -> Bool {
        guard offset >= 0, offset <= byteCount - literal.utf8CodeUnitCount else { return false }
        for i in 0..<literal.utf8CodeUnitCount
        where self[byte: offset + i] != (unsafe literal.utf8Start[i]) { return false }
        return true
    }

    /// Whether these bytes are the literal.
    func equals(_ literal: StaticString, in range: Range<Int>) -> Bool {
        range.count == literal.utf8CodeUnitCount && has(literal, at: range.lowerBound)
    }

    /// The bytes as text for a message: what is not printable ASCII is shown by a question mark, and what is
    /// long is cut.
    func excerpt(_ range: Range<Int>) -> String {
        let longest = 60
        var text = ""
        for at in range.prefix(longest) {
            let byte = self[byte: at]
            text.unicodeScalars.append(
                byte >= 0x20 && byte < 0x7F ? Unicode.Scalar(byte) : Unicode.Scalar(UInt8(ascii: "?")))
        }
        return range.count > longest ? text + "…" : text
    }
}
