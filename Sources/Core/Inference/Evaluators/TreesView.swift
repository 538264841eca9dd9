// Compiled trees in memory, ready to score: pointers into the bytes, all of whose numbers were looked at when
// the model was loaded.
import CSIMD

@safe struct TreesView: @unchecked Sendable {
    let inputs: TreeEnsemble.Precision
    let sums: TreeEnsemble.Precision
    let leafWidth: Int
    let divisor: Double
    let scale: Double
    let isWalk: Bool
    let categoryRule: CategoryRule
    let tinyIsZero: Bool
    let maskBytes: Int
    let slots: Int
    let treeCount: Int
    let hasCategories: Bool

    let columns: UnsafeBufferPointer<csimd_tree_column>
    let uses: UnsafeBufferPointer<csimd_tree_use>
    let floatThresholds: UnsafeBufferPointer<Float>
    let doubleThresholds: UnsafeBufferPointer<Double>
    let categories: UnsafeBufferPointer<UInt32>
    let categoryCodes: UnsafeBufferPointer<UInt32>
    let blocks: UnsafeBufferPointer<UInt64>
    let slotFeatures: UnsafeBufferPointer<UInt32>
    let positions: UnsafeBufferPointer<UInt16>
    let nodes: UnsafeBufferPointer<UInt8>
    let table: UnsafeBufferPointer<UInt8>
    let leaves: UnsafeBufferPointer<UInt8>
    let outputs: UnsafeBufferPointer<UInt32>
    let bases: UnsafeBufferPointer<Double>
    let offsets: UnsafeBufferPointer<Double>
    let linearStarts: UnsafeBufferPointer<UInt32>
    let linearConstants: UnsafeBufferPointer<Double>
    let linearFeatures: UnsafeBufferPointer<UInt32>
    let linearCoefficients: UnsafeBufferPointer<Double>
    let steps: UnsafeBufferPointer<csimd_tree_step>
    let roots: UnsafeBufferPointer<UInt32>
    let bits: UnsafeBufferPointer<UInt32>

    init(_ file: CompiledFile, _ head: ModelHead) throws(CompiledRefused) {
        guard file.sectionCount == TreesSection.allCases.count + ModelHead.sections else {
            throw file.refused("\(file.sectionCount) sections")
        }
        func section<Number: BitwiseCopyable>(_ section: TreesSection, _ type: Number.Type)
            -> UnsafeBufferPointer<
                Number
            >
        { unsafe file.numbers(section.rawValue, type) }
        let words = unsafe section(.words, UInt64.self)
        guard words.count == TreesWord.allCases.count else { throw file.refused("\(words.count) words") }
        func word(_ word: TreesWord) -> UInt64 { unsafe words[word.rawValue] }
        func small(_ name: TreesWord, below bound: Int) throws(CompiledRefused) -> Int {
            guard word(name) < UInt64(bound) else { throw file.refused("\(name) of \(word(name))") }
            return Int(word(name))
        }
        inputs = try small(.inputs, below: 2) == 0 ? .single : .double
        sums = try small(.sums, below: 2) == 0 ? .single : .double
        leafWidth = try small(.leafWidth, below: head.outputCount + 1)
        divisor = Double(bitPattern: word(.divisor))
        scale = Double(bitPattern: word(.scale))
        isWalk = try small(.isWalk, below: 2) == 1
        tinyIsZero = try small(.tinyIsZero, below: 2) == 1
        guard let rule = CategoryRule(number: word(.categoryRule)) else {
            throw file.refused("a rule of categories")
        }
        categoryRule = rule
        maskBytes = try small(.maskBytes, below: 9)
        slots = try small(.slots, below: 4 * EnsembleLimits.features)
        treeCount = try small(.trees, below: EnsembleLimits.trees + 1)
        hasCategories = try small(.hasCategories, below: 2) == 1
        unsafe columns = section(.columns, csimd_tree_column.self)
        unsafe uses = section(.uses, csimd_tree_use.self)
        unsafe floatThresholds = section(.floatThresholds, Float.self)
        unsafe doubleThresholds = section(.doubleThresholds, Double.self)
        unsafe categories = section(.categories, UInt32.self)
        unsafe categoryCodes = section(.categoryCodes, UInt32.self)
        unsafe blocks = section(.blocks, UInt64.self)
        unsafe slotFeatures = section(.slotFeatures, UInt32.self)
        unsafe positions = section(.positions, UInt16.self)
        unsafe nodes = section(.nodes, UInt8.self)
        unsafe table = section(.table, UInt8.self)
        unsafe leaves = section(.leaves, UInt8.self)
        unsafe outputs = section(.outputs, UInt32.self)
        unsafe bases = section(.bases, Double.self)
        unsafe offsets = section(.offsets, Double.self)
        unsafe linearStarts = section(.linearStarts, UInt32.self)
        unsafe linearConstants = section(.linearConstants, Double.self)
        unsafe linearFeatures = section(.linearFeatures, UInt32.self)
        unsafe linearCoefficients = section(.linearCoefficients, Double.self)
        unsafe steps = section(.steps, csimd_tree_step.self)
        unsafe roots = section(.roots, UInt32.self)
        unsafe bits = section(.bits, UInt32.self)
        if let wrong = TreesCheck(self, head).firstWrong { throw file.refused(wrong) }
    }

