// What a node says of its traffic: for how much of each hour, and of each kind of place, a campaign could compete.
import Pacing
import Testing
import Units

@Suite struct PlaceCountsTests {
    /// 2024-01-01, a Monday.
    private static let start = Instant(nanoseconds: 1_704_067_200 * 1_000_000_000)

    /// A node whose traffic is alike in all hours: breaks of six places of the first kind, and as many single places of the second.
    private struct Node {
        var counts = PlaceCounts(kinds: 2, at: start)
        var offered = PlaceCounts.Offered(requests: 0, places: [0, 0])
        var arrivals: [String: PlaceCounts.Arrivals] = [:]
        var hour: Int64 = 0
        var eligibility: UInt64 = 0

        /// An hour, with each campaign's parts of both kinds of requests.
        mutating func pass(
            _ campaigns: [(id: String, parts: [Double])], requests: UInt64 = 20_000, runs: Bool = true,
            pays: [Double] = [1, 1]
        ) {
            offered.requests += requests
            offered.places[0] += 6 * requests / 2
            offered.places[1] += requests / 2
            for (id, parts) in campaigns {
                var one = arrivals[id] ?? PlaceCounts.Arrivals(kinds: 2)
                for kind in 0..<2 {
                    let came = parts[kind] * Double(requests) / 2
                    one.targeted[kind] += UInt64(came.rounded())
                    one.payable[kind] += UInt64((came * pays[kind]).rounded())
                }
                arrivals[id] = one
            }
            hour += 1
            count(campaigns.map(\.id), runs)
        }

        mutating func count(_ campaigns: [String], _ runs: Bool = true) {
            counts.count(
                offered,
                campaigns.map {
                    PlaceCounts.Sighting(
                        id: $0, arrivals: arrivals[$0] ?? PlaceCounts.Arrivals(kinds: 2), runs: runs,
                        eligibility: eligibility)
                },
                at: start + .seconds(hour * 3_600))
        }

        func view(_ id: String) -> CampaignView { counts.view(of: id) }

        /// Of a request in each hour of the day to come, by the hour of UTC.
        func parts(_ id: String) -> [Double] {
            view(id).supply(Array(repeating: 1, count: 24), from: start + .seconds(hour * 3_600))
        }
    }

