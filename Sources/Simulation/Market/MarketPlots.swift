// The plots of a run: spend against plan for each policy, regions on top of one another, and the worst campaign.
internal import Pacing
internal import Units

/// Everybody's runs through one scenario.
public struct MarketResult: Sendable {
    public let scenario: MarketScenario
    public let market: Market
    public let hindsight: Hindsight?
    public let runs: [(outcome: MarketOutcome, measures: MarketMeasures)]

    public init(
        scenario: MarketScenario, market: Market, hindsight: Hindsight?,
        runs: [(outcome: MarketOutcome, measures: MarketMeasures)]
    ) {
        precondition(!runs.isEmpty, "somebody ran")
        (self.scenario, self.market, self.hindsight, self.runs) = (scenario, market, hindsight, runs)
    }

    /// Ours, or else the first.
    public var ours: (outcome: MarketOutcome, measures: MarketMeasures) {
        runs.first { $0.outcome.policy == .paceline } ?? runs[0]
    }
}

public enum MarketPlots {
    /// Each with the name of its file.
    public static func all(_ result: MarketResult) -> [(file: String, svg: String)] {
        let name = String(result.scenario.name.map { $0 == " " ? "-" : $0 })
        return [
            ("spend", spend(result)), ("distance", distance(result)), ("regions", regions(result)),
            ("worst", worst(result)),
        ].map { ("\(name)-\($0).svg", $1.svg) }
    }

    private static func marks(_ result: MarketResult) -> [(from: Double, to: Double, label: String)] {
        result.scenario.shape.events.compactMap { event in
            switch event {
            case .surge(_, let from, let to, let times):
                (from / 3600, to / 3600, "×\(Int(times))")
            case .live(_, let from, let to, _): (from / 3600, to / 3600, "live")
            case .lost(_, let from, let to): (from / 3600, to / 3600, "region lost")
            case .partition(_, let from, let to): (from / 3600, to / 3600, "partition")
            case .deaf(_, let from, let to): (from / 3600, to / 3600, "deaf")
            case .coordinatorAway(let from, let to): (from / 3600, to / 3600, "coordinator away")
            case .cut(_, let at): (at / 3600, at / 3600, "cut")
            case .promotion(let at, let seconds): (at / 3600, (at + seconds) / 3600, "promotion")
            case .stale, .skew: nil
            }
        }
    }

    /// All campaigns' money together, in hundredths of all budgets.
    private static func spend(_ result: MarketResult) -> Plot {
        let budget = result.ours.outcome.campaigns.reduce(0) { $0 + Double($1.budget.rawValue) }
        func line(_ name: String, _ outcome: MarketOutcome, dashed: Bool, _ sums: (MarketSample) -> [Int64])
            -> Plot.Series
        {
            Plot.Series(
                name: name,
                points: outcome.samples.map {
                    ($0.second / 3600, Double(sums($0).reduce(0, +)) / budget * 100)
                }, isDashed: dashed)
        }
        let plan = line("plan", result.ours.outcome, dashed: true) { $0.planned }
        return Plot(
            title: "\(result.scenario.name): spend of all campaigns", unit: "% of all budgets",
            series: [plan]
                + result.runs.map { run in line(run.measures.name, run.outcome, dashed: false) { $0.spent } },
            marks: marks(result))
    }

    /// By how much the worst of twenty campaigns is off its plan at each moment.
    private static func distance(_ result: MarketResult) -> Plot {
        let paced = result.market.campaigns.indices.filter {
            (result.hindsight?.isFeasible($0, result.market.campaigns[$0].pacing.mode)
                ?? result.market.plans[$0].deliverability.isDeliverable)
                && result.market.campaigns[$0].pacing.mode != .asap
        }
        let series = result.runs.map { run in
            Plot.Series(
                name: run.measures.name,
                points: run.outcome.samples.map { sample in
                    let distances = paced.map { at in
                        Double(abs(sample.spent[at] - sample.planned[at]))
                            / Double(max(run.outcome.campaigns[at].budget.rawValue, 1))
                    }.sorted()
                    return (
                        sample.second / 3600,
                        distances.isEmpty ? 0 : 100 * distances[distances.count * 19 / 20]
                    )
                })
        }
        return Plot(
            title: "\(result.scenario.name): distance to plan that 95 % of the campaigns keep within",
            unit: "% of the budget", series: series, marks: marks(result))
    }

    private static func regions(_ result: MarketResult) -> Plot {
        let ours = result.ours.outcome
        return Plot(
            title: "\(result.scenario.name): who spends, by region", unit: "units of money a minute",
            series: result.scenario.shape.regions.enumerated().map { number, region in
                Plot.Series(
                    name: region.name,
                    points: ours.samples.dropFirst().map {
                        ($0.second / 3600, Double($0.regions[number]) / 1e6 / 5)
                    }, isArea: true)
            }, marks: marks(result))
    }

    private static func worst(_ result: MarketResult) -> Plot {
        let (outcome, measures) = result.ours
        let at = measures.worst
        let budget = Double(max(outcome.campaigns[at].budget.rawValue, 1))
        func line(_ name: String, dashed: Bool, _ value: (MarketSample) -> Int64) -> Plot.Series {
            Plot.Series(
                name: name,
                points: outcome.samples.map { ($0.second / 3600, 100 * Double(value($0)) / budget) },
                isDashed: dashed)
        }
        return Plot(
            title: "\(result.scenario.name): our worst campaign, \(result.market.campaigns[at].pacing.id)",
            unit: "% of its budget",
            series: [
                line("plan", dashed: true) { $0.planned[at] }, line("spend", dashed: false) { $0.spent[at] },
            ],
            marks: marks(result))
    }
}
