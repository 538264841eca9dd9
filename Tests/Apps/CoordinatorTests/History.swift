// What clients were told, held against what the tables say: nothing that was acknowledged may be missing, nothing may be there
// twice, and the money adds up.
import Foundation

/// What a client was told, and when nobody could tell it anything.
struct History {
    struct Grant: Hashable {
        var session: String
        var account: Int
        var upTo: Int64
    }

    struct Block: Hashable {
        var node: String
        var account: Int
        var number: Int
        var mask: UInt64
        var paid: Int64
    }

    /// Acknowledged to a client. All amounts are micros.
    var grants: [Grant] = []
    var blocks: [Block] = []
    /// Requests that got no answer, or another than the leader's.
    var unanswered = 0

    mutating func add(_ other: History) {
        grants += other.grants
        blocks += other.blocks
        unanswered += other.unanswered
    }
}

/// The tables, read when all is quiet.
struct LedgerTables {
    struct Account {
        var id: Int
        var parent: Int?
        var budget: Int64
        var granted: Int64
        var settled: Int64
        var suspense: Int64
        var presumed: Int64
    }

    struct Cell {
        var session: String
        var account: Int
        var granted: Int64
        var returned: Int64
        var settled: Int64
    }

    struct Move {
        var stream: String
        var number: Int64
        var sequence: Int
        var account: Int
        var source: Int
        var target: Int
        var amount: Int64
    }

    var accounts: [Account] = []
    var cells: [Cell] = []
    var blocks: [History.Block] = []
    var moves: [Move] = []

    init() {}

    init(_ pair: Pair) throws {
        accounts = try pair.sql(
            "select id, parent, budget, granted, settled, suspense, presumed from paceline.accounts order by id"
        ).map { row in
            let sums = row[2...].map { Int64($0) ?? .min }
            return Account(
                id: Int(row[0]) ?? -1, parent: Int(row[1]), budget: sums[0], granted: sums[1],
                settled: sums[2],
                suspense: sums[3], presumed: sums[4])
        }
        cells = try pair.sql("select session, account, granted, returned, settled from paceline.cells").map {
            Cell(
                session: $0[0], account: Int($0[1]) ?? -1, granted: Int64($0[2]) ?? .min,
                returned: Int64($0[3]) ?? .min, settled: Int64($0[4]) ?? .min)
        }
        blocks = try pair.sql("select node, account, number, mask, paid from paceline.blocks").map {
            History.Block(
                node: $0[0], account: Int($0[1]) ?? -1, number: Int($0[2]) ?? -1,
                mask: UInt64(bitPattern: Int64($0[3]) ?? 0), paid: Int64($0[4]) ?? .min)
        }
        moves = try pair.sql(
            "select stream, number, sequence, account, source, target, amount from paceline.movements"
        ).map {
            Move(
                stream: $0[0], number: Int64($0[1]) ?? -1, sequence: Int($0[2]) ?? -1,
                account: Int($0[3]) ?? -1,
                source: Int($0[4]) ?? -1, target: Int($0[5]) ?? -1, amount: Int64($0[6]) ?? .min)
        }
    }
}

/// Everything that is wrong, in sentences; nothing where nothing is.
func faults(in history: History, against tables: LedgerTables) -> [String] {
    var faults: [String] = []
    let cells = Dictionary(grouping: tables.cells) { "\($0.session)/\($0.account)" }
    for grant in history.grants
    where (cells["\(grant.session)/\(grant.account)"]?.first?.granted ?? 0) < grant.upTo {
        faults.append("an acknowledged grant is not there: \(grant)")
    }
    let blocks = Dictionary(grouping: tables.blocks) { "\($0.node)/\($0.account)/\($0.number)" }
    for (name, found) in blocks where found.count > 1 { faults.append("block \(name) is there twice") }
    for block in history.blocks {
        let found = blocks["\(block.node)/\(block.account)/\(block.number)"]?.first
        if let found, block.mask & ~found.mask == 0, found.paid >= block.paid { continue }
        faults.append("an acknowledged settlement is not there: \(block)")
    }
    // Each key counts once: what cells say is settled is what the blocks come to.
    for (account, all) in Dictionary(grouping: tables.cells, by: \.account) {
        let settled = all.reduce(0) { $0 + $1.settled }
        let paid = tables.blocks.filter { $0.account == account }.reduce(0) { $0 + $1.paid }
        if settled != paid { faults.append("account \(account) settled \(settled) by blocks of \(paid)") }
    }
    var keys: Set<String> = []
    for move in tables.moves where !keys.insert("\(move.stream)/\(move.number)/\(move.sequence)").inserted {
        faults.append("movement \(move.stream)/\(move.number)/\(move.sequence) is there twice")
    }
    for account in tables.accounts {
        let own = tables.cells.filter { cell in
            cell.account == account.id
                || tables.accounts.contains { $0.id == cell.account && $0.parent == account.id }
        }
        let open = own.reduce(0) { $0 + $1.granted - $1.returned - $1.settled }
        if open != account.granted + account.suspense + account.presumed {
            faults.append("account \(account.id) has other money out than its sessions")
        }
        let committed = account.granted + account.settled + account.suspense + account.presumed
        if committed > account.budget { faults.append("account \(account.id) is overspent") }
        if account.settled != own.reduce(0, { $0 + $1.settled }) {
            faults.append("account \(account.id) settled something else than its sessions")
        }
        let mine = tables.moves.filter { move in
            move.account == account.id
                || tables.accounts.contains { $0.id == move.account && $0.parent == account.id }
        }
        for (place, says) in [(1, account.granted), (2, account.settled), (3, account.suspense)] {
            let sum = mine.reduce(Int64(0)) {
                $0 + ($1.target == place ? $1.amount : 0) - ($1.source == place ? $1.amount : 0)
            }
            if sum != says {
                faults.append("account \(account.id): place \(place) is \(says) by movements of \(sum)")
            }
        }
    }
    return faults
}
