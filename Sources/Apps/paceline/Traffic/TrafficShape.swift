// When how many breaks come to which region, and of which kind: the market's own curves, with a day that is over sooner.
import MarketSimulation

/// A day of the demo's traffic: each region's evening comes after the former one's, and twice a day there is a live match,
/// for which viewers come beside the others.
struct TrafficShape: Sendable {
    /// What runs when a break comes, in the order of the market's inventories.
    static let kinds: [BreakKind] = [.match, .cooking, .travel, .drama, .film]

    private let traffic: MarketTraffic
    let regions: [String]
    /// What a day takes, in seconds.
    let daySeconds: Double

    private static let day = 86_400.0
    private static let matches: [(from: Double, to: Double)] = [(0.12, 0.18), (0.62, 0.68)]

    /// - Parameter rate: breaks a second of one region, in the mean of a day.
    init(regions: [String], rate: Double, daySeconds: Double, seed: UInt64) {
        self.regions = regions
        self.daySeconds = daySeconds
        var shape = MarketShape()
        shape.seed = seed
        shape.regions = regions.enumerated().map { index, name in
            let evening = 20.0 / 24 + Double(index) / Double(regions.count)
            return MarketRegion(name: name, rate: rate, peak: (evening - evening.rounded(.down)) * Self.day)
        }
        shape.inventories = zip(Self.kinds, [0.10, 0.25, 0.25, 0.25, 0.15]).map {
            MarketInventory(name: $0.rawValue, share: $1, floor: 0, shown: 0.95, worth: 1)
        }
        shape.events = Self.matches.map {
            .live(inventory: 0, from: $0.from * Self.day, to: $0.to * Self.day, times: 8)
        }
        traffic = MarketTraffic(shape)
    }

    /// At so many seconds since the start: breaks a second, and how the kinds share them, summed up.
    func rate(_ region: Int, at elapsed: Double) -> (perSecond: Double, shares: [Double]) {
        let place = elapsed / daySeconds
        let second = (place - place.rounded(.down)) * Self.day
        let shares = traffic.shares(at: second)
        return (traffic.rate(region, at: second) * (shares.last ?? 1), shares)
    }

    /// Whether a match is on then.
    func isLive(at elapsed: Double) -> Bool {
        let place = elapsed / daySeconds
        let part = place - place.rounded(.down)
        return Self.matches.contains { part >= $0.from && part < $0.to }
    }
}
