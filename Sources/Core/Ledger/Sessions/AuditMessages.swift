// What an audit asks holders and operators, and what they say to it. Accounts go by their names: a lost tail may have given a number
// to another one.
public import Units

/// What a root tells whoever asks it anything: which audit was the last, and whether it waits for the asker.
public struct AuditCall: Hashable, Sendable, BitwiseCopyable {
    public var mark: UInt32
    public var isAsked: Bool

    public init(mark: UInt32, isAsked: Bool) {
        self.mark = mark
        self.isAsked = isAsked
    }
}

/// One session of a holder, or a part of its accounts, as the holder says it.
public struct HolderPresentation: Hashable, Sendable {
    public struct Sum: Hashable, Sendable {
        public var name: AccountName
        /// As the holder knows it.
        public var number: AccountIndex
        public var currency: CurrencyCode
        public var granted: Micros
        public var returned: Micros

        public init(
            _ name: AccountName, number: AccountIndex, currency: CurrencyCode, granted: Micros,
            returned: Micros
        ) {
            self.name = name
            self.number = number
            self.currency = currency
            self.granted = granted
            self.returned = returned
        }
    }

    public var mark: UInt32
    /// By its number, or where the holder does not know that any more, by the start that opened it.
    public var session: LedgerSession?
    public var start: UInt64
    public var sums: [Sum]
    public var nodes: [LedgerSession]
    public var renewal: RenewalChain.Request?
    /// A number that no session ever had, for one that only its start is known of.
    public var candidate = LedgerSession(0)

    public init(
        mark: UInt32, session: LedgerSession?, start: UInt64, sums: [Sum], nodes: [LedgerSession],
        renewal: RenewalChain.Request?
    ) {
        self.mark = mark
        self.session = session
        self.start = start
        self.sums = sums
        self.nodes = nodes
        self.renewal = renewal
    }
}

/// What one operator says that a silent holder was granted and the ledger does not know.
public struct AuditEntry: Hashable, Sendable {
    public struct Amount: Hashable, Sendable {
        public var name: AccountName
        public var amount: Micros

        public init(_ name: AccountName, _ amount: Micros) {
            self.name = name
            self.amount = amount
        }
    }

    public var mark: UInt32
    public var holder: HolderNumber
    public var amounts: [Amount]
    /// Of every other account that waits for this holder: nothing.
    public var restIsZero: Bool
    /// A number that no session ever had.
    public var candidate: LedgerSession
    public var who: String

    public init(
        mark: UInt32, holder: HolderNumber, amounts: [Amount], restIsZero: Bool,
        candidate: LedgerSession, who: String
    ) {
        self.mark = mark
        self.holder = holder
        self.amounts = amounts
        self.restIsZero = restIsZero
        self.candidate = candidate
        self.who = who
    }
}

/// What an operator is called: a certificate's URI, `certificate NAME`, or a token's name, which is like neither.
public enum OperatorName {
    public static func isOfCertificate(_ name: String) -> Bool {
        name.contains("://") || name.hasPrefix("certificate ")
    }

    /// Whether they count as two people: a token and a certificate may be one person's, and nothing says whose they are.
    static func areTwo(_ one: String, _ other: String) -> Bool {
        one != other && isOfCertificate(one) == isOfCertificate(other)
    }
}

/// The same as a row: who said what of one account.
public struct AuditEntryRow: Hashable, Sendable {
    public var mark: UInt32
    public var holder: HolderNumber
    public var account: AccountIndex
    public var who: String
    public var amount: Micros
    /// Under which it is in suspense, where another one has said the same.
    public var session: LedgerSession?

    public init(
        mark: UInt32, holder: HolderNumber, account: AccountIndex, who: String, amount: Micros,
        session: LedgerSession?
    ) {
        self.mark = mark
        self.holder = holder
        self.account = account
        self.who = who
        self.amount = amount
        self.session = session
    }
}

/// What became of an entry for one account.
public struct EnteredAmount: Hashable, Sendable {
    public enum Standing: String, Sendable {
        /// Another operator has to say the same, known as the first one is: by a token too, or by a certificate too.
        case waits
        /// Two have: it is in suspense, and the account waits for this holder no more.
        case agreed
        /// Another one has said another amount; neither counts.
        case differs
    }

    public var name: AccountName
    public var amount: Micros
    public var standing: Standing
}

public enum EntryRefusal: Hashable, Sendable {
    /// No audit waits for this holder, or another one does.
    case notAsked(mark: UInt32)
    case noSuchAccount(AccountName)
    /// The account does not wait for this holder.
    case notMissing(AccountName)
    case negative
    case tooMuch(AccountName)
}
