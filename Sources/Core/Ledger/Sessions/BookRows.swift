// A book as rows of tables: what a database keeps of it. A row is absolute, so that one which is written twice, or by who takes
// over, is the same; a row that is not there is all zeros.
public import Units

/// Which row of which table.
public enum BookRowName: Hashable, Sendable {
    case account(AccountIndex)
    case session(LedgerSession)
    case cell(LedgerSession, AccountIndex)
    case leaf(LeafKey)
    case leafCell(LedgerSession, AccountIndex)
    case block(LedgerSession, SettlementBlock.Place)
    case claim(LedgerSession, ReservationKey)
}

extension SettlementBlock {
    /// Which sixty-four reservations, and whose money.
    public struct Place: Hashable, Comparable, Sendable, BitwiseCopyable {
        public var account: AccountIndex
        public var shard: UInt32
        public var number: UInt32

        public static func < (a: Self, b: Self) -> Bool {
            (a.account, a.shard, a.number) < (b.account, b.shard, b.number)
        }
    }

    public var place: Place { Place(account: account, shard: shard, number: number) }
}

/// Rows of a book: all of them, or those that some events touched.
public struct BookRows: Hashable, Sendable {
    public struct AccountRow: Hashable, Sendable {
        public var index: AccountIndex
        public var account: GrantBook.Account

        public init(index: AccountIndex, account: GrantBook.Account) {
            self.index = index
            self.account = account
        }
    }

    public struct SessionRow: Hashable, Sendable {
        /// Its place in the book, dense from zero in the order in which sessions were opened.
        public var row: Int
        public var session: LedgerSession
        public var holder: HolderNumber
        public var isFenced = false
        public var isPresumed = false
        public var isCloned = false
        public var nonce: UInt64 = 0
        public var usedBy: UInt64 = 0
        /// Of a root alone: what a broker gives a lease is one start's session, whose requests are counted.
        public var earlier: [RenewalChain.Use] = []

        public init(row: Int, session: LedgerSession, holder: HolderNumber) {
            self.row = row
            self.session = session
            self.holder = holder
        }
    }

    public struct CellRow: Hashable, Sendable, BitwiseCopyable {
        public var session: LedgerSession
        public var account: AccountIndex
        public var granted = Micros.zero
        public var returned = Micros.zero
        public var settled = Micros.zero
        public var waiting = Micros.zero
        public var closedLeaves = 0

        public init(session: LedgerSession, account: AccountIndex) {
            self.session = session
            self.account = account
        }
    }

    public struct LeafRow: Hashable, Sendable, BitwiseCopyable {
        public var row: Int
        public var key: LeafKey

        public init(row: Int, key: LeafKey) {
            self.row = row
            self.key = key
        }
    }

    public struct LeafCellRow: Hashable, Sendable, BitwiseCopyable {
        public var leaf: LedgerSession
        public var account: AccountIndex
        public var paid = Micros.zero
        public var late = Micros.zero
        public var claimed = Micros.zero
        public var claimedLate = Micros.zero
        public var drawn = Micros.zero
        public var freed = Micros.zero
        public var isClosed = false

        public init(leaf: LedgerSession, account: AccountIndex) {
            self.leaf = leaf
            self.account = account
        }
    }

    public struct BlockRow: Hashable, Sendable, BitwiseCopyable {
        public var leaf: LedgerSession
        public var block: SettlementBlock

        public init(leaf: LedgerSession, block: SettlementBlock) {
            self.leaf = leaf
            self.block = block
        }
    }

    public struct ClaimRow: Hashable, Sendable, BitwiseCopyable {
        public var leaf: LedgerSession
        public var counted: GrantBook.CountedClaim

        public init(leaf: LedgerSession, counted: GrantBook.CountedClaim) {
            self.leaf = leaf
            self.counted = counted
        }
    }

    /// A claim that the holder's own journal has taken in: it counts no more.
    public struct MergedClaim: Hashable, Sendable, BitwiseCopyable {
        public var leaf: LedgerSession
        public var key: ReservationKey
    }

    public var accounts: [AccountRow] = []
    public var sessions: [SessionRow] = []
    public var cells: [CellRow] = []
    public var leaves: [LeafRow] = []
    public var leafCells: [LeafCellRow] = []
    public var blocks: [BlockRow] = []
    /// Those of a leaf in the order in which they came.
    public var claims: [ClaimRow] = []
    public var merged: [MergedClaim] = []

    public init() {}

    public var count: Int {
        accounts.count + sessions.count + cells.count + leaves.count + leafCells.count + blocks.count
            + claims.count + merged.count
    }
}

// MARK: Out of a book

