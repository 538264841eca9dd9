// The words of the ledger: accounts, sessions, keys, reservations. Time in all of it is the ledger's own: the wall
// clock as the session found it, carried on by a clock that nobody sets and that counts the machine's sleep. So
// an instant means the same after a restart, and no correction of the wall clock moves an expiry or a fence.
public import Units

/// Where an account stands in the tables of one session: dense, from zero. A campaign with a daily budget has
/// another account for each day, so whoever spends knows accounts and no days. Never used again within a session.
public struct AccountIndex: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let rawValue: UInt32

    @inlinable public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    @inlinable public var row: Int { Int(rawValue) }
}

/// One start of one holder: its epoch. It grows from start to start and is never used again.
public struct LedgerSession: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let rawValue: UInt64

    @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    @inlinable public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Names one reservation, everywhere and for good. What settles twice under one key settles once.
public struct ReservationKey: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let session: LedgerSession
    public let shard: UInt32
    /// From zero, without gaps but for what was withdrawn before anybody heard of it.
    public let sequence: UInt64

    @inlinable public init(session: LedgerSession, shard: UInt32, sequence: UInt64) {
        self.session = session
        self.shard = shard
        self.sequence = sequence
    }

    @inlinable public static func < (a: Self, b: Self) -> Bool {
        (a.session, a.shard, a.sequence) < (b.session, b.shard, b.sequence)
    }
}

/// Money set aside for one impression that may be billed: the most that it may cost, in the account's currency.
public struct Reservation: Hashable, Sendable, BitwiseCopyable {
    public let key: ReservationKey
    public let account: AccountIndex
    /// The last of the marks that it lies under.
    public let mark: UInt32
    public let amount: Micros
    /// The bid's `exp`: from then on the exchange may not show it. Bills may still come for a while.
    public let expires: Instant

    public init(key: ReservationKey, account: AccountIndex, mark: UInt32, amount: Micros, expires: Instant) {
        self.key = key
        self.account = account
        self.mark = mark
        self.amount = amount
        self.expires = expires
    }
}

/// Why there is no money for an impression now.
public enum BudgetRefusal: UInt8, CaseIterable, Sendable {
    /// No account of this session, or one whose day or campaign is over.
    case closed
    /// The budget, or this node's part of it, is spent or set aside.
    case exhausted
    /// There is money, but no durable mark over it: just started, or the disk is slow or failing.
    case unmarked
    /// More reservations are open than this shard can remember.
    case crowded
    /// The issuer has been silent for the length of its lease.
    case fenced

    public var sentence: String {
        switch self {
        case .closed: "its account is closed"
        case .exhausted: "its budget is spent or set aside"
        case .unmarked: "its money waits for the journal"
        case .crowded: "too many impressions wait for their bills"
        case .fenced: "its issuer is silent, and the lease has run out"
        }
    }
}

public enum Authorisation: Hashable, Sendable {
    /// To be written to the journal before anybody hears of it, and then told to `recorded`, or withdrawn.
    case reserved(Reservation)
    case refused(BudgetRefusal)
}
