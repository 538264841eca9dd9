// Requests, second by second and region by region. Each part of each second has a generator of its own, so what one
// policy does changes nothing of what the next one meets.
internal import Numerics
public import Units

/// One place for an ad, at one moment.
struct MarketRequest {
    /// Where the viewer is, and the table of line items that may run there.
    var region: Int
    var inventory: Int
    /// What the impression costs whoever gets it.
    var floor: Double
    /// Sixteen bits of who the viewer is.
    var audience: UInt32
    /// What every campaign's own draw starts from.
    var seed: UInt64
    /// Whether an ad that is chosen is shown, and its bill comes.
    var isShown: Bool
    var isBilled: Bool

    /// A campaign's own draws for this request: one for who may compete, and the place of the viewer's worth in the
    /// table.
    @inline(__always)
    func draw(_ entry: MarketEntry) -> (uniform: UInt32, value: Int) {
        var mixed = seed ^ entry.salt
        mixed = (mixed ^ mixed >> 31) &* 0xBF58_476D_1CE4_E5B9
        return (UInt32(truncatingIfNeeded: mixed >> 12), Int(mixed >> 52))
    }

    /// Another one: for who brings about what the campaign's money is to bring.
    @inline(__always)
    func marginLot(_ entry: MarketEntry) -> UInt32 {
        var mixed = seed &+ entry.salt
        mixed = (mixed ^ mixed >> 29) &* 0x94D0_49BB_1331_11EB
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }
}

/// Draws that repeat: what is used for many requests is looked up, not calculated.
struct MarketTables: Sendable {
    /// Lognormal with a median of one: by how much floors differ, and what a viewer is worth to a campaign.
    let floors: [Double]
    let values: [Float]

    static let count = 4_096
    static let valueSpread = 0.5
    static let floorSpread = 0.35

    init() {
        // Quantiles of the normal distribution at the middles of so many equal parts, by bisection.
        let normals = (0..<Self.count).map { at -> Double in
            let wanted = (Double(at) + 0.5) / Double(Self.count)
            var (low, high) = (-6.0, 6.0)
            for _ in 0..<50 {
                let middle = (low + high) / 2
                let below = 0.5 * (1 + Double.erf(middle / 2.0.squareRoot()))
                if below < wanted { low = middle } else { high = middle }
            }
            return (low + high) / 2
        }
        floors = normals.map { Double.exp($0 * Self.floorSpread) }
        values = normals.map { Float(Double.exp($0 * Self.valueSpread)) }
    }
}

public struct MarketTraffic: Sendable {
    let shape: MarketShape
    let tables: MarketTables
    /// Of each region, how much busier or quieter than usual each ten minutes are.
    private let moods: [[Double]]

    static let moodSeconds = 600.0

    /// For whoever wants the curves and draws requests of his own.
    public init(_ shape: MarketShape) { self.init(shape, tables: MarketTables()) }

    init(_ shape: MarketShape, tables: MarketTables) {
        self.shape = shape
        self.tables = tables
        var draws = Randomness(seed: shape.seed &* 0x9E37_79B9 &+ 77)
        let count = Int(shape.seconds / Self.moodSeconds) + 2
        moods = shape.regions.map { _ in
            var mood = 0.0
            return (0..<count).map { _ in
                mood = 0.8 * mood + 0.05 * (draws.nextUnit() + draws.nextUnit() + draws.nextUnit() - 1.5) * 2
                return Double.exp(mood)
            }
        }
    }

    /// Requests a second by the clock alone: what every week has in common.
    static func usual(_ region: MarketRegion, at second: Double) -> Double {
        let day = 2 * Double.pi * (second - region.peak) / 86_400
        return region.rate * (1 + 0.6 * cosine(day) + 0.12 * cosine(2 * day + 0.7))
    }

    public func rate(_ region: Int, at second: Double) -> Double {
        let place = second / Self.moodSeconds
        let at = min(Int(place), moods[region].count - 2)
        let mood = moods[region][at] + (moods[region][at + 1] - moods[region][at]) * (place - Double(at))
        var rate = Self.usual(shape.regions[region], at: second) * mood
        for event in shape.events {
            if case .surge(region, let from, let to, let times) = event, second >= from, second < to {
                rate *= times
            }
        }
        return rate
    }

    /// The shares of the inventories then, summed up.
    public func shares(at second: Double) -> [Double] {
        var sum = 0.0
        var factors = shape.inventories.map(\.share)
        for event in shape.events {
            if case .live(let inventory, let from, let to, let times) = event, second >= from, second < to {
                factors[inventory] *= times
            }
        }
        return factors.map { share in
            sum += share
            return sum
        }
    }

    /// What a tick of a region brings.
    func requests(
        _ region: Int, tick: Int, seconds: Double, rate: Double, shares: [Double],
        _ into: inout [MarketRequest]
    ) {
        into.removeAll(keepingCapacity: true)
        var draws = Randomness(
            seed: shape.seed &+ UInt64(tick) &* 0xD134_2543_DE82_EF95 &+ UInt64(region) << 56)
        // Live events bring requests of their own, beside the others.
        let count = Self.poisson(rate * seconds * shares[shares.count - 1], &draws)
        for _ in 0..<count {
            let bits = draws.next()
            let pick = Double(bits >> 40) * 0x1p-24 * shares[shares.count - 1]
            var inventory = 0
            while inventory < shares.count - 1, pick >= shares[inventory] { inventory += 1 }
            let more = draws.next()
            let isShown = Double(more >> 40) * 0x1p-24 < shape.inventories[inventory].shown
            let isLost = Double(more & 0xFFFF) * 0x1p-16 < shape.billing.lost
            into.append(
                MarketRequest(
                    region: region, inventory: inventory,
                    floor: (shape.inventories[inventory].floor * tables.floors[Int(bits & 0xFFF)]).rounded(
                        .up),
                    audience: UInt32(truncatingIfNeeded: bits >> 12 & 0xFFFF), seed: more, isShown: isShown,
                    isBilled: isShown && !isLost))
        }
    }

    public static func poisson(_ mean: Double, _ draws: inout Randomness) -> Int {
        guard mean > 0 else { return 0 }
        if mean > 2_000 {
            // As good as normal, and twelve uniform draws are as good as that.
            let normal = (0..<12).reduce(-6.0) { sum, _ in sum + draws.nextUnit() }
            return max(Int((mean + mean.squareRoot() * normal).rounded()), 0)
        }
        if mean > 60 { return poisson(mean / 2, &draws) + poisson(mean / 2, &draws) }
        var left = draws.nextUnit()
        var part = Double.exp(-mean)
        var count = 0
        while left > part, count < 1_000 {
            left -= part
            count += 1
            part *= mean / Double(count)
        }
        return count
    }

    /// To nine digits, which is far beyond what a day's shape needs: a sum of even powers after folding.
    static func cosine(_ angle: Double) -> Double {
        let turns = angle / (2 * Double.pi)
        let folded = (turns - turns.rounded()) * 2 * Double.pi
        let square = folded * folded
        var (sum, part) = (1.0, 1.0)
        for step in 1...14 {
            part *= -square / Double((2 * step - 1) * (2 * step))
            sum += part
        }
        return sum
    }
}
