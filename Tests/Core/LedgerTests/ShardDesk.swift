// A shard's holder with a journal that is an array: what is behind `durable` a crash may take.
import Ledger
import Units

struct ShardDesk: ~Copyable {
    struct Entry {
        let sequence: UInt64
        let record: LedgerRecord
    }

    var holder: ShardHolder
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var journal: [Entry] = []
    var durable: UInt64 = 0
    var asked: [AccountIndex: Micros] = [:]
    var reports: [AccountIndex: ShardReport] = [:]
    /// The journal takes nothing.
    var isFull = false
    private var effects: [ShardEffect] = []

    init(session: UInt64 = 7, shard: UInt32 = 0, _ limits: ShardLimits = ShardLimits()) {
        holder = ShardHolder(session: LedgerSession(session), shard: shard, limits: limits)
        effects.reserveCapacity(limits.effectsPerTurn)
        tell(.fenceMoved(to: now + .seconds(600)))
    }

    mutating func tell(_ event: ShardEvent) {
        holder.handle(event, at: now, &effects)
        // Orders are followed in their order, and what they bring about may bring more.
        var at = 0
        while at < effects.count {
            switch effects[at] {
            case .write(let record): write(record)
            case .commit: break
            case .ask(let account, let upTo): asked[account] = upTo
            case .report(let report): reports[report.account] = report
            }
            at += 1
        }
        effects.removeAll(keepingCapacity: true)
    }

    private mutating func write(_ record: LedgerRecord) {
        var none: [ShardEffect] = []
        if let number = append(record) {
            holder.handle(.written(record, at: number), at: now, &none)
        } else {
            holder.handle(.refused(record), at: now, &none)
        }
    }

    /// Its number; nil where the journal takes nothing.
    mutating func append(_ record: LedgerRecord) -> UInt64? {
        guard !isFull else { return nil }
        journal.append(Entry(sequence: UInt64(journal.count + 1), record: record))
        return UInt64(journal.count)
    }

    func awaitsMark(_ account: AccountIndex) -> Bool { holder.awaitsMark(account) }

    mutating func synchronise() {
        durable = UInt64(journal.count)
        tell(.durable(upTo: durable))
    }

    /// A turn, what it wrote on the disk, and another turn.
    mutating func settleDown(turns: Int = 2) {
        for _ in 0..<turns {
            tell(.turned)
            synchronise()
        }
        tell(.turned)
    }

    mutating func fund(_ account: AccountIndex, _ amount: Int64, isLast: Bool = false) {
        tell(.opened(account, highest: .zero))
        tell(.allowed(account, upTo: Micros(amount), isLast: isLast))
    }

    mutating func authorise(
        _ account: AccountIndex, _ price: Int64, for hold: Interval = .seconds(300)
    ) -> Authorisation {
        let outcome = holder.authorise(account, Micros(price), expires: now + hold)
        guard case .reserved(let reservation) = outcome else { return outcome }
        guard let number = append(.reserved(reservation)) else {
            holder.withdraw(reservation)
            return .refused(.unmarked)
        }
        holder.recorded(reservation, at: number)
        return outcome
    }

    mutating func settle(_ key: ReservationKey, _ amount: Int64) -> SettleOutcome {
        let outcome = holder.settle(key, Micros(amount))
        if case .write(let record) = outcome { write(.settled(record)) }
        return outcome
    }

    mutating func release(_ key: ReservationKey) -> ReleaseOutcome {
        let outcome = holder.release(key)
        if case .write(let record) = outcome { write(.released(record)) }
        return outcome
    }

    func report(_ account: AccountIndex) -> ShardReport { holder.report(of: account) }

    /// What a start finds, where the last so many of the records that were not durable are gone.
    func replay(losing lost: Int = 0, names: [AccountIndex: AccountName]) -> LedgerReplay {
        var replay = LedgerReplay()
        let writer = ShardSession(session: holder.session, shard: holder.shard)
        for (account, name) in names { replay.opened(account, name, by: writer) }
        let kept = max(Int(durable), journal.count - lost)
        for entry in journal[..<kept] { replay.take(entry.record, by: writer, at: now) }
        return replay
    }
}

extension Authorisation {
    var reservation: Reservation? {
        if case .reserved(let reservation) = self { reservation } else { nil }
    }
}

extension SettleOutcome {
    var record: SettlementRecord? {
        if case .write(let record) = self { record } else { nil }
    }
}
