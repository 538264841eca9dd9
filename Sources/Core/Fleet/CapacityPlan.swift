// How many nodes a peak takes, from what a decision costs of a core. The sums are whole numbers, rounded up where it is
// about machines.

/// What a fleet of equal regions needs, so that it carries its peak with any one of them lost.
public struct CapacityPlan: Equatable, Sendable {
    public let peakPerSecond: Int
    /// What a request costs of one core, measured.
    public let decisionMicroseconds: Int
    /// The share of its cores that may be busy, in percent.
    public let load: Int
    public let regions: Int
    public let coresPerNode: Int

    public init(
        peakPerSecond: Int, decisionMicroseconds: Int, load: Int, regions: Int, coresPerNode: Int
    ) {
        precondition(
            peakPerSecond > 0 && decisionMicroseconds > 0 && load > 0 && regions > 1 && coresPerNode > 0,
            "a plan of nothing, or of one region, which cannot be lost")
        self.peakPerSecond = peakPerSecond
        self.decisionMicroseconds = decisionMicroseconds
        self.load = load
        self.regions = regions
        self.coresPerNode = coresPerNode
    }

    /// Cores that are busy at the peak, if they were all in one place and wholly busy.
    public var busyCores: Int { Self.up(peakPerSecond * decisionMicroseconds, 1_000_000) }
    /// The same with room for bursts.
    public var coresForPeak: Int { Self.up(peakPerSecond * decisionMicroseconds, load * 10_000) }
    /// One region is lost, and the others carry all of it.
    public var coresPerRegion: Int { Self.up(coresForPeak, regions - 1) }
    public var nodesPerRegion: Int { Self.up(coresPerRegion, coresPerNode) }
    public var nodes: Int { nodesPerRegion * regions }
    /// What all of them answer, and what is left with one region lost.
    public var carriesPerSecond: Int { nodes * coresPerNode * load * 10_000 / decisionMicroseconds }
    public var carriesWithOneLost: Int { carriesPerSecond / regions * (regions - 1) }

    private static func up(_ value: Int, _ divisor: Int) -> Int { (value + divisor - 1) / divisor }
}
