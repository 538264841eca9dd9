// Leases as their giver counts them: from when it answered, with a margin. Kept in memory alone: who takes over counts every
// lease in full from its own start.
public import Units

/// The leases of one issuer's sessions. A lease: counted → run out, told once; counted anew by a renewal until then.
public struct LeaseCount: Sendable {
    struct Row: Sendable {
        let session: LedgerSession
        var end: Instant
        var isTold = false
        var request: UInt64 = 0
        var given = Interval.zero
    }

    private let rules: LedgerRules
    private var rows: [Row] = []

    public init(rules: LedgerRules = .all) { self.rules = rules }

    private func row(_ session: LedgerSession) -> Int? { rows.lastIndex { $0.session == session } }

    /// Counts a lease of this length from now; asked again under the same id, what is counted stays.
    ///
    /// - Parameter ownFence: the giver's own session ends then: nothing outlasts it, less both drifts.
    /// - Returns: what may be answered; nil where the lease has run out, or would be none.
    public mutating func give(
        _ session: LedgerSession, _ length: Interval, request: UInt64, ownFence: Instant, at now: Instant
    ) -> Interval? {
        let known = row(session)
        if let known {
            if rows[known].isTold || now >= rows[known].end { return nil }
            if rows[known].request == request, request != 0 { return rows[known].given }
        }
        var length = length
        if rules.keep(.leaseWithinTheGivers), ownFence != .distantFuture {
            guard now < ownFence else { return nil }
            let left = ownFence - now
            // The margin that this giver adds, and one more for the other clock.
            let bounded = left - SessionLease.margin(of: left) - SessionLease.margin(of: left)
            length = min(length, bounded)
        }
        guard length > .zero else { return nil }
        let margin = rules.keep(.fenceHasAMargin) ? SessionLease.margin(of: length) : .zero
        let end = now + length + margin
        if let known {
            rows[known].end = max(rows[known].end, end)
            rows[known].request = request
            rows[known].given = length
        } else {
            rows.append(Row(session: session, end: end, request: request, given: length))
        }
        return length
    }

    /// A taker-over counts a lease that somebody else gave, as if it had been given now.
    ///
    /// - Parameter ownFence: where the giver's own session may have ended before.
    public mutating func inherit(
        _ session: LedgerSession, _ length: Interval, ownFence: Instant = .distantFuture, at now: Instant
    ) {
        guard row(session) == nil else { return }
        rows.append(Row(session: session, end: min(now + length + SessionLease.margin(of: length), ownFence)))
    }

    /// Takes the next lease that has run out; each once.
    public mutating func next(endedBy now: Instant) -> LedgerSession? {
        guard let at = rows.firstIndex(where: { !$0.isTold && now >= $0.end }) else { return nil }
        rows[at].isTold = true
        return rows[at].session
    }

    public func fence(_ session: LedgerSession) -> Instant? { row(session).map { rows[$0].end } }
}
