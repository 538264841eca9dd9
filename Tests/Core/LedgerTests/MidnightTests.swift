// Days turn on several nodes, each by a clock of its own, while bills of the day before still come: a bill goes to the day of its
// reservation, no day is spent from before it begins or behind its end, none is overspent, and what is left of one goes back.
import Foundation
import Ledger
import Testing
import Units

/// A node of one shard with a session at the root, wired as a node that serves.
private final class Spender {
    var session: IssuerSession
    var holder: Holder
    var desk: ShardDesk
    /// Its clock is ahead of the others' by so much.
    let ahead: Interval
    var current: [String: AccountIndex] = [:]
    var names: [AccountIndex: AccountName] = [:]
    private var now = Instant(nanoseconds: 0)
    private var recorded = 0

    init(_ number: UInt64, ahead: Interval) {
        let session = LedgerSession(number)
        self.ahead = ahead
        self.session = IssuerSession(
            LedgerOpening(), LedgerReplay(), session: session, names: [:],
            limits: IssuerSession.Limits(lifetime: .seconds(120), aheadSeconds: 4), seed: number,
            at: Instant(nanoseconds: 0))
        holder = Holder(session: session, shards: 1)
        desk = ShardDesk(session: number)
    }

    func read(_ time: Instant) -> Instant {
        now = time + ahead
        desk.now = now
        return now
    }

    func turn(_ root: inout TestRoot, at time: Instant) {
        let now = read(time)
        tell(.turned)
        hold(.turned)
        desk.tell(.turned)
        desk.tell(.reportDue)
        desk.synchronise()
        passOn()
        let sayings = session.next(at: now)
        guard !sayings.isEmpty else { return }
        var effects: [IssuerEffect] = []
        session.answered(root.hear(sayings, at: time), at: now, &effects)
        follow(effects)
    }

    /// What the shard wants, says and has on its disk.
    func passOn() {
        let (asked, reports) = (desk.asked, desk.reports)
        desk.asked = [:]
        desk.reports = [:]
        for (account, upTo) in asked { hold(.asked(shard: 0, account, upTo: upTo)) }
        for report in reports.values { hold(.reported(shard: 0, report)) }
        while recorded < Int(desk.durable) {
            session.recorded(desk.journal[recorded].record)
            recorded += 1
        }
    }

    func tell(_ event: IssuerEvent) {
        var effects: [IssuerEffect] = []
        session.handle(event, at: now, &effects)
        follow(effects)
    }

    private func follow(_ effects: [IssuerEffect]) {
        for effect in effects {
            switch effect {
            case .open(let account, let name, let highest):
                names[account] = name
                current[name.campaign] = account
                hold(.opened(account, name, highest: highest))
                session.noted(account)
            case .close(let account): hold(.closed(account))
            case .grant(let account, let upTo, let isLast):
                hold(.granted(account, upTo: upTo, isLast: isLast))
            case .lease(let sentAt, let length): hold(.leased(sentAt: sentAt, for: length))
            // No other node claims any.
            case .bill: break
            }
        }
    }

    private func hold(_ event: HolderEvent) {
        var effects: [HolderEffect] = []
        holder.handle(event, at: now, &effects)
        for effect in effects {
            switch effect {
            case .open(let account, _, let highest): desk.tell(.opened(account, highest: highest))
            case .close(let account): desk.tell(.closed(account))
            case .moveFence(let until): desk.tell(.fenceMoved(to: until))
            case .lowerFence(let until): desk.tell(.fenceLowered(to: until))
            case .allow(_, let account, let upTo, let isLast):
                desk.tell(.allowed(account, upTo: upTo, isLast: isLast))
            case .recall(_, let account): desk.tell(.recalled(account))
            case .request(let account, let upTo): tell(.requested(account, upTo: upTo))
            case .report(let report): tell(.reported(report))
            case .renew(let sentAt): tell(.renewalAsked(sentAt: sentAt))
            }
        }
    }
}

