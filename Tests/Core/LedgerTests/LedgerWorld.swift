// A whole node's money under a virtual clock, disk and exchange: issuer, holder, shards and their journals, messages
// that come late, twice and in another order, starts after crashes that take what was not durable. The exchange
// keeps its own truth of every ad, and nobody asks the ledger whether it is right.
import Ledger
import Units

/// An ad that was answered: from then on it may be billed, whatever becomes of our memory.
struct Ad {
    enum Fate { case billable, billed, dead }

    let key: ReservationKey
    let name: AccountName
    let price: Micros
    let expires: Instant
    /// Until when a bill for it is in time: longer where nobody listened meanwhile.
    var until: Instant
    var fate = Fate.billable
    var bill = Micros.zero
    /// Where the settlement stands; nil until the node has taken the bill.
    var settledAt: (shard: Int, number: UInt64)?
    var record: SettlementRecord?
}

/// One record on a shard's disk.
struct DiskEntry {
    let writer: ShardSession
    let number: UInt64
    let record: LedgerRecord?
    let opening: (AccountIndex, AccountName)?
    /// By the true clock, as soon as a crash cannot take it.
    var durableAt: Instant?
    let writtenAt: Instant
}

final class LedgerWorld {
    static let shards = 2
    static let lease = Interval.seconds(20)
    static let grace = Interval.seconds(5)
    static let campaigns = ["a", "b", "c"]
    static let dayLength = Interval.seconds(86_400)

    let mutant: LedgerMutant?
    var random: Randomness
    var now = Instant(nanoseconds: 1_700_000_000_000_000_000)
    var startedAt = Instant(nanoseconds: 0)
    var session = LedgerSession(0)
    var issuer: LocalIssuer
    var holder: Holder
    var desks: [Desk] = []
    var disks = [[DiskEntry]](repeating: [], count: shards)
    var replay = LedgerReplay()
    var terms: [String: CampaignTerms] = [:]
    var names: [AccountIndex: AccountName] = [:]
    var messages: [(at: Instant, order: Int, deliver: (LedgerWorld) -> Void)] = []
    var ads: [Ad] = []
    var adNumbers: [ReservationKey: Int] = [:]
    var violations: [String] = []
    /// The highest that each budget ever was.
    var ceilings: [AccountName: Micros] = [:]
    /// Until when the issuer counts the session's lease.
    var issuerFence = Instant(nanoseconds: .min)
    var isIssuerReachable = true
    var starts = 0
    private var grantedUpTo: [AccountIndex: Micros] = [:]
    /// When the issuer last looked at the clock.
    var turnedAt = Instant(nanoseconds: .min)
    private var order = 0
    private var lastNumbers = [UInt64](repeating: 0, count: shards)

    final class Desk {
        var holder: ShardHolder
        var effects: [ShardEffect] = []
        var number: UInt64 = 0
        /// What the shard was told.
        var durable: UInt64 = 0
        var isFull = false
        init(_ holder: consuming ShardHolder) { self.holder = holder }
    }

    init(seed: UInt64, mutant: LedgerMutant? = nil) {
        self.mutant = mutant
        random = Randomness(seed: seed)
        issuer = LocalIssuer(LedgerOpening(), session: LedgerSession(0), lease: Self.lease)
        holder = Holder(session: LedgerSession(0), shards: Self.shards)
        for campaign in Self.campaigns { draw(campaign) }
        start()
    }

    // MARK: Chance

    func chance(_ percent: UInt64) -> Bool { random.next(below: 100) < percent }
    func number(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(random.next(below: UInt64(range.upperBound - range.lowerBound + 1)))
    }

    /// Other terms for a campaign: raised, cut, with days or without.
    func draw(_ campaign: String) {
        let lifetime = Micros(number(0...40) * 50)
        let daily = chance(50) ? Micros(number(1...20) * 40) : nil
        let offset = campaign == "a" ? 0 : campaign == "b" ? 60 : -300
        terms[campaign] = CampaignTerms(
            campaign: campaign, lifetime: lifetime, daily: daily, dayStartsAtMinutes: offset,
            highest: Micros(mutant == .grantsBelowOneImpression ? 0 : 100))
        let whole = AccountName(campaign: campaign)
        ceilings[whole] = max(ceilings[whole] ?? .zero, lifetime)
        noteDay(campaign)
    }

