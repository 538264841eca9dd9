// The coordinator's side of pacing: from what all regions report, one price for each campaign's budget everywhere, and
// how the plan is shared among regions. One price is what makes the sum of all regions' value largest: where a region's
// traffic is worth more, more is spent there at the same price.
internal import Numerics
public import Units

/// One for each plan. Regions report when they can; it is asked for directives every few seconds.
public struct FlightPacer: Sendable {
    public let regions: Int
    public let settings: PaceSettings

    struct Region: Sendable {
        var report = PaceReport()
        var isHeard = false
        /// What it spends, of what its part of the plan says, of late.
        var yield = 1.0
        var scale = 1.0
        var rated = PaceReport()
    }

    struct Campaign: Sendable {
        var plan: CampaignPlan
        var version: UInt32
        var theta: Double
        /// Of the local additions reported so far, what `theta` contains, by region.
        var taken: [Double]
        var regions: [Region]
        var decidedAt: Instant?
        var sharedAt: Instant?
        /// What was spent under this plan by sessions that are over.
        var before = Micros.zero
    }

    var campaigns: [Campaign]
    /// Regions whose sessions are fenced: they spend nothing until they come back.
    public private(set) var isLost: [Bool]
    /// Where the plan is the rest of another one: when that began and ends. Its prices are found by then, or are being found.
    var origin: (start: Instant, end: Instant)?

    /// Before a region's share of the plan follows what it spent: half an hour is remembered.
    static let yieldSeconds = 1_800.0
    /// Nobody is called hopeless in the first quarter of an hour, nor for being less behind than this share of the
    /// budget, nor before others have given way to it by half of what they may: who starts at a quiet hour needs the least price for a
    /// while, and delivers.
    static let doubtAfter = Interval.seconds(900)
    static let behind = 0.01
    static let lowest = (PaceRow.thetaRange.lowerBound + PaceRow.yielded) / 2
    /// Shares of regions change with the hours, and at once when one is lost or comes back.
    static let shareEvery = Interval.seconds(60)
    /// The part of a plan in which its first price is found: an hour of a day.
    static let beginning = 1.0 / 24
    /// What a region's part may be raised to.
    static let scaleMost = 8.0
    /// A report older than this is not what a region has spent by now.
    static let staleAfter = Interval.seconds(10)

    public init(plans: [CampaignPlan], regions: Int, settings: PaceSettings = PaceSettings(), theta: Double) {
        self.regions = regions
        self.settings = settings
        campaigns = plans.map {
            Campaign(
                plan: $0, version: 0, theta: theta, taken: Array(repeating: 0, count: regions),
                regions: Array(repeating: Region(), count: regions))
        }
        isLost = Array(repeating: false, count: regions)
    }

    public func plan(of campaign: Int) -> CampaignPlan { campaigns[campaign].plan }

    /// What a region's part of the plan spends in a span.
    public func due(_ campaign: Int, _ region: Int, from: Instant, to: Instant) -> Micros {
        campaigns[campaign].plan.regions[region].spent(by: to)
            - campaigns[campaign].plan.regions[region].spent(by: from)
    }

    public func total(_ campaign: Int, _ region: Int) -> Micros {
        campaigns[campaign].plan.regions[region].total
    }

    public func theta(of campaign: Int) -> Double { campaigns[campaign].theta }

    /// What a unit of its budget must bring, but for what corrects how far spend is from the plan.
    public func price(of campaign: Int) -> Double { Double.exp(campaigns[campaign].theta) }

    public func scale(of campaign: Int, _ region: Int) -> Double { campaigns[campaign].regions[region].scale }
    public func reported(_ campaign: Int, _ region: Int) -> Micros {
        campaigns[campaign].regions[region].report.spent
    }

    /// It competes for everything at the least price, and falls behind all the same.
    public func cannotDeliver(_ campaign: Int, at now: Instant) -> Bool {
        // As fast as it goes is as fast as it should go.
        guard !campaigns[campaign].plan.isUnpaced,
            now > campaigns[campaign].plan.curve.start + Self.doubtAfter
        else { return false }
        let total = max(Double(campaigns[campaign].plan.curve.total.rawValue), 1)
        let planned = campaigns[campaign].plan.curve.spent(by: now)
        let ahead = Double((spent(campaign, at: now) - planned).rawValue) / total
        guard ahead < -Self.behind else { return false }
        var admitted: Double?
        for region in 0..<regions where isHeard(campaign, region) {
            let here = campaigns[campaign].regions[region].report.admitted
            admitted = min(admitted ?? here, here)
        }
        return admitted ?? 0 > 0.95 && campaigns[campaign].theta + settings.gain * ahead < Self.lowest
    }

