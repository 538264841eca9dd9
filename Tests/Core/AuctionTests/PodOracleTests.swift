// Pods too large to try them all, against the optimum of an integer program that HiGHS solves.
import Auction
import Foundation
import PodGenerator
import Testing
import Units

private let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"

/// Whether python3 finds the solver.
private let hasSolver: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "from scipy.optimize import milp"]
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()

@Suite(.enabled(if: hasSolver, "needs python3 with SciPy 1.9 or later, from PyPI"))
struct PodOracleTests {
    /// Within the steps of a request: at most a hundredth below the optimum, and the bound not below it.
    @Test func comesWithinAHundredthOfTheOptimum() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let solutions = try write(isLong ? 600 : 24, to: folder)
        for (name, optimum) in try optima(in: folder) {
            let solution = try #require(solutions[name])
            #expect(optimum <= solution.bound, "\(name): \(optimum) is above \(solution.bound)")
            #expect(solution.score <= optimum, "\(name): \(solution.score) is above \(optimum)")
            // A tier that is short decides; later ones are only compared where the earlier are equal.
            for tier in PriorityTier.allCases {
                let (ours, best) = (solution.score[tier].rawValue, optimum[tier].rawValue)
                #expect(ours * 100 >= best * 99, "\(name), \(tier): \(ours) of \(best)")
                if ours != best { break }
            }
            if solution.isProven { #expect(solution.score == optimum, "\(name)") }
        }
    }

    private func write(_ count: Int, to folder: URL) throws -> [String: PodSolution] {
        let shape = PodGenerator.Shape(slots: 6...8, candidates: 13...64, rules: 25, grain: 1_000)
        var generator = PodGenerator(shape, seed: 90)
        var problem = PodProblem()
        var solver = PodSolver()
        var solutions: [String: PodSolution] = [:]
        for number in 0..<count {
            generator.fill(&problem)
            forgetSession(&problem)
            let name = "pod-\(number).json"
            try Data(podText(problem).utf8).write(to: folder.appending(path: name))
            solutions[name] = solver.solve(problem)
        }
        return solutions
    }

    /// Blocks and sessions only take candidates out or change their values, which is tried elsewhere; the file
    /// goes without them.
    private func forgetSession(_ problem: inout PodProblem) {
        let copy = PodCopy(problem)
        let rules = (problem.apartInPod, problem.apartWhenAdjacent, problem.firstPremium, problem.lastPremium)
        problem.removeAll()
        (problem.apartInPod, problem.apartWhenAdjacent, problem.firstPremium, problem.lastPremium) = rules
        problem.dedupe = copy.dedupe
        for segment in copy.segments { expectTrue(problem.add(segment)) }
        for candidate in copy.candidates { expectTrue(problem.add(candidate)) }
    }

    private func optima(in folder: URL) throws -> [(name: String, score: PodScore)] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "pod_oracle.py")
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", isLong ? "1800" : "120", "python3", script.path(), folder.path()]
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try String(decoding: printed, as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let amounts = try words.dropFirst().map { Micros(try #require(Int64($0))) }
            try #require(amounts.count == 3)
            return (
                String(words[0]),
                PodScore(sponsorship: amounts[0], guaranteed: amounts[1], open: amounts[2])
            )
        }
    }
}
