// What an issuer's book hears and orders. Everything in it is a counter that only grows, or named by a key, so that what
// comes twice, late or in another order does no harm.
public import Units

/// Where a node session's evidence belongs: the session of its broker with the root, and its own with the broker.
public struct LeafKey: Hashable, Sendable, BitwiseCopyable {
    public var root: LedgerSession
    public var node: LedgerSession

    public init(root: LedgerSession, node: LedgerSession) {
        self.root = root
        self.node = node
    }
}

/// Which broker or node of the fleet file: what stays the same from start to start.
public struct HolderNumber: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let rawValue: UInt8
    /// An audit keeps the holders that it waits for as bits of one word.
    public static let most = 64

    public init(_ rawValue: UInt8) {
        precondition(Int(rawValue) < Self.most, "a fleet has at most \(Self.most) brokers")
        self.rawValue = rawValue
    }
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    /// In a word of holders.
    public var bit: UInt64 { 1 << UInt64(rawValue) }
}

/// Sixty-four reservations of one shard in a row, as far as they are one account's and settled: which, and what they came
/// to. Of two the one with more keys wins; nothing is ever added up on the way. What a live holder settles is a few
/// full blocks and some that fill.
public struct SettlementBlock: Hashable, Sendable, BitwiseCopyable {
    public var account: AccountIndex
    public var shard: UInt32
    /// The first sequence, divided by 64.
    public var number: UInt32
    public var mask: UInt64
    public var paid: Micros
    public var late: Micros

    public init(
        account: AccountIndex, shard: UInt32, number: UInt32, mask: UInt64 = 0, paid: Micros = .zero,
        late: Micros = .zero
    ) {
        self.account = account
        self.shard = shard
        self.number = number
        self.mask = mask
        self.paid = paid
        self.late = late
    }

    public func isSamePlace(as other: Self) -> Bool {
        number == other.number && shard == other.shard && account == other.account
    }
}

/// What a holder's journal says of a session that is over, of one account. Read behind the fence, so that what was drawn
/// is final; what was freed of it still grows.
public struct Closing: Hashable, Sendable, BitwiseCopyable {
    public var account: AccountIndex
    /// All that ever came under marks.
    public var drawn: Micros
    /// Of that, what will surely not be billed any more.
    public var freed: Micros

    public init(account: AccountIndex, drawn: Micros, freed: Micros) {
        self.account = account
        self.drawn = drawn
        self.freed = freed
    }
}

/// A bill that came to a node that does not have its reservation, as its signed token tells it.
public struct Claim: Hashable, Sendable, BitwiseCopyable {
    public var key: ReservationKey
    public var account: AccountIndex
    /// As the token has it: the rate is fixed at reservation, so it is the account's, or the claim is not for it.
    public var currency: CurrencyCode
    public var reserved: Micros
    public var amount: Micros

    public init(
        key: ReservationKey, account: AccountIndex, currency: CurrencyCode, reserved: Micros, amount: Micros
    ) {
        self.key = key
        self.account = account
        self.currency = currency
        self.reserved = reserved
        self.amount = amount
    }
}

