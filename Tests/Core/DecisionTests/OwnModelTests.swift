// Campaigns with models of their own: who predicts for whom, what stands in where one falls, and that records make it
// again.
import Auction
import Catalog
import Features
import Testing
import Units

@testable import Decision

@Suite struct OwnModelTests {
    /// Three campaigns that pay for clicks, and one that pays for views.
    private static let snapshot: CatalogSnapshot = {
        var market = SmallMarket()
        market.bidders = ["one", "two", "three", "views"].enumerated().map { index, id in
            .init(id: id, advertiser: "a\(index)", bid: 0)
        }
        market.change = { source in
            for index in source.campaigns.indices {
                source.campaigns[index].goal = index < 3 ? .cpc : .cpcv
                source.campaigns[index].goalValue = cpm(2)
                source.lineItems[index].bid = nil
            }
        }
        do { return try market.snapshot() } catch { fatalError("\(error)") }
    }()

    private static func campaign(_ index: Int) -> String {
        snapshot.id(
            .campaigns,
            at: snapshot.lineItemRow(
                (0..<snapshot.lineItemCount).first {
                    snapshot.id(.lineItems, at: $0) == ["one", "two", "three", "views"][index]
                }!
            ).campaign)
    }

    private func model(
        _ gives: Double, _ tier: ScoringTier = .full, goal: PredictedGoal = .click, of campaigns: [Int] = []
    ) -> ServedModel {
        let stump = Stump(features: Scored.names, split: 0, threshold: 12, below: gives, above: gives)
        return ServedModel(
            goal, tier, stump.model, calibrator: nil, version: UInt64(gives * 1e6),
            campaigns: campaigns.map(Self.campaign))
    }

    private struct Asked: DecisionState {
        var falls: [Int: TierFall] = [:]
        var used: [Int] = []
        var candidates: [Int] = []

        mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
        mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
        mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
            .unseen
        }
        mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
        mutating func release(_ reservation: Reservation) {}
        mutating func fall(of use: ModelUse) -> TierFall? { falls[use.model] }
        mutating func used(_ use: ModelUse) {
            used.append(use.model)
            candidates.append(use.candidates)
        }
    }

    private func decide(_ models: [ServedModel], falls: [Int: TierFall] = [:]) throws -> (
        worths: [String: Double], state: Asked, report: ScoringReport
    ) {
        let set = Scored.models(models, priors: [.click: 0.009])
        let plan = try ScoringPlan(set, Self.snapshot)
        var decider = Decider(
            DecisionIndex(Self.snapshot, DecisionSettings()), settings: DecisionSettings(), plan: plan)
        var state = Asked(falls: falls)
        let text = """
            {"id": "r", "at": 2, "app": {"publisher": {"id": "pub"}}, "device": {"geo": {"country": "USA"}},
             "imp": [{"id": "1", "video": {"mimes": ["video/mp4"], "minduration": 1, "poddur": 120, "maxseq": 4}}]}
            """
        let bytes = Array(text.utf8)
        // Twice: nothing of a request is left for the next.
        var worths: [String: Double] = [:]
        for round in 0..<2 {
            state.used = []
            state.candidates = []
            _ = try decider.decide(
                bytes.span.bytes, at: Demo.evening, seed: 5, state: &state, explains: true)
            var found: [String: Double] = [:]
            for candidate in decider.report!.pods.flatMap(\.candidates) {
                found[candidate.lineItem] = candidate.prediction?.probability
            }
            #expect(round == 0 || found == worths)
            worths = found
        }
        return (worths, state, try #require(decider.report?.scoring))
    }

    @Test func campaignsAreWorthWhatTheirOwnModelsSay() throws {
        let views = model(0.5, goal: .completedView)
        let all = model(0.001)
        let own = model(0.002, of: [1, 2])
        let other = model(0.003, .distilled, of: [2])
        let last = model(0.004, .distilled)
        let cases: [(String, [ServedModel], [Int: TierFall], [Double], used: [Int], counts: [Int])] = [
            ("for all", [all, views], [:], [0.001, 0.001, 0.001], [0, 1], [3, 1]),
            ("own", [all, own, views], [:], [0.001, 0.002, 0.002], [0, 1, 2], [1, 2, 1]),
            ("own only", [own, views], [:], [0.009, 0.002, 0.002], [0, 1], [2, 1]),
            (
                "own falls to its own distilled one, or else to that for all",
                [all, own, other, last, views],
                [1: .deadline], [0.001, 0.004, 0.003], [0, 3, 2, 4], [1, 1, 1, 1]
            ),
            (
                "own falls to the prior", [all, own, views], [1: .load], [0.001, 0.009, 0.009], [0, 2],
                [1, 1]
            ),
            (
                "of another goal", [all, model(0.7, goal: .action, of: [0]), views], [:],
                [0.001, 0.001, 0.001], [0, 2], [3, 1]
            ),
        ]
        for (name, models, falls, worths, used, counts) in cases {
            let found = try decide(models, falls: falls)
            let expected = Dictionary(
                uniqueKeysWithValues: zip(["one", "two", "three"], worths)
            ).merging(["views": 0.5]) { $1 }
            #expect(found.worths == expected, "\(name)")
            // In the order in which candidates come, which is by their line items' rows.
            #expect(found.state.used.sorted() == used.sorted(), "\(name)")
            #expect(found.state.candidates.sorted() == counts.sorted(), "\(name)")
            #expect(found.report.goals.first?.candidates.reduce(0, +) == 3, "\(name)")
        }
    }

    @Test func whatIsNamedTwiceIsRefusedAndWhatIsUnknownIsSaid() throws {
        #expect(throws: ModelsRefused.self) {
            try ScoringPlan(
                Scored.models([model(0.001, of: [0]), model(0.002, of: [0, 1])]), Self.snapshot)
        }
        let stranger = ServedModel(
            .click, .full, model(0.1).model, calibrator: nil, version: 1, campaigns: ["nobody", "none"])
        let plan = try ScoringPlan(Scored.models([stranger, model(0.2)]), Self.snapshot)
        #expect(plan.unknownCampaigns == ["nobody", "none"])
    }
}
