// Scoring a request allocates nothing.
import AllocationCounter
import Testing

@testable import Inference

#if DEBUG
    private let isOptimised = false
#else
    private let isOptimised = true
#endif

/// Run by the part `exact` of the tests.
@Suite(.enabled(if: isOptimised, "unoptimised generic code allocates by itself"))
struct AllocationTests {
    @Test(.enabled(if: allocations_are_counted() == 1, "a sanitizer brings its own malloc"))
    func scoringAllocatesNothing() throws {
        var generator = EnsembleGenerator(seed: 12)
        for walking in [nil, true] as [Bool?] {
            let ensemble = generator.ensemble()
            let model = try Model(copying: EnsembleCompiler(ensemble).compile(walking: walking))
            var scratch = ModelScratch(for: model, shared: [0])
            let rows = [Float](repeating: 0.25, count: 130 * model.featureCount)
            let request = [Float](repeating: 0.5, count: model.featureCount)
            let doubles = [Double](repeating: 0.25, count: 130 * model.featureCount)
            var scores = [Double](repeating: 0, count: 130 * model.outputCount)
            // The first call may make what the runtime makes once.
            for isWarm in [false, true] {
                let before = allocations_of_thread()
                var target = scores.mutableSpan
                model.prepare(request.span, &scratch)
                model.score(rows.span, into: &target, &scratch)
                model.score(doubles.span, into: &target, &scratch)
                let after = allocations_of_thread()
                if isWarm { #expect(after == before, "\(model.evaluator)") }
            }
        }
    }
}
