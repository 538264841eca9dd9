// What the ledger says in a shard's journal, in one order with everything else there: accounts by their names,
// marks before the money is used, and what became of each reservation. `LedgerReplay` makes a shard's money of them.
public import Units

/// A chunk of money that may be spent once this is durable.
public struct DrawMark: Hashable, Sendable, BitwiseCopyable {
    public let account: AccountIndex
    /// From one, without gaps, for each account of a session and shard.
    public let number: UInt32
    public let amount: Micros
    /// All that was ever drawn, this included. The larger of two wins, so a mark that stands twice counts once.
    public let drawn: Micros

    public init(account: AccountIndex, number: UInt32, amount: Micros, drawn: Micros) {
        self.account = account
        self.number = number
        self.amount = amount
        self.drawn = drawn
    }
}

/// A reservation that was billed, or a bill for one that is gone.
public struct SettlementRecord: Hashable, Sendable, BitwiseCopyable {
    public let key: ReservationKey
    public let account: AccountIndex
    /// What was set aside, and is no longer; zero where nothing was any more.
    public let reserved: Micros
    /// At most what was set aside. Counts against the budget.
    public let paid: Micros
    /// The rest of the bill: outside the budget, in its own column.
    public let late: Micros

    public init(
        key: ReservationKey, account: AccountIndex, reserved: Micros, paid: Micros, late: Micros
    ) {
        self.key = key
        self.account = account
        self.reserved = reserved
        self.paid = paid
        self.late = late
    }
}

/// A reservation that will not be billed any more.
public struct ReleaseRecord: Hashable, Sendable, BitwiseCopyable {
    public enum Cause: UInt8, CaseIterable, Sendable, BitwiseCopyable {
        /// Somebody said so: a loss, an error before the impression.
        case told
        /// Its time and the time for late bills are over.
        case expired
    }

    public let key: ReservationKey
    public let account: AccountIndex
    public let amount: Micros
    public let cause: Cause

    public init(key: ReservationKey, account: AccountIndex, amount: Micros, cause: Cause) {
        self.key = key
        self.account = account
        self.amount = amount
        self.cause = cause
    }
}

/// What is left of an account's marks will not be used: after this is durable it is no longer in doubt.
public struct ClosingRecord: Hashable, Sendable, BitwiseCopyable {
    public let account: AccountIndex
    public let unused: Micros

    public init(account: AccountIndex, unused: Micros) {
        self.account = account
        self.unused = unused
    }
}

/// Money of an earlier session that no evidence resolved in time: spent, as far as anybody may assume.
public struct PresumedRecord: Hashable, Sendable, BitwiseCopyable {
    public let doubt: DoubtKey
    public let amount: Micros

    public init(doubt: DoubtKey, amount: Micros) {
        self.doubt = doubt
        self.amount = amount
    }
}

/// Whose marks are in doubt: an account of a shard in a session that ended without a closing.
public struct DoubtKey: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let session: LedgerSession
    public let shard: UInt32
    public let account: AccountIndex

    public init(session: LedgerSession, shard: UInt32, account: AccountIndex) {
        self.session = session
        self.shard = shard
        self.account = account
    }

    public static func < (a: Self, b: Self) -> Bool {
        (a.session, a.shard, a.account) < (b.session, b.shard, b.account)
    }
}

/// One record of the ledger.
public enum LedgerRecord: Hashable, Sendable, BitwiseCopyable {
    case mark(DrawMark)
    case reserved(Reservation)
    case settled(SettlementRecord)
    case released(ReleaseRecord)
    case closed(ClosingRecord)
    case presumed(PresumedRecord)
}
