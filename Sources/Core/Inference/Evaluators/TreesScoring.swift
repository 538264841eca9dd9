// Rows through compiled trees: values to codes, codes to masks or along steps, leaves to sums. What the
// request decides is done once for all of its rows.
import CSIMD

/// How a row's values are read; both kinds go the same way.
protocol RowValue: BinaryFloatingPoint, BitwiseCopyable {
    static func codes(
        _ view: TreesView, _ columns: UnsafeBufferPointer<csimd_tree_column>, _ values: UnsafePointer<Self>,
        _ stride: Int, _ rows: Int, _ codes: UnsafeMutablePointer<UInt32>, _ variant: KernelVariant)
}

extension Float: RowValue {
    @inline(__always)
    static func codes(
        _ view: TreesView, _ columns: UnsafeBufferPointer<csimd_tree_column>, _ values: UnsafePointer<Float>,
        _ stride: Int, _ rows: Int, _ codes: UnsafeMutablePointer<UInt32>, _ variant: KernelVariant
    ) {
        unsafe csimd_tree_codes_float(
            variant.number, columns.baseAddress, columns.count, view.floatThresholds.baseAddress, values,
            stride, rows,
            Float(MissingValues.zeroBound), codes, view.slots)
    }
}

extension Double: RowValue {
    @inline(__always)
    static func codes(
        _ view: TreesView, _ columns: UnsafeBufferPointer<csimd_tree_column>, _ values: UnsafePointer<Double>,
        _ stride: Int, _ rows: Int, _ codes: UnsafeMutablePointer<UInt32>, _ variant: KernelVariant
    ) {
        unsafe csimd_tree_codes_double(
            variant.number, columns.baseAddress, columns.count, view.doubleThresholds.baseAddress, values,
            stride, rows,
            MissingValues.zeroBound, codes, view.slots)
    }
}

extension TreesView {
    /// Divides the columns into the rows' own and, behind them, the request's.
    func divideColumns(_ isShared: [Bool], _ layout: ScratchLayout, _ memory: UnsafeMutableRawPointer) {
        let target = unsafe (memory + layout.columns).assumingMemoryBound(to: csimd_tree_column.self)
        var at = 0
        for shared in [false, true] {
            for index in unsafe columns.indices where unsafe isShared[Int(columns[index].feature)] == shared {
                unsafe target[at] = columns[index]
                at += 1
            }
            if !shared { unsafe (memory + layout.columnCount).storeBytes(of: at, as: Int.self) }
        }
    }

    /// Divides each block's uses into the rows' own and the request's, those with rows of the table first in
    /// each.
    func divideUses(_ isShared: [Bool], _ layout: ScratchLayout, _ memory: UnsafeMutableRawPointer) {
        let target = unsafe (memory + layout.uses).assumingMemoryBound(to: csimd_tree_use.self)
        let counts = unsafe (memory + layout.useCounts).assumingMemoryBound(to: Int.self)
        for number in 0..<blockCount {
            var at = block(number, .useStart)
            let all = at..<at + block(number, .useCount)
            var place = 4 * number
            for shared in [false, true] {
                for hasRows in [true, false] {
                    let start = at
                    for index in all {
                        let use = unsafe uses[index]
                        let isOf = unsafe isShared[Int(slotFeatures[Int(use.slot)])] == shared
                        guard isOf, (use.rows != .max) == hasRows else { continue }
                        unsafe target[at] = use
                        at += 1
                    }
                    unsafe counts[place] = at - start
                    place += 1
                }
            }
        }
    }

    /// Codes of some rows for the features that are shared, or those that are not.
    func fillCodes<Value: RowValue>(
        _ values: UnsafePointer<Value>, _ stride: Int, _ rows: Int, shared: Bool,
        _ scratch: borrowing ModelScratch, _ codes: UnsafeMutablePointer<UInt32>
    ) {
        let own = unsafe (scratch.memory + scratch.layout.columns).assumingMemoryBound(
            to: csimd_tree_column.self)
        let ownCount = unsafe (scratch.memory + scratch.layout.columnCount).load(as: Int.self)
        let chosen = unsafe UnsafeBufferPointer(
            start: shared ? own + ownCount : own, count: shared ? columns.count - ownCount : ownCount)
        unsafe Value.codes(self, chosen, values, stride, rows, codes, scratch.variant)
        for column in 0..<categoryColumns where scratch.isShared[Int(category(column, .feature))] == shared {
            unsafe fillCategories(column, values, stride, rows, codes)
        }
    }

