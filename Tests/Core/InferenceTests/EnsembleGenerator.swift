// Ensembles of any shape, drawn from a seed: all kinds of nodes, deep and shallow, several outputs, in both
// precisions. No library trains such models; evaluators must give what the plain walk gives all the same.
import Inference
import Units

struct EnsembleGenerator {
    private var random: Randomness

    init(seed: UInt64) { random = Randomness(seed: seed) }

    mutating func ensemble() -> TreeEnsemble {
        let single = random.next(below: 2) == 0
        let outputs = [1, 1, 1, 2, 5][random.next(in: 0...4)]
        let features = random.next(in: 1...24)
        var ensemble = TreeEnsemble(
            format: .onnx, featureCount: features, inputs: single ? .single : .double,
            sums: single ? .single : .double, outputCount: outputs)
        ensemble.tinyIsZero = random.next(below: 4) == 0
        ensemble.categoryRule = [.truncated, .nonnegative, .whole][random.next(in: 0...2)]
        if outputs > 1, random.next(below: 2) == 0 { ensemble.leafWidth = outputs }
        ensemble.bases = (0..<outputs).map { _ in number(single) }
        if random.next(below: 3) == 0 { ensemble.offsets = (0..<outputs).map { _ in number(single) } }
        if random.next(below: 3) == 0 { (ensemble.divisor, ensemble.scale) = (3, 0.5) }
        ensemble.categorySets = (0..<random.next(in: 1...6)).map { _ in
            CategorySet(
                words: (0..<random.next(in: 0...3)).map { _ in UInt32(truncatingIfNeeded: random.next()) })
        }
        let leaves = [1, 2, 8, 31, 32, 33, 64, 65, 200][random.next(in: 0...8)]
        // Few thresholds make many nodes of one; many need several levels of a search.
        let grain = [2.0, 16, 4096][random.next(in: 0...2)]
        for _ in 0..<[1, 3, 40, 150][random.next(in: 0...3)] {
            ensemble.trees.append(tree(random.next(in: 1...leaves), ensemble, single, grain))
        }
        return ensemble
    }

    private mutating func number(_ single: Bool) -> Double {
        let value = random.nextUnit() * 2 - 1
        return single ? Double(Float(value)) : value
    }

    private mutating func tree(_ leaves: Int, _ ensemble: TreeEnsemble, _ single: Bool, _ grain: Double)
        -> DecisionTree
    {
        var nodes: [TreeNode] = []
        // A leaf that is chosen becomes a node with two leaves, until there are enough.
        var open: [(parent: Int, isLeft: Bool)] = []
        for index in 0..<leaves - 1 {
            if index > 0 {
                let (parent, isLeft) = open.remove(at: random.next(in: 0...open.count - 1))
                if isLeft { nodes[parent].left = .node(index) } else { nodes[parent].right = .node(index) }
            }
            nodes.append(node(ensemble, single, grain))
            open += [(index, true), (index, false)]
        }
        // Numbers of leaves in any order.
        open.shuffle(using: &random)
        for (leaf, place) in open.enumerated() {
            if place.isLeft {
                nodes[place.parent].left = .leaf(leaf)
            } else {
                nodes[place.parent].right = .leaf(leaf)
            }
        }
        let output = ensemble.leafWidth > 1 ? 0 : random.next(in: 0...ensemble.outputCount - 1)
        return DecisionTree(
            nodes: nodes, leafValues: (0..<leaves * ensemble.leafWidth).map { _ in number(single) },
            output: output)
    }

    private mutating func node(_ ensemble: TreeEnsemble, _ single: Bool, _ grain: Double) -> TreeNode {
        let threshold = (number(single) * grain).rounded() / grain * 2
        let split: TreeSplit =
            switch random.next(below: 8) {
            case 0: .isIn(set: random.next(in: 0...ensemble.categorySets.count - 1))
            case 1: .below(threshold)
            case 2:
                .atMost([.infinity, -.infinity, 0, -0.0, MissingValues.zeroBound][random.next(in: 0...4)])
            default: .atMost(single ? Double(Float(threshold)) : threshold)
            }
        var missing: [MissingValues] = [.nothing, .zeroOrNaN, .nan]
        if case .isIn = split { missing.remove(at: 1) }
        return TreeNode(
            feature: random.next(in: 0...ensemble.featureCount - 1), split: split,
            missing: missing[random.next(in: 0...missing.count - 1)],
            missingGoesLeft: random.next(below: 2) == 0, left: .leaf(0), right: .leaf(0))
    }

    /// Rows on thresholds, beside them, and what is odd anywhere.
    mutating func rows(_ ensemble: TreeEnsemble, count: Int) -> [[Double]] {
        var special: [[Double]] = Array(
            repeating: [
                0, -0.0, .nan, .infinity, -.infinity, 1e12, -1e12, -0.5, 0.5, 33, 31, 1e-35, 1e300,
                Double.leastNonzeroMagnitude,
            ],
            count: ensemble.featureCount)
        for tree in ensemble.trees {
            for node in tree.nodes {
                switch node.split {
                case .atMost(let threshold), .below(let threshold):
                    let value = Float(threshold)
                    special[node.feature] += [
                        threshold, threshold.nextUp, threshold.nextDown, Double(value.nextUp),
                        Double(value.nextDown),
                    ]
                case .isIn: special[node.feature] += [Double(random.next(in: 0...99))]
                }
            }
        }
        return (0..<count).map { _ in special.map { $0[random.next(in: 0...$0.count - 1)] } }
    }
}
