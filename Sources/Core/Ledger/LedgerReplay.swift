// What the journals say of money: every record in, and out of it the sums, what may still be billed, and what nobody
// knows. A start makes its opening of it, and a running node goes on with it, so that old segments may go.
public import Units

/// Of one account, over all sessions: sums that only grow.
public struct AccountTotals: Hashable, Sendable {
    public var settled = Micros.zero
    public var late = Micros.zero
    public var presumed = Micros.zero

    public init() {}
}

/// A fold over the records of all shards of all sessions.
///
/// Within one shard's journal records come in their order; of several journals each may come as a whole, since keys
/// decide and not the order: a bill may be met before its reservation. What is met twice counts once.
public struct LedgerReplay: Sendable {
    struct Writer: Hashable, Sendable {
        var names: [UInt32: AccountName] = [:]
        var drawn: [AccountName: Micros] = [:]
        var authorised: [AccountName: Micros] = [:]
        /// What was presumed spent of what is in doubt.
        var presumed: [AccountName: Micros] = [:]
        /// What was paid of this session's reservations, by whichever session.
        var settled: [AccountName: Micros] = [:]
        var lastRecorded: UInt64?
    }

    struct Open: Hashable, Sendable {
        var name: AccountName
        var amount: Micros
        var expires: Instant
    }

    var totals: [AccountName: AccountTotals] = [:]
    var writers: [ShardSession: Writer] = [:]
    var open: [ReservationKey: Open] = [:]
    /// Billed, with the instant from which on nobody asks any more.
    var settled: [ReservationKey: Instant] = [:]
    /// Bills whose reservation has not been met: paid from what is in doubt, unless it is met yet.
    var claims: [ReservationKey: Open] = [:]
    /// Released before their reservation was met.
    var released: Set<ReservationKey> = []
    /// The longest time between a reservation and its expiry.
    public internal(set) var longestHold = Interval.zero
    /// The latest record's.
    var lastTime = Instant(nanoseconds: .min)
    /// Bills of other nodes' ads that came here, until their issuer has heard all of them.
    public internal(set) var elsewhere: [ReservationKey: TakenClaim] = [:]
    /// Records that name an account which nothing named: a segment before them is missing.
    public internal(set) var unnamed = 0
    /// Whether somebody on another machine has to hear of what was settled.
    public var keepsEvidence = false
    /// What was settled, by the session of its reservations; accounts are places in `evidenceNames`.
    var evidence: [LedgerSession: SettlementBlocks] = [:]
    var evidenceNames: [AccountName] = []
    private var evidenceRows: [AccountName: AccountIndex] = [:]
    /// Sessions of which the issuer has heard all.
    var acknowledged: Set<LedgerSession> = []

    public init() {}

    /// A number for a name, in `evidence` only.
    mutating func evidenceAccount(_ name: AccountName) -> AccountIndex {
        if let known = evidenceRows[name] { return known }
        let account = AccountIndex(UInt32(evidenceNames.count))
        evidenceRows[name] = account
        evidenceNames.append(name)
        return account
    }

    /// The accounts that a session has opened, and so may have been given money of.
    func names(of session: LedgerSession) -> Set<AccountName> {
        writers.reduce(into: []) { names, writer in
            if writer.key.session == session { names.formUnion(writer.value.names.values) }
        }
    }

    /// All accounts that any session has opened or settled.
    public var names: Set<AccountName> {
        writers.values.reduce(into: Set(evidenceNames)) { $0.formUnion($1.names.values) }
    }

    /// What the issuer knows by now, and whoever tells it has forgotten. Answers what is not known here yet.
    public mutating func forget(
        _ blocks: [NodeEvidence.Forgotten], acknowledged: Set<LedgerSession>
    ) -> [NodeEvidence.Forgotten] {
        self.acknowledged = acknowledged
        return blocks.filter { one in
            var block = one.block
            block.account = evidenceAccount(one.name)
            return evidence[one.session]?.remove(block) != true
        }
    }

    /// A bill of another node's ad.
    public mutating func claimed(_ claim: Claim, at time: Instant) {
        lastTime = max(lastTime, time)
        if elsewhere[claim.key] == nil { elsewhere[claim.key] = TakenClaim(claim, at: time) }
    }

