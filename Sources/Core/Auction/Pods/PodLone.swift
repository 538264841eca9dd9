// A pod of one ad: nothing to search, only the best to be found.
import Units

extension PodProblem {
    /// The ad that is worth most in the only place; of equals the one that was added first.
    func lone() -> PodSolution {
        var best = PodSolution()
        for index in 0..<candidateCount where !isWithdrawn(index) && allows(candidates[index], in: 0) {
            let candidate = candidates[index]
            let (value, reason) = exclusionEverywhere(of: candidate)
            guard reason == nil else { continue }
            // It opens the pod and closes it, and is paid for one of the two.
            let premium = max(self.premium(firstPremium, of: value), self.premium(lastPremium, of: value))
            var solution = PodSolution()
            solution.append(
                PodPlacement(candidate: index, segment: 0, value: Micros(value + premium)), candidate.tier)
            if solution.score > best.score { best = solution }
        }
        best.bound = best.score
        return best
    }
}
