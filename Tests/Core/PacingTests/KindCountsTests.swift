// What a node says of its traffic: for how much of each kind of place a campaign could compete, and how many places a day has.
import Pacing
import Testing
import Units

@Suite struct KindCountsTests {
    private static let start = Instant(nanoseconds: 0)
    private var counts = KindCounts(kinds: 2, at: start)
    private var offered = KindCounts.Offered(requests: 0, places: [0, 0])

    /// Breaks of six places of the first kind, and single places of the second.
    private mutating func see(
        breaks: UInt64, singles: UInt64, _ campaigns: [(id: String, arrivals: [UInt64], competes: Bool)],
        at second: Int64
    ) {
        offered.requests += breaks + singles
        offered.places[0] += 6 * breaks
        offered.places[1] += singles
        counts.count(offered, campaigns, at: Self.start + .seconds(second))
    }

    private func isNear(_ one: [Double], _ other: [Double]) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { abs($0 - $1) < 0.02 }
    }

    @Test mutating func ofABreakACampaignTakesOnePlace() {
        see(
            breaks: 10_000, singles: 10_000,
            [("all", [10_000, 10_000], true), ("first", [10_000, 0], true), ("idle", [0, 0], false)], at: 5)
        #expect(isNear(counts.shares("all"), [1 / 6, 1]))
        #expect(isNear(counts.shares("first"), [1 / 6, 0]))
        #expect(abs(counts.eligible("all") - 1) < 0.01 && abs(counts.eligible("first") - 0.5) < 0.01)
        // Nobody knows for what it could compete, so it is taken to be all.
        #expect(counts.eligible("idle") == 1 && counts.eligible("unheard of") == 1)
        let supply = counts.supply(Array(repeating: 2, count: 24))
        #expect(isNear(supply?.places ?? [], Array(repeating: [6, 1], count: 24).flatMap { $0 }))
    }

    /// Whoever comes late, or had no money for a while, could not compete then: that says nothing of its targeting.
    @Test mutating func whatACampaignMissedDoesNotCountAgainstIt() {
        see(breaks: 10_000, singles: 10_000, [("early", [10_000, 10_000], true)], at: 5)
        see(
            breaks: 10_000, singles: 10_000,
            [("early", [10_000, 10_000], false), ("late", [5_000, 0], true)], at: 10)
        #expect(isNear(counts.shares("early"), [1 / 6, 1]))
        #expect(isNear(counts.shares("late"), [0.5 / 6, 0]))
        #expect(abs(counts.eligible("late") - 0.25) < 0.01)
    }

    @Test mutating func whatHasChangedIsKnownAnHourLater() {
        see(breaks: 1_000, singles: 1_000, [("a", [1_000, 1_000], true)], at: 5)
        var arrivals: UInt64 = 1_000
        for minute in Int64(1)...60 {
            // Its targeting leaves the first kind out now.
            arrivals += 1_000
            see(breaks: 1_000, singles: 1_000, [("a", [1_000, arrivals], true)], at: 60 * minute)
        }
        let share = counts.shares("a")[0]
        #expect(share < 0.01, "\(share)")
    }

    @Test func whoHasSeenNothingExpectsAllKindsAlike() {
        let supply = counts.supply(Array(repeating: 100, count: 24))
        #expect(supply?.places == Array(repeating: 50, count: 48))
    }
}
