// How the tests read: the whole of a document, with everything that a reader can ask of it.
import JSON
import Units

/// What one document makes of itself when all of it is read: text that two readers can compare.
func readAll(_ bytes: [UInt8], depth: Int = JSONLimits.usualDepth) throws(JSONError) -> String {
    var scratch = JSONScratch(maximumBytes: bytes.count)
    return try readAll(bytes.span.bytes, scratch: &scratch, depth: depth)
}

func readAll(_ bytes: RawSpan, scratch: inout JSONScratch, depth: Int = JSONLimits.usualDepth)
    throws(JSONError)
    -> String
{
    let document = try JSONDocument(bytes, scratch: &scratch, limits: JSONLimits(depth: depth))
    return try text(of: document.root)
}

private func text(of value: JSONValue) throws(JSONError) -> String {
    switch value.kind {
    case .null: return "null"
    case .bool: return try value.bool() ? "true" : "false"
    case .number:
        let double = (try? value.double()).map { "\($0)" } ?? "inf"
        let integer = (try? value.int64()).map { "\($0)" } ?? "-"
        return "(\(double) \(integer))"
    case .string: return quoted(try value.string())
    case .array:
        var parts: [String] = []
        var elements = try value.array()
        while let element = elements.next() { parts.append(try text(of: element)) }
        return "[" + parts.joined(separator: ",") + "]"
    case .object:
        var parts: [String] = []
        var fields = try value.object()
        while let field = fields.next() {
            parts.append(quoted(field.key.string) + ":" + (try text(of: field.value)))
        }
        return "{" + parts.joined(separator: ",") + "}"
    }
}

private func quoted(_ string: JSONString) -> String {
    "\"" + string.copy().unicodeScalars.map { "\($0.value)" }.joined(separator: ".") + "\""
}

func error(in bytes: [UInt8], depth: Int = JSONLimits.usualDepth) -> JSONError? {
    do throws(JSONError) { _ = try readAll(bytes, depth: depth) } catch { return error }
    return nil
}
