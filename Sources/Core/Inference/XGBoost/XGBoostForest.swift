// XGBoost's trees: lists over the nodes, among which leaves and nodes that were pruned stand too. A tree is
// taken from its root on.

struct XGBoostForest {
    private let head: XGBoostHead

    init(_ head: XGBoostHead) { self.head = head }

    func ensemble(_ model: ModelPlace, weights: ModelPlace?) throws(ModelRefused) -> TreeEnsemble {
        let trees = try model.member("trees").elements()
        guard trees.count <= EnsembleLimits.trees else {
            throw try model.member("trees").refused("up to \(EnsembleLimits.trees) trees")
        }
        let outputs = try model.member("tree_info").wholes(trees.count, 0...head.outputCount - 1)
        let drops = try weights?.numbers(trees.count)
        var ensemble = TreeEnsemble(
            format: .xgBoost, featureCount: head.featureCount, inputs: .single, sums: .single,
            outputCount: head.outputCount, bases: head.bases.map(Double.init))
        ensemble.featureNames = head.featureNames
        ensemble.transform = head.transform
        ensemble.categoryRule = .nonnegative
        for (index, tree) in trees.enumerated() {
            var walk = try XGBoostTree(
                tree, ensemble.categorySets.count, weight: drops.map { Float($0[index]) })
            ensemble.trees.append(try walk.tree(output: outputs[index]))
            ensemble.categorySets += walk.sets
        }
        try ensemble.check()
        return ensemble
    }
}

private struct XGBoostTree {
    private let place: ModelPlace
    private let left: [Int]
    private let right: [Int]
    private let features: [Int]
    private let conditions: [Double]
    private let defaultLeft: [Int]
    private let kinds: [Int]
    private let weight: Float?
    /// By node: the categories that go right.
    private var categories: [Int: CategorySet] = [:]
    private let firstSet: Int
    private(set) var sets: [CategorySet] = []

    init(_ place: ModelPlace, _ firstSet: Int, weight: Float?) throws(ModelRefused) {
        self.place = place
        self.firstSet = firstSet
        self.weight = weight
        let parameters = try place.member("tree_param")
        let count = try parameters.member("num_nodes").wholeInText(1...EnsembleLimits.nodes)
        if let width = try parameters.optional("size_leaf_vector") {
            guard try width.wholeInText(0...EnsembleLimits.outputs) <= 1 else {
                throw width.refused("leaves of one value: trees of several targets are not supported")
            }
        }
        left = try place.member("left_children").wholes(count, -1...count - 1)
        right = try place.member("right_children").wholes(count, -1...count - 1)
        features = try place.member("split_indices").wholes(count, 0...Int(UInt32.max))
        conditions = try place.member("split_conditions").numbers(count)
        defaultLeft = try place.member("default_left").wholes(count, 0...1)
        // Versions before 1.3 know no categories.
        kinds = try place.optional("split_type")?.wholes(count, 0...1) ?? Array(repeating: 0, count: count)
        try takeCategories()
    }

    private mutating func takeCategories() throws(ModelRefused) {
        guard let list = try place.optional("categories_nodes") else { return }
        let nodes = try list.wholes(nil, 0...max(left.count - 1, 0))
        guard !nodes.isEmpty else { return }
        let all = try place.member("categories").wholes(nil, 0...EnsembleLimits.categories - 1)
        let starts = try place.member("categories_segments").wholes(nodes.count, 0...all.count)
        let sizes = try place.member("categories_sizes").wholes(nodes.count, 0...all.count)
        for (index, node) in nodes.enumerated() {
            guard starts[index] + sizes[index] <= all.count else {
                throw list.refused("sets inside of categories", found: "set \(index) beyond them")
            }
            let members = all[starts[index]..<starts[index] + sizes[index]]
            var words = [UInt32](repeating: 0, count: (members.max() ?? -1) / 32 + 1)
            for category in members { words[category / 32] |= 1 << UInt32(category % 32) }
            categories[node] = CategorySet(words: members.isEmpty ? [] : words)
        }
    }

    /// Numbers nodes and leaves as they are met. Each is met once, or the tree is refused.
    mutating func tree(output: Int) throws(ModelRefused) -> DecisionTree {
        var nodes: [TreeNode] = []
        var leaves: [Double] = []
        var isMet = [Bool](repeating: false, count: left.count)
        var waiting: [(node: Int, parent: Int, isLeft: Bool)] = [(0, -1, false)]
        while let (node, parent, isLeft) = waiting.popLast() {
            guard !isMet[node] else {
                throw place.refused("a tree", found: "node \(node) below two others, or itself")
            }
            isMet[node] = true
            let child: TreeChild
            if left[node] < 0 {
                child = .leaf(leaves.count)
                leaves.append(try value(node))
            } else {
                guard right[node] >= 0 else {
                    throw place.refused("two children or none", found: "node \(node) with one")
                }
                child = .node(nodes.count)
                waiting.append((right[node], nodes.count, false))
                waiting.append((left[node], nodes.count, true))
                nodes.append(try self.node(node))
            }
            guard parent >= 0 else { continue }
            // Of a category, those in the set go right here and left with us: children change places there.
            if case .isIn = nodes[parent].split {
                if isLeft { nodes[parent].right = child } else { nodes[parent].left = child }
            } else {
                if isLeft { nodes[parent].left = child } else { nodes[parent].right = child }
            }
        }
        return DecisionTree(nodes: nodes, leafValues: leaves, output: output)
    }

    private func value(_ node: Int) throws(ModelRefused) -> Double {
        let value = Float(conditions[node])
        guard value.isFinite else {
            throw place.refused("a finite number", found: "\(value) as the value of leaf \(node)")
        }
        return Double(weight.map { $0 * value } ?? value)
    }

    private mutating func node(_ node: Int) throws(ModelRefused) -> TreeNode {
        // The children are set when they are met.
        let unset = TreeChild.leaf(-1)
        guard features[node] < EnsembleLimits.features else {
            throw place.refused("a feature", found: "\(features[node]) as the feature of node \(node)")
        }
        if kinds[node] == 1 {
            guard let set = categories[node] else {
                throw place.refused("its categories", found: "none for node \(node)")
            }
            sets.append(set)
            return TreeNode(
                feature: features[node], split: .isIn(set: firstSet + sets.count - 1), missing: .nan,
                missingGoesLeft: defaultLeft[node] == 0, left: unset, right: unset)
        }
        let threshold = Float(conditions[node])
        guard !threshold.isNaN else {
            throw place.refused("a number", found: "NaN as the threshold of node \(node)")
        }
        return TreeNode(
            feature: features[node], split: .below(Double(threshold)), missing: .nan,
            missingGoesLeft: defaultLeft[node] == 1, left: unset, right: unset)
    }
}
