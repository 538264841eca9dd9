// What must hold at every step, by the exchange's truth and by the disk's: invariants 1 to 6, 8 and 9 of the protocol.
import Ledger
import Units

extension LedgerWorld {
    private func violate(_ text: String) {
        violations.append("after start \(starts), \(now.nanoseconds): \(text)")
    }

    /// Whether a bill for it would still come in time.
    func isInTime(_ ad: Ad) -> Bool { now < ad.until }

    /// What the exchange has been promised of an ad: paid, or payable whenever it likes.
    private func promised(_ ad: Ad) -> Micros {
        if let record = ad.record { return record.paid }
        switch ad.fate {
        case .dead: return .zero
        case .billable: return isInTime(ad) ? ad.price : .zero
        case .billed: return isInTime(ad) ? min(ad.bill, ad.price) : .zero
        }
    }

    func check() {
        var promised: [AccountName: Micros] = [:]
        var paid: [String: Micros] = [:]
        for ad in ads {
            let amount = self.promised(ad)
            paid[ad.name.campaign, default: .zero] += ad.record?.paid ?? .zero
            guard amount > .zero else { continue }
            promised[AccountName(campaign: ad.name.campaign), default: .zero] += amount
            if ad.name.day != nil { promised[ad.name, default: .zero] += amount }
        }
        // 2: against the exchange's own truth.
        for (name, amount) in promised {
            let ceiling = ceilings[name] ?? .zero
            if amount > ceiling { violate("\(name) promised \(amount), its highest budget was \(ceiling)") }
        }
        for money in issuer.money() {
            let all = [money.lifetime] + (money.day.map { [$0] } ?? [])
            for places in all {
                // 1: five places add up. 6: free and overhang are never both positive.
                if places.free + places.committed != places.budget + places.overhang {
                    violate("\(money.campaign): the places do not add up: \(places)")
                }
                if places.free > .zero && places.overhang > .zero { violate("free beside overhang") }
                if min(places.granted, places.suspense, places.settled, places.presumed) < .zero {
                    violate("\(money.campaign): a place is below zero: \(places)")
                }
            }
            // 3, 8: the ledger knows of no payment that was not made.
            if money.lifetime.settled > paid[money.campaign] ?? .zero {
                violate(
                    "\(money.campaign): settled \(money.lifetime.settled) of \(paid[money.campaign] ?? .zero)"
                )
            }
            // 1: a parent's granted covers its children's.
            var open = Micros.zero
            for (account, name) in names where name.campaign == money.campaign {
                for desk in desks { open += desk.holder.report(of: account).open }
            }
            if open > money.lifetime.granted { violate("\(money.campaign): \(open) open, more than granted") }
        }
    }

    /// 4: every spend lies under a mark that was durable before the fence.
    func checkMark(_ reservation: Reservation, _ shard: Int) {
        var drawn = Micros.zero
        var authorised = reservation.amount
        for entry in disks[shard] where entry.writer.session == session {
            switch entry.record {
            case .mark(let mark) where mark.account == reservation.account:
                if let at = entry.durableAt, at < issuerFence { drawn = max(drawn, mark.drawn) }
            case .reserved(let one) where one.account == reservation.account: authorised += one.amount
            case .closed(let one) where one.account == reservation.account: authorised += one.unused
            default: break
            }
        }
        if authorised > drawn { violate("\(reservation.key): spent \(authorised) under marks over \(drawn)") }
    }

    /// 5: the holder's fence comes before the issuer's, with the margin for drift.
    func checkFence(_ until: Instant) {
        let margin = Interval(nanoseconds: Self.lease.nanoseconds / 100 * 99 / 100)
        if until + margin > issuerFence { violate("the fence is later than the issuer's less its margin") }
    }

    /// Nothing is granted while there is overhang, by the budgets that hold.
    func checkGrant(_ account: AccountIndex) {
        guard let campaign = names[account]?.campaign, let term = terms[campaign],
            let money = issuer.money().first(where: { $0.campaign == campaign })
        else { return }
        if money.lifetime.committed > term.lifetime { violate("\(campaign): granted under overhang") }
        if let daily = term.daily, let day = money.day, day.committed > daily {
            violate("\(campaign): granted beyond its day")
        }
    }

