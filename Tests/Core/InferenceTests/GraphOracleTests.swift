// What graphs say of rows, beside ONNX Runtime: operators one by one, pipelines of scikit-learn, and
// networks.
import Foundation
import Inference
import Testing

@Suite(
    .enabled(
        if: ModelOracle.hasGraphs,
        "needs python3 with onnx, onnxruntime, scikit-learn and skl2onnx, from PyPI"))
struct GraphOracleTests {
    @Test func saysWhatONNXRuntimeSays() throws {
        let cases = try GraphCase.all()
        #expect(cases.count > 150)
        var (values, worst) = (0, 0.0)
        for one in cases {
            let program: GraphProgram
            do { program = try GraphProgram.read(one.model) } catch {
                Issue.record("\(one.name): \(error)")
                continue
            }
            var workspace = GraphWorkspace(for: program)
            let rows = one.rows.flatMap { $0 }
            var results = [Double](repeating: 0, count: one.rows.count * program.outputWidth)
            var span = results.mutableSpan
            workspace.run(program, rows: rows.span, results: &span)
            let expected = one.expected.flatMap { $0 }
            guard expected.count == results.count else {
                Issue.record("\(one.name): \(results.count) results, not \(expected.count)")
                continue
            }
            for (row, expected) in one.expected.enumerated() {
                let ours = Array(results[row * program.outputWidth..<(row + 1) * program.outputWidth])
                let largest = expected.filter(\.isFinite).map(\.magnitude).max() ?? 0
                let scale = max(largest, 1)
                let (relative, ofLargest) = one.tolerance
                for (our, their) in zip(ours, expected) where !(our.isNaN && their.isNaN) && our != their {
                    let allowed = relative * their.magnitude + ofLargest * scale
                    let difference = (our - their).magnitude
                    if difference <= allowed {
                        worst = max(worst, difference / allowed)
                        continue
                    }
                    Issue.record(
                        "\(one.name), row \(row) \(one.rows[row].prefix(8)): \(ours.prefix(6)), not \(expected.prefix(6))"
                    )
                    break
                }
                values += expected.count
            }
        }
        print("\(cases.count) graphs, \(values) results; the worst used \(worst) of what is allowed")
    }
}
