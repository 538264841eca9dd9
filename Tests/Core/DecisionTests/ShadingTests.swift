// Bids that are lower than their worth: whose, where, and within which bounds; and the same ones from the record alone.
import Auction
import Catalog
import Decision
import Foundation
import Testing
import Units

/// Shades each bid to a drawn price, inside and outside of what is allowed, and remembers what was put aside.
private struct ShadingState: DecisionState {
    var randomness: Randomness
    var asked: [BidToShade] = []
    var reserved: [AdToReserve] = []

    init(seed: UInt64) { randomness = Randomness(seed: seed) }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {
        (asked, reserved) = ([], [])
    }
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func standing(
        ofCreative creative: Int, lineItem: Int, advertiser: Int
    ) -> CreativeStanding { .unseen }
    mutating func shade(_ bid: BidToShade) -> ShadedBid {
        asked.append(bid)
        let price = Micros(Int64(randomness.next(below: UInt64(2 * bid.value.rawValue))))
        return ShadedBid(price: price, winChance: randomness.next(in: 0...1) == 0 ? nil : 700_000)
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        reserved.append(ad)
        return .reserved(
            Reservation(session: 1, sequence: UInt64(reserved.count), mark: 1, window: 1, seconds: 60))
    }
    mutating func release(_ reservation: Reservation) {}
}

@Suite struct ShadingTests {
    private let shades: DecisionSettings = {
        var settings = DecisionSettings()
        settings.shadesBids = true
        return settings
    }()

    private func market(
        _ priority: LineItem.Priority = .open, publisher: Bool? = nil, lineItem: Bool? = nil
    ) -> SmallMarket {
        var market = SmallMarket(floor: 1)
        market.bidders = [.init(id: "one", advertiser: "a", bid: 10, priority: priority)]
        market.change = {
            $0.publishers[0].bidShading = publisher
            $0.lineItems[0].bidShading = lineItem
        }
        return market
    }

    private func asks(
        _ market: SmallMarket, _ asked: Asked, _ settings: DecisionSettings, format: AnswerFormat = .openrtb
    ) throws -> Bool {
        var decider = Decider(try market.snapshot(), settings: settings)
        var state = ShadingState(seed: 1)
        let bytes = Array(asked.json.utf8)
        let decision = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 1, format: format, state: &state)
        #expect(decision.isBid && state.reserved.allSatisfy { ($0.market != nil) == !state.asked.isEmpty })
        return !state.asked.isEmpty
    }

    @Test func isForWhoWantsItWhereTheWinnerPaysHisBid() throws {
        let (off, first, second) = (DecisionSettings(), Asked(at: 1), Asked(at: 2))
        #expect(try !asks(market(), first, off) && asks(market(), first, shades))
        #expect(try !asks(market(), second, shades) && !asks(market(), first, shades, format: .vast))
        #expect(try asks(market(publisher: true), first, off))
        #expect(try !asks(market(publisher: false), first, shades))
        #expect(try asks(market(publisher: false, lineItem: true), first, off))
        #expect(try !asks(market(publisher: true, lineItem: false), first, shades))
        // What is guaranteed is to be won, unless its line item says otherwise.
        #expect(try !asks(market(.guaranteed), first, shades))
        #expect(try asks(market(.sponsorship, lineItem: true), first, shades))
    }

    /// Whatever a state says, and whatever is asked: never above the worth, below the floor, or below half of the worth.
    @Test func staysWithinItsBoundsAndReplays() throws {
        for seed in UInt64(0)..<200 {
            var random = Randomness(seed: seed)
            var market = SmallMarket(floor: Double(random.next(in: 0...50)) / 10)
            for number in 0..<random.next(in: 1...6) {
                market.bidders.append(
                    .init(
                        id: "l\(number)", advertiser: "a\(number)",
                        bid: Double(random.next(in: 51...200)) / 10,
                        seconds: [15, 30][random.next(in: 0...1)]))
            }
            let asked = Asked(at: 1, floor: Double(random.next(in: 0...60)) / 10, pod: (90, 4))
            let snapshot = try market.snapshot()
            var decider = Decider(snapshot, settings: shades)
            var state = ShadingState(seed: seed)
            let bytes = Array(asked.json.utf8)
            let decision = try decider.decide(
                bytes.span.bytes, at: Demo.evening, seed: seed, state: &state, explains: true)
            let made = decider.report
            let sales = (made?.pods ?? []).flatMap(\.candidates).compactMap(\.sale)
            for sale in sales {
                #expect(sale.price <= sale.worth && sale.price >= sale.floor, "seed \(seed)")
                #expect(sale.price.rawValue >= sale.worth.rawValue / 2, "seed \(seed)")
                #expect((sale.price < sale.worth) == (sale.basis == .shaded), "seed \(seed)")
            }
            // So much is put aside as is bid.
            #expect(Set(state.reserved.map(\.price)) == Set(sales.map(\.bid)), "seed \(seed)")
            let answer = decider.answer.withUnsafeBytes { Array($0) }
            var recorder = DecisionRecorder()
            recorder.record(
                decision, of: bytes.span.bytes, by: decider,
                RecordedContext(
                    now: Demo.evening, seed: seed, format: .openrtb, catalog: 1, settings: 2,
                    keepsRequest: true))
            let record = try RecordedDecision(recorder.bytes)
            #expect(
                record.ads.map(\.terms.basis).contains(.shaded) == sales.contains { $0.basis == .shaded })
            var again = Decider(snapshot, settings: shades)
            var recorded = try #require(RecordedState(record))
            _ = try again.decide(
                record.request.span.bytes, at: record.now, seed: record.id, state: &recorded)
            #expect(again.answer.withUnsafeBytes { Array($0) } == answer, "seed \(seed)")
            // With the same catalog under another name the same is supposed.
            var supposed = SupposedState(
                recorded.said, of: record, through: CatalogRows(from: snapshot, to: snapshot))
            _ = try again.decide(
                record.request.span.bytes, at: record.now, seed: record.id, state: &supposed)
            #expect(again.ads.map(\.price) == decider.ads.map(\.price), "seed \(seed)")
        }
    }

    @Test func theSettingIsRecorded() throws {
        let again = try DecisionSettings(recorded: shades.recorded.span.bytes)
        #expect(again.shadesBids && again.recorded == shades.recorded)
        #expect(try !DecisionSettings(recorded: DecisionSettings().recorded.span.bytes).shadesBids)
    }
}
