// Creatives of every kind, from the catalog to the markup: another server's tag, who measures, banners, audio, and
// whose macros are whose.
import Auction
import Catalog
import Decision
import Foundation
import FoundationXML
import Notices
import OpenRTB
import Testing
import Units

/// The example request of this name in the repository.
private func example(_ name: String, _ changes: [(String, String)] = []) throws -> String {
    var text = try String(contentsOf: repository.appending(path: "Examples/\(name).json"), encoding: .utf8)
    for (old, new) in changes {
        try #require(text.contains(old), "\(old)")
        text = text.replacingOccurrences(of: old, with: new)
    }
    return text
}

private func bids(_ decided: Decided) throws -> [[String: Any]] {
    let json = try JSONSerialization.jsonObject(with: Data(decided.answer.utf8)) as? [String: Any]
    return (json?["seatbid"] as? [[String: Any]])?.first?["bid"] as? [[String: Any]] ?? []
}

private let signed: DecisionSettings = {
    var settings = DecisionSettings()
    let key = NoticeKey(secret: [UInt8](repeating: 5, count: 32).span.bytes, made: Instant(nanoseconds: 0))!
    settings.notices = NoticeAddresses(
        base: "https://node.example", keyID: key.id, lifetime: .seconds(3_600))?.signed(with: key, shard: 0)
    return settings
}()

@Suite struct WrapperTests {
    private func travel(_ protocols: String) -> String {
        Demo.request.replacingOccurrences(of: "[3, 7, 11, 13]", with: protocols)
            .replacingOccurrences(of: "\"genre\": \"drama, thriller\"", with: "\"genre\": \"travel\"")
            .replacingOccurrences(of: "streamfront-winter-pg", with: "nobodys-deal")
    }

    @Test(
        arguments: [
            ("[13, 14]", 14, "4.2"), ("[3, 6]", 6, "3.0"), ("[7, 8]", nil, ""), ("[13]", nil, ""),
            ("[3, 7, 11, 13, 14]", 14, "4.2"),
        ] as [(String, Int?, String)])
    func leadsPlayersOn(_ protocols: String, _ number: Int?, _ version: String) throws {
        let decided = try decide(travel(protocols), settings: signed)
        let bid = try bids(decided).first { $0["crid"] as? String == "northwind-partner-30" }
        #expect(bid?["protocol"] as? Int == number)
        guard let bid else {
            #expect(decided.reason("northwind-travel")?.contains("no file that the slot plays") == true)
            return
        }
        let adm = try #require(bid["adm"] as? String)
        let summary = try VASTSummary(checking: Array(adm.utf8).span.bytes)
        #expect(summary.ads == 1 && adm.contains("<VAST version=\"\(version)\"") && adm.contains("<Wrapper"))
        #expect(!adm.contains("<InLine") && !adm.contains("<MediaFile") && !adm.contains("<ClickThrough"))
        // Our names are filled in; the price is the exchange's to say, and the rest the player's.
        #expect(
            adm.contains(
                "https://ads.partner.example/vast?campaign=northwind-winter&price=${AUCTION_PRICE}&cb=[CACHEBUSTING]"
            ))
        for event in ["imp", "error", "start", "q1", "mid", "q3", "complete", "click"] {
            #expect(adm.contains("https://node.example/e/\(event)?t="), "\(event)")
        }
    }

    @Test func standsInAPodOfADocument() throws {
        let decided = try decide(travel("[13, 14]"), format: .vast, settings: signed)
        let summary = try VASTSummary(checking: Array(decided.answer.utf8).span.bytes)
        #expect(summary.ads > 1 && decided.answer.contains("<Wrapper") && decided.answer.contains("<InLine"))
        // Ours is the auction, so the price is ours to say.
        let sale = try #require(
            decided.report.pods.first?.candidates.first { $0.lineItem == "northwind-travel" }?.sale)
        #expect(decided.answer.contains("&price=\(sale.price)&cb=[CACHEBUSTING]"), "\(decided.answer)")
        // A document of one version has no ad of another.
        let mixed = try decide(travel("[13, 6]"), format: .vast)
        #expect(!mixed.answer.contains("<Wrapper") && mixed.answer.contains("<InLine"))
    }

    @Test func aTagInTheClearIsNotForSecurePlayers() throws {
        let snapshot = try Demo.snapshot {
            $0.replacingOccurrences(of: "https://ads.partner", with: "http://ads.partner")
        }
        for (secure, wins) in [("0", true), ("1", false)] {
            var decider = Decider(snapshot)
            let request = travel("[13, 14]")
                .replacingOccurrences(of: "\"secure\": 1,", with: "\"secure\": \(secure),")
            let bytes = Array(request.utf8)
            _ = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 1)
            let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            #expect(answer.contains("northwind-partner-30") == wins, "\(secure)")
        }
    }
}