    func noteDay(_ campaign: String) {
        guard let term = terms[campaign], let daily = term.daily else { return }
        let day = BudgetDay(now, startsAtMinutes: term.dayStartsAtMinutes)
        for number in [day.number, day.number + 1] {
            let name = AccountName(campaign: campaign, day: BudgetDay(number: number))
            ceilings[name] = max(ceilings[name] ?? .zero, daily)
        }
    }

    /// What the issuer is told of the budgets.
    var told: [CampaignTerms] {
        Self.campaigns.compactMap { campaign in
            var term = terms[campaign]
            if mutant == .cutIgnoresOverhang, let ceiling = ceilings[AccountName(campaign: campaign)] {
                term?.lifetime = ceiling
            }
            return term
        }
    }

    // MARK: A start

    func start() {
        starts += 1
        startedAt = now
        for shard in 0..<Self.shards {
            for entry in disks[shard] {
                if let (account, name) = entry.opening { replay.opened(account, name, by: entry.writer) }
                if let record = entry.record { replay.take(record, by: entry.writer, at: entry.writtenAt) }
            }
            // What was read is kept by what is made of it: an old segment may go.
            disks[shard].removeAll()
        }
        if mutant != .epochReused || starts == 1 { session = replay.nextSession(at: now) }
        // As a file would have it.
        var balances = Balances()
        balances.replay = replay
        let bytes = balances.encoded()
        if let read = try? Balances(bytes.span.bytes), read.encoded() == bytes {
            replay = read.replay
        } else {
            violations.append("balances do not come back as they were written")
        }
        replay.forget(current: session, grace: Self.grace)
        var opening = replay.opening(for: session, at: now, grace: Self.grace)
        opening = mutated(opening)
        issuer = LocalIssuer(opening, session: session, lease: Self.lease)
        holder = Holder(session: session, shards: Self.shards)
        messages.removeAll()
        names = [:]
        grantedUpTo = [:]
        issuerFence = Instant(nanoseconds: .min)
        isIssuerReachable = true
        var limits = ShardLimits()
        limits.reservations = 256
        limits.grace = Self.grace
        let accounts = issuer.names
        desks = (0..<Self.shards).map { shard in
            let desk = Desk(ShardHolder(session: session, shard: UInt32(shard), limits: limits))
            desk.effects.reserveCapacity(limits.effectsPerTurn)
            desk.number = lastNumbers[shard]
            return desk
        }
        for (name, account) in accounts.sorted(by: { $0.value < $1.value }) {
            open(account, name, .zero)
            for shard in 0..<Self.shards { tell(shard, .closed(account)) }
        }
        for shard in 0..<Self.shards { adopt(opening, accounts, shard) }
        tellIssuer(.termsChanged(told))
        for index in ads.indices where ads[index].until > now {
            ads[index].until = max(ads[index].until, now + Self.grace)
        }
        // The exchange sends again what nobody has acknowledged.
        for index in ads.indices where ads[index].fate == .billed {
            if let settled = ads[index].settledAt, !isDurable(settled) { ads[index].settledAt = nil }
            if ads[index].settledAt == nil { deliverBill(index) }
        }
    }

    private func adopt(_ opening: LedgerOpening, _ accounts: [AccountName: AccountIndex], _ shard: Int) {
        func isMine(_ key: ReservationKey) -> Bool { Int(key.shard) % Self.shards == shard }
        desks[shard].holder.adopt(
            open: opening.open.filter { isMine($0.key) }.compactMap { one in
                accounts[one.name].map {
                    FormerReservation(key: one.key, account: $0, amount: one.amount, expires: one.expires)
                }
            }, settled: opening.settled.filter(isMine),
            doubts: opening.doubts.filter { Int($0.writer.shard) % Self.shards == shard }
                .compactMap { doubt in
                    accounts[doubt.name].map {
                        Doubt(
                            key: DoubtKey(
                                session: doubt.writer.session, shard: doubt.writer.shard, account: $0),
                            amount: doubt.amount, until: doubt.until)
                    }
                }, recorded: opening.recorded)
    }