    private func fillCategories<Value: RowValue>(
        _ column: Int, _ values: UnsafePointer<Value>, _ stride: Int, _ rows: Int,
        _ codes: UnsafeMutablePointer<UInt32>
    ) {
        let start = Int(category(column, .codeStart))
        let count = Int(category(column, .codeCount))
        let missing = category(column, .missingCode)
        let (feature, slot) = (Int(category(column, .feature)), Int(category(column, .slot)))
        for row in 0..<rows {
            var value = unsafe Double(values[row * stride + feature])
            if tinyIsZero, value.magnitude <= MissingValues.zeroBound { value = 0 }
            let code: UInt32
            if missing != .max, value.isNaN {
                code = missing
            } else if let number = categoryRule.category(of: value), number < count {
                code = unsafe categoryCodes[start + number]
            } else {
                code = 0
            }
            unsafe codes[row * slots + slot] = code
        }
    }

    /// What the request's codes leave of all trees; without shared features that is everything.
    func prepareMasks(_ outputCount: Int, _ scratch: borrowing ModelScratch) {
        let (layout, memory) = unsafe (scratch.layout, scratch.memory)
        let codes = unsafe (memory + layout.requestCodes).assumingMemoryBound(to: UInt32.self)
        let uses = unsafe (memory + layout.uses).assumingMemoryBound(to: csimd_tree_use.self)
        let counts = unsafe (memory + layout.useCounts).assumingMemoryBound(to: Int.self)
        var tree = 0
        for number in 0..<blockCount {
            var kernel = unsafe kernelBlock(number, firstTree: tree, outputCount: outputCount)
            tree += block(number, .trees)
            let own = unsafe counts[4 * number] + counts[4 * number + 1]
            let masks = unsafe memory + layout.sharedMasks + number * (Self.rowBytesMost + CSIMD_TREES_SPARE)
            unsafe csimd_tree_masks(
                scratch.variant.number, &kernel, uses + block(number, .useStart) + own,
                counts[4 * number + 2],
                counts[4 * number + 2] + counts[4 * number + 3], codes, kernel.table,
                masks.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Adds the trees of some rows to their sums, which hold the bases.
    func addTrees<Value: RowValue>(
        _ values: UnsafePointer<Value>, _ stride: Int, _ rows: Int, _ head: ModelHead,
        _ scratch: borrowing ModelScratch, _ sums: UnsafeMutablePointer<Double>
    ) {
        let (layout, memory) = unsafe (scratch.layout, scratch.memory)
        let codes = unsafe (memory + layout.codes).assumingMemoryBound(to: UInt32.self)
        unsafe fillCodes(values, stride, rows, shared: false, scratch, codes)
        if isWalk {
            unsafe copyRequestCodes(rows, scratch, codes)
            guard !isLinear else {
                unsafe addLinesByWalk(values, stride, rows, head.outputCount, codes, sums, scratch)
                return
            }
            var walk = unsafe kernelWalk(outputCount: head.outputCount)
            unsafe csimd_tree_walk_add(&walk, codes, slots, rows, sums)
            return
        }
        let uses = unsafe (memory + layout.uses).assumingMemoryBound(to: csimd_tree_use.self)
        let counts = unsafe (memory + layout.useCounts).assumingMemoryBound(to: Int.self)
        let masks = unsafe (memory + layout.masks).assumingMemoryBound(to: UInt8.self)
        var tree = 0
        for number in 0..<blockCount {
            var kernel = unsafe kernelBlock(number, firstTree: tree, outputCount: head.outputCount)
            let (withRows, plain) = unsafe (counts[4 * number], counts[4 * number + 1])
            let own = unsafe uses + block(number, .useStart)
            let start =
                unsafe (memory + layout.sharedMasks + number * (Self.rowBytesMost + CSIMD_TREES_SPARE))
                .assumingMemoryBound(to: UInt8.self)
            if isLinear {
                for row in 0..<rows {
                    unsafe csimd_tree_masks(
                        scratch.variant.number, &kernel, own, withRows, withRows + plain, codes + row * slots,
                        start,
                        masks)
                    unsafe addLines(
                        &kernel, masks, tree, values + row * stride, sums + row * head.outputCount, scratch)
                }
            } else {
                unsafe csimd_tree_add(
                    scratch.variant.number, &kernel, own, withRows, withRows + plain, codes, slots, rows,
                    start, masks,
                    sums)
            }
            tree += block(number, .trees)
        }
    }

    /// A walk looks codes up by row: those of the request are written into each.
    private func copyRequestCodes(
        _ rows: Int, _ scratch: borrowing ModelScratch, _ codes: UnsafeMutablePointer<UInt32>
    ) {
        let shared = unsafe (scratch.memory + scratch.layout.requestCodes).assumingMemoryBound(
            to: UInt32.self)
        for slot in 0..<slots where unsafe scratch.isShared[Int(slotFeatures[slot])] {
            for row in 0..<rows { unsafe codes[row * slots + slot] = shared[slot] }
        }
    }

    private func addLines<Value: RowValue>(
        _ kernel: inout csimd_tree_block, _ masks: UnsafePointer<UInt8>, _ firstTree: Int,
        _ values: UnsafePointer<Value>, _ sums: UnsafeMutablePointer<Double>,
        _ scratch: borrowing ModelScratch
    ) {
        let leaves = unsafe (scratch.memory + scratch.layout.leaves).assumingMemoryBound(to: UInt32.self)
        unsafe csimd_tree_leaves(&kernel, masks, leaves)
        for tree in unsafe 0..<Int(kernel.trees) {
            let place = unsafe (firstTree + tree) * leavesPerTree + Int(leaves[tree])
            let value = unsafe line(place, values, scratch)
            unsafe sums[Int(outputs[firstTree + tree])] += value
        }
    }

    private func addLinesByWalk<Value: RowValue>(
        _ values: UnsafePointer<Value>, _ stride: Int, _ rows: Int, _ outputCount: Int,
        _ codes: UnsafePointer<UInt32>, _ sums: UnsafeMutablePointer<Double>,
        _ scratch: borrowing ModelScratch
    ) {
        var walk = unsafe kernelWalk(outputCount: outputCount)
        for row in 0..<rows {
            for tree in 0..<treeCount {
                let place = unsafe Int(csimd_tree_walk_leaf(&walk, tree, codes + row * slots))
                let value = unsafe line(place, values + row * stride, scratch)
                unsafe sums[row * outputCount + Int(outputs[tree])] += value
            }
        }
    }

    /// A linear leaf's value; the leaf's own where one of its features is NaN.
    private func line<Value: RowValue>(
        _ place: Int, _ values: UnsafePointer<Value>, _ scratch: borrowing ModelScratch
    ) -> Double {
        let request = unsafe (scratch.memory + scratch.layout.request).assumingMemoryBound(to: Double.self)
        var sum = unsafe linearConstants[place]
        // Each product is rounded, and then each sum.
        for term in unsafe Int(linearStarts[place])..<Int(linearStarts[place + 1]) {
            let feature = unsafe Int(linearFeatures[term])
            var value = unsafe scratch.isShared[feature] ? request[feature] : Double(values[feature])
            if value.isNaN {
                return unsafe UnsafeRawBufferPointer(leaves).loadUnaligned(
                    fromByteOffset: place * leafBytes, as: Double.self)
            }
            if tinyIsZero, value.magnitude <= MissingValues.zeroBound { value = 0 }
            let product = unsafe linearCoefficients[term] * value
            sum += product
        }
        return sum
    }

    /// What becomes of a sum.
    func finish(_ sum: Double, _ output: Int) -> Double {
        var sum = sum
        if divisor != 1 { sum = sums.rounded(sum / divisor) }
        if scale != 1 { sum = sums.rounded(sum * scale) }
        return unsafe offsets.isEmpty ? sum : sums.sum(sum, offsets[output])
    }
}
