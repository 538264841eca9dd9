// Filling pods of six to eight slots from 64 candidates: what half and 99 of a hundred take, how many are proven
// optimal within the steps of a request, and how far the others may be from it. There is no peer here: an integer
// program takes milliseconds for one of them, and its optimum is held against ours by the tests.
import Auction
import BenchKit
import PodGenerator
import Units

@main
enum Main {
    static let problems = 2_000
    static let rounds = 7

    static func main() {
        Bench.run("pods") { bench in
            for (name, kinds) in [
                ("structured", [PodGenerator.Kind.structured]), ("dynamic", [.dynamic]),
                ("hybrid", [.hybrid]),
            ] {
                try measure(name, kinds, &bench)
            }
        }
    }

    private static func measure(_ name: String, _ kinds: [PodGenerator.Kind], _ bench: inout Bench) throws {
        let shape = PodGenerator.Shape(slots: 6...8, candidates: 64...64, kinds: kinds, rules: 10)
        var (halves, tails): ([Double], [Double]) = ([], [])
        var (proven, worst, steps) = (0, 0.0, 0)
        for round in 0...rounds {
            var generator = PodGenerator(shape, seed: 1)
            var problem = PodProblem()
            var solver = PodSolver()
            var times: [Double] = []
            (proven, worst, steps) = (0, 0, 0)
            for number in 0..<problems {
                generator.fill(&problem)
                let clock = ContinuousClock()
                let start = clock.now
                let solution = solver.solve(problem)
                times.append(start.duration(to: clock.now) / .microseconds(1))
                guard solution.score <= solution.bound else {
                    throw Impossible("\(name) \(number): worth more than its bound")
                }
                steps += solution.steps
                if solution.isProven { proven += 1 } else { worst = max(worst, gap(solution)) }
            }
            // The first round warms up.
            guard round > 0 else { continue }
            times.sort()
            halves.append(times[problems / 2])
            tails.append(times[problems * 99 / 100])
        }
        try bench.measure("\(name): p50", unit: "µs", ours: halves)
        try bench.measure("\(name): p99", unit: "µs", ours: tails)
        try bench.measure(
            "\(name): proven optimal", unit: "%", ours: [Double(proven * 100) / Double(problems)])
        Bench.note(
            "  \(name): \(steps / problems) steps in the mean; the widest gap to a bound "
                + "\(Double(Int(worst * 10_000)) / 100) %")
    }

    /// The share of the bound that may be missing, in the first tier where the two differ.
    private static func gap(_ solution: PodSolution) -> Double {
        for tier in PriorityTier.allCases where solution.bound[tier] != solution.score[tier] {
            let bound = Double(solution.bound[tier].rawValue)
            return (bound - Double(solution.score[tier].rawValue)) / bound
        }
        return 0
    }
}
