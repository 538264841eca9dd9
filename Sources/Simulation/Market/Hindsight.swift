// What could have been had by somebody who knew every request of the day beforehand: an upper bound that no policy can
// pass. Each request goes to one campaign at most and each campaign has its budget; the bound is the dual of that
// linear program, which is valid for any prices of the budgets and tight for the right ones. Those are found by
// following each budget's excess on a part of the day, and then on all of it.
internal import Numerics
public import Pacing
internal import Units

public struct Hindsight: Sendable {
    /// No assignment of the day's requests is worth more.
    public let bound: Double
    /// The same, among assignments that spend as the campaigns' modes say: what is asked for evenly, early or at once
    /// has a budget for each hour of its plan. A campaign that follows the traffic has the whole day's.
    public let boundByMode: Double
    /// What each budget is worth in the first, what each campaign would spend at that price, and what it has.
    public let prices: [Double]
    public let spent: [Double]
    public let budgets: [Double]
    /// By campaign and hour of its plan, in the second: what it has, what it would spend, and what that is worth.
    public let hours: [[(budget: Double, spent: Double, price: Double)]]

    /// It would have been delivered by who knew all, and as its mode says: what is asked for evenly, or early, is not to be had where
    /// others have the hours, though this one's money be worth nothing.
    public func isFeasible(_ campaign: Int, _ mode: PacingMode) -> Bool {
        guard isFeasibleFree(campaign) else { return false }
        switch mode {
        case .even, .frontloaded: return possible(campaign) >= Self.delivered * budgets[campaign]
        // What an hour does not bring the next ones may.
        case .traffic, .asap: return true
        }
    }

    /// The same, whenever it had to be spent.
    public func isFeasibleFree(_ campaign: Int) -> Bool {
        spent[campaign] >= Self.delivered * budgets[campaign]
    }

    /// What of its hours' budgets could be spent: all of one, but where even the least price does not bring it.
    public func possible(_ campaign: Int) -> Double {
        hours[campaign].reduce(0) { $0 + ($1.price > Self.worthless ? $1.budget : min($1.spent, $1.budget)) }
    }

    private static let delivered = 0.98
    /// A fiftieth: next to nothing, so that another price would not bring more.
    private static let worthless = 0.02

    static let searches = 40
    static let passes = 3

    public init(_ market: Market) {
        let campaigns = market.demand.campaigns.indices
        budgets = campaigns.map { Double(market.demand.campaigns[$0].pacing.budget.rawValue) }
        // Every so many-th tick, so that all hours are in it; short markets have few enough of them.
        let part = Part(market, every: market.shape.seconds < 7_200 ? 1 : 24)
        let whole = Search(market, part, slots: campaigns.map { _ in 1 }, budgets: budgets)
        (bound, prices, spent) = (whole.bound, whole.prices, whole.spent)
        var slots: [Int] = []
        var hourly: [Double] = []
        for campaign in campaigns {
            let sums = market.plans[campaign].curve.sums
            if market.demand.campaigns[campaign].pacing.mode == .traffic {
                slots.append(1)
                hourly.append(budgets[campaign])
            } else {
                slots.append(sums.count - 1)
                hourly += zip(sums.dropFirst(), sums).map { Double(($0 - $1).rawValue) }
            }
        }
        let byMode = Search(market, part, slots: slots, budgets: hourly, from: prices)
        boundByMode = min(byMode.bound, bound)
        hours = slots.indices.map { campaign in
            (byMode.firsts[campaign]..<byMode.firsts[campaign] + slots[campaign]).map {
                (hourly[$0], byMode.spent[$0], byMode.prices[$0])
            }
        }
    }

    /// One program: each campaign has a budget, or one for each hour.
    private struct Search {
        let market: Market
        let part: Part
        /// All of it, which is more than can be kept.
        let whole = Part(every: 1)
        let firsts: [Int]
        let slots: [Int]
        let budgets: [Double]
        var prices: [Double]
        var spent: [Double] = []
        var bound = Double.infinity

        init(_ market: Market, _ part: Part, slots: [Int], budgets: [Double], from: [Double]? = nil) {
            self.market = market
            self.part = part
            self.slots = slots
            self.budgets = budgets
            var first = 0
            firsts = slots.map { count in
                defer { first += count }
                return first
            }
            prices = Array(repeating: 1, count: budgets.count)
            if let from {
                for campaign in slots.indices {
                    for slot in 0..<slots[campaign] { prices[firsts[campaign] + slot] = from[campaign] }
                }
            }
            search()
        }

        private mutating func search() {
            for round in 0..<Hindsight.searches {
                let (_, spent) = pass(part)
                let step = 0.5 / (1 + Double(round) / 15)
                for at in prices.indices {
                    let excess = (spent[at] * Double(part.every) + 1) / (budgets[at] + 1)
                    move(at, min(max(step * (excess - 1), -0.3), 0.5))
                }
            }
            var (best, bestPrices, bestSpent) = (Double.infinity, prices, prices)
            for round in 0..<Hindsight.passes {
                let (surplus, spent) = pass(whole)
                let bound = surplus + zip(prices, budgets).reduce(0) { $0 + $1.0 * $1.1 }
                if bound < best { (best, bestPrices, bestSpent) = (bound, prices, spent) }
                for at in prices.indices {
                    let excess = (spent[at] + 1) / (budgets[at] + 1)
                    move(at, min(max((excess - 1) * 0.25 / Double(round + 1), -0.3), 0.3))
                }
            }
            (bound, prices, spent) = (best, bestPrices, bestSpent)
        }

        private mutating func move(_ at: Int, _ step: Double) {
            prices[at] = min(max(prices[at] * Double.exp(step), 1e-3), 1e3)
        }

        /// The surplus of a part of the requests over these prices, and what would be spent of each budget.
        private func pass(_ part: Part) -> (Double, [Double]) {
            var surplus = 0.0
            var spent = [Double](repeating: 0, count: budgets.count)
            var hour = -1
            var now: [Double] = []
            var places: [Int] = []
            part.forEach(market) { request, bids in
                if request.hour != hour {
                    hour = request.hour
                    places = slots.indices.map { firsts[$0] + min(hour, slots[$0] - 1) }
                    now = places.map { prices[$0] }
                }
                var (best, winner) = (0.0, -1)
                for bid in bids {
                    let score = Double(bid.value) - now[Int(bid.campaign)] * request.floor
                    if score > best || score == best && bid.campaign < winner {
                        (best, winner) = (score, Int(bid.campaign))
                    }
                }
                guard winner >= 0 else { return }
                surplus += best
                spent[places[winner]] += request.floor
            }
            return (surplus, spent)
        }
    }
}
