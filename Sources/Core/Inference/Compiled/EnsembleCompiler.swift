// From an ensemble to the bytes of a compiled model. Which evaluator a model gets is decided here, once: bits
// for trees of up to 64 leaves, walks for deeper ones.
import CSIMD

public enum ModelCompiler {
    /// Raised whenever the same model is compiled into other bytes, so that nobody takes what an older compiler made of
    /// it for what this one would.
    public static let version = 2

    public static func compile(_ content: ModelContent) throws(ModelRefused) -> [UInt8] {
        switch content {
        case .trees(let ensemble): try EnsembleCompiler(ensemble).compile()
        case .linear(let model): LinearCompiler.compile(model)
        case .graph(let model): model.compile()
        }
    }

    /// Trees with the evaluator that is named, where they can have it: for tests and benches that compare
    /// them.
    public static func compile(_ ensemble: TreeEnsemble, walking: Bool) throws(ModelRefused) -> [UInt8] {
        try EnsembleCompiler(ensemble).compile(walking: walking)
    }
}

struct EnsembleCompiler {
    private let ensemble: TreeEnsemble

    /// A word has no more bits.
    private static let mostMaskLeaves = 64
    /// Trees of a block: their masks fill 512 bytes, eight of the widest vectors.
    private static let blockBytes = 512

    init(_ ensemble: TreeEnsemble) { self.ensemble = ensemble }

    func compile(walking: Bool? = nil) throws(ModelRefused) -> [UInt8] {
        try ensemble.check()
        let most = ensemble.trees.reduce(1) { max($0, $1.nodes.count + 1) }
        if walking != true, most <= Self.mostMaskLeaves, let bytes = try masks(wide: most > 32) {
            return bytes
        }
        guard walking != false else {
            throw ModelRefused(
                "trees", found: "\(most) leaves", allowed: "\(Self.mostMaskLeaves) for evaluation by bits")
        }
        return try walk()
    }

    private func masks(wide: Bool) throws(ModelRefused) -> [UInt8]? {
        let columns = try TreeColumns(ensemble, byDirection: false)
        let all = ensemble.trees.map(MaskTree.init)
        let (width, perBlock) = (wide ? 64 : 32, Self.blockBytes / (wide ? 8 : 4))
        var blocks: [MaskBlock] = []
        for start in stride(from: 0, to: all.count, by: perBlock) {
            guard let block = MaskBlock(start..<min(start + perBlock, all.count), all, columns, wide: wide)
            else {
                return nil
            }
            blocks.append(block)
        }
        var places = [(tree: Int, leaf: Int)?](repeating: nil, count: all.count * width + 1)
        for (tree, one) in all.enumerated() {
            for (place, leaf) in one.leaves.enumerated() { places[tree * width + place] = (tree, leaf) }
        }
        var parts = TreesParts(ensemble, columns, places)
        parts.words[TreesWord.maskBytes.rawValue] = wide ? 8 : 4
        for block in blocks { parts.add(block, wide: wide) }
        return parts.finish()
    }

    private func walk() throws(ModelRefused) -> [UInt8] {
        let columns = try TreeColumns(ensemble, byDirection: true)
        let trees = WalkTrees(ensemble.trees, columns)
        var parts = TreesParts(ensemble, columns, trees.leaves)
        parts.words[TreesWord.isWalk.rawValue] = 1
        parts.words[TreesWord.hasCategories.rawValue] = trees.hasCategories ? 1 : 0
        (parts.steps, parts.roots, parts.bits) = (trees.steps, trees.roots, trees.bits)
        return parts.finish()
    }
}

/// Sections while they are gathered.
private struct TreesParts {
    private let ensemble: TreeEnsemble
    var words = [UInt64](repeating: 0, count: TreesWord.allCases.count)
    private var columns: [UInt32] = []
    private var uses: [UInt32] = []
    private var floats: [Float] = []
    private var doubles: [Double] = []
    private var categories: [UInt32] = []
    private var categoryCodes: [UInt32] = []
    private var blocks: [UInt64] = []
    private var features: [UInt32] = []
    private var positions: [UInt16] = []
    private var nodes: [UInt8] = []
    private var table: [UInt8] = []
    /// Of each place of a leaf: whose it is; nil for one that no row ends in.
    private let places: [(tree: Int, leaf: Int)?]
    var steps: [UInt32] = []
    var roots: [UInt32] = []
    var bits: [UInt32] = []

    init(_ ensemble: TreeEnsemble, _ columns: TreeColumns, _ places: [(tree: Int, leaf: Int)?]) {
        self.ensemble = ensemble
        self.places = places
        set(.inputs, UInt64(ensemble.inputs.rawValue))
        set(.sums, UInt64(ensemble.sums.rawValue))
        set(.leafWidth, UInt64(ensemble.leafWidth))
        set(.divisor, ensemble.divisor.bitPattern)
        set(.scale, ensemble.scale.bitPattern)
        set(.tinyIsZero, ensemble.tinyIsZero ? 1 : 0)
        set(.categoryRule, UInt64(ensemble.categoryRule.number))
        set(.slots, UInt64(columns.columns.count))
        set(.trees, UInt64(ensemble.trees.count))
        for (slot, column) in columns.columns.enumerated() { add(column, slot) }
    }

    private mutating func set(_ word: TreesWord, _ value: UInt64) { words[word.rawValue] = value }

