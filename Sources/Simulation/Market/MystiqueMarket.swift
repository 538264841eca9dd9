// The market that Mystique's authors published with their controller (yahoo/BudgetPacingSimulation): first-price
// auctions minute by minute, campaigns with lognormal bids that look at their own day's budget, and twice as many bids
// of others. Their controller must do here what it does there, before it stands beside ours elsewhere.
internal import Numerics
internal import Pacing
internal import Units

public struct MystiqueMarket {
    public struct Setting: Sendable {
        public let name: String
        /// No controller at all.
        public let isPaced: Bool
        public let isShaped: Bool
        /// Four times the traffic for half an hour of the second day.
        public let hasSurge: Bool
    }

    public struct Figure: Sendable {
        public let setting: Setting
        public let utilisation: Double
        public let worstOverspend: Double
    }

    public struct Outcome: Sendable {
        /// What was spent of all days' budgets.
        public var utilisation = 0.0
        public var worstOverspend = 0.0
        /// Half of the campaigns strayed from their target by no more than this of a day's budget.
        public var distanceHalf = 0.0
    }

    /// As the public simulator gives them, for twenty campaigns over three days.
    public static let figures = [
        Figure(
            setting: Setting(name: "no pacing", isPaced: false, isShaped: false, hasSurge: false),
            utilisation: 1.092, worstOverspend: 0.716),
        Figure(
            setting: Setting(name: "linear, surge", isPaced: true, isShaped: false, hasSurge: true),
            utilisation: 0.996, worstOverspend: 0.034),
        Figure(
            setting: Setting(name: "shaped", isPaced: true, isShaped: true, hasSurge: false),
            utilisation: 1.005, worstOverspend: 0.072),
        Figure(
            setting: Setting(name: "shaped, surge", isPaced: true, isShaped: true, hasSurge: true),
            utilisation: 0.999, worstOverspend: 0.032),
    ]

    static let (campaigns, days, minutes) = (20, 3, 1_440)

    let setting: Setting
    private var draws: Randomness

    struct Bidder {
        var daily: Double
        /// Of the logarithm of its bids; the last is the highest.
        var location: Double
        var spread: Double
        var most: Double
        /// Of two and of three values, those that it targets; all where it does not care.
        var genders: [Bool]
        var places: [Bool]
        var controller: Mystique
        var spentToday = 0.0
        var spent = 0.0
        var worst = 0.0
        var distance = 0.0
    }

    public init(_ setting: Setting, seed: UInt64) {
        self.setting = setting
        draws = Randomness(seed: seed)
    }

    public mutating func run() -> Outcome {
        var bidders = (0..<Self.campaigns).map { _ in bidder() }
        for minute in 0..<Self.days * Self.minutes {
            let signals = bidders.map { setting.isPaced ? $0.controller.signal : 1 }
            let before = bidders.map(\.spentToday)
            auctions(minute, &bidders, signals)
            for at in bidders.indices { look(&bidders[at], before[at], minute) }
        }
        var outcome = Outcome()
        let budgets = bidders.reduce(0) { $0 + $1.daily * Double(Self.days) }
        outcome.utilisation = bidders.reduce(0) { $0 + $1.spent } / budgets
        outcome.worstOverspend = bidders.map(\.worst).max() ?? 0
        let distances = bidders.map(\.distance).sorted()
        outcome.distanceHalf = distances[distances.count / 2]
        return outcome
    }

    private func look(_ bidder: inout Bidder, _ before: Double, _ minute: Int) {
        bidder.controller.advance(by: bidder.spentToday - before)
        let passed = minute % Self.minutes
        let target =
            setting.isShaped
            ? bidder.controller.target(after: passed) : Double(passed + 1) / Double(Self.minutes)
        bidder.distance = max(bidder.distance, abs(bidder.spentToday / bidder.daily - target))
        if passed == Self.minutes - 1 {
            bidder.spent += bidder.spentToday
            bidder.worst = max(bidder.worst, bidder.spentToday / bidder.daily - 1)
            bidder.spentToday = 0
        }
    }

