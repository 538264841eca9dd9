// A root's batches as transactions of one round trip, and the tables as a root's content.
public import Ledger
public import Postgres
public import Units

/// Why a batch is surely not there.
public enum LedgerRefusal: Sendable {
    /// Another process has the leadership row.
    case lost
    /// A row is not as the book has it.
    case mismatched
    /// The database is on another timeline than the one that the leader has looked at.
    case otherTimeline
    /// It may go well when it is sent again.
    case later
    /// A defect: the database refuses what the book allows.
    case broken(PostgresFailure)

    public init(_ failure: PostgresFailure) {
        guard case .server(let error) = failure else {
            if case .misuse = failure { self = .broken(failure) } else { self = .later }
            return
        }
        switch error.state {
        case "PL001": self = .lost
        case "PL002": self = .mismatched
        case "PL004": self = .otherTimeline
        default: self = failure.isRetryable ? .later : .broken(failure)
        }
    }
}

/// Which process writes: its start's number, and where operators find it.
public struct LedgerProcess: Sendable {
    public var number: UInt64
    public var name: String
    public var address: String
    /// It answers no batch before its number is kept outside the database.
    public var keepsNumbers: Bool

    public init(number: UInt64, name: String, address: String, keepsNumbers: Bool = false) {
        self.number = number
        self.name = name
        self.address = address
        self.keepsNumbers = keepsNumbers
    }
}

/// The row as it is read, with its holder's name.
public struct LeaderReading: Sendable {
    public var row: LeadershipRow
    public var name: String
    public var address: String
}

public enum LedgerStore {
    public static let leader = PostgresStatement(
        "select epoch, renewals, name, address from paceline.leadership")

    public static func reading(_ rows: PostgresRows) throws(PostgresMismatch) -> LeaderReading? {
        guard rows.count == 1 else { return nil }
        let row = rows[0]
        return LeaderReading(
            row: LeadershipRow(
                epoch: Epoch(UInt64(bitPattern: try row.read(0, as: Int64.self))),
                renewals: UInt64(bitPattern: try row.read(1, as: Int64.self))),
            name: try row.read(2), address: try row.read(3))
    }

    private static let partitions = PostgresStatement("select paceline.ensure_partitions($1)", .timestamptz)
    private static let claim = PostgresStatement(
        "select paceline.claim($1, $2, $3, $4, $5, $6)", .int8, .int8, .int8, .int8, .text, .text)
    private static let claimNumbered = PostgresStatement(
        "select paceline.claim_numbered($1, $2, $3, $4, $5, $6)", .int8, .int8, .int8, .int8, .text, .text)
    private static let numbered = PostgresStatement(
        "update paceline.timeline set is_numbered = true where not is_numbered and not paceline.is_repeat()")
    private static let begin = PostgresStatement(
        "select paceline.begin_batch($1, $2, $3, $4, $5, $6)", .int8, .int8, .int8, .int8, .bool, .timestamptz
    )

    private static let beginOnTimeline = PostgresStatement(
        "select paceline.begin_batch($1, $2, $3, $4, $5, $6, $7, $8)", .int8, .int8, .int8, .int8, .bool,
        .timestamptz, .int8, .int8)

