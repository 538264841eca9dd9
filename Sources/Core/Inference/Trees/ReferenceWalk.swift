// An ensemble evaluated as it is written down: node by node, tree by tree. It is slow and plain, and what
// every evaluator is compared with.

extension TreeEnsemble {
    /// The raw scores of one row.
    public func rawScores(_ row: [Double]) -> [Double] {
        precondition(row.count == featureCount, "a row of \(row.count) values for \(featureCount) features")
        let row = row.map(input)
        var sums = bases
        for tree in trees {
            let leaf = leaf(of: row, in: tree)
            for place in 0..<leafWidth {
                let value =
                    tree.linearLeaves.isEmpty
                    ? tree.leafValues[leaf * leafWidth + place]
                    : linear(tree.linearLeaves[leaf], row, otherwise: tree.leafValues[leaf])
                sums[tree.output + place] = self.sums.sum(sums[tree.output + place], value)
            }
        }
        for output in sums.indices { sums[output] = finished(sums[output], output) }
        return sums
    }

    private func input(_ value: Double) -> Double {
        let value = inputs.rounded(value)
        return tinyIsZero && value.magnitude <= MissingValues.zeroBound ? 0 : value
    }

    private func finished(_ sum: Double, _ output: Int) -> Double {
        var sum = sum
        if divisor != 1 { sum = sums.rounded(sum / divisor) }
        if scale != 1 { sum = sums.rounded(sum * scale) }
        if !offsets.isEmpty { sum = sums.sum(sum, offsets[output]) }
        return sum
    }

    private func leaf(of row: [Double], in tree: DecisionTree) -> Int {
        var at = tree.nodes.isEmpty ? TreeChild.leaf(0) : .node(0)
        while true {
            switch at {
            case .leaf(let leaf): return leaf
            case .node(let node):
                let node = tree.nodes[node]
                at = goesLeft(row[node.feature], node) ? node.left : node.right
            }
        }
    }

    func goesLeft(_ value: Double, _ node: TreeNode) -> Bool {
        switch node.missing {
        case .nothing: break
        case .nan: if value.isNaN { return node.missingGoesLeft }
        case .zeroOrNaN:
            if value.isNaN || value.magnitude <= MissingValues.zeroBound { return node.missingGoesLeft }
        }
        switch node.split {
        case .atMost(let threshold): return (value.isNaN ? 0 : value) <= threshold
        case .below(let threshold): return (value.isNaN ? 0 : value) < threshold
        case .isIn(let set):
            return categoryRule.category(of: value).map(categorySets[set].contains) ?? false
        }
    }

    private func linear(_ leaf: LinearLeaf, _ row: [Double], otherwise value: Double) -> Double {
        var sum = leaf.constant
        for (feature, coefficient) in zip(leaf.features, leaf.coefficients) {
            if row[feature].isNaN { return value }
            sum += coefficient * row[feature]
        }
        return sum
    }
}

extension TreeEnsemble.Precision {
    func rounded(_ value: Double) -> Double { self == .double ? value : Double(Float(value)) }

    /// Rounding a sum of two Floats from Double gives what adding Floats does.
    func sum(_ left: Double, _ right: Double) -> Double { rounded(left + right) }
}

extension CategoryRule {
    /// The category that a value is, or nil where it is none.
    public func category(of value: Double) -> Int? {
        switch self {
        case .truncated:
            // What does not fit 32 bits becomes the smallest number there, which is below zero.
            value > -1 && value < 0x1p31 ? Int(value) : nil
        case .nonnegative: value >= 0 && value < 0x1p24 ? Int(value) : nil
        case .whole: value >= 0 && value < 0x1p31 && value == value.rounded(.down) ? Int(value) : nil
        }
    }
}
