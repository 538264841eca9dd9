// The strict checker of VAST: the bytes are XML, and that XML is VAST of a version that is read, element by
// element in the schema's order. The first error ends it. For people, tests and the catalog's compiler: it
// is no part of the path of a request.

public enum VASTVersion: UInt8, Hashable, Sendable, CaseIterable {
    case v3_0, v4_2

    public var text: StaticString {
        switch self {
        case .v3_0: "3.0"
        case .v4_2: "4.2"
        }
    }

    var grammar: VASTGrammar {
        switch self {
        case .v3_0: .version3
        case .v4_2: .version4
        }
    }
}

/// What a document that was accepted is.
public struct VASTSummary: Hashable, Sendable {
    public var version: VASTVersion
    public var ads = 0
    public var wrappers = 0
    public var mediaFiles = 0

    /// Checks the document, or throws what is wrong with it.
    public init(checking document: RawSpan, limits: VASTLimits = VASTLimits()) throws(VASTError) {
        var checker = try VASTChecker(document, limits: limits)
        self = try checker.check()
    }

    fileprivate init(version: VASTVersion) { self.version = version }
}

struct VASTChecker: ~Copyable, ~Escapable {
    private var scanner: XMLScanner
    private var grammar: VASTGrammar
    private var frames: [Frame] = []
    /// The text of the value that is being read, decoded.
    private var value: [UInt8] = []
    private var valueStart = 0
    private var summary: VASTSummary

    /// An open element: how far it has come in what it may hold.
    private struct Frame {
        /// Nil within an extension, where anything may stand.
        var type: Int?
        var name: Range<Int>
        var particle = 0
        /// Whether the particle was met already.
        var isMet = false
    }

    @_lifetime(copy document)
    init(_ document: RawSpan, limits: VASTLimits) throws(VASTError) {
        scanner = try XMLScanner(document, limits: limits)
        grammar = .version4
        summary = VASTSummary(version: .v4_2)
    }

    @_lifetime(self: copy self)
    mutating func check() throws(VASTError) -> VASTSummary {
        while true {
            switch try scanner.next() {
            case .start(let name): try start(name)
            case .end(let name): try end(name)
            case .text(let range): try text(range, isCDATA: false)
            case .cdata(let range): try text(range, isCDATA: true)
            case .documentEnd: return summary
            }
        }
    }
}

// Elements.
extension VASTChecker {
    @_lifetime(self: copy self)
    private mutating func start(_ name: Range<Int>) throws(VASTError) {
        guard let parent = frames.last else { return try root(name) }
        guard let type = parent.type, !grammar.types[type].takesAnyElement else {
            frames.append(Frame(type: nil, name: name))
            return
        }
        if grammar.types[type].value != nil {
            throw VASTError(
                .elementInValue, at: name.lowerBound - 1, found: "<\(scanner.bytes.excerpt(name))>",
                allowed: "text in <\(scanner.bytes.excerpt(parent.name))>")
        }
        let particle = try place(name, in: grammar.types[type])
        frames[frames.count - 1].particle = particle
        frames[frames.count - 1].isMet = true
        let child = grammar.types[type].particles[particle].type
        frames.append(Frame(type: child, name: name))
        try attributes(grammar.types[child], of: name)
        count(grammar.types[type].particles[particle].name)
        value.removeAll(keepingCapacity: true)
        valueStart = scanner.offset
    }

