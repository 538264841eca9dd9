// What recent traffic would have been for a campaign that is not there yet: a sample of recorded requests, each decided again with that
// campaign alone, at a time of its flight. Within a bound of bytes, decisions and time; only sums come out, and no viewer's name.
public import Catalog
public import Commands
public import Decision
import Kernel
public import Units

/// How often each viewer of a sample was met, in groups: nobody is told who.
public struct ViewerCounts: Equatable, Sendable {
    public var distinct = 0
    /// Met exactly once, and exactly twice.
    public var once = 0
    public var twice = 0
}

public struct SupplySample: Sendable {
    /// What may be read and done for one.
    public struct Bounds: Sendable {
        /// Of all journals together, the newest first.
        public var bytes = 128 * 1_024 * 1_024
        /// Requests that are decided again.
        public var decisions = 2_000
        /// By the wall clock: on a busy node this is less.
        public var time = Interval.seconds(5)

        public init() {}
    }

    /// A day of the week, from Monday, in UTC.
    public struct Weekday: Equatable, Sendable {
        public var decided = 0
        public var places = 0
    }

    /// Decisions of all kinds in what was read, and for how long that goes back, a second: summed over the shards.
    public private(set) var decisions = 0
    public private(set) var perSecond = 0.0
    public private(set) var seconds = 0.0
    /// Whose request was kept, and how many were decided again.
    public private(set) var kept = 0
    public private(set) var decided = 0
    /// Requests that it could have served, and the ads that it could have shown there.
    public private(set) var requests = 0
    public private(set) var places = 0
    /// Of these requests, where nobody was bid, or it is worth more than the least of what was.
    public private(set) var contested = 0
    /// For a thousand impressions each, in the currency of the campaign.
    public private(set) var prices: [Micros] = []
    public private(set) var otherCurrency = 0
    /// Of requests that it could have served, whose viewer may be counted; and all such requests.
    public private(set) var viewers = ViewerCounts()
    public private(set) var countable = 0
    public private(set) var weekdays = [Weekday](repeating: Weekday(), count: 7)
    /// By outcome, how many of its line items ended so, over all requests.
    public private(set) var outcomes: [LineItemOutcome: Int] = [:]
    /// Why requests could not be decided again.
    public private(set) var failures: [String: Int] = [:]
    /// The time was over before the sample was.
    public private(set) var isCut = false
    /// There are, one for each shard; and of how many so little was read in the time that nothing is known of them: in `perSecond` they are as
    /// the others.
    public private(set) var journals = 0
    public private(set) var unread = 0

    private static let failuresMost = 8

    /// - Parameters:
    ///   - journal: the directory of a node's journals.
    ///   - campaign: a catalog with this campaign alone.
    ///   - flight: from when to when it is to be shown; each request is decided at some time of it.
    public init(
        of journal: String, _ makers: DecisionMakers, for campaign: CatalogSnapshot,
        flight: Range<Instant>, seed: UInt64, within bounds: Bounds = Bounds()
    ) throws(Failure) {
        let end = Kernel.monotonicNow() + bounds.time
        var random = Randomness(seed: seed)
        let found = try read(
            journal, makers, bounds,
            until: Kernel.monotonicNow() + Interval(nanoseconds: bounds.time.nanoseconds / 2), &random)
        var names: [Name: DecisionMaker] = [:]
        var met: [UInt64: Int] = [:]
        for one in found {
            guard Kernel.monotonicNow() < end else {
                isCut = true
                break
            }
            do throws(Failure) {
                try decide(one, makers, campaign, flight, &names, &met, &random)
            } catch {
                if failures.count < Self.failuresMost || failures[error.message] != nil {
                    failures[error.message, default: 0] += 1
                }
            }
        }
        viewers = ViewerCounts(
            distinct: met.count, once: met.values.count { $0 == 1 }, twice: met.values.count { $0 == 2 })
        prices.sort()
    }

    // MARK: Reading

    private struct Segment {
        var count = 0
        var oldest: Instant
        var newest: Instant

        init(at instant: Instant) { (oldest, newest) = (instant, instant) }

        mutating func take(_ instant: Instant) {
            count += 1
            oldest = min(oldest, instant)
            newest = max(newest, instant)
        }
    }

