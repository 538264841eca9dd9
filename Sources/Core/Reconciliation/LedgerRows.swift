// The ledger's tables, as `Tests/Faults/rows.sql` has the database write them in one transaction: a row a line, its table
// first, tabs between the columns, nothing for null. Numbers that the tables keep as signed ones are sessions' names.

/// All amounts are micros.
public struct LedgerRows: Sendable {
    public struct Account: Hashable, Sendable {
        public var id, parent: Int64
        public var campaign: String
        public var budget, granted, settled, suspense, presumed, late: Int64
        /// The number that accounts without a parent have in its place.
        public static let none: Int64 = -1
    }

    /// A start of a holder of the root.
    public struct Session: Hashable, Sendable {
        public var session: UInt64
        public var isFenced: Bool
    }

    public struct Cell: Hashable, Sendable {
        public var session: UInt64
        public var account, granted, returned, settled: Int64
        /// How many of its nodes have said for good what they drew.
        public var closedLeaves: Int64
    }

    public struct Leaf: Hashable, Sendable {
        public var node, root: UInt64
    }

    public struct LeafCell: Hashable, Sendable {
        public var node: UInt64
        public var account, paid, late: Int64
        /// By a closing: what was taken to spend, and what of that nobody can spend any more.
        public var claimed, drawn, freed: Int64
        public var isClosed: Bool
    }

    public struct Block: Hashable, Sendable {
        public var node: UInt64
        public var account: Int64
        public var shard: UInt32
        public var number: Int64
        public var mask: UInt64
        public var paid, late: Int64
    }

    public struct Claim: Hashable, Sendable {
        public var key: BillKey
        public var account, paid, late: Int64
        public var isMerged: Bool
    }

    public struct Movement: Hashable, Sendable {
        public var stream: UInt64
        public var number, sequence, account: Int64
        public var source, target: Int
        public var amount: Int64
    }

    public var accounts: [Account] = []
    public var sessions: [Session] = []
    public var cells: [Cell] = []
    public var leaves: [Leaf] = []
    public var leafCells: [LeafCell] = []
    public var blocks: [Block] = []
    public var claims: [Claim] = []
    public var movements: [Movement] = []
    /// The last batch of each coordinator's start.
    public var streams: [UInt64: Int64] = [:]

    public init() {}

    public init(reading bytes: [UInt8]) throws(UnreadableLine) {
        try TabbedLines.read(bytes) { line throws(UnreadableLine) in try take(line) }
    }

    private mutating func take(_ line: TabbedLine) throws(UnreadableLine) {
        func number(_ column: Int) throws(UnreadableLine) -> Int64 {
            try line.number(column, "a number", Int64.self)
        }
        func name(_ column: Int) throws(UnreadableLine) -> UInt64 {
            UInt64(bitPattern: try number(column))
        }
        func isSet(_ column: Int) throws(UnreadableLine) -> Bool {
            switch try line.text(column, "t or f") {
            case "t": true
            case "f": false
            case let text: throw line.refusal("column \(column + 1) is '\(text)', and neither t nor f")
            }
        }
        func shard(_ column: Int) throws(UnreadableLine) -> UInt32 {
            try line.number(column, "a shard", UInt32.self)
        }
        switch try line.text(0, "the table") {
        case "account":
            accounts.append(
                Account(
                    id: try number(1), parent: try number(2), campaign: try line.text(3, "the campaign"),
                    budget: try number(4), granted: try number(5), settled: try number(6),
                    suspense: try number(7), presumed: try number(8), late: try number(9)))
        case "session":
            sessions.append(Session(session: try name(1), isFenced: try isSet(2)))
        case "cell":
            cells.append(
                Cell(
                    session: try name(1), account: try number(2), granted: try number(3),
                    returned: try number(4), settled: try number(5), closedLeaves: try number(6)))
        case "leaf":
            leaves.append(Leaf(node: try name(1), root: try name(2)))
        case "leaf_cell":
            leafCells.append(
                LeafCell(
                    node: try name(1), account: try number(2), paid: try number(3), late: try number(4),
                    claimed: try number(5), drawn: try number(6), freed: try number(7),
                    isClosed: try isSet(8)))
        case "block":
            blocks.append(
                Block(
                    node: try name(1), account: try number(2), shard: try shard(3), number: try number(4),
                    mask: try name(5), paid: try number(6), late: try number(7)))
        case "claim":
            claims.append(
                Claim(
                    key: BillKey(
                        session: try name(1), shard: try shard(2), sequence: try name(3)),
                    account: try number(4), paid: try number(5), late: try number(6),
                    isMerged: try isSet(7)))
        case "movement":
            movements.append(
                Movement(
                    stream: try name(1), number: try number(2), sequence: try number(3),
                    account: try number(4), source: Int(try number(5)), target: Int(try number(6)),
                    amount: try number(7)))
        case "stream":
            streams[try name(1)] = try number(2)
        case let table:
            throw line.refusal("'\(table)' is none of the ledger's tables")
        }
    }
}