    /// The transaction of a batch. It is the same however often it is sent; one that is there already writes nothing, also where it
    /// comes behind a later one.
    ///
    /// - Parameters:
    ///   - at: the wall clock when it was sent first.
    ///   - settles: from it on all that is acknowledged is numbered.
    public static func transaction(
        _ batch: RootBatch, of process: LedgerProcess, at: Instant, settles: Bool = false
    ) -> PostgresBatch {
        var made = PostgresBatch()
        let stream = bits(process.number)
        if let former = batch.claim {
            made.add(
                process.keepsNumbers ? claimNumbered : claim, bits(former.epoch.rawValue),
                bits(former.renewals), bits(batch.epoch.rawValue), stream,
                .text(process.name), .text(process.address))
        }
        let head = [
            bits(batch.epoch.rawValue), stream, bits(batch.number),
            batch.claim == nil ? bits(batch.former) : .int8(-1), .bool(batch.renews), .timestamptz(at),
        ]
        if let timeline = batch.timeline {
            made.add(
                beginOnTimeline,
                values: head + [bits(timeline.system), .int8(Int64(timeline.line))])
        } else {
            made.add(begin, values: head)
        }
        // A renewal looks ahead to the next month, a claim finds what has passed since. Behind the leader's row, which one of two
        // holds: both would make the same month.
        if batch.claim != nil || batch.renews { made.add(partitions, .timestamptz(at)) }
        write(batch, at, &made)
        for (sequence, movements) in batch.movements.chunks(of: 16_384).enumerated() {
            let first = Int64(sequence * 16_384)
            made.add(
                movement, .timestamptz(at), stream, bits(batch.number),
                .int8Array(movements.indices.map { first + Int64($0 - movements.startIndex) }),
                .int8Array(movements.map { Int64($0.account.rawValue) }),
                .int8Array(movements.map { Int64($0.from.rawValue) }),
                .int8Array(movements.map { Int64($0.to.rawValue) }),
                .int8Array(movements.map(\.amount.rawValue)))
        }
        for one in batch.operations {
            made.add(operation, .text(one.key), .timestamptz(at), .text(one.who), .text(one.request))
        }
        if let audit = batch.audit {
            let who = batch.beganAudit ? batch.beganAuditBy ?? process.name : nil
            made.add(timeline, values: values(audit, at, who))
        }
        if !batch.entries.isEmpty { made.add(entries, values: values(batch.entries, at)) }
        if settles { made.add(numbered) }
        return made
    }

    private static func write(_ batch: RootBatch, _ at: Instant, _ made: inout PostgresBatch) {
        let rows = batch.rows
        if !rows.accounts.isEmpty { made.add(accounts, values: accountValues(rows.accounts, batch.labels)) }
        if !rows.sessions.isEmpty {
            let all = rows.sessions
            made.add(
                sessions, .timestamptz(at), column(all) { bits($0.session) }, column(all) { Int64($0.row) },
                column(all) { Int64($0.holder.rawValue) },
                .int8Array(batch.starts.map { Int64(bitPattern: $0) }), column(all) { $0.isFenced ? 1 : 0 },
                column(all) { $0.isPresumed ? 1 : 0 }, column(all) { $0.isCloned ? 1 : 0 },
                column(all) { Int64(bitPattern: $0.nonce) }, column(all) { Int64(bitPattern: $0.usedBy) },
                .textArray(all.map { text($0.earlier) }))
        }
        if !rows.cells.isEmpty {
            let all = rows.cells
            made.add(
                cells, column(all) { bits($0.session) }, column(all) { Int64($0.account.rawValue) },
                column(all) { $0.granted.rawValue }, column(all) { $0.returned.rawValue },
                column(all) { $0.settled.rawValue }, column(all) { $0.waiting.rawValue },
                column(all) { Int64($0.closedLeaves) })
        }
        if !rows.leaves.isEmpty {
            let all = rows.leaves
            made.add(
                leaves, column(all) { bits($0.key.node) }, column(all) { bits($0.key.root) },
                column(all) { Int64($0.row) })
        }
        if !rows.leafCells.isEmpty {
            let all = rows.leafCells
            made.add(
                leafCells, column(all) { bits($0.leaf) }, column(all) { Int64($0.account.rawValue) },
                column(all) { $0.paid.rawValue }, column(all) { $0.late.rawValue },
                column(all) { $0.claimed.rawValue }, column(all) { $0.claimedLate.rawValue },
                column(all) { $0.drawn.rawValue }, column(all) { $0.freed.rawValue },
                column(all) { $0.isClosed ? 1 : 0 })
        }
        let fresh = rows.blocks.filter { batch.freshBlocks.contains(.block($0.leaf, $0.block.place)) }
        let known =
            fresh.count == rows.blocks.count
            ? [] : rows.blocks.filter { !batch.freshBlocks.contains(.block($0.leaf, $0.block.place)) }
        for (statement, all) in [(freshBlocks, fresh), (blocks, known)] where !all.isEmpty {
            made.add(
                statement, column(all) { bits($0.leaf) }, column(all) { Int64($0.block.account.rawValue) },
                column(all) { Int64($0.block.shard) }, column(all) { Int64($0.block.number) },
                column(all) { Int64(bitPattern: $0.block.mask) }, column(all) { $0.block.paid.rawValue },
                column(all) { $0.block.late.rawValue })
        }
        if !rows.claims.isEmpty {
            let all = rows.claims
            made.add(
                claims, column(all) { bits($0.leaf) }, column(all) { bits($0.counted.claim.key.session) },
                column(all) { Int64($0.counted.claim.key.shard) },
                column(all) { Int64(bitPattern: $0.counted.claim.key.sequence) },
                column(all) { Int64($0.counted.claim.account.rawValue) },
                column(all) { $0.counted.claim.reserved.rawValue },
                column(all) { $0.counted.claim.amount.rawValue }, column(all) { $0.counted.paid.rawValue },
                column(all) { $0.counted.late.rawValue })
        }
        if !rows.merged.isEmpty {
            let all = rows.merged
            made.add(
                merged, column(all) { bits($0.leaf) }, column(all) { bits($0.key.session) },
                column(all) { Int64($0.key.shard) }, column(all) { Int64(bitPattern: $0.key.sequence) })
        }
    }

