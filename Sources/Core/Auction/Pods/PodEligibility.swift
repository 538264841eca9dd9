// Who may stand where before any other ad is placed: durations, floors, blocks and what was seen earlier.
import Units

/// Why a candidate may stand nowhere in a pod, whatever else is placed.
public enum PodExclusion: UInt8, Hashable, CaseIterable, Sendable {
    case advertiserBlocked, categoryBlocked, seenEarlier, worthless
    /// Taken out after it was added.
    case withdrawn
    /// No segment takes its duration; none that does may hold it; or none of those takes it at its price.
    case duration, refused, belowFloor
}

extension PodProblem {
    /// Why a candidate may stand nowhere; nil where some segment takes it.
    public func exclusion(of index: Int) -> PodExclusion? {
        let candidate = candidates[index]
        if isWithdrawn(index) { return .withdrawn }
        if let reason = exclusionEverywhere(of: candidate).reason { return reason }
        var reason = PodExclusion.duration
        for segment in 0..<segmentCount {
            if allows(candidate, in: segment) { return nil }
            guard segments[segment].allows(seconds: candidate.seconds) else { continue }
            let mayHold = candidate.segments >> UInt32(segment) & 1 == 1
            if mayHold || reason == .duration { reason = mayHold ? .belowFloor : .refused }
        }
        return reason
    }

    /// What a candidate is worth here, or why it may stand in no segment at all.
    @inline(__always)
    func exclusionEverywhere(of candidate: borrowing PodCandidate) -> (value: Int64, reason: PodExclusion?) {
        if isBlocked(advertiser: candidate.advertiser) { return (0, .advertiserBlocked) }
        if candidate.categories & blockedCategories != 0 { return (0, .categoryBlocked) }
        guard let value = value(of: candidate) else { return (0, .seenEarlier) }
        return value > .zero ? (value.rawValue, nil) : (0, .worthless)
    }

    /// Whether a segment may hold a candidate, and takes its duration at its price.
    @inline(__always)
    func allows(_ candidate: borrowing PodCandidate, in segment: Int) -> Bool {
        guard candidate.segments &>> UInt32(segment) & 1 == 1, candidate.seconds <= PodLimits.seconds,
            segments[segment].allows(seconds: candidate.seconds)
        else { return false }
        return candidate.price >= segments[segment].floors.price(seconds: candidate.seconds)
    }

    /// What a place is worth beyond a value.
    func premium(_ millionths: Int64, of value: Int64) -> Int64 {
        // A value below 2^37 and a premium below 2^22.
        value * max(0, min(millionths, PodLimits.premium)) / 1_000_000
    }
}
