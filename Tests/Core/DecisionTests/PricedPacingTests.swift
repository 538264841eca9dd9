// Two campaigns whose values differ by request, through the real decider and a region's own pacer, under a clock that runs
// as fast as the test: by the prices of their budgets they get more for the same money than by shares of the requests.
import Auction
import Catalog
import Decision
import Foundation
import Pacing
import Testing
import Units

/// What a shard counts, and the entries that it goes by.
private struct ShardState: DecisionState {
    var entries: [PaceEntry]
    var sights: [PacedSight]
    var putAside: [Int64]
    private var isCounted: [Bool] = []

    init(campaigns: Int) {
        entries = (0..<campaigns).map { _ in PaceEntry(share: RegionPacer.firstShare, opening: 0, most: .max)
        }
        sights = entries.map { _ in PacedSight() }
        putAside = entries.map { _ in 0 }
    }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) { isCounted = entries.map { _ in false } }
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        sights[campaign].left.rawValue > 100_000 ? nil : .budget
    }
    mutating func admission(ofCampaign campaign: Int) -> PacingShare {
        let isFirst = !isCounted[campaign]
        isCounted[campaign] = true
        if isFirst { sights[campaign].arrivals += 1 }
        switch entries[campaign].answer(spent: putAside[campaign], isFresh: true) {
        case .undrawn:
            if isFirst { sights[campaign].undrawn += 1 }
            return .all
        case .drawn(let share): return PacingShare(rawValue: share)
        }
    }
    mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        sights[campaign].values.add(ValueCounts.level(value: offer.value, cost: offer.cost))
        return BudgetPrice(entries[campaign].price)
    }
    var leastPrice: BudgetPrice { entries.reduce(.one) { min($0, BudgetPrice($1.price)) } }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}
}

@Suite struct PricedPacingTests {
    private static let seconds = 21_600
    private static let start = Demo.evening
    /// What viewers of each of the two countries are worth to each campaign, for a thousand.
    private static let bids: [(campaign: String, country: String, bid: Double)] = [
        ("one", "USA", 30), ("one", "CAN", 12), ("two", "USA", 14), ("two", "CAN", 24),
    ]

    private func snapshot() throws -> CatalogSnapshot {
        try SmallMarket(
            bidders: Self.bids.map {
                .init(id: "\($0.campaign)-\($0.country)", advertiser: $0.campaign, bid: $0.bid)
            },
            change: { source in
                for (place, one) in Self.bids.enumerated() {
                    source.lineItems[place].targeting = TargetingObject(
                        meaning: .values(.country, [one.country]))
                }
            }
        ).snapshot()
    }

    private struct Spent {
        var micros: [Int64] = [0, 0]
        var value = 0.0
        /// The largest distance from an even line once ten minutes have passed, of the budget.
        var distance = 0.0
        var isPriced = [false, false]
    }

    /// One request every two seconds, whose floor is between two and eleven; the winner pays the floor. Each campaign is to
    /// spend about a sixth of what it could.
    private func run(_ worth: RegionPacer.Worth) throws -> Spent {
        let snapshot = try snapshot()
        var decider = Decider(snapshot)
        let budget = Micros(10_000_000)
        let terms = (0..<2).map { row in
            PacedTerms(
                id: snapshot.id(.campaigns, at: row), start: Self.start,
                end: Self.start + .seconds(Int64(Self.seconds)), mode: .even, lifetime: budget, daily: nil,
                price: Micros(24_000))
        }
        var pacer = RegionPacer(terms, .own, worth, at: Self.start)
        let week = WeekOfSupply(nil, from: Self.start)
        var state = ShardState(campaigns: 2)
        for row in 0..<2 { state.sights[row].left = budget }
        var draws = Randomness(seed: 11)
        var spent = Spent()
        let template = Asked(floor: 0.25).json.replacingOccurrences(
            of: "\"id\":\"r\"", with: "\"device\":{\"geo\":{\"country\":\"NOWHERE\"}},\"id\":\"r\"")
        for second in 0..<Self.seconds {
            let now = Self.start + .seconds(Int64(second))
            if second % 2 == 0 {
                let floor = Double(2_000 + draws.next(below: 9_000)) / 1_000
                let country = draws.next(below: 2) == 0 ? "USA" : "CAN"
                let request = template.replacingOccurrences(of: "NOWHERE", with: country)
                    .replacingOccurrences(of: "0.25", with: "\(floor)")
                let decision = try decider.decide(
                    Array(request.utf8).span.bytes, at: now, seed: draws.next(), state: &state)
                #expect(decision.trace.accounted == 4)
                if let ad = decider.ads.first {
                    let campaign = snapshot.lineItem(at: ad.lineItem).campaign
                    let (most, cost) = (ad.terms.bid.rawValue / 1_000, ad.terms.floor.rawValue / 1_000)
                    state.putAside[campaign] += most
                    state.sights[campaign].authorised += Micros(most)
                    state.sights[campaign].settled += Micros(cost)
                    state.sights[campaign].left -= Micros(cost)
                    spent.micros[campaign] += cost
                    spent.value += Double(most)
                }
            }
            let sights = state.sights
            pacer.turn({ sights[$0] }, week: week, at: now + .seconds(1))
            for row in 0..<2 {
                state.entries[row] = pacer.entry(row, shards: 1)
                state.putAside[row] = 0
                guard second > 600 else { continue }
                let line = Double(second + 1) / Double(Self.seconds)
                spent.distance = max(
                    spent.distance, abs(Double(spent.micros[row]) / Double(budget.rawValue) - line))
            }
            if second == Self.seconds / 2 { spent.isPriced = (0..<2).map { pacer.isPriced($0) } }
        }
        return spent
    }

    @Test func aPriceBringsMoreForTheSameMoney() throws {
        let (shares, prices) = (try run(.alike), try run(.seen))
        print("pacing: by shares \(shares), by prices \(prices)")
        #expect(prices.isPriced == [true, true] && shares.isPriced == [false, false])
        for row in 0..<2 {
            #expect(abs(Double(prices.micros[row]) / Double(shares.micros[row]) - 1) < 0.02)
            #expect(abs(Double(prices.micros[row]) / 10_000_000 - 1) < 0.02, "\(prices)")
        }
        #expect(prices.value > 1.3 * shares.value, "\(prices.value / shares.value)")
        #expect(prices.distance < 0.03, "\(prices.distance)")
    }
}
