// A pod of one ad: nothing to search, only the best to be found.
import Units

extension PodProblem {
    /// The ad that is worth most in the only place; of equals the one that was added first.
    func lone() -> PodSolution {
        var found: (index: Int, tier: PriorityTier, value: Int64)?
        for index in 0..<candidateCount where !isWithdrawn(index) && allows(candidates[index], in: 0) {
            let (own, reason) = exclusionEverywhere(of: candidates[index])
            guard reason == nil else { continue }
            // It opens the pod and closes it, and is paid for one of the two.
            let value = own + max(premium(firstPremium, of: own), premium(lastPremium, of: own))
            let tier = candidates[index].tier
            if let found, found.tier < tier || found.tier == tier && found.value >= value { continue }
            found = (index, tier, value)
        }
        var best = PodSolution()
        if let found {
            best.append(
                PodPlacement(candidate: found.index, segment: 0, value: Micros(found.value)), found.tier)
        }
        best.bound = best.score
        return best
    }
}
