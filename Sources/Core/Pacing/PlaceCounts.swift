// For how much of what requests offer each campaign could compete, by the hour and by kind of place: what a node says of its traffic
// beside how much there is of it. Nothing of it depends on money, plans or auctions.
public import Units

public struct PlaceCounts: Sendable {
    /// Sampled since the process began.
    public struct Offered: Sendable, Hashable {
        public var requests: UInt64
        /// Places for ads, by kind.
        public var places: [UInt64]

        public init(requests: UInt64, places: [UInt64]) { (self.requests, self.places) = (requests, places) }
    }

    /// Sampled requests that a campaign targets, and of these the ones whose floors it can pay, by the kind of their places.
    public struct Arrivals: Sendable, Hashable {
        public var targeted: [UInt64]
        public var payable: [UInt64]

        public init(kinds: Int) {
            targeted = Array(repeating: 0, count: kinds)
            payable = targeted
        }
    }

    /// One campaign, at one moment.
    public struct Sighting: Sendable {
        public var id: String
        /// The sampled requests for which it could have competed.
        public var arrivals: Arrivals
        /// Some of its line items can be shown now.
        public var runs: Bool
        /// Of what decides for which requests it can compete: with another one all that was seen is of another campaign.
        public var eligibility: UInt64

        public init(id: String, arrivals: Arrivals, runs: Bool, eligibility: UInt64 = 0) {
            (self.id, self.arrivals, self.runs, self.eligibility) = (id, arrivals, runs, eligibility)
        }
    }

    /// Of some requests, and of the places in them.
    struct Count: Sendable {
        var requests = 0.0
        /// By kind.
        var places: [Double]

        mutating func add(_ other: Count, former part: Double = 1) {
            requests = requests * part + other.requests
            for kind in places.indices { places[kind] = places[kind] * part + other.places[kind] }
        }
    }

    private let kinds: Int
    private var before: Offered
    /// Of the hour that runs.
    private var open: Count
    /// By the hour of the day.
    private var days: [Count]
    private var campaigns: [String: CampaignPlaces] = [:]
    private var hour: Int64
    private var countedAt: Instant

    /// Before so many requests of them were seen nobody knows what kinds there are.
    private static let least = 256.0
    /// An hour of which few requests were seen is as all hours together by so many.
    private static let fewRequests = 64.0

    public init(kinds: Int, at now: Instant) {
        precondition((1...PaceSupply.kindsMost).contains(kinds), "as many kinds as words can have")
        self.kinds = kinds
        let none = Count(places: Array(repeating: 0, count: kinds))
        before = Offered(requests: 0, places: Array(repeating: 0, count: kinds))
        open = none
        days = Array(repeating: none, count: PaceStatement.hours)
        hour = HourOfWeek.hours(now)
        countedAt = now
    }

    /// What was counted since the last time is of the hour in which that was.
    ///
    /// - Parameter campaigns: who is not among them is forgotten; who comes, or comes back, is counted from now on.
    public mutating func count(_ offered: Offered, _ campaigns: [Sighting], at now: Instant) {
        countedAt = now
        let came = Count(
            requests: Double(offered.requests &- before.requests),
            places: zip(offered.places, before.places).map { Double($0 &- $1) })
        before = offered
        open.add(came)
        let former = self.campaigns
        self.campaigns = [:]
        self.campaigns.reserveCapacity(campaigns.count)
        for seen in campaigns {
            var one: CampaignPlaces
            if let known = former[seen.id], known.isOf(seen) {
                one = known
                one.count(seen, of: came, at: now)
            } else {
                // Of what was offered before it came nobody knows whether it was for it.
                one = CampaignPlaces(before: seen.arrivals)
                one.begin(seen, at: now)
            }
            self.campaigns[seen.id] = one
        }
        let current = HourOfWeek.hours(now)
        guard current != hour else { return }
        days[HourOfWeek(hoursSinceEpoch: hour).number % PaceStatement.hours].add(
            open, former: CampaignPlaces.former)
        open = Count(places: Array(repeating: 0, count: kinds))
        for id in self.campaigns.keys { self.campaigns[id]?.close(HourOfWeek(hoursSinceEpoch: hour)) }
        hour = current
    }

    /// What is known of one campaign: of one that nobody has heard of, nothing.
    public func view(of campaign: String) -> CampaignView {
        let one = campaigns[campaign] ?? CampaignPlaces(before: Arrivals(kinds: kinds))
        return CampaignView(one, in: HourOfWeek(hoursSinceEpoch: hour), at: countedAt)
    }

    /// The places of a day, from the requests that are expected in each of its hours, by the hour of UTC; nil where nobody knows.
    public func supply(_ day: [Double]) -> PaceSupply? {
        var all = open
        for hour in days { all.add(hour) }
        guard all.requests >= Self.least else { return nil }
        let here = HourOfWeek(hoursSinceEpoch: hour).number % PaceStatement.hours
        var places: [Double] = []
        for (hour, requests) in day.enumerated() {
            var seen = days[hour]
            if hour == here { seen.add(open) }
            for kind in 0..<kinds {
                let usual = all.places[kind] / all.requests * Self.fewRequests
                places.append(requests * (seen.places[kind] + usual) / (seen.requests + Self.fewRequests))
            }
        }
        return PaceSupply(kinds: kinds, places: places)
    }
}

