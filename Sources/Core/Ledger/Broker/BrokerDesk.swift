// A broker between its nodes and its root: what nodes say in exchanges of their own becomes events of the session that this
// broker has with the root, and what that session asks for is said to the root, again until it is answered.
public import Units

/// One for each start. Nodes' commands in, answers out; exchanges with the root as `IssuerSession` has them; rows that changed, for
/// the journal. Nothing that `take` answers and nothing that `next` says may leave before these rows are durable.
///
/// The session with the root: opening → live → opening another one, where the root does not renew it any more. That one begins with
/// nothing; the nodes of the one before it are told that theirs is over.
public struct BrokerDesk: Sendable {
    public struct Limits: Hashable, Sendable {
        public var broker: BrokerLimits
        /// Of one exchange with the root: a part of what one transaction there takes.
        public var sayings = 512
        /// After an exchange without an answer; doubled each time, up to the most.
        public var retryLeast = Interval.milliseconds(50)
        public var retryMost = Interval.seconds(1)
        public var findPause = FindPause()
        /// The root's own bound.
        public var accounts = 4_096

        public init(broker: BrokerLimits) { self.broker = broker }
    }

    struct Account: Sendable {
        let name: AccountName
        /// At the root, and so for nodes: evidence can go by any broker.
        let number: AccountIndex
        let currency: CurrencyCode
        /// By this start: what it costs at most may have changed.
        var isFound: Bool
    }

    enum Topic: Hashable, Sendable {
        case session
        case renewal
        case register(LedgerSession)
        case find(AccountName)
        case request(Int)
        case giveBack(Int, Micros)
        case evidence(EvidenceRelay.Key, IssuerSaying)
        case presentation
        case look
    }

    enum Finding: Hashable, Sendable {
        /// - Parameter misses: how often in a row it was not there.
        case wanted(CurrencyCode?, misses: Int)
        case missing(BookRefusal, askAgainAt: Instant, misses: Int)
    }

    let limits: Limits
    /// Of this boot of the machine, by which fences of an earlier start still mean something.
    let boot: UInt64
    /// Nil until the root has opened the session.
    public internal(set) var ledger: BrokerLedger?
    var accounts: [Account] = []
    var rows: [AccountName: Int] = [:]
    var byNumber: [AccountIndex: Int] = [:]
    /// Accounts that are asked for, or are not there.
    var findings: [AccountName: Finding] = [:]
    /// Node sessions of sessions that are over.
    var former: Set<LedgerSession> = []
    /// The number of the next start of a session with the root.
    var start: UInt64

    // What waits to be said to the root.
    var renewal: RenewalChain.Request?
    var registers: [LedgerSession] = []
    var unregistered: [LedgerSession: IssuerRefusal] = [:]
    var requests: [Int: Micros] = [:]
    /// Requests that nobody has answered: they may have been granted.
    var inDoubt: Set<Int> = []
    var returns: [Int: Micros] = [:]
    var relay = EvidenceRelay()
    /// Claims of nodes' reservations that the root has counted, by node session, until its journal has them.
    var heard: [LedgerSession: [ReservationKey: Claim]] = [:]
    /// Whether this start has heard of them: not before the first renewal of a session that it goes on with.
    var hasHeard = false
    /// The last of them that a node was told.
    var toldUpTo: [LedgerSession: ReservationKey] = [:]
    /// In the exchange that is answered: to whom, and how many more.
    var told: (nodes: Set<LedgerSession>, left: Int) = ([], 0)

    /// Sessions with the root that are over, for audits.
    public internal(set) var formerSessions: [BrokerRows.Former] = []
    var audits = AuditSpeech()

    var inFlight: [Topic] = []
    var failures = 0
    var nextAt = Instant(nanoseconds: .min)
    var random: Randomness
    var leasesRefused = 0
    var isSessionTouched = false
    public internal(set) var isLeaving = false
    var effects: [BrokerEffect] = []
    /// When the root was heard last.
    public internal(set) var heardAt: Instant?
    /// What was refused over and above what waits for its time, by the root or here.
    public internal(set) var refusals: [IssuerRefusal: Int] = [:]
    /// Sessions with the root that came to their end, how many of them as another process uses their journal too, and what ended
    /// the last one.
    public internal(set) var sessionsLost = 0
    public internal(set) var sessionsCloned = 0
    public internal(set) var lost: (session: LedgerSession, by: IssuerRefusal)?

    /// - Parameters:
    ///   - memory: what the journal has of earlier starts.
    ///   - start: a number that this holder has never opened a session with.
    ///   - boot: of the machine, with both its clocks: whether instants of an earlier start still mean something.
    public init(
        _ memory: BrokerMemory, start: UInt64, boot: UInt64, limits: Limits, seed: UInt64, wall: Instant,
        at now: Instant
    ) throws(BookFault) {
        self.limits = limits
        self.boot = boot
        self.start = start
        random = Randomness(seed: seed)
        formerSessions = memory.former
        former = Set(memory.former.flatMap(\.nodes))
        guard let session = memory.session else { return }
        let rows = memory.rows
        let isSameClock = session.isSameClock(
            boot: boot, wall: wall, at: now, tolerance: limits.broker.clockTolerance)
        ledger = try BrokerLedger(
            resuming: rows, of: session, isSameClock: isSameClock, firstID: random.next() | 1,
            limits: limits.broker, at: now)
        ledger?.touches = BookTouches()
        for (account, row) in zip(rows.accounts, rows.book.accounts) {
            put(account.name, account.number, row.account.currency, isFound: false)
        }
    }

