// The small pieces of XML: the declaration at the start, references in text, and prefixes of namespaces.

/// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`, where a document has it.
enum XMLDeclaration {
    /// Where the declaration that starts here ends.
    static func end(in bytes: RawSpan, at start: Int) throws(VASTError) -> Int {
        var at = start + 5
        guard let version = try value("version", in: bytes, at: &at) else {
            throw VASTError(.malformed, at: at, allowed: "version=\"1.0\"")
        }
        guard bytes.equals("1.0", in: version) else {
            throw VASTError(
                .malformed, at: version.lowerBound, found: bytes.excerpt(version), allowed: "version 1.0")
        }
        if let encoding = try value("encoding", in: bytes, at: &at) {
            guard isUTF8(bytes, encoding) else {
                throw VASTError(
                    .wrongEncoding, at: encoding.lowerBound, found: bytes.excerpt(encoding), allowed: "UTF-8")
            }
        }
        if let alone = try value("standalone", in: bytes, at: &at) {
            guard bytes.equals("yes", in: alone) || bytes.equals("no", in: alone) else {
                throw VASTError(
                    .malformed, at: alone.lowerBound, found: bytes.excerpt(alone), allowed: "yes, no")
            }
        }
        while XMLCharacters.isSpace(bytes[byte: at]) { at += 1 }
        guard bytes.has("?>", at: at) else { throw VASTError(.malformed, at: at, allowed: "?>") }
        return at + 2
    }

    /// The value of this pseudo attribute if it comes next.
    private static func value(
        _ name: StaticString, in bytes: RawSpan, at: inout Int
    ) throws(VASTError) -> Range<Int>? {
        var next = at
        while XMLCharacters.isSpace(bytes[byte: next]) { next += 1 }
        guard next > at, bytes.has(name, at: next) else { return nil }
        next += name.utf8CodeUnitCount
        while XMLCharacters.isSpace(bytes[byte: next]) { next += 1 }
        guard bytes[byte: next] == UInt8(ascii: "=") else {
            throw VASTError(.malformed, at: next, allowed: "=")
        }
        next += 1
        while XMLCharacters.isSpace(bytes[byte: next]) { next += 1 }
        let quote = bytes[byte: next]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw VASTError(.malformed, at: next, allowed: "a value in quotes")
        }
        let start = next + 1
        var end = start
        while bytes[byte: end] != quote {
            guard end < bytes.byteCount else { throw VASTError(.truncated, at: end) }
            end += 1
        }
        at = end + 1
        return start..<end
    }

    /// Names of encodings are taken in any case.
    private static func isUTF8(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
        let name: [UInt8] = Array("utf-8".utf8)
        guard range.count == name.count else { return false }
        for (i, at) in range.enumerated() {
            let byte = bytes[byte: at]
            guard (XMLCharacters.isLetter(byte) ? byte | 0x20 : byte) == name[i] else { return false }
        }
        return true
    }
}

/// `&amp;` and its four siblings, `&#65;` and `&#x41;`.
struct XMLReference {
    var scalar: UInt32
    var end: Int

    /// The reference whose ampersand stands here.
    init(in bytes: RawSpan, at start: Int) throws(VASTError) {
        if bytes[byte: start + 1] == UInt8(ascii: "#") {
            (scalar, end) = try Self.number(in: bytes, at: start)
            return
        }
        let named: (StaticString, UInt32)? =
            if bytes.has("&amp;", at: start) {
                ("&amp;", 0x26)
            } else if bytes.has("&lt;", at: start) {
                ("&lt;", 0x3C)
            } else if bytes.has("&gt;", at: start) {
                ("&gt;", 0x3E)
            } else if bytes.has("&quot;", at: start) {
                ("&quot;", 0x22)
            } else if bytes.has("&apos;", at: start) {
                ("&apos;", 0x27)
            } else {
                nil
            }
        guard let named else {
            var end = start + 1
            while XMLCharacters.isNameByte(bytes[byte: end]) { end += 1 }
            throw VASTError(
                .unknownEntity, at: start, found: bytes.excerpt(start..<end),
                allowed: "&amp; &lt; &gt; &quot; &apos;")
        }
        scalar = named.1
        end = start + named.0.utf8CodeUnitCount
    }

    private static func number(in bytes: RawSpan, at start: Int) throws(VASTError) -> (UInt32, Int) {
        let isHex = bytes[byte: start + 2] == UInt8(ascii: "x")
        var at = start + (isHex ? 3 : 2)
        let first = at
        var scalar: UInt32 = 0
        while let digit = digit(bytes[byte: at], isHex: isHex), scalar < 0x110_0000 {
            scalar = scalar * (isHex ? 16 : 10) + digit
            at += 1
        }
        guard at > first, bytes[byte: at] == UInt8(ascii: ";"), XMLCharacters.isCharacter(scalar) else {
            throw VASTError(
                .invalidReference, at: start, found: bytes.excerpt(start..<min(at, bytes.byteCount)))
        }
        return (scalar, at + 1)
    }

    private static func digit(_ byte: UInt8, isHex: Bool) -> UInt32? {
        if XMLCharacters.isDigit(byte) { return UInt32(byte & 0xF) }
        guard isHex, XMLCharacters.isLetter(byte), byte | 0x20 <= UInt8(ascii: "f") else { return nil }
        return UInt32(byte & 0xF) + 9
    }
}

/// The prefixes that the open elements declare. A prefix that nothing declares makes a document that half of
/// all readers refuse.
struct XMLPrefixes {
    private var declared: [(name: Range<Int>, depth: Int)] = []

    mutating func open(
        name: Range<Int>, attributes: [XMLAttribute], depth: Int, in bytes: RawSpan
    ) throws(VASTError) {
        for attribute in attributes where bytes.has("xmlns:", at: attribute.name.lowerBound) {
            declared.append((attribute.name.lowerBound + 6..<attribute.name.upperBound, depth))
        }
        try check(name, in: bytes)
        for attribute in attributes { try check(attribute.name, in: bytes) }
    }

    mutating func close(depth: Int) {
        while let last = declared.last, last.depth > depth { declared.removeLast() }
    }

    private func check(_ name: Range<Int>, in bytes: RawSpan) throws(VASTError) {
        guard let colon = name.first(where: { bytes[byte: $0] == UInt8(ascii: ":") }) else { return }
        let prefix = name.lowerBound..<colon
        let local = colon + 1..<name.upperBound
        guard !prefix.isEmpty, !local.isEmpty, local.allSatisfy({ bytes[byte: $0] != UInt8(ascii: ":") }),
            XMLCharacters.isNameStart(bytes[byte: local.lowerBound])
        else { throw VASTError(.invalidName, at: name.lowerBound, found: bytes.excerpt(name)) }
        if bytes.equals("xmlns", in: prefix) || bytes.equals("xml", in: prefix) { return }
        for known in declared where bytes.same(known.name, prefix) { return }
        throw VASTError(.undeclaredPrefix, at: name.lowerBound, found: bytes.excerpt(name))
    }
}

extension RawSpan {
    /// Whether the same bytes stand at both places.
    func same(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
        guard a.count == b.count else { return false }
        for i in 0..<a.count where self[byte: a.lowerBound + i] != self[byte: b.lowerBound + i] {
            return false
        }
        return true
    }

    /// Whether these bytes are this text.
    func matches(_ text: String, in range: Range<Int>) -> Bool {
        guard range.count == text.utf8.count else { return false }
        for (i, byte) in text.utf8.enumerated() where self[byte: range.lowerBound + i] != byte {
            return false
        }
        return true
    }
}