    /// The place of an element in the order of the one that is open.
    private func place(
        _ name: Range<Int>, in type: VASTGrammar.ElementType
    ) throws(VASTError) -> Int {
        let frame = frames[frames.count - 1]
        let particles = type.particles
        var at = frame.particle
        if frame.isMet && !(particles[at].isRepeatable && scanner.bytes.matches(particles[at].name, in: name))
        {
            at = particles[at].following
        }
        let first = at
        while at < particles.count {
            if scanner.bytes.matches(particles[at].name, in: name) { return at }
            if particles[at].isRequired { break }
            at += 1
        }
        let found = "<\(scanner.bytes.excerpt(name))>"
        if at < particles.count, particles.contains(where: { scanner.bytes.matches($0.name, in: name) }) {
            throw VASTError(
                .missingElement, at: name.lowerBound - 1, found: found, allowed: "<\(particles[at].name)>")
        }
        var allowed = particles[first..<min(at + 1, particles.count)].map { "<\($0.name)>" }
        if at == particles.count { allowed.append("</\(scanner.bytes.excerpt(frame.name))>") }
        throw VASTError(
            .unexpectedElement, at: name.lowerBound - 1, found: found,
            allowed: allowed.joined(separator: ", "))
    }

    @_lifetime(self: copy self)
    private mutating func end(_ name: Range<Int>) throws(VASTError) {
        guard let frame = frames.popLast(), let number = frame.type else { return }
        let type = grammar.types[number]
        if let kind = type.value {
            if let reason = kind.refusal(of: value) {
                throw VASTError(
                    reason, at: valueStart, found: "\"\(Self.excerpt(value))\"", allowed: kind.allowed)
            }
            value.removeAll(keepingCapacity: true)
            return
        }
        guard !type.takesAnyElement else { return }
        var at = frame.particle
        if frame.isMet { at = type.particles[at].following }
        while at < type.particles.count {
            guard !type.particles[at].isRequired else {
                throw VASTError(
                    .missingElement, at: frame.name.lowerBound - 1,
                    found: "<\(scanner.bytes.excerpt(frame.name))> without it",
                    allowed: "<\(type.particles[at].name)>")
            }
            at += 1
        }
        if type.name == "Ad" && !frame.isMet {
            throw VASTError(.emptyAd, at: frame.name.lowerBound - 1, allowed: "<InLine>, <Wrapper>")
        }
    }

    @_lifetime(self: copy self)
    private mutating func count(_ name: String) {
        switch name {
        case "Ad": summary.ads += 1
        case "Wrapper": summary.wrappers += 1
        case "MediaFile": summary.mediaFiles += 1
        default: break
        }
    }
}

// Attributes and text.
extension VASTChecker {
    /// The root element decides which version the rest is held to.
    @_lifetime(self: copy self)
    private mutating func root(_ name: Range<Int>) throws(VASTError) {
        guard scanner.bytes.equals("VAST", in: name) else {
            throw VASTError(
                .unexpectedElement, at: name.lowerBound - 1, found: "<\(scanner.bytes.excerpt(name))>",
                allowed: "<VAST>")
        }
        let known = scanner.attributes.first { scanner.bytes.equals("version", in: $0.name) }
        guard let attribute = known else {
            throw VASTError(.missingAttribute, at: name.lowerBound - 1, allowed: "version")
        }
        let version = VASTVersion.allCases.first { scanner.bytes.equals($0.text, in: attribute.value) }
        guard let version else {
            throw VASTError(
                .unsupportedVersion, at: attribute.value.lowerBound,
                found: scanner.bytes.excerpt(attribute.value),
                allowed: VASTVersion.allCases.map { "\($0.text)" }.joined(separator: ", "))
        }
        summary.version = version
        grammar = version.grammar
        try checkNamespace(of: name)
        frames.append(Frame(type: 0, name: name))
        try attributes(grammar.types[0], of: name)
    }

    private func checkNamespace(of name: Range<Int>) throws(VASTError) {
        let declared = scanner.attributes.first { scanner.bytes.equals("xmlns", in: $0.name) }
        if let expected = grammar.namespace {
            guard let declared, scanner.bytes.matches(expected, in: declared.value) else {
                throw VASTError(
                    .wrongNamespace, at: declared?.value.lowerBound ?? name.lowerBound - 1,
                    found: declared.map { scanner.bytes.excerpt($0.value) } ?? "<VAST> without one",
                    allowed: "xmlns=\"\(expected)\"")
            }
        } else if let declared, !declared.value.isEmpty {
            throw VASTError(
                .wrongNamespace, at: declared.value.lowerBound, found: scanner.bytes.excerpt(declared.value),
                allowed: "none in this version")
        }
    }

