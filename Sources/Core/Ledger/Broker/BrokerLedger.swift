// A broker: a holder of the root's and the issuer of its region's nodes. It is closed by the closings of the nodes that it gave
// to, whatever it kept itself; where what it did is on a disk, another start of it goes on with the session (`BrokerRows`).
public import Units

/// Each start of a broker: unleased → leased → fenced, for good where a renewal is refused. It grants to a node session only
/// when the root has it on record.
public struct BrokerLedger: Sendable {
    public let session: LedgerSession
    public private(set) var lease: SessionLease
    public internal(set) var book: GrantBook
    /// Rows that changed since somebody took them; nobody does where nothing is kept.
    public var touches: BookTouches?
    private var chain: RenewalChain
    private var leases: LeaseCount
    private let rules: LedgerRules
    private let limits: BrokerLimits
    /// What the root has granted, and what went back to it.
    private var held: [Held]
    private var registered: Set<LedgerSession> = []
    /// Whose the sessions are that the root is asked to register.
    private var opened: [LedgerSession: HolderNumber] = [:]
    /// The last timeline that this session was presented to.
    private var audited: UInt32 = 0
    private var bookEffects: [BookEffect] = []

    struct Held: Sendable {
        var granted = Micros.zero
        var returned = Micros.zero
        var wanted = Micros.zero
        /// Somebody asked for it last.
        var wantedAt = Instant(nanoseconds: .min)
        var requested = Micros.zero
        var requestedAt = Instant(nanoseconds: .min)
        var isLast = false
        var recalledAt = Instant(nanoseconds: .min)
        /// Idle since then; back to the root after a while.
        var idleSince = Instant.distantFuture
        /// By what all nodes have taken.
        var rate = SpendRate()
    }

    public init(
        session: LedgerSession, accounts: [GrantBook.Account], chain: RenewalChain, limits: BrokerLimits,
        rules: LedgerRules = .all
    ) {
        self.session = session
        self.rules = rules
        self.limits = limits
        self.chain = chain
        lease = SessionLease(rules: rules)
        leases = LeaseCount(rules: rules)
        // Windows are the root's: here an account is what this broker holds of it.
        book = GrantBook(
            accounts.map { GrantBook.Account(currency: $0.currency, highest: $0.highest) }, rules: rules)
        held = accounts.map { _ in Held() }
    }

    /// Goes on with a session whose rows are known. Every node's lease is counted in full from now, or to this session's own end,
    /// beyond which none was given.
    ///
    /// - Parameters:
    ///   - isSameClock: whether the instants in the rows still mean the same. Where they do not, only a renewal says how long the
    ///     session may go on, and one that was sent before gives nothing.
    ///   - firstID: at random, so that a start on a copy of these rows has others.
    public init(
        resuming rows: BrokerRows, of session: BrokerRows.Session, isSameClock: Bool, firstID: UInt64,
        limits: BrokerLimits, rules: LedgerRules = .all, at now: Instant
    ) throws(BookFault) {
        let past = Instant(nanoseconds: .min)
        let sentAt = session.sentAt.map { isSameClock ? $0 : past }
        self.init(
            session: session.session, accounts: [],
            chain: RenewalChain(
                nonce: session.nonce, request: session.request, sentAt: sentAt, firstID: firstID),
            limits: limits, rules: rules)
        lease =
            isSameClock
            ? SessionLease(resuming: session.fence, wallAhead: session.wallAhead, at: now, rules: rules)
            : SessionLease(rules: rules)
        book = try GrantBook(restoring: rows.book, rules: rules)
        held = book.accounts.map { _ in Held() }
        guard rows.accounts.count == held.count else { throw .misnumbered("an account of the broker's") }
        for row in rows.accounts {
            guard row.index.row < held.count else { throw .dangling("account \(row.index.rawValue)") }
            held[row.index.row].granted = row.granted
            held[row.index.row].returned = row.returned
            held[row.index.row].requested = row.granted
            held[row.index.row].wanted = row.granted
        }
        for child in book.children {
            registered.insert(child.session)
            guard !child.isFenced else { continue }
            leases.inherit(
                child.session, limits.window, ownFence: isSameClock ? session.fence : .distantFuture, at: now)
        }
    }

