// What became of each candidate of a pod, and why: for traces, and for people who ask why their ad is not there.
internal import Units

/// What two ads share that may not share a pod.
public enum PodConflict: UInt8, Hashable, CaseIterable, Sendable {
    case advertiser, creative, mediaFile, category, avoidedCategory
}

/// What became of one candidate.
public enum PodOutcome: Hashable, Sendable {
    case placed(position: Int)
    case excluded(PodExclusion)
    /// It may not share a pod with the ad at this position, which is worth more to the pod.
    case conflict(PodConflict, position: Int)
    /// Every slot that takes it holds an ad that is worth more to the pod.
    case noSlot
    /// A slot is left that takes it, and not enough time.
    case noTime
    /// It would fit, but next to nobody that it may stand beside; or the search stopped before it was tried.
    case noOrder
}

extension PodProblem {
    /// Why two candidates may not share a pod; nil where they may.
    public func conflict(_ a: Int, _ b: Int) -> PodConflict? {
        let (one, other) = (candidates[a], candidates[b])
        func share(_ setting: PodDedupe, _ one: UInt64, _ other: UInt64) -> Bool {
            dedupe.contains(setting) && one != 0 && one == other
        }
        if share(.advertiser, one.advertiser, other.advertiser) { return .advertiser }
        if share(.creative, one.creative, other.creative) { return .creative }
        if share(.mediaFile, one.mediaFile, other.mediaFile) { return .mediaFile }
        let apart = dedupe.contains(.category) ? ~0 : apartInPod
        if one.categories & other.categories & apart != 0 { return .category }
        let isAvoided = one.avoids & other.categories != 0 || other.avoids & one.categories != 0
        return isAvoided ? .avoidedCategory : nil
    }

    /// What became of a candidate in a pod.
    public func outcome(of index: Int, in solution: PodSolution) -> PodOutcome {
        if let reason = exclusion(of: index) { return .excluded(reason) }
        for position in 0..<solution.count where solution[position].candidate == index {
            return .placed(position: position)
        }
        // The place is taken, whoever else may stand beside its ad.
        if isOnePlace, solution.count > 0 { return .noSlot }
        for position in 0..<solution.count {
            if let reason = conflict(index, solution[position].candidate) {
                return .conflict(reason, position: position)
            }
        }
        var outcome = PodOutcome.noSlot
        for segment in 0..<segmentCount where allows(candidates[index], in: segment) {
            var slots = segments[segment].capacity
            var seconds = Int64(segments[segment].totalSeconds)
            for position in 0..<solution.count where solution[position].segment == segment {
                slots -= 1
                seconds -= Int64(candidates[solution[position].candidate].seconds)
            }
            guard slots > 0 else { continue }
            if seconds >= Int64(candidates[index].seconds) { return .noOrder }
            outcome = .noTime
        }
        return outcome
    }
}
