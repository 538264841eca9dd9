// The hindsight bound against the optimum of the linear program itself, which HiGHS solves for a few minutes of a
// small market.
import Foundation
import MarketSimulation
import Pacing
import Testing
import Units

/// Whether python3 finds the solver.
private let hasSolver: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "from scipy.optimize import linprog"]
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}()

@Suite(.enabled(if: hasSolver, "needs python3 with SciPy 1.9 or later, from PyPI"))
struct HindsightOracleTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func theBoundIsTheProgramsOptimum(_ seed: UInt64) throws {
        var shape = MarketShape(rate: 20)
        shape.seed = seed
        // Budgets are for whole hours of the usual traffic; this is a part of one.
        shape.seconds = 240
        shape.campaigns = 12
        shape.sold = 0.04
        let market = Market(shape)
        let hindsight = Hindsight(market)
        let optimum = try solve(market)
        #expect(hindsight.bound >= optimum * (1 - 1e-9), "\(hindsight.bound) is below \(optimum)")
        #expect(hindsight.bound <= optimum * 1.005, "\(hindsight.bound) is far above \(optimum)")
    }

    private func solve(_ market: Market) throws -> Double {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "hindsight_oracle.py")
        let file = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        var text = market.campaigns.map { "\($0.pacing.budget.rawValue)" }.joined(separator: " ") + "\n"
        market.everyAssignment { floor, values in
            text += "\(floor) " + values.map { "\($0.campaign) \($0.value)" }.joined(separator: " ") + "\n"
        }
        try Data(text.utf8).write(to: file)
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["timeout", "120", "python3", script.path()]
        process.standardInput = try FileHandle(forReadingFrom: file)
        process.standardOutput = output
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let line = String(decoding: printed, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return try #require(Double(line), "the solver printed \(line)")
    }
}
