// Which candidates may not share a pod, and which not stand side by side, from identifiers and categories to
// words of bits, without comparing every two of them.
internal import Units

extension PodDraft {
    mutating func setConflicts(_ problem: borrowing PodProblem) {
        keepApart(by: .advertiser, problem)
        keepApart(by: .creative, problem)
        keepApart(by: .mediaFile, problem)
        let apart = problem.dedupe.contains(.category) ? ~0 : problem.apartInPod
        let byCategory = candidatesByCategory(problem)
        for i in 0..<count {
            let own: UInt64 = 1 << UInt64(i)
            let categories = problem.candidates[ranks[i].candidate].categories
            var rivals: UInt64 = 0
            for category in bits(of: categories & apart) { rivals |= byCategory[category] }
            ranks[i].conflicts |= rivals & ~own

            var avoided: UInt64 = 0
            for category in bits(of: problem.candidates[ranks[i].candidate].avoids) {
                avoided |= byCategory[category]
            }
            avoided &= ~own
            ranks[i].conflicts |= avoided
            for other in bits(of: avoided) { ranks[other].conflicts |= own }

            var neighbours: UInt64 = 0
            for category in bits(of: categories & problem.apartWhenAdjacent) {
                neighbours |= byCategory[category]
            }
            ranks[i].adjacent = neighbours & ~own
        }
    }

    private func candidatesByCategory(_ problem: borrowing PodProblem) -> InlineArray<64, UInt64> {
        var sets = InlineArray<64, UInt64>(repeating: 0)
        for i in 0..<count {
            for category in bits(of: problem.candidates[ranks[i].candidate].categories) {
                sets[category] |= 1 << UInt64(i)
            }
        }
        return sets
    }

    /// Candidates with one identifier conflict. The first of each is found by open addressing in a table of
    /// twice as many places as there can be candidates.
    private mutating func keepApart(by setting: PodDedupe, _ problem: borrowing PodProblem) {
        guard problem.dedupe.contains(setting) else { return }
        var firsts = InlineArray<128, Int8>(repeating: -1)
        var keys = InlineArray<64, UInt64>(repeating: 0)
        var same = InlineArray<64, UInt64>(repeating: 0)
        var firstOf = InlineArray<64, Int8>(repeating: -1)
        for i in 0..<count {
            let index = ranks[i].candidate
            switch setting {
            case .advertiser: keys[i] = problem.candidates[index].advertiser
            case .creative: keys[i] = problem.candidates[index].creative
            default: keys[i] = problem.candidates[index].mediaFile
            }
            guard keys[i] != 0 else { continue }
            // The high bits of a product with the golden ratio spread neighbouring numbers well.
            var slot = Int((keys[i] &* 0x9E37_79B9_7F4A_7C15) >> 57)
            while firsts[slot] >= 0, keys[Int(firsts[slot])] != keys[i] { slot = (slot + 1) % 128 }
            if firsts[slot] < 0 { firsts[slot] = Int8(i) }
            firstOf[i] = firsts[slot]
            same[Int(firsts[slot])] |= 1 << UInt64(i)
        }
        for i in 0..<count where firstOf[i] >= 0 {
            ranks[i].conflicts |= same[Int(firstOf[i])] & ~(1 << UInt64(i))
        }
    }
}
