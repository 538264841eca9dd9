// What befalls a market, one thing at a time, and who is measured in it.

public struct MarketScenario: Sendable {
    public let name: String
    public let what: String
    /// Who is compared in it.
    public let policies: [MarketPolicy]
    public var shape: MarketShape
    /// False where ours is held to what it would be otherwise, and to no goal.
    public private(set) var isJudged = true
    /// False where budgets change, so that no bound from before holds.
    public private(set) var hasBound = true

    /// Nothing that takes requests away, or changes only who hears whom, raises the bound of the day without faults. More requests
    /// do, and so do other modes.
    public var hasOwnBound: Bool {
        shape.isUniform || shape.isCrowded
            || shape.events.contains {
                switch $0 {
                case .surge, .live: true
                default: false
                }
            }
    }

    /// Requests a second in the mean of all regions.
    public static let rate = 60.0

    /// - start: the market before anything befalls it. In a shorter one all comes at the same part of it.
    public static func all(_ start: MarketShape = MarketShape(rate: rate)) -> [MarketScenario] {
        // The early afternoon of a day.
        let part = start.seconds / 86_400
        let surgeAt = (50_000 * part).rounded()
        func make(
            _ name: String, _ what: String, _ policies: [MarketPolicy],
            _ change: (inout MarketShape) -> Void = { _ in }
        ) -> MarketScenario {
            var shape = start
            change(&shape)
            return MarketScenario(name: name, what: what, policies: policies, shape: shape)
        }
        let paced: [MarketPolicy] = [
            .paceline, .pacelineAlone, .linkedin, .mystiqueSoft, .mystiqueHard, .pid, .dual,
        ]
        // Those of whom each is the best of the others in something.
        let near: [MarketPolicy] = [.paceline, .pacelineAlone, .mystiqueSoft, .pid, .dual]
        var cut = make(
            "cut", "every third budget is cut to 70 % at noon", [.paceline, .linkedin, .pid, .dual]
        ) {
            $0.events = [.cut(share: 0.7, at: (43_200 * part).rounded())]
        }
        cut.hasBound = false
        var crowded = make(
            "crowded", "most of all is sold, and two thirds of the campaigns want the same few places", near
        ) {
            $0.isCrowded = true
            $0.sold = 0.85
        }
        crowded.isJudged = false
        return [
            make("calm", "a day without faults", MarketPolicy.allCases),
            make("traffic", "the same, and every campaign follows the traffic", near) {
                $0.isUniform = true
            },
            crowded,
            make("surge", "ten times the first region's traffic within a second, for 15 minutes", paced) {
                $0.events = [.surge(region: 0, from: surgeAt, to: surgeAt + 900, times: 10)]
            },
            make("live", "two live events, on and off within a second", paced) {
                $0.events = [
                    .live(
                        inventory: 7, from: (40_000 * part).rounded(), to: (47_200 * part).rounded(), times: 8
                    ),
                    .live(
                        inventory: 3, from: (70_000 * part).rounded(), to: (73_600 * part).rounded(), times: 4
                    ),
                ]
            },
            make("lost", "the first region is gone for 10 minutes", near) {
                $0.events = [.lost(region: 0, from: surgeAt, to: surgeAt + 600)]
            },
            make("partition", "the first region hears nobody for 30 minutes", near) {
                $0.events = [.partition(region: 0, from: surgeAt, to: surgeAt + 1_800)]
            },
            make("deaf", "the first region is heard and hears nothing for 30 minutes", near) {
                $0.events = [.deaf(region: 0, from: surgeAt, to: surgeAt + 1_800)]
            },
            make("away", "the coordinator is away for 10 minutes", near + [.floatAccounts]) {
                $0.events = [.coordinatorAway(from: surgeAt, to: surgeAt + 600)]
            },
            make(
                "promotion", "the database's primary is gone, and another coordinator leads 30 seconds later",
                near
            ) {
                $0.events = [.promotion(at: surgeAt, seconds: 30)]
            },
            make("skew", "the clocks of two regions are half a minute fast and slow", near) {
                $0.events = [.skew(region: 0, seconds: 30), .skew(region: 1, seconds: -30)]
            },
            make("stale", "the coordinator's word takes up to 120 seconds, all day", near) {
                $0.events = [.stale(seconds: 120, from: 0, to: $0.seconds)]
            },
            make("bias", "the forecast is off by a tenth, each region another way", near) {
                $0.bias = 0.1
            },
            make("late bills", "bills take up to 2 hours, bids hold for 60 seconds", near) {
                $0.billing.hold = 60
                $0.billing.longest = 7_200
            },
            make("long holds", "bills take up to 2 hours, and bids hold for as long", near) {
                $0.billing.hold = 7_200
                $0.billing.longest = 7_200
            },
            cut,
        ]
    }
}
