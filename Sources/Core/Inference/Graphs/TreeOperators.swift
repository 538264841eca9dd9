// The tree ensembles of ai.onnx.ml, of both generations: both become the ensemble that all readers of trees
// give, and are evaluated by the same evaluators.
import CSIMD

/// Trees as ONNX lists them, before they are a tree each.
private struct ListedTrees {
    enum Child {
        case node(Int)
        case leaf(Int)
    }

    struct Node {
        var feature: Int
        var mode: Int
        var threshold: Double
        /// For mode 6: what the feature may be.
        var members: [Double] = []
        var whenTrue: Child
        var whenFalse: Child
        var missingIsTrue: Bool
    }

    var nodes: [Node] = []
    /// For each leaf the outputs that it adds to, each once.
    var leaves: [[(output: Int, weight: Double)]] = []
    var roots: [Child] = []

    /// What the modes of the first generation are called, in the order of the second's numbers.
    static let modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]

    func ensemble(_ features: Int, _ outputs: Int, _ precision: TreeEnsemble.Precision) throws(ModelRefused)
        -> TreeEnsemble
    {
        var ensemble = TreeEnsemble(
            format: .onnx, featureCount: features, inputs: precision, sums: precision, outputCount: outputs)
        ensemble.categoryRule = .whole
        // Where each tree adds to one output, its leaves have one value; else they have one for each output.
        if leaves.allSatisfy({ $0.count <= 1 }), try fill(&ensemble, isNarrow: true) { return ensemble }
        ensemble.leafWidth = outputs
        _ = try fill(&ensemble, isNarrow: false)
        return ensemble
    }

    /// Whether that was possible.
    private func fill(_ ensemble: inout TreeEnsemble, isNarrow: Bool) throws(ModelRefused) -> Bool {
        ensemble.trees = []
        ensemble.categorySets = []
        var seen = [Bool](repeating: false, count: nodes.count)
        for (number, root) in roots.enumerated() {
            do {
                guard let tree = try tree(root, &seen, &ensemble, isNarrow) else { return false }
                ensemble.trees.append(tree)
            } catch {
                throw error.within("tree \(number)")
            }
        }
        return true
    }

    /// A tree, or nil where its leaves should have one value and do not.
    private func tree(
        _ root: Child, _ seen: inout [Bool], _ ensemble: inout TreeEnsemble, _ isNarrow: Bool
    ) throws(ModelRefused) -> DecisionTree? {
        var tree = DecisionTree(nodes: [], leafValues: [])
        var output: Int?
        var leafCount = 0
        /// What is still to be placed: a child, and the node and side that wait for it.
        var waiting: [(child: Child, parent: Int, isLeft: Bool)] = [(root, -1, true)]
        while let (child, parent, isLeft) = waiting.popLast() {
            let placed: TreeChild
            switch child {
            case .leaf(let leaf):
                guard leaves.indices.contains(leaf) else {
                    throw ModelRefused("", found: "leaf \(leaf)", allowed: "below \(leaves.count)")
                }
                placed = .leaf(leafCount)
                leafCount += 1
                var values = [Double](repeating: 0, count: ensemble.leafWidth)
                for (target, weight) in leaves[leaf] {
                    guard (0..<ensemble.outputCount).contains(target) else {
                        throw ModelRefused(
                            "leaf \(leaf)", found: "output \(target)",
                            allowed: "below \(ensemble.outputCount)")
                    }
                    if isNarrow {
                        guard output == nil || output == target else { return nil }
                        output = target
                        values[0] = weight
                    } else {
                        values[target] = weight
                    }
                }
                tree.leafValues += values
            case .node(let index):
                guard nodes.indices.contains(index), !seen[index] else {
                    throw ModelRefused(
                        "",
                        found: nodes.indices.contains(index)
                            ? "node \(index) twice: a circle?" : "node \(index)",
                        allowed: "below \(nodes.count), each the child of one other")
                }
                seen[index] = true
                placed = .node(tree.nodes.count)
                let node = nodes[index]
                let isSwapped = [2, 3, 5].contains(node.mode)
                // What is no number is unequal to everything.
                let isTrueOfNaN = node.missingIsTrue || node.mode == 5
                // Its children are known once they are placed.
                tree.nodes.append(
                    TreeNode(
                        feature: node.feature, split: try split(node, index, &ensemble), missing: .nan,
                        missingGoesLeft: isTrueOfNaN != isSwapped, left: .leaf(0), right: .leaf(0)))
                let place = tree.nodes.count - 1
                waiting.append((isSwapped ? node.whenTrue : node.whenFalse, place, false))
                waiting.append((isSwapped ? node.whenFalse : node.whenTrue, place, true))
            }
            if parent >= 0 {
                if isLeft { tree.nodes[parent].left = placed } else { tree.nodes[parent].right = placed }
            }
        }
        tree.output = output ?? 0
        return tree
    }

    /// What goes left. What is true of larger numbers is false of the others: its children are swapped.
    private func split(_ node: Node, _ index: Int, _ ensemble: inout TreeEnsemble) throws(ModelRefused)
        -> TreeSplit
    {
        switch node.mode {
        case 0, 3: return .atMost(node.threshold)
        case 1, 2: return .below(node.threshold)
        case 4, 5, 6:
            var words: [UInt32] = []
            for member in node.mode == 6 ? node.members : [node.threshold] {
                guard let category = Int(exactly: member), (0..<EnsembleLimits.categories).contains(category)
                else {
                    throw ModelRefused(
                        "node \(index)", found: "a test for \(member)",
                        allowed: "whole numbers from 0 to \(EnsembleLimits.categories - 1)")
                }
                while words.count <= category / 32 { words.append(0) }
                words[category / 32] |= 1 << UInt32(category % 32)
            }
            ensemble.categorySets.append(CategorySet(words: words))
            return .isIn(set: ensemble.categorySets.count - 1)
        default: throw ModelRefused("node \(index)", found: "mode \(node.mode)", allowed: "0 to 6")
        }
    }
}

