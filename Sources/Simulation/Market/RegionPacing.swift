// The pacing of one region's node: the product's own pacer, told once a second what was counted, as a node's pacing thread does; and
// what the node says of it to the coordinator.
internal import Auction
internal import Pacing
internal import Units

/// What the request path reads and writes of a campaign.
struct RegionGate {
    var entry = PaceEntry(share: .max, opening: 0, most: .max)
    var price = BudgetPrice.one
    var values = ValueCounts()
    var arrivals: UInt64 = 0
    var undrawn: UInt64 = 0
    var authorised: Int64 = 0
    /// When the entry came.
    var authorisedBefore: Int64 = 0

    /// Whether the campaign competes for this request.
    @inline(__always)
    mutating func admits(_ uniform: UInt32) -> Bool {
        arrivals &+= 1
        switch entry.answer(spent: authorised - authorisedBefore, isFresh: true) {
        case .undrawn:
            undrawn &+= 1
            return true
        case .drawn(let share): return share == .max || uniform < share
        }
    }
}

final class RegionPacing {
    private let region: Int
    private let market: [MarketCampaign]
    private var pacer: RegionPacer
    var gates: [RegionGate]
    private var settled: [Int64]
    private var freed: [Int64]
    private let week: WeekOfSupply
    private var level = SupplyLevel()
    private var requests: UInt64 = 0
    /// What the forecast says of a day, by the hour of UTC, made anew each hour.
    private var day: [Double] = []
    private var expectedDay: [Double] = []
    private var dayHour: Int64 = .min
    /// By campaign.
    private var supply: [[Double]] = []
    private var supplyFactor = 0.0
    private var sight: MarketSight
    private var views: [CampaignView]
    private var countedAt: Instant
    private let tellsKinds: Bool
    private var heardSent = -1.0

    init(
        _ region: Int, _ shape: MarketShape, _ campaigns: [MarketCampaign], _ sight: MarketSight?,
        isPriced: Bool, tellsKinds: Bool, at now: Instant
    ) {
        self.tellsKinds = tellsKinds
        self.region = region
        market = campaigns
        let sight = sight ?? MarketSight(shape, campaigns, at: now)
        self.sight = sight
        views = campaigns.indices.map { sight.view(of: $0) }
        countedAt = now
        let terms = campaigns.map { one in
            PacedTerms(
                id: one.pacing.id, start: one.pacing.start, end: one.pacing.end, mode: one.pacing.mode,
                lifetime: one.pacing.budget, daily: nil, price: one.pacing.price,
                isGuaranteed: one.pacing.isGuaranteed, shown: one.pacing.shown)
        }
        pacer = RegionPacer(terms, .directed, isPriced ? .seen : .alike, at: now)
        gates = campaigns.map { _ in RegionGate() }
        settled = campaigns.map { _ in 0 }
        freed = settled
        week = WeekOfSupply(nil, from: now)
        publish()
    }

    func settled(_ campaign: Int, _ paid: Micros, of reserved: Micros) {
        settled[campaign] += paid.rawValue
        freed[campaign] += reserved.rawValue - paid.rawValue
    }

    func freed(_ campaign: Int, _ amount: Micros) { freed[campaign] += amount.rawValue }

    func came(_ count: Int) { requests += UInt64(count) }

    func saw(_ request: MarketRequest, _ entries: MarketEntries, _ tables: MarketTables) {
        sight.see(request, entries, tables)
    }

    /// A second has passed.
    func turn(_ now: Instant) {
        level.measure(requests, at: now)
        pacer.turn(
            { place in
                var sight = PacedSight()
                (sight.arrivals, sight.undrawn) = (gates[place].arrivals, gates[place].undrawn)
                sight.values = gates[place].values
                sight.authorised = Micros(gates[place].authorised)
                sight.settled = Micros(settled[place])
                sight.open = Micros(gates[place].authorised - settled[place] - freed[place])
                return sight
            }, week: week, at: now)
        publish()
    }

    private func publish() {
        for campaign in gates.indices {
            gates[campaign].entry = pacer.entry(campaign, shards: 1)
            gates[campaign].authorisedBefore = gates[campaign].authorised
            gates[campaign].price = BudgetPrice(gates[campaign].entry.price)
        }
    }

    func due(_ campaign: Int, from: Instant, to: Instant) -> Micros {
        pacer.due(campaign, from: from, to: to)
    }

    // MARK: Words

    /// What to tell the coordinator.
    func words(_ forecast: Forecast, at now: Instant, sent: Double) -> MarketWords? {
        let hour = HourOfWeek.hours(now)
        var isNew = hour != dayHour
        if isNew { learn(forecast, now, hour) }
        // More often it hardly changes.
        if now >= countedAt + .seconds(60) {
            countedAt = now
            sight.count(at: now)
            views = market.indices.map { sight.view(of: $0) }
            isNew = true
        }
        let expected = day[HourOfWeek(now).number % PaceStatement.hours]
        let factor = level.factor(expected: expected, isLearned: true)
        if isNew || factor != supplyFactor || supply.isEmpty {
            supplyFactor = factor
            expectedDay = day.map { $0 * factor }
            supply = views.map { $0.supply(expectedDay, from: now) }
        }
        return MarketWords(
            supply: tellsKinds ? sight.supply(expectedDay) : nil,
            statements: market.indices.map { at in
                var statement = pacer.statement(at, dayEnd: nil, supply: supply[at])
                statement?.shares = views[at].shares
                statement?.affordable = views[at].affordable
                statement?.seesDay = views[at].seesDay
                return statement
            }, sent: sent)
    }

    private func learn(_ forecast: Forecast, _ now: Instant, _ hour: Int64) {
        dayHour = hour
        day = Array(repeating: 0, count: PaceStatement.hours)
        for ahead in 0..<PaceStatement.hours {
            let at = HourOfWeek(hoursSinceEpoch: hour + Int64(ahead))
            for kind in 0..<forecast.inventories {
                day[at.number % PaceStatement.hours] += forecast.requests(
                    region: region, inventory: kind, hour: at, hoursAhead: ahead)
            }
        }
    }

    /// One exchange at a time: what comes behind a later answer is none.
    func hear(_ orders: [(campaign: Int, PaceOrder)], answering words: MarketWords, at now: Instant) {
        guard words.sent > heardSent else { return }
        heardSent = words.sent
        for (campaign, order) in orders {
            guard let report = words.statements[campaign]?.report else { continue }
            pacer.told(campaign, order, answering: report, at: now)
        }
    }
}
