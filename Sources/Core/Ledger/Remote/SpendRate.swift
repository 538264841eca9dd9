// What was spent of an account lately, measured by how a sum of it grew: what is kept ahead is so many seconds of that.
internal import Units

struct SpendRate: Hashable, Sendable {
    private(set) var perSecond = Micros.zero
    private var used = Micros.zero
    private var measuredAt: Instant?
    private var isBased = false
    private var measures = 0

    /// Before it has seen half a minute it knows too little to say what is kept for nothing.
    static let measuresLeast = 30
    var isSettled: Bool { measures >= Self.measuresLeast }

    /// Of the mean: eight seconds of it are as good as forgotten after half a minute.
    private static let weight: Int64 = 8

    func spend(of seconds: Int64) -> Micros { perSecond.multiplied(by: seconds) ?? perSecond }

    /// The sum as it is now. True where it was time to look.
    mutating func measure(_ sum: Micros, at now: Instant) -> Bool {
        guard let since = measuredAt else {
            measuredAt = now
            return false
        }
        guard now - since >= .seconds(1) else { return false }
        measuredAt = now
        guard isBased else {
            // What is taken to begin with is not spent yet.
            isBased = true
            used = sum
            return false
        }
        let spent = max(sum - used, .zero)
        used = max(used, sum)
        let passed = max((now - since).wholeMilliseconds / 1_000, 1)
        measures = min(measures + 1, Self.measuresLeast)
        // The first seconds count in full: an issuer that is lost early has left as much as one that is lost late.
        let weight = min(Int64(measures), Self.weight)
        perSecond = Micros((perSecond.rawValue * (weight - 1) + spent.rawValue / passed) / weight)
        return true
    }
}
