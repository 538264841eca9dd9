// What a shard's holder hears and orders. The two sides of its house: the node's holder, which gives it money, and
// the shard's journal, without which it spends none.
public import Units

/// What has happened.
public enum ShardEvent: Sendable {
    /// The account is there, and one impression on it costs at most so much: it asks for money at once.
    case opened(AccountIndex, highest: Micros)
    /// Nothing more is authorised on it. What is open stays until it is billed or over.
    case closed(AccountIndex)
    /// All that the node's holder has ever given this shard of an account: the larger of two wins.
    /// - isLast: the budget has nothing more to give for now.
    case allowed(AccountIndex, upTo: Micros, isLast: Bool)
    /// Somebody else needs what lies idle here.
    case recalled(AccountIndex)
    /// The node's session may use marks until then.
    case fenceMoved(to: Instant)
    /// The clock is not to be trusted: no further mark is used, whatever the fence was.
    case fenceLowered(to: Instant)
    /// Something came in from outside by the addresses that bills come to.
    case reached(at: Instant)
    /// The journal has this on the disk, by its own numbers.
    case durable(upTo: UInt64)
    /// The journal took a record that was ordered, under this number.
    case written(LedgerRecord, at: UInt64)
    /// The journal could not take it.
    case refused(LedgerRecord)
    /// Some time has passed: draw, ask, give back, let expire.
    case turned
    /// The node's holder wants to know what became of its money.
    case reportDue
    /// Nothing more comes: of every account there is a last report, also where nothing has become of its money since the last one.
    case ended
}

/// What is to be done.
public enum ShardEffect: Hashable, Sendable {
    /// Append it, and say `written` or `refused` before anything else.
    case write(LedgerRecord)
    /// A commit would let money be used.
    case commit(upTo: UInt64)
    /// Ask the node's holder for so much in all.
    case ask(AccountIndex, upTo: Micros)
    case report(ShardReport)
}

/// Of one account: everything that became of its money here, as sums that only grow but for `open`.
public struct ShardReport: Hashable, Sendable, BitwiseCopyable {
    public var account = AccountIndex(0)
    /// All that the shard has heard it was given: what was on its way then is not in it.
    public var allowance = Micros.zero
    public var settled = Micros.zero
    /// Bills beyond what was set aside: outside the budget.
    public var late = Micros.zero
    /// Given back to the node's holder.
    public var givenBack = Micros.zero
    /// Set aside for impressions that may still be billed.
    public var open = Micros.zero
    /// What became of earlier sessions' money that was kept waiting here.
    public var former = FormerSums()
}

/// What became of money of earlier sessions, as sums that only grow.
public struct FormerSums: Hashable, Sendable, BitwiseCopyable {
    public var settled = Micros.zero
    public var freed = Micros.zero
    public var presumed = Micros.zero
    public var late = Micros.zero

    public init() {}
}

/// The bounds of a shard's holder.
public struct ShardLimits: Hashable, Sendable {
    /// Reservations that may be open, a power of two: 40 bytes each. At the limit nothing more is authorised.
    public var reservations = 1 << 18
    /// What a chunk lasts: longer would put more in doubt when the process dies, shorter would need more commits.
    public var chunkInterval = Interval.milliseconds(100)
    /// How long after a bid's expiry its bill may come, by the exchange's word.
    public var grace = Interval.seconds(60)
    /// What is kept where nobody could reach this node meanwhile; nil where bills need no address of it.
    public var reach: ReachLimits?
    /// Reservations that may be kept apart from those, also 40 bytes each, as long as they are: at the limit they wait among those.
    public var kept = 1 << 19
    /// Reservations that one turn lets expire: a burst that ends at once takes some turns and delays none.
    public var expiriesPerTurn = 256
    /// Effects of one turn; what does not fit comes in the next.
    public var effectsPerTurn = 1024

    public init() {}
}
