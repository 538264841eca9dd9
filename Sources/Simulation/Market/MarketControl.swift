// Who looks at all regions: the coordinator with the product's own pacer and the leases' root, or one controller for
// each campaign that looks at the bills.
internal import Pacing
internal import Units

enum MarketMessage {
    /// From a region, as of a second.
    case report(region: Int, session: UInt32, [LeaseReport], [PaceReport], plans: [UInt32], sent: Double)
    /// To a region.
    case orders(region: Int, [LeaseOrder], lease: Double)
    case directives(region: Int, [PaceDirective])
    case plan(region: Int, campaign: Int, CampaignPlan, version: UInt32)
    case signals(region: Int, [PacingSignal])
}

struct MarketControl {
    var pacer: FlightPacer
    var root: LeaseRoot
    var versions: [UInt32]
    /// When each region's lease was last renewed, and for which session.
    var renewedAt: [Double]
    var isFenced: [Bool]
    var controllers: [any BudgetController] = []
    let period: Double
    /// By region: billed sums as last heard.
    var known: [[Int64]]

    /// How long a region may go on without a word.
    static let autonomy = 600.0

    init(market: Market, policy: MarketPolicy) {
        let campaigns = market.demand.campaigns
        let regions = market.shape.regions.count
        pacer = FlightPacer(plans: market.plans, regions: regions, theta: market.firstTheta)
        root = LeaseRoot(budgets: campaigns.map(\.pacing.budget), regions: regions)
        for at in root.parts.indices { root.parts[at].session = 1 }
        versions = campaigns.map { _ in 0 }
        renewedAt = Array(repeating: 0, count: regions)
        isFenced = Array(repeating: false, count: regions)
        known = Array(repeating: Array(repeating: 0, count: campaigns.count), count: regions)
        for (at, campaign) in campaigns.enumerated() {
            let budget = campaign.pacing.budget
            let plan = market.plans[at].curve
            switch policy {
            case .linkedin: controllers.append(LinkedInThrottle(budget: budget, forecast: plan))
            case .mystiqueSoft:
                controllers.append(
                    Mystique(budget: budget, target: .shaped, throttle: .soft))
            case .mystiqueHard:
                controllers.append(
                    Mystique(budget: budget, target: .shaped, throttle: .hard))
            case .pid: controllers.append(PIDPacer(budget: budget, plan: plan))
            case .dual: controllers.append(DualDescent(budget: budget, plan: plan))
            case .paceline, .none, .sharedCache, .floatAccounts: break
            }
        }
        period = controllers.first.map { Double(type(of: $0).period.nanoseconds) / 1e9 } ?? 60
    }
}
