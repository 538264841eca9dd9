// What a search found: who stands where, what it is worth, and how much better any other pod could be.
public import Units

/// The value of a pod by tier. Compared tier by tier: an earlier one decides before a later one is looked at.
public struct PodScore: Hashable, Comparable, Sendable {
    public var sponsorship = Micros.zero
    public var guaranteed = Micros.zero
    public var open = Micros.zero

    @inlinable public init(
        sponsorship: Micros = .zero, guaranteed: Micros = .zero, open: Micros = .zero
    ) {
        self.sponsorship = sponsorship
        self.guaranteed = guaranteed
        self.open = open
    }

    @inlinable public subscript(tier: PriorityTier) -> Micros {
        get {
            switch tier {
            case .sponsorship: sponsorship
            case .guaranteed: guaranteed
            case .open: open
            }
        }
        set {
            switch tier {
            case .sponsorship: sponsorship = newValue
            case .guaranteed: guaranteed = newValue
            case .open: open = newValue
            }
        }
    }

    @inlinable public var total: Micros { sponsorship + guaranteed + open }

    @inlinable public static func < (a: PodScore, b: PodScore) -> Bool {
        if a.sponsorship != b.sponsorship { return a.sponsorship < b.sponsorship }
        if a.guaranteed != b.guaranteed { return a.guaranteed < b.guaranteed }
        return a.open < b.open
    }
}

/// One ad in its place.
public struct PodPlacement: Hashable, Sendable {
    /// Indices into the problem.
    public var candidate: Int
    public var segment: Int
    /// With the premium of the place.
    public var value: Micros
}

/// A feasible pod; empty where nothing fits.
public struct PodSolution: Sendable {
    private var placements = InlineArray<16, PodPlacement>(
        repeating: PodPlacement(candidate: 0, segment: 0, value: .zero))
    public private(set) var count = 0
    public private(set) var score = PodScore()
    /// No pod of this problem is worth more than this. Equal to the score where the search ran to its end.
    public internal(set) var bound = PodScore()
    public internal(set) var steps = 0

    /// The empty pod.
    public init() {}

    public var isProven: Bool { bound == score }

    /// In the order in which they are shown.
    public subscript(position: Int) -> PodPlacement {
        precondition(position >= 0 && position < count, "the pod has no such position")
        // By a span: an element of the array itself would be read by copying all of it.
        return placements.span[position]
    }

    mutating func append(_ placement: PodPlacement, _ tier: PriorityTier) {
        placements[count] = placement
        count += 1
        score[tier] += placement.value
    }
}
