// What a region is told about a campaign, and what it reports of it. Both are sums and levels, never differences, so a
// message may come twice, late or not at all.
public import Units

/// From whoever plans, to a region. Valid until another one comes: a region goes on with the last.
public struct PaceDirective: Sendable, Hashable, BitwiseCopyable {
    /// The campaign's row in the tables of this plan.
    public var campaign: Int32
    /// The plan's version; a directive for another one is not for this table.
    public var plan: UInt32
    /// The logarithm of the price of the campaign's budget.
    public var theta: Double
    /// How much of its own part of the plan the region is to spend: above one where others cannot.
    public var scale: Double
    /// How far spend is ahead of the plan in all regions together, of the budget: who is ahead may not catch up.
    public var ahead: Double
    /// The region's report that this answers. What it learned after that is added to what it is told.
    public var answers: PaceReport

    public init(
        campaign: Int32, plan: UInt32, theta: Double, scale: Double, ahead: Double, answers: PaceReport
    ) {
        self.campaign = campaign
        self.plan = plan
        self.theta = theta
        self.scale = scale
        self.ahead = ahead
        self.answers = answers
    }
}

/// From a region: one campaign, as of then.
public struct PaceReport: Sendable, Hashable, BitwiseCopyable {
    /// What is set aside and what was settled, less what is expected not to be shown.
    public var spent = Micros.zero
    /// What the region was to spend by its directives.
    public var target = Micros.zero
    /// What it added to the price it was told, of its own.
    public var local = 0.0
    public var at = Instant(nanoseconds: 0)
    /// The share of requests that it let the campaign compete for, of late.
    public var admitted = 1.0

    public init() {}
}
