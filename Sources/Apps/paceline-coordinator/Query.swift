// Parameters of operators' addresses, and headers, as text.
import HTTP
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
        return dayNumber(text).map { .int8(Int64($0)) }
    }
}

extension Request {
    func text(_ name: StaticString) -> String? {
        header(name)?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// Days since 1970 of a date such as 2026-11-28, by the proleptic Gregorian calendar.
func dayNumber(_ text: String) -> Int32? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard text.utf8.count == 10, parts.count == 3, let year = Int32(parts[0]), let month = Int32(parts[1]),
        let day = Int32(parts[2]), year >= 1970, (1...12).contains(month), day >= 1
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int32] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[Int(month) - 1] else { return nil }
    // Years begin in March, so that the leap day is the last.
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted / 400
    let ofEra = shifted - era * 400
    let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
}
