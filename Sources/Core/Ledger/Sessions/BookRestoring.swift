// A book out of its rows, as a process that takes over finds them, and whether they are of one piece: what an account says of
// its places must be what its sessions come to.
public import Units

/// Rows that do not make a book. Nothing is guessed: whoever finds this leads nothing, and an operator looks.
public enum BookFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// A row names another one that is not there.
    case dangling(String)
    /// Sessions, leaves or accounts are not numbered without gaps, or two rows have one name.
    case misnumbered(String)
    /// A window in another currency than its lifetime account.
    case otherCurrency(AccountIndex)
    /// An account's own row says otherwise than the rows below it.
    case unbalanced(AccountIndex, Place, says: Micros, is: Micros)

    public var description: String {
        switch self {
        case .dangling(let what): "\(what) refers to a row that is not there"
        case .misnumbered(let what): "\(what) is out of its order, or there twice"
        case .otherCurrency(let account):
            "account \(account.rawValue) is not in the currency of the account that funds it"
        case .unbalanced(let account, let place, let says, let sum):
            "account \(account.rawValue) says \(says.rawValue) micros are \(place), "
                + "and its sessions come to \(sum.rawValue)"
        }
    }
}

extension GrantBook {
    /// The book of all its rows. Which order they come in within a table does not matter, but for claims of one leaf, which are
    /// in the order in which they came.
    public init(restoring rows: BookRows, rules: LedgerRules = .all) throws(BookFault) {
        self.init([], rules: rules)
        try restoreAccounts(rows)
        try restoreSessions(rows)
        try restoreLeaves(rows)
        if let fault = imbalance { throw fault }
    }

    private mutating func restoreAccounts(_ rows: BookRows) throws(BookFault) {
        for row in rows.accounts.sorted(by: { $0.index < $1.index }) {
            guard row.index.row == accounts.count else {
                throw .misnumbered("account \(row.index.rawValue)")
            }
            accounts.append(row.account)
        }
        for row in accounts.indices {
            guard let parent = accounts[row].parent else { continue }
            guard parent.row < accounts.count, accounts[parent.row].parent == nil else {
                throw .dangling("account \(row)")
            }
            guard accounts[parent.row].currency == accounts[row].currency else {
                throw .otherCurrency(AccountIndex(UInt32(row)))
            }
        }
    }

    private mutating func restoreSessions(_ rows: BookRows) throws(BookFault) {
        var known: [LedgerSession: Int] = [:]
        for row in rows.sessions.sorted(by: { $0.row < $1.row }) {
            guard row.row == children.count, known.updateValue(row.row, forKey: row.session) == nil else {
                throw .misnumbered("session \(row.session.rawValue)")
            }
            var child = Child(session: row.session, holder: row.holder)
            child.isFenced = row.isFenced
            child.isPresumed = row.isPresumed
            child.isCloned = row.isCloned
            child.nonce = row.nonce
            child.usedBy = row.usedBy
            child.earlier = row.earlier
            append(child)
        }
        cells = Array(repeating: Cell(), count: children.count * accounts.count)
        for row in rows.cells {
            guard let child = known[row.session], row.account.row < accounts.count else {
                throw .dangling("a cell of session \(row.session.rawValue)")
            }
            cells[cell(child, row.account)] = Cell(
                granted: row.granted, returned: row.returned, settled: row.settled, waiting: row.waiting,
                closedLeaves: row.closedLeaves)
        }
        for row in rows.leaves.sorted(by: { $0.row < $1.row }) {
            guard row.row == leaves.count else { throw .misnumbered("leaf \(row.key.node.rawValue)") }
            guard let child = known[row.key.root] else { throw .dangling("leaf \(row.key.node.rawValue)") }
            append(Leaf(key: row.key, child: child))
            children[child].leafCount += 1
        }
    }

