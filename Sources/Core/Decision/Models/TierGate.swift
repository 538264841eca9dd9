// Which tier a shard has time for, from what models took lately: a value, told the time from outside.
public import Units

/// One for each shard and set of models. A request may spend a share of the time that is left to it on predictions,
/// and an overloaded shard asks no full model.
public struct TierGate: Sendable {
    /// One part in so many of a request's time that is left may go into one model's predictions, and as much is left for
    /// all else however many models there are.
    static let shareOfTime: Int64 = 4
    /// A measurement weighs as much of the mean, and what is believed of a model that is not asked fades as fast:
    /// one moment at which the system put the shard aside does not shut a model out for long.
    private static let weight: Int64 = 16

    /// By model, what one candidate took in the mean, in nanoseconds.
    private var cost: [Int64]
    /// Of the request at hand: what was left of its time when the first model was asked for, nil before, and what models
    /// have taken since.
    private var whole: Int64?
    private var spent: Int64 = 0

    /// - Parameter costs: by model, what one candidate took when it was loaded; nil where nobody measured it.
    public init(costs: [Interval?]) { cost = costs.map { $0.map { max($0.nanoseconds, 0) } ?? 0 } }

    /// Another request comes.
    public mutating func begin() { (whole, spent) = (nil, 0) }

    /// Why a model is not to be asked.
    ///
    /// - Parameter left: of the time in which the exchange takes an answer.
    public mutating func fall(of use: ModelUse, left: Interval, isOverloaded: Bool) -> TierFall? {
        if isOverloaded, use.tier == .full { return .load }
        let place = use.model
        let needed = cost[place].multipliedReportingOverflow(by: Int64(use.candidates))
        let whole = self.whole ?? max(left.nanoseconds, 0)
        self.whole = whole
        let isTooMuch =
            needed.overflow || needed.partialValue > left.nanoseconds / Self.shareOfTime
            || needed.partialValue > whole - whole / Self.shareOfTime - spent
        guard isTooMuch else { return nil }
        cost[place] -= max(cost[place] / Self.weight, 1)
        return .deadline
    }

    public mutating func note(_ use: ModelUse, took: Interval) {
        guard use.candidates > 0 else { return }
        let place = use.model
        spent += max(took.nanoseconds, 0)
        let one = max(took.nanoseconds, 0) / Int64(use.candidates)
        let before = cost[place]
        cost[place] = before == 0 ? one : before + (one - before) / Self.weight
    }
}
