// A tree from a document's bytes, and a tree as text.
public import JSON
import Units

extension JSONTree {
    /// A document as a tree, with the place of everything in it.
    public init(reading bytes: [UInt8]) throws(JSONError) {
        var scratch = JSONScratch(maximumBytes: bytes.count)
        let document = try JSONDocument(bytes.span.raw, scratch: &scratch)
        try self.init(document.root)
    }

    /// Recursion is bounded by the depth that a document may have.
    private init(_ value: JSONValue) throws(JSONError) {
        let content: Content
        switch value.kind {
        case .object:
            var members: [Member] = []
            var fields = try value.object()
            while let field = fields.next() {
                members.append(
                    Member(field.key.string.copy(), try JSONTree(field.value), keyOffset: field.key.offset))
            }
            content = .object(members)
        case .array:
            var elements: [JSONTree] = []
            var values = try value.array()
            while let element = values.next() { elements.append(try JSONTree(element)) }
            content = .array(elements)
        case .string: content = .string(try value.string().copy())
        case .number: content = .number(value.rawText)
        case .bool: content = .bool(try value.bool())
        case .null: content = .null
        }
        self.init(content, offset: value.offset)
    }
}

extension JSONValue {
    fileprivate var rawText: String {
        let span = raw
        return String(
            decoding: span.byteOffsets.map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) },
            as: UTF8.self)
    }
}

extension JSONTree {
    /// The tree on one line.
    public var line: String { text(break: "", separator: ", ", colon: ": ") }

    /// The tree with a line for each member and element, for people.
    public var page: String { text(break: "\n", separator: ",", colon: ": ") }

    private func text(break lineBreak: String, separator: String, colon: String) -> String {
        switch content {
        case .string(let text): return quoted(text)
        case .number(let digits): return digits
        case .bool(let value): return "\(value)"
        case .null: return "null"
        case .array(let elements):
            let parts = elements.map { $0.text(break: lineBreak.deeper, separator: separator, colon: colon) }
            return wrapped(parts, "[", "]", lineBreak, separator)
        case .object(let members):
            let parts = members.map {
                quoted($0.key) + colon
                    + $0.value.text(break: lineBreak.deeper, separator: separator, colon: colon)
            }
            return wrapped(parts, "{", "}", lineBreak, separator)
        }
    }

    private func wrapped(
        _ parts: [String], _ open: String, _ close: String, _ lineBreak: String, _ separator: String
    ) -> String {
        if parts.isEmpty { return open + close }
        let inner = lineBreak.deeper
        return open + inner + parts.joined(separator: separator + inner) + lineBreak + close
    }
}

extension String {
    /// A line break with one more step of indentation; nothing stays nothing.
    fileprivate var deeper: String { isEmpty ? "" : self + "  " }
}

/// A string as JSON writes it.
private func quoted(_ text: String) -> String {
    // A control character takes six bytes for one, and nothing takes more.
    var buffer = [UInt8](repeating: 0, count: 6 * text.utf8.count + 2)
    var span = buffer.mutableSpan
    var writer = JSONWriter(span.mutableRaw)
    writer.value(text)
    do {
        let count = try writer.finish()
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    } catch {
        preconditionFailure("a string of \(text.utf8.count) bytes took more than six for each: \(error)")
    }
}
