// Reads the fields of a pod problem's file, and says of what it does not take where it stands, what was found
// and what is allowed.
import Documents
import Units

/// Why a file is not a pod problem.
struct PodRefusal: Error, Equatable {
    var path: String
    /// In bytes, from the file's start.
    var offset: Int
    var found: String
    var allowed: String
    var nearest: String?

    init(_ path: String, _ tree: JSONTree, allowed: String) {
        self.path = path
        offset = tree.offset
        found = tree.found
        self.allowed = allowed
    }

    init(_ path: String, at offset: Int, found: String, allowed: String, nearest: String? = nil) {
        self.path = path
        self.offset = offset
        self.found = found
        self.allowed = allowed
        self.nearest = nearest
    }

    var message: String {
        let place = path.isEmpty ? "" : "\(path): "
        return "\(place)found \(found); allowed \(allowed)"
            + (nearest.map { "; did you mean '\($0)'?" } ?? "")
    }
}

extension JSONTree {
    fileprivate var found: String {
        switch content {
        case .object: "an object"
        case .array(let elements): "an array of \(elements.count)"
        case .null: "null"
        // Cut, for a message is one line: enough to recognise it by.
        case .string, .number, .bool: String(line.prefix(64))
        }
    }
}

/// The fields of one object, each of a known name.
struct PodFields {
    let path: String
    private let tree: JSONTree
    private let members: [JSONTree.Member]

    init(_ tree: JSONTree, _ path: String, known: [String]) throws(PodRefusal) {
        guard case .object(let members) = tree.content else {
            throw PodRefusal(path, tree, allowed: "an object")
        }
        self.path = path
        self.tree = tree
        self.members = members
        var seen: Set<String> = []
        for member in members {
            guard known.contains(member.key) else {
                throw PodRefusal(
                    path, at: member.keyOffset, found: "the key \(JSONTree.string(member.key).found)",
                    allowed: known.joined(separator: ", "), nearest: nearestName(to: member.key, among: known)
                )
            }
            guard seen.insert(member.key).inserted else {
                throw PodRefusal(
                    path, at: member.keyOffset, found: "the key '\(member.key)' again",
                    allowed: "each key once")
            }
        }
    }

    subscript(key: String) -> JSONTree? { members.first { $0.key == key }?.value }

    func step(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func integer(_ key: String, in range: ClosedRange<Int>, default value: Int?) throws(PodRefusal) -> Int {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let tree = self[key] else {
            guard let value else { throw missing(key, allowed) }
            return value
        }
        return try Self.integer(tree, step(key), in: range)
    }

    static func integer(_ tree: JSONTree, _ path: String, in range: ClosedRange<Int>) throws(PodRefusal)
        -> Int
    {
        guard case .number(let digits) = tree.content, let number = Int(digits), range.contains(number) else {
            throw PodRefusal(
                path, tree, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func money(_ key: String, most: Micros, default value: Micros?) throws(PodRefusal) -> Micros {
        let allowed = "an amount from 0 to \(most) with at most six decimals"
        guard let tree = self[key] else {
            guard let value else { throw missing(key, allowed) }
            return value
        }
        guard case .number(let digits) = tree.content, let amount = try? Micros(decimal: digits),
            amount >= .zero, amount <= most
        else { throw PodRefusal(step(key), tree, allowed: allowed) }
        return amount
    }

    func text(_ key: String) throws(PodRefusal) -> String? {
        guard let tree = self[key] else { return nil }
        return try Self.text(tree, step(key))
    }

    static func text(_ tree: JSONTree, _ path: String) throws(PodRefusal) -> String {
        guard case .string(let text) = tree.content, !text.isEmpty else {
            throw PodRefusal(path, tree, allowed: "a string that is not empty")
        }
        return text
    }

    /// Each element of an array with its path; none where the key is absent.
    func elements(_ key: String, most: Int) throws(PodRefusal) -> [(path: String, tree: JSONTree)] {
        guard let tree = self[key] else { return [] }
        guard case .array(let elements) = tree.content, elements.count <= most else {
            throw PodRefusal(step(key), tree, allowed: "an array of at most \(most)")
        }
        return elements.enumerated().map { ("\(step(key))[\($0.offset)]", $0.element) }
    }

    private func missing(_ key: String, _ allowed: String) -> PodRefusal {
        PodRefusal(path, at: tree.offset, found: "no key '\(key)'", allowed: allowed)
    }
}
