// What a node and the coordinator that directs its pacing say to one another about a campaign. All of it is sums, levels and
// whole plans, so that what comes twice, late or not at all does no harm.
public import Units

/// From a node, every few seconds.
public struct PaceStatement: Sendable, Hashable {
    /// As the node's catalog has it.
    public var terms: PacedTerms
    /// When the budget's day is over, where it has days.
    public var dayEnd: Instant?
    /// The plan that it goes by; zero where it has none.
    public var plan: UInt32 = 0
    /// Of that plan. When it was made is for who hears it to say: clocks are not compared.
    public var report = PaceReport()
    /// What will come of what is set aside and not billed yet.
    public var open = Micros.zero
    /// Requests for which it could compete there, whether it has money or not: expected in each hour of the day to come, by the hour of UTC.
    public var supply: [Double]
    /// Of each kind of the node's places (`PaceSupply`), the share for which it could compete in hours in which it runs; empty where
    /// nobody tells kinds. Hours differ by `supply`.
    public var shares: [Double] = []
    /// Of each kind, the part of that share whose floor it can pay; empty where nobody knows.
    public var affordable: [Double] = []

    /// The node has seen it in each hour of a day: what it says of others is no guess.
    public var seesDay = true
    /// Some of its line items could be shown now: who is paused is behind for that, and not for want of requests.
    public var runs = true
    /// The day to come is not one on which it has far less than on its other days, as a weekend is for who runs from Monday to Friday.
    public var isUsualDay = true
    /// The node has seen hardly any request since it counts for it: what it says is all its requests.
    public var isGuess = false

    public static let hours = 24

    public init(terms: PacedTerms, supply: [Double]) {
        precondition(supply.count == Self.hours, "a number for each hour of a day")
        (self.terms, self.supply) = (terms, supply)
    }
}

/// From a node: all that it expects to be asked for, whoever it is for. What campaigns share is planned from it.
public struct PaceSupply: Sendable, Hashable {
    /// Kinds of places for ads, in an order that all nodes of a fleet have in common.
    public let kinds: Int
    /// Places in each hour of the day to come, by the hour of UTC, and then by kind.
    public let places: [Double]

    public static let kindsMost = 16

    /// Nil where that is no day's supply.
    public init?(kinds: Int, places: [Double]) {
        guard (1...Self.kindsMost).contains(kinds), places.count == kinds * PaceStatement.hours,
            places.allSatisfy({ $0 >= 0 && $0.isFinite })
        else { return nil }
        (self.kinds, self.places) = (kinds, places)
    }
}

/// To a node, as the answer to its statement.
public struct PaceOrder: Sendable, Hashable {
    /// A node's part of a plan.
    public struct Part: Sendable, Hashable {
        public var start: Instant
        public var end: Instant
        /// What to spend in each hour from the start on.
        public var hourly: [Micros]
        /// How choosy the campaign can be in each: as `CampaignPlan.choice`; empty where nobody knows.
        public var choice: [Double] = []

        /// Nil where that is no plan: a day has at most twenty-five hours.
        public init?(start: Instant, end: Instant, hourly: [Micros]) {
            guard end > start, end - start <= .seconds(25 * 3_600),
                hourly.count == Supply.hours(from: start, to: end), hourly.allSatisfy({ $0 >= .zero })
            else { return nil }
            (self.start, self.end, self.hourly) = (start, end, hourly)
        }

        var curve: SpendCurve {
            SpendCurve(start: start, end: end, hourly: hourly.map { Double($0.rawValue) })
        }
    }

    public var campaign: String
    /// Zero where nothing is to be spent now: outside the flight, or with nothing left.
    public var plan: UInt32
    /// Where the node goes by another plan than this.
    public var part: Part?
    /// How much of its part it is to spend: above one where others cannot.
    public var scale = 1.0
    /// How far spend is ahead of the plan on all nodes together, of the plan's whole.
    public var ahead = 0.0
    /// The logarithm of the price of the campaign's budget, for nodes whose decisions tell values apart.
    public var theta = 0.0

    public init(campaign: String, plan: UInt32) { (self.campaign, self.plan) = (campaign, plan) }
}

/// What a campaign may spend, as the ledger's root has it.
public struct PaceBudget: Sendable, Hashable {
    /// All of it, and of its day. Another one makes another plan.
    public var lifetime: Micros
    public var today: Micros?
    /// What is neither billed nor lost; what is open is in it.
    public var left: Micros
    public var leftToday: Micros?

    public init(lifetime: Micros, today: Micros? = nil, left: Micros, leftToday: Micros? = nil) {
        (self.lifetime, self.today, self.left, self.leftToday) = (lifetime, today, left, leftToday)
    }
}
