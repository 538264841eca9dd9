// One region's node: it chooses who gets a request, sets the money aside and takes the bills, by the product's own
// pacing table and holder or by what the published systems do instead.
internal import Auction
internal import Ledger
internal import Pacing
internal import Units

/// What a bill came to.
enum BillOutcome {
    case paid(Micros, late: Micros)
    /// - isFormer: it belonged to a session that is over.
    case freed(Micros, isFormer: Bool)
    case nothing
}

final class RegionNode {
    let number: Int
    let shape: MarketShape
    let money: MarketMoney
    let count: Int
    var session: UInt32 = 1
    /// Nil where something else paces, or nothing.
    var pacing: RegionPacing?
    var throttle: ThrottleTable
    var ledger: RegionLedger
    var formers: [RegionLedger] = []
    /// Campaigns that could not be paid for in this second.
    var isEmpty: [Bool]
    private let policy: MarketPolicy

    // What systems without leases know.
    var billed: [Int64]
    /// What may still be spent, as far as this region knows.
    var available: [Int64]
    private var openSums: [Int64]
    private var settledKeys: Set<UInt64> = []
    private var nextSequence: UInt64 = 0
    /// Spent a second, of late: what a campaign that runs as fast as it can needs in hand.
    var speed: [Double]
    private var tickedAt: Instant
    /// What a dead session had set aside is not let go before its waiting notices had time to come.
    private var formersRestUntil: Instant

    init(
        _ number: Int, _ shape: MarketShape, _ demand: MarketDemand, _ money: MarketMoney,
        _ budgets: [Micros], _ policy: MarketPolicy, _ sight: MarketSight?
    ) {
        self.number = number
        self.shape = shape
        self.money = money
        count = demand.campaigns.count
        self.policy = policy
        pacing = Self.pacing(number, shape, demand, policy, sight, shape.start)
        throttle = ThrottleTable(campaigns: count)
        ledger = Self.ledger(1, demand, shape, shape.start)
        isEmpty = Array(repeating: false, count: count)
        billed = Array(repeating: 0, count: count)
        available = budgets.map(\.rawValue)
        openSums = billed
        speed = Array(repeating: 0, count: count)
        tickedAt = shape.start
        formersRestUntil = shape.start
    }

    static func ledger(_ session: UInt64, _ demand: MarketDemand, _ shape: MarketShape, _ now: Instant)
        -> RegionLedger
    {
        // Impressions of as long as an unbilled one stays open, at four times the mean of the busiest region.
        let busiest = shape.regions.map(\.rate).max() ?? 1
        let most = Int(busiest * 6 * (shape.billing.hold + 120))
        var reservations = 1 << 14
        while reservations < most { reservations *= 2 }
        return RegionLedger(
            session: session, campaigns: demand.campaigns.count,
            highest: { demand.campaigns[$0].pacing.price }, reservations: reservations, grace: .seconds(60),
            at: now)
    }

    private static func pacing(
        _ number: Int, _ shape: MarketShape, _ demand: MarketDemand, _ policy: MarketPolicy,
        _ sight: MarketSight?, _ now: Instant
    ) -> RegionPacing? {
        guard policy.isOurs else { return nil }
        return RegionPacing(
            number, shape, demand.campaigns, sight, isPriced: policy != .pacelineShares,
            tellsKinds: policy != .pacelineAlone, at: now)
    }

    // MARK: Choosing

    /// The best of those who may run here: value less what the money is worth to its campaign. Every policy chooses
    /// so; they differ in who competes and at what price. Ours goes by what decisions go by (`BudgetPrice`).
    func choose(_ request: MarketRequest, _ entries: MarketEntries, _ tables: MarketTables) -> (
        campaign: Int, value: Double
    )? {
        var best = 0.0
        var winner = -1
        var worth = 0.0
        let floor = request.floor
        tables.values.withUnsafeBufferPointer { values in
            @inline(__always)
            func bid(_ entry: MarketEntry, _ place: Int, at price: Double) {
                let value = Double(entry.value * values[place])
                guard value >= floor else { return }
                let score = value - price * floor
                let campaign = Int(entry.campaign)
                // Of two alike the first: entries come in the order of their audiences.
                let isBetter = score > best || score == best && campaign < winner
                if isBetter, !isEmpty[campaign] { (best, winner, worth) = (score, campaign, value) }
            }
            if let pacing {
                return pacing.gates.withUnsafeMutableBufferPointer { gates in
                    entries.forEach(of: request.audience) { entry in
                        let (uniform, place) = request.draw(entry)
                        let campaign = Int(entry.campaign)
                        guard gates[campaign].admits(uniform) else { return }
                        let value = Double(entry.value * values[place])
                        guard value >= floor else { return }
                        let (brings, cost) = (Micros(Int64(value)), Micros(Int64(floor)))
                        gates[campaign].values.add(ValueCounts.level(value: brings, cost: cost))
                        guard
                            let rank = gates[campaign].price.rank(
                                value: max(brings, cost), cost: cost, lot: request.marginLot(entry))
                        else { return }
                        let score = Double(rank.rawValue)
                        let isBetter = score > best || score == best && campaign < winner
                        if isBetter, !isEmpty[campaign] { (best, winner, worth) = (score, campaign, value) }
                    }
                }
            }
            throttle.thresholds.withUnsafeBufferPointer { thresholds in
                throttle.prices.withUnsafeBufferPointer { prices in
                    entries.forEach(of: request.audience) { entry in
                        let (uniform, place) = request.draw(entry)
                        guard uniform < thresholds[Int(entry.campaign)] else { return }
                        bid(entry, place, at: prices[Int(entry.campaign)])
                    }
                }
            }
        }
        return winner < 0 ? nil : (winner, worth)
    }