extension GraphCompiler {
    mutating func treeEnsemble(_ call: inout GraphCall) throws(ModelRefused) -> [GraphValue] {
        var value = try call.numbers(0)
        if value.type == .int { value = try convert(value, to: .float) }
        guard value.shape.isBatched, value.shape.dimensions.count == 1 else {
            throw ModelRefused("input 0", found: value.shape.text, allowed: "rows of features")
        }
        switch call.node.operation {
        case "TreeEnsembleRegressor":
            let targets = try call.int("n_targets", 1)
            guard (1...Int64(EnsembleLimits.outputs)).contains(targets) else {
                throw ModelRefused(
                    "attribute 'n_targets'", found: "\(targets)", allowed: "1 to \(EnsembleLimits.outputs)")
            }
            let listed = try listedTrees(&call, "target")
            let scores = try sums(
                &call, value, listed, Int(targets), try call.text("aggregate_function", "SUM"))
            return [try transformed(scores, try call.text("post_transform", "NONE"))]
        case "TreeEnsemble": return [try secondGeneration(&call, value)]
        default: return try treeClassifier(&call, value)
        }
    }

    /// The raw scores of an ensemble: its leaves added, and then its bases.
    private mutating func sums(
        _ call: inout GraphCall, _ value: GraphValue, _ listed: ListedTrees, _ outputs: Int,
        _ aggregate: String,
        hasBases: Bool = true
    ) throws(ModelRefused) -> GraphValue {
        let precision: TreeEnsemble.Precision = value.type == .double ? .double : .single
        var ensemble = try listed.ensemble(value.shape.count, outputs, precision)
        switch aggregate {
        case "SUM": break
        case "AVERAGE": ensemble.divisor = Double(max(listed.roots.count, 1))
        default: throw ModelRefused("aggregation", found: aggregate, allowed: "SUM and AVERAGE")
        }
        if hasBases, let bases = try numbers(&call, "base_values"), !bases.isEmpty {
            guard bases.count == outputs else {
                throw ModelRefused("attribute 'base_values'", found: "\(bases.count)", allowed: "\(outputs)")
            }
            ensemble.offsets = bases
        }
        let model: Model
        do { model = try Model(copying: ModelCompiler.compile(.trees(ensemble))) } catch let error
            as ModelRefused
        {
            throw error
        } catch {
            throw ModelRefused("", found: "trees that no evaluator takes: \(error)", allowed: "smaller ones")
        }
        trees(model)
        var step = GraphStep(code: .trees, type: value.type, a: value.operand)
        step.n0 = build.trees.count - 1
        let scores = try build.emit(step, type: value.type, shape: .batched([outputs]))
        return call.node.operation == "TreeEnsemble" ? scores : try convert(scores, to: .float)
    }

