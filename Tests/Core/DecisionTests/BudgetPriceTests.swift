// The price of a campaign's budget in a decision: who brings less does not take part, who takes part ranks by what it
// brings beyond it, and what is bid stays what the buyer said.
import Auction
import Catalog
import Decision
import Foundation
import Testing
import Units

/// A price for each campaign by its id; counts what is asked.
struct PricedState: DecisionState {
    var prices: [Int: Double]
    var asked: [Int: Int] = [:]
    var offers: [BudgetOffer] = []

    init(_ prices: [String: Double], _ snapshot: CatalogSnapshot) {
        self.prices = [:]
        for row in 0..<snapshot.campaignCount {
            self.prices[row] = prices[snapshot.id(.campaigns, at: row)]
        }
    }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) { (asked, offers) = ([:], []) }
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        asked[campaign, default: 0] += 1
        offers.append(offer)
        return prices[campaign].map { BudgetPrice($0) } ?? .one
    }
    var leastPrice: BudgetPrice { prices.values.min().map { BudgetPrice(min($0, 1)) } ?? .one }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}
}

@Suite struct BudgetPriceTests {
    private static var market: SmallMarket {
        SmallMarket(bidders: [
            .init(id: "one", advertiser: "one", bid: 12), .init(id: "two", advertiser: "two", bid: 10),
        ])
    }

    private struct Outcome {
        var decision: Decision
        var report: DecisionReport
        var asked: [Int: Int]
        var offers: [BudgetOffer]

        var sold: [String: AdSale] {
            var sold: [String: AdSale] = [:]
            for one in report.pods.flatMap(\.candidates) {
                if let sale = one.sale { sold[one.lineItem] = sale }
            }
            return sold
        }
        func reason(_ id: String) -> String { report.lineItems.first { $0.id == id }?.reason ?? "" }
        func candidate(_ id: String) -> DecisionReport.Candidate? {
            report.pods.flatMap(\.candidates).first { $0.lineItem == id }
        }
    }

    private func decide(
        _ prices: [String: Double], _ asked: Asked, _ market: SmallMarket = Self.market, seed: UInt64 = 1,
        format: AnswerFormat = .openrtb
    ) throws -> Outcome {
        let snapshot = try market.snapshot()
        var decider = Decider(snapshot)
        var state = PricedState(prices, snapshot)
        let decision = try decider.decide(
            Array(asked.json.utf8).span.bytes, at: Demo.evening, seed: seed, format: format, state: &state,
            explains: true)
        #expect(decision.trace.accounted == decision.trace.lineItems)
        return Outcome(
            decision: decision, report: decider.report!, asked: state.asked, offers: state.offers)
    }

