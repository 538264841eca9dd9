// Parameters of operators' addresses, and headers, as text.
import HTTP
import Ledger
import Postgres
import Units

struct Query {
    private let parts: [(name: String, value: String)]

    init(_ request: borrowing Request) {
        let text = request.query.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        parts = text.split(separator: "&").prefix(16).map { part in
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // What is not escaped as it should be is taken as it stands, and found nowhere.
            return (String(halves[0]), halves.count > 1 ? unescaped(halves[1]) ?? String(halves[1]) : "")
        }
    }

    var names: [String] { parts.map(\.name) }

    subscript(name: String) -> String? { parts.first { $0.name == name }?.value }

    /// NULL where no day is asked for; nil where it is none.
    var day: PostgresValue? {
        guard let text = self["day"] else { return .null }
        return BudgetDay(date: text).map { .int8(Int64($0.number)) }
    }
}

extension Query {
    /// A whole number; nil where it is answered that it is none.
    func number(
        _ name: String, _ range: ClosedRange<Int64>, otherwise: Int64, _ response: inout Response
    ) -> Int64? {
        guard let text = self[name] else { return otherwise }
        guard let number = Int64(text), range.contains(number) else {
            let most = range.upperBound == .max ? "on" : "to \(range.upperBound)"
            response.malformed(name, "a whole number from \(range.lowerBound) \(most)")
            return nil
        }
        return number
    }

    /// How many are asked for.
    func page(_ most: Int64, otherwise: Int64 = 100, _ response: inout Response) -> Int64? {
        number("limit", 1...most, otherwise: otherwise, &response)
    }

    /// Below which number; above all where it is not said.
    func before(_ response: inout Response) -> Int64? {
        number("before", 1...Int64.max, otherwise: .max, &response)
    }

    /// Behind which ordinal or account, which begin at 0.
    func after(_ response: inout Response) -> Int64? {
        number("after", 0...Int64.max, otherwise: -1, &response)
    }

    /// False where it is answered that a parameter is none of these.
    func hasOnly(_ known: [String], _ response: inout Response) -> Bool {
        guard let other = names.first(where: { !known.contains($0) }) else { return true }
        response.malformed(other, known.isEmpty ? "no parameter" : known.joined(separator: ", "))
        return false
    }
}

extension Request {
    func text(_ name: StaticString) -> String? {
        header(name)?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
