// A feedback controller in the usual form, on the logarithm of the bid (Zhang, Rong, Wang, Zhu, Wang: Feedback control
// of real-time display advertising, WSDM 2016): proportional, integral and differential in how far spend is from the
// plan.
internal import Numerics
public import Units

public struct PIDPacer: BudgetController {
    public static let period = Interval.seconds(60)
    /// Tuned by hand on the bench's own market without faults: larger ones swing, smaller ones lag.
    static let (proportional, integral, differential) = (20.0, 0.4, 40.0)

    let budget: Micros
    let plan: SpendCurve
    private var sum = 0.0
    private var last: Double?

    public init(budget: Micros, plan: SpendCurve) {
        self.budget = budget
        self.plan = plan
    }

    public mutating func step(spent: Micros, at now: Instant) -> PacingSignal {
        let whole = Double(max(budget.rawValue, 1))
        guard spent < budget else { return PacingSignal(share: 0, bid: 0) }
        let error = Double((plan.spent(by: now) - spent).rawValue) / whole
        let change = last.map { error - $0 } ?? 0
        last = error
        // What cannot be acted on is not summed up.
        sum = min(max(sum + error, -10), 10)
        let bid = Double.exp(
            Self.proportional * error + Self.integral * sum + Self.differential * change)
        return PacingSignal(bid: min(max(bid, 0.01), 1))
    }
}
