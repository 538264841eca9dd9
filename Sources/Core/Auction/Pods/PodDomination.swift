// Candidates that no pod needs: creatives of one line item, or ads of one advertiser, of which one is as good as the
// other in every respect.
internal import Units

extension PodDraft {
    /// Leaves out who has a rival that may stand wherever it may, is worth as much in every place, takes no more time
    /// and keeps nobody else away. In a pod with the one the other could stand instead, as two rivals are never
    /// in it together; so the best pod without those that are left out is the best there is.
    mutating func keepUndominated() {
        kept = PodBits.first(count)
        for i in 0..<count {
            for rival in bits(of: ranks[i].conflicts & kept) where isAsGood(rival, as: i) {
                kept &= ~(1 << UInt64(i))
                break
            }
        }
    }

    private func isAsGood(_ one: Int, as other: Int) -> Bool {
        guard ranks[one].worth >= ranks[other].worth, ranks[one].seconds <= ranks[other].seconds,
            takers[other] & ~takers[one] == 0, ranks[one].first >= ranks[other].first,
            ranks[one].last >= ranks[other].last
        else { return false }
        let both: UInt64 = 1 << UInt64(one) | 1 << UInt64(other)
        return ranks[one].conflicts & ~ranks[other].conflicts & ~both == 0
            && ranks[one].adjacent & ~ranks[other].adjacent & ~both == 0
    }
}