@Suite struct VerificationTests {
    @Test(arguments: ["[13]", "[3]"]) func isPartOfTheMarkup(_ protocols: String) throws {
        // The long one alone has a verification.
        let request = Demo.request.replacingOccurrences(of: "[3, 7, 11, 13]", with: protocols)
            .replacingOccurrences(of: "\"rqddurs\": [15, 30]", with: "\"rqddurs\": [30]")
        let decided = try decide(request)
        let bid = try #require(try bids(decided).first { $0["crid"] as? String == "aurora-range-30" })
        let adm = try #require(bid["adm"] as? String)
        _ = try VASTSummary(checking: Array(adm.utf8).span.bytes)
        #expect(adm.contains("<Verification vendor=\"measure.example-omid\">"))
        #expect(
            adm.contains(
                "<JavaScriptResource apiFramework=\"omid\" browserOptional=\"true\"><![CDATA[https://measure.example/omid.js]]>"
            ))
        #expect(adm.contains("<Tracking event=\"verificationNotExecuted\">"))
        #expect(adm.contains("[REASON]&cb=[CACHEBUSTING]"))
        #expect(adm.contains("{\"placement\": \"aurora-range\"}"))
        // Version 3.0 has no place for it but an extension.
        #expect(adm.contains("<Extension type=\"AdVerifications\">") == (protocols == "[3]"))
    }
}

