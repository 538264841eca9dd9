// Pacing through a market: the same day for ours and for what others published, and what befalls it. Every number is
// held against the market's own truth and against what somebody who knew every request could have had.
import BenchKit
import Foundation
import MarketSimulation
import Pacing

@main
enum Main {
    struct Result {
        let scenario: Scenario
        let market: Market
        let hindsight: Hindsight
        var runs: [(outcome: MarketOutcome, measures: Measures)]

        var ours: Measures { runs.first { $0.outcome.policy == .paceline }!.measures }
    }

    static func main() {
        Bench.run("pacing") { bench in
            try reproduceMystique(&bench)
            let wanted = ProcessInfo.processInfo.environment["PACELINE_BENCH_ONLY"]
            var results: [Result] = []
            for scenario in Scenario.all() where wanted == nil || wanted == scenario.name {
                results.append(run(scenario, results.first?.hindsight))
            }
            let plots = try Plots(results)
            Bench.note("  plots: \(plots.folder)")
            guard wanted == nil else {
                throw Impossible("PACELINE_BENCH_ONLY: one scenario is not the whole bench")
            }
            try judge(results, &bench)
        }
    }

    /// - calm: the bound of the same day without faults. Nothing that takes requests away, or changes only who hears
    ///   whom, raises it.
    private static func run(_ scenario: Scenario, _ calm: Hindsight?) -> Result {
        let market = Market(scenario.shape)
        let hindsight = scenario.addsTraffic ? Hindsight(market) : calm ?? Hindsight(market)
        Bench.note("\n\(scenario.name): \(scenario.what)\n\(Measures.header)")
        var runs: [(outcome: MarketOutcome, measures: Measures)] = []
        for policy in scenario.policies {
            let outcome = MarketRun(market, policy: policy).run()
            let measures = Measures(outcome, market, hindsight)
            Bench.note(measures.row(hasValue: scenario.hasBound))
            runs.append((outcome, measures))
        }
        return Result(scenario: scenario, market: market, hindsight: hindsight, runs: runs)
    }

    private static func judge(_ results: [Result], _ bench: inout Bench) throws {
        func ours(_ name: String) -> Measures { results.first { $0.scenario.name == name }!.ours }
        let clean = results.filter { $0.ours.overspend == 0 }.count
        try bench.measure(
            "runs without overspend", unit: "%", ours: [100 * Double(clean) / Double(results.count)])
        for name in ["calm", "surge", "live", "lost", "partition", "deaf", "away", "stale", "bias"] {
            try bench.measure("\(name): delivery error", unit: "%", ours: [100 * ours(name).errorMost])
        }
        for name in ["calm", "surge", "live", "stale", "bias"] {
            try bench.measure("\(name): distance to plan", unit: "%", ours: [100 * ours(name).distanceMost])
        }
        for name in ["calm", "surge", "live", "stale", "bias"] {
            try bench.measure("\(name): value of hindsight's", unit: "%", ours: [100 * ours(name).value])
        }
        let shape = results.first { $0.scenario.name == "traffic" }!
        try bench.measure("traffic: value of free hindsight's", unit: "%", ours: [100 * shape.ours.freeValue])
        let calm = results.first { $0.scenario.name == "calm" }!
        for (outcome, measures) in calm.runs where outcome.policy != .paceline {
            try bench.compare(
                "calm: value", unit: "%", ours: [100 * calm.ours.value], peer: [100 * measures.value],
                named: measures.name)
        }
        for (outcome, measures) in results.first(where: { $0.scenario.name == "surge" })!.runs
        where outcome.policy != .paceline {
            try bench.compare(
                "surge: distance to plan", unit: "%", ours: [100 * ours("surge").distanceMost],
                peer: [100 * measures.distanceMost], named: measures.name)
        }
    }

    /// Its own kind of market first: a baseline that does not do what its authors say it does proves nothing.
    private static func reproduceMystique(_ bench: inout Bench) throws {
        for figure in MystiqueMarket.figures {
            var market = MystiqueMarket(figure.setting, seed: 1)
            let outcome = market.run()
            try bench.measure(
                "Mystique, \(figure.setting.name): off its public utilisation", unit: "%",
                ours: [100 * abs(outcome.utilisation / figure.utilisation - 1)])
            Bench.note(
                "  Mystique, \(figure.setting.name): utilisation \(percent(outcome.utilisation)), public "
                    + "\(percent(figure.utilisation)); worst overspend \(percent(outcome.worstOverspend)), public "
                    + "\(percent(figure.worstOverspend)); half of the campaigns strayed by "
                    + "\(percent(outcome.distanceHalf))")
        }
    }
}
