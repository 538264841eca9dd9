// One policy through one market: request by request, tick by tick, with messages that take their time. The same shape,
// seed and policy give the same outcome to the last micro.
internal import Ledger
internal import Numerics
internal import Pacing
internal import Units

public final class MarketRun {
    static let ticksPerSecond = 10

    let shape: MarketShape
    let policy: MarketPolicy
    let money: MarketMoney
    let traffic: MarketTraffic
    let demand: MarketDemand
    let conditions: Conditions
    let plans: [CampaignPlan]
    /// What each campaign's wishes are made of, beside its plan: looked at some hundred million times a day.
    let wants: [(shown: Double, price: Micros, isHurried: Bool)]
    var budgets: [Micros]
    var nodes: [RegionNode] = []
    var control: MarketControl
    var mail: [Int: [MarketMessage]] = [:]
    var bills: BillQueue
    var draws: Randomness
    var tick = 0

    // The market's own truth.
    var spent: [Int64]
    var paid: [Int64]
    var outcomes: [CampaignOutcome]
    /// Where each campaign should be, from which spend on.
    var aims: [(plan: SpendCurve, from: Int64)]
    /// What the coordinator promises from then on becomes what the campaign is held against; nil where that was done.
    var awaitsAim: [Instant?]
    var ceilings: [Micros]
    var samples: [MarketSample] = []
    var regionSpent: [Int64]
    var regionRequests: [Int]
    var requestCount = 0
    var hourCounts: [Int64]
    var forecast: Forecast

    public init(_ market: Market, policy: MarketPolicy, money: MarketMoney? = nil) {
        shape = market.shape
        self.policy = policy
        self.money = money ?? policy.defaultMoney
        traffic = market.traffic
        demand = market.demand
        plans = market.plans
        conditions = Conditions(events: shape.events)
        wants = demand.campaigns.map { ($0.pacing.shown, $0.pacing.price, $0.pacing.mode == .asap) }
        budgets = demand.campaigns.map(\.pacing.budget)
        let count = demand.campaigns.count
        spent = Array(repeating: 0, count: count)
        paid = Array(repeating: 0, count: count)
        outcomes = Array(repeating: CampaignOutcome(), count: count)
        aims = plans.map { ($0.curve, 0) }
        awaitsAim = budgets.map { _ in market.shape.start }
        ceilings = budgets
        regionSpent = Array(repeating: 0, count: shape.regions.count)
        regionRequests = regionSpent.map { _ in 0 }
        hourCounts = Array(repeating: 0, count: shape.regions.count * shape.inventories.count)
        forecast = market.forecast
        bills = BillQueue(seconds: max(shape.billing.longest, shape.billing.hold) + 200)
        draws = Randomness(seed: shape.seed &* 977 &+ 3)
        control = MarketControl(market: market, policy: policy)
        let sights = policy.isOurs ? MarketSight.dayBefore(shape, demand, traffic) : []
        nodes = shape.regions.indices.map {
            RegionNode(
                $0, self.shape, demand, self.money, budgets, policy, sights.isEmpty ? nil : sights[$0])
        }
    }

    var second: Double { Double(tick) / Double(Self.ticksPerSecond) }
    var now: Instant { shape.instant(second) }

    /// What a region's own clock says.
    func clock(_ region: Int) -> Instant { shape.instant(second + conditions.skew(region)) }

    public func run() -> MarketOutcome {
        let ticks = Int(shape.seconds) * Self.ticksPerSecond
        var requests: [MarketRequest] = []
        var shares: [Double] = []
        var rates: [Double] = []
        while tick < ticks {
            if tick % Self.ticksPerSecond == 0 {
                shares = traffic.shares(at: second)
                rates = shape.regions.indices.map { traffic.rate($0, at: second) }
                everySecond()
            }
            deliverMail()
            deliverBills()
            for node in nodes where !conditions.isLost(node.number, second) {
                node.tick(clock(node.number), leases: money == .leases)
            }
            for region in shape.regions.indices {
                traffic.requests(
                    region, tick: tick, seconds: 1 / Double(Self.ticksPerSecond), rate: rates[region],
                    shares: shares, &requests)
                serve(requests, of: region)
                if !conditions.isLost(region, second) { nodes[region].pacing?.came(requests.count) }
            }
            tick += 1
        }
        return finish()
    }

