// Every ad of an answer says where its notices go, with tokens that say what was decided; the markup stays valid.
import Catalog
import Decision
import Foundation
import Notices
import OpenRTB
import Testing
import Units

@Suite struct NoticeTests {
    static let key = NoticeKey(
        secret: [UInt8](repeating: 5, count: 32).span.raw, made: Instant(nanoseconds: 0))!
    static let keys = NoticeKeys([key])!

    static func settings(byImpression: Bool = false) -> DecisionSettings {
        var settings = DecisionSettings()
        settings.notices = NoticeAddresses(
            base: "https://node.example", keyID: key.id, lifetime: .seconds(3_600),
            isBilledByImpression: byImpression)?.signed(with: key, shard: 3)
        return settings
    }

    private struct Bid {
        var price = Micros.zero
        var fields: [String: String] = [:]
    }

    private func bids(_ answer: String) throws -> [Bid] {
        let response = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
        let seats = response?["seatbid"] as? [[String: Any]] ?? []
        return try seats.flatMap { $0["bid"] as? [[String: Any]] ?? [] }.map { bid in
            let price = (bid["price"] as? NSNumber)?.stringValue ?? "?"
            return Bid(
                price: try Micros(decimal: price), fields: bid.compactMapValues { $0 as? String })
        }
    }

