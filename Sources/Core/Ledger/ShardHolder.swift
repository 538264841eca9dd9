// A shard's part of the node's holder: authorises on the request path, from money that lies under durable marks.
// It waits for nothing and nobody: money is asked for, and marks are written, ahead of need; where that was not
// enough, it says no.
public import Units

/// One for each shard and session, used by the shard's thread alone.
///
/// A chunk of money goes through: allowed (in the pool) → marked (its mark is written) → usable (its mark is durable,
/// and the fence was not reached when that was seen) → used by reservations, or closed and back in the pool.
///
/// A reservation: open → settled, by its first bill; open → released, when somebody says that no bill will come, or
/// its time and the grace are over; open → kept, when they are and nobody could reach this node meanwhile; kept → settled and
/// kept → released as from open, but released by time at the last bill's only; released → settled, by a bill that comes after all
/// and is paid from outside the budget. Nothing leaves settled. Until it is recorded it may be withdrawn, as if it had never been.
@safe public struct ShardHolder: ~Copyable {
    public let session: LedgerSession
    public let shard: UInt32
    public let limits: ShardLimits

    var accounts = LedgerTable(64, of: ShardAccount())
    /// One behind the last account that was ever opened here.
    private var named = 0
    var reservations: LedgerTable<ReservationRow>
    /// The oldest that may be open, the first whose time has not been judged, and the next to be given.
    var oldest: UInt64 = 0
    var judged: UInt64 = 0
    var next: UInt64 = 0
    var fence = Instant(nanoseconds: .min)
    var reach: NoticeReach
    /// Of this session's: open beyond their time, since nobody could reach this node.
    var keptOwn = KeptReservations()
    var durable: UInt64 = 0
    var due = AccountQueue()
    var dirty = AccountQueue()
    /// Those whose mark or closing is not on the disk yet, or was seen there behind the fence.
    var waiting = AccountQueue()
    var formerMoney = FormerMoney()

    /// - Parameter reach: what is known of this node's addresses so far.
    public init(
        session: LedgerSession, shard: UInt32, limits: ShardLimits = ShardLimits(),
        reach: NoticeReach = NoticeReach()
    ) {
        precondition(limits.reservations.nonzeroBitCount == 1, "a power of two of reservations")
        self.session = session
        self.shard = shard
        self.limits = limits
        self.reach = reach
        reservations = LedgerTable(limits.reservations, of: ReservationRow())
    }

    /// What happened, and what is to be done about it. Effects are appended, never more than the limits say.
    public mutating func handle(_ event: ShardEvent, at now: Instant, _ effects: inout [ShardEffect]) {
        switch event {
        case .opened(let account, let highest): open(account, highest)
        case .closed(let account): close(account)
        case .allowed(let account, let upTo, let isLast): allow(account, upTo, isLast)
        case .recalled(let account): recall(account)
        case .fenceMoved(let instant):
            fence = max(fence, instant)
            becomeUsable(at: now)
        case .fenceLowered(let instant): fence = min(fence, instant)
        case .reached(let instant): if let limits = limits.reach { reach.note(instant, gap: limits.gap) }
        case .durable(let number):
            durable = max(durable, number)
            becomeUsable(at: now)
        case .written(let record, let number): wrote(record, at: number, now)
        case .refused(let record): couldNotWrite(record)
        case .turned: turn(at: now, &effects)
        case .reportDue: report(&effects)
        case .ended: for row in 0..<named { becomeDirty(AccountIndex(UInt32(row))) }
        }
    }

    // MARK: Accounts

    private mutating func open(_ account: AccountIndex, _ highest: Micros) {
        accounts.grow(to: account.row + 1)
        due.grow(to: accounts.count)
        dirty.grow(to: accounts.count)
        waiting.grow(to: accounts.count)
        named = max(named, account.row + 1)
        accounts[account.row].isOpen = true
        accounts[account.row].isLast = false
        accounts[account.row].highest = max(accounts[account.row].highest, highest)
        becomeDue(account)
    }

    private mutating func close(_ account: AccountIndex) {
        guard account.row < accounts.count else { return }
        accounts[account.row].isOpen = false
        // Whoever it asked has forgotten it too.
        accounts[account.row].askedUpTo = accounts[account.row].allowance
        becomeDue(account)
    }

    private mutating func allow(_ account: AccountIndex, _ upTo: Micros, _ isLast: Bool) {
        guard account.row < accounts.count else { return }
        accounts[account.row].allowance = max(accounts[account.row].allowance, upTo)
        accounts[account.row].isLast = isLast
        becomeDue(account)
    }

    private mutating func recall(_ account: AccountIndex) {
        guard account.row < accounts.count else { return }
        accounts[account.row].isRecalled = true
        becomeDue(account)
    }

    mutating func becomeDue(_ account: AccountIndex) {
        guard !accounts[account.row].isDue else { return }
        accounts[account.row].isDue = true
        due.append(account)
    }

    mutating func wait(_ account: AccountIndex) {
        guard !accounts[account.row].isWaiting else { return }
        accounts[account.row].isWaiting = true
        waiting.append(account)
    }

    mutating func becomeDirty(_ account: AccountIndex) {
        guard !accounts[account.row].isDirty else { return }
        accounts[account.row].isDirty = true
        dirty.append(account)
    }

    private mutating func report(_ effects: inout [ShardEffect]) {
        while effects.count < limits.effectsPerTurn, let account = dirty.popFirst() {
            accounts[account.row].isDirty = false
            effects.append(.report(report(of: account)))
        }
    }

    /// Whether all that became of its money here was reported.
    public var isReported: Bool { dirty.count == 0 }

    /// What became of an account's money here, as of now.
    public func report(of account: AccountIndex) -> ShardReport {
        guard account.row < accounts.count else { return ShardReport(account: account) }
        let row = accounts[account.row]
        return ShardReport(
            account: account, allowance: row.allowance, settled: row.settled, late: row.late,
            givenBack: row.givenBack, open: row.open, former: row.former)
    }
}

/// Accounts in line, each at most once: a ring that is as large as the table of accounts.
@safe struct AccountQueue: ~Copyable {
    private var rows = LedgerTable(64, of: AccountIndex(0))
    private var first = 0
    private(set) var count = 0

    init() {}

    mutating func grow(to wanted: Int) {
        guard wanted > rows.count else { return }
        var larger = LedgerTable(wanted, of: AccountIndex(0))
        for at in 0..<count { larger[at] = rows[(first + at) % rows.count] }
        rows = larger
        first = 0
    }

    mutating func append(_ account: AccountIndex) {
        precondition(count < rows.count, "every account stands in line once")
        rows[(first + count) % rows.count] = account
        count += 1
    }

    mutating func popFirst() -> AccountIndex? {
        guard count > 0 else { return nil }
        defer {
            first = (first + 1) % rows.count
            count -= 1
        }
        return rows[first]
    }
}