    private mutating func trees(_ model: Model) { build.trees.append(GraphTrees(model: model)) }

    /// Numbers of an attribute, or of the tensor that stands for it since version 3.
    private mutating func numbers(_ call: inout GraphCall, _ name: String) throws(ModelRefused) -> [Double]? {
        if let tensor = try call.tensor("\(name)_as_tensor") {
            return try doubles(of: tensor, "attribute '\(name)_as_tensor'")
        }
        return try call.floats(name)?.map { Double($0) }
    }

    private mutating func listedTrees(_ call: inout GraphCall, _ kind: String) throws(ModelRefused)
        -> ListedTrees
    {
        call.ignore("nodes_hitrates", "nodes_hitrates_as_tensor")
        func places(_ name: String) throws(ModelRefused) -> [Int64] { try call.ints(name) ?? [] }
        let (treeIDs, nodeIDs) = (try places("nodes_treeids"), try places("nodes_nodeids"))
        let (features, missing) = (
            try places("nodes_featureids"), try places("nodes_missing_value_tracks_true")
        )
        let (whenTrue, whenFalse) = (try places("nodes_truenodeids"), try places("nodes_falsenodeids"))
        let modes = try call.texts("nodes_modes") ?? []
        let thresholds = try numbers(&call, "nodes_values") ?? []
        let count = treeIDs.count
        guard count > 0, nodeIDs.count == count, features.count == count, whenTrue.count == count,
            whenFalse.count == count, modes.count == count, thresholds.count == count,
            missing.isEmpty || missing.count == count
        else {
            throw ModelRefused(
                "nodes", found: "lists of other lengths than \(count)", allowed: "one entry for each node")
        }
        struct Place: Hashable {
            let tree: Int64
            let node: Int64
        }
        var listed = ListedTrees()
        var children: [Place: ListedTrees.Child] = [:]
        var roots: [Int64: Int] = [:]
        var leaves: [Place: Int] = [:]
        var branches: [Int] = []
        for index in 0..<count {
            let place = Place(tree: treeIDs[index], node: nodeIDs[index])
            let child: ListedTrees.Child
            if modes[index] == "LEAF" {
                leaves[place] = listed.leaves.count
                child = .leaf(listed.leaves.count)
                listed.leaves.append([])
            } else {
                child = .node(branches.count)
                branches.append(index)
            }
            guard children.updateValue(child, forKey: place) == nil else {
                throw ModelRefused(
                    "node \(index)", found: "tree \(place.tree), node \(place.node) twice", allowed: "once")
            }
            // The first node of a tree is its root.
            if roots.updateValue(0, forKey: place.tree) == nil { listed.roots.append(child) }
        }
        for index in branches {
            let tree = treeIDs[index]
            guard let mode = ListedTrees.modes.firstIndex(of: modes[index]) else {
                throw ModelRefused(
                    "node \(index)", found: "mode \(modes[index])",
                    allowed: ListedTrees.modes.joined(separator: ", "))
            }
            guard let yes = children[Place(tree: tree, node: whenTrue[index])],
                let no = children[Place(tree: tree, node: whenFalse[index])]
            else {
                throw ModelRefused(
                    "node \(index)", found: "a child that is not there", allowed: "nodes of tree \(tree)")
            }
            listed.nodes.append(
                .init(
                    feature: Int(features[index]), mode: mode, threshold: thresholds[index], whenTrue: yes,
                    whenFalse: no, missingIsTrue: !missing.isEmpty && missing[index] != 0))
        }
        let (leafTrees, leafNodes) = (try places("\(kind)_treeids"), try places("\(kind)_nodeids"))
        let outputs = try places("\(kind)_ids")
        let weights = try numbers(&call, "\(kind)_weights") ?? []
        guard leafTrees.count == leafNodes.count, outputs.count == leafTrees.count,
            weights.count == leafTrees.count
        else {
            throw ModelRefused(
                "leaves", found: "lists of other lengths than \(leafTrees.count)",
                allowed: "one entry for each weight")
        }
        for index in leafTrees.indices {
            guard let leaf = leaves[Place(tree: leafTrees[index], node: leafNodes[index])],
                !listed.leaves[leaf].contains(where: { $0.output == Int(outputs[index]) })
            else {
                throw ModelRefused(
                    "weight \(index)",
                    found: "tree \(leafTrees[index]), node \(leafNodes[index]), output \(outputs[index])",
                    allowed: "leaves, and each output once")
            }
            listed.leaves[leaf].append((Int(outputs[index]), weights[index]))
        }
        return listed
    }

