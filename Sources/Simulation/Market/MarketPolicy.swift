// Who decides what is spent: ours, or one of the published controllers, each with the accounting that it is known
// with or with ours.

public enum MarketPolicy: String, CaseIterable, Sendable {
    /// The coordinator's plans and the nodes' pacers, with the price of each budget, and money from leases.
    case paceline
    /// The same, of nodes whose decisions do not tell values apart: a share of the requests for each campaign.
    case pacelineShares = "paceline-shares"
    /// The same, of nodes that say nothing of kinds of places, so that each campaign is planned by itself.
    case pacelineAlone = "paceline-alone"
    /// No pacing: a campaign competes for everything until its bills say that its budget is spent.
    case none
    case linkedin
    case mystiqueSoft = "mystique"
    case mystiqueHard = "mystique-hard"
    case pid
    case dual
    /// No pacing; every region loads all that is left and looks again every two seconds.
    case sharedCache = "shared-cache"
    /// No pacing; accounts of ten cents in each region, filled up every second; a bid that is not won within fifteen
    /// seconds is taken back, and a bill that comes later is paid all the same.
    case floatAccounts = "float-accounts"

    public var name: String { rawValue }

    public var isOurs: Bool { [.paceline, .pacelineShares, .pacelineAlone].contains(self) }

    /// What such systems count by.
    var defaultMoney: MarketMoney {
        switch self {
        case .paceline, .pacelineShares, .pacelineAlone: .leases
        case .sharedCache: .sharedCache
        case .floatAccounts: .floatAccounts
        default: .bills
        }
    }
}

public enum MarketMoney: String, Sendable {
    case leases, bills, sharedCache, floatAccounts
}
