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
            return (String(halves[0]), halves.count > 1 ? String(halves[1]) : "")
        }
    }

    subscript(name: String) -> String? { parts.first { $0.name == name }?.value }

    func limit(_ most: Int64) -> Int64 { min(max(Int64(self["limit"] ?? "") ?? most, 1), most) }
    /// Ordinals and numbers of accounts begin at 0.
    var after: Int64 { Int64(self["after"] ?? "") ?? -1 }
    var afterAccount: Int64 { after }

    /// NULL where no day is asked for; nil where it is none.
    var day: PostgresValue? {
        guard let text = self["day"] else { return .null }
        return BudgetDay(date: text).map { .int8(Int64($0.number)) }
    }
}

extension Request {
    func text(_ name: StaticString) -> String? {
        header(name)?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