    /// 10: a day's money is spent on that day.
    func checkDay(_ name: AccountName) {
        guard let day = name.day, let term = terms[name.campaign], term.daily != nil else { return }
        if day < BudgetDay(turnedAt, startsAtMinutes: term.dayStartsAtMinutes) {
            violate("\(name.campaign): spent from a day that was over")
        }
    }

    /// A crash leaves at most two chunks of an account in doubt.
    func checkDoubt(_ shard: Int) {
        var drawn: [AccountIndex: Micros] = [:]
        var known: [AccountIndex: Micros] = [:]
        var chunks: [AccountIndex: [Micros]] = [:]
        for entry in disks[shard] where entry.durableAt != nil && entry.writer.session == session {
            switch entry.record {
            case .mark(let mark):
                drawn[mark.account] = mark.drawn
                chunks[mark.account, default: []].append(mark.amount)
            case .reserved(let one): known[one.account, default: .zero] += one.amount
            case .closed(let one): known[one.account, default: .zero] += one.unused
            default: break
            }
        }
        for (account, drawn) in drawn {
            let doubt = drawn - (known[account] ?? .zero)
            let most = chunks[account, default: []].suffix(2).reduce(Micros.zero) { $0 + $1 }
            if doubt > most { violate("\(doubt) in doubt, more than the last two chunks, \(most)") }
        }
    }

    // MARK: Healing

    /// 10: after healing suspense drains, every bill is in one place, and the last of a budget can be spent.
    func heal() {
        isIssuerReachable = true
        for desk in desks { desk.isFull = false }
        for index in ads.indices where ads[index].fate == .billed && ads[index].settledAt == nil {
            deliverBill(index)
        }
        settleDown(for: .seconds(120), each: .milliseconds(500))
        check()
        for money in issuer.money() {
            let records = ads.filter { $0.name.campaign == money.campaign }.compactMap(\.record)
            let paid = records.reduce(Micros.zero) { $0 + $1.paid }
            let late = records.reduce(Micros.zero) { $0 + $1.late }
            if money.lifetime.suspense != .zero { violate("\(money.campaign): suspense stays") }
            if money.lifetime.settled != paid {
                violate("\(money.campaign): \(paid) paid, \(money.lifetime)")
            }
            if money.lifetime.late != late { violate("\(money.campaign): \(late) late, \(money.lifetime)") }
        }
        spendTheLast()
    }

    func settleDown(for time: Interval, each pause: Interval) {
        let end = now + time
        while now < end {
            now = now + pause
            deliverMessages()
            for shard in 0..<Self.shards {
                tell(shard, .turned)
                synchronise(shard)
                tell(shard, .turned)
                tell(shard, .reportDue)
            }
            tellHolder(.turned)
            tellIssuer(.turned)
        }
    }

    private func spendTheLast() {
        guard let campaign = Self.campaigns.first,
            let money = issuer.money().first(where: { $0.campaign == campaign })
        else { return }
        // Exactly one more impression than what is spent.
        let spent = money.lifetime.settled + money.lifetime.presumed
        terms[campaign]?.lifetime = spent + Micros(100)
        terms[campaign]?.daily = nil
        ceilings[AccountName(campaign: campaign)] = max(
            ceilings[AccountName(campaign: campaign)] ?? .zero, spent + Micros(100))
        tellIssuer(.termsChanged(told))
        var isSpent = false
        for round in 0..<40 where !isSpent {
            let shard = round % Self.shards
            if let account = issuer.current(campaign),
                case .reserved(let one) = desks[shard].holder.authorise(
                    account, Micros(100), expires: now + .seconds(1))
            {
                isSpent = true
                desks[shard].holder.recorded(one, at: append(shard, .reserved(one)))
            }
            settleDown(for: .milliseconds(500), each: .milliseconds(100))
        }
        if !isSpent { violate("the last impression of \(campaign) cannot be had: \(money.lifetime)") }
    }
}
