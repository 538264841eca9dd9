// The simulated exchange: it knows every ad that was promised to it, bills late, twice, too much or never, and nobody asks the
// ledger whether it is right.
import Fleet
import Ledger
import Units

/// An ad that was answered: from then on it may be billed, whatever becomes of our memory.
struct Ad {
    enum Fate: UInt8 { case open, billed, dead }

    let key: ReservationKey
    let account: AccountIndex
    let node: Int
    let price: Micros
    /// By its node's clock, and in true time.
    let begun: Instant
    let since: Int64
    let hold: Int64
    /// In true time: until then a bill is in time, where its node could be reached.
    let due: Int64
    /// The same, and later where nobody could reach its node.
    var until: Int64
    var fate = Fate.open
    var bill = Micros.zero
    /// Some journal has taken the bill in, by its entry; the exchange has its answer when that is durable.
    var takenAt = -1
    var takenBy = -1
    var isAnswered = false
    /// The journal's word on it, once.
    var paid: Micros?
    var late = Micros.zero
    /// What it may still cost, or did.
    var promised = Micros.zero
}

struct Exchange {
    var ads: [Ad] = []
    var numbers: [ReservationKey: Int] = [:]
}

extension World {
    private enum Act: Int { case outcome, deliver, over, tell, again }

    private func plan(_ act: Act, _ ad: Int, after delay: Int64) {
        schedule(.exchange, 0, ad << 3 | act.rawValue, after: delay)
    }

    func exchangeActs(_ value: Int) {
        let ad = value >> 3
        switch Act(rawValue: value & 7) {
        case .outcome: decide(ad)
        case .deliver, .again: deliverBill(ad)
        case .over: over(ad)
        case .tell: tellLoss(ad)
        case nil: break
        }
    }

    /// A request comes to some node, which may have the money for it.
    func request() {
        guard !isHealing else { return }
        let gap = 1_000_000_000 / shape.requestsPerSecond
        schedule(.request, 0, after: Int64(random.next(in: 1...2 * gap)))
        let index = Int(random.next(below: UInt64(nodes.count)))
        guard nodes[index].isUp, nodes[index].pausedUntil <= now, nodes[index].leavesAt == 0 else { return }
        // What a region does not take goes elsewhere, or is not bid on.
        guard chance(UInt64(regions[nodes[index].region].share), of: 1_000) else { return }
        readClocks(index)
        let which = random.next(below: 10)
        let account = AccountIndex(which < 4 ? 0 : which < 9 ? UInt32(nodes[index].window) : 5)
        spend(index, account)
        // Not waiting for the next turn is what a shard does when requests come.
        for desk in nodes[index].estate { tell(desk, index, .turned) }
    }

