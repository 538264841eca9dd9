// Makes large catalogs for tests of speed: seeded, so that the same numbers give the same catalog anywhere, with the
// shares stated beside each choice. They are made so that one line item in a hundred matches a request in the median.
public import Units

public struct CatalogGenerator {
    public let lineItems: Int
    private var random: Randomness
    private let world: GeneratedWorld

    /// When the generated campaigns run, and the generated requests come.
    public static let now = GeneratedWorld.now

    /// The most that a snapshot is sized for.
    public static let mostLineItems = 2_000_000

    public init(lineItems: Int, seed: UInt64) {
        precondition((1...Self.mostLineItems).contains(lineItems), "a catalog has 1 to 2,000,000 line items")
        self.lineItems = lineItems
        random = Randomness(seed: seed)
        world = GeneratedWorld(lineItems: lineItems)
    }

    /// Five line items a campaign, ten campaigns an advertiser, three creatives a campaign, a deal for twenty line
    /// items, forty publishers.
    public mutating func source() -> CatalogSource {
        var source = CatalogSource()
        let campaigns = (lineItems + 4) / 5
        var trackers: [Tracker] = []
        for index in 0..<(campaigns + 9) / 10 { source.advertisers.append(advertiser(index)) }
        for index in 0..<world.publishers.count { source.publishers.append(publisher(index)) }
        for id in world.deals { source.deals.append(deal(id)) }
        source.lineItems.reserveCapacity(lineItems)
        source.creatives.reserveCapacity(3 * campaigns)
        for index in 0..<campaigns {
            let advertiser = source.advertisers[index / 10]
            let campaign = campaign(index, advertiser.id)
            if index % 10 == 0 { trackers = Self.trackers(of: advertiser) }
            let creatives = (0..<3).map { creative("\(campaign.id)-\($0)", advertiser, trackers) }
            // Lists that are the same are one in memory: a million line items fit into less of it.
            let shown = (1...3).map { count in creatives.prefix(count).map(\.id) }
            for number in 0..<min(5, lineItems - 5 * index) {
                source.lineItems.append(lineItem("\(campaign.id)-line-\(number)", campaign, shown))
            }
            source.campaigns.append(campaign)
            source.creatives += creatives
        }
        return source
    }

    private mutating func chance(_ percent: UInt64) -> Bool { random.next(below: 100) < percent }

    private mutating func one<Element>(_ all: [Element]) -> Element {
        all[random.next(in: 0...all.count - 1)]
    }

    /// Different ones, the first of the list more often: the smaller of two draws.
    private mutating func popular<Element: Hashable>(_ all: [Element], _ count: ClosedRange<Int>) -> [Element]
    {
        var chosen: [Element] = []
        for _ in 0..<random.next(in: count) {
            let index = min(random.next(in: 0...all.count - 1), random.next(in: 0...all.count - 1))
            if !chosen.contains(all[index]) { chosen.append(all[index]) }
        }
        return chosen
    }

    private mutating func advertiser(_ index: Int) -> Advertiser {
        var advertiser = Advertiser()
        advertiser.id = "advertiser-\(index)"
        advertiser.name = "Advertiser \(index)"
        advertiser.domains = ["brand\(index).example"]
        advertiser.categories = [one(world.categories)]
        return advertiser
    }

    private func publisher(_ index: Int) -> Publisher {
        var publisher = Publisher()
        publisher.id = world.publishers[index]
        publisher.name = "Publisher \(index)"
        publisher.floor = Micros(Int64(8 + index % 12) * Micros.perUnit)
        return publisher
    }

    private func deal(_ id: String) -> Deal {
        var deal = Deal()
        deal.id = id
        deal.name = id
        deal.floor = Micros(20 * Micros.perUnit)
        return deal
    }

    /// Seven campaigns in ten run at the generated requests' time; the others are over or to come.
    private mutating func campaign(_ index: Int, _ advertiser: String) -> Campaign {
        var campaign = Campaign()
        campaign.id = "campaign-\(index)"
        campaign.advertiser = advertiser
        campaign.name = "Campaign \(index)"
        let day = Interval.seconds(86_400)
        let offset: Int64 = chance(70) ? -10 : one([-90, 40])
        campaign.flight.start = GeneratedWorld.now + day * offset
        campaign.flight.end = campaign.flight.start + day * Int64(random.next(in: 20...60))
        campaign.lifetimeBudget = Micros(Int64(random.next(in: 5...500)) * 1_000 * Micros.perUnit)
        if chance(60) { campaign.dailyBudget = Micros(campaign.lifetimeBudget.rawValue / 20) }
        let perThousand = Int64(random.next(in: 800...4_500)) * 10_000
        (campaign.goal, campaign.goalValue) = goal(perThousand)
        return campaign
    }

    /// Three campaigns in five pay for impressions, a quarter for views to the end, a tenth for clicks, the rest
    /// for actions: each so much that a thousand impressions are worth about the same under the usual priors.
    private mutating func goal(_ perThousand: Int64) -> (Campaign.Goal, Micros) {
        switch random.next(below: 100) {
        case ..<60: (.cpm, Micros(perThousand))
        case ..<85: (.cpcv, Micros(perThousand / 900))
        case ..<95: (.cpc, Micros(perThousand))
        default: (.cpa, Micros(perThousand * 20))
        }
    }

