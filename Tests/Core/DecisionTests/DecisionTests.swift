// Requests, who wins them, and why the others do not.
import CSIMD
import Decision
import Foundation
import OpenRTB
import Testing
import Units

struct DecisionCase: Sendable, CustomTestStringConvertible {
    let name: String
    /// Each text of the sample that is replaced, by what.
    let changes: [(String, String)]
    let winners: Set<String>
    var noBid: NoBid?
    /// A line item, and a word of the reason why it did not win.
    var loser: (String, String)?

    var testDescription: String { name }

    static let all: [DecisionCase] = [
        .init(
            name: "as it is", changes: [],
            winners: ["northwind-guaranteed", "harvest-evening", "aurora-drama"],
            loser: ("house-promo", "below the floor")),
        .init(
            name: "without the deal", changes: [("streamfront-winter-pg", "nobodys-deal")],
            winners: ["harvest-evening", "aurora-drama"], loser: ("northwind-guaranteed", "deal")),
        .init(
            name: "for children", changes: [("\"coppa\": 0", "\"coppa\": 1")],
            winners: ["northwind-guaranteed", "aurora-drama"], loser: ("harvest-evening", "radius")),
        .init(
            name: "in a time zone where it is still afternoon",
            changes: [("\"utcoffset\": -300", "\"utcoffset\": -600")],
            winners: ["northwind-guaranteed"], loser: ("aurora-drama", "daypart")),
        .init(
            name: "an advertiser blocked", changes: [("casino.example", "auroramotors.example")],
            winners: ["northwind-guaranteed", "harvest-evening"],
            loser: ("aurora-drama", "blockedAdvertiser")),
        .init(
            name: "a category blocked", changes: [("IAB25", "IAB8-5")],
            winners: ["northwind-guaranteed", "aurora-drama"], loser: ("harvest-evening", "blockedCategory")),
        .init(
            name: "private", changes: [("\"deals\": [", "\"private_auction\": 1, \"deals\": [")],
            winners: ["northwind-guaranteed"], loser: ("aurora-drama", "for deals")),
        .init(
            name: "a floor between them", changes: [("\"bidfloor\": 12", "\"bidfloor\": 30")],
            winners: ["northwind-guaranteed", "harvest-evening"], loser: ("aurora-drama", "floor")),
        .init(
            name: "a short break", changes: [("\"poddur\": 90", "\"poddur\": 30")],
            winners: ["northwind-guaranteed"], loser: ("harvest-evening", "worth more")),
        .init(
            name: "nothing it plays",
            changes: [("\"video/mp4\", \"application/x-mpegURL\"", "\"video/webm\"")],
            winners: [], noBid: .noCreativeFits, loser: ("aurora-drama", "no file")),
        .init(
            name: "no version we write", changes: [("[3, 7, 11, 13]", "[1]")], winners: [],
            noBid: .noCreativeFits),
        .init(
            name: "no currency", changes: [("[\"USD\"]", "[\"XTS\"]")], winners: [], noBid: .noCurrency,
            loser: ("aurora-drama", "not asked")),
        .init(
            name: "no time", changes: [("\"tmax\": 250", "\"tmax\": 0")], winners: [],
            noBid: .insufficientTime),
        .init(
            name: "our seat blocked", changes: [("\"at\": 1,", "\"at\": 1, \"bseat\": [\"paceline\"],")],
            winners: [], noBid: .seatNotAllowed),
        .init(
            name: "floors above all",
            changes: [("\"bidfloor\": 12", "\"bidfloor\": 900"), ("streamfront-winter-pg", "x")],
            winners: [], noBid: .belowFloor),
    ]
}

@Suite struct DecisionTests {
    @Test(arguments: DecisionCase.all)
    func theRightOnesWin(_ one: DecisionCase) throws {
        var request = Demo.request
        for (old, new) in one.changes {
            try #require(request.contains(old))
            request = request.replacingOccurrences(of: old, with: new)
        }
        let decided = try decide(request)
        #expect(Set(decided.winners) == one.winners)
        #expect(decided.decision.noBid == one.noBid)
        if let (lineItem, word) = one.loser {
            let reason = try #require(decided.reason(lineItem))
            #expect(reason.contains(word))
        }
        // The funnel leaves nobody out, in numbers and by name.
        let trace = decided.decision.trace
        #expect(trace.accounted == trace.lineItems && trace.lineItems == 10)
        #expect(decided.report.funnel.reduce(0) { $0 + $1.lineItems } == 10)
        #expect(decided.report.lineItems.count == 10)
        #expect(trace[.won] == one.winners.count)
    }

