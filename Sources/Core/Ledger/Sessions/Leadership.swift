// Which of several root processes leads: what one of them knows of the leadership row, and what it may do by that. The row is
// in the database; whoever leads is its holder, and every batch checks its epoch.
public import Units

/// How often leadership went to somebody; it grows by one each time and is never used again.
public struct Epoch: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let rawValue: UInt64

    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public var next: Epoch { Epoch(rawValue + 1) }
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The row as somebody read it. Its holder's name is for operators: the two numbers alone say whether it changed.
public struct LeadershipRow: Hashable, Sendable, BitwiseCopyable {
    public var epoch: Epoch
    /// Grows with every renewal.
    public var renewals: UInt64

    public init(epoch: Epoch, renewals: UInt64) {
        self.epoch = epoch
        self.renewals = renewals
    }
}

/// One process's leadership: following (watches the row) → claiming, when the row has stood still for longer than any lease on
/// it may last → leading, once the claim is committed → following, when another leads.
///
/// Nothing is told by clocks of others: who follows counts from when it first saw the row as it is, who leads from when it sent
/// its last renewal. Between the two is a margin for the drift of both.
public struct Leadership: Sendable {
    private enum State {
        case following(seen: LeadershipRow?, since: Instant)
        case claiming(over: LeadershipRow)
        case leading(until: Instant)
    }

    private let length: Interval
    private let renewal: Interval
    private var state = State.following(seen: nil, since: Instant(nanoseconds: .min))
    private var renewedAt = Instant(nanoseconds: .min)
    /// That of the claim, or of the leadership, or of the last one.
    public private(set) var epoch = Epoch(0)

    /// - Parameters:
    ///   - length: how long one renewal lasts. All processes of a root have the same.
    ///   - renewal: how long after one renewal the next is sent.
    public init(length: Interval, renewal: Interval) {
        precondition(renewal > .zero && length > renewal, "a lease is renewed before it ends")
        self.length = length
        self.renewal = renewal
    }

    /// How long the row must stand still before somebody else may have it.
    public var wait: Interval { length + SessionLease.margin(of: length) + SessionLease.margin(of: length) }

    public var isLeader: Bool { if case .leading = state { true } else { false } }
    public var isClaiming: Bool { if case .claiming = state { true } else { false } }

    /// Whether leases may be renewed, counted out and grants given now. Who leads no more by this still has its epoch: it may
    /// renew, where nobody took over meanwhile, and counts anew.
    public func leads(at now: Instant) -> Bool {
        guard case .leading(let until) = state else { return false }
        return now < until
    }

    /// The row was read. Answers the row to take over from, where the time for that has come; the claim has `epoch` then.
    public mutating func saw(_ row: LeadershipRow, at now: Instant) -> LeadershipRow? {
        guard case .following(let seen, let since) = state else { return nil }
        guard seen == row else {
            state = .following(seen: row, since: now)
            return nil
        }
        guard now >= since + wait else { return nil }
        epoch = row.epoch.next
        renewedAt = now
        state = .claiming(over: row)
        return row
    }

    /// Whether the next renewal is to be sent; not again before the one after it.
    public mutating func isRenewalDue(at now: Instant) -> Bool {
        guard isLeader, renewedAt.nanoseconds <= now.nanoseconds - renewal.nanoseconds else { return false }
        renewedAt = now
        return true
    }

    /// A claim or a renewal is committed and acknowledged.
    ///
    /// - Parameter sentAt: when it was sent first, however often it had to be sent.
    /// - Returns: whether leases are to be counted anew: this process did not lead before, or its lease had ended by now. That
    ///   the row still names it does not say that nobody led meanwhile: whoever did may have gone with a lost tail.
    public mutating func committed(sentAt: Instant, at now: Instant) -> Bool {
        let end = sentAt + (length - SessionLease.margin(of: length))
        switch state {
        case .following: return false
        case .claiming:
            state = .leading(until: end)
            return true
        case .leading(let until):
            state = .leading(until: max(until, end))
            return now >= until
        }
    }

    /// Another one has the row: what it says is looked at anew.
    public mutating func lost() {
        state = .following(seen: nil, since: Instant(nanoseconds: .min))
    }
}
