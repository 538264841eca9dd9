// What generated line items ask for and generated requests have: the same names on both sides, with the same ones
// popular on both.
import Units

struct GeneratedWorld {
    /// A Friday evening in New York.
    static let now = Instant(nanoseconds: 1_795_219_200_000_000_000)

    let countries = ["USA", "CAN", "GBR", "MEX", "DEU", "FRA", "BRA", "AUS"]
    let home = ["USA"]
    /// Connected televisions and set-top boxes.
    let televisions = ["3", "7"]
    let regions = (0..<50).map { "USA/R\($0)" }
    let metros = (0..<210).map { "\(500 + $0)" }
    let systems = ["roku", "tizen", "fire os", "tvos", "webos", "android", "smartcast"]
    let genres = (0..<20).map { "genre-\($0)" }
    let networks = (0..<60).map { "network-\($0)" }
    let publishers = (0..<40).map { "publisher-\($0)" }
    let segments = (0..<2_000).map { "segment-\($0)" }
    let sections = (0..<30).map { "section-\($0)" }
    let categories = (1...26).map { "IAB\($0)" }
    let deals: [String]
    /// People write few different dayparts: mornings, evenings, prime time, on weekdays and weekends.
    let dayparts: [WeekMask]

    init(lineItems: Int) {
        deals = (0..<max(1, lineItems / 20)).map { "deal-\($0)" }
        dayparts = [(6, 10), (9, 17), (17, 24), (18, 23), (19, 22), (20, 24)].flatMap { from, to in
            [0..<7, 0..<5, 5..<7, 4..<7].map { days in
                var mask = WeekMask()
                for day in days { for quarter in from * 4..<to * 4 { mask.insert(day * 96 + quarter) } }
                return mask
            }
        }
    }

    func postalCode(_ random: inout Randomness) -> String { "USA/\(10_000 + random.next(in: 0...29_999))" }
}

/// Requests for a generated catalog, as an exchange for connected TV sends them.
public struct GeneratedRequests {
    private var random: Randomness
    private let world: GeneratedWorld

    public init(lineItems: Int, seed: UInt64) {
        random = Randomness(seed: seed)
        world = GeneratedWorld(lineItems: lineItems)
    }

    /// Fills a query with the next request: one place, device and piece of content; two genres, ten segments, up to
    /// four deals; three blocked categories and an advertiser.
    public mutating func next(_ query: inout CatalogQuery) {
        query.start(at: GeneratedWorld.now, viewerQuarter: random.next(in: 0...WeekMask.quarters - 1))
        add(&query, .format, ["video"], 1)
        let isHome = random.next(below: 100) < 92
        add(&query, .country, isHome ? ["USA"] : world.countries, 1)
        add(&query, .region, world.regions, 1)
        add(&query, .metro, world.metros, 1)
        add(&query, .postalCode, [world.postalCode(&random)], 1)
        let place = GlobePoint(
            latitudeMicrodegrees: Int64(random.next(in: 30_000_000...48_000_000)),
            longitudeMicrodegrees: -Int64(random.next(in: 75_000_000...122_000_000)))
        if let place { query.add(place) }
        add(&query, .deviceType, ["3"], 1)
        add(&query, .os, world.systems, 1)
        add(&query, .genre, world.genres, 2)
        add(&query, .network, world.networks, 1)
        add(&query, .publisher, world.publishers, 1)
        add(&query, .audience, world.segments, 10)
        add(&query, .deal, world.deals, random.next(in: 0...4))
        add(&query, .livestream, ["0", "0", "0", "1"], 1)
        add(&query, .custom, world.sections.map { "section=\($0)" }, 1)
        add(&query, .blockedCategory, Array(world.categories.suffix(6)), 3)
        add(&query, .blockedAdvertiser, ["brand7.example"], 1)
    }

    private mutating func add(
        _ query: inout CatalogQuery, _ dimension: Dimension, _ all: [String], _ count: Int
    ) {
        for _ in 0..<count {
            let index = min(random.next(in: 0...all.count - 1), random.next(in: 0...all.count - 1))
            query.add(dimension, all[index].utf8Span.span.raw)
        }
    }
}
