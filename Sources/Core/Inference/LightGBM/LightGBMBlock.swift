// The block of one tree in LightGBM's text: lists with one number for each node or each leaf.

struct LightGBMBlock {
    private let start: ModelLines.Line
    private var lines: [String: ModelLines.Line] = [:]

    /// What predictions need of a block; the rest is about training.
    private static let known: Set<String> = [
        "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child",
        "leaf_value", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features",
        "leaf_features", "leaf_coeff",
    ]

    init(_ start: ModelLines.Line) { self.start = start }

    mutating func take(_ line: ModelLines.Line) throws(ModelRefused) {
        guard Self.known.contains(line.key) else { return }
        guard lines.updateValue(line, forKey: line.key) == nil else {
            throw line.refused("it a second time", "each key once in a tree")
        }
    }

    private func needed(_ key: String) throws(ModelRefused) -> ModelLines.Line {
        guard let line = lines[key] else {
            throw ModelRefused("line \(start.number)", found: "no \(key)", allowed: "\(key)=…")
        }
        return line
    }

    func tree(_ sets: inout [CategorySet], output: Int) throws(ModelRefused) -> DecisionTree {
        let leaves = try needed("num_leaves").whole(1...EnsembleLimits.nodes)
        let values = try needed("leaf_value").numbers(leaves)
        let firstSet = sets.count
        try takeSets(&sets)
        var tree = DecisionTree(
            nodes: leaves == 1 ? [] : try nodes(leaves - 1, firstSet, sets.count), leafValues: values,
            output: output)
        if try lines["is_linear"]?.whole(0...1) == 1 { tree.linearLeaves = try linearLeaves(leaves) }
        return tree
    }

    private func takeSets(_ sets: inout [CategorySet]) throws(ModelRefused) {
        let count = try lines["num_cat"]?.whole(0...EnsembleLimits.nodes) ?? 0
        guard count > 0 else { return }
        let boundariesLine = try needed("cat_boundaries")
        let most = EnsembleLimits.nodes
        let boundaries = try boundariesLine.wholes(count + 1, 0...most)
        let words = try needed("cat_threshold").wholes(boundaries[count], 0...Int(UInt32.max))
        for index in 0..<count {
            let (from, to) = (boundaries[index], boundaries[index + 1])
            guard from <= to, index > 0 || from == 0, to <= words.count else {
                throw boundariesLine.refused("\(from), then \(to)", "numbers from 0 up that do not go back")
            }
            sets.append(CategorySet(words: words[from..<to].map(UInt32.init)))
        }
    }

    private func nodes(_ count: Int, _ firstSet: Int, _ setCount: Int) throws(ModelRefused) -> [TreeNode] {
        let features = try needed("split_feature").wholes(count, 0...EnsembleLimits.features)
        let thresholdLine = try needed("threshold")
        let thresholds = try thresholdLine.numbers(count)
        // A model that old has none: all its splits are plain comparisons.
        let typeLine = lines["decision_type"]
        let types = try typeLine?.wholes(count, 0...255) ?? [Int](repeating: 0, count: count)
        let left = try needed("left_child").wholes(count, -count - 1...count)
        let right = try needed("right_child").wholes(count, -count - 1...count)
        var nodes: [TreeNode] = []
        nodes.reserveCapacity(count)
        for index in 0..<count {
            let type = types[index]
            var missing: MissingValues
            switch type >> 2 & 3 {
            case 0: missing = .nothing
            case 1: missing = .zeroOrNaN
            case 2: missing = .nan
            default:
                throw (typeLine ?? start).refused(
                    "\(type) as value \(index)", "a missing type of 0, 1 or 2 in bits 2 and 3")
            }
            let split: TreeSplit
            if type & 1 == 1 {
                // Of a category nothing counts as missing: NaN is in no set.
                missing = .nothing
                let place = thresholds[index]
                guard place >= 0, place < Double(setCount - firstSet) else {
                    throw thresholdLine.refused(
                        "\(place) as value \(index)",
                        "one of the tree's \(setCount - firstSet) sets of categories")
                }
                split = .isIn(set: firstSet + Int(place))
            } else {
                guard !thresholds[index].isNaN else {
                    throw thresholdLine.refused("NaN as value \(index)", "a number")
                }
                split = .atMost(thresholds[index])
            }
            nodes.append(
                TreeNode(
                    feature: features[index], split: split, missing: missing,
                    missingGoesLeft: type & 2 == 2, left: child(left[index]), right: child(right[index])))
        }
        return nodes
    }

    private func child(_ number: Int) -> TreeChild { number < 0 ? .leaf(~number) : .node(number) }

    private func linearLeaves(_ leaves: Int) throws(ModelRefused) -> [LinearLeaf] {
        let constants = try needed("leaf_const").numbers(leaves)
        let counts = try needed("num_features").wholes(leaves, 0...EnsembleLimits.features)
        var total = 0
        for count in counts { total += count }
        let features = try needed("leaf_features").wholes(total, 0...EnsembleLimits.features)
        let coefficients = try needed("leaf_coeff").numbers(total)
        var (all, at): ([LinearLeaf], Int) = ([], 0)
        for leaf in 0..<leaves {
            let range = at..<at + counts[leaf]
            all.append(
                LinearLeaf(
                    constant: constants[leaf], features: Array(features[range]),
                    coefficients: Array(coefficients[range])))
            at = range.upperBound
        }
        return all
    }
}