    private mutating func restoreLeaves(_ rows: BookRows) throws(BookFault) {
        var known: [LedgerSession: Int] = [:]
        for leaf in leaves.indices {
            let node = leaves[leaf].key.node
            guard known.updateValue(leaf, forKey: node) == nil else {
                throw .misnumbered("leaf \(node.rawValue)")
            }
        }
        leafCells = Array(repeating: LeafCell(), count: leaves.count * accounts.count)
        func at(_ node: LedgerSession, _ account: AccountIndex) throws(BookFault) -> Int {
            guard let leaf = known[node], account.row < accounts.count else {
                throw .dangling("evidence of session \(node.rawValue)")
            }
            return leaf * accounts.count + account.row
        }
        for row in rows.leafCells {
            leafCells[try at(row.leaf, row.account)] = LeafCell(
                paid: row.paid, late: row.late, claimed: row.claimed, claimedLate: row.claimedLate,
                drawn: row.drawn, freed: row.freed, isClosed: row.isClosed)
        }
        for row in rows.blocks { leafCells[try at(row.leaf, row.block.account)].blocks.append(row.block) }
        for row in rows.claims {
            _ = try at(row.leaf, row.counted.claim.account)
            if let leaf = known[row.leaf] { leaves[leaf].claims.append(row.counted) }
        }
    }

    /// The first account whose places are not what its sessions come to; nil where all are.
    public var imbalance: BookFault? {
        var sums = accounts.map { _ in BookPlaces(settled: .zero) }
        var late = accounts.map { _ in Micros.zero }
        func add(_ row: Int, _ body: (Int) -> Void) {
            body(row)
            if let parent = accounts[row].parent { body(parent.row) }
        }
        for row in accounts.indices {
            for child in children.indices {
                let places = places(child, AccountIndex(UInt32(row)))
                add(row) {
                    sums[$0].granted += places.granted
                    sums[$0].settled += places.settled
                    sums[$0].suspense += places.suspense
                    sums[$0].presumed += places.presumed
                }
            }
            for leaf in leaves.indices {
                let cell = leafCells[leaf * accounts.count + row]
                add(row) { late[$0] += cell.late + cell.claimedLate }
            }
            add(row) { sums[$0].settled -= accounts[row].refunded }
        }
        for (row, account) in accounts.enumerated() {
            let found: [(Place, Micros, Micros)] = [
                (.granted, account.granted, sums[row].granted),
                (.settled, account.settled, sums[row].settled),
                (.suspense, account.suspense, sums[row].suspense),
                (.presumed, account.presumed, sums[row].presumed), (.late, account.late, late[row]),
            ]
            for (place, says, sum) in found where says != sum {
                return .unbalanced(AccountIndex(UInt32(row)), place, says: says, is: sum)
            }
        }
        return nil
    }

    // MARK: Growing

    /// Adds accounts behind those that are there; sessions that are open may ask for them from now on. All that come at once
    /// are one call, since every row of every session is laid out anew.
    public mutating func add(_ more: [Account]) {
        guard !more.isEmpty else { return }
        let former = accounts.count
        for account in more {
            if let parent = account.parent {
                precondition(
                    parent.row < accounts.count && accounts[parent.row].parent == nil,
                    "a window is funded by a lifetime account that is there")
                precondition(
                    accounts[parent.row].currency == account.currency,
                    "a window is funded in its lifetime account's currency")
            }
            accounts.append(account)
        }
        cells = Self.widen(cells, Cell(), rows: children.count, from: former, to: accounts.count)
        leafCells = Self.widen(leafCells, LeafCell(), rows: leaves.count, from: former, to: accounts.count)
    }

    private static func widen<Row>(_ rows: [Row], _ blank: Row, rows count: Int, from: Int, to: Int) -> [Row]
    {
        var wide: [Row] = []
        wide.reserveCapacity(count * to)
        for row in 0..<count {
            wide += rows[row * from..<(row + 1) * from]
            wide.append(contentsOf: repeatElement(blank, count: to - from))
        }
        return wide
    }
}