    private mutating func secondGeneration(_ call: inout GraphCall, _ value: GraphValue) throws(ModelRefused)
        -> GraphValue
    {
        call.ignore("nodes_hitrates")
        func places(_ name: String) throws(ModelRefused) -> [Int64] { try call.ints(name) ?? [] }
        func tensor(_ name: String) throws(ModelRefused) -> [Double] {
            guard let tensor = try call.tensor(name) else { return [] }
            return try doubles(of: tensor, "attribute '\(name)'")
        }
        let features = try places("nodes_featureids")
        let (whenTrue, whenFalse) = (try places("nodes_truenodeids"), try places("nodes_falsenodeids"))
        let (trueLeaves, falseLeaves) = (try places("nodes_trueleafs"), try places("nodes_falseleafs"))
        let missing = try places("nodes_missing_value_tracks_true")
        let (modes, thresholds) = (try tensor("nodes_modes"), try tensor("nodes_splits"))
        let count = features.count
        guard whenTrue.count == count, whenFalse.count == count, trueLeaves.count == count,
            falseLeaves.count == count,
            modes.count == count, thresholds.count == count, missing.isEmpty || missing.count == count
        else {
            throw ModelRefused(
                "nodes", found: "lists of other lengths than \(count)", allowed: "one entry for each node")
        }
        let (targets, weights) = (try places("leaf_targetids"), try tensor("leaf_weights"))
        guard targets.count == weights.count else {
            throw ModelRefused(
                "leaves", found: "\(targets.count) targets for \(weights.count) weights", allowed: "as many")
        }
        var listed = ListedTrees()
        listed.leaves = zip(targets, weights).map { [(Int($0), $1)] }
        // Sets stand one behind the other, with a NaN behind each.
        var sets = try tensor("membership_values").split(
            omittingEmptySubsequences: false, whereSeparator: \.isNaN)[...]
        func child(_ place: Int64, _ isLeaf: Int64) -> ListedTrees.Child {
            isLeaf != 0 ? .leaf(Int(place)) : .node(Int(place))
        }
        for index in 0..<count {
            var node = ListedTrees.Node(
                feature: Int(features[index]), mode: Int(modes[index]), threshold: thresholds[index],
                whenTrue: child(whenTrue[index], trueLeaves[index]),
                whenFalse: child(whenFalse[index], falseLeaves[index]),
                missingIsTrue: !missing.isEmpty && missing[index] != 0)
            if node.mode == 6 {
                guard let members = sets.popFirst() else {
                    throw ModelRefused(
                        "node \(index)", found: "no membership_values", allowed: "one set for each such node")
                }
                node.members = Array(members)
            }
            listed.nodes.append(node)
        }
        for root in try places("tree_roots") {
            guard (0..<Int64(count)).contains(root) else {
                throw ModelRefused("attribute 'tree_roots'", found: "\(root)", allowed: "below \(count)")
            }
            // A tree of one leaf is a node with the same leaf on both sides.
            let place = Int(root)
            let isOne =
                trueLeaves[place] != 0 && falseLeaves[place] != 0 && whenTrue[place] == whenFalse[place]
            listed.roots.append(isOne ? .leaf(Int(whenTrue[place])) : .node(place))
        }
        let outputs = try call.int("n_targets", 1)
        guard (1...Int64(EnsembleLimits.outputs)).contains(outputs) else {
            throw ModelRefused(
                "attribute 'n_targets'", found: "\(outputs)", allowed: "1 to \(EnsembleLimits.outputs)")
        }
        let aggregates = ["AVERAGE", "SUM", "MIN", "MAX"]
        let transforms = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]
        let (aggregate, transform) = (
            try call.int("aggregate_function", 1), try call.int("post_transform", 0)
        )
        guard aggregates.indices.contains(Int(aggregate)), transforms.indices.contains(Int(transform)) else {
            throw ModelRefused(
                "", found: "aggregation \(aggregate), transform \(transform)",
                allowed: "numbers that ONNX names")
        }
        let scores = try sums(&call, value, listed, Int(outputs), aggregates[Int(aggregate)], hasBases: false)
        return try transformed(scores, transforms[Int(transform)])
    }

    private mutating func treeClassifier(_ call: inout GraphCall, _ value: GraphValue) throws(ModelRefused)
        -> [GraphValue]
    {
        let classes = try classLabels(&call, "classlabels_int64s", "classlabels_strings")
        let count = classes.names.count
        let listed = try listedTrees(&call, "class")
        let weights = listed.leaves.flatMap { $0 }
        let transform = try call.text("post_transform", "NONE")
        if count == 2, !weights.isEmpty, weights.allSatisfy({ $0.output == 0 }) {
            return try binaryTrees(
                &call, value, listed, classes, transform, weights.allSatisfy { $0.weight >= 0 })
        }
        let scores = try sums(&call, value, listed, count, "SUM")
        var step = GraphStep(code: .reduce(.firstLargest), type: .float, a: scores.operand)
        (step.n0, step.n1) = (1, count)
        let place = try build.emit(step, type: .int, shape: .batched([]))
        var values = try transformed(scores, transform)
        values.labels = classes.names
        return [try label(place, classes), values]
    }

    /// Two classes and one score, which is that of the second one. Where no weight is below zero it is a
    /// probability, else something whose sign decides; ONNX leaves this open, and this is what ONNX Runtime
    /// does.
    private mutating func binaryTrees(
        _ call: inout GraphCall, _ value: GraphValue, _ listed: ListedTrees,
        _ classes: (names: [String], numbers: [Int64]?), _ transform: String, _ isProbability: Bool
    ) throws(ModelRefused) -> [GraphValue] {
        if let bases = try numbers(&call, "base_values"), bases.count > 1 {
            throw ModelRefused("attribute 'base_values'", found: "\(bases.count) for one score", allowed: "1")
        }
        let score = try sums(&call, value, listed, 1, "SUM")
        let bound = try build.constant([Float(isProbability ? 0.5 : 0)], .float)
        var place = try binary(.less, bound, score)
        place.shape.dimensions = []
        var other: GraphValue
        var ours = score
        if isProbability {
            other = try binary(.subtract, build.constant([Float(1)], .float), score)
        } else {
            guard transform == "NONE" || transform == "LOGISTIC" else {
                throw ModelRefused(
                    "attribute 'post_transform'", found: transform, allowed: "NONE and LOGISTIC for one score"
                )
            }
            other = try unary(.negative, score)
            if transform == "LOGISTIC" {
                other = try unary(.sigmoid, other)
                ours = try unary(.sigmoid, score)
            }
        }
        var values = try joined([other, ours], call, 1)
        values.labels = classes.names
        return [try label(place, classes), values]
    }
}

