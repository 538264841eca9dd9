// Some trees whose masks are worked on together, and what each column does to them: nodes in the order of
// their thresholds, and a table of what they leave together.
import CSIMD

struct MaskBlock {
    /// A node that answers "right", within the block.
    struct Entry {
        var tree: UInt32
        var mask: UInt64
    }

    /// What a column does to the block.
    struct Use {
        var column: Int
        var positions: [UInt16] = []
        /// The fill in front, then the nodes.
        var nodes: [Entry] = []
        /// How many nodes are taken one by one.
        var count = 0
        /// In the table; nil where all nodes are taken one by one.
        var firstRow: Int?
        var shift = 0
    }

    let trees: Range<Int>
    let slots: Int
    /// Masks of one row each, beginning with one that leaves everything.
    private(set) var table: [[UInt64]] = []
    private(set) var uses: [Use] = []

    /// The table of a block may have so many bytes: it should stay in a core's second cache beside what else
    /// is there. Measured by `./dev bench infer` where that has a mebibyte: with half as many, twice as many nodes are
    /// taken one by one, which is most of what a row then costs.
    static let tableBytes = 640 * 1024

    /// Nil where a column has more nodes than its positions can tell.
    init?(_ trees: Range<Int>, _ all: [MaskTree], _ columns: TreeColumns, wide: Bool) {
        self.trees = trees
        let bytes = wide ? 8 : 4
        let rowBytes = (trees.count * bytes + 63) / 64 * 64
        slots = rowBytes / bytes
        var drafts = columns.columns.indices.map { ColumnDraft(columns.columns[$0], $0) }
        for tree in trees {
            for node in all[tree].nodes {
                let place = columns.place(node.node)
                drafts[place].add(node, UInt32(tree - trees.lowerBound), columns)
            }
        }
        drafts.removeAll { $0.isEmpty }
        for index in drafts.indices { drafts[index].finish() }
        // Taking more nodes one by one makes the table smaller: as few as it takes.
        var shift = 0
        while shift < 12, drafts.reduce(0, { $0 + $1.rows(shift) }) * rowBytes > Self.tableBytes {
            shift += 1
        }
        table = [[UInt64](repeating: ~0, count: slots)]
        for draft in drafts {
            guard let use = draft.use(shift, lines: rowBytes / 64, slots: slots, &table) else { return nil }
            uses.append(use)
        }
        // The kernels want those with rows of the table first.
        uses = uses.filter { $0.firstRow != nil } + uses.filter { $0.firstRow == nil }
    }
}

/// What is known of a column while a block is made.
private struct ColumnDraft {
    private let column: TreeColumn
    private let place: Int
    /// Of a column of thresholds: the nodes that answer "right" for codes above an index.
    private var steps: [(index: Int, entry: MaskBlock.Entry)] = []
    /// By code, for codes that are not one beyond the other: the nodes that answer "right".
    private var special: [Int: [MaskBlock.Entry]] = [:]

    init(_ column: TreeColumn, _ place: Int) {
        self.column = column
        self.place = place
    }

    var isEmpty: Bool { steps.isEmpty && special.isEmpty }

    mutating func add(_ node: MaskTree.Node, _ tree: UInt32, _ columns: TreeColumns) {
        let entry = MaskBlock.Entry(tree: tree, mask: node.mask)
        switch node.node.split {
        case .isIn(let set):
            for code in 0..<column.plainCodes where !column.codeSets[code].contains(set) {
                special[code, default: []].append(entry)
            }
        case .atMost, .below: steps.append((columns.index(node.node, in: column), entry))
        }
        if let missing = column.missingCode, !node.node.missingGoesLeft {
            special[missing, default: []].append(entry)
        }
    }

    /// Nodes in their order; of the special codes, one entry for each tree.
    mutating func finish() {
        steps.sort { ($0.index, $0.entry.tree) < ($1.index, $1.entry.tree) }
        for (code, entries) in special {
            var byTree: [UInt32: UInt64] = [:]
            for entry in entries { byTree[entry.tree, default: ~0] &= entry.mask }
            special[code] = byTree.sorted { $0.key < $1.key }.map {
                MaskBlock.Entry(tree: $0.key, mask: $0.value)
            }
        }
    }

    /// How many rows of the table it takes.
    func rows(_ shift: Int) -> Int { steps.count >> shift + 2 + special.count }

    private var specialMost: Int { special.values.map(\.count).max() ?? 0 }

    /// Nil where there are too many positions.
    func use(_ shift: Int, lines: Int, slots: Int, _ table: inout [[UInt64]]) -> MaskBlock.Use? {
        var use = MaskBlock.Use(column: place)
        // One by one costs about three instructions each; a row of the table one for each line and a few to
        // find it.
        let all = max(steps.count, specialMost, 1)
        let isPlain = 3 * all <= lines + 4 + 3 * (1 << shift)
        use.count = isPlain ? all : 1 << shift
        use.shift = shift
        func fill(_ place: Int) -> MaskBlock.Entry { .init(tree: UInt32(slots + place % 8), mask: ~0) }
        use.nodes = (0..<use.count).map(fill) + steps.map(\.entry)
        // Row `k` holds what the first `k` times so many nodes leave.
        var row = [UInt64](repeating: ~0, count: slots)
        var rows = [row]
        if !isPlain {
            for (index, step) in steps.enumerated() {
                row[Int(step.entry.tree)] &= step.entry.mask
                if (index + 1) % use.count == 0 { rows.append(row) }
            }
        }
        place(&use, &rows, isPlain: isPlain, slots: slots, fill)
        guard use.positions.count == column.codeCount else { return nil }
        if !isPlain {
            use.firstRow = table.count
            table += rows
        }
        return use
    }

    /// Positions of all codes; those of special ones lie behind the others, each at a multiple and with a row
    /// of its own.
    private func place(
        _ use: inout MaskBlock.Use, _ rows: inout [[UInt64]], isPlain: Bool, slots: Int,
        _ fill: (Int) -> MaskBlock.Entry
    ) {
        var positions: [Int] = []
        if column.key.kind == .threshold {
            var at = 0
            for code in 0..<column.plainCodes {
                while at < steps.count, steps[at].index < code { at += 1 }
                positions.append(at)
            }
        }
        while use.nodes.count % use.count != 0 { use.nodes.append(fill(use.nodes.count)) }
        var known: [[UInt64]: Int] = [:]
        for code in positions.count..<max(column.codeCount, positions.count) {
            let entries = special[code] ?? []
            let name = entries.flatMap { [UInt64($0.tree), $0.mask] }
            if let there = known[name] {
                positions.append(there)
                continue
            }
            // As many nodes as are taken one by one stand before the position: all of this code, or fill, and
            // its row has them.
            let fits = entries.count <= use.count
            let position = use.nodes.count
            if fits { use.nodes += entries }
            while use.nodes.count < position + use.count { use.nodes.append(fill(use.nodes.count)) }
            if !isPlain {
                while rows.count <= position / use.count {
                    rows.append([UInt64](repeating: ~0, count: slots))
                }
                if !fits {
                    for entry in entries { rows[position / use.count][Int(entry.tree)] &= entry.mask }
                }
            }
            known[name] = position
            positions.append(position)
        }
        guard positions.allSatisfy({ $0 <= Int(UInt16.max) }) else { return }
        use.positions = positions.map { UInt16($0) }
    }
}