    /// Our addresses in a text, by event.
    private func addresses(_ text: String) -> [(event: String, token: String, tail: String)] {
        text.matches(of: /https:\/\/node\.example\/e\/([a-z0-9]+)\?t=([A-Za-z0-9_-]{128})([^\]<"]*)/).map {
            (String($0.output.1), String($0.output.2), String($0.output.3))
        }
    }

    @Test func everyBidSaysWhereItsNoticesGo() throws {
        let decided = try decide(Demo.request, seed: 77, settings: Self.settings())
        let bids = try bids(decided.answer)
        #expect(bids.count == 3)
        for (index, bid) in bids.enumerated() {
            #expect(
                addresses(bid.fields["nurl"] ?? "").map(\.tail) == [
                    "&p=${AUCTION_PRICE}&m=${AUCTION_MIN_TO_WIN}"
                ])
            #expect(addresses(bid.fields["burl"] ?? "").map(\.tail) == ["&p=${AUCTION_PRICE}"])
            #expect(
                addresses(bid.fields["lurl"] ?? "").map(\.tail) == [
                    "&r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}"
                ])
            let markup = try #require(bid.fields["adm"])
            #expect(
                Set(addresses(markup).map(\.event)) == [
                    "imp", "error", "start", "q1", "mid", "q3", "complete", "click",
                ])
            var tokens: Set<String> = []
            for field in ["nurl", "burl", "lurl", "adm"] {
                for (name, token, _) in addresses(bid.fields[field] ?? "") {
                    let event = try #require(NoticeEvent.allCases.first { $0.name == name })
                    let notice = try Self.keys.read(token.utf8Span.span.raw, for: event, at: Demo.evening)
                    tokens.insert(token)
                    #expect(notice.decision == 77 && Int(notice.ad) == index && notice.shard == 3)
                    #expect(notice.highest == bid.price)
                    // All of the sample is in one currency.
                    #expect(notice.reserved == Micros((bid.price.rawValue + 999) / 1_000))
                    #expect(notice.creative == IDHash(of: bid.fields["crid"]!.utf8Span.span.raw))
                    #expect(notice.campaign == IDHash(of: bid.fields["cid"]!.utf8Span.span.raw))
                    #expect(notice.expires == Demo.evening + .seconds(3_600))
                    #expect(notice.viewer != 0 && !notice.isBilledByImpression)
                    // The two line items of the sample that have a cap by household.
                    let capped = ["harvest-evening", "aurora-sports-live"].map {
                        IDHash(of: $0.utf8Span.span.raw)
                    }
                    #expect((notice.household != 0) == capped.contains(notice.lineItem))
                }
            }
            #expect(tokens.count == 2, "one for the exchange, one for players")
            let summary = try VASTSummary(checking: markup.utf8Span.span.raw)
            #expect(summary.ads == 1)
        }
    }

    @Test func whoMayNotBeCountedIsInNoToken() throws {
        let child = Demo.request.replacingOccurrences(of: "\"coppa\": 0", with: "\"coppa\": 1")
        let decided = try decide(child, settings: Self.settings())
        let found = addresses(decided.answer)
        #expect(!found.isEmpty)
        for (_, token, _) in found {
            let notice = try Self.keys.open(token.utf8Span.span.raw).notice
            #expect(notice.viewer == 0 && notice.household == 0)
        }
    }

    /// Where no exchange stands between, or it bills what was shown, the impression is what is settled.
    @Test func impressionsAreBilledWhereNobodyElseIs() throws {
        let pod = try decide(Demo.request, format: .vast, settings: Self.settings()).answer
        let found = addresses(pod)
        #expect(found.count { $0.event == "imp" } == 3 && !found.contains { $0.tail.contains("PRICE") })
        for (_, token, _) in found {
            #expect(try Self.keys.open(token.utf8Span.span.raw).notice.isBilledByImpression)
        }
        #expect(try VASTSummary(checking: pod.utf8Span.span.raw).ads == 3)

        let decided = try decide(Demo.request, settings: Self.settings(byImpression: true))
        for bid in try bids(decided.answer) {
            #expect(bid.fields["burl"] == nil && bid.fields["nurl"] != nil)
            let impressions = addresses(bid.fields["adm"] ?? "").filter { $0.event == "imp" }
            #expect(impressions.map(\.tail) == ["&p=${AUCTION_PRICE}"])
        }
    }

    @Test func bothVersionsStayValid() throws {
        for (protocols, version) in [("[13]", VASTVersion.v4_2), ("[3]", .v3_0)] {
            let request = Demo.request.replacingOccurrences(of: "[3, 7, 11, 13]", with: protocols)
            for format in AnswerFormat.allCases {
                let answer = try decide(request, format: format, settings: Self.settings()).answer
                let documents =
                    format == .vast ? [answer] : try bids(answer).compactMap { $0.fields["adm"] }
                #expect(!documents.isEmpty)
                for document in documents {
                    let summary = try VASTSummary(checking: document.utf8Span.span.raw)
                    #expect(summary.version == version)
                    #expect(addresses(document).count >= 8)
                }
            }
        }
    }

    @Test func nothingOfOursWithoutABase() throws {
        for format in AnswerFormat.allCases {
            let answer = try decide(Demo.request, format: format).answer
            #expect(!answer.contains("nurl") && !answer.contains("/e/"))
        }
        let none: [NoticeAddresses?] = [
            NoticeAddresses(base: "", keyID: 1, lifetime: .seconds(1)),
            NoticeAddresses(base: "https://a/", keyID: 1, lifetime: .seconds(1)),
            NoticeAddresses(base: "https://a", keyID: 1, lifetime: .zero),
            NoticeAddresses(
                base: "https://" + String(repeating: "a", count: 300), keyID: 1, lifetime: .seconds(1)),
        ]
        #expect(none.allSatisfy { $0 == nil })
    }

    /// The same in, the same out: tokens do not make a decision depend on anything else.
    @Test func tokensAreRepeatable() throws {
        for format in AnswerFormat.allCases {
            let once = try decide(Demo.request, seed: 9, format: format, settings: Self.settings()).answer
            let again = try decide(Demo.request, seed: 9, format: format, settings: Self.settings()).answer
            let other = try decide(Demo.request, seed: 10, format: format, settings: Self.settings()).answer
            #expect(once == again && once != other)
        }
    }

    /// A replay has the settings from the journal and the key from the node's file.
    @Test func settingsComeBackWithoutTheSecret() throws {
        let settings = Self.settings(byImpression: true)
        var again = try DecisionSettings(recorded: settings.recorded.span.bytes)
        #expect(again.recorded == settings.recorded)
        #expect(try !decide(Demo.request, settings: again).answer.contains("node.example"))
        let others = NoticeKey(
            secret: [UInt8](repeating: 6, count: 32).span.raw, made: Instant(nanoseconds: 0))!
        #expect(again.notices?.signed(with: others, shard: 3) == nil)
        again.notices = again.notices?.signed(with: Self.key, shard: 3)
        #expect(
            try decide(Demo.request, settings: again).answer
                == decide(Demo.request, settings: settings).answer)
    }

    @Test func replacesOurMacrosAndNoOthers() throws {
        let page = "\"clickThrough\": \"https://flynorthwind.example/winter\""
        let macros =
            "https://m.example/[PACELINE_CREATIVE]?l=[PACELINE_LINEITEM]&c=[PACELINE_CAMPAIGN]&a=[PACELINE_AD]"
            + "&b=[CACHEBUSTING]&p=${AUCTION_PRICE}&x=[PACELINE_NOTHING]&y=[PACELINE_&z=[ERRORCODE]"
        let snapshot = try Demo.snapshot {
            $0.replacingOccurrences(
                of: page, with: "\(page), \"trackers\": [{\"event\": \"impression\", \"url\": \"\(macros)\"}]"
            )
        }
        var decider = Decider(snapshot)
        let bytes = Array(Demo.request.utf8)
        _ = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 1, format: .vast)
        let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let found = answer.firstMatch(
            of:
                /https:\/\/m\.example\/northwind-beach-30\?l=northwind-guaranteed&c=([^&]+)&a=([0-9a-f]{16})&b=\[CACHEBUSTING\]&p=35&x=\[PACELINE_NOTHING\]&y=\[PACELINE_&z=\[ERRORCODE\]/
        )
        #expect(found != nil, "\(answer)")
    }
}
