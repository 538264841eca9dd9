// All of a root's tables in one look, for who takes over.
public import Ledger
public import Postgres
internal import Units

extension LedgerStore {
    /// One snapshot of all tables; `content` reads what it gives.
    public static func load() -> PostgresBatch {
        var batch = PostgresBatch()
        batch.add(PostgresStatement("set transaction isolation level repeatable read"))
        batch.add(
            PostgresStatement(
                """
                select id, version, campaign, day, currency, parent, highest, is_paused, has_ended, budget, granted,
                    settled, suspense, presumed, late, refunds, refunded, missing
                from paceline.accounts order by id
                """))
        batch.add(
            PostgresStatement(
                """
                select session, holder, start, is_fenced, is_presumed, is_cloned, nonce, used_by,
                    array_to_string(earlier, ',')
                from paceline.sessions order by ordinal
                """))
        batch.add(
            PostgresStatement(
                "select session, account, granted, returned, settled, waiting, closed_leaves from paceline.cells"
            ))
        batch.add(PostgresStatement("select node, root from paceline.leaves order by ordinal"))
        batch.add(
            PostgresStatement(
                """
                select node, account, paid, late, claimed, claimed_late, drawn, freed, is_closed
                from paceline.leaf_cells
                """))
        batch.add(
            PostgresStatement(
                "select node, account, shard, number, mask, paid, late from paceline.blocks"))
        batch.add(
            PostgresStatement(
                """
                select node, session, shard, sequence, account, reserved, amount, paid, late
                from paceline.claims where not is_merged order by ordinal
                """))
        batch.add(PostgresStatement("select stream, number from paceline.streams"))
        batch.add(timelineLoad)
        batch.add(entriesLoad)
        return batch
    }

    public static func content(
        _ found: [PostgresRows], of process: LedgerProcess
    ) throws(PostgresMismatch) -> RootContent {
        var content = RootContent()
        for row in found[1] {
            let index = AccountIndex(UInt32(truncatingIfNeeded: try row.read(0, as: Int64.self)))
            let parent: Int64? = try row.read(5)
            let code: String = try row.read(4)
            guard let currency = CurrencyCode(code) else {
                throw PostgresMismatch(column: "currency", found: code, wanted: "three letters")
            }
            var account = GrantBook.Account(
                parent: parent.map { AccountIndex(UInt32(truncatingIfNeeded: $0)) }, currency: currency,
                highest: try micros(row, 6))
            account.isPaused = try row.read(7)
            account.hasEnded = try row.read(8)
            account.budget = try micros(row, 9)
            account.granted = try micros(row, 10)
            account.settled = try micros(row, 11)
            account.suspense = try micros(row, 12)
            account.presumed = try micros(row, 13)
            account.late = try micros(row, 14)
            account.refunds = UInt32(truncatingIfNeeded: try row.read(15, as: Int64.self))
            account.refunded = try micros(row, 16)
            account.missing = try unsigned(row, 17)
            content.rows.accounts.append(BookRows.AccountRow(index: index, account: account))
            let day: Int64? = try row.read(3)
            content.labels.append(
                AccountLabel(
                    name: AccountName(
                        campaign: try row.read(2), day: day.map { BudgetDay(number: Int32(clamping: $0)) }),
                    version: try unsigned(row, 1)))
        }
        for (ordinal, row) in found[2].enumerated() {
            let holder: Int64 = try row.read(1)
            guard (0..<Int64(HolderNumber.most)).contains(holder) else {
                throw PostgresMismatch(column: "holder", found: "\(holder)", wanted: "a number below 64")
            }
            var session = BookRows.SessionRow(
                row: ordinal, session: try session(row, 0), holder: HolderNumber(UInt8(holder)))
            session.isFenced = try row.read(3)
            session.isPresumed = try row.read(4)
            session.isCloned = try row.read(5)
            session.nonce = try unsigned(row, 6)
            session.usedBy = try unsigned(row, 7)
            session.earlier = try uses(row, 8)
            content.rows.sessions.append(session)
            content.starts.append(try unsigned(row, 2))
        }
        for row in found[3] {
            var cell = BookRows.CellRow(session: try session(row, 0), account: try account(row, 1))
            cell.granted = try micros(row, 2)
            cell.returned = try micros(row, 3)
            cell.settled = try micros(row, 4)
            cell.waiting = try micros(row, 5)
            cell.closedLeaves = Int(try row.read(6, as: Int64.self))
            content.rows.cells.append(cell)
        }
        for (ordinal, row) in found[4].enumerated() {
            content.rows.leaves.append(
                BookRows.LeafRow(
                    row: ordinal, key: LeafKey(root: try session(row, 1), node: try session(row, 0))))
        }
        try readEvidence(found, &content)
        for row in found[8] { content.streams[try unsigned(row, 0)] = try unsigned(row, 1) }
        content.number = content.streams[process.number, default: 0]
        try readAudit(found[9], found[10], &content)
        return content
    }