/// A compiled ensemble within a graph.
struct GraphTrees: Sendable {
    let model: Model
}

/// What a workspace keeps for one ensemble.
final class GraphTreeRoom {
    private let model: Model
    private var scratch: ModelScratch
    private let scores: AlignedBytes

    init(_ trees: GraphTrees) {
        model = trees.model
        scratch = ModelScratch(for: trees.model)
        scores = AlignedBytes(count: GraphLimits.rows * trees.model.outputCount * 8)
    }

    func run(_ step: GraphStep, _ frame: GraphFrame) {
        let count = frame.rows * step.count
        let kept = unsafe Numbers<Double>(scores.memory.assumingMemoryBound(to: Double.self))
        var sums = unsafe MutableSpan(_unsafeStart: kept.pointer, count: count)
        let values = frame.rows * model.featureCount
        if step.type == .float {
            let from: Numbers<Float> = frame.row(step.a, 0)
            model.score(unsafe Span(_unsafeStart: from.pointer, count: values), into: &sums, &scratch)
            let out: Numbers<Float> = frame.row(step.out, 0)
            for index in 0..<count { out[index] = Float(kept[index]) }
        } else {
            let from: Numbers<Double> = frame.row(step.a, 0)
            model.score(unsafe Span(_unsafeStart: from.pointer, count: values), into: &sums, &scratch)
            let out: Numbers<Double> = frame.row(step.out, 0)
            for index in 0..<count { out[index] = kept[index] }
        }
    }
}
