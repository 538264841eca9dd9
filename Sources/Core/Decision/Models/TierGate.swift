// Which tier a shard has time for, from what models took lately: a value, told the time from outside.
public import Units

/// One for each shard and set of models. A request may spend a share of the time that is left to it on predictions,
/// and an overloaded shard asks no full model.
public struct TierGate: Sendable {
    /// One part in so many of a request's time that is left may go into one goal's predictions: three goals, and as
    /// much for all else.
    static let shareOfTime: Int64 = 4
    /// A measurement weighs as much of the mean, and what is believed of a model that is not asked fades as fast:
    /// one moment at which the system put the shard aside does not shut a model out for long.
    private static let weight: Int64 = 16

    /// By model, what one candidate took in the mean, in nanoseconds.
    private var cost: [Int64]

    /// - Parameter costs: by model, what one candidate took when it was loaded; nil where nobody measured it.
    public init(costs: [Interval?]) { cost = costs.map { $0.map { max($0.nanoseconds, 0) } ?? 0 } }

    /// Why a model is not to be asked.
    ///
    /// - Parameter left: of the time in which the exchange takes an answer.
    public mutating func fall(of use: ModelUse, left: Interval, isOverloaded: Bool) -> TierFall? {
        if isOverloaded, use.tier == .full { return .load }
        let place = use.model
        let needed = cost[place].multipliedReportingOverflow(by: Int64(use.candidates))
        guard needed.overflow || needed.partialValue > left.nanoseconds / Self.shareOfTime else { return nil }
        cost[place] -= max(cost[place] / Self.weight, 1)
        return .deadline
    }

    public mutating func note(_ use: ModelUse, took: Interval) {
        guard use.candidates > 0 else { return }
        let place = use.model
        let one = max(took.nanoseconds, 0) / Int64(use.candidates)
        let before = cost[place]
        cost[place] = before == 0 ? one : before + (one - before) / Self.weight
    }
}
