// A pod of one ad: nothing to search, only the best to be found.
import Units

extension PodProblem {
    /// The ad that is worth most in the only place; of equals the one that was added first.
    func lone() -> PodSolution {
        var found: (index: Int, segment: Int, tier: PriorityTier, value: Int64)?
        for index in 0..<candidateCount where !isWithdrawn(index) {
            let tier = candidates[index].tier
            // Nothing raises a value, so who would not be better by it need not be asked anything else.
            let most = loneWorth(min(candidates[index].value, PodLimits.value).rawValue)
            if let found, found.tier < tier || found.tier == tier && found.value >= most { continue }
            guard let segment = segment(for: candidates[index]) else { continue }
            let (own, reason) = exclusionEverywhere(of: candidates[index])
            guard reason == nil else { continue }
            let value = loneWorth(own)
            if let found, found.tier == tier, found.value >= value { continue }
            found = (index, segment, tier, value)
        }
        var best = PodSolution()
        if let found {
            best.append(
                PodPlacement(candidate: found.index, segment: found.segment, value: Micros(found.value)),
                found.tier)
        }
        best.bound = best.score
        return best
    }

    /// The first segment that takes a candidate.
    func segment(for candidate: borrowing PodCandidate) -> Int? {
        for segment in 0..<segmentCount where allows(candidate, in: segment) { return segment }
        return nil
    }

    /// With the premium: a lone ad opens the pod and closes it, and is paid for one of the two.
    private func loneWorth(_ value: Int64) -> Int64 {
        value + max(premium(firstPremium, of: value), premium(lastPremium, of: value))
    }
}
