// What must hold of the readers of models for any bytes: a model is refused with a place and a reason of one
// line, or it compiles to the same bytes twice, loads, and scores the same by bits, by steps and by the plain
// walk.
import Inference

public enum ModelInvariants {
    static let inputBytesMax = 16 * 1024
    /// More make rows so wide that a run takes long.
    private static let featuresMost = 64

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard input.count <= inputBytesMax else { return nil }
        let content: ModelContent
        do throws(ModelRefused) {
            content = try ModelReader.read(Array(input))
        } catch {
            let line = "\(error)"
            if error.found.isEmpty || error.allowed.isEmpty { return "refused without a reason: \(line)" }
            // What a model holds may stand in the message; it must not break the line in a log that takes
            // lines.
            return line.utf8.count > 2_000 ? "a refusal of \(line.utf8.count) bytes" : nil
        }
        switch content {
        case .trees(let ensemble): return violation(of: ensemble)
        // What must hold of graphs is in GraphInvariants.
        case .graph: return nil
        case .linear(let linear):
            guard linear.featureCount <= featuresMost else { return nil }
            return violation(of: content, linear.featureCount, linear.outputCount, [1.5]) {
                linear.rawScores($0)
            }
        }
    }

    private static func violation(of ensemble: TreeEnsemble) -> String? {
        let nodes = ensemble.trees.reduce(0) { $0 + $1.nodes.count }
        guard ensemble.featureCount <= featuresMost, ensemble.outputCount <= 64, nodes < 1_000 else {
            return nil
        }
        var values: [Double] = [0, .nan, 1e-35, -1, .infinity, 1e12]
        for tree in ensemble.trees {
            for node in tree.nodes.prefix(8) {
                if case .atMost(let threshold) = node.split { values += [threshold, threshold.nextUp] }
                if case .below(let threshold) = node.split { values += [threshold, threshold.nextDown] }
            }
        }
        values = Array(values.prefix(24))
        return violation(of: .trees(ensemble), ensemble.featureCount, ensemble.outputCount, values) {
            ensemble.rawScores($0)
        }
            ?? walking(ensemble, values)
    }

    private static func walking(_ ensemble: TreeEnsemble, _ values: [Double]) -> String? {
        do {
            let model = try Model(copying: ModelCompiler.compile(ensemble, walking: true))
            return difference(model, values) { ensemble.rawScores($0) }
        } catch { return isBelowAll(error) ? nil : "does not compile to steps: \(error)" }
    }

    private static func violation(
        of content: ModelContent, _ features: Int, _ outputs: Int, _ values: [Double],
        _ expected: ([Double]) -> [Double]
    ) -> String? {
        do {
            let bytes = try ModelCompiler.compile(content)
            guard try ModelCompiler.compile(content) == bytes else { return "other bytes the second time" }
            let model = try Model(copying: bytes)
            guard model.featureCount == features, model.outputCount == outputs else { return "another model" }
            return difference(model, values, expected)
        } catch { return isBelowAll(error) ? nil : "was read, and yet: \(error)" }
    }

    /// The one thing that only compiling finds: a threshold below which there is nothing.
    private static func isBelowAll(_ error: any Error) -> Bool {
        (error as? ModelRefused)?.found.hasPrefix("minus infinity") ?? false
    }

    /// Rows of these values in turn, scored by every set of instructions.
    private static func difference(
        _ model: Model, _ values: [Double], _ expected: ([Double]) -> [Double]
    ) -> String? {
        let rows = values.indices.map { start in
            (0..<model.featureCount).map { values[(start + $0) % values.count] }
        }
        let all = rows.flatMap { $0 }
        for variant in KernelVariant.allCases where variant.runs {
            var scratch = ModelScratch(for: model, variant: variant)
            var scores = [Double](repeating: 0, count: rows.count * model.outputCount)
            var target = scores.mutableSpan
            model.score(all.span, into: &target, &scratch)
            for (number, row) in rows.enumerated() {
                let found = scores[number * model.outputCount..<(number + 1) * model.outputCount]
                let isSame = zip(found, expected(row)).allSatisfy {
                    $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
                }
                if !isSame { return "\(variant): \(row) gives \(Array(found)), not \(expected(row))" }
            }
        }
        return nil
    }
}