    private func open(_ account: AccountIndex, _ name: AccountName, _ highest: Micros) {
        for shard in 0..<Self.shards {
            append(shard, nil, (account, name))
            tell(shard, .opened(account, highest: highest))
        }
        names[account] = name
    }

    // MARK: The disk

    @discardableResult
    func append(
        _ shard: Int, _ record: LedgerRecord?, _ opening: (AccountIndex, AccountName)? = nil
    ) -> UInt64 {
        let desk = desks[shard]
        desk.number += 1
        lastNumbers[shard] = desk.number
        let record = mutated(record)
        if case .settled(let one)? = record, let ad = adNumbers[one.key], names[one.account] != ads[ad].name {
            violations.append("bill \(one.key) is written to another account than its reservation")
        }
        disks[shard].append(
            DiskEntry(
                writer: ShardSession(session: session, shard: UInt32(shard)), number: desk.number,
                record: record, opening: opening, durableAt: nil, writtenAt: now))
        return desk.number
    }

    func isDurable(_ settled: (shard: Int, number: UInt64)) -> Bool {
        // What is no longer on the disk was read by a start, or lost; a start clears what was lost.
        disks[settled.shard].first { $0.number == settled.number }.map { $0.durableAt != nil } ?? true
    }

    /// An fdatasync has covered everything that was written.
    func synchronise(_ shard: Int) {
        let desk = desks[shard]
        for index in disks[shard].indices where disks[shard][index].durableAt == nil {
            if mutant == .splitLogs, case .reserved? = disks[shard][index].record, chance(70) { continue }
            disks[shard][index].durableAt = now
        }
        tellDurable(desk, shard)
    }

    func tellDurable(_ desk: Desk, _ shard: Int) {
        desk.durable = desk.number
        // It looks at the clock before it looks at the disk.
        let seen = mutant == .fenceIgnored ? startedAt : now
        desk.holder.handle(.durable(upTo: desk.durable), at: seen, &desk.effects)
        follow(shard)
    }

    /// The process ends at once, and with it what was not on the disk.
    func crash() {
        for shard in 0..<Self.shards {
            checkDoubt(shard)
            // Of what was written, some may have come to the disk, in order.
            let firm = disks[shard].lastIndex { $0.durableAt != nil }.map { $0 + 1 } ?? 0
            let kept = firm + Int(random.next(below: UInt64(disks[shard].count - firm + 1)))
            let lost = disks[shard][kept...].compactMap(\.record)
            for record in lost {
                if case .settled(let settlement) = record, let ad = adNumbers[settlement.key] {
                    ads[ad].settledAt = nil
                    ads[ad].record = nil
                }
            }
            disks[shard] = Array(disks[shard][..<kept])
            if mutant == .splitLogs {
                disks[shard].removeAll {
                    if case .reserved? = $0.record { $0.durableAt == nil } else { false }
                }
            }
        }
        start()
    }

    // MARK: Messages

    /// Comes late, perhaps twice, perhaps after what was sent later. Counters bear that.
    func send(_ deliver: @escaping (LedgerWorld) -> Void) {
        for _ in 0..<(chance(10) ? 2 : 1) {
            order += 1
            messages.append((now + .milliseconds(number(0...20)), order, deliver))
        }
    }

    func deliverMessages() {
        while let next = messages.indices.filter({ messages[$0].at <= now })
            .min(by: { (messages[$0].at, messages[$0].order) < (messages[$1].at, messages[$1].order) })
        {
            messages.remove(at: next).deliver(self)
        }
    }

    func tell(_ shard: Int, _ event: ShardEvent) {
        let desk = desks[shard]
        desk.holder.handle(event, at: now, &desk.effects)
        follow(shard)
    }

