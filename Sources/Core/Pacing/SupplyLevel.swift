// How many requests a node has now, beside what its forecast says of this hour: what it tells a coordinator of the day to come.
internal import Numerics
public import Units

public struct SupplyLevel: Sendable {
    /// Requests a second, of late.
    private var level = 0.0
    private var age = 0.0
    private var measured: (at: Instant, requests: UInt64)?

    private static let seconds = 60.0
    /// By so much a minute strays from its hour on a usual day, as a logarithm: a forecast that was learned is not corrected for it.
    private static let usual = 0.15

    public init() {}

    /// - requests: a sum that only grows.
    public mutating func measure(_ requests: UInt64, at now: Instant) {
        defer { measured = (now, requests) }
        guard let measured, now > measured.at else { return }
        let seconds = Double((now - measured.at).nanoseconds) / 1e9
        age += seconds
        let rate = Double(requests &- measured.requests) / seconds
        level += (rate - level) * min(seconds / min(Self.seconds, age), 1)
    }

    /// What the forecast's numbers are to be multiplied by: one where the requests are about what it says.
    /// - Parameters:
    ///   - expected: requests in this hour.
    ///   - isLearned: it is from hours that were seen, and not from nothing.
    public func factor(expected: Double, isLearned: Bool) -> Double {
        // Less than a minute says less: a node that began a moment ago has seen nobody, and expects whom it knows.
        if isLearned, age < Self.seconds { return 1 }
        let factor = level * 3_600 / max(expected, 1e-9)
        return isLearned && factor > 0 && abs(Double.log(factor)) < Self.usual ? 1 : factor
    }
}
