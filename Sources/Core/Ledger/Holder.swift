// The node's holder: has one session with its issuer, and deals what it is granted to the node's shards. It keeps
// nothing for itself: what no shard wants goes back.
public import Units

/// One for each start, on one thread. Events in, effects out; nothing waits for it, since shards ask ahead of need.
///
/// The session: unleased (nothing may be used) → leased, until its fence → fenced, when that is reached without a
/// renewal: shards use no further mark → leased again, by a late answer. The fence counts from when a renewal was
/// sent, less a margin for clocks that drift, and so comes before the issuer's own.
public struct Holder {
    public let session: LedgerSession
    public let shards: Int
    public private(set) var lease: SessionLease
    public var fence: Instant { lease.fence }

    /// Before the same account's idle money is called in again: it goes to another shard in turn, not to and fro.
    static let recallPause = Interval.seconds(1)

    struct Part {
        var allowance = Micros.zero
        var wanted = Micros.zero
        var report = ShardReport()

        /// What it has, spent and set aside not counted.
        var hand: Micros { allowance - report.givenBack - report.settled - report.open }
    }

    struct Account {
        var isOpen = false
        var highest = Micros.zero
        var granted = Micros.zero
        var requested = Micros.zero
        var requestedAt = Instant(nanoseconds: .min)
        var isLast = false
        var returned = Micros.zero
        var recalledAt = Instant(nanoseconds: .min)
    }

    var accounts: [Account] = []
    /// Those of each account in a row.
    var parts: [Part] = []
    /// Accounts on which a shard wants more than there is.
    private var wanting: Set<Int> = []

    public init(session: LedgerSession, shards: Int, rules: LedgerRules = .all) {
        precondition(shards > 0, "somebody spends")
        self.session = session
        self.shards = shards
        lease = SessionLease(rules: rules)
    }

    public mutating func handle(_ event: HolderEvent, at now: Instant, _ effects: inout [HolderEffect]) {
        switch event {
        case .opened(let account, let name, let highest):
            grow(to: account.row + 1)
            accounts[account.row].isOpen = true
            accounts[account.row].highest = max(accounts[account.row].highest, highest)
            effects.append(.open(account, name, highest: highest))
        case .closed(let account):
            guard account.row < accounts.count else { return }
            accounts[account.row].isOpen = false
            accounts[account.row].isLast = false
            accounts[account.row].requested = accounts[account.row].granted
            wanting.remove(account.row)
            for shard in 0..<shards { parts[account.row * shards + shard].wanted = .zero }
            effects.append(.close(account))
            settleUp(account, &effects)
        case .granted(let account, let upTo, let isLast):
            guard account.row < accounts.count else { return }
            accounts[account.row].granted = max(accounts[account.row].granted, upTo)
            accounts[account.row].isLast = isLast
            deal(account, now, &effects)
        case .leased(let sentAt, let length):
            if lease.leased(sentAt: sentAt, at: now, for: length) { effects.append(.moveFence(to: fence)) }
        case .asked(let shard, let account, let upTo):
            guard account.row < accounts.count, accounts[account.row].isOpen else { return }
            let part = account.row * shards + shard
            parts[part].wanted = max(parts[part].wanted, upTo)
            deal(account, now, &effects)
        case .reported(let shard, let report): take(report, of: shard, now, &effects)
        case .ended(let shard): end(shard, now, &effects)
        case .recalled(let account):
            guard account.row < accounts.count else { return }
            for shard in 0..<shards { effects.append(.recall(shard: shard, account)) }
        case .clocksRead(let wall, let tolerance):
            let before = fence
            lease.compare(now, wall: wall, tolerance: tolerance)
            if fence < before { effects.append(.lowerFence(to: fence)) }
        case .turned:
            if lease.isRenewalDue(at: now) { effects.append(.renew(sentAt: now)) }
            for row in wanting.sorted() { recall(AccountIndex(UInt32(row)), now, &effects) }
        }
    }

    private mutating func grow(to count: Int) {
        while accounts.count < count {
            accounts.append(Account())
            parts.append(contentsOf: repeatElement(Part(), count: shards))
        }
    }

    /// What is granted and neither with a shard nor returned.
    private func available(_ account: AccountIndex) -> Micros {
        var sum = accounts[account.row].granted - accounts[account.row].returned
        for shard in 0..<shards {
            let part = parts[account.row * shards + shard]
            sum -= part.allowance - part.report.givenBack
        }
        return sum
    }

    // MARK: Dealing

    /// Gives what there is to those who want it. Where it is not enough, nobody gets less than one impression: few
    /// get it, others in the next round.
    private mutating func deal(_ account: AccountIndex, _ now: Instant, _ effects: inout [HolderEffect]) {
        guard accounts[account.row].isOpen else { return settleUp(account, &effects) }
        var left = available(account)
        var missing = Micros.zero
        let wanting = order(account, now).filter {
            let part = parts[account.row * shards + $0]
            return part.wanted > part.allowance
        }
        for (at, shard) in wanting.enumerated() {
            let part = account.row * shards + shard
            let wanted = parts[part].wanted - parts[part].allowance
            let share = Micros(left.rawValue / Int64(wanting.count - at))
            let given = min(wanted, left, max(share, accounts[account.row].highest))
            left -= given
            missing += wanted - given
            parts[part].allowance += given
            let isLast = accounts[account.row].isLast && given < wanted
            if given > .zero || isLast {
                effects.append(
                    .allow(shard: shard, account, upTo: parts[part].allowance, isLast: isLast))
            }
        }
        if missing > .zero {
            self.wanting.insert(account.row)
            request(account, left, missing, now, &effects)
            if accounts[account.row].isLast { recall(account, now, &effects) }
        } else {
            self.wanting.remove(account.row)
            settleUp(account, &effects)
        }
    }

