// One root process as a machine: what waits, what is in flight, whether it leads. The database is not here: batches go out,
// and what became of them comes back.
public import Units

/// Following → claiming, by a batch of its own → loading, when that is acknowledged → leading, with the book → following, when
/// another leads. Leading → loading again, where a row was not as the book had it.
///
/// One batch is in flight, and what comes meanwhile waits for the next. Nothing of a batch is answered before it is
/// acknowledged; the book is ahead of the database by that batch, and is thrown away where it is refused.
public struct RootLedger: Sendable {
    public struct Limits: Hashable, Sendable {
        public var leadership: Interval
        public var renewal: Interval
        /// What a holder may go on without a word.
        public var lease: Interval
        /// After its fence so long evidence of a session is waited for.
        public var horizon: Interval
        /// Commands of one transaction: it stays near a tenth of a second, and what changes with each of them is written once.
        public var batch = 8_192
        /// Beyond it whoever asks is told to come again.
        public var waiting = 16_384
        /// The book is dense: every session has a row for each account.
        public var accounts = 4_096
        /// Everybody whom an audit asks, as bits by their numbers.
        public var holders: UInt64 = 0

        public init(leadership: Interval, renewal: Interval, lease: Interval, horizon: Interval) {
            self.leadership = leadership
            self.renewal = renewal
            self.lease = lease
            self.horizon = horizon
        }
    }

    struct Request {
        var ticket: Int
        var commands: [RootCommand]
    }

    /// A batch that the root sends to itself answers nobody.
    static let nobody = -1

    let limits: Limits
    public private(set) var leadership: Leadership
    /// Nil while it does not lead or loads.
    public internal(set) var book: GrantBook?
    var labels: [AccountLabel] = []
    var names: [AccountName: AccountIndex] = [:]
    var starts: [StartKey: LedgerSession] = [:]
    var startOf: [LedgerSession: UInt64] = [:]
    var leases = LeaseCount()
    var fenced: [(session: LedgerSession, at: Instant)] = []
    private var waiting: [Request] = []
    private var waitingCommands = 0
    private var number: UInt64 = 0
    private var former: UInt64 = 0
    /// The last batch of this process that was acknowledged: a database without it has lost a tail.
    private var acknowledgedNumber: UInt64 = 0
    /// What was found at the loading is not written down yet.
    private var isLookDue = false
    /// Where the book was read.
    var timeline = DatabaseTimeline(system: 0, line: 0)
    public internal(set) var audit = TimelineAudit(DatabaseTimeline(system: 0, line: 0))
    /// What operators have said in this audit.
    var entries: [AuditEntryRow] = []
    /// Accounts that holders have presented and that are not in the tables, with the number that they have there.
    var lostAccounts: [AccountName: AccountIndex] = [:]
    /// Holders of whose presentation something was not taken, so that it has to be said again, and what that was.
    var untaken: Set<HolderNumber> = []
    public internal(set) var auditTroubles: [HolderNumber: String] = [:]
    var wallSeconds: UInt32 = 0
    /// Claims that may still go out with the exchange that is answered.
    var wordsLeft = 0
    public private(set) var inFlight: RootBatch?

    struct StartKey: Hashable {
        let holder: HolderNumber
        let start: UInt64
    }

    public init(_ limits: Limits) {
        self.limits = limits
        leadership = Leadership(length: limits.leadership, renewal: limits.renewal)
    }

    public var epoch: Epoch { leadership.epoch }
    public var isLoading: Bool { leadership.isLeader && book == nil && inFlight == nil }
    public var waitingCount: Int { waitingCommands }

    /// Whether it answers now.
    public func leads(at now: Instant) -> Bool { book != nil && leadership.leads(at: now) }

    // MARK: Asking

    /// False where so much waits that the sender has to come again, or where it does not lead.
    public mutating func ask(_ commands: [RootCommand], ticket: Int, at now: Instant) -> Bool {
        guard leads(at: now), waitingCommands + commands.count <= limits.waiting else { return false }
        put(commands, ticket)
        return true
    }

    private mutating func put(_ commands: [RootCommand], _ ticket: Int) {
        waiting.append(Request(ticket: ticket, commands: commands))
        waitingCommands += commands.count
    }

    // MARK: Time

    /// The leadership row was read.
    public mutating func saw(_ row: LeadershipRow, at now: Instant) {
        guard inFlight == nil, let former = leadership.saw(row, at: now) else { return }
        // It has no number: the stream says then what the database had before, where this process led it once.
        inFlight = RootBatch(number: 0, former: 0, epoch: leadership.epoch, sentAt: now, claim: former)
    }

    /// Counts leases and horizons, and gives the next batch where one is due and none is in flight.
    public mutating func next(at now: Instant) -> RootBatch? {
        guard inFlight == nil, leadership.isLeader, book != nil else { return nil }
        let leads = leadership.leads(at: now)
        if leads { count(at: now) }
        let renews = leadership.isRenewalDue(at: now)
        guard renews || leads && !waiting.isEmpty else { return nil }
        number += 1
        var batch = RootBatch(number: number, former: former, epoch: leadership.epoch, sentAt: now)
        batch.renews = renews
        batch.timeline = timeline
        // Behind its own lease it asks for that alone: what it counted may not be so any more.
        if leads { fill(&batch) }
        batch.isLooked = !isLookDue
        inFlight = batch
        return batch
    }

    private mutating func count(at now: Instant) {
        while let session = leases.next(endedBy: now) {
            put([.book(.fenced(session), by: nil)], Self.nobody)
            fenced.append((session, now))
        }
        while let first = fenced.first, now >= first.at + limits.horizon {
            fenced.removeFirst()
            put([.book(.horizonReached(first.session), by: nil)], Self.nobody)
        }
    }

