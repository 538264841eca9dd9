// Models that predict beside the ones that decide, to be compared with them: nothing that they say goes into an answer.
public import Units

/// A model that somebody would like to serve, over the same schema as those that are served.
public struct ShadowModel: Sendable {
    /// What people and records call it.
    public let name: String
    public let served: ServedModel

    /// As many at one time: each is one more model in memory, and one more column in every record.
    public static let most = 16

    public init(_ name: String, _ served: ServedModel) { (self.name, self.served) = (name, served) }
}

/// How much time shadows may take of one core, and whether any is left: a value, told the time from outside. What is
/// not used is saved for a second at most; who overdraws waits until it is paid back.
public struct ShadowBudget: Sendable {
    private let thousandths: Int64
    private var left: Int64
    private var last: Instant

    /// - Parameter millisecondsPerSecond: 1,000 is a core.
    public init(millisecondsPerSecond: Int, at now: Instant) {
        thousandths = Int64(millisecondsPerSecond)
        left = thousandths * 1_000_000
        last = now
    }

    public mutating func allows(at now: Instant) -> Bool {
        // A pause of days says no more than one of a minute, and does not overflow.
        let passed = min(max((now - last).nanoseconds, 0), 60_000_000_000)
        last = max(last, now)
        left = min(left + passed * thousandths / 1_000, thousandths * 1_000_000)
        return left > 0
    }

    public mutating func spent(_ took: Interval) { left -= max(took.nanoseconds, 0) }
}