    private mutating func request(
        _ account: AccountIndex, _ left: Micros, _ missing: Micros, _ now: Instant,
        _ effects: inout [HolderEffect]
    ) {
        let upTo = accounts[account.row].granted + missing - left
        // What was asked for may be forgotten on the way, or taken for older than what was returned: it is asked for
        // again, but not each time.
        guard
            upTo > accounts[account.row].requested
                || accounts[account.row].requestedAt.nanoseconds <= now.nanoseconds
                    - Self.recallPause.nanoseconds
        else { return }
        accounts[account.row].requested = upTo
        accounts[account.row].requestedAt = now
        effects.append(.request(account, upTo: upTo))
    }

    /// The shards by a hash that is another one in each second, so that what is too little for all goes round.
    private func order(_ account: AccountIndex, _ now: Instant) -> [Int] {
        let round = UInt64(bitPattern: now.nanoseconds / Self.recallPause.nanoseconds)
        return (0..<shards).map { shard in
            var hash = SplitMix64(
                state: UInt64(account.rawValue) << 32 ^ UInt64(shard) ^ round &* 0x9E37_79B9)
            return (hash.next(), shard)
        }.sorted { $0 < $1 }.map(\.1)
    }

    /// Calls in what others have and do not use, as the issuer has no more.
    private mutating func recall(_ account: AccountIndex, _ now: Instant, _ effects: inout [HolderEffect]) {
        guard accounts[account.row].isLast,
            accounts[account.row].recalledAt.nanoseconds <= now.nanoseconds - Self.recallPause.nanoseconds
        else { return }
        accounts[account.row].recalledAt = now
        for shard in 0..<shards {
            let part = parts[account.row * shards + shard]
            if part.hand > .zero, part.wanted <= part.allowance || part.hand < accounts[account.row].highest {
                effects.append(.recall(shard: shard, account))
            }
        }
    }

    // MARK: Reporting

    private mutating func take(
        _ report: ShardReport, of shard: Int, _ now: Instant, _ effects: inout [HolderEffect]
    ) {
        // An earlier session's account may never have been opened in this one.
        grow(to: report.account.row + 1)
        let part = report.account.row * shards + shard
        let hasGivenBack = report.givenBack > parts[part].report.givenBack
        // Counters only grow; what is open is the newest report's word.
        var merged = report
        merged.allowance = max(report.allowance, parts[part].report.allowance)
        merged.settled = max(report.settled, parts[part].report.settled)
        merged.late = max(report.late, parts[part].report.late)
        merged.givenBack = max(report.givenBack, parts[part].report.givenBack)
        merged.former = report.former.larger(parts[part].report.former)
        parts[part].report = merged
        if hasGivenBack {
            // What it wanted before it gave back is no longer wanted.
            parts[part].wanted = min(parts[part].wanted, parts[part].allowance)
            deal(report.account, now, &effects)
        }
        effects.append(.report(self.report(of: report.account)))
    }

    /// What this shard was given and has not heard of lies under none of its marks, and never will: it is there for others.
    private mutating func end(_ shard: Int, _ now: Instant, _ effects: inout [HolderEffect]) {
        for row in accounts.indices {
            let part = row * shards + shard
            parts[part].allowance = min(parts[part].allowance, parts[part].report.allowance)
            parts[part].wanted = .zero
            deal(AccountIndex(UInt32(row)), now, &effects)
        }
    }

    /// Returns what nobody wants.
    private mutating func settleUp(_ account: AccountIndex, _ effects: inout [HolderEffect]) {
        let idle = available(account)
        guard idle > .zero else { return }
        accounts[account.row].returned += idle
        // Whoever returns wants no more, and the issuer takes it so; the next who wants asks anew.
        accounts[account.row].requested = accounts[account.row].granted
        effects.append(.report(report(of: account)))
    }

    func report(of account: AccountIndex) -> HolderReport {
        var report = HolderReport(account: account)
        report.returned = accounts[account.row].returned
        for shard in 0..<shards {
            let part = parts[account.row * shards + shard].report
            report.settled += part.settled
            report.late += part.late
            report.former.settled += part.former.settled
            report.former.freed += part.former.freed
            report.former.presumed += part.former.presumed
            report.former.late += part.former.late
        }
        return report
    }

    /// What went back to the issuer, of all that it ever granted.
    public func returned(_ account: AccountIndex) -> Micros {
        account.row < accounts.count ? accounts[account.row].returned : .zero
    }

    /// What is set aside on all shards for impressions that may still be billed.
    public func open(_ account: AccountIndex) -> Micros {
        guard account.row < accounts.count else { return .zero }
        return (0..<shards).reduce(.zero) { $0 + parts[account.row * shards + $1].report.open }
    }
}
