// Small random catalogs and viewers over few values, so that conditions meet, contradict and nearly match.
import Units

@testable import Catalog

struct RandomCatalog {
    var random: Randomness

    static let names = ["a", "b", "c", "d", "e"]
    static let listed: [Dimension] = [
        .country, .region, .deviceType, .os, .genre, .rating, .livestream, .network, .audience, .custom,
        .deal,
    ]

    static func names(_ dimension: Dimension) -> [String] {
        dimension == .custom ? names.map { "key=\($0)" } : names
    }

    init(seed: UInt64) { random = Randomness(seed: seed) }

    mutating func chance(_ percent: UInt64) -> Bool { random.next(below: 100) < percent }
    mutating func one<Element>(_ all: [Element]) -> Element { all[random.next(in: 0...all.count - 1)] }
    mutating func some<Element>(_ all: [Element], upTo most: Int, atLeast least: Int = 1) -> [Element] {
        (0..<random.next(in: least...most)).map { _ in one(all) }
    }

    /// Places on a line through the middle of a grid cell, some of them at the date line and the poles.
    mutating func place() -> (latitude: Int64, longitude: Int64) {
        let latitude = one(
            [-90_000_000, -89_900_000, -10_000_000, 0, 40_500_000, 41_000_000, 89_950_000] as [Int64])
        let longitude = one(
            [-180_000_000, -179_900_000, -74_000_000, -73_500_000, 0, 179_950_000] as [Int64])
        let jitter = Int64(random.next(in: -90_000...90_000))
        return (
            max(-90_000_000, min(90_000_000, latitude + jitter)),
            max(-180_000_000, min(180_000_000, longitude - jitter))
        )
    }

    mutating func circle() -> Circle {
        let place = place()
        let radius = one([1_000, 500_000, 12_345_678, 60_000_000, 400_000_000, 1_000_000_000] as [Int64])
        return Circle(
            latitude: Micros(place.latitude), longitude: Micros(place.longitude), kilometers: Micros(radius))
    }

    mutating func week() -> WeekMask {
        var mask = WeekMask()
        for _ in 0..<random.next(in: 1...3) {
            let start = random.next(in: 0...WeekMask.quarters - 1)
            for quarter in start..<start + random.next(in: 1...300) {
                mask.insert(quarter % WeekMask.quarters)
            }
        }
        return mask
    }

    mutating func expression(depth: Int) -> Targeting {
        if depth > 0, chance(60) {
            switch random.next(below: 3) {
            case 0: return .all((0..<random.next(in: 1...3)).map { _ in expression(depth: depth - 1) })
            case 1: return .any((0..<random.next(in: 1...3)).map { _ in expression(depth: depth - 1) })
            default: return .not(expression(depth: depth - 1))
            }
        }
        switch random.next(below: 14) {
        case 0: return .radius((0..<random.next(in: 1...2)).map { _ in circle() })
        case 1: return .daypart(week())
        default:
            let dimension = one(Self.listed)
            return .values(dimension, some(Self.names(dimension), upTo: 3))
        }
    }

    mutating func viewer() -> Viewer {
        var viewer = Viewer()
        for dimension in Self.listed where chance(75) {
            let names = Self.names(dimension)
            viewer.values[dimension] = dimension.isSingle ? [one(names)] : some(names, upTo: 3)
        }
        if chance(80) {
            let place = place()
            viewer.point = GlobePoint(
                latitudeMicrodegrees: place.latitude, longitudeMicrodegrees: place.longitude)
        }
        viewer.minuteOfWeek = random.next(in: 0...WeekMask.quarters * 15 - 1)
        viewer.now = Instant(nanoseconds: Int64(random.next(in: 0...10)))
        viewer.formats = some(Creative.Format.allCases, upTo: 2)
        if chance(30) { viewer.blockedDomains = some(["a.example", "b.example", "z.example"], upTo: 2) }
        if chance(30) { viewer.blockedCategories = some(["IAB1", "iab2", "IAB3"], upTo: 2) }
        return viewer
    }

    /// Line items with expressions that have a normal form.
    mutating func catalog(lineItems count: Int) -> CatalogSource {
        var source = CatalogSource()
        for name in ["a", "b", "c"] {
            var advertiser = Advertiser()
            advertiser.id = name
            advertiser.name = name
            advertiser.domains = ["\(name).example"]
            if chance(30) { advertiser.categories = ["IAB1"] }
            source.advertisers.append(advertiser)
            var campaign = Campaign()
            campaign.id = "campaign-\(name)"
            campaign.advertiser = name
            campaign.name = name
            campaign.flight.end = Instant(nanoseconds: 1_000)
            campaign.paused = chance(5)
            source.campaigns.append(campaign)
            for number in 0..<4 {
                var creative = Creative()
                creative.id = "\(name)-\(number)"
                creative.advertiser = name
                creative.name = name
                creative.format = one(Creative.Format.allCases)
                creative.audit = chance(80) ? .approved : .pending
                creative.categories = some(["IAB2", "IAB3", "IAB4"], upTo: 2, atLeast: 0)
                source.creatives.append(creative)
            }
        }
        for deal in Self.names {
            var one = Deal()
            one.id = deal
            source.deals.append(one)
        }
        while source.lineItems.count < count {
            var item = LineItem()
            item.id = "item-\(source.lineItems.count)"
            let advertiser = one(["a", "b", "c"])
            item.campaign = "campaign-\(advertiser)"
            item.name = item.id
            item.paused = chance(5)
            if chance(20) {
                var flight = Flight()
                flight.start = Instant(nanoseconds: Int64(random.next(in: 0...5)))
                flight.end = Instant(nanoseconds: Int64(random.next(in: 6...12)))
                item.flight = flight
            }
            item.creatives = Array(Set(some((0..<4).map { "\(advertiser)-\($0)" }, upTo: 3))).sorted()
            item.targeting = TargetingObject(meaning: expression(depth: 3))
            source.lineItems.append(item)
            if !source.targetingObjections(of: item).isEmpty { source.lineItems.removeLast() }
        }
        return source
    }
}

extension CatalogSource {
    fileprivate func targetingObjections(of item: LineItem) -> [CatalogObjection] {
        var one = CatalogSource()
        one.lineItems = [item]
        return one.targetingObjections
    }
}