    /// Adds accounts behind those that are there.
    public mutating func add(_ more: [GrantBook.Account]) {
        let first = held.count
        book.add(more.map { GrantBook.Account(currency: $0.currency, highest: $0.highest) })
        held += more.map { _ in Held() }
        for row in first..<held.count { touches?.add(.account(AccountIndex(UInt32(row)))) }
    }

    /// The most that one reservation may cost, as the root has it now.
    public mutating func change(highest: Micros, of account: AccountIndex) {
        guard book.accounts[account.row].highest != highest else { return }
        book.accounts[account.row].highest = highest
        touches?.add(.account(account))
    }

    /// The nonce that is next and the request on it, for who keeps them.
    public var renewal: (nonce: UInt64, id: UInt64, sentAt: Instant?) { chain.place }

    public mutating func handle(_ event: BrokerEvent, at now: Instant, _ effects: inout [BrokerEffect]) {
        switch event {
        case .turned(let wall): turn(now, wall, &effects)
        case .renewed(let id, let length, let next):
            guard let sentAt = chain.answered(id, next: next) else { return }
            _ = lease.leased(sentAt: sentAt, at: now, for: length)
        case .renewalPassedOver: chain.passedOver()
        case .presented(let timeline): audited = max(audited, timeline)
        case .granted(let account, let upTo, let isLast, let timeline):
            guard isKept(timeline) else { return }
            granted(account, upTo, isLast, now, &effects)
        case .registered(let node, let timeline):
            guard isKept(timeline) else { return }
            guard registered.insert(node).inserted else { return }
            tell(.sessionOpened(node, opened.removeValue(forKey: node) ?? HolderNumber(0)), &effects)
            tell(.leafRegistered(LeafKey(root: node, node: node)), &effects)
            give(node, 0, 0, now, &effects)
            // Where none could be given, as this session is at its end, it is counted to that end all the same: without one
            // it would never be closed.
            leases.inherit(node, limits.window, ownFence: lease.fence, at: now)
        case .nodeOpened(let node, let holder):
            if registered.contains(node) || !rules.keep(.registeredBeforeTheFirstGrant) {
                if registered.insert(node).inserted {
                    tell(.sessionOpened(node, holder), &effects)
                    tell(.leafRegistered(LeafKey(root: node, node: node)), &effects)
                }
                give(node, 0, 0, now, &effects)
            } else if !lease.isOver(at: now) {
                opened[node] = holder
                effects.append(.register(node, holder))
            }
        case .nodeRenewed(let node, let request, let next): renew(node, request, next, now, &effects)
        case .nodeRequested(let node, let account, let upTo):
            guard !isFenced(at: now) else { return }
            serve(node, account, upTo, now, &effects)
        case .nodeReturned(let node, let account, let sum):
            tell(.returned(node, account, sum), &effects)
        case .settled(let key, let block):
            if registered.contains(key.node) {
                tell(.settled(LeafKey(root: key.node, node: key.node), block), &effects)
            }
        case .closed(let key, let closing):
            if registered.contains(key.node) {
                tell(.closed(LeafKey(root: key.node, node: key.node), closing), &effects)
            }
        case .claimed(let key, let claim):
            if registered.contains(key.node) {
                tell(.claimed(LeafKey(root: key.node, node: key.node), claim), &effects)
            }
        }
    }

    /// Whether nothing may be granted any more under this session.
    func isFenced(at now: Instant) -> Bool { rules.keep(.fenceIsChecked) && lease.isOver(at: now) }

    /// The root counts what it was told when it asked; what an older timeline promised and comes only now it will never know
    /// of.
    private func isKept(_ timeline: UInt32) -> Bool {
        timeline >= audited || !rules.keep(.promisesEndWithTheirTimeline)
    }

    // MARK: To the root

