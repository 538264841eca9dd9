// The ledger's part in a pass over the journals: takes its records into the balances, and notes how far it has come.
public import Ledger
public import Units

/// Used by one thread at a time: at a start by the main thread, then by whoever keeps the balances.
public final class LedgerListener: JournalListener, @unchecked Sendable {
    public private(set) var balances: Balances
    /// While the node runs, only segments that nobody writes any more are taken.
    public var takesFinishedOnly = false
    /// By journal, the first record that the balances do not have.
    public private(set) var reached: [String: UInt64] = [:]
    /// Records that are none of theirs, by a version that this program does not know.
    public private(set) var unknown = 0

    public init(_ balances: Balances) { self.balances = balances }

    /// Whether an issuer elsewhere has to hear of what was settled.
    public var keepsEvidence: Bool {
        get { balances.replay.keepsEvidence }
        set { balances.replay.keepsEvidence = newValue }
    }

    /// What an issuer has for good is not kept any longer. Answers what has not been read yet.
    public func forget(
        _ blocks: [NodeEvidence.Forgotten], acknowledged: Set<LedgerSession>
    ) -> [NodeEvidence.Forgotten] {
        balances.replay.forget(blocks, acknowledged: acknowledged)
    }

    /// The same of claims.
    public func forget(claims: Set<ReservationKey>) -> Set<ReservationKey> {
        balances.replay.forget(claims: claims)
    }

    public func expect(reservations: Int) { balances.replay.expect(reservations: reservations) }

    public func needs(_ segment: RememberedSegment) -> Bool {
        guard segment.number > balances.covered[segment.journal] ?? 0 else { return false }
        return !takesFinishedOnly || segment.isFinished
    }

    public func take(_ record: RecordEntry, _ payload: RawSpan, of segment: SegmentHeader) {
        let writer = ShardSession(session: LedgerSession(segment.session), shard: segment.shard)
        if let one = LedgerRecord(record.kind, version: record.version, payload) {
            balances.replay.take(one, by: writer, at: record.time)
        } else if let one = AccountOpening(record.kind, version: record.version, payload) {
            balances.replay.opened(one.account, one.name, by: writer)
        } else if let one = Claim(record.kind, version: record.version, payload) {
            balances.replay.claimed(one, at: record.time)
        } else if RecordKind.ledger.contains(record.kind) {
            unknown += 1
        }
    }

    public func finished(_ segment: RememberedSegment, upTo next: UInt64) {
        balances.covered[segment.journal] = segment.number
        reached[segment.journal] = next
    }

    /// Makes of what was read what a session starts from: `next`, or one that begins now.
    ///
    /// - Parameter lastBill: how long after an ad's expiry its bill may come, where nobody could reach the node.
    public func open(
        _ next: LedgerSession? = nil, at now: Instant, grace: Interval, hold: Interval, lastBill: Interval
    ) -> (session: LedgerSession, opening: LedgerOpening) {
        let session = next ?? balances.replay.nextSession(at: now)
        balances.replay.forget(current: session, grace: max(grace, lastBill))
        return (session, balances.replay.opening(for: session, at: now, grace: grace, hold: hold))
    }
}