/// One campaign's part of what was offered while it could be shown.
struct CampaignPlaces: Sendable {
    struct Slot: Sendable {
        var requests: Float = 0
        var came: Float = 0

        mutating func add(_ other: Slot, former part: Float = 1) {
            requests = requests * part + other.requests
            came = came * part + other.came
        }
    }

    private var before: PlaceCounts.Arrivals
    /// Of the hour that runs: what was offered, and for what it could have competed, by kind.
    private var offered: PlaceCounts.Count
    private var came: [Double]
    private var paid: [Double]
    /// Of the hours before in which it could compete for something.
    private var places: [Double]
    private var arrivals: [Double]
    private var payable: [Double]
    /// By the hour of the week, and by that of the day.
    private(set) var week = [Slot](repeating: Slot(), count: HourOfWeek.count)
    private(set) var days = [Slot](repeating: Slot(), count: PaceStatement.hours)

    /// By the hour of the week, whether its newest was counted from its beginning to its end.
    private var isWhole = [Bool](repeating: false, count: HourOfWeek.count)
    /// Of the hour that runs.
    private var isCountedWhole = false
    /// While it ran, as it was last.
    private var eligibility: UInt64?
    /// Of all that was offered while it ran.
    private(set) var seen = 0.0
    private(set) var runsSince: Instant?

    /// The newest day of an hour, or week, counts for as much as all before it.
    static let former = 0.5
    /// Of kinds, so many of its last arrivals are remembered, and as many more at the most.
    private static let remembered = 1_024.0
    /// Less than this differs by chance, and more than twice or half of what it was by what the campaign targets now.
    private static let telling: Float = 32

    init(before: PlaceCounts.Arrivals) {
        self.before = before
        let none = [Double](repeating: 0, count: before.targeted.count)
        offered = PlaceCounts.Count(places: none)
        (came, paid, places, arrivals, payable) = (none, none, none, none, none)
    }

    func isOf(_ sighting: PlaceCounts.Sighting) -> Bool {
        // Who is paused is known again when it is resumed.
        !sighting.runs || eligibility == nil || eligibility == sighting.eligibility
    }

    mutating func begin(_ sighting: PlaceCounts.Sighting, at now: Instant) {
        guard sighting.runs else { return }
        eligibility = sighting.eligibility
        runsSince = runsSince ?? now
    }

    mutating func count(_ sighting: PlaceCounts.Sighting, of all: PlaceCounts.Count, at now: Instant) {
        let (former, arrivals) = (before, sighting.arrivals)
        before = arrivals
        guard sighting.runs else {
            isCountedWhole = false
            return
        }
        begin(sighting, at: now)
        offered.add(all)
        seen += all.requests
        for kind in came.indices {
            came[kind] += Double(arrivals.targeted[kind] &- former.targeted[kind])
            paid[kind] += Double(arrivals.payable[kind] &- former.payable[kind])
        }
    }

    /// The hour is over.
    mutating func close(_ hour: HourOfWeek) {
        let last = current
        if last.requests > 0 {
            let former = week[hour.number]
            // A part of an hour may be of other minutes than those of a daypart.
            if former.requests > 0, isCountedWhole, isWhole[hour.number] {
                let expected = last.requests * former.came / former.requests
                let wasExpected = former.requests * last.came / last.requests
                // What was known of its other hours is of another targeting.
                if max(expected, last.came) >= Self.telling, max(wasExpected, former.came) >= Self.telling,
                    last.came > 2 * expected || 2 * last.came < expected
                {
                    week = Array(repeating: Slot(), count: week.count)
                    days = Array(repeating: Slot(), count: days.count)
                    isWhole = Array(repeating: false, count: isWhole.count)
                    for kind in places.indices {
                        (places[kind], arrivals[kind], payable[kind]) = (0, 0, 0)
                    }
                }
            }
            week[hour.number].add(last, former: Float(Self.former))
            days[hour.number % PaceStatement.hours].add(last, former: Float(Self.former))
            isWhole[hour.number] = isCountedWhole
        }
        isCountedWhole = true
        (places, arrivals, payable) = kinds
        let part = arrivals.reduce(0, +) > 2 * Self.remembered ? 0.5 : 1
        for kind in places.indices {
            places[kind] *= part
            arrivals[kind] *= part
            payable[kind] *= part
            (came[kind], paid[kind], offered.places[kind]) = (0, 0, 0)
        }
        offered.requests = 0
    }

    /// The hour that runs.
    var current: Slot { Slot(requests: Float(offered.requests), came: Float(paid.reduce(0, +))) }

