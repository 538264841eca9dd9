// The market itself: the same seed is the same day, nothing is overspent by leases whatever befalls it, and systems
// without leases do overspend in it, so that the first is no accident.
import Foundation
import MarketSimulation
import Pacing
import Testing
import Units

/// Checks are compiled out of optimised builds.
private let isOptimised: Bool = {
    var isOptimised = true
    assert(
        {
            isOptimised = false
            return true
        }())
    return isOptimised
}()

private let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"

@Suite struct MarketTests {
    /// Without optimisation a test affords twenty minutes; with it, two hours.
    private static let seconds = isOptimised ? 7_200.0 : 1_200
    private func shape(_ seed: UInt64, _ events: [MarketEvent] = []) -> MarketShape {
        var shape = MarketShape(rate: 10)
        shape.seed = seed
        shape.seconds = Self.seconds
        shape.campaigns = 20
        shape.events = events
        shape.billing.hold = 120
        shape.billing.longest = 300
        return shape
    }

    @Test func theSameSeedIsTheSameDay() {
        let first = MarketRun(Market(shape(1)), policy: .paceline).run()
        let second = MarketRun(Market(shape(1)), policy: .paceline).run()
        let other = MarketRun(Market(shape(2)), policy: .paceline).run()
        #expect(first.campaigns.map(\.paid) == second.campaigns.map(\.paid))
        #expect(first.campaigns.map(\.paid) != other.campaigns.map(\.paid))
        #expect(first.requests > 5_000)
    }

    @Test func everybodyMeetsTheSameRequests() {
        let market = Market(shape(3))
        let counts = [MarketPolicy.paceline, .none, .mystiqueSoft].map {
            MarketRun(market, policy: $0).run().requests
        }
        #expect(Set(counts).count == 1)
    }

    /// Whatever befalls a market, drawn from a seed.
    private func events(_ seed: UInt64) -> [MarketEvent] {
        var draws = Randomness(seed: seed)
        func span(_ longest: Double) -> (Double, Double) {
            let from = (0.8 * Self.seconds * draws.nextUnit()).rounded()
            return (from, from + (longest * draws.nextUnit()).rounded() + 5)
        }
        return (0..<4).map { _ in
            let region = Int(draws.next(below: 3))
            switch draws.next(below: 10) {
            case 0:
                let (from, to) = span(0.2 * Self.seconds)
                return .surge(region: region, from: from, to: to, times: 10)
            case 1:
                let (from, to) = span(0.3 * Self.seconds)
                return .lost(region: region, from: from, to: to)
            case 2:
                let (from, to) = span(0.8 * Self.seconds)
                return .partition(region: region, from: from, to: to)
            case 3:
                let (from, to) = span(0.8 * Self.seconds)
                return .deaf(region: region, from: from, to: to)
            case 4:
                let (from, to) = span(0.5 * Self.seconds)
                return .coordinatorAway(from: from, to: to)
            case 5: return .stale(seconds: 120, from: 0, to: Self.seconds)
            case 6:
                return .cut(
                    share: 0.3 + 0.6 * draws.nextUnit(), at: (0.8 * Self.seconds * draws.nextUnit()).rounded()
                )
            case 7:
                return .promotion(
                    at: (0.8 * Self.seconds * draws.nextUnit()).rounded(),
                    seconds: (30 * draws.nextUnit()).rounded())
            case 8: return .skew(region: region, seconds: (120 * draws.nextUnit() - 60).rounded())
            default: return .live(inventory: Int(draws.next(below: 8)), from: 300, to: 900, times: 6)
            }
        }
    }

    @Test(arguments: Array(UInt64(1)...(isOptimised ? 12 : 4)))
    func leasesOverspendNothing(_ seed: UInt64) {
        let shape = shape(seed, events(seed))
        let isAnyLost = shape.events.contains { if case .lost = $0 { true } else { false } }
        let outcome = MarketRun(Market(shape), policy: .paceline).run()
        for (at, campaign) in outcome.campaigns.enumerated() {
            #expect(campaign.overspend == .zero, "seed \(seed), campaign \(at), events \(shape.events)")
            // Notices of a lost region wait for it, and may come after what they are about was let go.
            if !isAnyLost { #expect(campaign.late == .zero, "seed \(seed), campaign \(at)") }
        }
    }

    /// What serves without telling values apart: a share of the requests for each campaign, by the same coordinator's plans.
    @Test func sharesDeliverAsWell() {
        let market = Market(shape(7))
        let priced = MarketRun(market, policy: .paceline).run()
        let drawn = MarketRun(market, policy: .pacelineShares).run()
        #expect(drawn.overspend == .zero)
        let spent = Double(drawn.paid.rawValue) / Double(priced.paid.rawValue)
        #expect(spent > 0.9, "shares spent \(spent) of what prices did")
    }

    /// Another coordinator knows nothing of pacing, and clocks that are off move a part by as much.
    @Test(arguments: [
        MarketEvent.promotion(at: 600, seconds: 20), .skew(region: 0, seconds: 45),
        .skew(region: 1, seconds: -45),
    ]) func neitherAnotherLeaderNorAClockStopsDelivery(_ event: MarketEvent) {
        let calm = MarketRun(Market(shape(8)), policy: .paceline).run()
        let outcome = MarketRun(Market(shape(8, [event])), policy: .paceline).run()
        #expect(outcome.overspend == .zero)
        let share = Double(outcome.paid.rawValue) / Double(calm.paid.rawValue)
        #expect(share > 0.95, "\(share) of what was spent without it")
    }

    @Test func systemsThatCountBillsOverspend() {
        var shape = shape(4)
        shape.sold = 0.3
        shape.seconds = 3_600
        let market = Market(shape)
        for policy in [MarketPolicy.none, .sharedCache] {
            #expect(MarketRun(market, policy: policy).run().overspend > .zero, "\(policy)")
        }
        #expect(MarketRun(market, policy: .none, money: .leases).run().overspend == .zero)
    }

    @Test func billsThatComeTooLateAreLateAndNotInTheBudget() {
        var shape = shape(5)
        shape.billing.hold = 30
        shape.billing.longest = 1_200
        let outcome = MarketRun(Market(shape), policy: .paceline).run()
        #expect(outcome.late > .zero)
        for campaign in outcome.campaigns {
            #expect(campaign.paid - campaign.late <= campaign.budget)
        }
    }

    @Test func nothingPassesHindsight() {
        let market = Market(shape(6))
        let hindsight = Hindsight(market)
        for policy in [MarketPolicy.paceline, .mystiqueSoft, .linkedin] {
            let value = MarketRun(market, policy: policy, money: .leases).run().value
            #expect(value <= hindsight.bound, "\(policy)")
        }
        #expect(MarketRun(market, policy: .paceline).run().value > 0.8 * hindsight.bound)
    }

    /// Thirteen million auctions each: too many without optimisation. The bench measures them every time.
    @Test(.enabled(if: isLong), arguments: MystiqueMarket.figures.map(\.setting.name))
    func mystiqueDoesWhatItsAuthorsSay(_ name: String) throws {
        let figure = try #require(MystiqueMarket.figures.first { $0.setting.name == name })
        var market = MystiqueMarket(figure.setting, seed: 1)
        let outcome = market.run()
        #expect(abs(outcome.utilisation / figure.utilisation - 1) < 0.1, "\(outcome.utilisation)")
    }
}