    /// So many of the requests that were kept, each as likely as another.
    private mutating func read(
        _ journal: String, _ makers: DecisionMakers, _ bounds: Bounds, until end: Instant,
        _ random: inout Randomness
    ) throws(Failure) -> [FoundDecision] {
        let journals = try JournalFiles.journals(at: journal)
        self.journals = journals.count
        let share = bounds.bytes / max(journals.count, 1)
        let now = Kernel.wallNow()
        var sample: [FoundDecision] = []
        for (index, one) in journals.enumerated() {
            // Each has its part of the time that is left.
            let begin = Kernel.monotonicNow()
            let part = max(0, (end - begin).nanoseconds) / Int64(journals.count - index)
            let over = begin + Interval(nanoseconds: part)
            var segments: [UInt64: Segment] = [:]
            var (last, isWhole) = (UInt64(0), true)
            DecisionSearch.newest(one.segments, makers, bytesMost: share) { found in
                last = found.segment
                segments[last, default: Segment(at: found.record.now)].take(found.record.now)
                if found.record.isReplayable, !found.record.isTest {
                    kept += 1
                    if sample.count < bounds.decisions {
                        sample.append(found)
                    } else {
                        let place = Int(random.next(below: UInt64(kept)))
                        if place < sample.count { sample[place] = found }
                    }
                }
                let isOver = Kernel.monotonicNow() >= over
                if isOver { (isCut, isWhole) = (true, false) }
                return !isOver
            }
            decisions += segments.values.reduce(0) { $0 + $1.count }
            // Of a segment that was not read to its end only the time is known that was read.
            let whole = segments.filter { isWhole || $0.key != last }.map(\.value)
            let counted = whole.isEmpty ? Array(segments.values) : whole
            guard let oldest = counted.map(\.oldest).min(), let newest = counted.map(\.newest).max() else {
                continue
            }
            let past = Double(((whole.isEmpty ? newest : now) - oldest).nanoseconds) / 1e9
            seconds = max(seconds, past)
            if past > 0 {
                perSecond += Double(counted.reduce(0) { $0 + $1.count }) / past
            } else if !isWhole {
                unread += 1
            }
        }
        if unread > 0, unread < journals.count {
            perSecond *= Double(journals.count) / Double(journals.count - unread)
        }
        return sample.shuffled(using: &random)
    }

    // MARK: Deciding

    private struct Name: Hashable {
        let settings: UInt64
        let models: UInt64?
    }

    private mutating func decide(
        _ found: FoundDecision, _ makers: DecisionMakers, _ campaign: CatalogSnapshot,
        _ flight: Range<Instant>, _ known: inout [Name: DecisionMaker], _ met: inout [UInt64: Int],
        _ random: inout Randomness
    ) throws(Failure) {
        let record = found.record
        let name = Name(settings: record.settings, models: record.models?.version)
        if known[name] == nil {
            let plan = try makers.plan(of: name.models, for: campaign)
            known[name] = DecisionMaker(campaign, try makers.settings(of: found), plan: plan)
        }
        guard let maker = known[name] else { return }
        let length = UInt64(max(1, (flight.upperBound - flight.lowerBound).nanoseconds))
        let at = flight.lowerBound + Interval(nanoseconds: Int64(random.next(below: length)))
        let made = try maker.suppose(record, SupposedState(profilesOf: record), at: at)
        decided += 1
        let weekday = Self.weekday(of: at)
        weekdays[weekday].decided += 1
        for outcome in LineItemOutcome.allCases {
            let count = made.decision.trace[outcome]
            if count > 0 { outcomes[outcome, default: 0] += count }
        }
        guard !made.ads.isEmpty else { return }
        requests += 1
        places += made.ads.count
        weekdays[weekday].places += made.ads.count
        let best = made.ads.map(\.value).max() ?? .zero
        if record.ads.isEmpty || record.ads.contains(where: { $0.value < best }) { contested += 1 }
        if made.decision.currency == campaign.campaign(at: 0).currency {
            prices += made.ads.map(\.price)
        } else {
            otherCurrency += made.ads.count
        }
        if let viewer = record.viewerKeys.user ?? record.viewerKeys.household {
            countable += 1
            met[viewer, default: 0] += 1
        }
    }

    /// The first of January 1970 was a Thursday.
    static func weekday(of instant: Instant) -> Int {
        let days = Int((Double(instant.nanoseconds) / 86_400e9).rounded(.down))
        return ((days + 3) % 7 + 7) % 7
    }
}
