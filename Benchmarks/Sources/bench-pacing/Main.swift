// Pacing through a market: the same days for ours and for what others published, and what befalls them. Every number is
// held against the market's own truth and against what somebody who knew every request could have had; of all seeds the worst counts.
import BenchKit
import Foundation
import MarketSimulation

@main
enum Main {
    private static let environment = ProcessInfo.processInfo.environment

    static func main() {
        Bench.run("pacing") { bench in
            let seeds = try seeds()
            let wanted = environment["PACELINE_BENCH_ONLY"]
            let who = environment["PACELINE_BENCH_POLICIES"]?.split(separator: ",").map(String.init)
            if let unknown = who?.first(where: { MarketPolicy(rawValue: $0) == nil }) {
                throw Impossible(
                    "PACELINE_BENCH_POLICIES: \(unknown) is none; there are "
                        + MarketPolicy.allCases.map(\.name).joined(separator: ", "))
            }
            if wanted == nil || wanted == "planning" { try PlanningCost.note() }
            if wanted == nil, who == nil { try reproduceMystique(&bench) }
            let results = SeedRuns.all(seeds, only: wanted?.split(separator: ",").map(String.init), who)
            guard let first = results.first else {
                throw Impossible(
                    "PACELINE_BENCH_ONLY=\(wanted ?? ""): no scenario of these policies; there are "
                        + MarketScenario.all().map(\.name).joined(separator: ", "))
            }
            Bench.note("  plots of seed \(first.seed): \(try draw(results.filter { $0.seed == first.seed }))")
            guard wanted == nil, who == nil else {
                throw Impossible(
                    "PACELINE_BENCH_ONLY, PACELINE_BENCH_POLICIES: a part is not the whole bench")
            }
            try Judgement(results).judge(&bench)
        }
    }

    /// Three days say more than one.
    private static func seeds() throws -> [UInt64] {
        let text = environment["PACELINE_BENCH_SEEDS"] ?? "1,2,3"
        let seeds = text.split(separator: ",").map { UInt64($0) }
        guard !seeds.isEmpty, !seeds.contains(nil) else {
            throw Impossible(
                "PACELINE_BENCH_SEEDS=\(text): whole numbers with commas between them, such as 1,2,3")
        }
        return seeds.compactMap { $0 }
    }

    /// Gives the folder.
    private static func draw(_ results: [SeedResult]) throws -> String {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder =
            environment["PACELINE_BENCH_PLOTS"].map { URL(fileURLWithPath: $0) }
            ?? URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent(
                "pacing-plots")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for plot in results.flatMap({ MarketPlots.all($0.result) }) {
            try Data(plot.svg.utf8).write(to: folder.appendingPathComponent(plot.file))
        }
        return folder.path
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
