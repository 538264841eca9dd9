// Who looks at all regions: the coordinator with the product's own pacer and the leases' root, or one controller for
// each campaign that looks at the bills.
internal import Pacing
internal import Units

enum MarketMessage {
    /// From a region, as of a second: what it says of leases, and of pacing.
    case report(region: Int, session: UInt32, [LeaseReport], MarketWords?, sent: Double)
    /// To a region.
    case orders(region: Int, [LeaseOrder], lease: Double)
    case paced(region: Int, session: UInt32, [(campaign: Int, PaceOrder)], answering: MarketWords)
    case signals(region: Int, [PacingSignal])
}

/// What a region's node says of pacing at once.
struct MarketWords {
    /// Nil where it does not tell kinds of places.
    let supply: PaceSupply?
    /// By campaign; nil for one that no plan holds.
    let statements: [PaceStatement?]
    let sent: Double
}

struct MarketControl {
    /// As the coordinator has it that leads now.
    var fleet: FleetPacer
    private var epoch: UInt64 = 1
    var root: LeaseRoot
    /// When each region's lease was last renewed, and for which session.
    var renewedAt: [Double]
    var isFenced: [Bool]
    var controllers: [any BudgetController] = []
    /// Of what is known to be spent, what was before a controller began.
    var spentBefore: [Micros]
    let period: Double
    /// By region: billed sums as last heard.
    var known: [[Int64]]

    /// How long a region may go on without a word.
    static let autonomy = 600.0
    private static let limits = FleetPacer.Limits(silence: .seconds(Int64(autonomy)))

    init(market: Market, policy: MarketPolicy) {
        let campaigns = market.demand.campaigns
        let regions = market.shape.regions.count
        fleet = FleetPacer(Self.limits, epoch: epoch, at: market.shape.start)
        root = LeaseRoot(budgets: campaigns.map(\.pacing.budget), regions: regions)
        for at in root.parts.indices { root.parts[at].session = 1 }
        renewedAt = Array(repeating: 0, count: regions)
        isFenced = Array(repeating: false, count: regions)
        known = Array(repeating: Array(repeating: 0, count: campaigns.count), count: regions)
        spentBefore = campaigns.map { _ in .zero }
        controllers = campaigns.indices.compactMap { at in
            Self.controller(policy, budget: campaigns[at].pacing.budget, market.plans[at].curve)
        }
        period = controllers.first.map { Double(type(of: $0).period.nanoseconds) / 1e9 } ?? 60
    }

    /// Another one leads: it knows what the ledger has, and nothing of pacing.
    mutating func promote(at now: Instant) {
        epoch += 1
        fleet = FleetPacer(Self.limits, epoch: epoch, at: now)
    }

    static func name(of region: Int) -> String { "node-\(region)" }

    /// What a region is to do of what it said.
    mutating func pace(_ region: Int, _ session: UInt32, _ words: MarketWords, at now: Instant) -> [(
        campaign: Int, PaceOrder
    )] {
        let name = Self.name(of: region)
        fleet.expects(words.supply, from: name)
        var numbers: [String: Int] = [:]
        var funded: [(statement: PaceStatement, budget: PaceBudget)] = []
        for (campaign, statement) in words.statements.enumerated() {
            guard let statement else { continue }
            numbers[statement.terms.id] = campaign
            funded.append(
                (statement, PaceBudget(lifetime: root.budgets[campaign], left: root.left(campaign))))
        }
        return fleet.heard(funded, from: name, start: UInt64(session), at: now).compactMap { order in
            numbers[order.campaign].map { ($0, order) }
        }
    }

    /// Nil where nothing looks at what was spent.
    private static func controller(_ policy: MarketPolicy, budget: Micros, _ plan: SpendCurve)
        -> (any BudgetController)?
    {
        switch policy {
        case .linkedin: LinkedInThrottle(budget: budget, forecast: plan)
        case .mystiqueSoft: Mystique(budget: budget, target: .shaped, throttle: .soft)
        case .mystiqueHard: Mystique(budget: budget, target: .shaped, throttle: .hard)
        case .pid: PIDPacer(budget: budget, plan: plan)
        case .dual: DualDescent(budget: budget, plan: plan)
        case .paceline, .pacelineShares, .pacelineAlone, .none, .sharedCache, .floatAccounts: nil
        }
    }

    /// A budget was cut: what is left of it is another budget, with a plan of its own.
    mutating func restart(_ campaign: Int, _ policy: MarketPolicy, _ plan: SpendCurve, spent: Micros) {
        guard let controller = Self.controller(policy, budget: plan.total, plan) else { return }
        controllers[campaign] = controller
        spentBefore[campaign] = spent
    }
}
