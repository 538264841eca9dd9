// How others pace: the published controllers, as they were published, so that ours is measured beside them and a fleet
// may choose them. All of them look at one sum, what was spent, once a period.
public import Units

/// What a controller asks of the nodes for the next period.
public struct PacingSignal: Sendable, Hashable {
    /// The share of requests that the campaign may compete for.
    public var share = 1.0
    /// What its bids are multiplied by.
    public var bid = 1.0

    public init(share: Double = 1, bid: Double = 1) {
        self.share = share
        self.bid = bid
    }
}

public protocol BudgetController: Sendable {
    /// How often it looks.
    static var period: Interval { get }

    /// - spent: of the budget, as far as it is known by then.
    mutating func step(spent: Micros, at now: Instant) -> PacingSignal
}
