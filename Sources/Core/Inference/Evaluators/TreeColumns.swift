// The columns of an ensemble: one for each feature and each way in which its nodes look at it. A value
// becomes a small whole number, its code, that answers every node of the column; what formats mean by
// missing, by zero and by categories is all in the codes.

/// A way of looking at a feature.
struct ColumnKey: Hashable {
    enum Kind: Hashable { case threshold, category }

    let feature: Int
    let kind: Kind
    let missing: MissingValues
    /// Where missing values go, for evaluators that want it in the code: there they are below all thresholds,
    /// or above.
    let missingGoesLeft: Bool?

    init(_ node: TreeNode, byDirection: Bool) {
        feature = node.feature
        missing = node.missing
        if case .isIn = node.split {
            kind = .category
            missingGoesLeft = nil
        } else {
            kind = .threshold
            missingGoesLeft = byDirection && node.missing != .nothing ? node.missingGoesLeft : nil
        }
    }
}

struct TreeColumn {
    let key: ColumnKey
    /// Sorted, each once. Values up to and with one go left of it: code `k` is above `k` of them.
    var thresholds: [Double] = []
    /// The code of each category that is in some set; 0 is for all others.
    var categoryCodes: [UInt32] = []
    /// The numbers of the sets that hold a code's categories, by code.
    var codeSets: [Set<Int>] = []

    /// Codes from 0 up, the missing one not among them.
    var plainCodes: Int { key.kind == .threshold ? thresholds.count + 1 : codeSets.count }

    /// What a missing value's code is, or nil where nothing is missing.
    var missingCode: Int? {
        if key.missing == .nothing { return nil }
        return key.missingGoesLeft == true ? 0 : plainCodes
    }

    var codeCount: Int { max(plainCodes, (missingCode ?? 0) + 1) }
}

struct TreeColumns {
    private(set) var columns: [TreeColumn] = []
    private var places: [ColumnKey: Int] = [:]
    private let byDirection: Bool
    private let inputs: TreeEnsemble.Precision

    init(_ ensemble: TreeEnsemble, byDirection: Bool) throws(ModelRefused) {
        self.byDirection = byDirection
        inputs = ensemble.inputs
        var thresholds: [Set<Double>] = []
        var sets: [Set<Int>] = []
        for (number, tree) in ensemble.trees.enumerated() {
            for (index, node) in tree.nodes.enumerated() {
                let key = ColumnKey(node, byDirection: byDirection)
                let place = places[key] ?? columns.count
                if place == columns.count {
                    places[key] = place
                    columns.append(TreeColumn(key: key))
                    thresholds.append([])
                    sets.append([])
                }
                if case .isIn(let set) = node.split {
                    sets[place].insert(set)
                } else {
                    guard let threshold = threshold(node) else {
                        throw ModelRefused(
                            "tree \(number), node \(index): threshold",
                            found: "minus infinity, and nothing is below",
                            allowed: "a number")
                    }
                    thresholds[place].insert(threshold)
                }
            }
        }
        for place in columns.indices {
            columns[place].thresholds = thresholds[place].sorted()
            guard thresholds[place].count < ThresholdBlocks.most else {
                throw ModelRefused(
                    "feature \(columns[place].key.feature)", found: "\(thresholds[place].count) thresholds",
                    allowed: "up to \(ThresholdBlocks.most)")
            }
            Self.takeCategories(&columns[place], sets[place].sorted(), ensemble)
        }
    }

    func place(_ node: TreeNode) -> Int {
        guard let place = places[ColumnKey(node, byDirection: byDirection)] else {
            preconditionFailure("a node of no column")
        }
        return place
    }

    /// Where a node's threshold stands in its column.
    func index(_ node: TreeNode, in column: TreeColumn) -> Int {
        guard let threshold = threshold(node) else { preconditionFailure("a node without a threshold") }
        var (low, high) = (0, column.thresholds.count)
        while low < high {
            let middle = (low + high) / 2
            if column.thresholds[middle] < threshold { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The largest value that goes left: what is below a number is up to and with the one before it.
    private func threshold(_ node: TreeNode) -> Double? {
        switch node.split {
        // Zero has two signs and one place.
        case .atMost(let threshold): return threshold == 0 ? 0 : threshold
        case .below(let threshold):
            guard threshold > -.infinity else { return nil }
            guard inputs == .single else { return threshold.nextDown }
            let nearest = Float(threshold)
            return Double(Double(nearest) < threshold ? nearest : nearest.nextDown)
        case .isIn: return nil
        }
    }

    /// Categories that are in the same sets have one code.
    private static func takeCategories(_ column: inout TreeColumn, _ sets: [Int], _ ensemble: TreeEnsemble) {
        guard column.key.kind == .category else { return }
        let most = sets.map { 32 * ensemble.categorySets[$0].words.count }.max() ?? 0
        var codes: [Set<Int>: UInt32] = [[]: 0]
        column.codeSets = [[]]
        column.categoryCodes = [UInt32](repeating: 0, count: most)
        for category in 0..<most {
            let holding = Set(sets.filter { ensemble.categorySets[$0].contains(category) })
            if let code = codes[holding] {
                column.categoryCodes[category] = code
            } else {
                let code = UInt32(column.codeSets.count)
                codes[holding] = code
                column.codeSets.append(holding)
                column.categoryCodes[category] = code
            }
        }
    }
}
