// When an account that an issuer does not have is asked for again.
public import Units

/// That of a campaign which was published a moment ago is opened a moment later; one that nobody opens is asked for ever more seldom.
public struct FindPause: Hashable, Sendable {
    public var least = Interval.milliseconds(250)
    /// As many accounts as a root may have, asked for by all holders so often, are no load.
    public var most = Interval.seconds(5)

    public init() {}

    /// - Parameter misses: how often in a row it was not there before this time.
    func after(_ misses: Int) -> Interval {
        Interval(nanoseconds: min(least.nanoseconds << Int64(min(misses, 16)), most.nanoseconds))
    }
}
