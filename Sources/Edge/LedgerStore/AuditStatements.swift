// What an audit writes and what it is loaded from: the timeline that was looked at, whom it waits for, and what operators entered.
internal import Ledger
internal import Postgres
internal import Units

extension LedgerStore {
    static let timeline = PostgresStatement(
        "select paceline.write_timeline($1, $2, $3, $4, $5, $6, $7)", .int8, .int8, .int8, .int8, .int8,
        .timestamptz, .text)
    static let entries = PostgresStatement(
        "select paceline.write_entries($1, $2, $3, $4, $5, $6, $7)", .timestamptz, .int8Array, .int8Array,
        .int8Array, .textArray, .int8Array, .int8Array)

    /// - Parameter who: who began it, where it did just now; nobody else.
    static func values(_ audit: TimelineAudit, _ at: Instant, _ who: String?) -> [PostgresValue] {
        [
            bits(audit.timeline.system), .int8(Int64(audit.timeline.line)), .int8(Int64(audit.mark)),
            bits(audit.missing), bits(audit.owed), .timestamptz(at), .text(who ?? ""),
        ]
    }

    static func values(_ rows: [AuditEntryRow], _ at: Instant) -> [PostgresValue] {
        [
            .timestamptz(at), .int8Array(rows.map { Int64($0.mark) }),
            .int8Array(rows.map { Int64($0.holder.rawValue) }),
            .int8Array(rows.map { Int64($0.account.rawValue) }), .textArray(rows.map(\.who)),
            .int8Array(rows.map(\.amount.rawValue)),
            .int8Array(rows.map { $0.session.map { bits($0) } ?? 0 }),
        ]
    }

    /// In the same look as all other tables.
    static let timelineLoad = PostgresStatement(
        """
        select c.system, c.line, t.system, t.line, t.mark, t.missing, t.owed, extract(epoch from now())::bigint,
            t.is_numbered
        from paceline.timeline t, paceline.current_timeline() c
        """)
    static let entriesLoad = PostgresStatement(
        """
        select e.mark, e.holder, e.account, e.who, e.amount, e.session
        from paceline.audit_entries e join paceline.timeline t on t.mark = e.mark
        """)

    static func readAudit(
        _ timelines: PostgresRows, _ entries: PostgresRows, _ content: inout RootContent
    ) throws(PostgresMismatch) {
        guard timelines.count == 1 else {
            throw PostgresMismatch(column: "timeline", found: "\(timelines.count) rows", wanted: "one row")
        }
        let row = timelines[0]
        content.timeline = DatabaseTimeline(system: try unsigned(row, 0), line: try small(row, 1))
        content.audit = TimelineAudit(
            DatabaseTimeline(system: try unsigned(row, 2), line: try small(row, 3)), mark: try small(row, 4),
            missing: try unsigned(row, 5), owed: try unsigned(row, 6))
        content.wallSeconds = try small(row, 7)
        content.isNumbered = try row.read(8)
        for row in entries {
            let session: Int64? = try row.read(5)
            content.entries.append(
                AuditEntryRow(
                    mark: try small(row, 0),
                    holder: HolderNumber(UInt8(truncatingIfNeeded: try small(row, 1)) % 64),
                    account: try account(row, 2), who: try row.read(3), amount: try micros(row, 4),
                    session: session.map { LedgerSession(UInt64(bitPattern: $0)) }))
        }
    }
}
