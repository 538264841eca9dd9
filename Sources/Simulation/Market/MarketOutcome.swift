// What came of a run, campaign by campaign, measured against the market's own truth and not against anybody's books.
public import Pacing
public import Units

public struct CampaignOutcome: Sendable {
    public var budget = Micros.zero
    /// What was billed and is to be paid, in the end.
    public var paid = Micros.zero
    /// What was paid beyond the budget.
    public var overspend = Micros.zero
    /// Bills that came after their money was set free.
    public var late = Micros.zero
    /// What stayed set aside at the end of the flight, before the last bills came.
    public var openAtEnd = Micros.zero
    /// What a lost or fenced region held and nobody could spend.
    public var stranded = Micros.zero
    /// What was spent already when its budget was cut.
    public var spentAtCut = Micros.zero
    public var value = 0.0
    public var impressions = 0
    /// The largest distance from the plan, of the budget.
    public var distance = 0.0
    /// The minute of the flight in which it was that far.
    public var distanceMinute = 0
    /// The last minute in which it was further than a hundredth of its budget from its plan; nil where it never was.
    public var lastAstray: Int?
    /// Seconds into the flight at which it was said that the campaign cannot deliver.
    public var warnedAt: Double?
    /// What the coordinator expected to stand in its way when it planned the campaign.
    public var limit: Deliverability.Limit?

    public init() {}

    /// What was bought beyond the budget nobody pays for, and no bound knows of.
    public var paidValue: Double {
        paid > budget && paid > .zero ? value * Double(budget.rawValue) / Double(paid.rawValue) : value
    }

    /// Of what it was to spend: what is gone before a cut cannot be spent less.
    public var delivery: Double {
        let aim = max(budget, spentAtCut)
        return aim > .zero ? Double(paid.rawValue) / Double(aim.rawValue) : 0
    }
}

/// Sums at one moment, for plots.
public struct MarketSample: Sendable {
    public var second: Double
    /// By campaign: spent, and to be spent by the plan.
    public var spent: [Int64]
    public var planned: [Int64]
    /// Of each region, micros spent since the last sample.
    public var regions: [Int64]
    /// Requests of each region since the last sample.
    public var requests: [Int]
}

public struct MarketOutcome: Sendable {
    public var policy: MarketPolicy
    public var money: MarketMoney
    public var campaigns: [CampaignOutcome] = []
    public var samples: [MarketSample] = []
    public var requests = 0
    public var value: Double { campaigns.reduce(0) { $0 + $1.value } }
    public var paidValue: Double { campaigns.reduce(0) { $0 + $1.paidValue } }
    public var overspend: Micros { campaigns.reduce(.zero) { $0 + $1.overspend } }
    public var late: Micros { campaigns.reduce(.zero) { $0 + $1.late } }
    public var paid: Micros { campaigns.reduce(.zero) { $0 + $1.paid } }
    public var openAtEnd: Micros { campaigns.reduce(.zero) { $0 + $1.openAtEnd } }
    public var stranded: Micros { campaigns.reduce(.zero) { $0 + $1.stranded } }
}