/// Six minutes around a midnight, and then until nothing is open any more.
private struct Midnight {
    private struct Ad {
        let node: Int
        let key: ReservationKey
        let name: AccountName
        let price: Micros
        /// Nil where no bill comes.
        let bill: Micros?
        let billedAt: Instant
        let over: Instant
    }

    private static let highest = Micros(10)
    private static let half = 180
    private static let hold = Interval.seconds(60)
    /// Clocks of nodes are off by no more.
    private static let skew = Interval.milliseconds(1_500)

    private var random: Randomness
    private let terms: CampaignTerms
    private let midnight: Instant
    private let before: BudgetDay
    private var root: TestRoot
    private var nodes: [Spender]
    private var ads: [Ad] = []
    private var settled: [AccountName: Micros] = [:]
    /// Settled, or still to be.
    private var committed: [AccountName: Micros] = [:]
    private(set) var violations: [String] = []
    private(set) var lateBills = 0
    private(set) var spentOut = 0

    init(seed: UInt64) {
        random = Randomness(seed: seed)
        let daily = Micros(Int64(random.next(in: 1_000...12_000)))
        let lifetime = Micros(daily.rawValue * Int64(random.next(in: 11...30)) / 10)
        // Quarters of an hour on either side of UTC, as time zones have them.
        terms = CampaignTerms(
            campaign: "a", lifetime: lifetime, daily: daily,
            dayStartsAtMinutes: random.next(in: -56...56) * 15, highest: Self.highest)
        before = BudgetDay(number: 20_784)
        midnight = BudgetDay(number: 20_785).start(startsAtMinutes: terms.dayStartsAtMinutes)
        let start = midnight - .seconds(Int64(Self.half))
        root = TestRoot(at: start)
        nodes = []
        for number in 1...3 {
            let ahead = Interval.milliseconds(Int64(random.next(in: -1_500...1_500)))
            nodes.append(Spender(UInt64(number), ahead: ahead))
        }
        var accounts = CatalogAccounts(said: [:])
        accounts.changed([CampaignFunding(terms, from: Instant(nanoseconds: 0), to: .distantFuture)])
        for order in accounts.orders(at: start, root.machine.standing) {
            for answer in root.run([.order(order)], at: start) { accounts.answered(order, answer) }
        }
        for node in nodes {
            _ = node.read(start)
            node.tell(.termsChanged([terms]))
        }
    }

    mutating func run() {
        var time = midnight - .seconds(Int64(Self.half))
        let rate = random.next(in: 1...8)
        // Behind the last one nothing is open any more when its hold and its grace are over.
        let grace = nodes[0].desk.holder.limits.grace
        let end = midnight + .seconds(Int64(Self.half)) + Self.hold + grace + .seconds(40)
        for second in 0..<2 * Self.half + 2_000 where time < end {
            time = time + .milliseconds(Int64(random.next(in: 900...1_100)))
            root.keep(at: time)
            deliver(time)
            for index in nodes.indices {
                nodes[index].turn(&root, at: time)
                guard second < 2 * Self.half else { continue }
                for _ in 0..<rate { spend(index, time) }
            }
            checkTomorrow(time)
            if !violations.isEmpty { return }
        }
        checkEnd(time)
    }

    private mutating func spend(_ index: Int, _ time: Instant) {
        let node = nodes[index]
        let now = node.read(time)
        let price = Int64(random.next(in: 1...Int(Self.highest.rawValue)))
        let today = BudgetDay(now, startsAtMinutes: terms.dayStartsAtMinutes)
        // A day that is over gives nothing, whoever asks.
        for (account, name) in node.names where name.day != today {
            guard node.desk.authorise(account, price, for: Self.hold).reservation == nil else {
                return violations.append("node \(index) spends \(name) on \(today.date)")
            }
        }
        guard let account = node.current["a"], let name = node.names[account] else { return }
        guard let one = node.desk.authorise(account, price, for: Self.hold).reservation else {
            spentOut += 1
            return
        }
        if name.day != today { violations.append("node \(index) spends \(name) on \(today.date)") }
        for known in [name, AccountName(campaign: "a")] {
            committed[known, default: .zero] += one.amount
            let budget = known.day == nil ? terms.lifetime : terms.daily ?? .zero
            if committed[known, default: .zero] > budget {
                violations.append("\(known) has \(budget.rawValue), and more is promised")
            }
        }
        let isBilled = random.next(below: 10) < 8
        let bill = isBilled ? Micros(Int64(random.next(in: 0...Int(one.amount.rawValue)))) : nil
        let delay = Interval.milliseconds(Int64(random.next(in: 200...55_000)))
        ads.append(
            Ad(
                node: index, key: one.key, name: name, price: one.amount, bill: bill, billedAt: time + delay,
                over: now + Self.hold + node.desk.holder.limits.grace))
    }

