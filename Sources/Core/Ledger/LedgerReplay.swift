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
    /// Records that name an account which nothing named: a segment before them is missing.
    public internal(set) var unnamed = 0

    public init() {}

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
        totals[name, default: AccountTotals()].late += settlement.late
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
