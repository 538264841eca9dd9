// Who is held back by pacing: by a lot that follows from the decision and the campaign, as often as the share says, and
// never in a test.
import Catalog
import Decision
import Foundation
import Testing
import Units

/// Every campaign has one share; counts what is asked.
private struct SharedState: DecisionState {
    var share: PacingShare
    var asked: [Int: Int] = [:]
    var offered: [OfferedPlaces] = []
    var eligible: [Int: Int] = [:]
    var payable = 0
    var placesSample = PlacesSample.all
    var refusal: StateRefusal?

    init(_ share: PacingShare) { self.share = share }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func offered(_ places: OfferedPlaces) { offered.append(places) }
    mutating func couldCompete(campaign: Int, pays: Bool) {
        eligible[campaign, default: 0] += 1
        if pays { payable += 1 }
    }
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { refusal }
    mutating func admission(ofCampaign campaign: Int) -> PacingShare {
        asked[campaign, default: 0] += 1
        return share
    }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}
}

@Suite struct PacingTests {
    @Test(arguments: [0.02, 0.5, 0.9]) func aShareIsLetThroughAsOftenAsItSays(_ share: Double) throws {
        var decider = Decider(Demo.snapshot)
        var state = SharedState(PacingShare(rawValue: UInt32(share * 4_294_967_296)))
        var (held, asked) = (0, 0)
        for seed in UInt64(0)..<1_000 {
            state.asked = [:]
            let decision = try decider.decide(
                Array(Demo.request.utf8).span.bytes, at: Demo.evening, seed: seed, state: &state)
            held += decision.trace[.pacing]
            asked += state.asked.values.reduce(0, +)
            #expect(decision.trace.accounted == decision.trace.lineItems)
        }
        try #require(asked > 3_000)
        #expect(abs(1 - Double(held) / Double(asked) - share) < 0.04, "\(held) of \(asked)")
    }

    @Test func allAreLetThroughAndNoneAre() throws {
        var decider = Decider(Demo.snapshot)
        for (share, isHeld) in [(PacingShare.all, false), (PacingShare.none, true)] {
            var state = SharedState(share)
            let decision = try decider.decide(
                Array(Demo.request.utf8).span.bytes, at: Demo.evening, seed: 3, state: &state, explains: true)
            #expect((decision.trace[.pacing] > 0) == isHeld)
            #expect(decision.isBid != isHeld)
            if isHeld {
                #expect(decision.noBid == .noBudget)
                let made = decider.report
                let report = try #require(made)
                #expect(
                    report.lineItems.contains {
                        $0.reason.contains("it competes for 0.00 % of the requests, and drew ")
                    })
            }
        }
    }

    @Test func aTestIsNotHeldBack() throws {
        var decider = Decider(Demo.snapshot)
        var state = SharedState(.none)
        let request = Demo.request.replacingOccurrences(of: "\"tmax\"", with: "\"test\": 1, \"tmax\"")
        let decision = try decider.decide(
            Array(request.utf8).span.bytes, at: Demo.evening, seed: 3, state: &state)
        #expect(decision.isTest && decision.isBid && state.asked.isEmpty && state.offered.isEmpty)
    }

    /// Whoever targets a request is told of, though its money is gone and nobody looks at it: what takes from others is what it targets.
    @Test func whoCouldCompeteIsWhoWasFound() throws {
        var decider = Decider(Demo.snapshot)
        var told: [[Int: Int]] = []
        for refusal in [nil, StateRefusal.budget, .pacing] {
            var state = SharedState(.all)
            state.refusal = refusal
            let decision = try decider.decide(
                Array(Demo.request.utf8).span.bytes, at: Demo.evening, seed: 3, state: &state)
            #expect(
                state.eligible.values.reduce(0, +) == decision.trace.retrieved && state.offered.count == 1)
            told.append(state.eligible)
        }
        #expect(told[0] == told[1] && told[0] == told[2] && told[0].count > 1)
    }

    /// The early rank ends a walk for a lone slot when sixteen stand above all that are left.
    @Test func whomTheWalkDoesNotComeToIsToldOf() throws {
        var market = SmallMarket()
        market.bidders = (0..<64).map {
            SmallMarket.Bidder(id: "l\($0)", advertiser: "a\($0)", bid: Double(64 - $0))
        }
        var decider = Decider(try market.snapshot())
        var state = SharedState(.all)
        let request = Array(Asked().json.utf8)
        let decision = try decider.decide(request.span.bytes, at: Demo.evening, seed: 3, state: &state)
        #expect(decision.trace.retrieved == 64 && state.asked.count < 64, "\(state.asked.count)")
        #expect(state.eligible.count == 64 && state.payable == 64)
    }

    @Test func whoIsBelowTheFloorIsToldApart() throws {
        var market = SmallMarket()
        market.bidders = (1...8).map {
            SmallMarket.Bidder(id: "l\($0)", advertiser: "a\($0)", bid: Double($0))
        }
        var decider = Decider(try market.snapshot())
        var state = SharedState(.all)
        let request = Array(Asked(floor: 6).json.utf8)
        _ = try decider.decide(request.span.bytes, at: Demo.evening, seed: 3, state: &state)
        #expect(state.eligible.count == 8 && state.payable == 3, "\(state.payable)")
    }

    @Test func oneInSoManyIsTold() throws {
        var decider = Decider(Demo.snapshot)
        var state = SharedState(.all)
        state.placesSample = PlacesSample(oneIn: 8)
        for seed in UInt64(0)..<2_000 {
            _ = try decider.decide(
                Array(Demo.request.utf8).span.bytes, at: Demo.evening, seed: seed, state: &state)
        }
        #expect(abs(state.offered.count - 250) < 50, "\(state.offered.count)")
        state.placesSample = .none
        state.offered = []
        for seed in UInt64(0)..<100 {
            _ = try decider.decide(
                Array(Demo.request.utf8).span.bytes, at: Demo.evening, seed: seed, state: &state)
        }
        #expect(state.offered.isEmpty)
    }

    private func offered(_ changes: [(String, String)], _ snapshot: CatalogSnapshot) throws -> OfferedPlaces {
        var decider = Decider(snapshot)
        var state = SharedState(.all)
        var request = Demo.request
        for (old, new) in changes {
            try #require(request.contains(old), "\(old)")
            request = request.replacingOccurrences(of: old, with: new)
        }
        _ = try decider.decide(Array(request.utf8).span.bytes, at: Demo.evening, seed: 3, state: &state)
        try #require(state.offered.count == 1)
        return state.offered[0]
    }

    /// Nodes may have other catalogs, and exchanges other numbers: a place is of the kind that its inventory is of.
    @Test func theKindOfAPlaceIsThatOfItsInventory() throws {
        let known = try offered([], Demo.snapshot)
        #expect((0..<OfferedPlaces.kinds).contains(known.kind) && known.count > 0)
        let ownID = "\"id\": \"streamfront-roku\""
        let byAddress = try offered([(ownID, "\"id\": \"exchange-77\"")], Demo.snapshot)
        #expect(byAddress == known)
        var other = SmallMarket()
        other.bidders = [SmallMarket.Bidder(id: "one", advertiser: "one", bid: 10)]
        #expect(try offered([], other.snapshot()) == known)
        var kinds: Set<Int> = []
        for number in 0..<64 {
            let one = try offered(
                [(ownID, "\"id\": \"x\""), ("\"bundle\": \"151908\"", "\"bundle\": \"app.\(number)\"")],
                Demo.snapshot)
            kinds.insert(one.kind)
        }
        #expect(kinds == Set(0..<OfferedPlaces.kinds))
    }
}
