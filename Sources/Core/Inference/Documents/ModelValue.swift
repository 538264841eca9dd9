// A document of a model, JSON or UBJSON, as a tree with the place of everything in it. Lists of numbers, of
// which a model mostly consists, are kept as that.

struct ModelValue {
    enum Content {
        case object([(key: String, value: ModelValue)])
        /// Truth values stand for 0 and 1 among numbers, as some versions write them.
        case numbers([Double])
        case array([ModelValue])
        case text(String)
        case number(Double)
        case flag(Bool)
        case null
    }

    let content: Content
    /// In bytes from the start.
    let offset: Int

    init(_ content: Content, at offset: Int) {
        self.content = content
        self.offset = offset
    }
}

/// A value with the path by which it was reached: what a refusal names.
struct ModelPlace {
    let value: ModelValue
    let path: String

    func refused(_ allowed: String, found: String? = nil) -> ModelRefused {
        ModelRefused(
            path.isEmpty ? "byte \(value.offset)" : "\(path) (byte \(value.offset))",
            found: found ?? value.kind, allowed: allowed)
    }
}

extension ModelValue {
    /// What it is, in a word.
    fileprivate var kind: String {
        switch content {
        case .object: "an object"
        case .numbers(let numbers): "a list of \(numbers.count) numbers"
        case .array(let elements): "a list of \(elements.count) values"
        case .text(let text): "'\(text.prefix(40))'"
        case .number(let number): "the number \(number)"
        case .flag(let flag): "\(flag)"
        case .null: "null"
        }
    }
}

extension ModelPlace {
    /// The value of a key, which must be there once.
    func member(_ key: String) throws(ModelRefused) -> ModelPlace {
        guard let found = try optional(key) else { throw refused("an object with the key \(key)") }
        return found
    }

    func optional(_ key: String) throws(ModelRefused) -> ModelPlace? {
        guard case .object(let members) = value.content else { throw refused("an object") }
        var found: ModelPlace?
        for member in members where member.key == key {
            guard found == nil else { throw refused("each key once", found: "\(key) a second time") }
            found = ModelPlace(value: member.value, path: path.isEmpty ? key : "\(path).\(key)")
        }
        return found
    }

    func elements() throws(ModelRefused) -> [ModelPlace] {
        switch value.content {
        case .array(let elements):
            return elements.enumerated().map { ModelPlace(value: $1, path: "\(path)[\($0)]") }
        case .numbers(let numbers):
            return numbers.enumerated().map {
                ModelPlace(value: ModelValue(.number($1), at: value.offset), path: "\(path)[\($0)]")
            }
        default: throw refused("a list")
        }
    }

    /// Numbers, as many as are asked for where it is said.
    func numbers(_ count: Int? = nil) throws(ModelRefused) -> [Double] {
        let numbers: [Double]
        switch value.content {
        case .numbers(let found): numbers = found
        // An empty list has no kind.
        case .array(let elements) where elements.isEmpty: numbers = []
        default: throw refused("a list of numbers")
        }
        if let count, count != numbers.count { throw refused("\(count) numbers") }
        return numbers
    }

    /// Whole numbers in a range.
    func wholes(_ count: Int? = nil, _ range: ClosedRange<Int>) throws(ModelRefused) -> [Int] {
        let numbers = try numbers(count)
        var all: [Int] = []
        all.reserveCapacity(numbers.count)
        for (index, number) in numbers.enumerated() {
            guard number >= Double(range.lowerBound), number <= Double(range.upperBound),
                number == number.rounded()
            else {
                throw ModelPlace(value: value, path: "\(path)[\(index)]").refused(
                    "a whole number from \(range.lowerBound) to \(range.upperBound)", found: "\(number)")
            }
            all.append(Int(number))
        }
        return all
    }

    func number() throws(ModelRefused) -> Double {
        guard case .number(let number) = value.content else { throw refused("a number") }
        return number
    }

    func whole(_ range: ClosedRange<Int>) throws(ModelRefused) -> Int {
        let number = try number()
        guard number >= Double(range.lowerBound), number <= Double(range.upperBound),
            number == number.rounded()
        else { throw refused("a whole number from \(range.lowerBound) to \(range.upperBound)") }
        return Int(number)
    }

    func text() throws(ModelRefused) -> String {
        guard case .text(let text) = value.content else { throw refused("a text") }
        return text
    }

    /// A whole number that stands in a text, as XGBoost writes its parameters.
    func wholeInText(_ range: ClosedRange<Int>) throws(ModelRefused) -> Int {
        if case .number = value.content { return try whole(range) }
        let text = try text()
        guard text.utf8.count <= 18, let number = Int(text), range.contains(number) else {
            throw refused("a whole number from \(range.lowerBound) to \(range.upperBound), in quotes")
        }
        return number
    }

    func has(_ key: String) -> Bool {
        guard case .object(let members) = value.content else { return false }
        return members.contains { $0.key == key }
    }

    var isNull: Bool { if case .null = value.content { true } else { false } }

    var isEmptyList: Bool {
        switch value.content {
        case .numbers(let numbers): numbers.isEmpty
        case .array(let elements): elements.isEmpty
        default: false
        }
    }
}
