// Trees as steps, for those with more leaves than a word has bits: a node's children stand behind it, and a
// leaf is its own child, so that a walk needs no test where to end.
import CSIMD

struct WalkTrees {
    /// Four words each: slot, bound, left, right.
    private(set) var steps: [UInt32] = []
    private(set) var roots: [UInt32] = []
    private(set) var bits: [UInt32] = []
    /// For each step that is a leaf, in their order: its tree and its number there.
    private(set) var leaves: [(tree: Int, leaf: Int)] = []
    private(set) var hasCategories = false

    init(_ trees: [DecisionTree], _ columns: TreeColumns) {
        var bitsOf: [[Int]: UInt32] = [:]
        for (number, tree) in trees.enumerated() {
            roots.append(UInt32(steps.count / 4))
            add(tree.nodes.isEmpty ? .leaf(0) : .node(0), number, tree, columns, &bitsOf)
        }
    }

    private mutating func add(
        _ root: TreeChild, _ number: Int, _ tree: DecisionTree, _ columns: TreeColumns,
        _ bitsOf: inout [[Int]: UInt32]
    ) {
        // What is to be placed, and the word of its parent that says where.
        var waiting: [(child: TreeChild, word: Int?)] = [(root, nil)]
        while let (child, word) = waiting.popLast() {
            let place = UInt32(steps.count / 4)
            if let word { steps[word] = place }
            switch child {
            case .leaf(let leaf):
                steps += [0, UInt32(leaves.count), place, place]
                leaves.append((number, leaf))
            case .node(let index):
                let node = tree.nodes[index]
                let slot = columns.place(node)
                let column = columns.columns[slot]
                if case .isIn(let set) = node.split {
                    hasCategories = true
                    let goesLeft = (0..<column.codeCount).filter {
                        $0 < column.plainCodes ? column.codeSets[$0].contains(set) : node.missingGoesLeft
                    }
                    steps += [
                        UInt32(slot) | CSIMD_TREE_CATEGORY, takeBits(goesLeft, column.codeCount, &bitsOf), 0,
                        0,
                    ]
                } else {
                    steps += [UInt32(slot), UInt32(columns.index(node, in: column)), 0, 0]
                }
                waiting.append((node.right, steps.count - 1))
                waiting.append((node.left, steps.count - 2))
            }
        }
    }

    private mutating func takeBits(_ codes: [Int], _ count: Int, _ bitsOf: inout [[Int]: UInt32]) -> UInt32 {
        let name = codes + [-count]
        if let there = bitsOf[name] { return there }
        var words = [UInt32](repeating: 0, count: count / 32 + 1)
        for code in codes { words[code / 32] |= 1 << UInt32(code % 32) }
        bitsOf[name] = UInt32(bits.count)
        defer { bits += words }
        return UInt32(bits.count)
    }
}
