// A node's pacing: from what its shards count, for each campaign the price of its budget and a share of the requests. It plans by itself from
// what the ledger has left, or goes by its part of a coordinator's plan (`RegionPacer+Directed`). It stands off the request path, and is asked
// once a second. Where what a campaign could buy differs in what it brings, the price chooses; where all is alike, a share does (docs/decisions/0075).
public import Units

public struct RegionPacer: ~Copyable {
    /// How many campaigns stand how.
    public struct Standing: Sendable, Hashable {
        /// On their plan, held to it by a share below one or a price above it.
        public var held = 0
        /// They compete for everything, as their plan asks for it or as they are in a hurry.
        public var free = 0
        /// They compete for everything, and are behind their plan all the same.
        public var behind = 0
        /// Not in their flight, or with nothing left.
        public var idle = 0

        public init() {}
    }

    struct Campaign {
        var terms: PacedTerms
        var version: UInt32 = 0
        /// Nil while there is no plan.
        var planEnd: Instant?
        var behindSince: Instant?
        /// Where a plan is impossible, none is looked for again before.
        var retryAt = Instant(nanoseconds: .min)
        /// What a coordinator has said of it, where one does.
        var word = Word.awaited
        var heardAt = Instant(nanoseconds: .min)
        var awaitedSince: Instant?
        var spread = ValueSpread()
        /// Of a node that is told: the logarithm of the price, but for what corrects how far spend is from the plan.
        var learned = 0.0
        /// Of a node that plans for itself: how its price follows its plan, as a coordinator's would.
        var flight: FlightPacer?
    }

    /// By whom plans are made.
    public enum Direction: Sendable {
        case own
        /// By a coordinator.
        case directed
        /// By nobody: the coordinator is of a version that makes none.
        case nobody
    }

    enum Word { case awaited, idle, planned }

    var campaigns: [Campaign]
    var table: PaceTable
    public private(set) var direction: Direction
    public private(set) var standing = Standing()
    /// The share of a campaign whose traffic nobody knows yet.
    public static let firstShare = PaceRow.firstThreshold
    /// What a campaign without a plan yet may spend without a lot, on each shard.
    public static func firstOpening(price: Micros) -> Micros { Micros(PaceRow.bunch * price.rawValue) }

    /// Each one's share of the requests, by the place among the terms: of 2^32.
    public private(set) var shares: [UInt32]
    /// What each one may spend, on all shards, before its share holds: while its traffic is not known.
    public private(set) var openings: [Micros]
    /// What each one may spend at its share, on all shards, until the next turn and not more, so that traffic which nobody could
    /// know of does no harm. Nil where nothing holds the campaign back.
    public func atRisk(_ campaign: Int) -> Micros? { table.atRisk(campaign) }

    /// Who is so much of its plan behind for so long, competing for everything, cannot keep up.
    static let behind = 0.01
    static let doubtAfter = Interval.seconds(900)
    private static let retry = Interval.seconds(10)
    private var turnedAt: Instant?
    private var directedAt = Instant(nanoseconds: .min)
    /// As often as a coordinator is heard.
    private static let directs = Interval.seconds(5)

    /// What the decisions of the node know of what requests are worth.
    public enum Worth: Sendable {
        /// All that a campaign may run on are worth the same to it: tokens alone hold spend to the plan, as a share of the requests.
        case alike
        /// They differ: the price of the budget holds spend to the plan, and tokens are for surges.
        case different
        /// The one or the other, campaign by campaign, as is seen (`PacedSight.values`).
        case seen
    }

    let worth: Worth

    public init(
        _ terms: [PacedTerms], _ direction: Direction = .own, _ worth: Worth = .seen, at now: Instant
    ) {
        self.direction = direction
        self.worth = worth
        campaigns = terms.map { Campaign(terms: $0) }
        table = PaceTable(campaigns: max(terms.count, 1), at: now)
        for place in terms.indices { table.setPriced(place, worth == .different) }
        shares = terms.map { $0.mode == .asap ? .max : Self.firstShare }
        openings = terms.map { _ in .zero }
    }

