// Authorising, settling and releasing on a shard: each a few loads and stores.
public import Units

struct ReservationRow: BitwiseCopyable {
    enum State: UInt8, BitwiseCopyable { case none, open, kept, withdrawn, settled, released }

    var sequence = UInt64.max
    var account = AccountIndex(0)
    var mark: UInt32 = 0
    var amount = Micros.zero
    var expires = Instant(nanoseconds: 0)
    var state = State.none
}

/// What a bill comes to.
public enum SettleOutcome: Hashable, Sendable {
    /// To be written to the journal, and then told as `written` or `refused`. Whoever is told that the bill was
    /// taken is told so when that record is durable: only then is the bill not forgotten by a crash.
    case write(SettlementRecord)
    /// This key was settled before. The bill counts once.
    case duplicate
    /// No such reservation is known here: another shard's, forged, or too old to be remembered.
    case unknown
}

public enum ReleaseOutcome: Hashable, Sendable {
    /// To be written to the journal, and then told as `written` or `refused`.
    case write(ReleaseRecord)
    /// It was billed, or is released already.
    case nothing
    case unknown
}

extension ShardHolder {
    /// Whether an impression at this price could be had now; nil if so. What is asked for and is not there is
    /// drawn for the next one, so asking is never in vain.
    @inline(__always)
    public mutating func refusal(_ account: AccountIndex, _ price: Micros) -> BudgetRefusal? {
        guard account.row < accounts.count, accounts[account.row].isOpen else { return .closed }
        if accounts[account.row].usable - accounts[account.row].authorised >= price { return nil }
        return miss(account, price)
    }

    /// Sets money aside for one impression, at the most that it may cost.
    @inline(__always)
    public mutating func authorise(
        _ account: AccountIndex, _ price: Micros, expires: Instant
    ) -> Authorisation {
        precondition(price > .zero, "nothing is set aside for nothing")
        if let refusal = refusal(account, price) { return .refused(refusal) }
        guard next - oldest < UInt64(limits.reservations) else { return .refused(.crowded) }
        let reservation = Reservation(
            key: ReservationKey(session: session, shard: shard, sequence: next), account: account,
            mark: accounts[account.row].usableMark, amount: price, expires: expires)
        reservations[place(next)] = ReservationRow(
            sequence: next, account: account, mark: reservation.mark, amount: price, expires: expires,
            state: .open)
        next += 1
        accounts[account.row].authorised += price
        if price > accounts[account.row].highest { accounts[account.row].highest = price }
        if accounts[account.row].marked < accounts[account.row].chunk { becomeDue(account) }
        becomeDirty(account)
        return .reserved(reservation)
    }

    @inline(never)
    private mutating func miss(_ account: AccountIndex, _ price: Micros) -> BudgetRefusal {
        let row = accounts[account.row]
        accounts[account.row].highest = max(row.highest, price)
        accounts[account.row].refused = max(row.refused, price)
        becomeDue(account)
        return row.isLast && row.pool + row.marked < price ? .exhausted : .unmarked
    }

    /// Whether an open account has nothing that may be used, for want of a durable mark and not of money.
    public func awaitsMark(_ account: AccountIndex) -> Bool {
        guard account.row < accounts.count else { return false }
        let row = accounts[account.row]
        guard row.isOpen, row.highest > .zero, row.usable <= row.authorised else { return false }
        return !row.isLast || row.pool + row.marked > .zero
    }

    /// The journal has taken a reservation's record under this number.
    @inline(__always)
    public mutating func recorded(_ reservation: Reservation, at number: UInt64) {
        let row = reservation.account.row
        accounts[row].recordedAt = number
        if accounts[row].passedAt == .max, accounts[row].authorised >= accounts[row].olderEnd {
            accounts[row].passedAt = number
        }
    }

    /// Takes back a reservation that nobody has heard of, because the journal could not take it or the ad has
    /// no place after all.
    public mutating func withdraw(_ reservation: Reservation) {
        let at = place(reservation.key.sequence)
        precondition(
            reservations[at].sequence == reservation.key.sequence && reservations[at].state == .open,
            "only what is open and was not recorded can be withdrawn")
        reservations[at].state = .withdrawn
        accounts[reservation.account.row].authorised -= reservation.amount
    }

    @inline(__always)
    func place(_ sequence: UInt64) -> Int { Int(sequence & UInt64(limits.reservations - 1)) }

    // MARK: Bills

    /// A bill has come: up to what was set aside is paid from the budget, the rest from outside of it.
    public mutating func settle(_ key: ReservationKey, _ amount: Micros) -> SettleOutcome {
        precondition(amount >= .zero, "a bill is not negative")
        guard key.session == session, key.shard == shard else { return settleFormer(key, amount) }
        guard let row = own(key.sequence) else { return .unknown }
        switch row.state {
        case .none, .withdrawn: return .unknown
        case .settled: return .duplicate
        case .open, .kept, .released:
            let reserved = row.state == .released ? .zero : row.amount
            let paid = min(amount, reserved)
            let record = SettlementRecord(
                key: key, account: row.account, reserved: reserved, paid: paid, late: amount - paid)
            set(.settled, of: key.sequence)
            return .write(record)
        }
    }

    /// No bill will come: somebody else won, or the ad was not shown.
    public mutating func release(_ key: ReservationKey) -> ReleaseOutcome {
        guard key.session == session, key.shard == shard else { return releaseFormer(key) }
        guard let row = own(key.sequence) else { return .unknown }
        switch row.state {
        case .none, .withdrawn: return .unknown
        case .settled, .released: return .nothing
        case .open, .kept:
            set(.released, of: key.sequence)
            return .write(ReleaseRecord(key: key, account: row.account, amount: row.amount, cause: .told))
        }
    }