    /// Places, the campaign's arrivals in them, and those that it can pay, by kind: of hours in which it could not compete for anything none.
    var kinds: (places: [Double], arrivals: [Double], payable: [Double]) {
        guard came.contains(where: { $0 > 0 }) else { return (places, arrivals, payable) }
        return (
            zip(places, offered.places).map(+), zip(arrivals, came).map(+), zip(payable, paid).map(+)
        )
    }
}

/// What a node says of one campaign.
public struct CampaignView: Sendable {
    private let week: [CampaignPlaces.Slot]
    private let days: [CampaignPlaces.Slot]
    private var all = CampaignPlaces.Slot()
    /// The hours in which it could compete for something.
    private var active = CampaignPlaces.Slot()
    /// Of each kind of place, the part for which it could compete in such hours: of a break's places it takes one. Empty before any came.
    public let shares: [Double]
    /// Of that part, the one whose floors it can pay.
    public let affordable: [Double]

    /// What it could have is not known yet: what is said of it is all that is offered.
    public let isGuess: Bool

    /// Some dozens of requests tell a campaign that targets little from one that targets all. Where there are hardly any, a minute is
    /// enough: what follows is as near as it gets.
    private static let telling = 48.0
    private static let guessedFor = Interval.seconds(60)
    /// Before any came, all are taken to be for it; a sixteenth of a request that was not is enough to think otherwise.
    private static let unseen: Float = 1.0 / 16
    /// An hour is as all hours together, and a kind as all kinds, by so many arrivals.
    private static let fewArrivals: Float = 4
    private static let fewOfKind = 2.0

    init(_ one: CampaignPlaces, in hour: HourOfWeek, at now: Instant) {
        isGuess = one.seen < Self.telling && one.runsSince.map { now < $0 + Self.guessedFor } ?? true
        var (week, days) = (one.week, one.days)
        week[hour.number].add(one.current)
        days[hour.number % PaceStatement.hours].add(one.current)
        for slot in days {
            all.add(slot)
            if slot.came > 0 { active.add(slot) }
        }
        (self.week, self.days) = (week, days)
        let (places, arrivals, payable) = one.kinds
        let (whole, came) = (places.reduce(0, +), arrivals.reduce(0, +))
        guard whole > 0, came > 0 else {
            (shares, affordable) = ([], [])
            return
        }
        let usual = came / whole
        let paid = payable.reduce(0, +) / came
        affordable = zip(arrivals, payable).map { arrivals, payable in
            min((payable + Self.fewOfKind * paid) / (arrivals + Self.fewOfKind), 1)
        }
        shares = zip(places, arrivals).map { places, arrivals in
            min((arrivals + Self.fewOfKind) / (places + Self.fewOfKind / usual), 1)
        }
    }

    /// Each hour of a day was seen: else nobody knows whether it can deliver.
    public var seesDay: Bool { days.allSatisfy { $0.requests > 0 } }

    /// The part of an hour's requests for which it could compete: as seen in that hour of the week, else in that hour of other days, else
    /// in all hours in which it could compete for any.
    func part(of hour: HourOfWeek) -> Double {
        func rate(_ slot: CampaignPlaces.Slot) -> Float {
            (slot.came + Self.unseen) / (slot.requests + Self.unseen)
        }
        func rate(_ slot: CampaignPlaces.Slot, or usual: Float) -> Float {
            (slot.came + Self.fewArrivals) / (slot.requests + Self.fewArrivals / usual)
        }
        let day = days[hour.number % PaceStatement.hours]
        guard day.requests > 0 else { return Double(min(rate(active.came > 0 ? active : all), 1)) }
        let usual = rate(day, or: rate(all))
        let slot = week[hour.number]
        return Double(min(slot.requests > 0 ? rate(slot, or: usual) : usual, 1))
    }

    /// Whether it has in the day to come about what it has on the best days of its week, by what is known of those.
    public func isUsual(_ day: [Double], from now: Instant) -> Bool {
        let first = HourOfWeek(now).number
        var best = 0.0
        var next = 0.0
        for later in 0..<HourOfWeek.count / PaceStatement.hours {
            let sum = (0..<PaceStatement.hours).reduce(0.0) { sum, ahead in
                let number = (first + later * PaceStatement.hours + ahead) % HourOfWeek.count
                return sum + day[number % PaceStatement.hours] * part(of: HourOfWeek(number))
            }
            if later == 0 { next = sum }
            best = max(best, sum)
        }
        return next >= Self.usual * best
    }

    /// Two days that are alike differ by less.
    private static let usual = 0.75

    /// Of the requests that are expected in each hour of the day to come, by the hour of UTC, those for which it could compete.
    public func supply(_ day: [Double], from now: Instant) -> [Double] {
        var supply = day
        for ahead in 0..<PaceStatement.hours {
            let hour = HourOfWeek(now + Interval(nanoseconds: Int64(ahead) * HourOfWeek.length))
            supply[hour.number % PaceStatement.hours] *= part(of: hour)
        }
        return supply
    }
}
