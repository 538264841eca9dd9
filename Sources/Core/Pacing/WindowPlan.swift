// A region's own plan of one campaign: for a day at most, of what is left of its budget then. Beyond a day a node's
// forecast is worth little, and every day begins with what the one before has really spent.
public import Units

struct WindowPlan {
    let curve: SpendCurve
    /// By hour, as `CampaignPlan.choice`: none, since a share of requests chooses nothing.
    var end: Instant { curve.end }

    /// A budget's day has at most twenty-five hours.
    static let longest = Interval.seconds(86_400)

    /// Nil outside the flight, and where nothing is left to spend.
    init?(
        _ terms: PacedTerms, left: Micros, leftToday: Micros?, dayEnd: Instant?, week: WeekOfSupply,
        at now: Instant
    ) {
        guard now >= terms.start, now < terms.end, left.rawValue > 0 else { return nil }
        var end = min(terms.end, now + Self.longest)
        if let dayEnd, dayEnd > now { end = min(end, dayEnd) }
        var budget = Double(left.rawValue)
        if end < terms.end {
            let part = Self.weight(terms, week, now, end)
            let rest = Self.weight(terms, week, end, terms.end)
            budget *= part / max(part + rest, 1e-9)
        }
        if let leftToday { budget = min(budget, Double(max(leftToday, .zero).rawValue)) }
        guard budget >= 1 else { return nil }
        let hours = Supply.hours(from: now, to: end)
        let lengths = (0..<hours).map { hour -> Double in
            let left = (end - now).nanoseconds - Int64(hour) * HourOfWeek.length
            return min(Double(left) / Double(HourOfWeek.length), 1)
        }
        // Only the ratios count: what a node could take of an hour it does not know before the hour has come.
        let supply = (0..<hours).map { hour in
            week.requests(at: now + Interval(nanoseconds: Int64(hour) * HourOfWeek.length)) * lengths[hour]
                * 1e15
        }
        let spread = HourlySpread(
            capacity: supply, lengths: lengths, mode: terms.mode == .asap ? .even : terms.mode, daily: nil,
            before: Self.hours(terms.start, now), after: Self.hours(end, terms.end))
        curve = SpendCurve(start: now, end: end, hourly: spread.spread(budget))
    }

    static func hours(_ from: Instant, _ to: Instant) -> Double {
        Double(max((to - from).nanoseconds, 0)) / Double(HourOfWeek.length)
    }

    /// What a span of the flight gets in proportion to others, by the campaign's mode.
    private static func weight(_ terms: PacedTerms, _ week: WeekOfSupply, _ from: Instant, _ to: Instant)
        -> Double
    {
        switch terms.mode {
        case .even, .asap: hours(from, to)
        case .traffic: week.sum(from: from, to: to)
        case .frontloaded:
            // The weight falls in a straight line, so that of a span's middle stands for it.
            week.sum(from: from, to: to)
                * (1.5 - (hours(terms.start, from) + hours(terms.start, to)) / 2
                    / max(hours(terms.start, terms.end), 1e-9))
        }
    }
}

/// The forecast of a region's requests as a week that repeats.
public struct WeekOfSupply: Sendable {
    /// Sums at the starts of hours, from Monday's first on; the last is the week's.
    private let sums: [Double]
    /// Of hours that were seen, and not of nothing.
    public let isLearned: Bool

    /// A node that has seen nothing takes all hours to be alike.
    public init(_ forecast: Forecast?, from now: Instant) {
        var sums = [0.0]
        let first = HourOfWeek(now).number
        for number in 0..<HourOfWeek.count {
            let ahead = (number - first + HourOfWeek.count) % HourOfWeek.count
            let requests =
                forecast.map { forecast in
                    (0..<forecast.regions).reduce(0) { sum, region in
                        (0..<forecast.inventories).reduce(sum) {
                            $0
                                + forecast.requests(
                                    region: region, inventory: $1, hour: HourOfWeek(number), hoursAhead: ahead
                                )
                        }
                    }
                } ?? 1
            // An hour without any request would get no money, and so no chance to be wrong about.
            sums.append(sums[number] + max(requests, 1))
        }
        self.sums = sums
        isLearned =
            forecast.map { forecast in
                (0..<forecast.regions).contains { forecast.isKnown(region: $0, inventory: 0) }
            } ?? false
    }

    /// A week of such days.
    /// - day: by the hour of UTC.
    init(day: [Double]) {
        var sums = [0.0]
        for number in 0..<HourOfWeek.count {
            // An hour without any request would get no money, and so no chance to be wrong about.
            sums.append(sums[number] + max(day[number % PaceStatement.hours], 1e-3))
        }
        self.sums = sums
        isLearned = true
    }

    /// What is expected in each hour of the day to come, by the hour of UTC.
    public func day(from now: Instant) -> [Double] {
        var day = [Double](repeating: 0, count: PaceStatement.hours)
        for ahead in 0..<PaceStatement.hours {
            let at = now + Interval(nanoseconds: Int64(ahead) * HourOfWeek.length)
            day[HourOfWeek(at).number % PaceStatement.hours] = requests(at: at)
        }
        return day
    }

    public func requests(at instant: Instant) -> Double {
        let hour = HourOfWeek(instant).number
        return sums[hour + 1] - sums[hour]
    }

    func sum(from: Instant, to: Instant) -> Double { max(sum(to: to) - sum(to: from), 0) }

    /// Since 1970's first Monday.
    private func sum(to instant: Instant) -> Double {
        let hours = Double(instant.nanoseconds) / Double(HourOfWeek.length) + 3 * 24
        let weeks = (hours / Double(HourOfWeek.count)).rounded(.down)
        let place = hours - weeks * Double(HourOfWeek.count)
        let hour = min(Int(place), HourOfWeek.count - 1)
        return weeks * sums[HourOfWeek.count] + sums[hour]
            + (sums[hour + 1] - sums[hour]) * (place - Double(hour))
    }
}