    /// The campaign's budget or flight has changed; what was spent so far is in the new plan's past.
    public mutating func replanned(_ campaign: Int, _ plan: CampaignPlan, version: UInt32) {
        let theta = campaigns[campaign].theta
        campaigns[campaign] = Campaign(
            plan: plan, version: version, theta: theta, taken: Array(repeating: 0, count: regions),
            regions: campaigns[campaign].regions.map {
                var fresh = Region()
                fresh.yield = $0.yield
                fresh.scale = $0.scale
                return fresh
            })
    }

    public mutating func lost(_ region: Int) {
        isLost[region] = true
        for campaign in campaigns.indices { campaigns[campaign].sharedAt = nil }
    }

    /// It is back, with tables that begin anew. What its last session reported is spent; so may be what it did not
    /// come to report, which the ledger knows and adds by `add`.
    public mutating func rejoined(_ region: Int) {
        isLost[region] = false
        for campaign in campaigns.indices {
            campaigns[campaign].before += campaigns[campaign].regions[region].report.spent
            let scale = campaigns[campaign].regions[region].scale
            campaigns[campaign].regions[region].report = PaceReport()
            campaigns[campaign].regions[region].rated = PaceReport()
            campaigns[campaign].regions[region].isHeard = false
            campaigns[campaign].regions[region].scale = scale > 0 ? scale : 1
            campaigns[campaign].taken[region] = 0
            campaigns[campaign].sharedAt = nil
        }
    }

    /// Spend that no report told of.
    public mutating func add(_ spent: Micros, campaign: Int) { campaigns[campaign].before += spent }

    public mutating func reported(_ report: PaceReport, campaign: Int, region: Int, plan: UInt32) {
        guard campaigns[campaign].version == plan,
            report.at >= campaigns[campaign].regions[region].report.at
        else { return }
        campaigns[campaign].regions[region].report = report
        campaigns[campaign].regions[region].isHeard = true
    }

    /// What the campaign has spent by now, as far as it is known; a silent region is taken to follow its plan.
    public func spent(_ campaign: Int, at now: Instant) -> Micros {
        var sum = campaigns[campaign].before
        for number in 0..<regions {
            let report = campaigns[campaign].regions[number].report
            sum += report.spent
            if campaigns[campaign].regions[number].isHeard, !isLost[number],
                now > report.at + Self.staleAfter
            {
                let since = due(campaign, number, from: report.at, to: now)
                let scale = campaigns[campaign].regions[number].scale
                sum += Micros(Int64((Double(since.rawValue) * scale).rounded()))
            }
        }
        return sum
    }

    /// What to tell each region about a campaign.
    public mutating func direct(_ campaign: Int, at now: Instant) -> [PaceDirective] {
        var directives: [PaceDirective] = []
        direct(campaign, at: now) { directives.append($1) }
        return directives
    }

    private func isHeard(_ campaign: Int, _ region: Int) -> Bool {
        campaigns[campaign].regions[region].isHeard && !isLost[region]
    }

    /// The same, one region after the other: for who asks for thousands of campaigns every few seconds.
    public mutating func direct(_ campaign: Int, at now: Instant, _ tell: (Int, PaceDirective) -> Void) {
        let total = max(Double(campaigns[campaign].plan.curve.total.rawValue), 1)
        // Reports are as of a moment ago; what was to be spent is taken as of then.
        var newest: Instant?
        for region in 0..<regions where isHeard(campaign, region) {
            let at = campaigns[campaign].regions[region].report.at
            newest = max(newest ?? at, at)
        }
        let last = newest ?? now
        let asOf = last + Self.staleAfter >= now ? last : now
        let ahead =
            Double((spent(campaign, at: asOf) - campaigns[campaign].plan.curve.spent(by: asOf)).rawValue)
            / total
        let seconds = campaigns[campaign].decidedAt.map { Double((now - $0).nanoseconds) / 1e9 } ?? 0
        campaigns[campaign].decidedAt = now
        learn(campaign, ahead, min(seconds, 60) * haste(campaign, at: now))
        if campaigns[campaign].sharedAt.map({ now >= $0 + Self.shareEvery }) ?? true {
            campaigns[campaign].sharedAt = now
            share(campaign, now)
        }
        let theta = campaigns[campaign].theta + gain(campaign, at: now) * ahead
        for region in 0..<regions {
            tell(
                region,
                PaceDirective(
                    campaign: Int32(campaign), plan: campaigns[campaign].version, theta: theta,
                    scale: campaigns[campaign].regions[region].scale, ahead: ahead,
                    answers: campaigns[campaign].regions[region].report))
        }
    }