    private static func accountValues(
        _ rows: [BookRows.AccountRow], _ labels: [AccountLabel]
    ) -> [PostgresValue] {
        func number(_ body: (GrantBook.Account) -> Int64?) -> PostgresValue {
            .int8Array(rows.map { body($0.account) })
        }
        return [
            column(rows) { Int64($0.index.rawValue) }, .int8Array(labels.map { Int64($0.version) }),
            .textArray(labels.map(\.name.campaign)),
            .int8Array(labels.map { $0.name.day.map { Int64($0.number) } }),
            .textArray(rows.map { "\($0.account.currency)" }),
            number { $0.parent.map { Int64($0.rawValue) } },
            number { $0.highest.rawValue }, number { $0.isPaused ? 1 : 0 }, number { $0.hasEnded ? 1 : 0 },
            number { $0.budget.rawValue }, number { $0.granted.rawValue }, number { $0.settled.rawValue },
            number { $0.suspense.rawValue }, number { $0.presumed.rawValue }, number { $0.late.rawValue },
            number { Int64($0.refunds) }, number { $0.refunded.rawValue },
            number { Int64(bitPattern: $0.missing) },
        ]
    }

    // MARK: Texts

    private static let accounts = PostgresStatement(
        """
        select paceline.write_accounts(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """, .int8Array, .int8Array, .textArray, .int8Array, .textArray, .int8Array, .int8Array, .int8Array,
        .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array,
        .int8Array, .int8Array)

    private static let sessions = PostgresStatement(
        """
        insert into paceline.sessions
        select session, ordinal, holder, start, fenced <> 0, presumed <> 0, cloned <> 0, nonce, used_by, $1, $1,
            earlier::bigint[]
        from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            as n (session, ordinal, holder, start, fenced, presumed, cloned, nonce, used_by, earlier)
        where not paceline.is_repeat()
        on conflict (session) do update set
            is_fenced = excluded.is_fenced, is_presumed = excluded.is_presumed, is_cloned = excluded.is_cloned,
            nonce = excluded.nonce, used_by = excluded.used_by, changed_at = excluded.changed_at,
            earlier = excluded.earlier
        """, .timestamptz, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array,
        .int8Array, .int8Array, .textArray)

    private static let cells = PostgresStatement(
        """
        insert into paceline.cells select * from unnest($1, $2, $3, $4, $5, $6, $7) where not paceline.is_repeat()
        on conflict (session, account) do update set
            granted = excluded.granted, returned = excluded.returned, settled = excluded.settled,
            waiting = excluded.waiting, closed_leaves = excluded.closed_leaves
        """, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array)

