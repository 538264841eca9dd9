// The plots of a run: spend against plan for each policy, regions on top of one another, and the worst campaign.
import Foundation
import MarketSimulation
import Pacing
import Units

struct Plots {
    let folder: String

    init(_ results: [Main.Result]) throws {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let place =
            ProcessInfo.processInfo.environment["PACELINE_BENCH_PLOTS"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent(
                "pacing-plots")
        folder = place.path
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for result in results {
            let name = result.scenario.name.replacingOccurrences(of: " ", with: "-")
            for (kind, plot) in [
                ("spend", Self.spend(result)), ("distance", Self.distance(result)),
                ("regions", Self.regions(result)), ("worst", Self.worst(result)),
            ] {
                let file = place.appendingPathComponent("\(name)-\(kind).svg")
                try Data(plot.svg.utf8).write(to: file)
            }
        }
    }

    private static func marks(_ result: Main.Result) -> [(from: Double, to: Double, label: String)] {
        result.scenario.shape.events.compactMap { event in
            switch event {
            case .surge(_, let from, let to, let times):
                (from / 3600, to / 3600, String(format: "×%.0f", times))
            case .live(_, let from, let to, _): (from / 3600, to / 3600, "live")
            case .lost(_, let from, let to): (from / 3600, to / 3600, "region lost")
            case .partition(_, let from, let to): (from / 3600, to / 3600, "partition")
            case .deaf(_, let from, let to): (from / 3600, to / 3600, "deaf")
            case .coordinatorAway(let from, let to): (from / 3600, to / 3600, "coordinator away")
            case .cut(_, let at): (at / 3600, at / 3600, "cut")
            case .stale: nil
            }
        }
    }

    /// All campaigns' money together, in hundredths of all budgets.
    private static func spend(_ result: Main.Result) -> Plot {
        let budget = result.runs[0].outcome.campaigns.reduce(0) { $0 + Double($1.budget.rawValue) }
        func line(_ name: String, _ outcome: MarketOutcome, dashed: Bool, _ sums: (MarketSample) -> [Int64])
            -> Plot.Series
        {
            Plot.Series(
                name: name,
                points: outcome.samples.map {
                    ($0.second / 3600, Double(sums($0).reduce(0, +)) / budget * 100)
                }, isDashed: dashed)
        }
        let plan = line("plan", result.runs[0].outcome, dashed: true) { $0.planned }
        return Plot(
            title: "\(result.scenario.name): spend of all campaigns", unit: "% of all budgets",
            series: [plan]
                + result.runs.map { run in line(run.measures.name, run.outcome, dashed: false) { $0.spent } },
            marks: marks(result))
    }

    /// By how much the worst of twenty campaigns is off its plan at each moment.
    private static func distance(_ result: Main.Result) -> Plot {
        let paced = result.market.campaigns.indices.filter {
            result.hindsight.isFeasible($0) && result.market.campaigns[$0].pacing.mode != .asap
        }
        let series = result.runs.map { run in
            Plot.Series(
                name: run.measures.name,
                points: run.outcome.samples.map { sample in
                    let distances = paced.map { at in
                        Double(abs(sample.spent[at] - sample.planned[at]))
                            / Double(max(run.outcome.campaigns[at].budget.rawValue, 1))
                    }.sorted()
                    return (sample.second / 3600, 100 * distances[distances.count * 19 / 20])
                })
        }
        return Plot(
            title: "\(result.scenario.name): distance to plan that 95 % of the campaigns keep within",
            unit: "% of the budget", series: series, marks: marks(result))
    }

    private static func regions(_ result: Main.Result) -> Plot {
        let ours = result.runs[0].outcome
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

    private static func worst(_ result: Main.Result) -> Plot {
        let (outcome, measures) = result.runs[0]
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