    private mutating func add(_ column: TreeColumn, _ slot: Int) {
        features.append(UInt32(column.key.feature))
        let missing = column.missingCode.map { UInt32($0) } ?? .max
        guard column.key.kind == .threshold else {
            categories += [
                UInt32(column.key.feature), UInt32(slot), UInt32(categoryCodes.count),
                UInt32(column.categoryCodes.count), missing,
            ]
            categoryCodes += column.categoryCodes
            return
        }
        let blocks = ThresholdBlocks(column.thresholds)
        var starts = [UInt32](repeating: 0, count: Int(CSIMD_TREES_LEVELS))
        for (level, thresholds) in blocks.levels.enumerated() {
            starts[level] = UInt32(floats.count)
            // NaN stays NaN, which nothing is above.
            floats += thresholds.map { $0.isNaN ? .nan : Float(notAbove: $0) }
            if ensemble.inputs == .double { doubles += thresholds }
        }
        columns += [UInt32(column.key.feature), UInt32(slot), UInt32(blocks.levels.count)]
        columns += starts
        columns += [column.key.missing.number, missing, ensemble.tinyIsZero ? 1 : 0]
    }

    mutating func add(_ block: MaskBlock, wide: Bool) {
        let bytes = wide ? 8 : 4
        let (useStart, positionStart) = (uses.count / 6, positions.count)
        let (nodeStart, tableStart) = (nodes.count / (2 * bytes), table.count)
        for use in block.uses {
            uses += [
                UInt32(use.column), UInt32(positions.count - positionStart),
                UInt32(nodes.count / (2 * bytes) - nodeStart), UInt32(use.count),
                use.firstRow.map { UInt32($0) } ?? .max, UInt32(use.shift),
            ]
            positions += use.positions
            for node in use.nodes {
                Self.append(UInt64(node.tree), bytes, to: &nodes)
                Self.append(node.mask, bytes, to: &nodes)
            }
        }
        for row in block.table { for mask in row { Self.append(mask, bytes, to: &table) } }
        blocks += [
            block.trees.count, block.slots * bytes, useStart, block.uses.count,
            block.uses.count { $0.firstRow != nil }, positionStart, nodeStart, tableStart,
        ].map { UInt64($0) }
    }

    /// Nobody's own: a copy of whoever appends would hold the bytes too, and each byte would copy all of them.
    private static func append(_ number: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * index))) }
    }

    func finish() -> [UInt8] {
        var writer = CompiledWriter(.trees)
        ModelHead(
            format: ensemble.format, featureCount: ensemble.featureCount, outputCount: ensemble.outputCount,
            transform: ensemble.transform, transformDivisor: ensemble.transformDivisor,
            featureNames: ensemble.featureNames
        ).write(to: &writer)
        writer.add(words)
        writer.add(columns)
        writer.add(uses)
        writer.add(floats)
        writer.add(doubles)
        writer.add(categories)
        writer.add(categoryCodes)
        writer.add(blocks)
        writer.add(features)
        writer.add(positions)
        writer.add(nodes)
        writer.add(table)
        let leaves = leafValues
        if ensemble.sums == .single { writer.add(leaves.map { Float($0) }) } else { writer.add(leaves) }
        writer.add(ensemble.trees.map { UInt32($0.output) })
        writer.add(ensemble.bases)
        writer.add(ensemble.offsets)
        addLinear(to: &writer)
        writer.add(steps)
        writer.add(roots)
        writer.add(bits)
        return writer.finish()
    }

    private var leafValues: [Double] {
        let width = ensemble.leafWidth
        var values: [Double] = []
        values.reserveCapacity(places.count * width)
        for place in places {
            if let (tree, leaf) = place {
                values += ensemble.trees[tree].leafValues[leaf * width..<(leaf + 1) * width]
            } else {
                values += repeatElement(0, count: width)
            }
        }
        return values
    }

    /// Of a leaf that is no line, there are no terms, and the constant is its value.
    private func addLinear(to writer: inout CompiledWriter) {
        guard ensemble.trees.contains(where: { !$0.linearLeaves.isEmpty }) else {
            for _ in 0..<4 { writer.add([UInt8]()) }
            return
        }
        var (starts, constants, features, coefficients): ([UInt32], [Double], [UInt32], [Double]) = (
            [0], [], [], []
        )
        for place in places {
            let tree = place.map { ensemble.trees[$0.tree] }
            if let place, let tree, !tree.linearLeaves.isEmpty {
                let line = tree.linearLeaves[place.leaf]
                constants.append(line.constant)
                features += line.features.map { UInt32($0) }
                coefficients += line.coefficients
            } else {
                constants.append(place.map { ensemble.trees[$0.tree].leafValues[$0.leaf] } ?? 0)
            }
            starts.append(UInt32(features.count))
        }
        writer.add(starts)
        writer.add(constants)
        writer.add(features)
        writer.add(coefficients)
    }
}

extension MissingValues {
    var number: UInt32 {
        switch self {
        case .nothing: CSIMD_TREE_NOTHING.rawValue
        case .zeroOrNaN: CSIMD_TREE_ZERO_OR_NAN.rawValue
        case .nan: CSIMD_TREE_NAN.rawValue
        }
    }
}

extension CategoryRule {
    var number: UInt8 {
        switch self {
        case .truncated: 0
        case .nonnegative: 1
        case .whole: 2
        }
    }

    init?(number: UInt64) {
        switch number {
        case 0: self = .truncated
        case 1: self = .nonnegative
        case 2: self = .whole
        default: return nil
        }
    }
}