    private func spend(_ index: Int, _ account: AccountIndex) {
        let price = Micros(Int64(random.next(in: 1...Int(shape.highest))))
        let hold = Int64(random.next(in: 500...Int(WorldShape.holdMost.wholeMilliseconds))) * 1_000_000
        let time = nodes[index].clock.now(now)
        let shard = Int(random.next(below: UInt64(WorldShape.shards)))
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            let desk = nodes[index].lanes[at].desks[shard]
            events += 1
            switch desk.holder.authorise(account, price, expires: time + Interval(nanoseconds: hold)) {
            case .refused(let refusal):
                coverage.note(refusal == .exhausted ? .exhausted : .unmarked)
                tell(desk, index, .turned)
            case .reserved(let one):
                guard !nodes[index].isFull else { return desk.holder.withdraw(one) }
                let number = nodes[index].disks[desk.shard].append(
                    DiskEntry(writer: desk.session, what: .record(.reserved(one)), time: time))
                coverage.note(.reserved)
                desk.holder.recorded(one, at: number)
                checkMark(index, one)
                promise(index, one, hold, at: time)
                tell(desk, index, .turned)
                return
            }
        }
    }

    private func promise(_ index: Int, _ one: Reservation, _ hold: Int64, at time: Instant) {
        if exchange.numbers[one.key] != nil { violate("key \(one.key) was given twice") }
        let due = Self.end(of: hold, and: WorldShape.grace, from: now)
        let ad = exchange.ads.count
        exchange.numbers[one.key] = ad
        exchange.ads.append(
            Ad(
                key: one.key, account: one.account, node: index, price: one.amount, begun: time, since: now,
                hold: hold, due: due, until: due))
        setPromise(ad, one.amount)
        plan(.outcome, ad, after: Int64(random.next(in: 50...Int(hold / 1_000_000))) * 1_000_000)
        plan(.over, ad, after: exchange.ads[ad].until - now + 1)
        mix(one.key.sequence ^ UInt64(bitPattern: one.amount.rawValue))
    }

    /// What drift may make of it is the node's to bear.
    private static func end(of hold: Int64, and rest: Interval, from begin: Int64) -> Int64 {
        let whole = hold + rest.nanoseconds
        return begin + whole - whole / 200
    }

    func setPromise(_ ad: Int, _ amount: Micros) {
        let change = amount - exchange.ads[ad].promised
        guard change != .zero else { return }
        exchange.ads[ad].promised = amount
        truth.promise(exchange.ads[ad].account, exchange.ads[ad].key.session, change)
        guard change > .zero else { return }
        checkPromised(exchange.ads[ad].account)
        if let parent = truth.parents[exchange.ads[ad].key.session] {
            checkKept(database.primary, parent, exchange.ads[ad].account)
        }
    }

    private func decide(_ ad: Int) {
        guard exchange.ads[ad].fate == .open else { return }
        let price = exchange.ads[ad].price
        let draw = random.next(below: 100)
        guard draw < ranges.billedShare else {
            guard draw < ranges.billedShare + ranges.lostShare else { return coverage.note(.billNever) }
            exchange.ads[ad].fate = .dead
            setPromise(ad, .zero)
            if chance(ranges.lossToldShare, of: 100) { tellLoss(ad) }
            return
        }
        exchange.ads[ad].fate = .billed
        let isAbove = chance(ranges.aboveShare, of: 100)
        if isAbove { coverage.note(.billAboveReserved) }
        exchange.ads[ad].bill =
            isAbove
            ? price + Micros(Int64(random.next(in: ranges.aboveMicros)))
            : Micros(Int64(random.next(in: 0...Int(price.rawValue))))
        setPromise(ad, min(exchange.ads[ad].bill, price))
        if chance(ranges.lateBillShare, of: 100) {
            coverage.note(.billLate)
            plan(
                .deliver, ad, after: exchange.ads[ad].until - now + ranges.lateBillMilliseconds * 1_000_000)
        } else {
            deliverBill(ad)
            if chance(ranges.twiceShare, of: 100) {
                coverage.note(.billTwice)
                plan(.deliver, ad, after: Int64(random.next(in: ranges.twiceMilliseconds)) * 1_000_000)
            }
        }
    }

    /// Nothing is in time any more: what no journal has by now is late or never comes.
    private func over(_ ad: Int) {
        if exchange.ads[ad].fate == .open { exchange.ads[ad].fate = .dead }
        let one = exchange.ads[ad]
        if one.fate == .billed, one.paid == nil, one.takenAt < 0, one.until == one.due, isUnreached(one) {
            // It could not be told, so it is told later.
            exchange.ads[ad].until = Self.end(of: one.hold, and: WorldShape.lastBill, from: one.since)
            return plan(.over, ad, after: exchange.ads[ad].until - now + 1)
        }
        if exchange.ads[ad].paid == nil, exchange.ads[ad].takenAt < 0 || exchange.ads[ad].isAnswered {
            setPromise(ad, exchange.ads[ad].paid ?? .zero)
        }
    }

    private func tellLoss(_ ad: Int) {
        let key = exchange.ads[ad].key
        let index = exchange.ads[ad].node
        guard nodes[index].isUp, nodes[index].pausedUntil <= now, nodes[index].unreachedUntil <= now,
            let desk = desk(index, key)
        else { return }
        reached(index)
        if case .write(let record) = desk.holder.release(key) {
            let number = nodes[index].disks[desk.shard].append(
                DiskEntry(
                    writer: desk.session, what: .record(.released(record)), time: nodes[index].clock.now(now)
                ))
            coverage.note(.released)
            tell(desk, index, .written(.released(record), at: number))
        }
    }

    private func desk(_ index: Int, _ key: ReservationKey) -> Desk? {
        if let lane = nodes[index].lane(key.session) { return nodes[index].lanes[lane].desks[Int(key.shard)] }
        return nodes[index].isUp ? nodes[index].estate[Int(key.shard)] : nil
    }

    private func deliverBill(_ ad: Int) {
        let one = exchange.ads[ad]
        if one.isAnswered && one.takenAt < 0 { return }
        let index = one.node
        let isThere =
            nodes[index].isUp && nodes[index].pausedUntil <= now && nodes[index].unreachedUntil <= now
            && !nodes[index].hasLost(one.key.session)
        // It asks until it is answered, and gives up some time after it was due.
        if !one.isAnswered, now < one.until + ranges.billGivenUpMilliseconds * 1_000_000 || isHealing {
            plan(.again, ad, after: Int64(random.next(in: ranges.billAgainMilliseconds)) * 1_000_000)
        }
        guard one.takenAt < 0 || one.isAnswered else { return }
        if isThere {
            reached(index)
            takeBill(one.key, one.bill, one.account, one.price, at: index)
        } else if !one.isAnswered, !ranges.without.contains(.orphan),
            chance(ranges.orphanShare, of: 100) || nodes[index].hasLost(one.key.session)
        {
            takeOrphan(ad)
        }
    }

    /// A node that has the reservation takes its bill, or the claim of one.
    func takeBill(
        _ key: ReservationKey, _ amount: Micros, _ account: AccountIndex, _ reserved: Micros, at index: Int
    ) {
        guard let desk = desk(index, key), let ad = exchange.numbers[key] else { return }
        events += 1
        var outcome = desk.holder.settle(key, amount)
        // What is in doubt is presumed spent at its time, and nobody waits for its bill any longer.
        let isUnrecorded = outcome == .unknown
        if isUnrecorded, key.session < desk.session {
            outcome = desk.holder.settle(key, amount, unrecordedOf: account, reserved: reserved)
            coverage.note(.unrecorded)
        }
        switch outcome {
        case .write(let record):
            if record.paid + record.late != amount { violate("bill \(key) is not whole: \(record)") }
            let one = exchange.ads[ad]
            if now < (isUnrecorded ? one.due : one.until), amount <= one.price, record.late > .zero,
                one.takenBy < 0
            {
                violate("bill \(key) came in time and is called late: \(record)")
            }
            if record.account != account { violate("bill \(key) is another account's") }
            var record = record
            if has(.paidAboveReserved) {
                record = SettlementRecord(
                    key: key, account: record.account, reserved: record.reserved,
                    paid: record.paid + record.late, late: .zero)
            }
            let number = nodes[index].disks[desk.shard].append(
                DiskEntry(
                    writer: desk.session, what: .record(.settled(record)), time: nodes[index].clock.now(now)))
            coverage.note(.settled)
            note("node \(index) settles \(key.session.rawValue)/\(key.sequence) by \(desk.session.rawValue)")
            if one.takenBy < 0 || !one.isAnswered {
                exchange.ads[ad].takenAt = Int(number)
                exchange.ads[ad].takenBy = index
            }
            tell(desk, index, .written(.settled(record), at: number))
            synchronise(index)
        case .duplicate: coverage.note(.duplicate)
        case .unknown:
            coverage.note(.unknown)
            nodes[index].forgotten.insert(key)
        }
    }

    /// The holder's journal has it for good.
    func settledDurably(_ record: SettlementRecord) {
        guard let ad = exchange.numbers[record.key] else { return }
        if exchange.ads[ad].paid != nil { violate("3: bill \(record.key) is settled twice") }
        if record.paid > exchange.ads[ad].price { violate("11: \(record.key) paid above what was set aside") }
        exchange.ads[ad].paid = record.paid
        exchange.ads[ad].late = record.late
        exchange.ads[ad].isAnswered = true
        setPromise(ad, record.paid)
        truth.paid(record)
    }

    /// The holder's journal has let it go for good. A bill that another node has taken in meanwhile and that comes to its
    /// holder only now is late: between the exchange and that node it was in time, but nobody can wait for those who
    /// cannot speak.
    func releasedDurably(_ record: ReleaseRecord) {
        guard let ad = exchange.numbers[record.key], exchange.ads[ad].paid == nil else { return }
        let one = exchange.ads[ad]
        if one.fate != .dead, now < one.until { violate("11: \(record) is let go before its time: \(one)") }
        setPromise(ad, .zero)
    }

    /// Bills whose records went with a process: the exchange has no answer for them, and asks again if it is in time.
    func forgetUnsettled(of node: Int) {
        for ad in exchange.ads.indices
        where exchange.ads[ad].takenBy == node && !exchange.ads[ad].isAnswered
            && exchange.ads[ad].takenAt >= 0
        {
            exchange.ads[ad].takenAt = -1
            if now >= exchange.ads[ad].until { setPromise(ad, .zero) }
        }
    }

    // MARK: Orphans

    /// A bill whose holder is not there comes to another node, which journals it as a claim.
    private func takeOrphan(_ ad: Int) {
        let index = Int(random.next(below: UInt64(nodes.count)))
        guard index != exchange.ads[ad].node || nodes[index].hasLost(exchange.ads[ad].key.session),
            nodes[index].isUp, nodes[index].pausedUntil <= now, nodes[index].unreachedUntil <= now
        else { return }
        coverage.note(.orphan)
        let one = exchange.ads[ad]
        let claim = Claim(
            key: one.key, account: one.account, currency: bookAccounts[one.account.row].currency,
            reserved: one.price, amount: one.bill)
        let shard = Int(random.next(below: UInt64(WorldShape.shards)))
        exchange.ads[ad].takenAt = nodes[index].disks[shard].count
        exchange.ads[ad].takenBy = index
        _ = nodes[index].disks[shard].append(
            DiskEntry(
                writer: nodes[index].estate[shard].session, what: .claim(claim),
                time: nodes[index].clock.now(now)))
        synchronise(index)
    }

    func claimedDurably(_ index: Int, _ claim: Claim) {
        guard let ad = exchange.numbers[claim.key] else { return }
        nodes[index].claims.append(claim)
        exchange.ads[ad].isAnswered = true
    }
}
