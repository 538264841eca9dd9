// Writing XML into memory that the caller owns. What is given as text is escaped; nothing is ever written past
// the buffer, and a document that does not fit is reported at the end with the size that it needs.
internal import Units

struct XMLWriter: ~Copyable, ~Escapable {
    var bytes: ByteWriter

    @_lifetime(copy buffer)
    init(_ buffer: consuming MutableRawSpan) { bytes = ByteWriter(buffer) }

    /// `<Name`, open for attributes.
    @_lifetime(self: copy self)
    mutating func start(_ name: StaticString) {
        bytes.put(UInt8(ascii: "<"))
        bytes.put(name)
    }

    @_lifetime(self: copy self)
    mutating func closeStart() { bytes.put(UInt8(ascii: ">")) }

    @_lifetime(self: copy self)
    mutating func closeEmpty() { bytes.put("/>") }

    /// `<Name>`.
    @_lifetime(self: copy self)
    mutating func open(_ name: StaticString) {
        start(name)
        closeStart()
    }

    @_lifetime(self: copy self)
    mutating func end(_ name: StaticString) {
        bytes.put("</")
        bytes.put(name)
        bytes.put(UInt8(ascii: ">"))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: RawSpan) {
        attributeStart(name)
        put(escaping: value)
        bytes.put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: StaticString) {
        attributeStart(name)
        bytes.put(value)
        bytes.put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: Int) {
        attributeStart(name)
        bytes.put(decimal: Int64(value))
        bytes.put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: Bool) {
        attribute(name, value ? "true" : "false")
    }

    @_lifetime(self: copy self)
    mutating func attributeStart(_ name: StaticString) {
        bytes.put(UInt8(ascii: " "))
        bytes.put(name)
        bytes.put("=\"")
    }

    @_lifetime(self: copy self)
    mutating func attributeEnd() { bytes.put(UInt8(ascii: "\"")) }

    /// The text as CDATA. Where it has `]]>` itself, that is spread over two sections.
    @_lifetime(self: copy self)
    mutating func cdata(_ text: RawSpan) {
        bytes.put("<![CDATA[")
        var written = 0
        var at = 0
        while at + 2 < text.byteCount {
            at = text.first(from: at, { ByteScan.equal($0, UInt8(ascii: "]")) }, { $0 == UInt8(ascii: "]") })
            if text.has("]]>", at: at) {
                bytes.put(text.extracting(written..<at + 2))
                bytes.put("]]><![CDATA[")
                written = at + 2
                at += 2
            } else {
                at += 1
            }
        }
        bytes.put(text.extracting(written..<text.byteCount))
        bytes.put("]]>")
    }

    /// Text with what XML would take for its own written as references. A line feed in an attribute would be
    /// read as a space, so the controls are references, too.
    @_lifetime(self: copy self)
    mutating func put(escaping text: RawSpan) {
        var written = 0
        while true {
            let at = text.first(
                from: written, Self.mayNeedEscape, { Self.mayNeedEscape(UInt64($0)) & 0x80 != 0 })
            bytes.put(text.extracting(written..<at))
            guard at < text.byteCount else { return }
            let escape: StaticString
            switch text[byte: at] {
            case UInt8(ascii: "&"): escape = "&amp;"
            case UInt8(ascii: "<"): escape = "&lt;"
            case UInt8(ascii: ">"): escape = "&gt;"
            case UInt8(ascii: "\""): escape = "&quot;"
            case 0x09: escape = "&#9;"
            case 0x0A: escape = "&#10;"
            case 0x0D: escape = "&#13;"
            default:
                bytes.put(text[byte: at])
                written = at + 1
                continue
            }
            bytes.put(escape)
            written = at + 1
        }
    }

    /// `&`, `<`, `>`, `"`, and controls, of which some are written as they are.
    @inline(__always)
    private static func mayNeedEscape(_ word: UInt64) -> UInt64 {
        ByteScan.below(word, 0x20) | ByteScan.equal(word, UInt8(ascii: "&"))
            | ByteScan.equal(word, UInt8(ascii: "<")) | ByteScan.equal(word, UInt8(ascii: ">"))
            | ByteScan.equal(word, UInt8(ascii: "\""))
    }
}

// Times.
extension XMLWriter {
    /// HH:MM:SS, with milliseconds where there are any.
    @_lifetime(self: copy self)
    mutating func put(milliseconds: Int) {
        let seconds = milliseconds / 1000
        put(twoDigits: seconds / 3600)
        bytes.put(UInt8(ascii: ":"))
        put(twoDigits: seconds / 60 % 60)
        bytes.put(UInt8(ascii: ":"))
        put(twoDigits: seconds % 60)
        let rest = milliseconds % 1000
        guard rest > 0 else { return }
        bytes.put(UInt8(ascii: "."))
        bytes.put(UInt8(ascii: "0") + UInt8(rest / 100))
        put(twoDigits: rest % 100)
    }

    @_lifetime(self: copy self)
    private mutating func put(twoDigits value: Int) {
        bytes.put(UInt8(ascii: "0") + UInt8(value / 10 % 10))
        bytes.put(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
