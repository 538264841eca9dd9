// What is true of a simulated fleet whatever its ledgers say: what the exchange was promised and billed, what each disk has for good,
// and what each counter and session was when it was looked at last.
import Ledger
import Units

/// What a node session settled of an account, by its own journals.
struct SessionBills: BitwiseCopyable {
    var paid = Micros.zero
    var late = Micros.zero
}

/// A sum that only grows within an epoch.
struct CounterName: Hashable, BitwiseCopyable {
    enum Kind: UInt8, BitwiseCopyable {
        case granted, returned, paid, late, drawn, freed
        case brokerGranted, brokerReturned, nodeGranted, nodeReturned, shardSettled, shardLate, shardGivenBack
    }
    var kind: Kind
    var session: LedgerSession
    var shard: UInt8 = 0
    var account: AccountIndex
}

/// Where a session of the root's stands.
enum SessionState: UInt8, BitwiseCopyable { case open, fenced, closed, over, presumed }

/// What the fleet owes by its own and the exchange's acts, kept beside the ledger and never asked of it.
struct Truth {
    /// The highest that each budget ever was.
    var ceilings: [Micros]
    /// By account, billed and still billable.
    var promised: [Micros]
    /// By session and account.
    var ofSession: [LedgerSession: [Micros]] = [:]
    /// The same by the broker's session above each.
    private(set) var owed: [LedgerSession: [Micros]] = [:]
    /// By node session and account, what its journals have for good.
    private(set) var bills: [LedgerSession: [SessionBills]] = [:]
    var settled: [Micros]
    var late: [Micros]
    /// The books, as their movements tell them, by account and place.
    var books: [[Micros]]
    /// By account, what the exchange gave back.
    var refunds: [Micros]
    var starts: [LedgerSession: UInt64] = [:]
    /// The nonce that each session's next renewal has to bring.
    var nonces: [LedgerSession: (nonce: UInt64, usedBy: UInt64)] = [:]
    /// The broker's session of each node session.
    private(set) var parents: [LedgerSession: LedgerSession] = [:]
    /// What only grows: as the database has it, which may lose a tail, and as brokers and nodes have it.
    var rooted: [CounterName: Micros] = [:]
    var counters: [CounterName: Micros] = [:]
    /// Where each session of the root's stands.
    var states: [LedgerSession: SessionState] = [:]
    /// Each account as it was behind the last command.
    var accounts: [GrantBook.Account?]
    /// In true time, until when an issuer counts a session's lease.
    var counted: [LedgerSession: Int64] = [:]
    /// Marks that were durable before the fence, and what was used of them.
    var marks: [ShardSession: [Micros]] = [:]
    var used: [ShardSession: [Micros]] = [:]

    init(accounts: Int) {
        ceilings = [Micros](repeating: .zero, count: accounts)
        promised = ceilings
        settled = ceilings
        refunds = ceilings
        late = ceilings
        self.accounts = [GrantBook.Account?](repeating: nil, count: accounts)
        books = [[Micros]](repeating: [Micros](repeating: .zero, count: 8), count: accounts)
    }

    static func parent(_ account: AccountIndex) -> AccountIndex? {
        (2..<5).contains(account.row) ? AccountIndex(1) : nil
    }

    mutating func raise(_ account: AccountIndex, to budget: Micros) {
        ceilings[account.row] = max(ceilings[account.row], budget)
    }

    mutating func promise(_ account: AccountIndex, _ session: LedgerSession, _ change: Micros) {
        promised[account.row] += change
        if let parent = Self.parent(account) { promised[parent.row] += change }
        let blank = [Micros](repeating: .zero, count: promised.count)
        ofSession[session, default: blank][account.row] += change
        if let parent = parents[session] { owed[parent, default: blank][account.row] += change }
    }

    /// The broker's session that gives to a node's: what that one owes, the broker's owes the root.
    mutating func link(_ session: LedgerSession, to parent: LedgerSession) {
        let former = parents.updateValue(parent, forKey: session)
        guard former != parent, let amounts = ofSession[session] else { return }
        for row in amounts.indices {
            if let former { owed[former]?[row] -= amounts[row] }
            owed[parent, default: [Micros](repeating: .zero, count: promised.count)][row] += amounts[row]
        }
    }

    mutating func paid(_ record: SettlementRecord) {
        settled[record.account.row] += record.paid
        late[record.account.row] += record.late
        let blank = [SessionBills](repeating: SessionBills(), count: promised.count)
        bills[record.key.session, default: blank][record.account.row].paid += record.paid
        bills[record.key.session, default: blank][record.account.row].late += record.late
    }

    mutating func moved(_ movement: Movement) {
        let row = movement.account.row
        books[row][Int(movement.from.rawValue)] -= movement.amount
        books[row][Int(movement.to.rawValue)] += movement.amount
        guard movement.from == .settled, movement.to == .free else { return }
        refunds[row] += movement.amount
        if let parent = Self.parent(movement.account) { refunds[parent.row] += movement.amount }
    }

    /// Another database is the books now.
    mutating func recount(_ book: GrantBook) {
        nonces.removeAll(keepingCapacity: true)
        rooted.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
        for row in books.indices {
            accounts[row] = nil
            let account = book.accounts[row]
            var (granted, settled, suspense, presumed) = (
                account.granted, account.settled, account.suspense, account.presumed
            )
            if row == 1 {
                for window in 2..<5 {
                    granted -= book.accounts[window].granted
                    settled -= book.accounts[window].settled
                    suspense -= book.accounts[window].suspense
                    presumed -= book.accounts[window].presumed
                }
            }
            books[row][Int(Place.granted.rawValue)] = granted
            books[row][Int(Place.settled.rawValue)] = settled
            books[row][Int(Place.suspense.rawValue)] = suspense
            books[row][Int(Place.presumed.rawValue)] = presumed
            books[row][Int(Place.late.rawValue)] = row == 1 ? .zero : account.late
            books[row][Int(Place.free.rawValue)] = account.budget - granted - settled - suspense - presumed
        }
    }
}
