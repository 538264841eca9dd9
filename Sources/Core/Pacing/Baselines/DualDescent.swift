// Dual descent (Balseiro, Gur: Learning in repeated auctions with budgets, Management Science 2019; for traffic that
// changes, Jiang, Li, Zhang, and Balseiro, Kumar, Mirrokni, Sivan, Wang, ICML 2023): bid v/(1 + μ), and μ moves against
// the difference between what was to be spent and what was, by steps of 1/√T.
internal import Numerics
public import Units

public struct DualDescent: BudgetController {
    public static let period = Interval.seconds(10)

    let budget: Micros
    let plan: SpendCurve
    /// In units of μ for a period in which the mean period's money is spent too much.
    let step: Double
    private var multiplier = 0.0
    private var spentBefore = Micros.zero
    private var plannedBefore = Micros.zero
    /// The paper's largest multiplier.
    static let most = 50.0

    public init(budget: Micros, plan: SpendCurve) {
        self.budget = budget
        self.plan = plan
        let periods = Double((plan.end - plan.start).nanoseconds) / Double(Self.period.nanoseconds)
        // A mean period spends 1/T of the budget; in these units the gradient is about one.
        step = 1 / max(periods, 1).squareRoot()
    }

    public mutating func step(spent: Micros, at now: Instant) -> PacingSignal {
        guard spent < budget else { return PacingSignal(share: 0, bid: 0) }
        let planned = plan.spent(by: now)
        let periods = Double((plan.end - plan.start).nanoseconds) / Double(Self.period.nanoseconds)
        let mean = max(Double(budget.rawValue) / max(periods, 1), 1)
        let gradient = Double(((planned - plannedBefore) - (spent - spentBefore)).rawValue) / mean
        (plannedBefore, spentBefore) = (planned, spent)
        multiplier = min(max(multiplier - step * gradient, 0), Self.most)
        return PacingSignal(bid: 1 / (1 + multiplier))
    }
}
