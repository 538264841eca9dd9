// What the market's nodes have seen of their requests, as real ones count it: of a sample of the requests, the kinds of their places
// and who could compete for them.
internal import Pacing
internal import Units

struct MarketSight: Sendable {
    private let campaigns: [String]
    private var counts: PlaceCounts
    private var offered: PlaceCounts.Offered
    /// By campaign.
    private var arrivals: [PlaceCounts.Arrivals]

    init(_ shape: MarketShape, _ campaigns: [MarketCampaign], at now: Instant) {
        self.campaigns = campaigns.map(\.pacing.id)
        let kinds = shape.inventories.count
        counts = PlaceCounts(kinds: kinds, at: now)
        offered = PlaceCounts.Offered(requests: 0, places: Array(repeating: 0, count: kinds))
        arrivals = Array(repeating: PlaceCounts.Arrivals(kinds: kinds), count: campaigns.count)
    }

    /// One request in four.
    @inline(__always)
    static func takes(_ request: MarketRequest) -> Bool { request.seed >> 9 & 3 == 0 }

    mutating func see(_ request: MarketRequest, _ entries: MarketEntries, _ tables: MarketTables) {
        offered.requests += 1
        offered.places[request.inventory] += 1
        entries.forEach(of: request.audience) {
            let campaign = Int($0.campaign)
            arrivals[campaign].targeted[request.inventory] += 1
            guard Double($0.value * tables.values[request.draw($0).value]) >= request.floor else { return }
            arrivals[campaign].payable[request.inventory] += 1
        }
    }

    mutating func count(at now: Instant) {
        counts.count(
            offered,
            campaigns.indices.map {
                PlaceCounts.Sighting(id: campaigns[$0], arrivals: arrivals[$0], runs: true)
            },
            at: now)
    }

    func view(of campaign: Int) -> CampaignView { counts.view(of: campaigns[campaign]) }
    func supply(_ day: [Double]) -> PaceSupply? { counts.supply(day) }

    /// What each region's node has seen in the day before: of each of its hours so many seconds.
    static func dayBefore(_ shape: MarketShape, _ demand: MarketDemand, _ traffic: MarketTraffic)
        -> [MarketSight]
    {
        let shares = shape.inventories.indices.map { last in
            shape.inventories[...last].reduce(0) { $0 + $1.share }
        }
        let hour = Interval.seconds(3_600)
        var requests: [MarketRequest] = []
        return shape.regions.indices.map { region in
            var now = shape.start - .seconds(86_400)
            var sight = MarketSight(shape, demand.campaigns, at: now)
            // Campaigns are counted from when they came.
            sight.count(at: now)
            for number in 0..<24 {
                let rate = MarketTraffic.usual(shape.regions[region], at: Double(number) * 3_600 + 1_800)
                traffic.requests(
                    region, tick: dayBeforeTick + number, seconds: dayBeforeSeconds, rate: rate,
                    shares: shares, &requests)
                for request in requests {
                    let at = region * shape.inventories.count + request.inventory
                    sight.see(request, demand.entries[at], traffic.tables)
                }
                now = now + hour
                sight.count(at: now)
            }
            return sight
        }
    }

    /// As many requests as a node samples in a minute or two.
    private static let dayBeforeSeconds = 40.0
    /// Behind any that a market has.
    private static let dayBeforeTick = 1 << 40
}
