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
        for _ in 0..<12 { sets.add() }
        var random = Randomness(seed: ~seed)
        let listed = (0..<Self.blocks * 8).map { _ in random.next() & random.next() }
        let summary = (Self.blocks + 63) / 64
        var left = 0
        sets.words.withUnsafeBufferPointer { words in
            listed.withUnsafeBufferPointer { listed in
                guard let base = words.baseAddress, let rows = listed.baseAddress else { return }
                let all = sets.sets.map { set in
                    csimd_row_set(
                        words: base + set.head, full: base + set.head + summary,
                        ranks: UnsafeRawPointer(base + set.head + 2 * summary)
                            .assumingMemoryBound(to: UInt32.self),
                        stored: UnsafeRawPointer(base + set.stored).assumingMemoryBound(to: UInt8.self))
                }
                // Three facets of four sets, some with a list, the last of them what is excluded.
                let facets = (0..<3).map { number in
                    csimd_row_facet(
                        listed: random.next(below: 2) == 0 ? nil : rows, first_set: 4 * number,
                        end_set: number == 2 ? 9 : 4 * number + 4)
                }
                let variants = [CSIMD_AVX2, CSIMD_AVX512].filter { csimd_rows_run($0) }
                for block in 0..<Self.blocks {
                    let running = (0..<8).map { _ in random.next() | random.next() }
                    func pass(_ variant: csimd_variant) -> [UInt64]? {
                        var left = running
                        let passes = facets.withUnsafeBufferPointer { facets in
                            csimd_rows_pass_by(
                                variant, facets.baseAddress, 2, facets.baseAddress! + 2, all, block, &left)
                        }
                        // Where nothing is left, nobody looks at the rows.
                        return passes == 0 ? nil : left
                    }
                    let plain = pass(CSIMD_PORTABLE)
                    left += plain == nil ? 0 : 1
                    for variant in variants { #expect(pass(variant) == plain, "\(variant) block \(block)") }
                }
            }
        }
        #expect(left > 20)
    }
}
