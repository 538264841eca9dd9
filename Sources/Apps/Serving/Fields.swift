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

    private static let amounts = "an amount of at most six decimals, not below 0"

    public func amount(_ key: String) throws(Malformed) -> Micros {
        try Self.amount(tree(key, Self.amounts), at: at(key))
    }

    public static func amount(_ tree: JSONTree, at place: String) throws(Malformed) -> Micros {
        guard case .number(let text) = tree.content, let value = try? Micros(decimal: text), value >= .zero
        else { throw Malformed(place: place, allowed: amounts) }
        return value
    }

    public func real(_ key: String, _ range: ClosedRange<Double>) throws(Malformed) -> Double {
        try Self.real(tree(key, "a number"), range, at: at(key))
    }

    public static func real(
        _ tree: JSONTree, _ range: ClosedRange<Double>, at place: String
    ) throws(Malformed) -> Double {
        guard case .number(let text) = tree.content, let value = Double(text), range.contains(value) else {
            throw Malformed(place: place, allowed: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public func list(_ key: String, most: Int = .max) throws(Malformed) -> [JSONTree] {
        let allowed = most == .max ? "a list" : "a list of at most \(most)"
        guard case .array(let list) = try tree(key, allowed).content, list.count <= most else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return list
    }

    /// Half of what an instant can be, so that two of them have a difference.
    public static let instants = -Int64.max / 2...Int64.max / 2

    /// Nanoseconds since 1970, as a text.
    public func instant(_ key: String) throws(Malformed) -> Instant {
        let allowed = "nanoseconds since 1970, as a text, of at most 146 years"
        guard case .string(let text) = try tree(key, allowed).content, let value = Int64(text),
            Self.instants.contains(value)
        else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return Instant(nanoseconds: value)
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
