// Money of earlier sessions that waits on a shard for its evidence: reservations whose bills may still come, and marks
// whose use nobody saw on the disk. None of it is spent again before it is freed, and marks are never freed: what
// no bill claims in time is presumed spent.
public import Units

/// A reservation of an earlier session that was open when that session ended.
public struct FormerReservation: Hashable, Sendable {
    public let key: ReservationKey
    /// Of this session.
    public let account: AccountIndex
    public let amount: Micros
    /// Not before this it is freed: its expiry, or later, where its bills could not come before this start.
    public let expires: Instant
    /// Its own expiry, from which the last bill's time is counted.
    public let promised: Instant
    /// It is over, and stands among those that are kept.
    var isKept = false

    public init(
        key: ReservationKey, account: AccountIndex, amount: Micros, expires: Instant, promised: Instant? = nil
    ) {
        self.promised = promised ?? expires
        self.key = key
        self.account = account
        self.amount = amount
        self.expires = expires
    }
}

/// One shard in one session: whose journal a record stands in.
public struct ShardSession: Hashable, Comparable, Sendable {
    public let session: LedgerSession
    public let shard: UInt32

    public init(session: LedgerSession, shard: UInt32) {
        self.session = session
        self.shard = shard
    }

    public static func < (a: Self, b: Self) -> Bool { (a.session, a.shard) < (b.session, b.shard) }
}

/// What was under an earlier session's marks and is not known to be used or not.
public struct Doubt: Hashable, Sendable {
    public let key: DoubtKey
    public let amount: Micros
    /// Then it is presumed spent.
    public let until: Instant

    public init(key: DoubtKey, amount: Micros, until: Instant) {
        self.key = key
        self.amount = amount
        self.until = until
    }
}

struct FormerMoney {
    /// Set aside before, by key.
    var open: [ReservationKey: FormerReservation] = [:]
    /// The keys of those, the last to expire first.
    var order: [ReservationKey] = []
    /// Those that are over and kept, the first to be let go first, from `keptFrom` on: what was billed meanwhile is passed.
    var kept: [ReservationKey] = []
    var keptFrom = 0
    var keptCount = 0
    var doubts: [DoubtKey: Doubt] = [:]
    /// The doubts, the last to be presumed spent first.
    var doubtOrder: [DoubtKey] = []
    /// Whether a bill was settled is remembered as long as the session lives: at most a hold's worth of impressions.
    var settled: Set<ReservationKey> = []
    var released: [ReservationKey: FormerReservation] = [:]
    /// By session and shard, how far the journal had its reservations: only what came later can be unrecorded.
    var recorded: [ShardSession: UInt64] = [:]
    /// What the last bill was paid from, until the journal has said whether it takes it.
    var source = Source.nothing

    enum Source {
        case nothing
        case reservation(FormerReservation)
        case doubt(DoubtKey)
    }
}

extension ShardHolder {
    /// Takes what earlier sessions left, once, before the first turn.
    public mutating func adopt(
        open: [FormerReservation], settled: [ReservationKey], doubts: [Doubt],
        recorded: [ShardSession: UInt64]
    ) {
        formerMoney.recorded = recorded
        for one in open { formerMoney.open[one.key] = one }
        formerMoney.order = open.sorted { ($0.expires, $0.key) > ($1.expires, $1.key) }.map(\.key)
        formerMoney.settled = Set(settled)
        for doubt in doubts { formerMoney.doubts[doubt.key] = doubt }
        formerMoney.doubtOrder = doubts.sorted { ($0.until, $0.key) > ($1.until, $1.key) }.map(\.key)
    }

    /// A bill for a reservation whose record a crash took with it: its token, which was verified, names the account
    /// and what was set aside. It is settled against what is in doubt there.
    public mutating func settle(
        _ key: ReservationKey, _ amount: Micros, unrecordedOf account: AccountIndex, reserved: Micros
    ) -> SettleOutcome {
        let outcome = settle(key, amount)
        guard outcome == .unknown, key.session < session, account.row < accounts.count else { return outcome }
        let doubt = DoubtKey(session: key.session, shard: key.shard, account: account)
        let last = formerMoney.recorded[ShardSession(session: key.session, shard: key.shard)]
        // What was recorded and is not known here is over: nothing is set aside for it any more.
        let isUnrecorded = last.map { key.sequence > $0 } ?? true
        let left = isUnrecorded ? min(reserved, formerMoney.doubts[doubt]?.amount ?? .zero) : .zero
        let paid = min(amount, left)
        change(doubt, by: -left)
        formerMoney.source = .doubt(doubt)
        let record = SettlementRecord(
            key: key, account: account, reserved: left, paid: paid, late: amount - paid)
        formerMoney.settled.insert(key)
        return .write(record)
    }

