// How a shard's money comes under marks, and goes back: what a turn does, and what the journal's word changes.
public import Units

extension ShardHolder {
    /// Looks at the accounts that something happened to: draws for them, asks for more, gives back.
    mutating func turn(at now: Instant, _ effects: inout [ShardEffect]) {
        expire(at: now, &effects)
        expireFormer(at: now, &effects)
        var left = due.count
        while left > 0, effects.count + 3 <= limits.effectsPerTurn, let account = due.popFirst() {
            left -= 1
            accounts[account.row].isDue = false
            look(at: account, now, &effects)
        }
    }

    private mutating func look(at account: AccountIndex, _ now: Instant, _ effects: inout [ShardEffect]) {
        let row = accounts[account.row]
        if row.isRecalled || !row.isOpen {
            giveBack(account, &effects)
            return
        }
        if row.pendingAt > durable { return effects.append(.commit(upTo: row.pendingAt)) }
        // A chunk in reserve is enough; without any, even the last of the budget is drawn.
        if row.marked < max(row.chunk, row.refused, Micros(1)), row.mayDraw(durable: durable) {
            let wanted = row.nextChunk(at: now, lasting: limits.chunkInterval)
            let amount = min(wanted, row.pool)
            // Less than one impression helps nobody, but what is left may serve a cheaper one.
            let serves = row.refused > .zero ? row.refused - row.marked : row.highest
            if amount > .zero, amount >= serves {
                effects.append(
                    .write(
                        .mark(
                            DrawMark(
                                account: account, number: row.lastMark + 1, amount: amount,
                                drawn: row.drawn + amount))))
            }
        } else if row.isSplit {
            // Two small ends that nothing fits in: they go back to the pool, and one chunk is made of them.
            effects.append(.write(.closed(ClosingRecord(account: account, unused: row.marked))))
        } else if row.passedAt != .max, row.passedAt > durable {
            // The next chunk waits for the disk to know how the older one was used.
            effects.append(.commit(upTo: row.passedAt))
            becomeDue(account)
        }
        ask(account, at: now, &effects)
    }

    private static let askPause = Interval.seconds(1)

    /// What of an account is there for the next impressions, under marks or not, and whether they may have it.
    public func ready(_ account: AccountIndex) -> (amount: Micros, isOpen: Bool) {
        guard account.row < accounts.count else { return (.zero, false) }
        return (accounts[account.row].pool + accounts[account.row].marked, accounts[account.row].isOpen)
    }

    /// Four chunks ahead: two of them are under marks, one is in the pool, one on its way.
    private mutating func ask(_ account: AccountIndex, at now: Instant, _ effects: inout [ShardEffect]) {
        let row = accounts[account.row]
        let chunk = max(row.chunk, row.burst, Micros(1))
        let ahead = chunk.multiplied(by: 4) ?? chunk
        let hand = row.pool + row.marked
        guard hand < (chunk.multiplied(by: 2) ?? chunk) else { return }
        let upTo = row.allowance + (ahead - hand)
        guard row.highest > .zero || row.refused > .zero else { return }
        // What was asked may have been forgotten on the way: it is asked again, but not in every turn.
        guard upTo > row.askedUpTo || row.askedAt.nanoseconds <= now.nanoseconds - Self.askPause.nanoseconds
        else { return }
        accounts[account.row].askedUpTo = upTo
        accounts[account.row].askedAt = now
        effects.append(.ask(account, upTo: upTo))
    }

    /// Idle money: what lies under marks is closed, and all of it goes when the journal has that for good.
    private mutating func giveBack(_ account: AccountIndex, _ effects: inout [ShardEffect]) {
        let row = accounts[account.row]
        // A mark that is not durable is closed like any other: its closing stands behind it in the same log.
        if row.closingAt > 0 { return }
        if row.marked > .zero {
            effects.append(.write(.closed(ClosingRecord(account: account, unused: row.marked))))
        } else if row.pool > .zero {
            // What was freed may go to another shard only when no crash can take that back.
            accounts[account.row].closing = row.pool
            accounts[account.row].closingAt = max(row.freedAt, 1)
            finishGivingBack(account)
            if accounts[account.row].closingAt > 0 {
                wait(account)
                effects.append(.commit(upTo: row.freedAt))
            }
        } else {
            accounts[account.row].isRecalled = false
        }
    }

