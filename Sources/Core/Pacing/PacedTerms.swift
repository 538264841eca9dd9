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

    public init(
        id: String, start: Instant, end: Instant, mode: PacingMode, lifetime: Micros, daily: Micros?,
        price: Micros
    ) {
        (self.id, self.start, self.end, self.mode) = (id, start, end, mode)
        (self.lifetime, self.daily, self.price) = (lifetime, daily, max(price, Micros(1)))
    }
}

/// Counted since the pacer began: sums that only grow, but for what is open and what is left.
public struct PacedSight: Sendable, Hashable {
    /// Requests for which it could have competed.
    public var arrivals: UInt64 = 0
    /// Of these, the ones for which no lot was drawn.
    public var undrawn: UInt64 = 0
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