@Suite struct BannerTests {
    @Test func anImageLeadsToThePage() throws {
        let bid = try #require(try bids(decide(example("banner"), settings: signed)).first)
        #expect(bid["mtype"] as? Int == 1 && bid["w"] as? Int == 300 && bid["h"] as? Int == 250)
        #expect(
            bid["crid"] as? String == "harvest-bowl-banner" && bid["protocol"] == nil && bid["dur"] == nil)
        #expect(bid["price"] as? Double == 4.2 && bid["nurl"] != nil && bid["burl"] != nil)
        let adm = try #require(bid["adm"] as? String)
        #expect(adm.hasPrefix("<a href=\"https://node.example/e/click?t="))
        #expect(adm.contains("ping=\"https://measure.example/k?c=harvest-bowl-banner\""))
        #expect(
            adm.contains("<img src=\"https://cdn.example/harvest/bowl-300.png\" width=\"300\" height=\"250\"")
        )
        #expect(adm.contains("<img src=\"https://node.example/e/imp?t=") && adm.contains("&amp;f=gif\""))
        // No player will fill it in.
        let counted = adm.firstMatch(of: #/measure\.example/i\?c=harvest-bowl-banner&amp;cb=([0-9]{8})"/#)
        #expect(counted != nil, "\(adm)")
        // Well-formed, once what HTML leaves open is closed.
        let closed = adm.replacing(#/(<img [^>]*)>/#) { "\($0.output.1)/>" }
        let parser = XMLParser(data: Data("<div>\(closed)</div>".utf8))
        #expect(parser.parse(), "\(closed)")
    }

    @Test func aPageIsAFrame() throws {
        let request = try example("banner", [("{\"w\": 300, \"h\": 250}, ", "")])
        let bid = try #require(try bids(decide(request, settings: signed)).first)
        #expect(bid["w"] as? Int == 728 && bid["h"] as? Int == 90)
        let adm = try #require(bid["adm"] as? String)
        #expect(
            adm.hasPrefix(
                "<iframe src=\"https://cdn.example/harvest/bowl.html?click=https%3A%2F%2Fnode.example%2Fe%2Fclick%3Ft%3D"
            ))
        #expect(!adm.contains("[PACELINE_CLICK]") && !adm.contains("[CACHEBUSTING]"))
        // Without notices a click leads to the page at once.
        let plain = try #require(try bids(decide(request)).first?["adm"] as? String)
        #expect(plain.contains("click=https%3A%2F%2Forder.harvesttable.example%2Fbowl&amp;cb="), "\(plain)")
    }

    @Test(
        arguments: [
            (
                "another size",
                [("{\"w\": 300, \"h\": 250}, {\"w\": 728, \"h\": 90}", "{\"w\": 970, \"h\": 250}")]
            ),
            ("no image", [("\"battr\"", "\"btype\": [2], \"battr\""), (", {\"w\": 728, \"h\": 90}", "")]),
            ("no frame", [("\"battr\"", "\"btype\": [4], \"battr\""), ("{\"w\": 300, \"h\": 250}, ", "")]),
            ("other types", [("\"battr\"", "\"mimes\": [\"image/gif\"], \"battr\"")]),
        ] as [(String, [(String, String)])])
    func isNotShownWhereItDoesNotFit(_ name: String, _ changes: [(String, String)]) throws {
        let decided = try decide(example("banner", changes))
        #expect(decided.decision.noBid == .noCreativeFits, "\(name)")
        #expect(decided.reason("harvest-pages")?.contains("no file") == true, "\(name)")
    }

    @Test func ratiosAndSizesOfTheirOwn() throws {
        let formats = "\"format\": [{\"w\": 300, \"h\": 250}, {\"w\": 728, \"h\": 90}]"
        for (text, width) in [
            ("\"w\": 320, \"h\": 50", 320),
            ("\"format\": [{\"wratio\": 6, \"hratio\": 5, \"wmin\": 200}]", 300),
            ("\"format\": [{\"wratio\": 6, \"hratio\": 5, \"wmin\": 301}]", nil), ("\"pos\": 1", 300),
        ] as [(String, Int?)] {
            let bid = try bids(decide(example("banner", [(formats, text)]))).first
            #expect(bid?["w"] as? Int == width, "\(text)")
        }
    }

    /// What grows beyond its place is shown where the place says in which directions it may.
    @Test func whatExpandsNeedsLeave() throws {
        let snapshot = try Demo.snapshot {
            $0.replacingOccurrences(
                of: "\"format\": \"banner\",", with: "\"format\": \"banner\", \"attributes\": [4],")
        }
        for (more, wins) in [("", false), ("\"expdir\": [4], ", true)] {
            var decider = Decider(snapshot)
            let bytes = Array(try example("banner", [("\"battr\"", "\(more)\"battr\"")]).utf8)
            let decision = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 1)
            #expect(decision.isBid == wins, "\(more)")
        }
        // And nowhere that its attribute is blocked.
        var decider = Decider(snapshot)
        let bytes = Array(
            try example("banner", [("\"battr\": [1, 2]", "\"expdir\": [4], \"battr\": [4]")]).utf8)
        #expect(try decider.decide(bytes.span.bytes, at: Demo.evening, seed: 1).noBid == .noCreativeFits)
    }

    @Test func isNoPartOfAVASTDocument() throws {
        let decided = try decide(example("banner"), format: .vast)
        #expect(decided.decision.noBid == .noSlot && decided.decision.trace.slotsLeftOut == 1)
    }
}

