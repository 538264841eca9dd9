// Reads what CatBoost saves as JSON: oblivious trees over numbers and single categories. What counts
// categories (CTR), and texts and embeddings, are refused: they need more than a row.

public enum CatBoostReader {
    public static func read(_ bytes: [UInt8]) throws(ModelRefused) -> TreeEnsemble {
        try read(ModelPlace(value: ModelValue(json: bytes, singles: false), path: ""))
    }

    /// Whether a JSON document is such a model.
    static func recognises(_ document: ModelPlace) -> Bool {
        document.has("features_info") && (document.has("oblivious_trees") || document.has("trees"))
    }

    static func read(_ document: ModelPlace) throws(ModelRefused) -> TreeEnsemble {
        if let trees = try document.optional("trees"), !trees.isEmptyList {
            throw trees.refused(
                "oblivious_trees: models with grow_policy Depthwise or Lossguide are not supported")
        }
        let features = try CatBoostFeatures(try document.member("features_info"))
        let scaleAndBias = try document.member("scale_and_bias")
        let parts = try scaleAndBias.elements()
        guard parts.count == 2 else { throw scaleAndBias.refused("a scale and its biases") }
        let scale = try parts[0].number()
        let biases = try Self.biases(parts[1])
        var ensemble = TreeEnsemble(
            format: .catBoost, featureCount: features.count, inputs: .single, sums: .double,
            outputCount: biases.count)
        ensemble.featureNames = features.names
        ensemble.leafWidth = biases.count
        ensemble.categoryRule = .whole
        ensemble.scale = scale
        ensemble.offsets = biases
        ensemble.transform = try CatBoostObjective.transform(document)
        for tree in try document.member("oblivious_trees").elements() {
            ensemble.trees.append(try Self.tree(tree, features, &ensemble))
        }
        try ensemble.check()
        return ensemble
    }

    private static func biases(_ place: ModelPlace) throws(ModelRefused) -> [Double] {
        // Versions before 1.0 write the bias of one output without a list.
        if case .number(let bias) = place.value.content { return [bias] }
        let biases = try place.numbers()
        guard (1...EnsembleLimits.outputs).contains(biases.count) else { throw place.refused("biases") }
        return biases
    }

    /// CatBoost has no trees beyond 16 levels.
    private static let deepest = 16

    /// An oblivious tree asks the same of all nodes of a level; the answer to the first split is the lowest
    /// bit of a leaf's number. So the last split stands at the root.
    private static func tree(
        _ tree: ModelPlace, _ features: CatBoostFeatures, _ ensemble: inout TreeEnsemble
    ) throws(ModelRefused) -> DecisionTree {
        var levels: [TreeNode] = []
        // A tree of one leaf has none, or says null.
        if let splits = try tree.optional("splits"), !splits.isNull {
            for split in try splits.elements() {
                levels.append(try features.node(split, &ensemble.categorySets))
            }
        }
        guard levels.count <= Self.deepest else {
            throw tree.refused("up to \(Self.deepest) splits", found: "\(levels.count)")
        }
        let leaves = 1 << levels.count
        let values = try tree.member("leaf_values").numbers(leaves * ensemble.leafWidth)
        var nodes: [TreeNode] = []
        nodes.reserveCapacity(leaves - 1)
        for place in 0..<leaves - 1 {
            // Nodes stand level by level; `path` holds the answers so far, the root's highest.
            let depth = Int.bitWidth - 1 - (place + 1).leadingZeroBitCount
            let path = place + 1 - 1 << depth
            var node = levels[levels.count - 1 - depth]
            let isLast = depth == levels.count - 1
            func child(_ answer: Int) -> TreeChild {
                isLast ? .leaf(path << 1 | answer) : .node(2 * place + 1 + answer)
            }
            // What is asked is whether a value is above its border: not so goes left. Of a category it is
            // whether it is the one, and that goes left with us.
            if case .isIn = node.split {
                (node.left, node.right) = (child(1), child(0))
            } else {
                (node.left, node.right) = (child(0), child(1))
            }
            nodes.append(node)
        }
        return DecisionTree(nodes: nodes, leafValues: values)
    }
}

/// The objective's name stands in the training parameters, a JSON text inside of the JSON.
private enum CatBoostObjective {
    static func transform(_ document: ModelPlace) throws(ModelRefused) -> OutputTransform {
        guard let info = try document.optional("model_info"), let parameters = try info.optional("params")
        else {
            return .identity
        }
        let root: ModelPlace
        switch parameters.value.content {
        case .text(let text):
            root = ModelPlace(
                value: try ModelValue(json: Array(text.utf8), singles: false), path: parameters.path)
        default: root = parameters
        }
        guard let loss = try root.optional("loss_function"), let type = try loss.optional("type") else {
            return .identity
        }
        switch try type.text() {
        case "Logloss", "CrossEntropy", "MultiLogloss", "MultiCrossEntropy": return .sigmoid(steepness: 1)
        case "MultiClass": return .softmax
        case "MultiClassOneVsAll": return .sigmoid(steepness: 1)
        case "Poisson", "Tweedie": return .exponential
        // All others predict what they add up, or are never asked for more than an order.
        default: return .identity
        }
    }
}
