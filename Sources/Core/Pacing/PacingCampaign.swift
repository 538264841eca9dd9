// A campaign as pacing sees it: what it may spend, where it may run, and what one impression costs it.
public import Units

public struct PacingCampaign: Sendable {
    public var id: String
    public var start: Instant
    public var end: Instant
    /// What is to be spent from now to the end of the flight.
    public var budget: Micros
    /// What may be spent in a day; days are counted from the flight's start in the plan's hours.
    public var daily: Micros?
    public var mode: PacingMode
    /// Promised to somebody: served before those that are not.
    public var isGuaranteed: Bool
    /// What an impression is expected to cost.
    public var price: Micros
    /// By region, then inventory: the share of the requests that its targeting lets through.
    public var targeted: [Double]
    /// By hour of the plan, then region: the part of `targeted` that is so in that hour; empty where all hours are alike.
    public var byHour: [Double] = []
    /// Of those, the share whose floor it can pay.
    public var affordable: [Double]
    /// Of the ads that are chosen, the share that is shown and billed.
    public var shown: Double
    /// The most impressions that its frequency caps let through in the whole flight; nil without caps.
    public var reach: Double?
    /// Hours of its flight that lie before `start`, and after `end`: of a flight that is planned in parts.
    public var before = 0.0
    public var after = 0.0

    public init(
        id: String, start: Instant, end: Instant, budget: Micros, daily: Micros? = nil,
        mode: PacingMode = .even, isGuaranteed: Bool = false, price: Micros, targeted: [Double],
        affordable: [Double], shown: Double = 1, reach: Double? = nil
    ) {
        precondition(targeted.count == affordable.count, "a share for each region and inventory")
        precondition(price > .zero, "an impression costs something")
        self.id = id
        self.start = start
        self.end = end
        self.budget = budget
        self.daily = daily
        self.mode = mode
        self.isGuaranteed = isGuaranteed
        self.price = price
        self.targeted = targeted
        self.affordable = affordable
        self.shown = shown
        self.reach = reach
    }

    /// The share of a cell's requests that its targeting lets through in an hour of the plan.
    @inline(__always)
    func targeted(_ cell: Int, inHour hour: Int, of supply: Supply) -> Double {
        guard !byHour.isEmpty else { return targeted[cell] }
        return min(targeted[cell] * byHour[hour * supply.regions + cell / supply.inventories], 1)
    }

    /// How many of a plan's days have part in the flight: so often it may spend what it may spend in a day.
    func days(of supply: Supply) -> Int {
        let from = max(start, supply.start).nanoseconds - supply.start.nanoseconds
        let to = min(end, supply.end).nanoseconds - supply.start.nanoseconds
        let day = 24 * HourOfWeek.length
        return to > from ? Int((to - 1) / day - from / day) + 1 : 0
    }
}
