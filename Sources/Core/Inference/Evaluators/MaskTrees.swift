// Trees as bits: one for each leaf, from left to right. A node that answers "right" takes the bits of the
// leaves on its left away.

struct MaskTree {
    struct Node {
        let node: TreeNode
        /// The leaves on its left.
        let left: Range<Int>
    }

    let nodes: [Node]
    /// The tree's own numbers of its leaves, from left to right.
    let leaves: [Int]

    init(_ tree: DecisionTree) {
        guard !tree.nodes.isEmpty else {
            (nodes, leaves) = ([], [0])
            return
        }
        var nodes: [Node] = []
        var leaves: [Int] = []
        // Left first; a node is closed when all on its left is done, which tells where it starts and ends.
        enum Step { case enter(TreeChild), close(node: Int, start: Int) }
        var steps = [Step.enter(.node(0))]
        while let step = steps.popLast() {
            switch step {
            case .enter(.leaf(let leaf)): leaves.append(leaf)
            case .enter(.node(let index)):
                steps.append(.enter(tree.nodes[index].right))
                steps.append(.close(node: index, start: leaves.count))
                steps.append(.enter(tree.nodes[index].left))
            case .close(let index, let start):
                nodes.append(Node(node: tree.nodes[index], left: start..<leaves.count))
            }
        }
        (self.nodes, self.leaves) = (nodes, leaves)
    }
}

extension MaskTree.Node {
    /// What the node leaves when it answers "right".
    var mask: UInt64 {
        let width = UInt64(left.count)
        return ~((width == 64 ? ~0 : 1 << width - 1) << UInt64(left.lowerBound))
    }
}
