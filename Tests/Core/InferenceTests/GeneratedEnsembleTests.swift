// Drawn ensembles through every evaluator, beside the plain walk. Another seed tries others:
// PACELINE_MODEL_SEED.
import Foundation
import Testing
import Units

@testable import Inference

@Suite struct GeneratedEnsembleTests {
    private static let seed =
        UInt64(ProcessInfo.processInfo.environment["PACELINE_MODEL_SEED"] ?? "") ?? 20_261_127
    private static let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"

    @Test func evaluatorsAgree() throws {
        var generator = EnsembleGenerator(seed: Self.seed)
        print("drawn ensembles, seed \(Self.seed)")
        var kinds: [String: Int] = [:]
        for number in 0..<(Self.isLong ? 2_000 : 40) {
            let ensemble = generator.ensemble()
            let rows = generator.rows(ensemble, count: 40)
            let expected = rows.map(ensemble.rawScores)
            let shared = Set(stride(from: 1, to: ensemble.featureCount, by: 2))
            let together = rows.map { row in row.indices.map { shared.contains($0) ? rows[0][$0] : row[$0] } }
            let expectedTogether = together.map(ensemble.rawScores)
            for walking in [nil, true] as [Bool?] {
                let bytes = try EnsembleCompiler(ensemble).compile(walking: walking)
                #expect(
                    try EnsembleCompiler(ensemble).compile(walking: walking) == bytes,
                    "other bytes the second time")
                let model = try Model(copying: bytes)
                kinds[model.evaluator, default: 0] += 1
                for variant in KernelVariant.allCases where variant.runs {
                    let name = "ensemble \(number) of seed \(Self.seed), \(model.evaluator), \(variant)"
                    let found = score(model, rows, shared: [], variant)
                    for row in rows.indices where !isSame(found[row], expected[row]) {
                        Issue.record("\(name): \(rows[row]) gives \(found[row]), not \(expected[row])")
                        return
                    }
                    let foundTogether = score(model, together, shared: shared, variant)
                    for row in rows.indices where !isSame(foundTogether[row], expectedTogether[row]) {
                        Issue.record(
                            "\(name), shared: \(together[row]) gives \(foundTogether[row]), not \(expectedTogether[row])"
                        )
                        return
                    }
                }
            }
        }
        #expect(kinds.count == 3, "all evaluators were tried: \(kinds)")
    }
}