    /// Other terms from now on. Whoever is the same as before goes on as before.
    public mutating func replace(_ terms: [PacedTerms], at now: Instant) {
        var places: [String: Int] = [:]
        for (place, campaign) in campaigns.enumerated() { places[campaign.terms.id] = place }
        var next = PaceTable(campaigns: max(terms.count, 1), at: now)
        var all: [Campaign] = []
        var shares: [UInt32] = []
        for (place, one) in terms.enumerated() {
            guard let former = places[one.id] else {
                all.append(Campaign(terms: one))
                next.setPriced(place, worth == .different)
                shares.append(one.mode == .asap ? .max : Self.firstShare)
                continue
            }
            // Counters go on in any case: what others count does not begin anew.
            next.adopt(place, from: table, former)
            var campaign = campaigns[former]
            if campaign.terms != one {
                campaign.terms = one
                // A coordinator hears of other terms, and says what follows.
                if direction == .own {
                    (campaign.planEnd, campaign.retryAt) = (nil, now)
                }
            }
            all.append(campaign)
            shares.append(self.shares[former])
        }
        (campaigns, self.shares) = (all, shares)
        table = next
        openings = campaigns.indices.map { table.opening(of: $0) }
    }

    /// Whoever directs it does so no more, or does again.
    public mutating func turn(to direction: Direction) {
        guard direction != self.direction else { return }
        self.direction = direction
        for place in campaigns.indices {
            (campaigns[place].planEnd, campaigns[place].flight, campaigns[place].word) = (nil, nil, .awaited)
            table.stopped(place)
        }
    }

    public var count: Int { campaigns.count }

    /// What a unit of the campaign's budget must bring; one where no plan says so. For decisions that tell values apart.
    public func price(_ campaign: Int) -> Double {
        isPriced(campaign) ? table.price(campaign) : 1
    }

    /// Whether the price of its budget holds the campaign to its plan; else tokens alone do.
    public func isPriced(_ campaign: Int) -> Bool {
        campaigns[campaign].planEnd != nil && campaigns[campaign].terms.mode != .asap
            && table.isPriced(campaign)
    }

    /// What the node's plan of a campaign spends in a span.
    public func due(_ campaign: Int, from: Instant, to: Instant) -> Micros {
        table.due(campaign, from: from, to: to)
    }

    public func terms(_ campaign: Int) -> PacedTerms { campaigns[campaign].terms }

    public func isPlanned(_ campaign: Int) -> Bool { campaigns[campaign].planEnd != nil }

    /// How much of its plan it is behind, and the share that it has.
    public func progress(_ campaign: Int) -> (behind: Double, share: UInt32) {
        (table.standing(of: campaign).behind, openings[campaign] > .zero ? .max : shares[campaign])
    }

    /// A second or so has passed.
    /// - sight: of each campaign, by its place.
    public mutating func turn(_ sight: (Int) -> PacedSight, week: WeekOfSupply, at now: Instant) {
        for place in campaigns.indices {
            let seen = sight(place)
            table.observed(
                place, arrivals: seen.arrivals, undrawn: seen.undrawn, authorised: seen.authorised,
                settled: seen.settled, open: seen.open)
            look(place, seen, now)
            if direction == .own { plan(place, seen, week, now) } else { goOn(place, now) }
        }
        table.turn(at: now)
        turnedAt = now
        if direction == .own { direct(at: now) }
        standing = Standing()
        for place in campaigns.indices {
            openings[place] = table.opening(of: place)
            guard campaigns[place].planEnd != nil else {
                if isAwaited(place) {
                    shares[place] = awaitedShare(place, now)
                    openings[place] = table.firstOpening(of: place, campaigns[place].terms)
                    standing.held += 1
                    continue
                }
                // The ledger says whether there is money; outside its flight nobody asks.
                shares[place] = .max
                standing.idle += 1
                continue
            }
            shares[place] = table.share(of: place)
            count(place, now)
        }
    }

