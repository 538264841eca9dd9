// What a root process is asked, what it answers, and what one of its transactions holds.
public import Units

/// An account's name and money, as an operator wants them. A name that is not there yet is opened.
public struct AccountOrder: Hashable, Sendable {
    public var name: AccountName
    public var currency: CurrencyCode
    /// The lifetime account that funds it.
    public var parent: AccountName?
    public var budget: Micros
    public var highest: Micros
    public var isPaused = false
    public var hasEnded = false
    /// The version that the operator saw; nil for a name that must be new.
    public var version: UInt64?
    public var operation: OperationRecord

    public init(
        name: AccountName, currency: CurrencyCode, parent: AccountName?, budget: Micros, highest: Micros,
        version: UInt64?, operation: OperationRecord
    ) {
        self.name = name
        self.currency = currency
        self.parent = parent
        self.budget = budget
        self.highest = highest
        self.version = version
        self.operation = operation
    }
}

/// What is kept of an operator's change: by its key the same change is done once.
public struct OperationRecord: Hashable, Sendable {
    public var key: String
    public var who: String
    /// The change as it was asked for: the same key with another one is refused.
    public var request: String

    public init(key: String, who: String, request: String) {
        self.key = key
        self.who = who
        self.request = request
    }
}

public enum RootCommand: Hashable, Sendable {
    /// A holder's start asks for a session; the candidate is a number that was never used.
    case open(start: UInt64, HolderNumber, candidate: LedgerSession)
    /// Said by this holder, nil where the root says it itself.
    case book(BookEvent, by: HolderNumber?)
    case order(AccountOrder)
    /// Which number an account has. Who may have to do with several currencies names the one that is meant.
    case find(AccountName, CurrencyCode?)
    /// Nothing but whether an audit waits for this holder.
    case look
    /// A part of what a holder says to an audit.
    case present(HolderPresentation, HolderNumber)
    /// The holder has said all it knows.
    case presented(mark: UInt32, HolderNumber)
    /// An operator says what a silent holder had.
    case enter(AuditEntry)
    /// Acknowledged writes may be missing, by the root's own word or an operator's.
    case audit(by: String?)
    /// The database is on another timeline and lacks nothing.
    case looked
}

public enum RootAnswer: Hashable, Sendable {
    case opened(LedgerSession, epoch: Epoch)
    case book([BookEffect])
    /// As the account is now.
    case ordered(AccountIndex, version: UInt64, isNew: Bool)
    case refusedOrder(OrderRefusal)
    case found(AccountIndex, CurrencyCode, highest: Micros)
    case notFound(BookRefusal)
    /// A lease that is counted from now.
    case leased(LedgerSession, request: UInt64, Interval, next: UInt64)
    case presented(mark: UInt32)
    case entered([EnteredAmount])
    case refusedEntry(EntryRefusal)
    case auditBegan(mark: UInt32)
    /// By a broker: the root has not heard of it yet, and whoever says it again hears what that says.
    case taken
    /// An answer, and bills of its holder's reservations that came elsewhere: claims, for its journal to take in.
    indirect case telling(RootAnswer, [BookEffect])
    case refused(IssuerRefusal, LedgerSession)
}

public enum OrderRefusal: Hashable, Sendable {
    /// It is there already, or not as the operator saw it.
    case otherVersion(UInt64)
    case noSuchAccount
    case otherCurrency
    /// No such lifetime account, or one that is a window itself, or another one than it has.
    case otherParent
    case negative
    case tooManyAccounts
    /// Until an audit has ended nobody knows which numbers of accounts are free: it is ordered again then.
    case audited
    /// The key was used for something else.
    case otherRequest
}

/// What the tables say of an account beside its row in the book.
public struct AccountLabel: Hashable, Sendable {
    public var name: AccountName
    public var version: UInt64

    public init(name: AccountName, version: UInt64) {
        self.name = name
        self.version = version
    }
}

/// All that a process loads when it takes over.
public struct RootContent: Sendable {
    public var rows = BookRows()
    /// One for each account, in their order.
    public var labels: [AccountLabel] = []
    /// One for each session, in the order of `rows.sessions`.
    public var starts: [UInt64] = []
    /// The last batch of this process that is there.
    public var number: UInt64 = 0
    /// And of every process.
    public var streams: [UInt64: UInt64] = [:]
    /// All leaders have kept numbers outside the database since its findings were settled there.
    public var isNumbered = false
    /// Where all of this was read, and what was looked at last.
    public var timeline = DatabaseTimeline(system: 0, line: 0)
    public var audit = TimelineAudit(DatabaseTimeline(system: 0, line: 0))
    public var entries: [AuditEntryRow] = []
    /// Seconds since 1970, by the database.
    public var wallSeconds: UInt32 = 0

    public init() {}
}

/// One transaction: sent again under the same number until it is acknowledged or refused.
public struct RootBatch: Sendable {
    public var number: UInt64
    /// The last one that was acknowledged: the database has no other between the two.
    public var former: UInt64
    public var epoch: Epoch
    /// By the clock that leases are counted with.
    public var sentAt: Instant
    /// The row to take over from.
    public var claim: LeadershipRow?
    public var renews = false
    /// With it the database has whatever its leader has found when it loaded: an audit, or that none is needed.
    public var isLooked = false
    public var rows = BookRows()
    /// Of `rows.blocks`, those that the database does not have.
    public var freshBlocks: Set<BookRowName> = []
    /// Of `rows.accounts`, with the version that each has then.
    public var labels: [AccountLabel] = []
    /// Of `rows.sessions`.
    public var starts: [UInt64] = []
    public var movements: [Movement] = []
    public var operations: [OperationRecord] = []
    /// The timeline that the leader has looked at: on another one nothing of this is written. Nil where nobody has yet.
    public var timeline: DatabaseTimeline?
    /// As it is then, where it changed.
    public var audit: TimelineAudit?
    /// It began with this batch; by whom, where it was an operator.
    public var beganAudit = false
    public var beganAuditBy: String?
    public var entries: [AuditEntryRow] = []
    /// Sessions that an audit brought back: their leases are counted from the acknowledgement.
    public var broughtBack: [LedgerSession] = []
    /// Sessions that stand for what operators entered: their horizon is counted from there.
    public var entered: [LedgerSession] = []
    /// For whom, and one answer for each of its commands.
    public var answers: [(ticket: Int, answers: [RootAnswer])] = []
}