    mutating func settleFormer(_ key: ReservationKey, _ amount: Micros) -> SettleOutcome {
        if formerMoney.settled.contains(key) { return .duplicate }
        let reserved: Micros
        let account: AccountIndex
        if let one = formerMoney.open.removeValue(forKey: key) {
            if one.isKept { formerMoney.keptCount -= 1 }
            (reserved, account) = (one.amount, one.account)
            formerMoney.source = .reservation(one)
        } else if let one = formerMoney.released[key] {
            (reserved, account) = (.zero, one.account)
            formerMoney.source = .nothing
        } else {
            return .unknown
        }
        let paid = min(amount, reserved)
        let record = SettlementRecord(
            key: key, account: account, reserved: reserved, paid: paid, late: amount - paid)
        formerMoney.settled.insert(key)
        return .write(record)
    }

    private mutating func change(_ key: DoubtKey, by amount: Micros) {
        guard let doubt = formerMoney.doubts[key] else { return }
        formerMoney.doubts[key] = Doubt(key: key, amount: doubt.amount + amount, until: doubt.until)
    }

    mutating func releaseFormer(_ key: ReservationKey, _ cause: ReleaseRecord.Cause = .told) -> ReleaseOutcome
    {
        guard let one = formerMoney.open.removeValue(forKey: key) else {
            return formerMoney.settled.contains(key) || formerMoney.released[key] != nil ? .nothing : .unknown
        }
        if one.isKept { formerMoney.keptCount -= 1 }
        formerMoney.released[key] = one
        return .write(ReleaseRecord(key: key, account: one.account, amount: one.amount, cause: cause))
    }

    /// What is over: reservations are freed or kept, doubts presumed spent.
    mutating func expireFormer(at now: Instant, _ effects: inout [ShardEffect]) {
        var steps = 0
        judging: while steps < limits.expiriesPerTurn, effects.count < limits.effectsPerTurn,
            let key = formerMoney.order.last
        {
            if let one = formerMoney.open[key] {
                let end = one.expires + limits.grace
                switch verdict(promised: one.promised, end: end, isFormer: true, at: now) {
                case .wait: break judging
                case .free: letGoFormer(key, &effects)
                case .keep:
                    formerMoney.kept.append(key)
                    formerMoney.open[key]?.isKept = true
                    formerMoney.keptCount += 1
                }
            }
            formerMoney.order.removeLast()
            steps += 1
        }
        while steps < limits.expiriesPerTurn, effects.count < limits.effectsPerTurn,
            formerMoney.keptFrom < formerMoney.kept.count
        {
            let key = formerMoney.kept[formerMoney.keptFrom]
            if let one = formerMoney.open[key] {
                guard now >= lastBill(promised: one.promised, end: one.expires + limits.grace) else { break }
                letGoFormer(key, &effects)
            }
            formerMoney.keptFrom += 1
            steps += 1
        }
        if formerMoney.keptFrom == formerMoney.kept.count {
            formerMoney.kept.removeAll(keepingCapacity: true)
            formerMoney.keptFrom = 0
        }
        while steps < limits.expiriesPerTurn, effects.count < limits.effectsPerTurn,
            let key = formerMoney.doubtOrder.last, let doubt = formerMoney.doubts[key], now >= doubt.until
        {
            formerMoney.doubtOrder.removeLast()
            formerMoney.doubts[key] = nil
            steps += 1
            guard doubt.amount > .zero else { continue }
            effects.append(.write(.presumed(PresumedRecord(doubt: key, amount: doubt.amount))))
        }
    }

    private mutating func letGoFormer(_ key: ReservationKey, _ effects: inout [ShardEffect]) {
        guard case .write(let release) = releaseFormer(key, .expired) else { return }
        effects.append(.write(.released(release)))
    }

    // MARK: What the journal refused

    /// It stands in a line still, as it did before, and is met there.
    private mutating func reopenFormer(_ one: FormerReservation) {
        formerMoney.open[one.key] = one
        if one.isKept { formerMoney.keptCount += 1 }
    }

    mutating func undoFormer(_ record: SettlementRecord) {
        formerMoney.settled.remove(record.key)
        switch formerMoney.source {
        case .nothing: break
        case .reservation(let one): reopenFormer(one)
        case .doubt(let doubt): change(doubt, by: record.reserved)
        }
        formerMoney.source = .nothing
    }

    mutating func undoFormer(_ record: ReleaseRecord) {
        guard var one = formerMoney.released.removeValue(forKey: record.key) else { return }
        guard record.cause == .expired else { return reopenFormer(one) }
        // It left its line, and is judged again.
        one.isKept = false
        reopenFormer(one)
        formerMoney.order.append(record.key)
    }

    mutating func undoPresumed(_ record: PresumedRecord) {
        formerMoney.doubts[record.doubt] = Doubt(
            key: record.doubt, amount: record.amount, until: Instant(nanoseconds: .min))
        formerMoney.doubtOrder.append(record.doubt)
    }
}
