// A pull scanner for the part of XML that VAST needs: elements, attributes, text, CDATA and comments. It
// checks that the document is well formed, refuses document types and processing instructions outright, and
// knows no entity beyond XML's own five, so that nothing can grow while it is read.

/// What a caller allows, so that no document costs more than it is worth.
public struct VASTLimits: Sendable {
    /// A pod of ten ads with all their trackers takes some 100 KB; what is ten times larger is not one.
    public static let defaultBytes = 1 << 20
    /// VAST itself nests nine deep; extensions bring their own elements.
    public static let defaultDepth = 32
    /// A media file, the element with the most, has fourteen.
    static let attributes = 32

    public var bytes: Int
    public var depth: Int

    public init(bytes: Int = VASTLimits.defaultBytes, depth: Int = VASTLimits.defaultDepth) {
        self.bytes = bytes
        self.depth = depth
    }
}

struct XMLAttribute {
    var name: Range<Int>
    var value: Range<Int>
}

enum XMLEvent {
    /// A start tag, or an empty element: then its end follows as an event of its own. The attributes are in
    /// the scanner until the next event.
    case start(name: Range<Int>)
    case end(name: Range<Int>)
    /// Text as it stands, references and all.
    case text(Range<Int>)
    case cdata(Range<Int>)
    case documentEnd
}