    /// Claims that the issuer has heard all of. Answers those that are not known here yet.
    public mutating func forget(claims: Set<ReservationKey>) -> Set<ReservationKey> {
        claims.filter { elsewhere.removeValue(forKey: $0) == nil }
    }

    /// Room for so many reservations at once: while a node runs, a table that doubles would take its memory twice, and
    /// just when there is most to do.
    public mutating func expect(reservations: Int) { open.reserveCapacity(reservations) }

    public mutating func opened(_ account: AccountIndex, _ name: AccountName, by writer: ShardSession) {
        writers[writer, default: Writer()].names[account.rawValue] = name
    }

    public mutating func take(_ record: LedgerRecord, by writer: ShardSession, at time: Instant) {
        lastTime = max(lastTime, time)
        switch record {
        case .mark(let mark):
            guard let name = name(mark.account, writer) else { return }
            // By the account's sum, not by the chunk: the same mark again changes nothing.
            let before = writers[writer]?.drawn[name] ?? .zero
            writers[writer]?.drawn[name] = max(before, mark.drawn)
        case .reserved(let reservation): take(reservation, writer, time)
        case .settled(let settlement): take(settlement, writer)
        case .released(let release):
            if open.removeValue(forKey: release.key) == nil, isAhead(release.key) {
                released.insert(release.key)
            }
        case .closed(let closing):
            guard let name = name(closing.account, writer) else { return }
            writers[writer]?.authorised[name, default: .zero] += closing.unused
        case .presumed(let presumed):
            guard let name = name(presumed.doubt.account, writer) else { return }
            totals[name, default: AccountTotals()].presumed += presumed.amount
            let doubted = ShardSession(session: presumed.doubt.session, shard: presumed.doubt.shard)
            writers[doubted, default: Writer()].presumed[name, default: .zero] += presumed.amount
        }
    }

    private mutating func name(_ account: AccountIndex, _ writer: ShardSession) -> AccountName? {
        let name = writers[writer]?.names[account.rawValue]
        if name == nil { unnamed += 1 }
        return name
    }

    /// Whether a key's reservation has not been met, and may be yet.
    private func isAhead(_ key: ReservationKey) -> Bool {
        let last = writers[ShardSession(session: key.session, shard: key.shard)]?.lastRecorded
        return last.map { key.sequence > $0 } ?? true
    }

    private mutating func take(_ reservation: Reservation, _ writer: ShardSession, _ time: Instant) {
        guard let name = name(reservation.account, writer), isAhead(reservation.key) else { return }
        writers[writer]?.lastRecorded = reservation.key.sequence
        writers[writer]?.authorised[name, default: .zero] += reservation.amount
        longestHold = max(longestHold, reservation.expires - time)
        if released.remove(reservation.key) != nil { return }
        if settled[reservation.key] != nil {
            settled[reservation.key] = reservation.expires
            claims[reservation.key] = nil
            return
        }
        open[reservation.key] = Open(name: name, amount: reservation.amount, expires: reservation.expires)
    }

    private mutating func take(_ settlement: SettlementRecord, _ writer: ShardSession) {
        guard settled[settlement.key] == nil, let name = name(settlement.account, writer) else { return }
        totals[name, default: AccountTotals()].settled += settlement.paid
        let spender = ShardSession(session: settlement.key.session, shard: settlement.key.shard)
        if settlement.paid > .zero {
            writers[spender, default: Writer()].settled[name, default: .zero] += settlement.paid
        }
        totals[name, default: AccountTotals()].late += settlement.late
        if keepsEvidence {
            let account = evidenceAccount(name)
            evidence[settlement.key.session, default: SettlementBlocks()].take(settlement, as: account)
        }
        if let one = open.removeValue(forKey: settlement.key) {
            settled[settlement.key] = one.expires
            return
        }
        // Nobody asks for it longer than its session's money is in doubt; the end of that is not known here.
        settled[settlement.key] = .distantFuture
        if settlement.reserved > .zero, isAhead(settlement.key) {
            claims[settlement.key] = Open(name: name, amount: settlement.reserved, expires: .distantFuture)
        }
    }
}
