// What a request says that it does not want, or only wants so, holds: one row for each field that says such a thing.
import Auction
import Catalog
import Decision
import Foundation
import OpenRTB
import Testing
import Units

struct HonouredCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var changes: [(String, String)] = []
    let winners: Set<String>
    var noBid: NoBid?
    /// A line item, and a word of the reason why it did not win.
    var loser: (String, String)?

    static let northwind = "northwind-guaranteed"
    static let harvest = "harvest-evening"
    static let aurora = "aurora-drama"

    /// Fields of the request itself, in front of all others.
    private static func says(_ fields: String) -> [(String, String)] {
        [("\"at\": 1,", "\"at\": 1, \(fields),")]
    }
    private static func imp(_ fields: String) -> [(String, String)] {
        [("\"id\": \"1\",", "\"id\": \"1\", \(fields),")]
    }
    private static func video(_ fields: String) -> [(String, String)] {
        [("\"linearity\": 1,", "\"linearity\": 1, \(fields),")]
    }

    static let all: [HonouredCase] = [
        .init(testDescription: "nothing in particular", winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "bcat", changes: [("IAB25", "IAB8-5")], winners: [northwind, aurora],
            loser: (harvest, "blockedCategory")),
        .init(
            testDescription: "bcat, of which the ad's is a part", changes: [("IAB25", "IAB20")],
            winners: [harvest, aurora], loser: (northwind, "blockedCategory")),
        .init(
            testDescription: "bcat, which is a part of the ad's", changes: [("IAB25", "IAB2-1")],
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "badv", changes: [("casino.example", "FlyNorthwind.example")],
            winners: [harvest, aurora], loser: (northwind, "blockedAdvertiser")),
        .init(
            testDescription: "badv, of which the advertiser's domain is a part",
            changes: [("casino.example", "auroramotors.example")], winners: [northwind, harvest],
            loser: (aurora, "blockedAdvertiser")),
        .init(
            testDescription: "badv, another one that ends alike",
            changes: [("casino.example", "motors.example")],
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "bapp", changes: says("\"bapp\": [\"other\", \"com.harvest.order\"]"),
            winners: [northwind, aurora], loser: (harvest, "refused")),
        .init(
            testDescription: "bapp, by another store's name", changes: says("\"bapp\": [\"1234567\"]"),
            winners: [northwind, aurora], loser: (harvest, "refused")),
        .init(
            testDescription: "battr", changes: video("\"battr\": [3, 7]"), winners: [northwind, aurora],
            loser: (harvest, "refused")),
        .init(
            testDescription: "btype, which is of banners: none is ever bid",
            changes: imp("\"banner\": {\"w\": 300, \"h\": 250, \"btype\": [1, 2, 3, 4]}"),
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "wseat without ours", changes: says("\"wseat\": [\"other\"]"), winners: [],
            noBid: .seatNotAllowed),
        .init(
            testDescription: "wseat with ours", changes: says("\"wseat\": [\"other\", \"paceline\"]"),
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "bseat with ours", changes: says("\"bseat\": [\"paceline\"]"), winners: [],
            noBid: .seatNotAllowed),
        .init(
            testDescription: "bseat without ours", changes: says("\"bseat\": [\"other\"]"),
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "wseat of a deal without ours",
            changes: [("\"bidfloor\": 35,", "\"bidfloor\": 35, \"wseat\": [\"other\"],")],
            winners: [harvest, aurora], loser: (northwind, "deal")),
        .init(
            testDescription: "a deal in a currency without a rate",
            changes: [("\"bidfloor\": 35,", "\"bidfloor\": 35, \"bidfloorcur\": \"XTS\",")],
            winners: [harvest, aurora], loser: (northwind, "deal")),
        .init(
            testDescription: "wadomain of a deal without the advertiser's",
            changes: [("\"bidfloor\": 35,", "\"bidfloor\": 35, \"wadomain\": [\"other.example\"],")],
            winners: [harvest, aurora]),
        .init(
            testDescription: "cur, the second of which has a rate",
            changes: [("[\"USD\"]", "[\"XTS\", \"USD\"]")],
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "cur without any that has a rate", changes: [("[\"USD\"]", "[\"XTS\"]")],
            winners: [], noBid: .noCurrency),
        .init(
            testDescription: "tmax that is over", changes: [("\"tmax\": 250", "\"tmax\": 20")], winners: [],
            noBid: .insufficientTime),
        .init(
            testDescription: "tmax that leaves a millisecond",
            changes: [("\"tmax\": 250", "\"tmax\": 21")],
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "at of a second price", changes: [("\"at\": 1,", "\"at\": 2,")],
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "at of the exchange's own", changes: [("\"at\": 1,", "\"at\": 501,")],
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "test", changes: says("\"test\": 1"), winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "acat", changes: says("\"acat\": [\"IAB8\"]"), winners: [harvest],
            loser: (northwind, "refused")),
        .init(
            testDescription: "wlang", changes: says("\"wlang\": [\"fr\", \"en\"]"),
            winners: [northwind, harvest, aurora]),
        .init(
            testDescription: "wlang of another language", changes: says("\"wlang\": [\"fr\"]"), winners: [],
            noBid: .noCreativeFits, loser: (aurora, "refused")),
        .init(
            testDescription: "wlangb", changes: says("\"wlangb\": [\"en-GB\"]"), winners: [harvest],
            loser: (aurora, "refused")),
        .init(
            testDescription: "linearity of overlays", changes: [("\"linearity\": 1", "\"linearity\": 2")],
            winners: [], noBid: .noCreativeFits),
        .init(
            testDescription: "plcmt of what is no place for a video that plays by itself",
            changes: [("\"plcmt\": 1", "\"plcmt\": 9")], winners: [], noBid: .noCreativeFits),
        .init(
            testDescription: "delivery of streams only", changes: video("\"delivery\": [1]"),
            winners: [aurora], loser: (harvest, "no file")),
        .init(
            testDescription: "poddedupe of categories",
            changes: [("\"linearity\": 1,", "\"linearity\": 1, \"poddedupe\": [1, 2],")],
            winners: [northwind, harvest, aurora]),
    ]
}