    private static let leaves = PostgresStatement(
        """
        insert into paceline.leaves select * from unnest($1, $2, $3) where not paceline.is_repeat()
        on conflict (node) do update set root = excluded.root
        """, .int8Array, .int8Array, .int8Array)

    private static let leafCells = PostgresStatement(
        """
        insert into paceline.leaf_cells
        select node, account, paid, late, claimed, claimed_late, drawn, freed, closed <> 0
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            as n (node, account, paid, late, claimed, claimed_late, drawn, freed, closed)
        where not paceline.is_repeat()
        on conflict (node, account) do update set
            paid = excluded.paid, late = excluded.late, claimed = excluded.claimed,
            claimed_late = excluded.claimed_late, drawn = excluded.drawn, freed = excluded.freed,
            is_closed = excluded.is_closed
        """, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array,
        .int8Array)

    /// Without a look for a row that may be there, and in the order of their index: half of what it takes otherwise.
    private static let freshBlocks = PostgresStatement(
        """
        insert into paceline.blocks
        select * from unnest($1, $2, $3, $4, $5, $6, $7) as n (node, account, shard, number, mask, paid, late)
        where not paceline.is_repeat() order by node, account, shard, number
        """, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array)

    private static let blocks = PostgresStatement(
        """
        insert into paceline.blocks select * from unnest($1, $2, $3, $4, $5, $6, $7) where not paceline.is_repeat()
        on conflict (node, account, shard, number) do update set
            mask = excluded.mask, paid = excluded.paid, late = excluded.late
        """, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array)

    private static let claims = PostgresStatement(
        """
        insert into paceline.claims (node, session, shard, sequence, account, reserved, amount, paid, late)
        select * from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) where not paceline.is_repeat()
        on conflict (node, session, shard, sequence) do update set
            account = excluded.account, reserved = excluded.reserved, amount = excluded.amount,
            paid = excluded.paid, late = excluded.late, is_merged = false
        """, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array,
        .int8Array)

    private static let merged = PostgresStatement(
        """
        update paceline.claims c set is_merged = true
        from unnest($1, $2, $3, $4) as n (node, session, shard, sequence)
        where c.node = n.node and c.session = n.session and c.shard = n.shard and c.sequence = n.sequence
            and not paceline.is_repeat()
        """, .int8Array, .int8Array, .int8Array, .int8Array)

    private static let movement = PostgresStatement(
        """
        insert into paceline.movements (at, stream, number, sequence, account, source, target, amount)
        select $1, $2, $3, sequence, account, source, target, amount
        from unnest($4, $5, $6, $7, $8) as n (sequence, account, source, target, amount)
        where not paceline.is_repeat()
        """, .timestamptz, .int8, .int8, .int8Array, .int8Array, .int8Array, .int8Array, .int8Array)

    private static let operation = PostgresStatement(
        """
        insert into paceline.operations (key, at, who, request, answer)
        select $1, $2, $3, $4, 'done' where not paceline.is_repeat() on conflict do nothing
        """, .text, .timestamptz, .text, .text)

    static func bits(_ value: UInt64) -> PostgresValue { .int8(Int64(bitPattern: value)) }
    static func bits(_ session: LedgerSession) -> Int64 { Int64(bitPattern: session.rawValue) }

    /// As Postgres reads an array: nonce and request in turns.
    private static func text(_ uses: [RenewalChain.Use]) -> String {
        let numbers = uses.flatMap { [Int64(bitPattern: $0.nonce), Int64(bitPattern: $0.id)] }
        return "{\(numbers.map { "\($0)" }.joined(separator: ","))}"
    }

    private static func column<Row>(_ rows: [Row], _ value: (Row) -> Int64) -> PostgresValue {
        .int8Array(rows.map(value))
    }
}

extension Array {
    fileprivate func chunks(of most: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: most).map { self[$0..<Swift.min($0 + most, count)] }
    }
}