    // MARK: Money

    /// The reservation's number; nil where there is no money now.
    func reserve(_ campaign: Int, _ price: Micros, _ now: Instant, hold: Double) -> UInt64? {
        if money == .leases {
            guard
                let sequence = ledger.reserve(
                    campaign, price, expires: now + .milliseconds(Int64(hold * 1_000)))
            else { return nil }
            pacing?.gates[campaign].authorised += price.rawValue
            speed[campaign] += Double(price.rawValue) / 60
            return sequence
        }
        guard available[campaign] >= (money == .bills ? 1 : price.rawValue) else { return nil }
        if money != .bills { available[campaign] -= price.rawValue }
        nextSequence += 1
        return nextSequence
    }

    func take(_ bill: Bill, _ now: Instant) -> BillOutcome {
        let campaign = Int(bill.campaign)
        guard money == .leases else { return takeUnleased(bill) }
        let isFormer = bill.session != session
        let ledger = isFormer ? formers[Int(bill.session) - 1] : ledger
        switch bill.kind {
        case .bill, .duplicate:
            guard let settled = ledger.settle(bill.sequence, bill.amount, now) else { return .nothing }
            billed[campaign] += settled.paid.rawValue
            if !isFormer, settled.paid > .zero { pacing?.settled(campaign, settled.paid, of: bill.amount) }
            return .paid(settled.paid, late: settled.late)
        case .release:
            guard ledger.release(bill.sequence, now) else { return .nothing }
            if !isFormer { pacing?.freed(campaign, bill.amount) }
            return .freed(bill.amount, isFormer: isFormer)
        case .lapse: return .nothing
        }
    }

    private func takeUnleased(_ bill: Bill) -> BillOutcome {
        let campaign = Int(bill.campaign)
        switch bill.kind {
        case .bill:
            billed[campaign] += bill.amount.rawValue
            // Only accounts that lapse ask for it.
            if money == .floatAccounts { settledKeys.insert(bill.sequence) }
            return .paid(bill.amount, late: .zero)
        // Those systems know each bill's own number, too.
        case .duplicate: return .nothing
        case .release:
            guard money == .sharedCache else { return .nothing }
            available[campaign] += bill.amount.rawValue
            return .freed(bill.amount, isFormer: false)
        case .lapse:
            // Not won in time, as far as is known: the account has it back.
            guard settledKeys.remove(bill.sequence) == nil else { return .nothing }
            available[campaign] += bill.amount.rawValue
            return .freed(bill.amount, isFormer: false)
        }
    }

    func tick(_ now: Instant, leases: Bool) {
        guard leases else { return }
        tickedAt = now
        ledger.tick(now)
        for lapse in ledger.lapsed { pacing?.freed(lapse.campaign, lapse.amount) }
    }

    /// A second has passed.
    func turn(_ now: Instant) {
        for campaign in isEmpty.indices { isEmpty[campaign] = false }
        guard let pacing else { return }
        pacing.turn(now)
        for campaign in speed.indices { speed[campaign] *= 59.0 / 60 }
    }

    // MARK: Sessions

    /// The process starts anew: its last session's holder stays as what its journal says.
    func restart(_ demand: MarketDemand, _ now: Instant) {
        for campaign in 0..<count { ledger.close(campaign, tickedAt) }
        for _ in 0..<4 { ledger.tick(tickedAt) }
        formersRestUntil = now + .seconds(60)
        formers.append(ledger)
        session += 1
        ledger = Self.ledger(UInt64(session), demand, shape, now)
        pacing = Self.pacing(number, shape, demand, policy, nil, now)
        for campaign in speed.indices { speed[campaign] = 0 }
    }

    func tickFormers(_ now: Instant) -> [(campaign: Int, amount: Micros)] {
        guard now >= formersRestUntil else { return [] }
        var lapsed: [(campaign: Int, amount: Micros)] = []
        for former in formers {
            former.tick(now)
            lapsed += former.lapsed
        }
        return lapsed
    }
}
