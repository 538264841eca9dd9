// Which reason a no-bid gives: what most of the line items that were found came to, as a person would say it who reads
// the funnel.
import Catalog
import Decision
import Foundation
import OpenRTB
import Testing
import Units

/// Refuses line items by their ids.
private struct RefusingState: DecisionState {
    var refusals: [String: StateRefusal]
    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        refusals[Demo.snapshot.id(.lineItems, at: lineItem)]
    }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}
}

struct NoBidCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var changes: [(String, String)] = []
    /// Of the four line items that the sample finds.
    var refusals: [String: StateRefusal] = [:]
    let reason: NoBid

    static let all: [NoBidCase] = [
        .init(
            testDescription: "caps hold for three, and a house ad is below the floor",
            refusals: [
                "northwind-guaranteed": .capByUser(0), "harvest-evening": .capByHousehold(0),
                "aurora-drama": .capByUser(0),
            ], reason: .capped),
        .init(
            testDescription: "three have no money, and a house ad is below the floor",
            refusals: [
                "northwind-guaranteed": .budget, "harvest-evening": .budget, "aurora-drama": .budget,
            ], reason: .noBudget),
        .init(
            testDescription: "the money of three waits for its marks",
            refusals: [
                "northwind-guaranteed": .unmarked, "harvest-evening": .unmarked, "aurora-drama": .unmarked,
            ], reason: .noMoneyYet),
        .init(
            testDescription: "nobody has opened accounts for two, and the lease of one has run out",
            refusals: [
                "northwind-guaranteed": .noAccount, "harvest-evening": .noAccount, "aurora-drama": .fenced,
            ], reason: .noBudget),
        .init(
            testDescription: "two of four have no money, one is capped, one is below the floor",
            refusals: [
                "northwind-guaranteed": .budget, "harvest-evening": .pacing, "aurora-drama": .capByUser(0),
            ], reason: .noBudget),
        .init(
            testDescription: "two are capped, two are below the floor: those got further",
            changes: [("\"bidfloor\": 12", "\"bidfloor\": 900")],
            refusals: ["northwind-guaranteed": .capByUser(0), "harvest-evening": .capByUser(0)],
            reason: .belowFloor),
        .init(
            testDescription: "all are below the floor", changes: [("\"bidfloor\": 12", "\"bidfloor\": 900")],
            refusals: ["northwind-guaranteed": .capByUser(0)], reason: .belowFloor),
        .init(
            testDescription: "a floor in a currency without a rate",
            changes: [("\"bidfloorcur\": \"USD\"", "\"bidfloorcur\": \"XTS\"")], reason: .noCurrency),
        .init(
            testDescription: "nothing but a native ad",
            changes: [("\"video\": {", "\"native\": {\"request\": \"{}\"}, \"vide0\": {")], reason: .noSlot),
        .init(
            testDescription: "nothing but a banner, of a size that nobody has",
            changes: [("\"video\": {", "\"banner\": {\"w\": 7, \"h\": 7}, \"vide0\": {")],
            reason: .noCreativeFits),
        .init(
            testDescription: "an answer in no currency of ours", changes: [("[\"USD\"]", "[\"XTS\"]")],
            reason: .noCurrency),
        .init(
            testDescription: "no version that we write", changes: [("[3, 7, 11, 13]", "[1]")],
            refusals: ["northwind-guaranteed": .capByUser(0)], reason: .noCreativeFits),
    ]
}

@Suite struct NoBidTests {
    @Test(arguments: NoBidCase.all) func theReasonIsThatOfMost(_ one: NoBidCase) throws {
        var request = Demo.request
        for (old, new) in one.changes {
            try #require(request.contains(old))
            request = request.replacingOccurrences(of: old, with: new)
        }
        var decider = Decider(Demo.snapshot)
        var state = RefusingState(refusals: one.refusals)
        let bytes = Array(request.utf8)
        let decision = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 1, state: &state, explains: true)
        let funnel = decider.report?.funnel.map { "\($0.name) \($0.lineItems)" } ?? []
        #expect(decision.noBid == one.reason, "\(funnel)")
        #expect(decision.trace.accounted == decision.trace.lineItems)
    }

    /// Every reason has its word, its sentence and its place once.
    @Test func reasonsAreTold() {
        let all = NoBid.allCases
        #expect(
            Set(all.map { "\($0.label)" }).count == all.count && Set(all.map(\.sentence)).count == all.count)
        #expect(all.map(\.place).sorted() == Array(all.indices))
    }
}