    /// Nine in ten are approved. Each has a large and a small file, and tells its advertiser of five moments.
    private mutating func creative(_ id: String, _ advertiser: Advertiser, _ trackers: [Tracker])
        -> Creative
    {
        var creative = Creative()
        creative.id = id
        creative.advertiser = advertiser.id
        creative.name = id
        creative.durationMilliseconds = one([6, 15, 15, 30, 30, 30, 60]) * 1_000
        creative.audit = chance(90) ? .approved : .pending
        creative.categories = chance(30) ? [one(world.categories)] : []
        creative.mediaFiles = [
            file("https://cdn.example/\(id)-1080.mp4", 1_920, 1_080, kilobits: 6_000),
            file("https://cdn.example/\(id)-720.mp4", 1_280, 720, kilobits: 2_500),
        ]
        creative.trackers = trackers
        return creative
    }

    private static func trackers(of advertiser: Advertiser) -> [Tracker] {
        [Tracker.Event.impression, .start, .midpoint, .complete, .error].map { event in
            var tracker = Tracker()
            tracker.event = event
            tracker.url = "https://t.\(advertiser.domains[0])/\(event)?cb=[CACHEBUSTING]"
            return tracker
        }
    }

    private func file(_ url: String, _ width: Int, _ height: Int, kilobits: Int) -> MediaFile {
        var file = MediaFile()
        file.url = url
        file.mime = "video/mp4"
        (file.width, file.height, file.bitrateKilobits) = (width, height, kilobits)
        return file
    }

    private mutating func lineItem(_ id: String, _ campaign: Campaign, _ creatives: [[String]]) -> LineItem {
        var item = LineItem()
        item.id = id
        item.campaign = campaign.id
        item.name = id
        item.paused = chance(5)
        item.priority = priority()
        if chance(30) { item.bid = Micros(Int64(random.next(in: 900...4_800)) * 10_000) }
        item.creatives = creatives[random.next(in: 1...3) - 1]
        item.frequencyCaps = caps()
        if chance(40) { item.separation = [one(world.categories)] }
        item.targeting = TargetingObject(meaning: .all(conditions()))
        return item
    }

    /// One in twenty-five is a sponsorship, one in six guaranteed, the rest compete by price.
    private mutating func priority() -> LineItem.Priority {
        switch random.next(below: 100) {
        case ..<4: .sponsorship
        case ..<20: .guaranteed
        default: .open
        }
    }

    /// Nine in ten are capped by viewer and day; of these a third by household and week too, and a tenth by
    /// creative and hour.
    private mutating func caps() -> [FrequencyCap] {
        guard chance(90) else { return [] }
        func cap(_ subject: FrequencyCap.Subject, _ impressions: Int, minutes: Int) -> FrequencyCap {
            var cap = FrequencyCap()
            (cap.by, cap.impressions, cap.windowMinutes) = (subject, impressions, minutes)
            return cap
        }
        var caps = [cap(.user, random.next(in: 1...6), minutes: 1_440)]
        if chance(33) { caps.append(cap(.household, random.next(in: 6...20), minutes: 10_080)) }
        if chance(10) { caps.append(cap(.creative, random.next(in: 1...2), minutes: 60)) }
        return caps
    }

    private mutating func conditions() -> [Targeting] {
        // Nine line items in ten are for the country that most requests come from.
        var all: [Targeting] = [.values(.country, chance(90) ? world.home : popular(world.countries, 1...2))]
        if let place = place() { all.append(place) }
        if chance(70) { all.append(.values(.deviceType, world.televisions)) }
        if chance(25) { all.append(.values(.os, popular(world.systems, 1...3))) }
        if chance(45) {
            all.append(.values(.genre, popular(world.genres, 1...3)))
        } else if chance(25) {
            all.append(.not(.values(.genre, popular(world.genres, 1...2))))
        }
        if chance(20) { all.append(.values(.network, popular(world.networks, 1...5))) }
        if chance(40) { all.append(.values(.publisher, popular(world.publishers, 1...3))) }
        if chance(45) { all.append(.values(.deal, [one(world.deals)])) }
        if chance(55) {
            all.append(.values(.audience, popular(world.segments, 1...4)))
        } else if chance(20) {
            all.append(.not(.values(.audience, popular(world.segments, 1...2))))
        }
        if chance(20) { all.append(.daypart(one(world.dayparts))) }
        if chance(10) { all.append(.values(.livestream, [chance(50) ? "1" : "0"])) }
        if chance(10) { all.append(.values(.custom, ["section=\(one(world.sections))"])) }
        return all
    }

    /// Two in five anywhere; a quarter some of fifty regions, a fifth some of 210 metros, a tenth a list of postal
    /// codes, the rest a store's surroundings or a metro.
    private mutating func place() -> Targeting? {
        switch random.next(below: 100) {
        case ..<40: return nil
        case ..<65: return .values(.region, popular(world.regions, 1...8))
        case ..<85: return .values(.metro, popular(world.metros, 1...10))
        case ..<95:
            return .values(.postalCode, (0..<random.next(in: 5...60)).map { _ in world.postalCode(&random) })
        default:
            let circle = Circle(
                latitude: Micros(Int64(random.next(in: 30_000_000...48_000_000))),
                longitude: Micros(-Int64(random.next(in: 75_000_000...122_000_000))),
                kilometers: Micros(Int64(random.next(in: 5...80)) * Micros.perUnit))
            return .any([.radius([circle]), .values(.metro, popular(world.metros, 1...1))])
        }
    }
}
