// What happens in the world: requests, bills, losses, days, cuts, crashes; and what is checked after each.
import Ledger
import Units

/// Ways to do it wrong, each of which some seed must catch.
enum LedgerMutant: String, CaseIterable {
    case checkBeforeDurable, markAfterUse, splitLogs, fenceIgnored, fenceMarginSkipped,
        leaseCountedFromTheReply
    case freeAtTheFence, doubtForgotten, settledForgotten, lateBillDropped, paidAboveReserved
    case settledToTodaysWindow, cutIgnoresOverhang, grantedCarriedOver, grantsBelowOneImpression, epochReused
    case reportAdded
}

extension LedgerWorld {
    /// What a wrong start makes of what it found.
    func mutated(_ opening: LedgerOpening) -> LedgerOpening {
        switch mutant {
        case .freeAtTheFence: opening.with(open: [], doubts: opening.doubts)
        case .doubtForgotten: opening.with(open: opening.open, doubts: [])
        case .settledForgotten: opening.with(open: opening.open, doubts: opening.doubts, settled: [])
        default: opening
        }
    }

    /// What a wrong ledger writes.
    func mutated(_ record: LedgerRecord?) -> LedgerRecord? {
        guard case .settled(let one)? = record else { return record }
        switch mutant {
        case .lateBillDropped:
            return .settled(
                SettlementRecord(
                    key: one.key, account: one.account, reserved: one.reserved, paid: one.paid, late: .zero))
        case .paidAboveReserved:
            return .settled(
                SettlementRecord(
                    key: one.key, account: one.account, reserved: one.reserved, paid: one.paid + one.late,
                    late: .zero))
        case .settledToTodaysWindow:
            let campaign = names[one.account]?.campaign ?? ""
            return .settled(
                SettlementRecord(
                    key: one.key, account: issuer.current(campaign) ?? one.account, reserved: one.reserved,
                    paid: one.paid, late: one.late))
        default: return record
        }
    }

    func step() {
        now = now + .milliseconds(number(0...30))
        // Sometimes nothing happens for long.
        if chance(1) { now = now + .seconds(number(1...30)) }
        deliverMessages()
        for shard in 0..<Self.shards {
            tell(shard, .turned)
            if chance(20) { tell(shard, .reportDue) }
            if chance(30), !desks[shard].isFull { synchronise(shard) }
        }
        tellHolder(.turned)
        tellIssuer(.turned)
        for _ in 0..<3 { act() }
        check()
    }

    private func act() {
        switch random.next(below: 100) {
        case 0..<55: request(Self.campaigns[Int(random.next(below: 3))], Int(random.next(below: 2)))
        case 55..<75: if let ad = anAd(.billable) { bill(ad) }
        // A token is refused once its time is over, so that no bill comes twice in a year.
        case 75..<80: if let ad = anAd(.billed), now < ads[ad].expires + Self.grace { deliverBill(ad) }
        case 80..<88: if let ad = anAd(.billable) { lose(ad) }
        case 88..<90:
            draw(Self.campaigns[Int(random.next(below: 3))])
            tellIssuer(.termsChanged(told))
        case 90: if chance(30) { crash() }
        case 91: desks[Int(random.next(below: 2))].isFull = chance(30)
        case 92: isIssuerReachable = chance(60)
        case 93: if chance(20) { now = now + .seconds(number(20_000...90_000)) }
        default: break
        }
    }

    /// One of the last of its kind.
    private func anAd(_ fate: Ad.Fate) -> Int? {
        let recent = ads.indices.suffix(60).filter { ads[$0].fate == fate }
        return recent.isEmpty ? nil : recent[Int(random.next(below: UInt64(recent.count)))]
    }

    func request(_ campaign: String, _ shard: Int) {
        guard let account = issuer.current(campaign), let name = names[account] else { return }
        let used = mutant == .grantedCarriedOver ? yesterday(campaign) ?? account : account
        let price = Micros(number(1...100))
        let desk = desks[shard]
        let hold = Interval.seconds(number(1...20))
        guard case .reserved(let one) = desk.holder.authorise(used, price, expires: now + hold) else {
            return
        }
        guard !desk.isFull else { return desk.holder.withdraw(one) }
        checkMark(one, shard)
        desk.holder.recorded(one, at: append(shard, .reserved(one)))
        if adNumbers[one.key] != nil { violations.append("key \(one.key) was given twice") }
        adNumbers[one.key] = ads.count
        ads.append(
            Ad(
                key: one.key, name: names[used] ?? name, price: price, expires: one.expires,
                until: one.expires + Self.grace))
        checkDay(names[used] ?? name)
    }

    /// The last account of the campaign that was open before today's.
    private func yesterday(_ campaign: String) -> AccountIndex? {
        let today = issuer.current(campaign)
        return names.filter { $0.value.campaign == campaign && $0.value.day != nil && $0.key != today }
            .max { $0.value < $1.value }?.key
    }

    /// The exchange bills an ad, now and then for more than was agreed.
    private func bill(_ ad: Int) {
        let amount =
            chance(10) ? ads[ad].price + Micros(number(1...50)) : Micros(number(0...ads[ad].price.rawValue))
        ads[ad].bill = amount
        ads[ad].fate = .billed
        deliverBill(ad)
    }

    func deliverBill(_ index: Int) {
        let ad = ads[index]
        let shard = Int(ad.key.shard) % Self.shards
        guard !desks[shard].isFull else { return }
        var outcome = desks[shard].holder.settle(ad.key, ad.bill)
        if outcome == .unknown, ad.key.session < session, let account = issuer.names[ad.name] {
            outcome = desks[shard].holder.settle(ad.key, ad.bill, unrecordedOf: account, reserved: ad.price)
        }
        switch outcome {
        case .write(let record):
            if ad.settledAt != nil { violations.append("bill \(ad.key) was settled twice") }
            if record.paid + record.late != ad.bill { violations.append("bill \(ad.key) is not whole") }
            if isInTime(ad), ad.bill <= ad.price, record.late > .zero {
                violations.append("bill \(ad.key) came in time and is called late")
            }
            if names[record.account] != ad.name { violations.append("bill \(ad.key) is another account's") }
            write(shard, .settled(record))
            ads[index].settledAt = (shard, desks[shard].number)
            ads[index].record = record
        case .duplicate:
            if ad.settledAt == nil { violations.append("bill \(ad.key) is refused and was never settled") }
        case .unknown: break
        }
    }

    /// Somebody else won after all: told to the node, or only known to the exchange.
    private func lose(_ index: Int) {
        let key = ads[index].key
        ads[index].fate = .dead
        guard chance(70) else { return }
        let shard = Int(key.shard) % Self.shards
        if case .write(let record) = desks[shard].holder.release(key) { write(shard, .released(record)) }
    }
}

extension LedgerOpening {
    func with(open: [Reserved], doubts: [Doubted], settled: [ReservationKey]? = nil) -> LedgerOpening {
        LedgerOpening(
            totals: totals, open: open, doubts: doubts, settled: settled ?? self.settled, recorded: recorded)
    }
}
