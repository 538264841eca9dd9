// What must hold of an ensemble before anything is made of it, whoever read it: places are inside, every node
// is reached once, no threshold is a NaN, and nothing is larger than its bound.

public enum EnsembleLimits {
    /// Far beyond what is trained for a decision of microseconds; a place fits 32 bits many times over.
    public static let features = 1 << 20
    public static let trees = 1 << 20
    public static let outputs = 1 << 12
    /// Over all trees: 2^26 nodes are gigabytes, which no node would serve.
    public static let nodes = 1 << 26
    /// XGBoost and LightGBM know none beyond 2^24 that they were trained with.
    public static let categories = 1 << 24
}

extension TreeEnsemble {
    /// Refuses what no evaluator could take.
    public func check() throws(ModelRefused) {
        func bound(_ place: String, _ value: Int, _ range: ClosedRange<Int>) throws(ModelRefused) {
            guard range.contains(value) else {
                throw ModelRefused(
                    place, found: "\(value)", allowed: "\(range.lowerBound) to \(range.upperBound)")
            }
        }
        try bound("features", featureCount, 1...EnsembleLimits.features)
        try bound("outputs", outputCount, 1...EnsembleLimits.outputs)
        try bound("trees", trees.count, 0...EnsembleLimits.trees)
        try bound("values of a leaf", leafWidth, 1...outputCount)
        try bound("nodes", trees.reduce(0) { $0 + $1.nodes.count }, 0...EnsembleLimits.nodes)
        try bound("bases", bases.count, outputCount...outputCount)
        if !offsets.isEmpty { try bound("offsets", offsets.count, outputCount...outputCount) }
        if !featureNames.isEmpty {
            try bound("feature names", featureNames.count, featureCount...featureCount)
        }
        for set in categorySets.indices {
            try bound(
                "categories of set \(set)", 32 * categorySets[set].words.count, 0...EnsembleLimits.categories)
        }
        for (index, tree) in trees.enumerated() {
            do { try check(tree) } catch { throw error.within("tree \(index)") }
        }
    }

    private func check(_ tree: DecisionTree) throws(ModelRefused) {
        let leaves = tree.nodes.count + 1
        guard tree.leafValues.count == leaves * leafWidth else {
            throw ModelRefused(
                "leaves", found: "\(tree.leafValues.count) values for \(tree.nodes.count) nodes",
                allowed: "\(leaves * leafWidth)")
        }
        guard tree.output >= 0, tree.output + leafWidth <= outputCount else {
            throw ModelRefused(
                "output", found: "\(tree.output)", allowed: "0 to \(outputCount - leafWidth)")
        }
        if let leaf = tree.leafValues.firstIndex(where: \.isNaN) {
            throw ModelRefused("leaf \(leaf / leafWidth)", found: "NaN", allowed: "a number")
        }
        guard tree.linearLeaves.isEmpty || (tree.linearLeaves.count == leaves && leafWidth == 1) else {
            throw ModelRefused("linear leaves", found: "\(tree.linearLeaves.count)", allowed: "\(leaves)")
        }
        for (leaf, line) in tree.linearLeaves.enumerated() { try check(line, leaf) }
        try checkShape(tree)
    }

    private func check(_ line: LinearLeaf, _ leaf: Int) throws(ModelRefused) {
        guard line.features.count == line.coefficients.count else {
            throw ModelRefused(
                "leaf \(leaf)", found: "\(line.coefficients.count) coefficients",
                allowed: "one for each of its \(line.features.count) features")
        }
        for feature in line.features { try check(feature: feature, "leaf \(leaf)") }
    }

    private func check(feature: Int, _ place: String) throws(ModelRefused) {
        guard feature >= 0, feature < featureCount else {
            throw ModelRefused(
                "\(place): feature", found: "\(feature)", allowed: "0 to \(featureCount - 1)")
        }
    }

    /// Every node and leaf but the root is the child of exactly one node: counting is enough, as there are as
    /// many children as nodes and leaves without the root, once no child comes before its parent or twice.
    private func checkShape(_ tree: DecisionTree) throws(ModelRefused) {
        guard !tree.nodes.isEmpty else { return }
        var (nodes, leaves) = (
            [Bool](repeating: false, count: tree.nodes.count),
            [Bool](repeating: false, count: tree.nodes.count + 1)
        )
        nodes[0] = true
        for (index, node) in tree.nodes.enumerated() {
            let place = "node \(index)"
            try check(feature: node.feature, place)
            switch node.split {
            case .atMost(let threshold), .below(let threshold):
                if threshold.isNaN {
                    throw ModelRefused("\(place): threshold", found: "NaN", allowed: "a number")
                }
            case .isIn(let set):
                guard node.missing != .zeroOrNaN else {
                    throw ModelRefused(
                        "\(place): missing", found: "zero of a category", allowed: "NaN, or nothing")
                }
                guard categorySets.indices.contains(set) else {
                    throw ModelRefused(
                        "\(place): categories", found: "set \(set)", allowed: "below \(categorySets.count)")
                }
            }
            for child in [node.left, node.right] {
                let isNew =
                    switch child {
                    case .node(let child): take(child, &nodes)
                    case .leaf(let leaf): take(leaf, &leaves)
                    }
                guard isNew else {
                    throw ModelRefused(
                        "\(place): child", found: "\(child)",
                        allowed: "a node or leaf of this tree that is the child of no other")
                }
            }
        }
        try checkReach(tree)
    }

    private func take(_ place: Int, _ taken: inout [Bool]) -> Bool {
        guard taken.indices.contains(place), !taken[place] else { return false }
        taken[place] = true
        return true
    }

    /// With every child taken once, a node that the root does not reach is part of a circle.
    private func checkReach(_ tree: DecisionTree) throws(ModelRefused) {
        var (reached, waiting) = (0, [0])
        while let index = waiting.popLast() {
            reached += 1
            for case .node(let child) in [tree.nodes[index].left, tree.nodes[index].right] {
                waiting.append(child)
            }
        }
        guard reached == tree.nodes.count else {
            throw ModelRefused(
                "nodes", found: "\(tree.nodes.count - reached) in a circle", allowed: "all below the root")
        }
    }
}