    /// Whether values differ, so that a price has something to choose.
    private mutating func look(_ place: Int, _ seen: PacedSight, _ now: Instant) {
        guard worth == .seen else { return }
        let seconds = turnedAt.map { Double((now - $0).nanoseconds) / 1e9 } ?? 0
        campaigns[place].spread.take(seen.values, seconds: min(max(seconds, 0), 60))
        let was = table.isPriced(place)
        let isPriced = campaigns[place].spread.isWide(was)
        guard isPriced != was else { return }
        table.setPriced(place, isPriced)
        if !isPriced { campaigns[place].flight = nil }
        // It begins to learn; a coordinator's word is of all nodes.
        if isPriced, direction == .own { table.forgetTold(place) }
    }

    /// A node that plans for itself finds the price of each budget as a coordinator of one node would.
    private mutating func direct(at now: Instant) {
        guard now >= directedAt + Self.directs else { return }
        directedAt = now
        for place in campaigns.indices where isPriced(place) {
            guard let curve = table.curve(of: place) else { continue }
            let (terms, version) = (campaigns[place].terms, campaigns[place].version)
            var flight =
                campaigns[place].flight
                ?? {
                    let plan = CampaignPlan(terms, curve, parts: [curve])
                    var flight = FlightPacer(
                        plans: [plan], regions: 1, settings: table.settings, theta: table.told(place))
                    flight.replanned(0, plan, version: version)
                    return flight
                }()
            flight.reported(table.report(of: place), campaign: 0, region: 0, plan: version)
            for var directive in flight.direct(0, at: now) {
                directive.campaign = Int32(place)
                // Nobody gives way to who may not be delivered; by itself a node does not know who can.
                directive.theta = max(directive.theta, PaceRow.thetaRange.lowerBound)
                table.directed(directive)
            }
            campaigns[place].flight = flight
        }
    }

    private mutating func count(_ place: Int, _ now: Instant) {
        // Who is behind at a price above one comes to a lower one.
        let isHeldByPrice = isPriced(place) && table.price(place) > 1
        guard progress(place).share == .max, !isHeldByPrice else {
            campaigns[place].behindSince = nil
            standing.held += 1
            return
        }
        let isBehind = table.standing(of: place).behind > Self.behind && campaigns[place].terms.mode != .asap
        if !isBehind { campaigns[place].behindSince = nil }
        if isBehind, campaigns[place].behindSince == nil { campaigns[place].behindSince = now }
        if let since = campaigns[place].behindSince, now >= since + Self.doubtAfter {
            standing.behind += 1
        } else {
            standing.free += 1
        }
    }

    /// Of one plan's price, what the next one begins with.
    static func carried(_ theta: Double) -> Double {
        min(max(theta, PaceRow.thetaRange.lowerBound), PaceRow.thetaRange.upperBound)
    }

    /// A plan is made when there is none, and when the one before is over. In between it stays, whatever happens: a
    /// controller that plans anew forgets its errors.
    private mutating func plan(_ place: Int, _ seen: PacedSight, _ week: WeekOfSupply, _ now: Instant) {
        if let end = campaigns[place].planEnd, now < end { return }
        guard now >= campaigns[place].retryAt else { return }
        let terms = campaigns[place].terms
        let open = table.expectedOfOpen(place)
        let made = WindowPlan(
            terms, left: seen.left - min(open, seen.left),
            leftToday: seen.leftToday.map { $0 - min(open, $0) },
            dayEnd: seen.dayEnd, week: week, at: now)
        guard let made else {
            campaigns[place].planEnd = nil
            campaigns[place].retryAt = now + Self.retry
            table.stopped(place)
            return
        }
        let isFirst = campaigns[place].version == 0
        let isPriced = table.isPriced(place)
        // What a budget is worth is found once, and followed from plan to plan.
        let learned = campaigns[place].flight?.theta(of: 0) ?? table.theta(of: place)
        let theta = isPriced && !isFirst ? Self.carried(learned) : 0
        campaigns[place].flight = nil
        campaigns[place].version &+= 1
        campaigns[place].planEnd = made.end
        campaigns[place].behindSince = nil
        table.planned(
            place, curve: made.curve, choice: [], plan: campaigns[place].version,
            isPaced: terms.mode != .asap, isGuaranteed: terms.isGuaranteed, theta: theta, shown: terms.shown,
            price: terms.price, goesOn: !isFirst, at: now)
        if isFirst, terms.mode != .asap, !isPriced { table.opened(place, at: now) }
    }
}