@Suite struct AudioTests {
    @Test(arguments: [("[3, 13]", "4.2", 13), ("[3]", "3.0", 3)])
    func isAnsweredWithVAST(_ protocols: String, _ version: String, _ number: Int) throws {
        let decided = try decide(example("audio", [("[3, 13]", protocols)]), settings: signed)
        let bid = try #require(try bids(decided).first)
        #expect(bid["mtype"] as? Int == 3 && bid["crid"] as? String == "harvest-radio-30")
        #expect(bid["protocol"] as? Int == number && bid["dur"] as? Int == 30)
        let adm = try #require(bid["adm"] as? String)
        let summary = try VASTSummary(checking: Array(adm.utf8).span.bytes)
        #expect(summary.ads == 1 && summary.mediaFiles == 1 && adm.contains("<VAST version=\"\(version)\""))
        #expect(adm.contains("type=\"audio/mpeg\""))
        // What the app does not play is not offered.
        let silent = try decide(example("audio", [("\"audio/mpeg\", \"audio/mp4\"", "\"audio/ogg\"")]))
        #expect(silent.decision.noBid == .noCreativeFits)
    }
}

@Suite struct MacroTests {
    private let macros =
        "https://m.example/x?id=${AUCTION_ID}&bid=${AUCTION_BID_ID}&imp=${AUCTION_IMP_ID}&seat=${AUCTION_SEAT_ID}"
        + "&ad=${AUCTION_AD_ID}&p=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mbr=${AUCTION_MBR}&loss=${AUCTION_LOSS}"
        + "&min=${AUCTION_MIN_TO_WIN}&mul=${AUCTION_MULTIPLIER}&ts=${AUCTION_IMP_TS}&pct=${AUCTION_DISCOUNT_PCT}"
        + "&enc=${AUCTION_PRICE:B64}&other=${AUCTION_OTHER}&click=[PACELINE_CLICK]&cb=[CACHEBUSTING]&t=[TIMESTAMP]&e=[ERRORCODE]"

    private func tracker(_ format: AnswerFormat) throws -> (url: String, decided: Decided) {
        let page = "\"clickThrough\": \"https://flynorthwind.example/winter\""
        let snapshot = try Demo.snapshot {
            $0.replacingOccurrences(
                of: page,
                with: "\(page), \"trackers\": [{\"event\": \"impression\", \"url\": \"\(macros)\"}]")
        }
        var decider = Decider(snapshot, settings: signed)
        let bytes = Array(Demo.request.replacingOccurrences(of: "break-20261120-1", with: "a&b <1>").utf8)
        let decision = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 0x4d, format: format, explains: true)
        let made = decider.report
        let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            .replacingOccurrences(of: "\\/", with: "/")
        let whole = try #require(answer.firstMatch(of: #/https://m\.example/x\?.*?&e=\[ERRORCODE\]/#))
        return (String(whole.output), Decided(decision: decision, answer: answer, report: try #require(made)))
    }

    /// An exchange fills in its own; ours are filled in, and the player's stay for the player.
    @Test func exchangesFillInTheirOwn() throws {
        let url = try tracker(.openrtb).url
        let ours = macros.replacing(#/\[PACELINE_CLICK\]/#, with: "")
        for piece in ours.split(separator: "&") where !piece.hasPrefix("click=") {
            #expect(url.contains(piece), "\(piece)")
        }
        #expect(url.contains("&click=https%3A%2F%2Fnode.example%2Fe%2Fclick%3Ft%3D"))
    }

    /// In an ad tag nobody comes after us.
    @Test func anAdTagHasThemFilledIn() throws {
        let (url, decided) = try tracker(.vast)
        let sale = try #require(
            decided.report.pods.first?.candidates.first { $0.lineItem == "northwind-guaranteed" }?.sale)
        let values = [
            "id=a%26b%20%3C1%3E&", "bid=000000000000004d&", "imp=1&", "seat=paceline&",
            "ad=northwind-beach-30&", "p=\(sale.price)&", "cur=USD&", "mbr=1&", "loss=0&",
            "min=\(sale.price)&", "mul=1&", "ts=&", "pct=&", "enc=${AUCTION_PRICE:B64}&",
            "other=${AUCTION_OTHER}&", "cb=[CACHEBUSTING]&", "t=[TIMESTAMP]&", "e=[ERRORCODE]",
        ]
        for value in values { #expect(url.contains(value), "\(value): \(url)") }
    }
}
