// What a state answers decides who competes, and every reservation is either in the answer or given back.
import Auction
import Decision
import Foundation
import OpenRTB
import Testing
import Units

/// Refuses and remembers at random, from a seed, and keeps book of what is reserved.
struct DrawnState: DecisionState {
    var randomness: Randomness
    /// Of a hundred answers so many are refusals, and so many reservations are refused.
    var refusals: UInt64
    var refusedReservations: UInt64
    var open: Set<UInt64> = []
    var viewer: ViewerKeys?
    private var next: UInt64 = 0

    init(seed: UInt64, refusals: UInt64 = 0, reservations: UInt64 = 0) {
        randomness = Randomness(seed: seed)
        self.refusals = refusals
        refusedReservations = reservations
    }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) { self.viewer = viewer }

    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        guard randomness.next(below: 100) < refusals else { return nil }
        return StateRefusal.allCases.randomElement(using: &randomness)
    }

    mutating func admission(ofCampaign campaign: Int) -> PacingShare {
        guard randomness.next(below: 100) < refusals else { return .all }
        return PacingShare(rawValue: UInt32(truncatingIfNeeded: randomness.next()))
    }

    mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        #expect(offer.value >= offer.cost && offer.cost > .zero)
        guard randomness.next(below: 100) < 2 * refusals else { return .one }
        return BudgetPrice(4 * randomness.nextUnit() - 1)
    }
    var leastPrice: BudgetPrice { refusals > 20 ? BudgetPrice(-1) : .one }

    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        guard randomness.next(below: 100) < refusals else { return .unseen }
        return CreativeStanding.allCases.randomElement(using: &randomness)!
    }

    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        #expect(ad.most > .zero && ad.price > .zero)
        guard randomness.next(below: 100) >= refusedReservations else { return .refused(.budget) }
        next += 1
        open.insert(next)
        return .reserved(Reservation(session: 7, sequence: next, mark: 1, window: 3, seconds: 600))
    }

    mutating func release(_ reservation: Reservation) {
        #expect(open.remove(reservation.sequence) != nil)
    }
}

/// Every line item's cap at one place holds.
struct CappedState: DecisionState {
    var place: Int
    private var free = FreeState()

    init(place: Int) { self.place = place }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { .capByUser(place) }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { free.reserve(ad) }
    mutating func release(_ reservation: Reservation) {}
}

@Suite struct StateTests {
    @Test func nothingReservedIsLost() throws {
        var decider = Decider(Demo.snapshot)
        let bytes = Array(Demo.request.utf8)
        for seed in UInt64(0)..<400 {
            var state = DrawnState(seed: seed, refusals: seed % 50, reservations: seed % 100)
            let format: AnswerFormat = seed % 3 == 0 ? .vast : .openrtb
            let decision = try decider.decide(
                bytes.span.bytes, at: Demo.evening, seed: seed, format: format, state: &state,
                explains: true)
            #expect(state.open.count == decision.trace.ads, "seed \(seed)")
            #expect(
                decision.trace.accounted == 10 && decision.isBid == (decision.trace.ads > 0), "seed \(seed)")
            #expect(decider.report?.funnel.reduce(0) { $0 + $1.lineItems } == 10, "seed \(seed)")
            let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            let bids = answer.split(separator: "\"impid\"").count - 1
            if format == .openrtb { #expect(bids == decision.trace.ads, "seed \(seed)") }
        }
    }

    @Test func whatIsRefusedForACapNamesTheCap() throws {
        for (place, cap) in [(0, "4 by user in 1440 min"), (1, "30 by user in the campaign's life")] {
            var decider = Decider(Demo.snapshot)
            let bytes = Array(Demo.request.utf8)
            var state = CappedState(place: place)
            let decision = try decider.decide(
                bytes.span.bytes, at: Demo.evening, seed: 1, state: &state, explains: true)
            #expect(decision.noBid == .capped)
            let reason = decider.report?.lineItems.first { $0.id == "northwind-guaranteed" }?.reason
            #expect(reason == "shown to the viewer as often as its cap allows: \(cap)")
            // One without such a cap is refused all the same, and no cap is named.
            let other = decider.report?.lineItems.first { $0.id == "aurora-drama" }?.reason
            #expect(other?.hasSuffix("cap allows") == (place > 0))
        }
        for raw in UInt8.min...UInt8.max {
            let refusal = StateRefusal(rawValue: raw)
            let isOne = raw & 15 >= 3 && raw & 15 <= 5 && raw >> 4 < 8 || [1, 2, 6, 7, 8].contains(raw)
            #expect((refusal != nil) == isOne && (refusal == nil || refusal?.rawValue == raw))
        }
    }

    @Test func aRefusedLineItemGivesWayToOthers() throws {
        var decider = Decider(Demo.snapshot)
        let bytes = Array(Demo.request.utf8)
        var all = DrawnState(seed: 1, refusals: 100)
        let decision = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 1, state: &all, explains: true)
        #expect([.noBudget, .noMoneyYet, .capped].contains(decision.noBid))
        var poor = DrawnState(seed: 1, reservations: 100)
        let unpaid = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 1, state: &poor, explains: true)
        #expect(unpaid.noBid == .noBudget && unpaid.trace[.unreserved] > 0 && poor.open.isEmpty)
    }

    @Test func keysAreOnlyForWhomMayBeCounted() throws {
        func viewer(_ changes: [(String, String)]) throws -> ViewerKeys? {
            var decider = Decider(Demo.snapshot)
            let request = changes.reduce(Demo.request) {
                $0.replacingOccurrences(of: $1.0, with: $1.1)
            }
            var state = DrawnState(seed: 1)
            let bytes = Array(request.utf8)
            _ = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 1, state: &state)
            return state.viewer
        }
        let known = try viewer([])
        #expect(known?.user != nil && known?.household != nil)
        #expect(try viewer([]) == known)
        #expect(try viewer([("\"coppa\": 0", "\"coppa\": 1")]) == ViewerKeys())
    }
}
