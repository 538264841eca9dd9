// Yahoo's Mystique (Stram, Abboud, Shtoff, Somekh, Raviv, Koren: Mystique: a budget pacing system for performance
// optimization in online advertising, WWW 2024): once a minute the signal is corrected by how far spend is from its
// target and by how much faster it goes, weighed by how soon the two would meet. Soft: it multiplies bids. Hard: it is
// the share of auctions. The target is a straight line, or a curve by the hour that each night learns from the signals
// of the day.
public import Units

public struct Mystique: BudgetController {
    public enum Target: Sendable { case linear, shaped }
    public enum Throttle: Sendable { case soft, hard }

    public static let period = Interval.seconds(60)
    static let minutes = 1_440
    static let least = 0.0001

    let budget: Double
    let target: Target
    let throttle: Throttle
    /// By the hour; 24 of them are a day's mean of one.
    public private(set) var slopes = [Double](repeating: 1, count: 24)
    public private(set) var signal: Double
    private var lastPositive: Double
    private var minute = 0
    private var spentBefore = 0.0
    private var dayBefore = 0.0
    private var signals: [Double] = []
    /// Of the minutes in which less than 95 % was spent.
    private var belowSum = 0.0
    private var belowCount = 0.0

    /// - budget: of a day. Days follow one another from the first step on.
    public init(budget: Micros, target: Target, throttle: Throttle) {
        self.init(Double(budget.rawValue), large: 10_000 * Double(Micros.perUnit), target, throttle)
    }

    /// - budgetUnits: of a day, in units of the currency; then `advance` is told of units.
    public init(budgetUnits: Double, target: Target, throttle: Throttle) {
        self.init(budgetUnits, large: 10_000, target, throttle)
    }

    private init(_ budget: Double, large: Double, _ target: Target, _ throttle: Throttle) {
        self.budget = max(budget, 1e-9)
        self.target = target
        self.throttle = throttle
        // Large budgets start at full speed; the published limit is 10,000 units of the currency.
        let start = budget > large ? 1 : Self.least
        signal = start
        lastPositive = start
    }

    public mutating func step(spent: Micros, at now: Instant) -> PacingSignal {
        let sum = Double(spent.rawValue)
        advance(by: sum - spentBefore)
        spentBefore = sum
        return throttle == .soft ? PacingSignal(bid: signal) : PacingSignal(share: signal)
    }

    /// One minute is over, in which so much was spent.
    public mutating func advance(by spent: Double) {
        dayBefore += spent
        let next = correction(spent)
        if signal > 0 { lastPositive = signal }
        signal = next
        signals.append(next)
        if dayBefore / budget < 0.95 {
            belowSum += next
            belowCount += 1
        }
        minute += 1
        if minute == Self.minutes { endDay() }
    }

    private func correction(_ spent: Double) -> Double {
        if minute > Self.minutes - 3, belowCount > 0 { return min(1, belowSum / belowCount) }
        guard dayBefore < budget * (1 - 1e-9) else { return signal }
        let part = Double(minute + 1) / Double(Self.minutes)
        let hour = minute / 60
        let slope = target == .linear ? 1 : slopes[hour]
        let aim = target == .linear ? part : aimed(hour, minute % 60 + 1)
        let used = dayBefore / budget
        let error = used - aim
        let gradient = spent / budget * Double(Self.minutes) - slope
        let meet = abs(gradient) < 1e-9 ? 1_441 : -Double(Self.minutes) * error / gradient
        // A runaway train is stopped.
        if gradient > 12, meet < 3_600, used > min(aim, 1) { return 0 }
        let byError = meet < 0 ? 0.5 : min(0.9, 0.2 * meet)
        let errorPart = 0.025 * min(1, abs(error) / 0.25)
        let gradientPart = max(0.01, 0.025 * min(1, abs(gradient)) / 1.5)
        let correction = byError * errorPart * sign(error)
        let slower = (1 - byError) * gradientPart * sign(gradient)
        let next = lastPositive - correction - slower
        return min(max(Self.least, next), 1)
    }

    private func sign(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : 0 }

    /// What a day's minute should have spent of the budget by its end.
    public func target(after minute: Int) -> Double { aimed(minute / 60, minute % 60 + 1) }

    private func aimed(_ hour: Int, _ minutes: Int) -> Double {
        let before = slopes[..<hour].reduce(0) { $0 + $1 / 24 }
        return before + slopes[hour] / 24 * Double(minutes) / 60
    }

    private mutating func endDay() {
        if target == .shaped { learnShape() }
        if belowCount > 0 { lastPositive = min(belowSum / belowCount, 1) }
        minute = 0
        dayBefore = 0
        signals.removeAll(keepingCapacity: true)
        (belowSum, belowCount) = (0, 0)
    }

    /// Hours whose signal had to be low get a higher target the next day.
    private mutating func learnShape() {
        guard belowCount > 0 else { return }
        let daily = belowSum / belowCount
        var curve = slopes
        for hour in 0..<24 {
            let mean = signals[hour * 60..<hour * 60 + 60].reduce(0, +) / 60
            let factor = daily < 0.0002 || mean < 0.0002 ? 1 : min(daily / mean, 2)
            curve[hour] = min(max(curve[hour] * factor, 0.1), 12)
        }
        let smooth = (0..<24).map { (hour: Int) -> Double in
            let beside = curve[(hour + 23) % 24] + curve[(hour + 1) % 24]
            return 0.25 * beside + 0.5 * curve[hour]
        }
        let sum = smooth.reduce(0, +)
        slopes = smooth.map { 24 * $0 / sum }
    }
}
