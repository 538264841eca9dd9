// Answers that are no: problem details as RFC 9457 has them, and bodies as JSON.
import Documents
import HTTP
import Ledger
import LedgerStore
import Units

extension Response {
    mutating func json(_ tree: JSONTree) {
        contentType = "application/json"
        write(tree.line)
        write("\n")
    }

    mutating func problem(_ status: Status, _ title: String, _ more: [JSONTree.Member] = []) {
        self.status = status
        contentType = "application/problem+json"
        write(
            JSONTree.object(
                [
                    .init("type", "about:blank"), .init("title", .string(title)),
                    .init("status", .number(status.code)),
                ] + more
            ).line)
        write("\n")
    }

    /// Where the leader is, as far as this process knows.
    mutating func notLeader(_ root: Root) {
        header("retry-after", "1")
        let leader: JSONTree =
            root.leader.map {
                [
                    "name": .string($0.name), "address": .string($0.address),
                    "epoch": .string("\($0.row.epoch.rawValue)"),
                ]
            } ?? .null
        problem(
            .serviceUnavailable,
            "this coordinator does not lead, or has too much to do; ask the leader, or again",
            [.init("leader", leader)])
    }
}

/// Why a message is not one: where, and what is allowed there.
struct Malformed: Error {
    let place: String
    let allowed: String

    var members: [JSONTree.Member] { [.init("field", .string(place)), .init("allowed", .string(allowed))] }
}

/// A JSON object that is read by name, with the place of it for refusals.
struct Fields {
    let place: String
    private let members: [JSONTree.Member]

    init(_ tree: JSONTree, at place: String) throws(Malformed) {
        guard case .object(let members) = tree.content else {
            throw Malformed(place: place.isEmpty ? "the body" : place, allowed: "an object")
        }
        self.members = members
        self.place = place
    }

    private func at(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    func has(_ key: String) -> Bool { members.contains { $0.key == key } }
    var first: (key: String, value: JSONTree)? { members.first.map { ($0.key, $0.value) } }
    var count: Int { members.count }

    func tree(_ key: String, _ allowed: String) throws(Malformed) -> JSONTree {
        guard let found = members.first(where: { $0.key == key }) else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return found.value
    }

    func text(_ key: String, most: Int = 256) throws(Malformed) -> String {
        let allowed = "a text of 1 to \(most) bytes"
        guard case .string(let text) = try tree(key, allowed).content, (1...most).contains(text.utf8.count)
        else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return text
    }

    /// Sixty-four bits are written as text: not every reader of JSON keeps them as a number.
    func bits(_ key: String) throws(Malformed) -> UInt64 {
        let allowed = "a whole number of 64 bits, as a text"
        guard case .string(let text) = try tree(key, allowed).content, let value = UInt64(text) else {
            throw Malformed(place: at(key), allowed: allowed)
        }
        return value
    }

    func number(_ key: String, _ range: ClosedRange<UInt32>) throws(Malformed) -> UInt32 {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .number(let text) = try tree(key, allowed).content, let value = UInt32(text),
            range.contains(value)
        else { throw Malformed(place: at(key), allowed: allowed) }
        return value
    }

    func amount(_ key: String) throws(Malformed) -> Micros {
        let allowed = "an amount of at most six decimals, not below 0"
        guard case .number(let text) = try tree(key, allowed).content, let value = try? Micros(decimal: text),
            value >= .zero
        else { throw Malformed(place: at(key), allowed: allowed) }
        return value
    }

    func currency(_ key: String) throws(Malformed) -> CurrencyCode {
        guard let currency = CurrencyCode(try text(key, most: 3)) else {
            throw Malformed(place: at(key), allowed: "three letters from A to Z, such as \"USD\"")
        }
        return currency
    }

    func flag(_ key: String) throws(Malformed) -> Bool {
        guard has(key) else { return false }
        guard case .bool(let value) = try tree(key, "true or false").content else {
            throw Malformed(place: at(key), allowed: "true or false")
        }
        return value
    }
}