    /// How many times faster than later a price is learned: at first nobody knows what a budget is worth among the others.
    private func haste(_ campaign: Int, at now: Instant) -> Double {
        beginning(campaign, settings.firstHaste, at: now)
    }

    /// From so many times at a plan's start to one when its first part is over.
    private func beginning(_ campaign: Int, _ times: Double, at now: Instant) -> Double {
        let curve = campaigns[campaign].plan.curve
        let (start, end) = origin ?? (curve.start, curve.end)
        let part = Double((now - start).nanoseconds) / Double((end - start).nanoseconds)
        return 1 + (times - 1) * max(1 - part / Self.beginning, 0)
    }

    /// Towards the end the same distance must be made good in less time; at the start the price that is told is nobody's yet, and
    /// what spend is off by is all that is known of the right one.
    private func gain(_ campaign: Int, at now: Instant) -> Double {
        Self.gain(campaigns[campaign].plan.curve, settings, at: now)
            * beginning(campaign, settings.firstGain, at: now)
    }

    /// But for a plan's start.
    static func gain(_ curve: SpendCurve, _ settings: PaceSettings, at now: Instant) -> Double {
        let whole = Double((curve.end - curve.start).nanoseconds)
        let remaining = Double((curve.end - now).nanoseconds) / whole
        return min(max(settings.gain, 1.1 / max(remaining, 1e-6)), 40 * settings.gain)
    }

    /// What stays wrong moves the price for good, and what regions found out by themselves goes to all of them, by
    /// the share that each one has.
    private mutating func learn(_ campaign: Int, _ ahead: Double, _ seconds: Double) {
        campaigns[campaign].theta += settings.integral * ahead * seconds
        var sum = 0.0
        for region in 0..<regions where isHeard(campaign, region) { sum += weight(campaign, region) }
        for region in 0..<regions where isHeard(campaign, region) {
            let local = campaigns[campaign].regions[region].report.local
            campaigns[campaign].theta +=
                weight(campaign, region) / sum * (local - campaigns[campaign].taken[region])
            campaigns[campaign].taken[region] = local
        }
        campaigns[campaign].theta = min(
            max(campaigns[campaign].theta, PaceRow.thetaRange.lowerBound), PaceRow.thetaRange.upperBound)
    }

    private func weight(_ campaign: Int, _ region: Int) -> Double {
        max(campaigns[campaign].regions[region].scale, 0.01)
    }

    /// Each region's part of the plan, by what it came to spend at the common price; together they spend the plan.
    private mutating func share(_ campaign: Int, _ now: Instant) {
        for region in 0..<regions where isHeard(campaign, region) { rate(campaign, region) }
        func yield(_ region: Int) -> Double { max(campaigns[campaign].regions[region].yield, 0.05) }
        var sum = 0.0
        for region in 0..<regions where !isLost[region] {
            sum += campaigns[campaign].plan.regions[region].rate(at: now) * yield(region)
        }
        guard sum > 0 else { return }
        let whole = campaigns[campaign].plan.curve.rate(at: now)
        for region in 0..<regions {
            campaigns[campaign].regions[region].scale =
                isLost[region] ? 0 : min(yield(region) * whole / sum, Self.scaleMost)
        }
    }

    /// Whether those who are not lost have parts that can be raised to the whole plan.
    func canMakeUp(for campaign: Int, at now: Instant) -> Bool {
        let plan = campaigns[campaign].plan
        let here = (0..<regions).reduce(0) { isLost[$1] ? $0 : $0 + plan.regions[$1].rate(at: now) }
        return here * Self.scaleMost >= plan.curve.rate(at: now)
    }

    /// What a region came to spend of what its part of the plan said, since that was looked at last.
    private mutating func rate(_ campaign: Int, _ region: Int) {
        let one = campaigns[campaign].regions[region]
        let planned = due(campaign, region, from: one.rated.at, to: one.report.at)
        // Some impressions' worth of plan, so that a ratio says anything.
        guard planned.rawValue > 0, one.report.at >= one.rated.at + .seconds(50) else { return }
        let passed = Double((one.report.at - one.rated.at).nanoseconds) / 1e9
        let ratio = Double((one.report.spent - one.rated.spent).rawValue) / Double(planned.rawValue)
        let weight = one.rated.at.nanoseconds == 0 ? 0 : min(passed / Self.yieldSeconds, 1)
        campaigns[campaign].regions[region].yield += weight * (min(max(ratio, 0), 4) - one.yield)
        campaigns[campaign].regions[region].rated = one.report
    }
}
