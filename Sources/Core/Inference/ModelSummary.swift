// What can be said of a compiled model to a person.

public struct ModelSummary: Equatable, Sendable {
    /// `bits of 32`, `steps`, `weights`.
    public let evaluator: String
    public let trees: Int
    /// How many leaves and thresholds there are over all trees.
    public let leaves: Int
    public let thresholds: Int
    /// The features that are looked at, each once.
    public let featuresUsed: [Int]
    /// What evaluation by bits has in tables.
    public let tableBytes: Int
}

extension Model {
    public var summary: ModelSummary {
        switch body {
        case .linear:
            return ModelSummary(
                evaluator: "weights", trees: 0, leaves: 0, thresholds: 0,
                featuresUsed: Array(0..<featureCount),
                tableBytes: 0)
        case .graph(let program):
            return ModelSummary(
                evaluator: "\(program.stepCount) steps of a graph", trees: 0, leaves: 0, thresholds: 0,
                featuresUsed: Array(0..<featureCount), tableBytes: program.constantBytes)
        case .trees(let view):
            var thresholds = 0
            for place in unsafe view.floatThresholds.indices where unsafe !view.floatThresholds[place].isNaN {
                thresholds += 1
            }
            var features = Set<Int>()
            for slot in 0..<view.slots { features.insert(unsafe Int(view.slotFeatures[slot])) }
            return ModelSummary(
                evaluator: view.isWalk ? "steps" : "bits of \(8 * view.maskBytes)", trees: view.treeCount,
                leaves: unsafe view.leaves.count / view.leafBytes / view.leafWidth, thresholds: thresholds,
                featuresUsed: features.sorted(), tableBytes: unsafe view.table.count)
        }
    }
}

extension OutputTransform: CustomStringConvertible {
    public var description: String {
        switch self {
        case .identity: "none"
        case .sigmoid(let steepness): steepness == 1 ? "sigmoid" : "sigmoid of \(steepness) times the score"
        case .softmax: "softmax"
        case .exponential: "exp"
        case .signedSquare: "signed square"
        case .softplus: "log(1 + exp)"
        case .step: "1 above zero, else 0"
        case .largest: "the number of the largest"
        }
    }
}
