// Pacing through a market: the same day for ours and for what others published, and what befalls it. Every number is
// held against the market's own truth and against what somebody who knew every request could have had.
import BenchKit
import Dispatch
import Foundation
import MarketSimulation
import Pacing
import Synchronization

@main
enum Main {
    /// Whoever is ahead of ours in anything, and by how much; and which campaign of ours strayed furthest, and when.
    private static func verdict(_ result: MarketResult) -> String {
        let (mine, ours) = result.ours
        var wins: [String] = []
        for (outcome, other) in result.runs where outcome.policy != .paceline {
            if result.scenario.hasBound, other.value > ours.value {
                wins.append("\(other.name) has \(percent(other.value - ours.value)) more of the value")
            }
            if other.errorMost < ours.errorMost {
                wins.append("\(other.name)'s worst campaign is closer to its budget")
            }
            if other.distanceMost < ours.distanceMost {
                wins.append("\(other.name)'s worst campaign is closer to its plan")
            }
            if other.distanceHalf < ours.distanceHalf {
                wins.append("half of \(other.name)'s campaigns are closer to their plans")
            }
        }
        let hopeless = result.market.campaigns.indices.filter {
            guard let hindsight = result.hindsight else { return false }
            return hindsight.isFeasibleFree($0)
                && !hindsight.isFeasible($0, result.market.campaigns[$0].pacing.mode)
        }.map { result.market.campaigns[$0].pacing.id }
        let at = ours.worst
        let worst = mine.campaigns[at]
        return
            "  ours strays furthest with \(result.market.campaigns[at].pacing.id) (\(worst.impressions) impressions a day), "
            + "in minute \(worst.distanceMinute)\n"
            + (hopeless.isEmpty
                ? ""
                : "  cannot be delivered as their modes say, and are not counted: \(hopeless.joined(separator: ", "))\n")
            + "  better than ours: "
            + (result.runs.count == 1
                ? "nobody else ran" : wins.isEmpty ? "nobody" : wins.joined(separator: "; "))
    }

    static func main() {
        Bench.run("pacing") { bench in
            try reproduceMystique(&bench)
            let wanted = ProcessInfo.processInfo.environment["PACELINE_BENCH_ONLY"]
            let results = run(MarketScenario.all().filter { wanted == nil || wanted == $0.name })
            Bench.note("  plots: \(try draw(results))")
            guard wanted == nil else {
                throw Impossible("PACELINE_BENCH_ONLY: one scenario is not the whole bench")
            }
            try judge(results, &bench)
        }
    }

    /// Runs know nothing of one another and of time, so that as many go at once as there are cores. The bound of the day
    /// without faults holds in all scenarios but those with more requests: nothing that takes requests away, or
    /// changes only who hears whom, raises it.
    private static func run(_ scenarios: [MarketScenario]) -> [MarketResult] {
        enum Job { case bound(Int), run(Int, MarketPolicy) }
        let markets = scenarios.map { Market($0.shape) }
        let own = scenarios.indices.filter { $0 == 0 || scenarios[$0].addsTraffic }
        let jobs =
            own.map { Job.bound($0) }
            + scenarios.indices.flatMap { at in scenarios[at].policies.map { Job.run(at, $0) } }
        let bounds = Mutex<[Int: Hindsight]>([:])
        let outcomes = Mutex<[Int: [MarketOutcome]]>([:])
        DispatchQueue.concurrentPerform(iterations: jobs.count) { number in
            switch jobs[number] {
            case .bound(let at):
                let bound = Hindsight(markets[at])
                bounds.withLock { $0[at] = bound }
            case .run(let at, let policy):
                let outcome = MarketRun(markets[at], policy: policy).run()
                outcomes.withLock { $0[at, default: []].append(outcome) }
                Bench.note("  \(scenarios[at].name), \(policy.name): done")
            }
        }
        return scenarios.enumerated().map { at, scenario in
            guard let hindsight = bounds.withLock({ $0[at] ?? $0[0] }) else {
                preconditionFailure("the first scenario has a bound of its own")
            }
            let all = outcomes.withLock { $0[at] ?? [] }
            Bench.note("\n\(scenario.name): \(scenario.what)\n\(MarketMeasures.header)")
            let runs = scenario.policies.compactMap { policy in
                all.first { $0.policy == policy }.map { ($0, MarketMeasures($0, markets[at], hindsight)) }
            }
            for (_, measures) in runs { Bench.note(measures.row(hasValue: scenario.hasBound)) }
            let result = MarketResult(
                scenario: scenario, market: markets[at], hindsight: hindsight, runs: runs)
            Bench.note(verdict(result))
            return result
        }
    }

    /// Gives the folder.
    private static func draw(_ results: [MarketResult]) throws -> String {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder =
            ProcessInfo.processInfo.environment["PACELINE_BENCH_PLOTS"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent(
                "pacing-plots")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for plot in results.flatMap({ MarketPlots.all($0) }) {
            try Data(plot.svg.utf8).write(to: folder.appendingPathComponent(plot.file))
        }
        return folder.path
    }

    private static func judge(_ results: [MarketResult], _ bench: inout Bench) throws {
        func ours(_ name: String) -> MarketMeasures {
            results.first { $0.scenario.name == name }!.ours.measures
        }
        let clean = results.filter { $0.ours.measures.overspend == 0 }.count
        try bench.measure(
            "runs without overspend", unit: "%", ours: [100 * Double(clean) / Double(results.count)])
        for name in [
            "calm", "traffic", "surge", "live", "lost", "partition", "deaf", "away", "stale", "bias",
        ] {
            try bench.measure("\(name): delivery error", unit: "%", ours: [100 * ours(name).errorMost])
        }
        for name in ["calm", "traffic", "surge", "live", "stale", "bias"] {
            try bench.measure("\(name): distance to plan", unit: "%", ours: [100 * ours(name).distanceMost])
        }
        for name in ["calm", "surge", "live", "stale", "bias"] {
            try bench.measure("\(name): value of hindsight's", unit: "%", ours: [100 * ours(name).value])
        }
        let shape = results.first { $0.scenario.name == "traffic" }!
        try bench.measure(
            "traffic: value of free hindsight's", unit: "%", ours: [100 * shape.ours.measures.freeValue])
        // Where somebody else has more of the value, the line says so.
        for name in ["calm", "surge", "live", "lost", "partition", "stale"] {
            for (outcome, measures) in results.first(where: { $0.scenario.name == name })!.runs
            where outcome.policy != .paceline {
                try bench.compare(
                    "\(name): value", unit: "%", ours: [100 * ours(name).value], peer: [100 * measures.value],
                    named: measures.name)
            }
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
