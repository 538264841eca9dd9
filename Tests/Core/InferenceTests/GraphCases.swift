// Graphs beside what ONNX Runtime says of their rows: those of one operator, and pipelines that skl2onnx
// converted.
import Foundation
import Inference

/// One graph with its rows.
struct GraphCase {
    let name: String
    let model: [UInt8]
    let rows: [[Double]]
    let expected: [[Double]]

    static func all() throws -> [GraphCase] {
        let folder = try ModelOracle.graphFolder()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
        return try names.filter { $0.hasSuffix(".onnx") }.map { name in
            let model = folder.appending(path: name)
            let lines = try String(
                contentsOf: model.deletingPathExtension().appendingPathExtension("rows"), encoding: .utf8
            )
            .split(separator: "\n")
            var (rows, expected): ([[Double]], [[Double]]) = ([], [])
            for line in lines {
                let halves = line.split(separator: "|").map { half in
                    half.split(separator: " ").map { word in Double(word) ?? .signalingNaN }
                }
                rows.append(halves[0])
                expected.append(halves[1])
            }
            return GraphCase(
                name: String(name.dropLast(5)), model: [UInt8](try Data(contentsOf: model)), rows: rows,
                expected: expected)
        }
    }

    /// What is allowed beside ONNX Runtime, as a part of the result's size, and of the largest result's of
    /// the row or of 1, by what the graph does.
    var tolerance: (relative: Double, ofLargest: Double) {
        // What rounds once is the same to the last bit; so is what moves elements.
        let exact = [
            "Neg", "Abs", "Sqrt", "Floor", "Ceil", "Round", "Sign", "Relu", "Identity", "Add", "Sub", "Mul",
            "Div", "Min", "Max", "Less", "Greater", "Equal", "Where", "IsNaN", "Cast", "Concat", "Gather",
            "Reshape", "Flatten",
            "Squeeze", "Unsqueeze", "Slice", "Transpose", "Expand", "Split", "Shape", "ConstantOfShape",
            "Clip", "PRelu",
            "LeakyRelu", "ArgM", "Scaler", "Binarizer", "Imputer", "OneHotEncoder", "LabelEncoder",
            "ArrayFeatureExtractor", "Reciprocal",
            "ReduceMax", "ReduceMin",
        ]
        let operation = name.split(separator: "-").dropFirst().first.map(String.init) ?? ""
        if name.hasPrefix("operator-"), exact.contains(where: operation.hasPrefix) { return (0, 0) }
        // Functions: ours round once, theirs are a few last places off; sums: in another order.
        if name.hasPrefix("operator-") { return name.hasSuffix("double") ? (1e-14, 1e-14) : (2e-6, 1e-6) }
        // Whole pipelines.
        return (2e-5, 5e-6)
    }
}
