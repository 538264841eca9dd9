// What a kind of value allows, without its Swift type: enough to say it in a refusal, in a reference and in a
// JSON Schema.
package import Units

package indirect enum Shape: Sendable {
    case integer(ClosedRange<Int>, unit: String?)
    /// Money, or another exact decimal: both ends included.
    case decimal(ClosedRange<Micros>, unit: String?)
    /// A number that is taken as the nearest Double.
    case number(ClosedRange<Double>)
    case bool
    case choice([String])
    case text(TextForm)
    case list(of: Shape, count: ClosedRange<Int>)
    /// An object whose keys are data: each key of the form, each value of the shape.
    case map(keys: TextForm, of: Shape, count: ClosedRange<Int>)
    case object(ObjectShape)
    /// An object that may hold itself: what it is stands under its title, made when somebody asks.
    case recursive(title: String, @Sendable () -> ObjectShape)

    /// What is allowed, as it ends the sentence "found x; allowed …".
    package var allowed: String {
        switch self {
        case .integer(let range, let unit):
            "an integer from \(range.lowerBound) to \(range.upperBound)" + (unit.map { " (\($0))" } ?? "")
        case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: ", ")
        case .text(let form): form.name
        case .list(_, let count): "an array of \(count.lowerBound) to \(count.upperBound) elements"
        case .decimal(let range, let unit):
            "a number from \(range.lowerBound) to \(range.upperBound) with at most six decimals"
                + (unit.map { " (\($0))" } ?? "")
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .bool: "true or false"
        case .map(let keys, _, let count):
            "an object of \(count.lowerBound) to \(count.upperBound) keys, each \(keys.name)"
        case .object, .recursive: "an object"
        }
    }
}

/// A form that a string may be held to: in words, and as a regular expression that accepts at least every
/// string of that form (an editor may know less than the node, never more).
package struct TextForm: Sendable {
    package let name: String
    package let pattern: String?

    package init(name: String, pattern: String?) {
        self.name = name
        self.pattern = pattern
    }
}

package struct ObjectShape: Sendable {
    /// Names what the object is, in the reference: "a listener".
    package let title: String
    package let fields: [FieldShape]
    /// What must hold between its fields, a sentence each.
    package let rules: [String]
    /// An object that says nothing is no mistake unless this is more than zero.
    package let fewestKeys: Int
}

/// The path of a key in the object at a path; the file itself has the empty one.
package func pathInside(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

package struct FieldShape: Sendable {
    package enum Presence: Sendable {
        /// The example is nil where the value is made of parts that have their own.
        case required(example: JSONTree?)
        case optional
        case defaulted(JSONTree)
    }

    package let key: String
    package let presence: Presence
    package let shape: Shape
    package let summary: String
    /// Why the default is what it is.
    package let because: String?
}