    @Test func answersAreValid() throws {
        let decided = try decide(Demo.request)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(decided.answer.utf8)) as? [String: Any])
        #expect(json["id"] as? String == "break-20261120-1" && json["cur"] as? String == "USD")
        let seats = try #require(json["seatbid"] as? [[String: Any]])
        let bids = try #require(seats.first?["bid"] as? [[String: Any]])
        #expect(bids.count == 3)
        #expect(Set(bids.compactMap { $0["id"] as? String }).count == 3)
        for bid in bids {
            let adm = Array(try #require(bid["adm"] as? String).utf8)
            let summary = try VASTSummary(checking: adm.span.bytes)
            #expect(summary.ads == 1)
        }
        let deal = try #require(bids.first { $0["dealid"] != nil })
        #expect(deal["crid"] as? String == "northwind-beach-30" && deal["price"] as? Double == 35)
        #expect(deal["dur"] as? Int == 30 && deal["mtype"] as? Int == 2)
    }

    @Test func aPodIsOneDocument() throws {
        for (protocols, version) in [("[13]", VASTVersion.v4_2), ("[3]", .v3_0), ("[3, 7]", .v3_0)] {
            let request = Demo.request.replacingOccurrences(of: "[3, 7, 11, 13]", with: protocols)
            let decided = try decide(request, format: .vast)
            let bytes = Array(decided.answer.utf8)
            let summary = try VASTSummary(checking: bytes.span.bytes)
            #expect(summary.version == version && summary.ads == 3)
        }
        let empty = try decide(
            Demo.request.replacingOccurrences(of: "\"tmax\": 250", with: "\"tmax\": 0"), format: .vast)
        let bytes = Array(empty.answer.utf8)
        #expect(try VASTSummary(checking: bytes.span.bytes).ads == 0)
    }

    @Test func everyTruncationIsRefused() throws {
        var decider = Decider(Demo.snapshot)
        let bytes = Array(Demo.request.utf8)
        // The last byte is a newline behind a whole request.
        let whole = try #require(bytes.lastIndex(of: UInt8(ascii: "}"))) + 1
        for length in 0..<whole {
            let part = Array(bytes[..<length])
            do throws(OpenRTBError) {
                _ = try decider.decide(part.span.bytes, at: Demo.evening, seed: 1)
                Issue.record("\(length) bytes were accepted")
            } catch {
                #expect(!error.allowed.isEmpty && error.offset <= length)
            }
        }
        let request = Array(bytes[..<whole])
        #expect(try decider.decide(request.span.bytes, at: Demo.evening, seed: 1).isBid)
    }

    @Test func theSameGivesTheSame() throws {
        var decider = Decider(Demo.snapshot)
        let bytes = DecisionCase.all.map { one in
            one.changes.reduce(Demo.request) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        }
        var answers: [Int: [UInt8]] = [:]
        var random = Randomness(seed: 7)
        for round in 0..<4 {
            // The variants of the vector kernels in turn; the best last, with which the process goes on.
            if let variant = [CSIMD_PORTABLE, CSIMD_AVX2, CSIMD_AVX512].dropFirst(round).first {
                if csimd_variant_runs(variant) { csimd_choose(variant) }
            }
            for index in bytes.indices.shuffled(using: &random) {
                let request = Array(bytes[index].utf8)
                _ = try decider.decide(request.span.bytes, at: Demo.evening, seed: UInt64(index))
                let answer = decider.answer.withUnsafeBytes { Array($0) }
                if round == 0 { answers[index] = answer }
                #expect(answers[index] == answer, "request \(index) in round \(round)")
            }
        }
        #expect(answers.count == bytes.count)
    }
}