    func follow(_ shard: Int) {
        let desk = desks[shard]
        let effects = desk.effects
        desk.effects.removeAll(keepingCapacity: true)
        for effect in effects {
            switch effect {
            case .write(let record): write(shard, record)
            case .commit: if chance(50) { send { [session] in $0.commit(shard, session) } }
            case .ask(let account, let upTo):
                send { $0.tellHolder(.asked(shard: shard, account, upTo: upTo)) }
            case .report(var report):
                if mutant == .reportAdded {
                    report.settled += report.settled
                }
                send { [report] in $0.tellHolder(.reported(shard: shard, report)) }
            }
        }
    }

    func commit(_ shard: Int, _ from: LedgerSession) {
        if from == session, !desks[shard].isFull { synchronise(shard) }
    }

    func write(_ shard: Int, _ record: LedgerRecord) {
        let desk = desks[shard]
        guard !desk.isFull else {
            desk.holder.handle(.refused(record), at: now, &desk.effects)
            return
        }
        if mutant == .markAfterUse, case .mark = record {
            // It is used first; the disk hears of it with what comes next.
            desk.number += 1
            let number = desk.number
            desk.holder.handle(.written(record, at: number), at: now, &desk.effects)
            desk.holder.handle(.durable(upTo: number), at: now, &desk.effects)
            send { world in if world.desks[shard] === desk { world.append(shard, record) } }
            return
        }
        let number = append(shard, record)
        desk.holder.handle(.written(record, at: number), at: now, &desk.effects)
        if mutant == .checkBeforeDurable { tellDurable(desk, shard) }
    }

    func tellHolder(_ event: HolderEvent) {
        var effects: [HolderEffect] = []
        holder.handle(event, at: now, &effects)
        for effect in effects {
            switch effect {
            case .open(let account, let name, let highest): open(account, name, highest)
            case .close(let account):
                if mutant == .grantedCarriedOver { continue }
                for shard in 0..<Self.shards { tell(shard, .closed(account)) }
            case .lowerFence(let until):
                for shard in 0..<Self.shards { tell(shard, .fenceLowered(to: until)) }
            case .moveFence(let until):
                checkFence(until)
                for shard in 0..<Self.shards { send { $0.tell(shard, .fenceMoved(to: until)) } }
            case .allow(let shard, let account, let upTo, let isLast):
                send { $0.tell(shard, .allowed(account, upTo: upTo, isLast: isLast)) }
            case .recall(let shard, let account): send { $0.tell(shard, .recalled(account)) }
            case .request(let account, let upTo): send { $0.tellIssuer(.requested(account, upTo: upTo)) }
            case .report(let report): send { $0.tellIssuer(.reported(report)) }
            case .renew(let sentAt):
                if isIssuerReachable { send { $0.tellIssuer(.renewalAsked(sentAt: sentAt)) } }
            }
        }
    }

    func tellIssuer(_ event: IssuerEvent) {
        var effects: [IssuerEffect] = []
        if case .turned = event { turnedAt = now }
        issuer.handle(event, at: now, &effects)
        for effect in effects {
            switch effect {
            case .open(let account, let name, let highest):
                noteDay(name.campaign)
                tellHolder(.opened(account, name, highest: highest))
            case .close(let account): tellHolder(.closed(account))
            case .grant(let account, let upTo, let isLast):
                if upTo > grantedUpTo[account] ?? .zero { checkGrant(account) }
                grantedUpTo[account] = upTo
                send { $0.tellHolder(.granted(account, upTo: upTo, isLast: isLast)) }
            // Of an issuer on another machine.
            case .bill: break
            case .lease(let sentAt, let length):
                issuerFence = max(issuerFence, now + length)
                send { world in
                    let from = world.mutant == .leaseCountedFromTheReply ? world.now : sentAt
                    let given =
                        world.mutant == .fenceMarginSkipped
                        ? Interval(nanoseconds: length.nanoseconds / 99 * 100) : length
                    world.tellHolder(.leased(sentAt: from, for: given))
                }
            }
        }
    }
}