    var isLinear: Bool { unsafe !linearStarts.isEmpty }
    var blockCount: Int { unsafe blocks.count / BlockWord.allCases.count }
    var categoryColumns: Int { unsafe categories.count / CategoryWord.allCases.count }
    /// Leaves of a tree take so many places, where trees are bits.
    var leavesPerTree: Int { 8 * maskBytes }
    var leafBytes: Int { sums == .single ? 4 : 8 }

    func block(_ block: Int, _ word: BlockWord) -> Int {
        unsafe Int(truncatingIfNeeded: blocks[block * BlockWord.allCases.count + word.rawValue])
    }

    func category(_ column: Int, _ word: CategoryWord) -> UInt32 {
        unsafe categories[column * CategoryWord.allCases.count + word.rawValue]
    }

    /// A block as the kernels see it.
    func kernelBlock(_ number: Int, firstTree: Int, outputCount: Int) -> csimd_tree_block {
        let leafStart = firstTree * leavesPerTree * leafWidth * leafBytes
        return unsafe csimd_tree_block(
            table: table.baseAddress.map { unsafe $0 + block(number, .tableStart) },
            positions: positions.baseAddress.map { unsafe $0 + block(number, .positionStart) },
            nodes: nodes.baseAddress.map {
                unsafe UnsafeRawPointer($0 + block(number, .nodeStart) * 2 * maskBytes)
            },
            leaves: leaves.baseAddress.map { unsafe UnsafeRawPointer($0 + leafStart) },
            outputs: outputs.baseAddress.map { unsafe $0 + firstTree },
            row_bytes: UInt32(block(number, .rowBytes)), trees: UInt32(block(number, .trees)),
            mask_bytes: UInt32(maskBytes), leaf_width: UInt32(leafWidth), single: sums == .single ? 1 : 0,
            output_count: UInt32(outputCount))
    }

    func kernelWalk(outputCount: Int) -> csimd_tree_walk {
        unsafe csimd_tree_walk(
            steps: steps.baseAddress, roots: roots.baseAddress, bits: bits.baseAddress,
            leaves: leaves.baseAddress.map { unsafe UnsafeRawPointer($0) }, outputs: outputs.baseAddress,
            trees: UInt32(treeCount), leaf_width: UInt32(leafWidth), single: sums == .single ? 1 : 0,
            output_count: UInt32(outputCount), has_categories: hasCategories ? 1 : 0)
    }
}