    /// Twelve for a floor of four is three for one.
    @Test(arguments: [(2.9, true), (3.0, true), (4.0, false)])
    func whoBringsLessThanItsMoneyIsToBringDoesNotTakePart(_ price: Double, _ takesPart: Bool) throws {
        let made = try decide(["one": price, "two": 20], Asked(floor: 4))
        #expect(made.decision.isBid == takesPart)
        #expect(made.decision.trace[.underPrice] == (takesPart ? 1 : 2))
        #expect(made.asked.values.allSatisfy { $0 == 1 } && made.asked.count == 2)
        if takesPart {
            #expect(made.sold["one"]?.bid == cpm(12), "what is bid is what the buyer said")
        } else {
            #expect(made.decision.noBid == .noBudget)
            #expect(
                made.reason("one")
                    == "it brings less than its campaign's money is to bring: it brings 12 for 4, and a unit of its "
                    + "campaign's money is to bring 4.000", "\(made.reason("one"))")
        }
    }

    /// Twelve less two fours is less than ten less one.
    @Test func whoTakesPartRanksByWhatItBringsBeyond() throws {
        let cheap = try decide(["one": 1], Asked(floor: 4))
        #expect(cheap.sold.keys.sorted() == ["one"])
        let dear = try decide(["one": 2], Asked(floor: 4))
        #expect(dear.sold.keys.sorted() == ["two"])
        #expect(dear.candidate("one")?.value == cpm(8) && dear.candidate("two")?.value == cpm(10))
        // Who is given way to wins with less, and still bids what it said.
        let given = try decide(["two": -0.5], Asked(floor: 4))
        #expect(given.sold["two"]?.bid == cpm(10) && given.candidate("two")?.value == cpm(16))
    }

    /// Where all are worth the same for what they cost, a price is all or nothing; a lot makes a share of it.
    @Test(arguments: [(1.0, 1.0), (1.02, 0.53), (1.1, 0.047), (2.1, 0.0)])
    func whoStandsAtTheMarginTakesPartByLot(_ price: Double, _ share: Double) throws {
        let snapshot = try Self.market.snapshot()
        var decider = Decider(snapshot)
        // The winner pays what it bids: each brings one for one.
        let request = Array(Asked(at: 1, floor: 4).json.utf8)
        var state = PricedState(["one": price, "two": 50], snapshot)
        let decisions = 2_000
        var bids = 0
        for seed in 0..<UInt64(decisions) {
            let decision = try decider.decide(
                request.span.bytes, at: Demo.evening, seed: seed, state: &state)
            if decision.isBid { bids += 1 }
        }
        #expect(abs(Double(bids) / Double(decisions) - share) < 0.03, "\(bids) of \(decisions)")
    }

    /// In our own auction the winner pays what it needs to rank above the next one: by its price more than the next bid.
    @Test func theNextPriceIsOneThatRanksAsHigh() throws {
        let made = try decide(["one": 1.2], Asked(floor: 4), format: .vast)
        // Ten, and what four are to bring beyond themselves; and the cent by which it is higher.
        let sale = try #require(made.sold["one"])
        #expect(abs(sale.price.rawValue - cpm(10.81).rawValue) <= 8 && sale.basis == .nextBid, "\(sale)")
        #expect(sale.bid == cpm(12))
    }

    /// Without a floor it costs what it bids: ten rank as twenty, and the bid that ranks as high as the other's is half of that.
    @Test func withoutAFloorTheNextPriceGoesWithTheBid() throws {
        var market = Self.market
        market.bidders[0].bid = 10
        market.bidders[1].bid = 9.9
        let made = try decide(["one": 0], Asked(floor: 0), market, format: .vast)
        let sale = try #require(made.sold["one"])
        #expect(made.candidate("one")?.value == cpm(20) && sale.basis == .nextBid, "\(sale)")
        #expect(abs(sale.price.rawValue - cpm(4.96).rawValue) <= cpm(0.01).rawValue, "\(sale)")
    }

    /// More of them than a walk looks at, with less than their money is to bring, and one behind them that takes part.
    @Test func manyThatBringTooLittleHideNobody() throws {
        var market = Self.market
        market.bidders = (0..<1_100).map { .init(id: "dear-\($0)", advertiser: "dear", bid: 20) }
        market.bidders.append(.init(id: "cheap", advertiser: "cheap", bid: 10))
        let made = try decide(["dear": 50], Asked(floor: 4), market)
        #expect(made.sold.keys.sorted() == ["cheap"] && made.decision.trace[.underPrice] == 1_100)
    }

    @Test func whatItIsWorthAndWhatItRanksAsAreTold() throws {
        let made = try decide(["two": 2], Asked(floor: 4))
        let two = try #require(made.candidate("two"))
        #expect(two.worth == cpm(10) && two.value == cpm(6))
    }

    @Test func whatADealCostsIsItsPrice() throws {
        var market = Self.market
        market.bidders[0].wantsDeal = true
        market.deal = (6, nil, .fixed)
        let asked = Asked(floor: 1, deal: (6, 3))
        let made = try decide(["one": 1.9, "two": 50], asked, market)
        #expect(
            made.sold["one"]?.basis == .fixed
                && made.offers.contains(BudgetOffer(value: cpm(12), cost: cpm(6))))
        #expect(try !decide(["one": 2.3, "two": 50], asked, market).decision.isBid)
    }

    @Test func aTestIsAskedNothing() throws {
        let snapshot = Demo.snapshot
        var decider = Decider(snapshot)
        var state = PricedState([:], snapshot)
        state.prices = Dictionary(uniqueKeysWithValues: (0..<snapshot.campaignCount).map { ($0, 500) })
        let request = Demo.request.replacingOccurrences(of: "\"tmax\"", with: "\"test\": 1, \"tmax\"")
        let decision = try decider.decide(
            Array(request.utf8).span.bytes, at: Demo.evening, seed: 3, state: &state)
        #expect(decision.isTest && decision.isBid && state.asked.isEmpty)
    }

    /// What is recorded names the prices, and decides the same; with them left out it does not.
    @Test func theRecordHasThePrices() throws {
        let snapshot = try Self.market.snapshot()
        var decider = Decider(snapshot)
        var recorder = DecisionRecorder()
        var state = PricedState(["one": 2, "two": 0.5], snapshot)
        let request = Array(Asked(floor: 4).json.utf8)
        let decision = try decider.decide(request.span.bytes, at: Demo.evening, seed: 5, state: &state)
        let answer = decider.answer.withUnsafeBytes { Array($0) }
        recorder.record(
            decision, of: request.span.bytes, by: decider,
            RecordedContext(
                now: Demo.evening, seed: 5, format: .openrtb, catalog: 1, settings: 2, keepsRequest: true))
        let read = try RecordedDecision(recorder.bytes)
        var recorded = try #require(RecordedState(read))
        _ = try decider.decide(read.request.span.bytes, at: read.now, seed: 5, state: &recorded)
        #expect(
            decider.answer.withUnsafeBytes { Array($0) } == answer && recorded.leastPrice == BudgetPrice(0.5))
        // With another catalog a campaign of the same id asks the same.
        var supposed = SupposedState(
            recorded.said, of: read, through: CatalogRows(from: snapshot, to: snapshot))
        _ = try decider.decide(read.request.span.bytes, at: read.now, seed: 5, state: &supposed)
        #expect(decider.answer.withUnsafeBytes { Array($0) } == answer)
        var free = FreeState()
        _ = try decider.decide(read.request.span.bytes, at: read.now, seed: 5, state: &free)
        #expect(decider.answer.withUnsafeBytes { Array($0) } != answer)
    }
}
