// What a broker keeps on its disk: rows of its book, each as it was when it changed last. Those that changed together are written
// together, so that whatever is read back to a place where the log was torn is a state in which the broker has been.
public import Units

public struct BrokerRows: Hashable, Sendable {
    /// The session with the root, how it is renewed, and how far it may go.
    public struct Session: Hashable, Sendable, BitwiseCopyable {
        public var session: LedgerSession
        public var nonce: UInt64
        /// The renewal on that nonce: where it was sent, it is sent again as it was.
        public var request: UInt64
        public var sentAt: Instant?
        /// By a clock that another boot of the machine starts anew.
        public var fence: Instant
        public var boot: UInt64
        /// The wall clock less that clock, as it was then; nil where nobody had looked.
        public var wallAhead: Interval?

        public init(
            session: LedgerSession, nonce: UInt64, request: UInt64, sentAt: Instant?, fence: Instant,
            boot: UInt64, wallAhead: Interval?
        ) {
            self.session = session
            self.nonce = nonce
            self.request = request
            self.sentAt = sentAt
            self.fence = fence
            self.boot = boot
            self.wallAhead = wallAhead
        }

        /// Whether an instant in this row still means the same: the machine has not been started anew since, and its counting clock
        /// has gone as the wall clock has. Where that stood still meanwhile, no process is left that saw it.
        public func isSameClock(boot: UInt64, wall: Instant, at now: Instant, tolerance: Interval) -> Bool {
            guard self.boot == boot, boot != 0, let wallAhead else { return false }
            let ahead = Interval(nanoseconds: wall.nanoseconds - now.nanoseconds)
            return SessionLease.parting(ahead, wallAhead) <= tolerance
        }
    }

    /// An account as the root knows it, and what it granted of it and took back.
    public struct Account: Hashable, Sendable {
        /// In this broker's book.
        public var index: AccountIndex
        /// At the root, and so for nodes.
        public var number: AccountIndex
        public var name: AccountName
        public var granted = Micros.zero
        public var returned = Micros.zero

        public init(index: AccountIndex, number: AccountIndex, name: AccountName) {
            self.index = index
            self.number = number
            self.name = name
        }
    }

    /// A session that is over: what an audit asks for of it, as it was at its end.
    public struct Former: Hashable, Sendable {
        public var session: LedgerSession
        public var sums: [HolderPresentation.Sum]
        public var nodes: [LedgerSession]

        public init(session: LedgerSession, sums: [HolderPresentation.Sum], nodes: [LedgerSession]) {
            self.session = session
            self.sums = sums
            self.nodes = nodes
        }

        /// A session ends with an outage of its lease's length: these are those of years.
        public static let most = 256
    }

    /// Nil where it did not change.
    public var session: Session?
    /// Where all rows are written; else they follow from the rows of their sessions.
    public var former: [Former] = []
    /// One for each of `book.accounts`, in their order.
    public var accounts: [Account] = []
    public var book = BookRows()

    public init() {}

    public var isEmpty: Bool { session == nil && former.isEmpty && book.count == 0 }
}

/// All rows of a log, of each the last.
public struct BrokerMemory: Sendable {
    public private(set) var session: BrokerRows.Session?
    /// Sessions before that one, in their order.
    public private(set) var former: [BrokerRows.Former] = []
    private var accounts: [AccountIndex: (row: BookRows.AccountRow, account: BrokerRows.Account)] = [:]
    private var sessions: [LedgerSession: BookRows.SessionRow] = [:]
    private var cells: [Pair: BookRows.CellRow] = [:]
    private var leaves: [LedgerSession: BookRows.LeafRow] = [:]
    private var leafCells: [Pair: BookRows.LeafCellRow] = [:]
    private var blocks: [Block: BookRows.BlockRow] = [:]

    private struct Pair: Hashable {
        let session: LedgerSession
        let account: AccountIndex
    }

    private struct Block: Hashable {
        let leaf: LedgerSession
        let place: SettlementBlock.Place
    }

    public init() {}

    /// Rows that were written behind all that were taken before.
    public mutating func take(_ rows: BrokerRows) {
        if let next = rows.session {
            // Another session begins with nothing of the one before it.
            if let session, session.session != next.session {
                var kept = former
                kept.append(self.over(session))
                self = BrokerMemory()
                former = kept.suffix(BrokerRows.Former.most)
            }
            session = next
        }
        if !rows.former.isEmpty {
            // All there are, of which some may be known.
            let named = Set(rows.former.map(\.session))
            former = former.filter { !named.contains($0.session) } + rows.former
        }
        for (account, row) in zip(rows.accounts, rows.book.accounts) { accounts[row.index] = (row, account) }
        for row in rows.book.sessions { sessions[row.session] = row }
        for row in rows.book.cells { cells[Pair(session: row.session, account: row.account)] = row }
        for row in rows.book.leaves { leaves[row.key.node] = row }
        for row in rows.book.leafCells { leafCells[Pair(session: row.leaf, account: row.account)] = row }
        for row in rows.book.blocks { blocks[Block(leaf: row.leaf, place: row.block.place)] = row }
    }

    private func over(_ session: BrokerRows.Session) -> BrokerRows.Former {
        let sums = accounts.sorted { $0.key < $1.key }.map { _, known in
            HolderPresentation.Sum(
                known.account.name, number: known.account.number, currency: known.row.account.currency,
                granted: known.account.granted, returned: known.account.returned)
        }
        return BrokerRows.Former(session: session.session, sums: sums, nodes: leaves.keys.sorted())
    }

    /// In the order of the book's numbers.
    public var rows: BrokerRows {
        var rows = BrokerRows()
        rows.session = session
        let sorted = accounts.sorted { $0.key < $1.key }
        rows.accounts = sorted.map(\.value.account)
        rows.book.accounts = sorted.map(\.value.row)
        rows.book.sessions = sessions.values.sorted { $0.row < $1.row }
        rows.book.cells = Array(cells.values)
        rows.book.leaves = leaves.values.sorted { $0.row < $1.row }
        rows.book.leafCells = Array(leafCells.values)
        rows.book.blocks = Array(blocks.values)
        return rows
    }
}