public enum BookEvent: Hashable, Sendable {
    /// The budget of an account, or what this issuer itself holds of it.
    case budgetChanged(AccountIndex, to: Micros, in: CurrencyCode)
    /// What a window did not grant goes on to a later one of the same lifetime.
    case carriedOver(AccountIndex, to: AccountIndex)
    case paused(AccountIndex, Bool)
    /// Its last day is over: nothing is granted any more, whatever comes back.
    case flightEnded(AccountIndex)
    /// The exchange gave money back, under a number that counts the account's refunds.
    case refunded(AccountIndex, number: UInt32, Micros, in: CurrencyCode)
    case sessionOpened(LedgerSession, HolderNumber)
    /// A node session is given to from now on by the holder of this session.
    case leafRegistered(LeafKey)
    /// The same, as an audited holder has it that it was told once: what only came to be registered meanwhile gives way.
    case leafPresented(LeafKey)
    case requested(LedgerSession, AccountIndex, upTo: Micros)
    case returned(LedgerSession, AccountIndex, Micros)
    case settled(LeafKey, SettlementBlock)
    case claimed(LeafKey, Claim)
    case closed(LeafKey, Closing)
    /// Its journal has no other account than these, of which it has closings: of all others nothing ever came under a mark.
    case ended(LeafKey, accounts: [AccountIndex])
    /// The session's lease has run out, as the issuer counts it.
    case fenced(LedgerSession)
    /// No further evidence is waited for.
    case horizonReached(LedgerSession)
    /// Acknowledged money may be missing: by account, these holders have to say what they were granted.
    case auditBegan(holders: [UInt64])
    case presented(LedgerSession, HolderNumber, AccountIndex, granted: Micros, returned: Micros)
    /// How a session is renewed next, as its holder has it: the renewals that a tail took are none of a clone's.
    case renewalPresented(LedgerSession, RenewalChain.Request)
    /// A holder has said all it knows.
    case presentationEnded(HolderNumber)
    /// What operators say that a silent holder was granted of an account and nobody knows: it is in suspense under a session of its
    /// own, and the account waits for that holder no more.
    case entered(LedgerSession, HolderNumber, AccountIndex, Micros)
    case renewalAsked(LedgerSession, RenewalChain.Request, next: UInt64)
}

public enum BookEffect: Hashable, Sendable {
    case opened(LedgerSession, HolderNumber)
    case registered(LeafKey)
    /// All that the session was ever granted of an account.
    case grant(LedgerSession, AccountIndex, upTo: Micros, isLast: Bool)
    case acknowledgeReturn(LedgerSession, AccountIndex, Micros)
    case acknowledgeBlock(LeafKey, SettlementBlock)
    case acknowledgeClosing(LeafKey, Closing)
    case acknowledgeEnd(LeafKey)
    case acknowledgeClaim(LeafKey, ReservationKey)
    /// To the holder that has the reservation, so that its journal takes the bill in by its key.
    case forwardClaim(LeafKey, Claim)
    case move(Movement)
    /// The nonce was right, or this is the same request again.
    case renew(LedgerSession, request: UInt64, next: UInt64)
    /// Two machines go on from one memory: an operator is told, and the session is fenced.
    case fenceClone(LedgerSession)
    case alarm(BookAlarm, LedgerSession)
    case refuse(BookRefusal, LedgerSession)
}

/// What an operator is told of.
public enum BookAlarm: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    /// A final report above a closing.
    case billedAboveClosing
    case presumedSpent
    /// What was presumed spent was not, or was by a bill: a credit note where it was invoiced.
    case presumedReversed
    case lateBilling
    case auditBegan
    case auditEnded
}

/// Why something that was said is not taken. The sender says it again, or is wrong.
public enum BookRefusal: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    case unknownSession, unknownLeaf, unknownAccount
    case negative
    /// An amount in another currency than the account's: nothing here knows a rate.
    case otherCurrency
    /// Two accounts that are not windows of one lifetime.
    case notOneLifetime
    /// More was settled or returned than was granted, as far as is known here.
    case beyondGranted
    /// A block that lacks keys which were there, or has the same keys and another sum.
    case forgedBlock
    /// More freed and settled than was ever drawn.
    case forgedClosing
    /// A closing before the fence.
    case beforeTheFence
    /// A closing while its session has claims that its journal has not taken in.
    case behindClaims
    case fenced
    /// Two machines have used this session: neither is renewed.
    case cloned
    case anotherRefund
}

/// Where money is.
public enum Place: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    /// What nobody has yet; below zero it is overhang.
    case free
    case granted, settled, suspense, presumed
    /// Outside the five: where budgets come from, and what is billed late.
    case budget, exchange, late
}

/// One entry in the books: an amount that leaves one place for another.
public struct Movement: Hashable, Sendable, BitwiseCopyable {
    public var account: AccountIndex
    public var from: Place
    public var to: Place
    public var amount: Micros

    public init(account: AccountIndex, from: Place, to: Place, amount: Micros) {
        self.account = account
        self.from = from
        self.to = to
        self.amount = amount
    }
}