    private func isOwn(_ key: ReservationKey) -> Bool { key.session == session && key.shard == shard }

    /// One of this session, in the ring or among those that are kept; nil where it is remembered no longer.
    private func own(_ sequence: UInt64) -> ReservationRow? {
        let row = reservations[place(sequence)]
        if row.sequence == sequence, row.state != .kept { return row }
        guard let at = keptOwn.place(of: sequence) else { return nil }
        return keptOwn[at]
    }

    private mutating func set(_ state: ReservationRow.State, of sequence: UInt64) {
        if let at = keptOwn.place(of: sequence) { return keptOwn.set(state, at: at) }
        reservations[place(sequence)].state = state
    }

    /// Money moves when the journal has its record, and not when it is asked to take it.
    mutating func wrote(_ record: SettlementRecord, at number: UInt64) {
        let row = record.account.row
        if isOwn(record.key) {
            accounts[row].settled += record.paid
            accounts[row].freed += record.reserved - record.paid
            accounts[row].late += record.late
        } else {
            accounts[row].former.settled += record.paid
            accounts[row].former.freed += record.reserved - record.paid
            accounts[row].former.late += record.late
        }
        freed(record.account, at: number)
    }

    mutating func wrote(_ record: ReleaseRecord, at number: UInt64) {
        if isOwn(record.key) {
            accounts[record.account.row].freed += record.amount
        } else {
            accounts[record.account.row].former.freed += record.amount
        }
        freed(record.account, at: number)
    }

    mutating func undo(_ record: SettlementRecord) {
        guard isOwn(record.key) else { return undoFormer(record) }
        guard record.reserved > .zero else {
            return set(.released, of: record.key.sequence)
        }
        reopen(record.key.sequence)
    }

    mutating func undo(_ record: ReleaseRecord) {
        guard isOwn(record.key) else { return undoFormer(record) }
        reopen(record.key.sequence)
    }

    /// Its time is judged again.
    private mutating func reopen(_ sequence: UInt64) {
        if let at = keptOwn.place(of: sequence) { return keptOwn.set(.kept, at: at) }
        reservations[place(sequence)].state = .open
        judged = min(judged, sequence)
    }

    // MARK: Expiry

    /// Reservations that are over and kept, since nobody could reach this node while their bills might have come.
    public var kept: Int { keptOwn.waiting + formerMoney.keptCount }

    /// Lets go what is over, oldest first. What stands behind one that expires later waits for it: holds are
    /// about equally long, and the longest is bounded. What is kept leaves the ring, and holds up nobody; where as many are kept as
    /// there may be, the next one waits for room where it is, and those behind it with it.
    mutating func expire(at now: Instant, _ effects: inout [ShardEffect]) {
        // What a former turn let go is passed now and not then: the journal might have refused it.
        let most = UInt64(limits.expiriesPerTurn)
        let end = min(next, oldest + most)
        while oldest < end, reservations[place(oldest)].state != .open { oldest += 1 }
        judged = max(judged, oldest)
        if keptOwn.count > 0 { letGoKept(at: now, &effects) }
        let last = min(next, judged + most)
        while judged < last, effects.count < limits.effectsPerTurn {
            let row = reservations[place(judged)]
            if row.state == .open {
                switch verdict(promised: row.expires, end: row.expires + limits.grace, at: now) {
                case .wait: return
                case .free:
                    reservations[place(judged)].state = .released
                    effects.append(expired(row))
                case .keep:
                    guard keptOwn.count < limits.kept else { return }
                    reservations[place(judged)].state = .kept
                    keptOwn.insert(reservations[place(judged)])
                }
            }
            judged += 1
        }
    }

    private func expired(_ row: ReservationRow) -> ShardEffect {
        let key = ReservationKey(session: session, shard: shard, sequence: row.sequence)
        return .write(
            .released(ReleaseRecord(key: key, account: row.account, amount: row.amount, cause: .expired)))
    }

    /// At the last bill's time nobody bills any more, whether anybody could reach this node or not.
    private mutating func letGoKept(at now: Instant, _ effects: inout [ShardEffect]) {
        // As in the ring: what a former turn let go leaves now, and what was billed or lost when nobody tells it again.
        var steps = 0
        while steps < limits.expiriesPerTurn, let row = keptOwn.first, row.state != .kept,
            isOver(row, at: now) || keptOwn.count >= limits.kept
        {
            let at = place(row.sequence)
            if reservations[at].sequence == row.sequence { reservations[at].state = row.state }
            keptOwn.removeFirst()
            steps += 1
        }
        var at = 0
        while at < min(keptOwn.count, limits.expiriesPerTurn), effects.count < limits.effectsPerTurn {
            let row = keptOwn[at]
            guard isOver(row, at: now) else { return }
            if row.state == .kept {
                keptOwn.set(.released, at: at)
                effects.append(expired(row))
            }
            at += 1
        }
    }

    private func isOver(_ row: ReservationRow, at now: Instant) -> Bool {
        now >= lastBill(promised: row.expires, end: row.expires + limits.grace)
    }

    /// What becomes of a reservation that was promised until then, and whose bill could come until the end.
    ///
    /// - Parameter isFormer: it is an earlier session's, which may have held for longer.
    func verdict(
        promised: Instant, end: Instant, isFormer: Bool = false, at now: Instant
    ) -> NoticeReach.Verdict {
        guard now >= end else { return .wait }
        guard let limits = limits.reach, now < lastBill(promised: promised, end: end) else { return .free }
        let begin = promised - (isFormer ? limits.formerHold : limits.hold)
        return reach.verdict(from: begin, to: end, at: now, gap: limits.gap)
    }

    func lastBill(promised: Instant, end: Instant) -> Instant {
        max(end, promised + (limits.reach?.lastBill ?? .zero))
    }
}