    private mutating func finishGivingBack(_ account: AccountIndex) {
        let row = accounts[account.row]
        guard row.closingAt > 0, row.closingAt <= max(durable, 1) else { return }
        accounts[account.row].closingAt = 0
        if row.closing > .zero {
            accounts[account.row].isRecalled = false
            accounts[account.row].givenBack += row.closing
            accounts[account.row].askedUpTo = row.allowance
            becomeDirty(account)
        }
        // More may have come free meanwhile.
        becomeDue(account)
    }

    // MARK: The journal's word

    mutating func wrote(_ record: LedgerRecord, at number: UInt64, _ now: Instant) {
        switch record {
        case .mark(let mark): marked(mark, at: number, now)
        case .closed(let closing): closed(closing, at: number)
        case .settled(let settlement): wrote(settlement, at: number)
        case .released(let release): wrote(release, at: number)
        case .presumed(let presumed):
            accounts[presumed.doubt.account.row].former.presumed += presumed.amount
            becomeDirty(presumed.doubt.account)
        case .reserved(let reservation): recorded(reservation, at: number)
        }
    }

    private mutating func marked(_ mark: DrawMark, at number: UInt64, _ now: Instant) {
        let row = mark.account.row
        accounts[row].olderEnd = accounts[row].drawn
        accounts[row].drawn = mark.drawn
        accounts[row].passedAt =
            accounts[row].authorised >= accounts[row].olderEnd ? accounts[row].recordedAt : .max
        accounts[row].lastMark = mark.number
        accounts[row].pendingAt = number
        accounts[row].chunk = mark.amount
        accounts[row].refused = .zero
        accounts[row].drawnAt = now
        wait(mark.account)
        becomeDue(mark.account)
    }

    private mutating func closed(_ closing: ClosingRecord, at number: UInt64) {
        let row = closing.account.row
        accounts[row].authorised += closing.unused
        accounts[row].freed += closing.unused
        accounts[row].recordedAt = number
        accounts[row].freedAt = number
        accounts[row].olderEnd = accounts[row].drawn
        accounts[row].passedAt = number
        // A mark behind the fence is closed like any other.
        accounts[row].pendingAt = 0
        accounts[row].usable = accounts[row].drawn
        accounts[row].closingAt = number
        let isLeaving = accounts[row].isRecalled || !accounts[row].isOpen
        accounts[row].closing = isLeaving ? accounts[row].pool : .zero
        wait(closing.account)
        becomeDue(closing.account)
    }

    mutating func freed(_ account: AccountIndex, at number: UInt64) {
        accounts[account.row].freedAt = number
        becomeDirty(account)
        // Of a closed account it goes back at once; an open one may draw it again.
        if !accounts[account.row].isOpen || accounts[account.row].refused > .zero { becomeDue(account) }
    }

    mutating func couldNotWrite(_ record: LedgerRecord) {
        switch record {
        case .mark(let mark): becomeDue(mark.account)
        case .closed(let closing): becomeDue(closing.account)
        case .reserved(let reservation): withdraw(reservation)
        case .settled(let settlement): undo(settlement)
        case .released(let release): undo(release)
        case .presumed(let presumed): undoPresumed(presumed)
        }
    }

    /// Looks at what waits for the journal. A mark that became durable behind the fence stays unused, unless the
    /// same session's fence moves on.
    mutating func becomeUsable(at now: Instant) {
        var left = waiting.count
        while left > 0, let account = waiting.popFirst() {
            left -= 1
            let row = account.row
            accounts[row].isWaiting = false
            if accounts[row].pendingAt > 0, accounts[row].pendingAt <= durable, now < fence {
                accounts[row].pendingAt = 0
                accounts[row].usable = accounts[row].drawn
                accounts[row].usableMark = accounts[row].lastMark
                becomeDue(account)
            }
            finishGivingBack(account)
            if accounts[row].pendingAt > 0 || accounts[row].closingAt > 0 { wait(account) }
        }
    }
}
