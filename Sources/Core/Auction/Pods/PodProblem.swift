// One pod to be filled: its segments, who may be placed in it, and the rules. A value of fixed size that its
// owner keeps and fills again for each request.
public import Units

/// A pod problem. Nothing in it grows: what does not fit is refused where it is added.
public struct PodProblem: ~Copyable {
    var segments = FixedTable(PodLimits.segments, repeating: PodSegment.slot(0...0))
    public private(set) var segmentCount = 0
    /// Ads that all segments together may hold.
    public private(set) var positionCount = 0
    /// The segments are ways to fill one place, as with an imp that takes a video or a banner: they hold one ad together.
    public private(set) var isOnePlace = false
    var candidates = FixedTable(
        PodLimits.candidates, repeating: PodCandidate(seconds: 0, value: .zero, price: .zero))
    public private(set) var candidateCount = 0
    private var blockedAdvertisers = FixedTable(PodLimits.blockedAdvertisers, repeating: UInt64(0))
    private var blockedCount = 0
    /// Candidates that take no further part.
    private(set) var withdrawn: UInt64 = 0

    public var dedupe = PodDedupe.usual
    /// Categories of which a pod holds at most one ad each.
    public var apartInPod: UInt64 = 0
    /// Categories of which no two ads stand next to each other.
    public var apartWhenAdjacent: UInt64 = 0
    public var blockedCategories: UInt64 = 0
    /// What the first and the last place of the pod are worth beyond the value, in millionths of it; a lone ad
    /// gets the larger of the two. From 0 to `PodLimits.premium`; what is outside counts as the nearest.
    public var firstPremium: Int64 = 0
    public var lastPremium: Int64 = 0
    public var session = PodSession()
    public var seenCreative = DiversityRule.ignore
    public var seenAdvertiser = DiversityRule.ignore

    public init() {}

    /// Back to how it was made, but for whether its segments are one place.
    public mutating func removeAll(isOnePlace: Bool = false) {
        self.isOnePlace = isOnePlace
        segmentCount = 0
        positionCount = 0
        candidateCount = 0
        blockedCount = 0
        withdrawn = 0
        dedupe = .usual
        (apartInPod, apartWhenAdjacent, blockedCategories) = (0, 0, 0)
        (firstPremium, lastPremium) = (0, 0)
        session = PodSession()
        (seenCreative, seenAdvertiser) = (.ignore, .ignore)
    }

    /// False where the pod has no room for the whole segment; as much of it as there is room for was added,
    /// so the answer is feasible and its bound is one for the smaller pod.
    public mutating func add(_ segment: PodSegment) -> Bool {
        guard segmentCount < PodLimits.segments else { return false }
        var fitting = segment
        let positions = isOnePlace ? 1 : PodLimits.positions - positionCount
        fitting.capacity = min(segment.capacity, positions)
        guard fitting.capacity > 0 else { return segment.capacity <= 0 }
        segments[segmentCount] = fitting
        segmentCount += 1
        positionCount = isOnePlace ? 1 : positionCount + fitting.capacity
        return fitting.capacity == segment.capacity
    }

    /// False, and nothing changes, where there are `PodLimits.candidates` already.
    public mutating func add(_ candidate: PodCandidate) -> Bool {
        guard candidateCount < PodLimits.candidates else { return false }
        candidates[candidateCount] = candidate
        candidateCount += 1
        return true
    }

    /// Changes a candidate that was added, as when its value is known only later.
    public mutating func replace(_ index: Int, by candidate: PodCandidate) {
        precondition(index >= 0 && index < candidateCount, "there is no such candidate")
        candidates[index] = candidate
    }

    /// Takes a candidate out that was added, as when nobody can pay for it after all.
    public mutating func withdraw(_ index: Int) {
        precondition(index >= 0 && index < candidateCount, "there is no such candidate")
        withdrawn |= 1 << UInt64(index)
    }

    /// The same candidate takes part again.
    public mutating func readmit(_ index: Int) {
        precondition(index >= 0 && index < candidateCount, "there is no such candidate")
        withdrawn &= ~(1 << UInt64(index))
    }

    public func isWithdrawn(_ index: Int) -> Bool { withdrawn >> UInt64(index) & 1 == 1 }

    /// False where the list is full: the caller then leaves the advertiser's candidates out.
    public mutating func block(advertiser: UInt64) -> Bool {
        guard blockedCount < PodLimits.blockedAdvertisers else { return false }
        blockedAdvertisers[blockedCount] = advertiser
        blockedCount += 1
        return true
    }

    public func candidate(_ index: Int) -> PodCandidate { candidates[index] }
    public func segment(_ index: Int) -> PodSegment { segments[index] }

    /// What placing a candidate is worth after blocks and the session; nil where it may not be placed at all.
    public func worth(of index: Int) -> Micros? {
        let (value, reason) = exclusionEverywhere(of: candidates[index])
        return reason == nil ? Micros(value) : nil
    }

    func isBlocked(advertiser: UInt64) -> Bool {
        guard advertiser != 0 else { return false }
        for i in 0..<blockedCount where blockedAdvertisers[i] == advertiser { return true }
        return false
    }

    /// What placing a candidate is worth in this session, or nil where it may not be shown again.
    func value(of candidate: borrowing PodCandidate) -> Micros? {
        var value = min(candidate.value.rawValue, PodLimits.value.rawValue)
        if seenCreative != .ignore, session.hasSeen(creative: candidate.creative) {
            guard let lowered = seenCreative.lowered(Micros(value))?.rawValue else { return nil }
            value = lowered
        }
        if seenAdvertiser != .ignore, session.hasSeen(advertiser: candidate.advertiser) {
            guard let lowered = seenAdvertiser.lowered(Micros(value))?.rawValue else { return nil }
            value = lowered
        }
        return Micros(value)
    }
}

extension DiversityRule {
    /// What is left of a value, rounded down. Nil: nothing, it may not be shown.
    public func lowered(_ value: Micros) -> Micros? {
        switch self {
        case .ignore: return value
        case .exclude: return nil
        case .penalise(let millionths):
            let kept = Int128(1_000_000 - max(0, min(millionths, 1_000_000)))
            return Micros(Int64(Int128(value.rawValue) * kept / 1_000_000))
        }
    }
}
