// Every kernel that this machine runs lets the same rows through as the plain one.
import CSIMD
import Testing
import Units

@Suite struct RowKernelTests {
    private static let blocks = 130

    /// Sets in blocks, in the form of a compiled catalog.
    private struct Sets {
        var words: [UInt64] = []
        var sets: [(head: Int, stored: Int)] = []
        var random: Randomness

        /// Of each block none, all, or some of its rows.
        mutating func add() {
            let summary = (RowKernelTests.blocks + 63) / 64
            let start = words.count
            words += repeatElement(0, count: 2 * summary + (summary + 1) / 2)
            let stored = words.count
            var count: UInt64 = 0
            for block in 0..<RowKernelTests.blocks {
                if block % 64 == 0 {
                    words[start + 2 * summary + block / 128] |= count << UInt64(block / 64 % 2 * 32)
                }
                let kind = random.next(below: 4)
                if kind == 0 { continue }
                words[start + block / 64] |= 1 << UInt64(block % 64)
                if kind == 1 {
                    words[start + summary + block / 64] |= 1 << UInt64(block % 64)
                } else {
                    for _ in 0..<8 { words.append(random.next() | random.next() | random.next()) }
                    count += 1
                }
            }
            sets.append((start, stored))
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func kernelsAgree(seed: UInt64) {
        var sets = Sets(random: Randomness(seed: seed))
        for _ in 0..<15 { sets.add() }
        var random = Randomness(seed: ~seed)
        // A block in three has rows of the list.
        var listed = [UInt64](repeating: 0, count: Self.blocks * 8)
        for block in 0..<Self.blocks where random.next(below: 3) == 0 {
            for word in 0..<8 { listed[8 * block + word] = random.next() & random.next() }
        }
        let summary = (Self.blocks + 63) / 64
        let someListed = listed.indices.filter { $0 % 8 == 0 }.map {
            listed[$0..<$0 + 8].contains { $0 != 0 }
        }
        var listedBlocks = [UInt64](repeating: 0, count: summary)
        for block in someListed.indices where someListed[block] {
            listedBlocks[block / 64] |= 1 << UInt64(block % 64)
        }
        var left = 0
        sets.words.withUnsafeBufferPointer { words in
            listed.withUnsafeBufferPointer { listed in
                listedBlocks.withUnsafeBufferPointer { listedBlocks in
                    guard let base = words.baseAddress else { return }
                    let all = sets.sets.map { set in
                        csimd_row_set(
                            words: base + set.head, full: base + set.head + summary,
                            ranks: UnsafeRawPointer(base + set.head + 2 * summary)
                                .assumingMemoryBound(to: UInt32.self),
                            stored: UnsafeRawPointer(base + set.stored).assumingMemoryBound(to: UInt8.self))
                    }
                    // Of four, ten and one set, some with a list, the last of them what is excluded.
                    let facets = [0..<4, 4..<14, 14..<15].map { range in
                        let isListed = random.next(below: 2) == 0
                        return csimd_row_facet(
                            listed: isListed ? listed.baseAddress : nil,
                            listed_blocks: isListed ? listedBlocks.baseAddress : nil,
                            first_set: range.lowerBound, end_set: range.upperBound)
                    }
                    for word in 0..<summary {
                        left += agree(facets, all, word, &random)
                    }
                }
            }
        }
        #expect(left > 20)
    }

    /// What all kernels leave of some blocks of a word; how many blocks these are.
    private func agree(
        _ facets: [csimd_row_facet], _ sets: [csimd_row_set], _ word: Int, _ random: inout Randomness
    ) -> Int {
        let inWord = min(64, Self.blocks - 64 * word)
        let blocks = (random.next() | random.next()) & (inWord == 64 ? .max : 1 << UInt64(inWord) - 1)
        let running = (0..<64 * 8).map { _ in random.next() | random.next() }
        func pass(_ variant: csimd_variant) -> [Int: ArraySlice<UInt64>] {
            var rows = running
            let left = facets.withUnsafeBufferPointer { facets in
                csimd_rows_pass_by(
                    variant, facets.baseAddress, 2, facets.baseAddress! + 2, sets, word, blocks, &rows)
            }
            // Where nothing is left, nobody looks at the rows.
            let numbers = (0..<64).filter { left >> UInt64($0) & 1 == 1 }
            return Dictionary(uniqueKeysWithValues: numbers.map { ($0, rows[8 * $0..<8 * $0 + 8]) })
        }
        let plain = pass(CSIMD_PORTABLE)
        for variant in [CSIMD_AVX2, CSIMD_AVX512] where csimd_rows_run(variant) {
            #expect(pass(variant) == plain, "\(variant) word \(word)")
        }
        #expect(plain == slowly(facets, sets, word, blocks, running))
        return plain.count
    }

    /// The same, row by row.
    private func slowly(
        _ facets: [csimd_row_facet], _ sets: [csimd_row_set], _ word: Int, _ blocks: UInt64,
        _ running: [UInt64]
    ) -> [Int: ArraySlice<UInt64>] {
        func has(_ facet: csimd_row_facet, _ block: Int, _ row: Int) -> Bool {
            let bit = UInt64(1) << UInt64(block)
            if let listed = facet.listed,
                listed[8 * (64 * word + block) + row / 64] >> UInt64(row % 64) & 1 == 1
            {
                return true
            }
            return sets[facet.first_set..<facet.end_set].contains { set in
                if set.words[word] & bit == 0 { return false }
                if set.full[word] & bit != 0 { return true }
                let before = (set.words[word] & ~set.full[word] & (bit - 1)).nonzeroBitCount
                let place = 64 * (Int(set.ranks[word]) + before) + row / 8
                return set.stored[place] >> UInt8(row % 8) & 1 == 1
            }
        }
        var left: [Int: ArraySlice<UInt64>] = [:]
        for block in 0..<64 where blocks >> UInt64(block) & 1 == 1 {
            var rows = running[8 * block..<8 * block + 8]
            for row in 0..<512
            where !has(facets[0], block, row) || !has(facets[1], block, row) || has(facets[2], block, row) {
                rows[8 * block + row / 64] &= ~(1 << UInt64(row % 64))
            }
            if rows.contains(where: { $0 != 0 }) { left[block] = rows }
        }
        return left
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func whatPassedIsTaken(seed: UInt64) {
        var random = Randomness(seed: seed)
        func some() -> [UInt64] {
            (0..<512).map { $0 / 8 % 5 == 0 ? 0 : random.next() & random.next() & random.next() }
        }
        let (rows, following, blocks) = (some(), some().map { $0 & 0xFF }, random.next())
        var (left, found, later, first) = (rows, [UInt64](repeating: 0, count: 512), UInt64(0), 0)
        let count = csimd_rows_take(&left, blocks, following, &found, &later)
        for block in 0..<64 where blocks >> UInt64(block) & 1 == 1 {
            let own = 8 * block..<8 * block + 8
            first += own.reduce(0) { $0 + (rows[$1] & ~following[$1]).nonzeroBitCount }
            #expect(own.allSatisfy { found[$0] == rows[$0] & ~following[$0] })
            #expect(own.allSatisfy { left[$0] == rows[$0] & following[$0] })
            #expect(later >> UInt64(block) & 1 == (own.contains { left[$0] != 0 } ? 1 : 0))
        }
        #expect(count == first && later & ~blocks == 0)
        #expect(found.indices.allSatisfy { blocks >> UInt64($0 / 8) & 1 == 1 || found[$0] == 0 })
    }

    @Test func listsAreSpread() {
        var random = Randomness(seed: 5)
        let wanted = (0..<3).map { _ in random.next() }
        let list = Set((0..<300).map { _ in UInt32(random.next(below: 512 * 130)) }).sorted()
        var (rows, blocks) = ([UInt64](repeating: 0, count: 8 * 130), [UInt64](repeating: 0, count: 3))
        csimd_rows_spread(list, list.count, wanted, &rows, &blocks)
        func isWanted(_ block: Int) -> Bool { wanted[block / 64] >> UInt64(block % 64) & 1 == 1 }
        for row in 0..<512 * 130 {
            let isThere = isWanted(row / 512) && list.contains(UInt32(row))
            #expect((rows[row / 64] >> UInt64(row % 64) & 1 == 1) == isThere)
        }
        for block in 0..<130 {
            let isThere = isWanted(block) && list.contains { Int($0) / 512 == block }
            #expect((blocks[block / 64] >> UInt64(block % 64) & 1 == 1) == isThere)
        }
    }
}