    mutating func put(
        _ name: AccountName, _ number: AccountIndex, _ currency: CurrencyCode, isFound: Bool
    ) {
        rows[name] = accounts.count
        byNumber[number] = accounts.count
        accounts.append(Account(name: name, number: number, currency: currency, isFound: isFound))
    }

    /// Whether nodes are served: with a session, and a lease on it.
    public func serves(at now: Instant) -> Bool {
        !isLeaving && (ledger.map { !$0.lease.isOver(at: now) } ?? false)
    }

    /// A renewal would not help: another start is needed, which counts its lease anew.
    public var isBroken: Bool { ledger?.lease.isBroken ?? false }

    /// Evidence that the root has not answered.
    public var openEvidence: Int { relay.open }

    /// The accounts that nodes have asked for, as the book has them: a budget there is what this broker holds.
    public var money:
        [(name: AccountName, currency: CurrencyCode, number: AccountIndex, account: GrantBook.Account)]
    {
        guard let book = ledger?.book else { return [] }
        return accounts.indices.map {
            (accounts[$0].name, accounts[$0].currency, accounts[$0].number, book.accounts[$0])
        }
    }

    // MARK: Time

    public mutating func turn(wall: Instant, at now: Instant) {
        relay.sweep(at: now)
        tell(.turned(wall: wall), at: now)
        for row in accounts.indices where !accounts[row].isFound && findings[accounts[row].name] == nil {
            findings[accounts[row].name] = .wanted(nil, misses: 0)
        }
    }

    /// Tells the session, and keeps what it orders for the root; the rest is for whoever asked.
    mutating func tell(_ event: BrokerEvent, at now: Instant) {
        effects.removeAll(keepingCapacity: true)
        guard ledger != nil else { return }
        let before = (ledger?.lease.fence, ledger?.renewal.id, ledger?.renewal.sentAt)
        ledger?.handle(event, at: now, &effects)
        if before != (ledger?.lease.fence, ledger?.renewal.id, ledger?.renewal.sentAt) {
            isSessionTouched = true
        }
        keepOrders()
    }

    private mutating func keepOrders() {
        for effect in effects {
            switch effect {
            case .renew(let request): renewal = request
            case .request(let account, let upTo): requests[account.row] = upTo
            case .giveBack(let account, let sum): returns[account.row] = sum
            case .register(let node, _): if !registers.contains(node) { registers.append(node) }
            case .refused(let reason, _):
                // What waits for its time, and what came too late, is nobody's mistake.
                if reason != .beforeTheFence, reason != .behindClaims, reason != .fenced {
                    refuse(IssuerRefusal(named: "\(reason)"))
                }
            // Nodes are answered when they ask, and give back what lies idle by themselves.
            case .lease, .grant, .acknowledgeReturn, .recall, .refuse, .cloneFound, .move: break
            }
        }
    }

    mutating func refuse(_ refusal: IssuerRefusal) { refusals[refusal, default: 0] += 1 }

    /// Nodes are declined from now on, and what none of them has goes back to the root. The session stays, for the next start.
    public mutating func leave(at now: Instant) {
        isLeaving = true
        requests = [:]
        effects.removeAll(keepingCapacity: true)
        ledger?.release(at: now, &effects)
        keepOrders()
    }

    /// Whether the root has heard of all that was given back, and grants nothing any more that it was asked for before.
    public var hasGivenBack: Bool {
        let isGranted = inFlight.contains { if case .request = $0 { true } else { false } }
        return !isGranted && inDoubt.isEmpty && returns.isEmpty
    }

    // MARK: Keeping

    /// The rows that changed since they were taken last, to be written as one.
    public mutating func takeTouched() -> BrokerRows {
        var touched = BrokerRows()
        guard let ledger else { return touched }
        if isSessionTouched {
            isSessionTouched = false
            touched.session = sessionRow(ledger)
        }
        if let touches = ledger.touches, !touches.isEmpty {
            put(touches.names, of: ledger, in: &touched)
            self.ledger?.touches?.removeAll()
        }
        return touched
    }

    private func sessionRow(_ ledger: BrokerLedger) -> BrokerRows.Session {
        let place = ledger.renewal
        return BrokerRows.Session(
            session: ledger.session, nonce: place.nonce, request: place.id, sentAt: place.sentAt,
            fence: ledger.lease.fence, boot: boot, wallAhead: ledger.lease.wallAhead)
    }

    private func put(_ names: [BookRowName], of ledger: BrokerLedger, in rows: inout BrokerRows) {
        rows.book = ledger.book.rows(named: names)
        rows.accounts = rows.book.accounts.map { row in
            var account = BrokerRows.Account(
                index: row.index, number: accounts[row.index.row].number, name: accounts[row.index.row].name)
            (account.granted, account.returned) = ledger.presentation(row.index)
            return account
        }
    }

    /// All there is, in pieces of at most so many rows: behind the last of them nothing older is needed.
    public func pieces(of most: Int) -> [BrokerRows] {
        guard let ledger else {
            guard !formerSessions.isEmpty else { return [] }
            var piece = BrokerRows()
            piece.former = formerSessions
            return [piece]
        }
        var touches = BookTouches()
        ledger.book.nameAll(&touches)
        var pieces: [BrokerRows] = []
        for first in stride(from: 0, to: max(touches.names.count, 1), by: most) {
            var piece = BrokerRows()
            if first == 0 {
                piece.session = sessionRow(ledger)
                piece.former = formerSessions
            }
            put(Array(touches.names[first..<min(first + most, touches.names.count)]), of: ledger, in: &piece)
            pieces.append(piece)
        }
        return pieces
    }
}
