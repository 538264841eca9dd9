// Writing XML into memory that the caller owns. What is given as text is escaped; nothing is ever written past
// the buffer, and a document that does not fit is reported at the end with the size that it needs.
internal import Units

struct XMLWriter: ~Copyable, ~Escapable {
    private var target: MutableRawSpan
    /// Bytes that the document takes so far; more than the buffer holds once it has overflowed.
    private(set) var count = 0

    @_lifetime(copy buffer)
    init(_ buffer: consuming MutableRawSpan) { target = buffer }

    var fits: Bool { count <= target.byteCount }

    /// `<Name`, open for attributes.
    @_lifetime(self: copy self)
    mutating func start(_ name: StaticString) {
        put(UInt8(ascii: "<"))
        put(name)
    }

    @_lifetime(self: copy self)
    mutating func closeStart() { put(UInt8(ascii: ">")) }

    @_lifetime(self: copy self)
    mutating func closeEmpty() { put("/>") }

    /// `<Name>`.
    @_lifetime(self: copy self)
    mutating func open(_ name: StaticString) {
        start(name)
        closeStart()
    }

    @_lifetime(self: copy self)
    mutating func end(_ name: StaticString) {
        put("</")
        put(name)
        put(UInt8(ascii: ">"))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: RawSpan) {
        attributeStart(name)
        put(escaping: value)
        put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: StaticString) {
        attributeStart(name)
        put(value)
        put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: Int) {
        attributeStart(name)
        put(value)
        put(UInt8(ascii: "\""))
    }

    @_lifetime(self: copy self)
    mutating func attribute(_ name: StaticString, _ value: Bool) {
        attribute(name, value ? "true" : "false")
    }

    @_lifetime(self: copy self)
    mutating func attributeStart(_ name: StaticString) {
        put(UInt8(ascii: " "))
        put(name)
        put("=\"")
    }

    @_lifetime(self: copy self)
    mutating func attributeEnd() { put(UInt8(ascii: "\"")) }

    /// The text as CDATA. Where it has `]]>` itself, that is spread over two sections.
    @_lifetime(self: copy self)
    mutating func cdata(_ text: RawSpan) {
        put("<![CDATA[")
        var written = 0
        var at = 0
        while at + 2 < text.byteCount {
            if text.has("]]>", at: at) {
                put(text, written..<at + 2)
                put("]]><![CDATA[")
                written = at + 2
                at += 2
            } else {
                at += 1
            }
        }
        put(text, written..<text.byteCount)
        put("]]>")
    }

    /// Text with what XML would take for its own written as references. A line feed in an attribute would be
    /// read as a space, so the controls are references, too.
    @_lifetime(self: copy self)
    mutating func put(escaping text: RawSpan) {
        var written = 0
        for at in 0..<text.byteCount {
            let escape: StaticString
            switch text[byte: at] {
            case UInt8(ascii: "&"): escape = "&amp;"
            case UInt8(ascii: "<"): escape = "&lt;"
            case UInt8(ascii: ">"): escape = "&gt;"
            case UInt8(ascii: "\""): escape = "&quot;"
            case 0x09: escape = "&#9;"
            case 0x0A: escape = "&#10;"
            case 0x0D: escape = "&#13;"
            default: continue
            }
            put(text, written..<at)
            put(escape)
            written = at + 1
        }
        put(text, written..<text.byteCount)
    }
}

// Bytes into the buffer: each of these counts what it would need, and writes only what fits.
extension XMLWriter {
    @_lifetime(self: copy self)
    mutating func put(_ byte: UInt8) {
        if count < target.byteCount {
            unsafe target.storeBytes(of: byte, toUncheckedByteOffset: count, as: UInt8.self)
        }
        count &+= 1
    }

    @_lifetime(self: copy self)
    mutating func put(_ text: StaticString) {
        unsafe put(RawSpan(_unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount))
    }

    @_lifetime(self: copy self)
    mutating func put(_ bytes: RawSpan, _ range: Range<Int>) { put(bytes.extracting(range)) }

    @_lifetime(self: copy self)
    mutating func put(_ bytes: RawSpan) {
        let length = bytes.byteCount
        let start = count
        count &+= length
        guard length > 0, count <= target.byteCount else { return }
        unsafe bytes.withUnsafeBytes { source in
            unsafe target.withUnsafeMutableBytes { buffer in
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: source)
            }
        }
    }

    @_lifetime(self: copy self)
    mutating func put(_ value: Int) {
        if value < 0 { put(UInt8(ascii: "-")) }
        let digits = value.magnitude
        var place: UInt = 1
        while place <= digits / 10 { place *= 10 }
        while place > 0 {
            put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digits / place % 10))
            place /= 10
        }
    }

    @_lifetime(self: copy self)
    mutating func put(_ amount: Micros) {
        var digits = amount.digits
        while let byte = digits.next() { put(byte) }
    }

    /// HH:MM:SS, with milliseconds where there are any.
    @_lifetime(self: copy self)
    mutating func put(milliseconds: Int) {
        let seconds = milliseconds / 1000
        put(twoDigits: seconds / 3600)
        put(UInt8(ascii: ":"))
        put(twoDigits: seconds / 60 % 60)
        put(UInt8(ascii: ":"))
        put(twoDigits: seconds % 60)
        let rest = milliseconds % 1000
        guard rest > 0 else { return }
        put(UInt8(ascii: "."))
        put(UInt8(ascii: "0") + UInt8(rest / 100))
        put(twoDigits: rest % 100)
    }

    @_lifetime(self: copy self)
    private mutating func put(twoDigits value: Int) {
        put(UInt8(ascii: "0") + UInt8(value / 10 % 10))
        put(UInt8(ascii: "0") + UInt8(value % 10))
    }
}