    private mutating func fill(_ batch: inout RootBatch) {
        var touches = BookTouches()
        var taken = 0
        var commands = 0
        let before = audit
        while taken < waiting.count,
            commands == 0 || commands + waiting[taken].commands.count <= limits.batch
        {
            let request = waiting[taken]
            wordsLeft = Self.wordsMost
            let answers = request.commands.map { apply($0, &touches, &batch) }
            if request.ticket != Self.nobody { batch.answers.append((request.ticket, answers)) }
            commands += request.commands.count
            taken += 1
        }
        // It stands before all others.
        if taken > 0 { isLookDue = false }
        waiting.removeFirst(taken)
        waitingCommands -= commands
        guard let book else { return }
        if audit != before { batch.audit = audit }
        batch.rows = book.rows(named: touches.names)
        batch.freshBlocks = touches.fresh
        for row in batch.rows.accounts { labels[row.index.row].version += 1 }
        batch.labels = batch.rows.accounts.map { labels[$0.index.row] }
        batch.starts = batch.rows.sessions.map { startOf[$0.session] ?? 0 }
        // An account's version is what it is behind this batch, which its maker could not know yet.
        for at in batch.answers.indices {
            for index in batch.answers[at].answers.indices {
                if case .ordered(let account, _, let isNew) = batch.answers[at].answers[index] {
                    batch.answers[at].answers[index] = .ordered(
                        account, version: labels[account.row].version, isNew: isNew)
                }
            }
        }
    }

    // MARK: What became of a batch

    /// Acknowledged, without warning. Its answers may leave now; renewals only where `leads` says so.
    public mutating func acknowledged(at now: Instant) -> [(ticket: Int, answers: [RootAnswer])] {
        guard let batch = inFlight else { return [] }
        inFlight = nil
        let countsAnew =
            (batch.claim != nil || batch.renews) && leadership.committed(sentAt: batch.sentAt, at: now)
        if batch.claim == nil { (former, acknowledgedNumber) = (batch.number, batch.number) }
        for session in batch.broughtBack { leases.inherit(session, limits.lease, at: now) }
        for session in batch.entered { fenced.append((session, now)) }
        if countsAnew { countAnew(at: now) }
        return batch.answers
    }

    /// Every lease in full: nobody knows what whoever led meanwhile gave. Fences that were counted out and are not said yet are
    /// said then; horizons count from fences that the book has, and stay.
    private mutating func countAnew(at now: Instant) {
        waiting.removeAll { request in
            request.ticket == Self.nobody
                && request.commands.contains { if case .book(.fenced, by: nil) = $0 { true } else { false } }
        }
        waitingCommands = waiting.reduce(0) { $0 + $1.commands.count }
        leases = LeaseCount()
        let open = (book?.children ?? []).filter { !$0.isFenced }.map(\.session)
        fenced.removeAll { open.contains($0.session) }
        for session in open { leases.inherit(session, limits.lease, at: now) }
    }

    /// Another process leads. Answers whom to tell so.
    public mutating func lost() -> [Int] {
        leadership.lost()
        return dismiss()
    }

    /// A row was not as the book has it: nothing of the batch is there, and the book is loaded anew.
    public mutating func mismatched() -> [Int] {
        guard leadership.isLeader else { return lost() }
        return dismiss()
    }

    private mutating func dismiss() -> [Int] {
        let tickets = (inFlight?.answers.map(\.ticket) ?? []) + waiting.map(\.ticket)
        inFlight = nil
        book = nil
        waiting = []
        waitingCommands = 0
        return tickets.filter { $0 != Self.nobody }
    }

    /// The book is here. Every lease is counted in full from now: nobody knows what the former leader gave last.
    ///
    /// - Parameter isWhole: whether the database has all that was acknowledged, by who keeps numbers of batches; nil where nobody does.
    public mutating func loaded(
        _ content: RootContent, isWhole: Bool? = nil, at now: Instant
    ) throws(BookFault) {
        precondition(isLoading, "a book is loaded by who leads and has none")
        let book = try GrantBook(restoring: content.rows)
        guard content.labels.count == book.accounts.count, content.starts.count == book.children.count else {
            throw .misnumbered("a label or a start")
        }
        labels = content.labels
        names = [:]
        for (row, label) in labels.enumerated() { names[label.name] = AccountIndex(UInt32(row)) }
        starts = [:]
        startOf = [:]
        leases = LeaseCount()
        fenced = []
        for (child, start) in zip(book.children, content.starts) {
            starts[StartKey(holder: child.holder, start: start)] = child.session
            startOf[child.session] = start
            if child.isFenced {
                if !child.isPresumed { fenced.append((child.session, now)) }
            } else {
                leases.inherit(child.session, limits.lease, at: now)
            }
        }
        former = content.number
        number = max(number, content.number)
        self.book = book
        timeline = content.timeline
        audit = content.audit
        entries = content.entries
        wallSeconds = content.wallSeconds
        (lostAccounts, untaken, auditTroubles) = ([:], [], [:])
        // Before anything is granted: what this process was acknowledged must be there, on a timeline that was looked at.
        let isLacking = isWhole == false || content.number < acknowledgedNumber
        isLookDue = isLacking || timeline != audit.timeline
        guard isLookDue else { return }
        let command = isLacking || isWhole == nil ? RootCommand.audit(by: nil) : .looked
        waiting.insert(Request(ticket: Self.nobody, commands: [command]), at: 0)
        waitingCommands += 1
    }
}
