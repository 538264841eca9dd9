// Regions in the database: what operators want of them and where they stand.
import Documents
import Fleet
import Postgres
import Units

/// One region's row. A region without one is to serve, and does.
struct RegionRow: Sendable, Equatable {
    let name: String
    var version: Int64 = 1
    var order = RegionOrder.serve
    var isForced = false
    var who = ""
    var why = ""
    /// As people read it; empty where nobody has asked for anything.
    var askedAt = ""
    var state = RegionState.healthy
    var share = 1_000
    /// As people read it.
    var since = ""

    init(name: String) { self.name = name }

    init(_ row: PostgresRow) throws {
        name = try row.read(0)
        version = try row.read(1)
        order = RegionOrder(rawValue: try row.read(2)) ?? .serve
        isForced = try row.read(3)
        who = try row.read(4)
        why = try row.read(5)
        askedAt = who.isEmpty ? "" : try row.read(6)
        let word: String = try row.read(7)
        state = RegionState.allCases.first { "\($0)" == word } ?? .healthy
        share = Int(try row.read(8, as: Int64.self))
        since = try row.read(9)
    }
}

enum RegionStatements {
    private static let columns = """
        name, version, asked, is_forced, who, why,
            to_char(asked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), state, share,
            to_char(since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        """
    static let all = PostgresStatement("select \(columns) from paceline.regions order by name")
    static let ask = PostgresStatement(
        "select paceline.ask_region($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", .int8, .int8, .text,
        .int8, .text, .text, .bool, .timestamptz, .text, .text, .text)
    static let note = PostgresStatement(
        "select paceline.note_region($1, $2, $3, $4, $5, $6, $7)", .int8, .int8, .text, .text, .int8,
        .timestamptz, .text)
}
