// The early rank leaves out nobody who could have come among the candidates: for generated catalogs and requests, with
// one currency and with three, with prices apart and with many that are equal, the candidates are those that looking
// at every line item would have given.
import Auction
import Catalog
import OpenRTB
import Testing
import Units

@testable import Decision

/// What makes a candidate what it is.
private struct Ranked: Equatable {
    var creative: Int
    var lineItem: Int
    var value: Micros
    var price: Micros
    var deal: Int?
    var lot: UInt64

    init(_ one: RankedCandidate) {
        (creative, lineItem, value) = (one.creative, one.lineItem, one.value)
        (price, deal, lot) = (one.price, one.deal, one.lot)
    }
}

private struct Market: Sendable, CustomTestStringConvertible {
    var lineItems = 3_000
    var seed: UInt64 = 1
    /// Bids are whole units, of which there are few: most are equal to others.
    var hasTies = false
    var currencies: [String] = ["USD"]

    var testDescription: String { "\(lineItems) line items, \(currencies), ties: \(hasTies)" }

    static let all = [
        Market(), Market(lineItems: 40, seed: 2), Market(seed: 3, hasTies: true),
        Market(seed: 4, currencies: ["USD", "EUR", "JPY"]),
        Market(lineItems: 20_000, seed: 5, hasTies: true, currencies: ["EUR", "JPY", "CHF"]),
    ]

    var settings: DecisionSettings {
        var settings = DecisionSettings()
        for (code, rate) in [("EUR", "1.0837"), ("JPY", "0.00652")] {
            let isSet = settings.currencies.set(
                CurrencyCode(code)!, worth: ExchangeRate(decimal: rate)!)
            precondition(isSet)
        }
        return settings
    }

    func snapshot() throws -> CatalogSnapshot {
        var generator = CatalogGenerator(lineItems: lineItems, seed: seed)
        var source = generator.source()
        var random = Randomness(seed: seed)
        for index in source.campaigns.indices {
            source.campaigns[index].currency = CurrencyCode(
                currencies[random.next(in: 0...currencies.count - 1)])!
        }
        for index in source.lineItems.indices where hasTies {
            source.lineItems[index].bid = Micros(Int64(random.next(in: 10...20)) * Micros.perUnit)
        }
        return try CatalogSnapshot(copying: CatalogCompiler.compile(source))
    }
}

@Suite struct EarlyRankTests {
    @Test(arguments: Market.all)
    private func givesWhatLookingAtAllGives(_ market: Market) throws {
        let snapshot = try market.snapshot()
        var workspace = DecisionWorkspace(snapshot, market.settings)
        var reader = BidRequestReader()
        var stream = GeneratedBidRequests(lineItems: market.lineItems, seed: market.seed)
        var (bids, considered, retrieved, full) = (0, 0, 0, 0)
        for number in 0..<150 {
            let one = stream.next()
            workspace.reset()
            let request = try reader.read(one.bytes.span.bytes)
            var state = FreeState()
            let decision = workspace.decide(
                request, at: one.at, seed: UInt64(number), .openrtb, &state, false)
            #expect(decision.trace.accounted == market.lineItems, "request \(number)")
            guard decision.trace.pods == 1 else { continue }
            bids += decision.isBid ? 1 : 0
            considered += decision.trace.considered
            retrieved += decision.trace.retrieved
            if workspace.ranked.count == workspace.rankedMost { full += 1 }
            let found = workspace.candidates()
            workspace.lookAtAll(request, seed: UInt64(number))
            #expect(found == workspace.candidates(), "request \(number)")
        }
        #expect(bids > 0)
        // It is no early rank that looks at everything, where there is more than goes in.
        #expect(considered < retrieved || full == 0)
    }

    /// The same where campaigns' money is to bring more or less than itself, and some rank above what they are worth.
    @Test(arguments: Market.all)
    private func givesWhatLookingAtAllGivesAtPrices(_ market: Market) throws {
        let snapshot = try market.snapshot()
        var workspace = DecisionWorkspace(snapshot, market.settings)
        var reader = BidRequestReader()
        var stream = GeneratedBidRequests(lineItems: market.lineItems, seed: market.seed)
        var (raised, refused) = (0, 0)
        for number in 0..<100 {
            let one = stream.next()
            workspace.reset()
            let request = try reader.read(one.bytes.span.bytes)
            var state = CampaignPrices()
            let decision = workspace.decide(
                request, at: one.at, seed: UInt64(number), .openrtb, &state, false)
            #expect(decision.trace.accounted == market.lineItems, "request \(number)")
            guard decision.trace.pods == 1 else { continue }
            refused += decision.trace[.underPrice]
            let found = workspace.candidates()
            raised += (0..<workspace.ranked.count).count { workspace.ranked[$0].handicap < .zero }
            workspace.lookAtAll(request, seed: UInt64(number))
            #expect(found == workspace.candidates(), "request \(number)")
        }
        // A small catalog may have nobody who is asked for more.
        #expect(raised > 0 && (refused > 0 || market.lineItems < 100))
    }

    /// Where nobody can pay the lowest floor, none of those that are worth less is looked at, and all are counted.
    @Test func stopsBelowTheLowestFloor() throws {
        let market = Market(lineItems: 10_000)
        var workspace = DecisionWorkspace(try market.snapshot(), market.settings)
        var reader = BidRequestReader()
        var stream = GeneratedBidRequests(lineItems: market.lineItems, seed: 9)
        var stopped = 0
        for number in 0..<100 {
            let one = stream.next()
            let text = String(decoding: one.bytes, as: UTF8.self)
                .replacing(#/"bidfloor":[0-9.]+,"bidfloorcur"/#, with: "\"bidfloor\":900,\"bidfloorcur\"")
                .replacing(#/"deals":\[[^\]]*\]/#, with: "\"deals\":[]")
            workspace.reset()
            let bytes = Array(text.utf8)
            let request = try reader.read(bytes.span.bytes)
            var state = FreeState()
            let trace = workspace.decide(
                request, at: one.at, seed: UInt64(number), .openrtb, &state, false
            ).trace
            #expect(trace.accounted == market.lineItems && trace.ads == 0)
            if trace.retrieved > DecisionWorkspace.consideredLeast {
                #expect(trace.considered < trace.retrieved)
                #expect(trace[.floor] > 0)
                stopped += 1
            }
        }
        #expect(stopped > 10)
    }
}

/// A third of the campaigns is given way to, a third is asked for nothing, and a third for more than money.
private struct CampaignPrices: DecisionState {
    private var free = FreeState()

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        BudgetPrice([-0.5, 1, 1.5][campaign % 3])
    }
    var leastPrice: BudgetPrice { BudgetPrice(-0.5) }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { free.reserve(ad) }
    mutating func release(_ reservation: Reservation) {}
}

extension DecisionWorkspace {
    fileprivate init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings) {
        self.init(DecisionIndex(snapshot, settings), settings, Decider.keptMarkupBytes)
    }

    fileprivate func candidates() -> [Ranked] { (0..<ranked.count).map { Ranked(ranked[$0]) } }

    /// Ranks every line item that was found, in the order of the catalog, for the last pod.
    fileprivate mutating func lookAtAll(_ request: borrowing BidRequest, seed: UInt64) {
        ranked.removeAll()
        // A first test asks no prices.
        isPaced = isPaced && answers.leastPrice != .one
        var state = CampaignPrices()
        for row in 0..<snapshot.rowCount where scratch.words[row / 64] >> UInt64(row % 64) & 1 == 1 {
            _ = consider(snapshot.lineItem(ofRow: row), seed: seed, request, &state)
        }
    }
}
