// What a region's own pacer is told: a campaign's terms, and where its money is at a turn.
public import Units

public struct PacedTerms: Sendable, Hashable {
    public var id: String
    public var start: Instant
    public var end: Instant
    public var mode: PacingMode
    /// In all of its flight, and in a day.
    public var lifetime: Micros
    public var daily: Micros?
    /// What an impression is expected to cost.
    public var price: Micros
    /// Promised to somebody: planned before those that are not.
    public var isGuaranteed: Bool
    /// Of the ads that are chosen, the share that is expected to be shown and billed.
    public var shown: Double

    public init(
        id: String, start: Instant, end: Instant, mode: PacingMode, lifetime: Micros, daily: Micros?,
        price: Micros, isGuaranteed: Bool = false, shown: Double = 1
    ) {
        (self.id, self.start, self.end, self.mode) = (id, start, end, mode)
        (self.lifetime, self.daily, self.price) = (lifetime, daily, max(price, Micros(1)))
        (self.isGuaranteed, self.shown) = (isGuaranteed, shown)
    }

    /// What each node may spend before it hears of a plan: what the whole campaign would spend evenly while one is made, as far as
    /// that is little of its budget.
    var beforeAnyPlan: Micros {
        let whole = Double((daily ?? lifetime).rawValue)
        let length = daily == nil ? max((end - start).nanoseconds, 1) : Self.day.nanoseconds
        let even = whole * Double(Self.untilPlanned.nanoseconds) / Double(length)
        return Micros(Int64(min(even, whole * PaceRow.atRisk)))
    }

    private static let day = Interval.seconds(86_400)
    /// A leader hears all nodes for twelve seconds, and nodes speak every five.
    private static let untilPlanned = Interval.seconds(30)
}

/// Counted since the pacer began: sums that only grow, but for what is open and what is left.
public struct PacedSight: Sendable, Hashable {
    /// Requests for which it could have competed.
    public var arrivals: UInt64 = 0
    /// Of these, the ones for which no lot was drawn.
    public var undrawn: UInt64 = 0
    /// What it could have bought brings, for what it costs; nothing where nobody says.
    public var values = ValueCounts()
    public var authorised = Micros.zero
    public var settled = Micros.zero
    /// Set aside, and neither billed nor free again.
    public var open = Micros.zero
    /// Of its budget, what is neither billed nor lost; what is open is in it. The same of the day's budget.
    public var left = Micros.zero
    public var leftToday: Micros?
    /// When the budget's day is over.
    public var dayEnd: Instant?

    public init() {}
}