    private func isNear(_ one: [Double], _ other: [Double], by most: Double = 0.02) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { abs($0 - $1) < most }
    }

    @Test func ofABreakACampaignTakesOnePlace() {
        var node = Node()
        node.count(["all", "first", "idle"])
        node.pass([("all", [1, 1]), ("first", [1, 0]), ("idle", [0, 0])])
        #expect(isNear(node.view("all").shares, [1 / 6, 1]))
        #expect(isNear(node.view("first").shares, [1 / 6, 0]))
        #expect(node.view("idle").shares.isEmpty)
        #expect(isNear(node.parts("first"), Array(repeating: 0.5, count: 24)))
        // Whom nobody has heard of is taken to compete for all.
        #expect(node.parts("unheard of") == Array(repeating: 1, count: 24))
        let supply = node.counts.supply(Array(repeating: 2, count: 24))
        #expect(isNear(supply?.places ?? [], Array(repeating: [6, 1], count: 24).flatMap { $0 }))
    }

    /// A campaign that runs in six hours of the day only is known by its hours a day later, and by none of its idle ones before.
    @Test func hoursAreKeptApart() throws {
        var node = Node()
        node.count(["day"])
        for hour in 0..<24 {
            #expect(!node.view("day").seesDay, "hour \(hour)")
            // In its own hours, an hour that nobody saw is as those are.
            if (10..<12).contains(hour) {
                let parts = node.parts("day")
                #expect(hour == 10 ? parts[15] < 0.01 : abs(parts[15] - 0.4) < 0.02, "\(parts[15])")
            }
            node.pass([("day", (10..<16).contains(hour) ? [0.8, 0] : [0, 0])])
        }
        #expect(node.view("day").seesDay)
        #expect(isNear(node.parts("day"), (0..<24).map { (10..<16).contains($0) ? 0.4 : 0 }))
        // Hours in which it could not compete say nothing of the kinds that it wants.
        #expect(isNear(node.view("day").shares, [0.8 / 6, 0], by: 0.01), "\(node.view("day").shares)")
    }

    @Test func daysOfTheWeekAreKeptApart() {
        var node = Node()
        node.count(["weekdays"])
        for hour in 0..<24 * 11 { node.pass([("weekdays", hour / 24 % 7 < 5 ? [1, 1] : [0, 0])]) }
        // Thursday night of the second week: by tomorrow it competes for all; and by Saturday for nothing.
        #expect(node.parts("weekdays").allSatisfy { $0 > 0.9 }, "\(node.parts("weekdays"))")
        for _ in 0..<24 { node.pass([("weekdays", [1, 1])]) }
        #expect(node.parts("weekdays").allSatisfy { $0 < 0.05 }, "\(node.parts("weekdays"))")
    }

    /// Three in ten thousand, for one who could not be told from nothing by thousandths.
    @Test func aSmallCampaignIsSeen() {
        var node = Node()
        node.count(["small"])
        for _ in 0..<48 { node.pass([("small", [0.000_3, 0.000_3])], requests: 20_000) }
        let parts = node.parts("small")
        #expect(parts.allSatisfy { abs($0 / 0.000_3 - 1) < 0.05 }, "\(parts)")
        #expect(abs(node.view("small").shares[0] / (0.000_3 / 6) - 1) < 0.1)
    }

    /// Its counters are as old as the process: what they were before it came back is of no hour.
    @Test func whoComesBackIsCountedFromThenOn() {
        var node = Node()
        node.count(["one"])
        for _ in 0..<3 { node.pass([("one", [1, 1])]) }
        node.pass([])
        node.pass([])
        // It targets a tenth now; what it came to before must not count as this hour's, nor what was offered meanwhile against it.
        node.offered.requests += 7_000
        node.count(["one"])
        node.pass([("one", [0.1, 0.1])])
        #expect(isNear(node.parts("one"), Array(repeating: 0.1, count: 24)), "\(node.parts("one"))")
    }

    /// What is offered before and after its flight says nothing of what it targets.
    @Test func outsideItsFlightNothingFades() {
        var node = Node()
        node.count(["one"])
        node.pass([("one", [0.5, 0.5])])
        let before = (node.parts("one"), node.view("one").shares)
        for _ in 0..<24 { node.pass([("one", [0, 0])], runs: false) }
        #expect(isNear(node.parts("one"), before.0, by: 1e-6))
        #expect(isNear(node.view("one").shares, before.1, by: 0.005), "\(node.view("one").shares)")
        #expect(!node.view("one").seesDay)
    }

    /// Two nodes with the same traffic, of which one began much earlier: a campaign that came this hour is the same to both.
    @Test func whoBeganLatelyIsNoBetterThanWhoBeganLongAgo() {
        var (old, new) = (Node(), Node())
        for _ in 0..<50 { old.pass([]) }
        new.hour = old.hour
        new.counts = PlaceCounts(kinds: 2, at: Self.start + .seconds(new.hour * 3_600))
        for node in 0..<2 {
            var one = node == 0 ? old : new
            one.count(["one"])
            one.pass([("one", [0.25, 0.25])])
            if node == 0 { old = one } else { new = one }
        }
        #expect(isNear(old.parts("one"), new.parts("one"), by: 1e-6))
        #expect(abs(old.parts("one")[3] - 0.25) < 0.01)
    }

    /// Where a week's hours were seen, another targeting is known when one hour of it is over.
    @Test func anotherTargetingIsKnownAfterAnHour() {
        var node = Node()
        node.count(["one"])
        for _ in 0..<24 * 8 { node.pass([("one", [1, 1])]) }
        node.pass([("one", [0.1, 0])])
        #expect(isNear(node.parts("one"), Array(repeating: 0.05, count: 24)), "\(node.parts("one"))")
        #expect(isNear(node.view("one").shares, [0.1 / 6, 0]), "\(node.view("one").shares)")
    }

    /// Who raised its bid or widened its targeting is another campaign to who counts, in its first week as well; who is paused is not.
    @Test func anotherEligibilityIsCountedAnew() {
        var node = Node()
        node.count(["one"])
        for _ in 0..<30 { node.pass([("one", [0.1, 0])]) }
        #expect(node.view("one").seesDay && !node.view("one").isGuess)
        node.eligibility = 1
        // While it is paused nobody can say what it targets.
        node.count(["one"], false)
        #expect(node.view("one").seesDay)
        node.count(["one"])
        #expect(!node.view("one").seesDay && node.view("one").isGuess && node.view("one").shares.isEmpty)
        node.pass([("one", [1, 1])])
        #expect(isNear(node.parts("one"), Array(repeating: 1, count: 24)), "\(node.parts("one"))")
        #expect(!node.view("one").isGuess)
    }

    /// A campaign came in the middle of an hour, in whose second half it cannot be shown: a week later that is no other targeting.
    @Test func aPartOfAnHourIsNoOtherTargeting() {
        var node = Node()
        node.offered.requests += 9_000
        node.count(["one"])
        func week(_ first: Bool) {
            for hour in 0..<24 * 7 { node.pass([("one", hour == 0 && first ? [0, 0] : [0.5, 0.5])]) }
        }
        week(true)
        node.pass([("one", [0.5, 0.5])])
        #expect(node.view("one").seesDay)
        // A whole hour is one, a week after that.
        for _ in 1..<24 * 7 { node.pass([("one", [0.5, 0.5])]) }
        node.pass([("one", [0, 0])])
        #expect(!node.view("one").seesDay)
    }

    /// Twenty requests of an hour tell nothing, whatever came of ten thousand a week later.
    @Test func aFewRequestsAreNoOtherTargeting() {
        var node = Node()
        node.count(["one"])
        for hour in 0..<24 * 8 {
            node.pass([("one", hour == 30 ? [0, 0] : [0.2, 0.2])], requests: hour == 30 ? 20 : 20_000)
        }
        for _ in 24 * 8...24 * 7 + 30 { node.pass([("one", [0.2, 0.2])]) }
        #expect(node.view("one").seesDay)
    }

    @Test func beforeSomeDozensCameAllIsAGuess() {
        var node = Node()
        #expect(node.view("unheard of").isGuess)
        node.count(["one"])
        node.counts.count(
            PlaceCounts.Offered(requests: 40, places: [120, 20]),
            [PlaceCounts.Sighting(id: "one", arrivals: PlaceCounts.Arrivals(kinds: 2), runs: true)],
            at: Self.start + .seconds(5))
        #expect(node.view("one").isGuess)
        node.counts.count(
            PlaceCounts.Offered(requests: 60, places: [180, 30]),
            [PlaceCounts.Sighting(id: "one", arrivals: PlaceCounts.Arrivals(kinds: 2), runs: true)],
            at: Self.start + .seconds(10))
        #expect(!node.view("one").isGuess)
        // Where hardly anybody comes a minute is enough, of a time in which it runs.
        var quiet = Node()
        for second in [Int64(0), 100, 101, 150, 162] {
            quiet.counts.count(
                PlaceCounts.Offered(requests: UInt64(second) / 10, places: [0, 0]),
                [
                    PlaceCounts.Sighting(
                        id: "one", arrivals: PlaceCounts.Arrivals(kinds: 2), runs: second > 100)
                ],
                at: Self.start + .seconds(second))
            #expect(quiet.view("one").isGuess == (second < 162), "\(second)")
        }
    }

    @Test func aWeekendIsNoUsualDay() {
        var node = Node()
        node.count(["weekdays", "always"])
        let day = [Double](repeating: 1, count: 24)
        for hour in 0..<24 * 14 {
            let now = Self.start + .seconds(Int64(hour) * 3_600)
            if hour >= 24 * 7 {
                #expect(node.view("always").isUsual(day, from: now))
                if hour % 24 == 0 {
                    let isWeekday = hour / 24 % 7 < 5
                    #expect(node.view("weekdays").isUsual(day, from: now) == isWeekday, "hour \(hour)")
                }
            }
            node.pass([("weekdays", hour / 24 % 7 < 5 ? [1, 1] : [0, 0]), ("always", [0.3, 0.3])])
        }
    }

    /// What nobody could sell it is no supply of a campaign, and no reason to widen its targeting.
    @Test func floorsAreToldApartFromTargeting() {
        var node = Node()
        node.count(["one"])
        node.pass([("one", [1, 0.5])], pays: [0.25, 1])
        #expect(isNear(node.view("one").shares, [1 / 6, 0.5]))
        #expect(isNear(node.view("one").affordable, [0.25, 1]))
        #expect(isNear(node.parts("one"), Array(repeating: 0.375, count: 24)), "\(node.parts("one"))")
    }

    @Test func whoHasSeenHardlyAnythingKnowsOfNoKinds() {
        var node = Node()
        #expect(node.counts.supply(Array(repeating: 100, count: 24)) == nil)
        node.pass([], requests: 200)
        #expect(node.counts.supply(Array(repeating: 100, count: 24)) == nil)
        node.pass([], requests: 200)
        #expect(node.counts.supply(Array(repeating: 100, count: 24)) != nil)
    }
}
