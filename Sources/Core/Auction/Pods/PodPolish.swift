// What is done with the last steps of a search that could not finish: the best pod so far is improved by taking
// one ad out and putting others in, until nothing is gained. It only ever makes the pod better; the bound is the
// search's.
internal import Units

extension PodSolver {
    /// The share of the steps that is kept for it: enough to try every ad's place once.
    static var polishShare: Int { 4 }

    mutating func polish() {
        var before: Worth = -1
        while best > before, steps < stepLimit {
            before = best
            let pod = bestPod
            for position in 0..<pod.count { replace(position, of: pod) }
        }
    }

    /// Tries every ad that fits in the place of one, and then what else fits.
    private mutating func replace(_ position: Int, of pod: PodArrangement) {
        start()
        var free = PodBits.first(model.count) & ~(1 << UInt64(pod.ranks[position]))
        for other in 0..<pod.count where other != position {
            let rank = Int(pod.ranks[other])
            add(rank, to: model.groupOfSegment[Int(pod.segments[other])])
            free &= ~model.ranks[rank].conflicts & ~(1 << UInt64(rank))
        }
        for rank in bits(of: fitting(free)) {
            for group in 0..<model.groupCount where takes(rank, in: group) {
                guard steps < stepLimit else { return }
                steps += 1
                add(rank, to: group)
                consider()
                let rest = free & ~model.ranks[rank].conflicts & ~(1 << UInt64(rank))
                fill(fitting(rest))
                removeLast()
            }
        }
    }
}