    /// Bills go on coming when the flight is over.
    private func finish() -> MarketOutcome {
        let count = demand.campaigns.count
        if money == .leases {
            for campaign in 0..<count {
                for node in nodes {
                    outcomes[campaign].openAtEnd += node.ledger.report(campaign).open
                    for former in node.formers {
                        outcomes[campaign].openAtEnd += former.report(campaign).open
                    }
                }
            }
        }
        let end = tick + Int((max(shape.billing.longest, shape.billing.hold) + 150)) * Self.ticksPerSecond
        while tick < end {
            deliverBills()
            tick += 1
        }
        for campaign in 0..<count {
            outcomes[campaign].budget = budgets[campaign]
            outcomes[campaign].paid = Micros(paid[campaign])
            // Late bills stand in their own column.
            let fromBudget = Micros(paid[campaign]) - outcomes[campaign].late
            outcomes[campaign].overspend = max(fromBudget - ceilings[campaign], .zero)
        }
        var outcome = MarketOutcome(policy: policy, money: money)
        outcome.campaigns = outcomes
        outcome.samples = samples
        outcome.requests = requestCount
        return outcome
    }

    // MARK: Requests

    /// Who serves a region's viewers: while it is lost, the next ones in turn, four of five.
    private func server(of request: MarketRequest) -> RegionNode? {
        guard conditions.isLost(request.region, second) else { return nodes[request.region] }
        let others = nodes.indices.filter { $0 != request.region && !conditions.isLost($0, second) }
        guard !others.isEmpty, request.seed >> 20 & 0xFF >= 51 else { return nil }
        return nodes[others[Int(request.seed >> 12 & 0xFF) % others.count]]
    }

    private func serve(_ requests: [MarketRequest], of region: Int) {
        let isLost = conditions.isLost(region, second)
        for request in requests {
            requestCount += 1
            regionRequests[region] += 1
            hourCounts[region * shape.inventories.count + request.inventory] += 1
            guard let node = isLost ? server(of: request) : nodes[region] else { continue }
            let entries = demand.entries[request.region * shape.inventories.count + request.inventory]
            if MarketSight.takes(request) { node.pacing?.saw(request, entries, traffic.tables) }
            // Whoever cannot be paid for is passed over; the next best is asked.
            for _ in 0..<3 {
                guard let choice = node.choose(request, entries, traffic.tables) else { break }
                if buy(request, choice, node) { break }
            }
        }
    }

    private func buy(_ request: MarketRequest, _ choice: (campaign: Int, value: Double), _ node: RegionNode)
        -> Bool
    {
        let price = Micros(Int64(request.floor))
        guard
            let sequence = node.reserve(
                choice.campaign, price, clock(node.number), hold: shape.billing.hold)
        else {
            node.isEmpty[choice.campaign] = true
            return false
        }
        if request.isBilled {
            spent[choice.campaign] += price.rawValue
            outcomes[choice.campaign].value += choice.value
            outcomes[choice.campaign].impressions += 1
            regionSpent[node.number] += price.rawValue
        }
        schedule(request, choice.campaign, price, sequence, node)
        return true
    }

    private func schedule(
        _ request: MarketRequest, _ campaign: Int, _ price: Micros, _ sequence: UInt64, _ node: RegionNode
    ) {
        var one = Bill(
            region: UInt8(node.number), kind: .bill, campaign: Int32(campaign), session: node.session,
            sequence: sequence, amount: price)
        let pick = Double(request.seed >> 44) * 0x1p-20
        let spread = Double(request.seed >> 24 & 0xFFFFF) * 0x1p-20
        let delay =
            pick < shape.billing.soon
            ? 2 + 28 * spread
            : pick < shape.billing.later
                ? 30 + 90 * spread : 120 + max(shape.billing.longest - 120, 0) * spread
        if request.isBilled {
            bills.add(one, after: delay, tick)
            if Double(request.seed & 0xFFF) * 0x1p-12 < shape.billing.duplicated {
                one.kind = .duplicate
                bills.add(one, after: delay + 40, tick)
            }
        } else if Double(request.seed & 0xFFF) * 0x1p-12 < shape.billing.told {
            one.kind = .release
            bills.add(one, after: 2 + 28 * spread, tick)
        }
        if money == .floatAccounts {
            one.kind = .lapse
            bills.add(one, after: 15, tick)
        }
    }

    // MARK: Bills

    private func deliverBills() {
        for bill in bills.due(tick) {
            let node = nodes[Int(bill.region)]
            // A lost region's notices wait for it, as claims that others took down.
            if conditions.isLost(node.number, second), money == .leases {
                bills.add(bill, after: 30, tick)
                continue
            }
            let campaign = Int(bill.campaign)
            switch node.take(bill, clock(node.number)) {
            case .paid(let amount, let late):
                paid[campaign] += amount.rawValue + late.rawValue
                outcomes[campaign].late += late
            case .freed(let amount, let isFormer):
                if isFormer { control.root.freed(campaign, node.number, amount) }
            case .nothing: break
            }
        }
    }
}
