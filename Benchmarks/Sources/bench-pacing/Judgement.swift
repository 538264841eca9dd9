// The lines of the bench: for each scenario the worst of all seeds, beside everybody else of the same day.
import BenchKit
import MarketSimulation

struct Judgement {
    private let results: [SeedResult]
    /// In the order in which they ran.
    private let names: [String]

    init(_ results: [SeedResult]) {
        self.results = results
        names = results.filter { $0.seed == results[0].seed && $0.result.scenario.isJudged }.map(\.name)
    }

    private func days(_ name: String) -> [SeedResult] { results.filter { $0.name == name } }

    func judge(_ bench: inout Bench) throws {
        let clean = results.filter { $0.ours.overspend == 0 }.count
        try bench.measure(
            "runs without overspend", unit: "%", ours: [100 * Double(clean) / Double(results.count)])
        for name in names {
            try most("\(name): delivery error", days(name).map(\.ours.errorMost), &bench)
        }
        for name in names {
            try most("\(name): distance to plan", days(name).map(\.ours.distanceMost), &bench)
        }
        for name in names where days(name)[0].result.scenario.hasBound {
            try least("\(name): value of hindsight's", days(name).map(\.ours.value), &bench)
        }
        // Where somebody else is ahead on any day, the line says so.
        for name in names where days(name)[0].result.scenario.hasBound {
            try beside("\(name): value", days(name), &bench, isMore: true) { $0.value }
        }
        try beside("surge: distance to plan", days("surge"), &bench, isMore: false) { $0.distanceMost }
        summarise()
    }

    private func most(_ line: String, _ values: [Double], _ bench: inout Bench) throws {
        try bench.measure(line, unit: "%", ours: [100 * (values.max() ?? 0)])
    }

    private func least(_ line: String, _ values: [Double], _ bench: inout Bench) throws {
        try bench.measure(line, unit: "%", ours: [100 * (values.min() ?? 0)])
    }

    /// Beside each of the others, on the day on which ours is worst beside it.
    private func beside(
        _ line: String, _ days: [SeedResult], _ bench: inout Bench, isMore: Bool,
        _ value: (MarketMeasures) -> Double
    ) throws {
        for policy in days[0].result.scenario.policies where !policy.isOurs {
            let pairs = days.compactMap { day in
                day.result.runs.first { $0.outcome.policy == policy }.map {
                    (ours: 100 * value(day.ours), peer: 100 * value($0.measures))
                }
            }
            let worst = pairs.min {
                isMore ? $0.ours / $0.peer < $1.ours / $1.peer : $0.peer / $0.ours < $1.peer / $1.ours
            }
            guard let worst else { continue }
            try bench.compare(
                line, unit: "%", ours: [worst.ours], peer: [worst.peer], named: policy.name)
        }
    }

    /// The worst of all days, as rows of a table, and whoever was better on any of them.
    private func summarise() {
        Bench.note("\nthe worst of \(days(names[0]).count) days; overspend summed up over them")
        Bench.note(
            "| scenario | overspend | late bills | error | distance, half | distance, worst | back after | value |"
        )
        for name in names {
            let all = days(name)
            func worst(_ value: (MarketMeasures) -> Double) -> String {
                percent(all.map { value($0.ours) }.max() ?? 0)
            }
            let value =
                all[0].result.scenario.hasBound ? percent(all.map(\.ours.value).min() ?? 0) : "no bound"
            let back = all.compactMap(\.ours.reconverged).max().map { "\($0) min" } ?? "nothing ended"
            Bench.note(
                "| \(name) | \(all.reduce(0) { $0 + $1.ours.overspend }) | \(all.reduce(0) { $0 + $1.ours.late }) "
                    + "| \(worst { $0.errorMost }) | \(worst { $0.distanceHalf }) | \(worst { $0.distanceMost }) | \(back) | \(value) |"
            )
            for day in all {
                let better = Verdict.better(day.result)
                if !better.isEmpty { Bench.note("  seed \(day.seed): \(better.joined(separator: "; "))") }
            }
        }
    }
}
