// Who is held back by pacing: by a lot that follows from the decision and the campaign, as often as the share says, and
// never in a test.
import Decision
import Foundation
import Testing
import Units

/// Every campaign has one share; counts what is asked.
private struct SharedState: DecisionState {
    var share: PacingShare
    var asked: [Int: Int] = [:]

    init(_ share: PacingShare) { self.share = share }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
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
        #expect(decision.isTest && decision.isBid && state.asked.isEmpty)
    }
}
