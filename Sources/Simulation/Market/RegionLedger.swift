// A region's money, by the product's own holder: marks, reservations, settlements, releases, expiry. Its journal takes
// every record at once and has it durable at the next tick.
internal import Ledger
internal import Units

/// One session of one region.
final class RegionLedger {
    let session: LedgerSession
    private var holder: ShardHolder
    private var effects: [ShardEffect] = []
    private var journal: UInt64 = 0
    /// What lapsed in the last tick, for pacing: campaign and amount.
    private(set) var lapsed: [(campaign: Int, amount: Micros)] = []
    private(set) var late = Micros.zero

    init(
        session: UInt64, campaigns: Int, highest: (Int) -> Micros, reservations: Int, grace: Interval,
        at now: Instant
    ) {
        self.session = LedgerSession(session)
        var limits = ShardLimits()
        limits.reservations = reservations
        limits.grace = grace
        limits.expiriesPerTurn = 4_096
        limits.effectsPerTurn = 8_192
        holder = ShardHolder(session: self.session, shard: 0, limits: limits)
        for campaign in 0..<campaigns {
            send(.opened(AccountIndex(UInt32(campaign)), highest: highest(campaign)), now)
        }
    }

    private func send(_ event: ShardEvent, _ now: Instant) {
        effects.removeAll(keepingCapacity: true)
        holder.handle(event, at: now, &effects)
        obey(now)
    }

    private func obey(_ now: Instant) {
        for effect in effects {
            guard case .write(let record) = effect else { continue }
            journal += 1
            var more: [ShardEffect] = []
            holder.handle(.written(record, at: journal), at: now, &more)
            if case .released(let release) = record, release.cause == .expired {
                lapsed.append((release.account.row, release.amount))
            }
        }
    }

    func tick(_ now: Instant) {
        lapsed.removeAll(keepingCapacity: true)
        send(.durable(upTo: journal), now)
        send(.turned, now)
    }

    /// The fence of the session moves with each renewal.
    func lease(until fence: Instant, _ now: Instant) { send(.fenceMoved(to: fence), now) }

    func allow(_ campaign: Int, upTo: Micros, isLast: Bool, _ now: Instant) {
        send(.allowed(AccountIndex(UInt32(campaign)), upTo: upTo, isLast: isLast), now)
    }

    func recall(_ campaign: Int, _ now: Instant) { send(.recalled(AccountIndex(UInt32(campaign))), now) }

    func close(_ campaign: Int, _ now: Instant) { send(.closed(AccountIndex(UInt32(campaign))), now) }

    func report(_ campaign: Int) -> ShardReport { holder.report(of: AccountIndex(UInt32(campaign))) }

    /// The key's sequence, or nil where there is no money now.
    func reserve(_ campaign: Int, _ price: Micros, expires: Instant) -> UInt64? {
        guard
            case .reserved(let reservation) = holder.authorise(
                AccountIndex(UInt32(campaign)), price, expires: expires)
        else { return nil }
        journal += 1
        holder.recorded(reservation, at: journal)
        return reservation.key.sequence
    }

    private func key(_ sequence: UInt64) -> ReservationKey {
        ReservationKey(session: session, shard: 0, sequence: sequence)
    }

    /// What was paid from the budget and what came too late for it; nil for a bill that was counted before, or that
    /// nothing is known of.
    func settle(_ sequence: UInt64, _ amount: Micros, _ now: Instant) -> (paid: Micros, late: Micros)? {
        guard case .write(let record) = holder.settle(key(sequence), amount) else { return nil }
        journal += 1
        var more: [ShardEffect] = []
        holder.handle(.written(.settled(record), at: journal), at: now, &more)
        late += record.late
        return (record.paid, record.late)
    }

    /// Whether anything was set free.
    func release(_ sequence: UInt64, _ now: Instant) -> Bool {
        guard case .write(let record) = holder.release(key(sequence)) else { return false }
        journal += 1
        var more: [ShardEffect] = []
        holder.handle(.written(.released(record), at: journal), at: now, &more)
        return true
    }
}
