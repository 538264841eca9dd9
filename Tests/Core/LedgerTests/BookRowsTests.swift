// A book and its rows: what the rows that were written come to is the book, whenever somebody takes over.
import Ledger
import Testing
import Units

@Suite struct BookRowsTests {
    /// Tables as a database keeps them: each row under its name, claims in the order in which they came.
    private struct Tables {
        private var accounts: [AccountIndex: BookRows.AccountRow] = [:]
        private var sessions: [LedgerSession: BookRows.SessionRow] = [:]
        private var cells: [BookRowName: BookRows.CellRow] = [:]
        private var leaves: [LedgerSession: BookRows.LeafRow] = [:]
        private var leafCells: [BookRowName: BookRows.LeafCellRow] = [:]
        private var blocks: [BookRowName: BookRows.BlockRow] = [:]
        private var claims: [BookRows.ClaimRow] = []

        mutating func write(_ rows: BookRows) {
            for row in rows.accounts { accounts[row.index] = row }
            for row in rows.sessions { sessions[row.session] = row }
            for row in rows.cells { cells[.cell(row.session, row.account)] = row }
            for row in rows.leaves { leaves[row.key.node] = row }
            for row in rows.leafCells { leafCells[.leafCell(row.leaf, row.account)] = row }
            for row in rows.blocks { blocks[.block(row.leaf, row.block.place)] = row }
            for row in rows.claims {
                let known = claims.firstIndex {
                    $0.leaf == row.leaf && $0.counted.claim.key == row.counted.claim.key
                }
                if let known { claims[known] = row } else { claims.append(row) }
            }
            for row in rows.merged {
                claims.removeAll { $0.leaf == row.leaf && $0.counted.claim.key == row.key }
            }
        }

        var all: BookRows {
            var rows = BookRows()
            rows.accounts = Array(accounts.values)
            rows.sessions = Array(sessions.values)
            rows.cells = cells.values.filter { $0 != .init(session: $0.session, account: $0.account) }
            rows.leaves = Array(leaves.values)
            rows.leafCells = leafCells.values.filter { $0 != .init(leaf: $0.leaf, account: $0.account) }
            rows.blocks = Array(blocks.values)
            rows.claims = claims
            return rows
        }
    }

    /// Rows as sets, but for the claims of a leaf, whose order counts.
    private static func canonical(_ rows: BookRows) -> [AnyHashable] {
        let claims = Dictionary(grouping: rows.claims, by: \.leaf)
        return [
            Set(rows.accounts), Set(rows.sessions), Set(rows.cells), Set(rows.leaves), Set(rows.leafCells),
            Set(rows.blocks), claims,
        ]
    }

    private static let drawn = UInt64.random(in: 1...UInt64.max)

    @Test(arguments: [2, 5, 7, drawn])
    func whatWasWrittenIsTheBook(seed: UInt64) throws {
        var events = BookEvents(seed: seed)
        var book = GrantBook(events.accounts)
        var tables = Tables()
        tables.write(book.rows)
        var restored = book
        var touches = BookTouches()
        for step in 0..<1_500 {
            if step % 200 == 199 {
                let more = events.moreAccounts(behind: book.accounts.count)
                book.add(more)
                restored.add(more)
                for row in book.accounts.count - more.count..<book.accounts.count {
                    touches.add(.account(AccountIndex(UInt32(row))))
                }
            }
            let event = events.next(book)
            var effects: [BookEffect] = []
            var again: [BookEffect] = []
            book.handle(event, &effects, touching: &touches)
            restored.handle(event, &again)
            let isSame = effects == again
            #expect(isSame, "seed \(seed), step \(step): \(event)")
            if step % 4 == 0 { #expect(book.imbalance == nil, "seed \(seed), step \(step): \(event)") }
            // A batch of any size, and now and then somebody takes over.
            guard events.chance(1, of: 7) else { continue }
            tables.write(book.rows(named: touches.names))
            touches.removeAll()
            let isWhole = Self.canonical(tables.all) == Self.canonical(book.rows)
            try #require(
                isWhole, "seed \(seed), step \(step): a row was not written, last \(event)")
            guard events.chance(1, of: 5) else { continue }
            restored = try GrantBook(restoring: tables.all)
            let isEqual = Self.canonical(restored.rows) == Self.canonical(book.rows)
            #expect(isEqual, "seed \(seed), step \(step)")
        }
        // Where too little happened, nothing was shown.
        let rows = book.rows
        #expect(
            rows.blocks.count > 10 && rows.leafCells.count > 10 && rows.sessions.count > 3, "seed \(seed)")
        #expect(rows.leafCells.contains { $0.isClosed }, "seed \(seed)")
    }

    @Test func rowsThatAreNotOfOnePieceAreRefused() throws {
        var events = BookEvents(seed: 5)
        var book = GrantBook(events.accounts)
        var effects: [BookEffect] = []
        for _ in 0..<600 { book.handle(events.next(book), &effects) }
        let whole = book.rows
        let faults: [(String, (inout BookRows) -> Void)] = [
            ("is out of its order, or there twice", { $0.accounts[0].index = AccountIndex(99) }),
            ("refers to a row that is not there", { $0.leaves[0].key.root = LedgerSession(99_999) }),
            ("evidence of session 4711 refers", { $0.blocks[0].leaf = LedgerSession(4711) }),
            ("and its sessions come to", { $0.cells[0].settled += Micros(1) }),
            ("and its sessions come to", { $0.accounts[1].account.settled += Micros(1) }),
            ("is out of its order, or there twice", { $0.sessions.append($0.sessions[0]) }),
        ]
        for (sentence, spoil) in faults {
            var rows = whole
            spoil(&rows)
            do {
                _ = try GrantBook(restoring: rows)
                Issue.record("taken, where \(sentence) was expected")
            } catch {
                #expect(error.description.contains(sentence), "\(error)")
            }
        }
    }
}