    private mutating func auctions(_ minute: Int, _ bidders: inout [Bidder], _ signals: [Double]) {
        let part = Double(minute % Self.minutes) / Double(Self.minutes)
        func wave(_ mean: Double, _ swing: Double, _ phase: Double) -> Double {
            mean * (1 + swing * MarketTraffic.cosine(2 * Double.pi * (part + phase)))
        }
        let surge = setting.hasSurge && (2_160..<2_190).contains(minute) ? 4.0 : 1
        let count = MarketTraffic.poisson(wave(3_000, 0.6, 0.5) * surge, &draws)
        let genders = shares([wave(1, 0.5, 0.2), wave(1, 0.5, 0.8)])
        let places = shares([wave(5, 0.4, 0), wave(5, 0.2, 0.5), wave(6, 0.5, 0.4)])
        // Bids are compared by their logarithms; only what is paid is calculated.
        let factors = signals.map { $0 > 0 ? Double.log($0) : -.infinity }
        for _ in 0..<count {
            let (gender, place) = (pick(genders), pick(places))
            var (best, winner, relevant) = (-Double.infinity, -1, 0)
            for at in bidders.indices where bidders[at].genders[gender] && bidders[at].places[place] {
                relevant += 1
                guard bidders[at].spentToday < bidders[at].daily else { continue }
                let bid = min(
                    bidders[at].location + bidders[at].spread * Normal.draw(&draws), bidders[at].most)
                if bid + factors[at] > best { (best, winner) = (bid + factors[at], at) }
            }
            guard relevant > 0, winner >= 0 else { continue }
            // The best of so many bids of others, by one draw.
            let others = Double.exp(Double.log(1 - draws.nextUnit()) / Double(2 * relevant))
            if -8.19 + 2.14 * Normal.quantile(others) > best { continue }
            bidders[winner].spentToday += Double.exp(best)
        }
    }

    private mutating func bidder() -> Bidder {
        // The logarithm of a day's budget has a gamma distribution of shape 3.77.
        let daily = Double.exp(gamma(3.77))
        let (location, spread) = daily < 100 ? (-9.06, 3.0) : daily < 200 ? (-8.08, 2.47) : (-7.76, 1.95)
        return Bidder(
            daily: daily, location: location, spread: spread,
            most: Double.log(50) + location + spread * spread / 2, genders: targeted(2), places: targeted(3),
            controller: Mystique(
                budgetUnits: daily, target: setting.isShaped ? .shaped : .linear, throttle: .soft))
    }

    private mutating func targeted(_ count: Int) -> [Bool] {
        let wanted = draws.next(in: 0...count)
        guard wanted > 0 else { return Array(repeating: true, count: count) }
        var left = wanted
        return (0..<count).map { at in
            let takes = draws.next(below: UInt64(count - at)) < UInt64(left)
            if takes { left -= 1 }
            return takes
        }
    }

    /// Softmax, as the public simulator has it.
    private func shares(_ waves: [Double]) -> [Double] {
        let parts = waves.map { Double.exp($0) }
        let sum = parts.reduce(0, +)
        return parts.map { $0 / sum }
    }

    private mutating func pick(_ shares: [Double]) -> Int {
        var left = draws.nextUnit()
        for (at, share) in shares.enumerated() {
            left -= share
            if left < 0 { return at }
        }
        return shares.count - 1
    }

    /// Marsaglia and Tsang's method, for shapes above one.
    private mutating func gamma(_ shape: Double) -> Double {
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = Normal.draw(&draws)
            let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
            guard v > 0 else { continue }
            if Double.log(1 - draws.nextUnit()) < 0.5 * x * x + d - d * v + d * Double.log(v) { return d * v }
        }
    }
}