@Suite struct HonouredTests {
    /// Harvest's ad is for an app, and shows alcohol; it speaks as in Britain. Aurora's domain is a part of another.
    private static let snapshot = Result {
        try Demo.snapshot {
            $0.replacingOccurrences(
                of: "\"categories\": [\"IAB8-5\"],\n      \"language\": \"en\"",
                with:
                    "\"categories\": [\"IAB8-5\"], \"attributes\": [7], \"language\": \"en-GB\", \"bundles\": [\"com.harvest.order\", \"1234567\"]"
            ).replacingOccurrences(of: "auroramotors.example", with: "shop.auroramotors.example")
        }
    }

    @Test(arguments: HonouredCase.all) func itHolds(_ one: HonouredCase) throws {
        var request = Demo.request
        for (old, new) in one.changes {
            try #require(request.contains(old), "\(old)")
            request = request.replacingOccurrences(of: old, with: new)
        }
        var settings = DecisionSettings()
        settings.network = .milliseconds(20)
        let snapshot = try Self.snapshot.get()
        var decider = Decider(snapshot, settings: settings)
        let bytes = Array(request.utf8)
        let decision = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 1, explains: true)
        let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let report = decider.report
        let decided = Decided(decision: decision, answer: answer, report: try #require(report))
        #expect(Set(decided.winners) == one.winners, "\(decided.report.lineItems)")
        #expect(decision.noBid == one.noBid)
        if let (lineItem, word) = one.loser {
            #expect(try #require(decided.reason(lineItem)).contains(word))
        }
        // Whoever blocks by apps has to know which one is advertised.
        #expect(
            answer.contains("\"bundle\":\"com.harvest.order\"") == one.winners.contains(HonouredCase.harvest))
    }
}
