// The campaigns of a market: where they may run, what viewers are worth to them, and budgets that together buy a part
// of all there is. A few ask for more than they can get, each for another reason.
internal import Numerics
public import Pacing
internal import Units

public struct MarketCampaign: Sendable {
    public var pacing: PacingCampaign
    public var regions: Set<Int>
    public var inventories: Set<Int>
    /// Bits of the audience that must be set.
    public var audience: UInt32
    /// What a viewer is worth in the median, before the inventory's factor.
    public var value: Double
    /// Built so that it cannot deliver, and for what reason.
    public var hopeless: Deliverability.Limit?
}

/// A line item in the list of a region and an inventory.
struct MarketEntry {
    var campaign: Int32
    var value: Float
    /// What makes its draws for a request its own.
    var salt: UInt64

    init(_ campaign: Int, value: Float) {
        self.campaign = Int32(campaign)
        self.value = value
        salt = UInt64(truncatingIfNeeded: campaign) &* 0x9E37_79B9_7F4A_7C15
    }
}

/// Whoever may run in a region and an inventory, those of one audience together: whether a viewer is in it is asked once.
struct MarketEntries: Sendable {
    struct Group {
        var audience: UInt32
        var end: Int
    }

    private var groups: [Group] = []
    private var entries: [MarketEntry] = []

    init(_ campaigns: [(number: Int, audience: UInt32, value: Float)]) {
        let sorted = campaigns.sorted { ($0.audience, $0.number) < ($1.audience, $1.number) }
        for one in sorted {
            if groups.last?.audience != one.audience { groups.append(Group(audience: one.audience, end: 0)) }
            entries.append(MarketEntry(one.number, value: one.value))
            groups[groups.count - 1].end = entries.count
        }
    }

    /// Those whom a viewer is for.
    @inline(__always)
    func forEach(of audience: UInt32, _ body: (MarketEntry) -> Void) {
        entries.withUnsafeBufferPointer { entries in
            groups.withUnsafeBufferPointer { groups in
                var first = 0
                for group in groups {
                    if audience & group.audience == group.audience {
                        for at in first..<group.end { body(entries[at]) }
                    }
                    first = group.end
                }
            }
        }
    }
}

struct MarketDemand: Sendable {
    let campaigns: [MarketCampaign]
    /// By region, then inventory.
    let entries: [MarketEntries]

    init(_ shape: MarketShape, _ traffic: MarketTraffic) {
        var draws = Randomness(seed: shape.seed &* 31 &+ 5)
        var campaigns = (0..<shape.campaigns).map { Self.draw($0, shape, &draws) }
        Self.price(&campaigns, shape, traffic)
        self.campaigns = campaigns
        entries = shape.regions.indices.flatMap { region in
            shape.inventories.indices.map { inventory in
                MarketEntries(
                    campaigns.enumerated().filter {
                        $0.element.regions.contains(region) && $0.element.inventories.contains(inventory)
                    }.map {
                        (
                            $0.offset, $0.element.audience,
                            Float($0.element.value * shape.inventories[inventory].worth)
                        )
                    })
            }
        }
    }

    private static func draw(_ number: Int, _ shape: MarketShape, _ draws: inout Randomness) -> MarketCampaign
    {
        let kinds = shape.inventories.count
        var regions = Set(shape.regions.indices)
        if draws.nextUnit() < 0.45 {
            regions = [Int(draws.next(below: UInt64(shape.regions.count)))]
            if draws.nextUnit() < 0.5 { regions.insert(Int(draws.next(below: UInt64(shape.regions.count)))) }
        }
        var inventories: Set<Int> = []
        while inventories.count < 2 + Int(draws.next(below: 5)), inventories.count < kinds {
            inventories.insert(Int(draws.next(below: UInt64(kinds))))
        }
        if shape.isCrowded, number % 3 < 2 {
            // Sport and live events, or all there is.
            inventories = number % 3 == 0 ? [3, 7] : Set(shape.inventories.indices)
        }
        var audience: UInt32 = 0
        for _ in 0..<Int(draws.next(below: 3)) { audience |= 1 << UInt32(draws.next(below: 16)) }
        // Values differ by a half between campaigns, and stand somewhat above the usual floors.
        let value = 11_000 * Double.exp((draws.nextUnit() + draws.nextUnit() - 1) * 0.8)
        let mode = draws.nextUnit()
        var hopeless: Deliverability.Limit?
        switch number % 40 {
        case 7: hopeless = .targeting
        case 23: hopeless = .floors
        default: break
        }
        if hopeless == .targeting {
            regions = [number % shape.regions.count]
            inventories = [4]
            audience = 0b11
        }
        let cells = shape.regions.count * kinds
        return MarketCampaign(
            pacing: PacingCampaign(
                id: "c\(number)", start: shape.start, end: shape.end,
                // Becomes a share of what it could buy.
                budget: Micros(
                    Int64(1_000_000 * Double.exp((draws.nextUnit() + draws.nextUnit() - 1) * 1.1))),
                mode: shape.isUniform || mode < 0.75
                    ? .traffic : mode < 0.87 ? .even : mode < 0.95 ? .frontloaded : .asap,
                isGuaranteed: number % 10 == 3, price: Micros(10_000),
                targeted: Array(repeating: 0, count: cells), affordable: Array(repeating: 0, count: cells)),
            regions: regions, inventories: inventories, audience: audience,
            value: hopeless == .floors ? 2_500 : value, hopeless: hopeless)
    }

