// The memory that scoring needs: allocated once by its owner, for one model and one division of its features,
// and used for request after request.
import CSIMD

/// Room to score with one model. A shard keeps one for each of its models.
@safe public struct ModelScratch: ~Copyable, @unchecked Sendable {
    /// Rows are scored so many at a time: enough that a block of trees is worth its way into the cache.
    static let chunk = 128

    /// By feature: whether all rows of a request have the request's value.
    let isShared: [Bool]
    let variant: KernelVariant
    let memory: UnsafeMutableRawPointer
    let layout: ScratchLayout
    let graph: GraphRoom?
    /// Whether `prepare` has been called; without shared features there is nothing to prepare.
    var isPrepared: Bool

    /// - Parameter shared: the features that are the request's own and the same for all rows. None where it is nil.
    public init(for model: Model, shared: Set<Int>? = nil, variant: KernelVariant = .best) {
        precondition(variant.runs, "this machine has no \(variant)")
        let shared = shared ?? []
        precondition(
            shared.allSatisfy { $0 >= 0 && $0 < model.featureCount },
            "a shared feature is one of the model's \(model.featureCount)")
        isShared = (0..<model.featureCount).map(shared.contains)
        self.variant = variant
        isPrepared = shared.isEmpty
        layout = ScratchLayout(model)
        if case .graph(let program) = model.body {
            graph = GraphRoom(program, isShared: isShared)
        } else {
            graph = nil
        }
        unsafe memory = .allocate(byteCount: layout.byteCount, alignment: CompiledFile.alignment)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: layout.byteCount)
        if case .trees(let view) = model.body {
            unsafe view.divideColumns(isShared, layout, memory)
            unsafe view.divideUses(isShared, layout, memory)
            view.prepareMasks(model.outputCount, self)
        }
    }

    deinit { unsafe memory.deallocate() }
}

/// Where everything lies in a scratch.
struct ScratchLayout {
    private(set) var byteCount = 0
    /// The request's row, as Doubles.
    private(set) var request = 0
    /// Codes of the request and of a chunk of rows.
    private(set) var requestCodes = 0
    private(set) var codes = 0
    /// A chunk's values as Floats, where they come as Doubles and are compared as Floats.
    private(set) var floats = 0
    /// The columns, the rows' own first, and how many of those there are.
    private(set) var columns = 0
    private(set) var columnCount = 0
    /// Uses of each block, the rows' own first, and of both how many: four words for each block.
    private(set) var uses = 0
    private(set) var useCounts = 0
    /// What the request leaves of each block's trees.
    private(set) var sharedMasks = 0
    private(set) var masks = 0
    private(set) var sums = 0
    /// The leaf of each tree, for leaves that are lines.
    private(set) var leaves = 0

    init(_ model: Model) {
        request = take(8 * model.featureCount)
        sums = take(8 * ModelScratch.chunk * model.outputCount)
        guard case .trees(let view) = model.body else { return }
        requestCodes = take(4 * view.slots)
        codes = take(4 * ModelScratch.chunk * view.slots)
        floats = take(view.inputs == .single ? 4 * ModelScratch.chunk * model.featureCount : 0)
        columns = take(unsafe MemoryLayout<csimd_tree_column>.stride * view.columns.count)
        columnCount = take(MemoryLayout<Int>.stride)
        uses = take(unsafe MemoryLayout<csimd_tree_use>.stride * view.uses.count)
        useCounts = take(4 * MemoryLayout<Int>.stride * view.blockCount)
        let row = TreesView.rowBytesMost + CSIMD_TREES_SPARE
        sharedMasks = take(row * view.blockCount)
        masks = take(row * CSIMD_TREES_ABREAST)
        leaves = take(4 * view.treeCount)
    }

    private mutating func take(_ bytes: Int) -> Int {
        defer { byteCount += (bytes + 63) / 64 * 64 }
        return byteCount
    }
}