    @_lifetime(self: copy self)
    private mutating func attributes(
        _ type: VASTGrammar.ElementType, of name: Range<Int>
    ) throws(VASTError) {
        let bytes = scanner.bytes
        for attribute in scanner.attributes where !isDeclaration(attribute) {
            let rule = type.attributes.first { bytes.matches($0.name, in: attribute.name) }
            guard let rule else {
                if type.takesAnyAttribute { continue }
                throw VASTError(
                    .unexpectedAttribute, at: attribute.name.lowerBound,
                    found: bytes.excerpt(attribute.name),
                    allowed: type.attributes.isEmpty
                        ? "none" : type.attributes.map(\.name).joined(separator: ", "))
            }
            value.removeAll(keepingCapacity: true)
            try decode(attribute.value, isAttribute: true)
            if let reason = rule.value.refusal(of: value) {
                throw VASTError(
                    reason, at: attribute.value.lowerBound,
                    found: "\(rule.name)=\"\(bytes.excerpt(attribute.value))\"", allowed: rule.value.allowed)
            }
        }
        for rule in type.attributes where rule.isRequired {
            guard scanner.attributes.contains(where: { bytes.matches(rule.name, in: $0.name) }) else {
                throw VASTError(
                    .missingAttribute, at: name.lowerBound - 1, found: "<\(bytes.excerpt(name))> without it",
                    allowed: rule.name)
            }
        }
    }

    /// Whether the attribute declares a namespace or says where a schema lies: these may stand anywhere. The
    /// default namespace may not change below the root.
    private func isDeclaration(_ attribute: XMLAttribute) -> Bool {
        let bytes = scanner.bytes
        return bytes.has("xmlns:", at: attribute.name.lowerBound)
            || bytes.equals("xsi:schemaLocation", in: attribute.name)
            || bytes.equals("xsi:noNamespaceSchemaLocation", in: attribute.name)
            || bytes.equals("xmlns", in: attribute.name) && frames.count == 1
    }

    @_lifetime(self: copy self)
    private mutating func text(_ range: Range<Int>, isCDATA: Bool) throws(VASTError) {
        guard let frame = frames.last, let number = frame.type else { return }
        let type = grammar.types[number]
        if type.value != nil {
            if isCDATA {
                append(range)
            } else {
                try decode(range, isAttribute: false)
            }
            return
        }
        // An extension's own content is elements, too: the schema has no mixed content anywhere.
        let stray = range.first { !XMLCharacters.isSpace(scanner.bytes[byte: $0]) }
        guard stray != nil || isCDATA else { return }
        throw VASTError(
            .unexpectedText, at: stray ?? range.lowerBound,
            found: "\"\(scanner.bytes.excerpt(range))\" in <\(scanner.bytes.excerpt(frame.name))>")
    }

    @_lifetime(self: copy self)
    private mutating func append(_ range: Range<Int>) {
        for at in range { value.append(scanner.bytes[byte: at]) }
    }

    /// Adds the text to the value with its references resolved.
    @_lifetime(self: copy self)
    private mutating func decode(_ range: Range<Int>, isAttribute: Bool) throws(VASTError) {
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = scanner.bytes[byte: at]
            if byte == UInt8(ascii: "&") {
                let reference = try XMLReference(in: scanner.bytes, at: at)
                at = reference.end
                if let scalar = Unicode.Scalar(reference.scalar) {
                    value.append(contentsOf: String(Character(scalar)).utf8)
                }
            } else {
                value.append(isAttribute && XMLCharacters.isSpace(byte) ? 0x20 : byte)
                at += 1
            }
        }
    }

    private static func excerpt(_ text: [UInt8]) -> String { unsafe text.span.bytes.excerpt(0..<text.count) }
}