    private mutating func turn(_ now: Instant, _ wall: Instant, _ effects: inout [BrokerEffect]) {
        lease.compare(now, wall: wall, tolerance: limits.clockTolerance)
        if lease.isRenewalDue(at: now) { effects.append(.renew(chain.request(at: now))) }
        while let node = leases.next(endedBy: now) { tell(.fenced(node), &effects) }
        for row in held.indices {
            let account = AccountIndex(UInt32(row))
            let nodes = rules.keep(.brokerReturnsItsOwn) ? Micros.zero : book.accounts[row].suspense
            let reserve = reserve(account, now, &effects)
            let spare = book.accounts[row].unassigned + nodes - reserve
            // What was wanted in vain and is not asked for any more keeps nothing here.
            let isWanted =
                held[row].wanted > held[row].granted
                && held[row].wantedAt.nanoseconds > now.nanoseconds - limits.idle.nanoseconds
            guard spare > .zero, !isWanted else {
                held[row].idleSince = .distantFuture
                continue
            }
            if held[row].idleSince == .distantFuture { held[row].idleSince = now }
            // Unissued money is capped in seconds: what nobody asked for so long goes back; but a start that does not know yet
            // what its nodes take keeps what the one before it kept for them.
            guard limits.aheadSeconds == 0 || held[row].rate.isSettled else { continue }
            guard now >= held[row].idleSince + limits.idle, !lease.isOver(at: now) else { continue }
            giveBack(account, spare, &effects)
        }
    }

    /// What is kept of an account. Where less than half of it is left, more is asked for before a node needs it.
    private mutating func reserve(
        _ account: AccountIndex, _ now: Instant, _ effects: inout [BrokerEffect]
    ) -> Micros {
        guard limits.aheadSeconds > 0 else { return limits.reserve }
        let row = account.row
        _ = held[row].rate.measure(book.accounts[row].committed, at: now)
        let reserve = max(held[row].rate.spend(of: limits.aheadSeconds), limits.reserve)
        let free = book.accounts[row].unassigned
        if free.rawValue < reserve.rawValue / 2, !held[row].isLast, !lease.isOver(at: now) {
            ask(account, for: reserve - free, now, &effects)
        }
        return reserve
    }

    private mutating func giveBack(
        _ account: AccountIndex, _ spare: Micros, _ effects: inout [BrokerEffect]
    ) {
        let row = account.row
        held[row].returned += spare
        held[row].requested = held[row].granted
        held[row].wanted = min(held[row].wanted, held[row].granted)
        changeBudget(account, &effects)
        effects.append(.giveBack(account, held[row].returned))
    }

    /// Gives back all that no node has: whoever ends in order leaves it to others at once.
    public mutating func release(at now: Instant, _ effects: inout [BrokerEffect]) {
        guard !lease.isOver(at: now) else { return }
        for row in held.indices where book.accounts[row].unassigned > .zero {
            giveBack(AccountIndex(UInt32(row)), book.accounts[row].unassigned, &effects)
        }
    }

    private mutating func changeBudget(_ account: AccountIndex, _ effects: inout [BrokerEffect]) {
        let row = account.row
        let budget = held[row].granted - held[row].returned
        tell(.budgetChanged(account, to: budget, in: book.accounts[row].currency), &effects)
    }

    private mutating func granted(
        _ account: AccountIndex, _ upTo: Micros, _ isLast: Bool, _ now: Instant,
        _ effects: inout [BrokerEffect]
    ) {
        let row = account.row
        guard row < held.count else { return }
        held[row].isLast = isLast
        guard upTo > held[row].granted else { return }
        held[row].granted = upTo
        changeBudget(account, &effects)
    }

    // MARK: To the nodes

    private mutating func renew(
        _ node: LedgerSession, _ request: RenewalChain.Request, _ next: UInt64, _ now: Instant,
        _ effects: inout [BrokerEffect]
    ) {
        guard registered.contains(node) else { return effects.append(.refuse(node)) }
        handle(.renewalAsked(node, request, next: next))
        for effect in bookEffects {
            switch effect {
            case .renew(_, let id, let next): give(node, id, next, now, &effects)
            case .fenceClone: effects.append(.cloneFound(node))
            default: effects.append(.refuse(node))
            }
        }
        bookEffects.removeAll(keepingCapacity: true)
    }

