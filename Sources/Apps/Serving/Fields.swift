// Messages between our own programs, as JSON objects that are read by name: the first thing that is wrong is refused, with its
// place and what is allowed there.
public import Documents
public import Units

/// Why a message is not one: where, and what is allowed there.
public struct Malformed: Error, Hashable, Sendable {
    public let place: String
    public let allowed: String

    public init(place: String, allowed: String) {
        self.place = place
        self.allowed = allowed
    }
}

/// A JSON object that is read by name, with the place of it for refusals.
public struct Fields {
    public let place: String
    private let members: [JSONTree.Member]

    public init(_ tree: JSONTree, at place: String) throws(Malformed) {
        guard case .object(let members) = tree.content else {
            throw Malformed(place: place.isEmpty ? "the body" : place, allowed: "an object")
        }
        self.members = members
        self.place = place
    }

    private func at(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    public func has(_ key: String) -> Bool { members.contains { $0.key == key } }
    public var first: (key: String, value: JSONTree)? { members.first.map { ($0.key, $0.value) } }
    public var count: Int { members.count }

    public func tree(_ key: String, _ allowed: String) throws(Malformed) -> JSONTree {
        guard let found = members.first(where: { $0.key == key }) else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return found.value
    }

    public func text(_ key: String, most: Int = 256) throws(Malformed) -> String {
        let allowed = "a text of 1 to \(most) bytes"
        guard case .string(let text) = try tree(key, allowed).content, (1...most).contains(text.utf8.count)
        else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return text
    }

    /// Sixty-four bits are written as text: not every reader of JSON keeps them as a number.
    public func bits(_ key: String) throws(Malformed) -> UInt64 {
        let allowed = "a whole number of 64 bits, as a text"
        guard case .string(let text) = try tree(key, allowed).content, let value = UInt64(text) else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return value
    }

    public func number(_ key: String, _ range: ClosedRange<UInt32>) throws(Malformed) -> UInt32 {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .number(let text) = try tree(key, allowed).content, let value = UInt32(text),
            range.contains(value)
        else { throw Malformed(place: at(key), allowed: allowed) }
        return value
    }

    public func amount(_ key: String) throws(Malformed) -> Micros {
        let allowed = "an amount of at most six decimals, not below 0"
        guard case .number(let text) = try tree(key, allowed).content, let value = try? Micros(decimal: text),
            value >= .zero
        else { throw Malformed(place: at(key), allowed: allowed) }
        return value
    }

    public func currency(_ key: String) throws(Malformed) -> CurrencyCode {
        guard let currency = CurrencyCode(try text(key, most: 3)) else {
            throw Malformed(place: at(key), allowed: "three letters from A to Z, such as \"USD\"")
        }
        return currency
    }

    public func flag(_ key: String) throws(Malformed) -> Bool {
        guard has(key) else { return false }
        guard case .bool(let value) = try tree(key, "true or false").content else {
            throw Malformed(place: at(key), allowed: "true or false")
        }
        return value
    }
}