    /// Sets budgets by what each campaign could buy, and says what an engineer would know of its chances.
    private static func price(
        _ campaigns: inout [MarketCampaign], _ shape: MarketShape, _ traffic: MarketTraffic
    ) {
        let kinds = shape.inventories.count
        // The usual day, without what befalls it: budgets are set before.
        let hours = Int(shape.seconds / 3_600)
        let daily = shape.regions.map { region in
            (0..<max(hours, 1)).reduce(0.0) {
                $0 + 3_600 * MarketTraffic.usual(region, at: Double($1) * 3_600 + 1_800)
            }
        }
        var supply = 0.0
        for region in shape.regions.indices {
            for one in shape.inventories {
                supply += daily[region] * one.share * one.shown * one.floor * 1.063
            }
        }
        var could = [Double](repeating: 0, count: campaigns.count)
        for (at, campaign) in campaigns.enumerated() {
            let audience = 1 / Double(1 << campaign.audience.nonzeroBitCount)
            var (impressions, money, chosen) = (0.0, 0.0, 0.0)
            // In their order: sums of the same numbers in another one are not the same to the last bit.
            for region in campaign.regions.sorted() {
                for inventory in campaign.inventories.sorted() {
                    let one = shape.inventories[inventory]
                    let share = affordable(campaign.value * one.worth / one.floor, traffic.tables)
                    let cell = region * kinds + inventory
                    campaigns[at].pacing.targeted[cell] = audience
                    campaigns[at].pacing.affordable[cell] = share
                    let count = daily[region] * one.share * audience * share
                    chosen += count
                    impressions += count * one.shown
                    money += count * one.shown * one.floor
                }
            }
            could[at] = money
            campaigns[at].pacing.price = Micros(max(Int64(money / max(impressions, 1)), 1))
            campaigns[at].pacing.shown = chosen > 0 ? impressions / chosen : 1
        }
        // Everybody asks for about the same share of what could be had, by a factor of three either way.
        var wishes = campaigns.indices.map { could[$0] * Double(campaigns[$0].pacing.budget.rawValue) / 1e6 }
        let sum = campaigns.indices.reduce(0) { $0 + (campaigns[$1].hopeless == nil ? wishes[$1] : 0) }
        for at in campaigns.indices {
            wishes[at] *= supply * shape.sold / sum
            switch campaigns[at].hopeless {
            // Twice what its targeting has at all.
            case .targeting: wishes[at] = 2 * could[at] / max(campaigns[at].pacing.affordable.max() ?? 1, 0.1)
            case .floors: wishes[at] = max(wishes[at], 3 * could[at])
            default: break
            }
            // Fewer impressions than these cannot be delivered to a half percent by anybody.
            let least = min(1_500 * Double(campaigns[at].pacing.price.rawValue), could[at] / 5)
            campaigns[at].pacing.budget = Micros(Int64(max(wishes[at], least, 1_000_000)))
        }
    }

    /// The share of viewers who are worth their floor, where the medians are in this ratio.
    private static func affordable(_ ratio: Double, _ tables: MarketTables) -> Double {
        // The logarithms of values and floors differ by a normal distribution of both spreads together.
        let spread =
            (MarketTables.valueSpread * MarketTables.valueSpread
            + MarketTables.floorSpread * MarketTables.floorSpread).squareRoot()
        return 0.5 * (1 + Double.erf(Double.log(max(ratio, 1e-9)) / spread / 2.0.squareRoot()))
    }
}