    private mutating func give(
        _ node: LedgerSession, _ request: UInt64, _ next: UInt64, _ now: Instant,
        _ effects: inout [BrokerEffect]
    ) {
        let fence = lease.isBroken ? now : lease.fence
        guard
            let length = leases.give(node, limits.window, request: request, ownFence: fence, at: now)
        else { return }
        effects.append(.lease(node, request: request, length, next: next))
    }

    private mutating func serve(
        _ node: LedgerSession, _ account: AccountIndex, _ upTo: Micros, _ now: Instant,
        _ effects: inout [BrokerEffect]
    ) {
        let row = account.row
        guard row < held.count else { return }
        tell(.requested(node, account, upTo: upTo), &effects)
        let missing = upTo.subtracting(book.granted(node, account)) ?? .zero
        guard missing > .zero, book.child(node) != nil else { return }
        let ahead = max(held[row].rate.spend(of: limits.aheadSeconds), limits.reserve)
        if ask(account, for: missing + ahead, now, &effects) { recall(node, account, now, &effects) }
    }

    /// Asks the root for so much more; not again for the same before a pause.
    @discardableResult
    private mutating func ask(
        _ account: AccountIndex, for amount: Micros, _ now: Instant, _ effects: inout [BrokerEffect]
    ) -> Bool {
        let row = account.row
        let wanted = held[row].granted.adding(amount) ?? held[row].granted
        held[row].wanted = max(held[row].wanted, wanted)
        held[row].wantedAt = now
        guard
            wanted > held[row].requested
                || held[row].requestedAt.nanoseconds <= now.nanoseconds - SessionLease.retryPause.nanoseconds
        else { return false }
        held[row].requested = max(held[row].requested, wanted)
        held[row].requestedAt = now
        effects.append(.request(account, upTo: wanted))
        return true
    }

    /// The root has no more: what lies idle with other nodes is called in, so that it goes round.
    private mutating func recall(
        _ asker: LedgerSession, _ account: AccountIndex, _ now: Instant, _ effects: inout [BrokerEffect]
    ) {
        let row = account.row
        guard held[row].isLast,
            held[row].recalledAt.nanoseconds <= now.nanoseconds - limits.recallPause.nanoseconds
        else { return }
        held[row].recalledAt = now
        for child in book.children where child.session != asker && !child.isFenced {
            if book.open(child.session, account) > .zero { effects.append(.recall(child.session, account)) }
        }
    }

    /// Tells the book, and passes on what it orders.
    private mutating func tell(_ event: BookEvent, _ effects: inout [BrokerEffect]) {
        handle(event)
        for effect in bookEffects {
            switch effect {
            case .grant(let node, let account, let upTo, let isLast):
                effects.append(.grant(node, account, upTo: upTo, isLast: isLast))
            case .acknowledgeReturn(let node, let account, let sum):
                effects.append(.acknowledgeReturn(node, account, sum))
            case .move(let movement): effects.append(.move(movement))
            case .refuse(let reason, let session): effects.append(.refused(reason, session))
            case .opened, .registered, .acknowledgeBlock, .acknowledgeClosing, .acknowledgeEnd,
                .acknowledgeClaim, .renew,
                .fenceClone, .alarm, .forwardClaim:
                break
            }
        }
        bookEffects.removeAll(keepingCapacity: true)
    }

    private mutating func handle(_ event: BookEvent) {
        if var touches {
            // Taken out meanwhile: two names of one set would copy it.
            self.touches = nil
            book.handle(event, &bookEffects, touching: &touches)
            self.touches = touches
        } else {
            book.handle(event, &bookEffects)
        }
    }

    // MARK: Presenting

    /// What this session was granted and gave back: what an audit asks for.
    public func presentation(_ account: AccountIndex) -> (granted: Micros, returned: Micros) {
        (held[account.row].granted, held[account.row].returned)
    }

    /// Whether the root had no more when it was asked last.
    public func isLast(_ account: AccountIndex) -> Bool { held[account.row].isLast }

    public func isRegistered(_ node: LedgerSession) -> Bool { registered.contains(node) }

    public var nodes: [LedgerSession] { registered.sorted() }

    /// Until when a node's lease counts here.
    public func fence(of node: LedgerSession) -> Instant? { leases.fence(node) }
}