    private mutating func deliver(_ time: Instant) {
        var open: [Ad] = []
        for ad in ads {
            let node = nodes[ad.node]
            let now = node.read(time)
            if let bill = ad.bill, time >= ad.billedAt {
                guard let record = node.desk.settle(ad.key, bill.rawValue).record else {
                    violations.append("a bill of \(ad.name) is not taken")
                    continue
                }
                if record.late > .zero || node.names[record.account] != ad.name {
                    violations.append("a bill of \(ad.name) became \(record)")
                }
                if node.names[record.account]?.day == before, time > midnight + Self.skew { lateBills += 1 }
                settled[ad.name, default: .zero] += record.paid
                for known in [ad.name, AccountName(campaign: "a")] {
                    committed[known, default: .zero] += record.paid - ad.price
                }
            } else if ad.bill == nil, now >= ad.over {
                for known in [ad.name, AccountName(campaign: "a")] {
                    committed[known, default: .zero] -= ad.price
                }
            } else {
                open.append(ad)
            }
        }
        ads = open
    }

    private mutating func account(_ name: AccountName, _ time: Instant) -> GrantBook.Account? {
        guard case .found(let account, _, _) = root.run([.find(name, nil)], at: time).first else {
            return nil
        }
        return root.machine.book?.accounts[account.row]
    }

    /// Nobody is given money of a day that has begun nowhere.
    private mutating func checkTomorrow(_ time: Instant) {
        guard time < midnight - Self.skew else { return }
        let tomorrow = AccountName(campaign: "a", day: BudgetDay(number: before.number + 1))
        guard let account = account(tomorrow, time) else {
            return violations.append("tomorrow has no account")
        }
        if account.committed > .zero { violations.append("tomorrow's money is given today") }
    }

    private mutating func checkEnd(_ time: Instant) {
        if !ads.isEmpty { violations.append("\(ads.count) ads are still open") }
        for number in [before.number, before.number + 1] {
            let name = AccountName(campaign: "a", day: BudgetDay(number: number))
            guard let account = account(name, time) else { return violations.append("\(name) is gone") }
            let paid = settled[name, default: .zero]
            if account.settled != paid {
                violations.append("\(name) has \(account.settled.rawValue) settled of \(paid.rawValue)")
            }
            if account.late > .zero { violations.append("\(name) has late bills") }
            if number == before.number, account.granted > .zero {
                violations.append("\(account.granted.rawValue) of a day that is over are still granted")
            }
        }
    }
}

#if DEBUG
    private let nights = 1
#else
    private let nights = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1" ? 2_000 : 12
#endif

@Suite struct MidnightTests {
    @Test func billsOfYesterdayAreYesterdays() {
        let from = UInt64.random(in: 1..<1 << 40)
        var (lateBills, spentOut) = (0, 0)
        for seed in [UInt64](1...2) + (from..<from + UInt64(nights)) {
            var night = Midnight(seed: seed)
            night.run()
            #expect(night.violations.isEmpty, "seed \(seed): \(night.violations.prefix(3))")
            guard night.violations.isEmpty else { return }
            lateBills += night.lateBills
            spentOut += night.spentOut
        }
        // Else nothing was tried.
        #expect(lateBills > 100 && spentOut > 0)
    }
}
