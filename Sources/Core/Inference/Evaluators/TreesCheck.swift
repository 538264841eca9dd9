// Proves of compiled trees that no load can leave them and every walk ends, whatever a row holds. A checksum
// finds accidents; this finds whatever else writes such files.
import CSIMD

struct TreesCheck {
    private let view: TreesView
    private let head: ModelHead

    init(_ view: TreesView, _ head: ModelHead) {
        self.view = view
        self.head = head
    }

    /// The first thing that is wrong, or nil.
    var firstWrong: String? {
        wrongCounts ?? wrongColumns ?? (view.isWalk ? wrongSteps : wrongBlocks) ?? wrongLeaves
    }

    private var wrongCounts: String? {
        guard view.leafWidth >= 1 else { return "leaves without a value" }
        guard unsafe view.bases.count == head.outputCount else {
            return "another number of bases than outputs"
        }
        guard unsafe view.offsets.isEmpty || view.offsets.count == head.outputCount else {
            return "another number of offsets than outputs"
        }
        guard view.isWalk || view.treeCount == 0 || view.maskBytes == 4 || view.maskBytes == 8 else {
            return "masks of \(view.maskBytes) bytes"
        }
        guard unsafe view.outputs.count == view.treeCount else {
            return "another number of outputs than trees"
        }
        for tree in 0..<view.treeCount {
            guard unsafe Int(view.outputs[tree]) + view.leafWidth <= head.outputCount else {
                return "tree \(tree) adds to an output that is none"
            }
        }
        guard unsafe view.slotFeatures.count == view.slots else { return "another number of slots" }
        for slot in 0..<view.slots {
            guard unsafe Int(view.slotFeatures[slot]) < head.featureCount else {
                return "slot \(slot) of no feature"
            }
        }
        return unsafe view.columns.count + view.categoryColumns == view.slots
            ? nil : "slots that nothing fills"
    }

    /// How many codes each slot may hold; nil where a column is wrong, which `wrongColumns` tells.
    private var codeCounts: [Int]? {
        var counts = [Int](repeating: 0, count: view.slots)
        for index in unsafe view.columns.indices {
            guard let count = codeCount(index) else { return nil }
            unsafe counts[Int(view.columns[index].slot)] = count
        }
        for column in 0..<view.categoryColumns {
            let (start, count) = (
                Int(view.category(column, .codeStart)), Int(view.category(column, .codeCount))
            )
            var most: UInt32 = 0
            for place in start..<start + count { most = unsafe max(most, view.categoryCodes[place]) }
            let missing = view.category(column, .missingCode)
            if missing != .max { most = max(most, missing) }
            guard Int(most) < EnsembleLimits.categories + 1 else { return nil }
            counts[Int(view.category(column, .slot))] = Int(most) + 1
        }
        return counts
    }

    private var wrongColumns: String? {
        var isFilled = [Bool](repeating: false, count: view.slots)
        func fill(_ slot: Int) -> Bool {
            guard slot < view.slots, !isFilled[slot] else { return false }
            isFilled[slot] = true
            return true
        }
        guard unsafe view.inputs == .single || view.doubleThresholds.count == view.floatThresholds.count
        else {
            return "another number of doubles than of Floats among thresholds"
        }
        for index in unsafe view.columns.indices {
            let column = unsafe view.columns[index]
            guard fill(Int(column.slot)), Int(column.feature) < head.featureCount, column.missing <= 2,
                column.tiny_is_zero <= 1
            else { return "column \(index)" }
            guard codeCount(index) != nil else { return "the thresholds of column \(index)" }
        }
        for column in 0..<view.categoryColumns {
            let end = Int(view.category(column, .codeStart)) + Int(view.category(column, .codeCount))
            guard fill(Int(view.category(column, .slot))), unsafe end <= view.categoryCodes.count,
                Int(view.category(column, .feature)) < head.featureCount
            else { return "the categories of column \(column)" }
        }
        return codeCounts == nil ? "codes of categories" : nil
    }

    /// One more than the largest code that a search gives: each level must hold every block that the one
    /// above can lead to, in both kinds of thresholds.
    private func codeCount(_ index: Int) -> Int? {
        let column = unsafe view.columns[index]
        let levels = Int(column.levels)
        guard levels >= 1, levels <= CSIMD_TREES_LEVELS else { return nil }
        let starts = [column.starts.0, column.starts.1, column.starts.2, column.starts.3, column.starts.4].map
        { Int($0) }
        var most = 0
        for level in 0..<levels {
            // The largest code so far is the last block that is looked at.
            let end = starts[level] + (most + 1) * CSIMD_TREES_FANOUT
            guard unsafe end <= view.floatThresholds.count else { return nil }
            var count = 0
            for place in end - CSIMD_TREES_FANOUT..<end {
                let isNumber =
                    unsafe !view.floatThresholds[place].isNaN
                    || (view.inputs == .double && !view.doubleThresholds[place].isNaN)
                if isNumber { count += 1 }
            }
            // A block before the last one gives sixteen at most, which is the last one's first.
            most = most * CSIMD_TREES_FANOUT + count
        }
        if column.missing != CSIMD_TREE_NOTHING.rawValue {
            guard column.missing_code < UInt32.max / 2 else { return nil }
            most = max(most, Int(column.missing_code))
        }
        return most + 1
    }