    private static func readEvidence(
        _ found: [PostgresRows], _ content: inout RootContent
    ) throws(PostgresMismatch) {
        for row in found[5] {
            var cell = BookRows.LeafCellRow(leaf: try session(row, 0), account: try account(row, 1))
            cell.paid = try micros(row, 2)
            cell.late = try micros(row, 3)
            cell.claimed = try micros(row, 4)
            cell.claimedLate = try micros(row, 5)
            cell.drawn = try micros(row, 6)
            cell.freed = try micros(row, 7)
            cell.isClosed = try row.read(8)
            content.rows.leafCells.append(cell)
        }
        for row in found[6] {
            content.rows.blocks.append(
                BookRows.BlockRow(
                    leaf: try session(row, 0),
                    block: SettlementBlock(
                        account: try account(row, 1), shard: try small(row, 2), number: try small(row, 3),
                        mask: try unsigned(row, 4), paid: try micros(row, 5), late: try micros(row, 6))))
        }
        for row in found[7] {
            let account = try account(row, 4)
            guard account.row < content.rows.accounts.count else {
                throw PostgresMismatch(
                    column: "account", found: "\(account.row)", wanted: "an account that is there")
            }
            let claim = Claim(
                key: ReservationKey(
                    session: try session(row, 1), shard: try small(row, 2), sequence: try unsigned(row, 3)),
                account: account, currency: content.rows.accounts[account.row].account.currency,
                reserved: try micros(row, 5), amount: try micros(row, 6))
            content.rows.claims.append(
                BookRows.ClaimRow(
                    leaf: try session(row, 0),
                    counted: GrantBook.CountedClaim(
                        claim, paid: try micros(row, 7), late: try micros(row, 8))))
        }
    }

    private static func uses(
        _ row: PostgresRow, _ column: Int
    ) throws(PostgresMismatch) -> [RenewalChain.Use] {
        let text: String = try row.read(column)
        let numbers = text.split(separator: ",").map { Int64($0).map(UInt64.init(bitPattern:)) }
        guard numbers.count % 2 == 0 else {
            throw PostgresMismatch(column: "earlier", found: text, wanted: "nonces with their requests")
        }
        return try stride(from: 0, to: numbers.count, by: 2).map { at throws(PostgresMismatch) in
            guard let nonce = numbers[at], let id = numbers[at + 1] else {
                throw PostgresMismatch(column: "earlier", found: text, wanted: "numbers")
            }
            return RenewalChain.Use(nonce: nonce, id: id)
        }
    }

    static func micros(_ row: PostgresRow, _ column: Int) throws(PostgresMismatch) -> Micros {
        Micros(try row.read(column, as: Int64.self))
    }
    static func unsigned(_ row: PostgresRow, _ column: Int) throws(PostgresMismatch) -> UInt64 {
        UInt64(bitPattern: try row.read(column, as: Int64.self))
    }
    static func small(_ row: PostgresRow, _ column: Int) throws(PostgresMismatch) -> UInt32 {
        UInt32(truncatingIfNeeded: try row.read(column, as: Int64.self))
    }
    static func session(_ row: PostgresRow, _ column: Int) throws(PostgresMismatch) -> LedgerSession {
        LedgerSession(try unsigned(row, column))
    }
    static func account(_ row: PostgresRow, _ column: Int) throws(PostgresMismatch) -> AccountIndex {
        AccountIndex(try small(row, column))
    }
}
