// LinkedIn's throttle (Agarwal, Ghosh, Wei, You: Budget pacing for targeted online advertisements at LinkedIn, KDD
// 2014): once a minute the share of auctions goes up or down by a tenth, by whether more of the budget is spent than
// of the day's forecast requests have come.
public import Units

public struct LinkedInThrottle: BudgetController {
    public static let period = Interval.seconds(60)
    /// The paper's rate of adjustment.
    static let step = 0.1

    let budget: Micros
    let forecast: SpendCurve
    /// The paper starts slowly.
    var share = 0.1

    /// - forecast: the campaign's expected requests, as a curve; only its shape counts.
    public init(budget: Micros, forecast: SpendCurve) {
        self.budget = budget
        self.forecast = forecast
    }

    public mutating func step(spent: Micros, at now: Instant) -> PacingSignal {
        guard spent < budget else { return PacingSignal(share: 0) }
        let allowed = Double(forecast.spent(by: now).rawValue) / Double(max(forecast.total.rawValue, 1))
        let used = Double(spent.rawValue) / Double(max(budget.rawValue, 1))
        share *= used > allowed ? 1 - Self.step : 1 + Self.step
        share = min(max(share, 0.001), 1)
        return PacingSignal(share: share)
    }
}