    private var wrongBlocks: String? {
        guard let codes = codeCounts else { return "codes" }
        guard unsafe view.blocks.count % BlockWord.allCases.count == 0 else { return "blocks" }
        var trees = 0
        for block in 0..<view.blockCount {
            for word in BlockWord.allCases where !(0...Int(UInt32.max)).contains(view.block(block, word)) {
                return "\(word) of block \(block)"
            }
            let rowBytes = view.block(block, .rowBytes)
            trees += view.block(block, .trees)
            guard rowBytes % CSIMD_TREES_LINE == 0, rowBytes >= view.block(block, .trees) * view.maskBytes,
                rowBytes <= TreesView.rowBytesMost
            else { return "the rows of block \(block)" }
            let (start, count) = (view.block(block, .useStart), view.block(block, .useCount))
            guard unsafe start + count <= view.uses.count, view.block(block, .usesWithRows) <= count else {
                return "the columns of block \(block)"
            }
            for index in 0..<count {
                if let wrong = wrongUse(
                    block, start + index, codes, hasRows: index < view.block(block, .usesWithRows))
                {
                    return "\(wrong) of column \(index) in block \(block)"
                }
            }
            guard unsafe view.block(block, .tableStart) + rowBytes <= view.table.count else {
                return "the table of block \(block)"
            }
        }
        return trees == view.treeCount ? nil : "blocks of another number of trees"
    }

    private func wrongUse(_ block: Int, _ index: Int, _ codes: [Int], hasRows: Bool) -> String? {
        let use = unsafe view.uses[index]
        guard Int(use.slot) < view.slots else { return "the slot" }
        let positions = view.block(block, .positionStart) + Int(use.positions)
        guard unsafe positions + codes[Int(use.slot)] <= view.positions.count else { return "positions" }
        var most = 0
        for code in 0..<codes[Int(use.slot)] {
            most = unsafe max(most, Int(view.positions[positions + code]))
        }
        let nodes = view.block(block, .nodeStart) + Int(use.nodes)
        let nodeBytes = 2 * view.maskBytes
        guard unsafe nodes + most + Int(use.count) <= view.nodes.count / nodeBytes else { return "nodes" }
        let slots = (view.block(block, .rowBytes) + CSIMD_TREES_SPARE) / view.maskBytes
        for node in nodes..<nodes + most + Int(use.count) {
            let place = unsafe UnsafeRawBufferPointer(view.nodes).loadUnaligned(
                fromByteOffset: node * nodeBytes, as: UInt32.self)
            let high: UInt32 =
                view.maskBytes == 4
                ? 0
                : unsafe UnsafeRawBufferPointer(view.nodes).loadUnaligned(
                    fromByteOffset: node * nodeBytes + 4, as: UInt32.self)
            guard high == 0, Int(place) < slots else { return "node \(node)" }
        }
        guard (use.rows != .max) == hasRows else { return "the place" }
        guard hasRows else { return nil }
        guard use.shift < 16, use.rows < UInt32.max / 2 else { return "rows" }
        let row = Int(use.rows) + most >> Int(use.shift)
        let end = view.block(block, .tableStart) + (row + 1) * view.block(block, .rowBytes)
        return unsafe end <= view.table.count ? nil : "rows"
    }

    private var wrongSteps: String? {
        guard let codes = codeCounts else { return "codes" }
        guard unsafe view.roots.count == view.treeCount else { return "another number of roots than trees" }
        for tree in 0..<view.treeCount {
            guard unsafe Int(view.roots[tree]) < view.steps.count else { return "the root of tree \(tree)" }
        }
        let places = leafPlaces
        for index in unsafe view.steps.indices {
            let step = unsafe view.steps[index]
            let (left, right) = (Int(step.left), Int(step.right))
            let isLeaf = left == index && right == index
            let isCategory = step.slot & UInt32(CSIMD_TREE_CATEGORY) != 0
            let slot = Int(step.slot & ~UInt32(CSIMD_TREE_CATEGORY))
            guard slot < view.slots || (isLeaf && view.slots == 0 && slot == 0),
                !isCategory || view.hasCategories
            else { return "the slot of step \(index)" }
            if isLeaf {
                guard !isCategory, Int(step.bound) < places else { return "leaf \(index)" }
                continue
            }
            // A child stands behind its parent: every walk ends.
            guard left > index, right > index, unsafe max(left, right) < view.steps.count else {
                return "the children of step \(index)"
            }
            if isCategory {
                guard unsafe Int(step.bound) + (codes[slot] + 31) / 32 <= view.bits.count else {
                    return "the categories of step \(index)"
                }
            }
        }
        return nil
    }

    /// How many places of leaves there are, the one behind all of them not counted.
    private var leafPlaces: Int {
        let all = unsafe view.leaves.count / view.leafBytes / view.leafWidth
        return view.isWalk ? all : all - 1
    }

    private var wrongLeaves: String? {
        if !view.isWalk, leafPlaces < view.treeCount * view.leavesPerTree { return "leaves of fewer trees" }
        guard view.isLinear else { return nil }
        let places = leafPlaces + (view.isWalk ? 0 : 1)
        guard unsafe view.linearStarts.count == places + 1, unsafe view.linearConstants.count == places,
            unsafe view.linearFeatures.count == view.linearCoefficients.count, view.leafWidth == 1,
            view.sums == .double
        else { return "linear leaves" }
        guard unsafe Int(view.linearStarts[places]) <= view.linearFeatures.count else {
            return "linear terms"
        }
        for place in 0..<places where unsafe view.linearStarts[place] > view.linearStarts[place + 1] {
            return "the linear terms of leaf \(place)"
        }
        for term in unsafe view.linearFeatures.indices {
            guard unsafe Int(view.linearFeatures[term]) < head.featureCount else {
                return "linear term \(term)"
            }
        }
        return nil
    }
}

extension TreesView {
    /// As large as blocks are compiled; a scratch has room for that.
    static let rowBytesMost = 512
}
