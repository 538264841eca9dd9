// What a market looks like: its regions and their days, its inventories and their floors, and what befalls them. All
// of it is values; the same shape and seed give the same requests, whoever decides them.
public import Units

/// A region's traffic: requests a second in the mean, and when its day is busiest.
public struct MarketRegion: Sendable {
    public var name: String
    public var rate: Double
    /// Seconds after midnight at UTC.
    public var peak: Double

    public init(name: String, rate: Double, peak: Double) {
        self.name = name
        self.rate = rate
        self.peak = peak
    }
}

/// A kind of place for ads.
public struct MarketInventory: Sendable {
    public var name: String
    /// Its share of the requests.
    public var share: Double
    /// The median floor of one impression.
    public var floor: Double
    /// The share of chosen ads that is shown.
    public var shown: Double
    /// What its viewers are worth to campaigns, beside the others.
    public var worth: Double

    public init(name: String, share: Double, floor: Double, shown: Double, worth: Double) {
        self.name = name
        self.share = share
        self.floor = floor
        self.shown = shown
        self.worth = worth
    }
}

/// What befalls a market, in seconds from its start.
public enum MarketEvent: Sendable, Hashable {
    /// So many times the region's requests, from one second to the next.
    case surge(region: Int, from: Double, to: Double, times: Double)
    /// So many times an inventory's share everywhere: a live match.
    case live(inventory: Int, from: Double, to: Double, times: Double)
    /// The region's servers are gone; its viewers reach others, but for a fifth.
    case lost(region: Int, from: Double, to: Double)
    /// The region serves, and hears and is heard by nobody.
    case partition(region: Int, from: Double, to: Double)
    /// It is heard, but hears nothing.
    case deaf(region: Int, from: Double, to: Double)
    /// Nobody plans and nobody grants.
    case coordinatorAway(from: Double, to: Double)
    /// Every message of the coordinator takes up to so long.
    case stale(seconds: Double, from: Double, to: Double)
    /// The database's primary is gone, and with it who leads: so many seconds later another one leads, which has the ledger's rows and
    /// knows nothing of pacing.
    case promotion(at: Double, seconds: Double)
    /// The region's clock is off by so much, all day.
    case skew(region: Int, seconds: Double)
    /// Every third campaign's budget becomes this share of what it was.
    case cut(share: Double, at: Double)
}

public struct MarketShape: Sendable {
    public var seed: UInt64 = 1
    public var seconds = 86_400.0
    public var regions: [MarketRegion]
    public var inventories: [MarketInventory]
    public var campaigns = 220
    /// What all budgets come to, of what all shown impressions cost.
    public var sold = 0.6
    public var events: [MarketEvent] = []
    /// What the forecast is off by: the first region's is so much too low, the others' too high.
    public var bias = 0.0
    public var billing = MarketBilling()
    /// All campaigns follow the traffic; else an eighth is even, a twelfth front-loaded, and a twentieth in a hurry.
    public var isUniform = false

    /// A third of the campaigns may run where places are few only, and another third there as well as everywhere else.
    public var isCrowded = false

    /// Three regions eight hours apart, and eight inventories. The flight starts on a Monday at midnight.
    public init(rate: Double = 120) {
        regions = [
            MarketRegion(name: "eu", rate: rate * 0.42, peak: 19 * 3600),
            MarketRegion(name: "us", rate: rate * 0.33, peak: 2 * 3600),
            MarketRegion(name: "ap", rate: rate * 0.25, peak: 11 * 3600),
        ]
        inventories = [
            MarketInventory(name: "news", share: 0.22, floor: 4_000, shown: 0.92, worth: 0.9),
            MarketInventory(name: "film", share: 0.16, floor: 14_000, shown: 0.95, worth: 1.1),
            MarketInventory(name: "series", share: 0.18, floor: 12_000, shown: 0.94, worth: 1.05),
            MarketInventory(name: "sport", share: 0.12, floor: 16_000, shown: 0.9, worth: 1.2),
            MarketInventory(name: "kids", share: 0.08, floor: 8_000, shown: 0.88, worth: 0.8),
            MarketInventory(name: "music", share: 0.12, floor: 5_000, shown: 0.9, worth: 0.9),
            MarketInventory(name: "home", share: 0.08, floor: 6_000, shown: 0.7, worth: 1.0),
            MarketInventory(name: "live", share: 0.04, floor: 20_000, shown: 0.97, worth: 1.3),
        ]
    }

    /// 2024-01-01, a Monday.
    public static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    public var start: Instant { Self.start }
    public var end: Instant { instant(seconds) }

    public func instant(_ second: Double) -> Instant {
        Instant(nanoseconds: Self.start.nanoseconds + Int64((second * 1e9).rounded()))
    }
}

/// When bills come.
public struct MarketBilling: Sendable {
    /// The bid's `exp`, for all of them.
    public var hold = 900.0
    /// Of the bills, the share that comes within half a minute, and within two; the rest takes up to `longest`.
    public var soon = 0.8
    public var later = 0.98
    public var longest = 600.0
    public var duplicated = 0.01
    public var lost = 0.0005
    /// Of the ads that are not shown, the share of which somebody says so.
    public var told = 0.9

    public init() {}
}
