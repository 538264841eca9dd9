// Who would stand in an ad's place if that ad were not there: whose bid is the next one where a place is sold at the
// second price.
internal import Units

extension PodProblem {
    /// The most valuable ad that is not in the pod and could stand at this position instead, all others staying where
    /// they are; nil where there is none. An advertiser is no rival of his own.
    public func rival(of position: Int, in solution: PodSolution) -> Int? {
        let place = solution[position]
        let winner = candidates[place.candidate]
        var seconds = Int64(segments[place.segment].totalSeconds)
        for other in 0..<solution.count where other != position && solution[other].segment == place.segment {
            seconds -= Int64(candidates[solution[other].candidate].seconds)
        }
        var best: Int?
        for index in 0..<candidateCount {
            let rival = candidates[index]
            guard winner.advertiser == 0 || rival.advertiser != winner.advertiser,
                rival.lineItem != winner.lineItem,
                best.map({ rival.value > candidates[$0].value }) ?? true,
                isOnePlace
                    ? segment(for: rival) != nil
                    : Int64(rival.seconds) <= seconds && allows(rival, in: place.segment),
                !isWithdrawn(index),
                exclusionEverywhere(of: rival).reason == nil, mayJoin(index, solution, instead: position)
            else { continue }
            best = index
        }
        return best
    }

    /// Whether nothing keeps a candidate out of the pod that another one has left.
    private func mayJoin(_ index: Int, _ solution: PodSolution, instead position: Int) -> Bool {
        for other in 0..<solution.count where other != position {
            let placed = solution[other].candidate
            if placed == index || candidates[placed].lineItem == candidates[index].lineItem
                || conflict(placed, index) != nil
            {
                return false
            }
        }
        return true
    }
}
