// What a kind of value allows, without its Swift type: enough to say it in a refusal, in the reference and in
// a JSON Schema.

indirect enum Shape: Sendable {
    case integer(ClosedRange<Int>, unit: String?)
    case choice([String])
    case text(TextForm)
    case list(of: Shape, count: ClosedRange<Int>)
    case object(ObjectShape)

    /// What is allowed, as it ends the sentence "found x; allowed …".
    var allowed: String {
        switch self {
        case .integer(let range, let unit):
            "an integer from \(range.lowerBound) to \(range.upperBound)" + (unit.map { " (\($0))" } ?? "")
        case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: ", ")
        case .text(let form): form.name
        case .list(_, let count): "an array of \(count.lowerBound) to \(count.upperBound) elements"
        case .object: "an object"
        }
    }
}

/// A form that a string may be held to: in words, and as a regular expression that accepts at least every
/// string of that form (an editor may know less than the node, never more).
struct TextForm: Sendable {
    let name: String
    let pattern: String?
}

struct ObjectShape: Sendable {
    /// Names what the object is, in the reference: "a listener".
    let title: String
    let fields: [FieldShape]
    /// What must hold between its fields, a sentence each.
    let rules: [String]
}

/// The path of a key in the object at a path; the file itself has the empty one.
func pathInside(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

struct FieldShape: Sendable {
    enum Presence: Sendable {
        /// The example is nil where the value is made of parts that have their own.
        case required(example: JSONTree?)
        case optional
        case defaulted(JSONTree)
    }

    let key: String
    let presence: Presence
    let shape: Shape
    let summary: String
    /// Why the default is what it is.
    let because: String?
}