extension GrantBook {
    /// All rows, in the order of their names; those that are all zeros are left out.
    public var rows: BookRows {
        var rows = BookRows()
        for row in accounts.indices { put(.account(AccountIndex(UInt32(row))), in: &rows) }
        for child in children.indices {
            rows.sessions.append(sessionRow(child))
            for account in accountIndices {
                let row = cellRow(child, account)
                if row != BookRows.CellRow(session: row.session, account: account) { rows.cells.append(row) }
            }
        }
        for leaf in leaves.indices {
            let node = leaves[leaf].key.node
            rows.leaves.append(BookRows.LeafRow(row: leaf, key: leaves[leaf].key))
            for account in accountIndices {
                let row = leafCellRow(leaf, account)
                if row != BookRows.LeafCellRow(leaf: node, account: account) { rows.leafCells.append(row) }
                for block in leafCells[leaf * accounts.count + account.row].blocks {
                    rows.blocks.append(BookRows.BlockRow(leaf: node, block: block))
                }
            }
            for one in leaves[leaf].claims { rows.claims.append(BookRows.ClaimRow(leaf: node, counted: one)) }
        }
        return rows
    }

    /// Names every row that is there.
    func nameAll(_ touches: inout BookTouches) {
        for account in accountIndices { touches.add(.account(account)) }
        let rows = rows
        for row in rows.sessions { touches.add(.session(row.session)) }
        for row in rows.cells { touches.add(.cell(row.session, row.account)) }
        for row in rows.leaves { touches.add(.leaf(row.key)) }
        for row in rows.leafCells { touches.add(.leafCell(row.leaf, row.account)) }
        for row in rows.blocks { touches.add(.block(row.leaf, row.block.place)) }
    }

    /// Those of these names, as they are now; what has come back to zero too.
    public func rows(named names: some Sequence<BookRowName>) -> BookRows {
        var rows = BookRows()
        for name in names { put(name, in: &rows) }
        // Of two rows of one table the earlier is written first, and takes its place among those of its kind.
        rows.sessions.sort { $0.row < $1.row }
        rows.leaves.sort { $0.row < $1.row }
        return rows
    }

    private var accountIndices: some Sequence<AccountIndex> {
        accounts.indices.lazy.map { AccountIndex(UInt32($0)) }
    }

    private func sessionRow(_ child: Int) -> BookRows.SessionRow {
        let from = children[child]
        var row = BookRows.SessionRow(row: child, session: from.session, holder: from.holder)
        row.isFenced = from.isFenced
        row.isPresumed = from.isPresumed
        row.isCloned = from.isCloned
        row.nonce = from.nonce
        row.usedBy = from.usedBy
        row.earlier = from.earlier
        return row
    }

    private func cellRow(_ child: Int, _ account: AccountIndex) -> BookRows.CellRow {
        let from = cells[cell(child, account)]
        var row = BookRows.CellRow(session: children[child].session, account: account)
        row.granted = from.granted
        row.returned = from.returned
        row.settled = from.settled
        row.waiting = from.waiting
        row.closedLeaves = from.closedLeaves
        return row
    }

    private func leafCellRow(_ leaf: Int, _ account: AccountIndex) -> BookRows.LeafCellRow {
        let from = leafCells[leaf * accounts.count + account.row]
        var row = BookRows.LeafCellRow(leaf: leaves[leaf].key.node, account: account)
        row.paid = from.paid
        row.late = from.late
        row.claimed = from.claimed
        row.claimedLate = from.claimedLate
        row.drawn = from.drawn
        row.freed = from.freed
        row.isClosed = from.isClosed
        return row
    }

    private func put(_ name: BookRowName, in rows: inout BookRows) {
        switch name {
        case .account(let index):
            rows.accounts.append(BookRows.AccountRow(index: index, account: accounts[index.row]))
        case .session(let session):
            if let child = child(session) { rows.sessions.append(sessionRow(child)) }
        case .cell(let session, let account):
            if let child = child(session) { rows.cells.append(cellRow(child, account)) }
        case .leaf(let key):
            if let leaf = leaf(key) {
                rows.leaves.append(BookRows.LeafRow(row: leaf, key: leaves[leaf].key))
            }
        case .leafCell(let node, let account):
            if let leaf = leafRow(node) { rows.leafCells.append(leafCellRow(leaf, account)) }
        case .block(let node, let place):
            guard let leaf = leafRow(node) else { return }
            let blocks = leafCells[leaf * accounts.count + place.account.row].blocks
            if let block = blocks.last(where: { $0.place == place }) {
                rows.blocks.append(BookRows.BlockRow(leaf: node, block: block))
            }
        case .claim(let node, let key):
            guard let leaf = leafRow(node) else { return }
            if let one = leaves[leaf].claims.first(where: { $0.claim.key == key }) {
                rows.claims.append(BookRows.ClaimRow(leaf: node, counted: one))
            } else {
                rows.merged.append(BookRows.MergedClaim(leaf: node, key: key))
            }
        }
    }

    func leafRow(_ node: LedgerSession) -> Int? { leaf(LeafKey(root: node, node: node)) }
}