struct XMLScanner: ~Copyable, ~Escapable {
    let bytes: RawSpan
    private let limits: VASTLimits
    var offset = 0
    var attributes: [XMLAttribute] = []
    /// The names of the elements that are open.
    private(set) var open: [Range<Int>] = []
    private var hasRoot = false
    /// The name of an empty element whose end is still to be told.
    private var pendingEnd: Range<Int>?
    var prefixes = XMLPrefixes()

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan, limits: VASTLimits) throws(VASTError) {
        self.bytes = bytes
        self.limits = limits
        guard bytes.byteCount <= limits.bytes else {
            throw VASTError(
                .tooLarge, at: limits.bytes, found: "\(bytes.byteCount) bytes", allowed: "\(limits.bytes)")
        }
        if let invalid = XMLCharacters.firstInvalid(in: bytes) {
            throw VASTError(.invalidCharacter, at: invalid)
        }
        if bytes.has("\u{FEFF}", at: 0) { offset = 3 }
        if bytes.has("<?xml", at: offset) && XMLCharacters.isSpace(bytes[byte: offset + 5]) {
            offset = try XMLDeclaration.end(in: bytes, at: offset)
        }
    }

    @_lifetime(self: copy self)
    mutating func next() throws(VASTError) -> XMLEvent {
        if let name = pendingEnd {
            pendingEnd = nil
            close()
            return .end(name: name)
        }
        while true {
            guard offset < bytes.byteCount else {
                guard hasRoot && open.isEmpty else { throw VASTError(.truncated, at: offset) }
                return .documentEnd
            }
            guard bytes[byte: offset] == UInt8(ascii: "<") else {
                if let text = try text() { return .text(text) }
                continue
            }
            switch bytes[byte: offset + 1] {
            case UInt8(ascii: "/"): return .end(name: try endTag())
            case UInt8(ascii: "!"): if let data = try declaration() { return .cdata(data) }
            case UInt8(ascii: "?"): throw VASTError(.processingInstruction, at: offset)
            default: return .start(name: try startTag())
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func close() {
        open.removeLast()
        prefixes.close(depth: open.count)
    }
}

// Markup.
extension XMLScanner {
    @_lifetime(self: copy self)
    private mutating func startTag() throws(VASTError) -> Range<Int> {
        let start = offset
        offset += 1
        let name = try name()
        guard !open.isEmpty || !hasRoot else {
            throw VASTError(.secondRoot, at: start, found: bytes.excerpt(name))
        }
        guard open.count < limits.depth else {
            throw VASTError(.tooDeep, at: start, allowed: "\(limits.depth) levels")
        }
        hasRoot = true
        open.append(name)
        let isEmpty = try attributesAndEnd()
        try prefixes.open(name: name, attributes: attributes, depth: open.count, in: bytes)
        if isEmpty { pendingEnd = name }
        return name
    }

    /// The attributes up to the end of the start tag, and whether the element is an empty one.
    @_lifetime(self: copy self)
    private mutating func attributesAndEnd() throws(VASTError) -> Bool {
        attributes.removeAll(keepingCapacity: true)
        while true {
            let spaced = skipSpace()
            switch bytes[byte: offset] {
            case UInt8(ascii: ">"):
                offset += 1
                return false
            case UInt8(ascii: "/"):
                try expect("/>")
                return true
            default:
                guard offset < bytes.byteCount else { throw VASTError(.truncated, at: offset) }
                guard spaced else { throw malformed("a space before an attribute") }
                try attribute()
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func attribute() throws(VASTError) {
        let name = try name()
        for other in attributes where bytes.same(other.name, name) {
            throw VASTError(.duplicateAttribute, at: name.lowerBound, found: bytes.excerpt(name))
        }
        guard attributes.count < VASTLimits.attributes else {
            throw VASTError(.tooManyAttributes, at: name.lowerBound, allowed: "\(VASTLimits.attributes)")
        }
        _ = skipSpace()
        try expect("=")
        _ = skipSpace()
        let quote = bytes[byte: offset]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            throw malformed("a value in quotes")
        }
        offset += 1
        let start = offset
        while bytes[byte: offset] != quote {
            switch bytes[byte: offset] {
            case 0: throw VASTError(.truncated, at: offset)
            case UInt8(ascii: "<"): throw malformed("&lt; in a value")
            case UInt8(ascii: "&"): offset = try XMLReference(in: bytes, at: offset).end
            default: offset += 1
            }
        }
        attributes.append(XMLAttribute(name: name, value: start..<offset))
        offset += 1
    }

    @_lifetime(self: copy self)
    private mutating func endTag() throws(VASTError) -> Range<Int> {
        let start = offset
        offset += 2
        let name = try name()
        guard let opened = open.last, bytes.same(opened, name) else {
            throw VASTError(
                .mismatchedEnd, at: start, found: "</\(bytes.excerpt(name))>",
                allowed: open.last.map { "</\(bytes.excerpt($0))>" } ?? "nothing, for no element is open")
        }
        _ = skipSpace()
        try expect(">")
        close()
        return name
    }

    /// A comment, which is passed over, or a CDATA section, whose content is given.
    @_lifetime(self: copy self)
    private mutating func declaration() throws(VASTError) -> Range<Int>? {
        if bytes.has("<!--", at: offset) {
            var at = offset + 4
            while !bytes.has("--", at: at) {
                guard at < bytes.byteCount else { throw VASTError(.truncated, at: bytes.byteCount) }
                at += 1
            }
            offset = at
            try expect("-->")
            return nil
        }
        if bytes.has("<![CDATA[", at: offset) {
            guard !open.isEmpty else { throw VASTError(.textOutsideRoot, at: offset) }
            let start = offset + 9
            var at = start
            while !bytes.has("]]>", at: at) {
                guard at < bytes.byteCount else { throw VASTError(.truncated, at: bytes.byteCount) }
                at += 1
            }
            offset = at + 3
            return start..<at
        }
        if bytes.has("<!DOCTYPE", at: offset) { throw VASTError(.documentType, at: offset) }
        throw malformed("a comment, CDATA or a tag")
    }

    /// Text up to the next tag, or nil where it is only space outside of the root element.
    @_lifetime(self: copy self)
    private mutating func text() throws(VASTError) -> Range<Int>? {
        let start = offset
        var isSpace = true
        while offset < bytes.byteCount, bytes[byte: offset] != UInt8(ascii: "<") {
            let byte = bytes[byte: offset]
            if !XMLCharacters.isSpace(byte) {
                isSpace = false
                guard !open.isEmpty else {
                    throw VASTError(.textOutsideRoot, at: offset, found: bytes.excerpt(offset..<offset + 1))
                }
            }
            if byte == UInt8(ascii: "&") {
                offset = try XMLReference(in: bytes, at: offset).end
            } else if byte == UInt8(ascii: "]") && bytes.has("]]>", at: offset) {
                throw VASTError(.cdataEndInText, at: offset)
            } else {
                offset += 1
            }
        }
        return open.isEmpty && isSpace ? nil : start..<offset
    }
}

// Pieces.
extension XMLScanner {
    @_lifetime(self: copy self)
    private mutating func name() throws(VASTError) -> Range<Int> {
        let start = offset
        guard XMLCharacters.isNameStart(bytes[byte: offset]) else {
            throw offset < bytes.byteCount
                ? VASTError(
                    bytes[byte: offset] < 0x80 ? .malformed : .invalidName, at: offset,
                    found: "'\(bytes.excerpt(offset..<offset + 1))'", allowed: "a name in ASCII")
                : VASTError(.truncated, at: offset)
        }
        while XMLCharacters.isNameByte(bytes[byte: offset]) { offset += 1 }
        guard bytes[byte: offset] < 0x80 else {
            throw VASTError(.invalidName, at: offset, allowed: "a name in ASCII")
        }
        return start..<offset
    }

    @_lifetime(self: copy self)
    private mutating func skipSpace() -> Bool {
        let start = offset
        while XMLCharacters.isSpace(bytes[byte: offset]) { offset += 1 }
        return offset > start
    }

    @_lifetime(self: copy self)
    private mutating func expect(_ literal: StaticString) throws(VASTError) {
        guard bytes.has(literal, at: offset) else {
            throw offset + literal.utf8CodeUnitCount <= bytes.byteCount
                ? malformed("\(literal)") : VASTError(.truncated, at: bytes.byteCount)
        }
        offset += literal.utf8CodeUnitCount
    }

    private func malformed(_ allowed: String) -> VASTError {
        VASTError(
            .malformed, at: offset, found: "'\(bytes.excerpt(offset..<min(offset + 1, bytes.byteCount)))'",
            allowed: allowed)
    }
}
