// When the addresses that bills come to were reached from outside, and what that says of money that nobody has billed. It knows
// nothing of who asked: whatever came in by those addresses is proof for the moment in which it came.
public import Units

/// For how long what the addresses say is believed, and what exchanges have promised.
public struct ReachLimits: Hashable, Sendable, BitwiseCopyable {
    /// Between two proofs that count as unbroken at most so much passes.
    public var gap: Interval
    /// No reservation of this session is made longer than this before its expiry, and none of an earlier one was made longer than that.
    public var hold: Interval
    public var formerHold: Interval
    /// How long after a bid's expiry an exchange still bills, where nobody could reach it before.
    public var lastBill: Interval

    /// - Parameter formerHold: as long as `hold`, without it.
    public init(gap: Interval, hold: Interval, formerHold: Interval? = nil, lastBill: Interval) {
        self.gap = gap
        self.hold = hold
        self.formerHold = max(hold, formerHold ?? hold)
        self.lastBill = lastBill
    }
}

/// The last stretch of proofs between which no more than the gap passed. What was before it is over: who asks about that time is
/// told that it was not reached.
public struct NoticeReach: Hashable, Sendable, BitwiseCopyable {
    public enum Verdict: Hashable, Sendable {
        /// It was reached throughout, and nobody billed.
        case free
        /// It was so far. Another proof decides, or the gap.
        case wait
        /// Somewhere between, nobody reached it for longer than the gap: a bill may be on its way.
        case keep
    }

    /// The first proof of the stretch, and the last; both nil where nobody has come yet.
    public private(set) var since: Instant?
    public private(set) var last: Instant?

    public init() {}

    /// What an earlier start knew. Without sense, or of a time to come, it is nothing.
    public init(since: Instant, last: Instant, at now: Instant) {
        guard since <= last, last <= now else { return }
        self.since = since
        self.last = last
    }

    /// Something came in by the addresses then.
    public mutating func note(_ proof: Instant, gap: Interval) {
        guard let last else {
            (since, self.last) = (proof, proof)
            return
        }
        guard proof > last else { return }
        if proof - last > gap { since = proof }
        self.last = proof
    }

    /// Whether it was reached throughout, by a proof at or behind the end and no longer than the gap before each, the first
    /// counted from the beginning.
    public func verdict(from begin: Instant, to end: Instant, at now: Instant, gap: Interval) -> Verdict {
        let first = begin + gap
        guard let since, let last, last >= begin else { return now <= first ? .wait : .keep }
        if since > first { return .keep }
        if last >= end { return .free }
        return now <= last + gap ? .wait : .keep
    }
}
