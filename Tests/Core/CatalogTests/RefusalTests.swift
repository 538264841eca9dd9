// What is refused in a catalog's directory, and what is said of it, with file, line and path.
import Testing

@testable import Catalog

private func refusals(_ files: (String, String)...) -> [String] {
    var reading = CatalogReading()
    for (name, text) in files { reading.add(name, Array(text.utf8)) }
    do {
        _ = try reading.finish()
        return []
    } catch {
        return error.refusals.map(\.description)
    }
}

private let advertiser = #"{"advertisers": [{"id": "acme", "name": "Acme", "domains": ["acme.example"]}]}"#
private let campaign = #"""
    {"campaigns": [{"id": "c", "advertiser": "acme", "name": "C", "lifetimeBudget": 10, "goal": "cpm", "goalValue": 5,
     "flight": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}}]}
    """#
private let creative = #"""
    {"creatives": [{"id": "cr", "advertiser": "acme", "name": "Cr", "durationMilliseconds": 15000,
     "mediaFiles": [{"url": "https://a.example/a.mp4", "mime": "video/mp4"}]}]}
    """#

private func item(_ rest: String, creatives: String = #"["cr"]"#) -> [String] {
    refusals(
        ("a.json", advertiser), ("c.json", campaign), ("cr.json", creative),
        (
            "l.json",
            #"{"lineItems": [{"id": "l", "campaign": "c", "name": "L", "creatives": \#(creatives),"#
                + "\n\(rest)}]}"
        ))
}

private func targeting(_ text: String) -> [String] { item(#""targeting": \#(text)"#) }

@Suite struct RefusalTests {
    @Test func acceptsTheLeast() {
        #expect(item(#""priority": "open""#).isEmpty)
        #expect(targeting(#"{"country": ["USA"]}"#).isEmpty)
    }

    @Test(arguments: [
        (
            #""bid": -1"#,
            "l.json:2:8: lineItems[0].bid: found the number -1; allowed a number from 0.000001 to 1000000000 with at most six decimals (money)"
        ),
        (
            #""bid": 1.0000001"#,
            "l.json:2:8: lineItems[0].bid: found the number 1.0000001; allowed a number from 0.000001 to 1000000000 with at most six decimals (money)"
        ),
        (
            #""bid": 1, "goalValue": 2"#,
            "l.json:2:24: lineItems[0].goalValue: found a goalValue beside a bid; allowed one of the two"
        ),
        (
            #""prority": "open""#,
            "l.json:2:1: lineItems[0].prority: found an unknown key; allowed id, campaign, name, paused, flight, priority, guaranteedImpressions, bid, goalValue, bidShading, frequencyCaps, separation, creatives, targeting; did you mean 'priority'?"
        ),
        (
            #""targeting": {}"#,
            "l.json:2:14: lineItems[0].targeting: found an object of 0 keys; allowed at least 1 of all, any, not, country, region, metro, city, postalCode, radius, deviceType, os, genre, rating, language, livestream, network, channel, publisher, inventory, audience, deal, daypart, custom"
        ),
        (
            #""targeting": {"deal": ["d1"]}"#,
            #"l.json:2:24: lineItems[0].targeting.deal[0]: found the unknown id "d1"; allowed the id of a deal in this catalog"#
        ),
        (
            #""targeting": {"any": [{"not": {"publisher": ["p"]}}]}"#,
            #"l.json:2:46: lineItems[0].targeting.any[0].not.publisher[0]: found the unknown id "p"; allowed the id of a publisher in this catalog"#
        ),
        (
            #""targeting": {"country": ["USA"], "not": {"country": ["usa"]}}"#,
            "l.json:2:14: lineItems[0].targeting: found an expression that no request can match; allowed an expression that some request matches"
        ),
        (
            #""targeting": {"region": ["NY"]}"#,
            #"l.json:2:26: lineItems[0].targeting.region[0]: found the string "NY"; allowed a country, a slash and a place, as in USA/NY"#
        ),
        (
            #""targeting": {"daypart": [{"from": "18:20"}]}"#,
            #"l.json:2:36: lineItems[0].targeting.daypart[0].from: found the string "18:20"; allowed a time from 00:00 to 24:00 on a quarter of an hour, as in 18:30"#
        ),
        (
            #""flight": {"start": "2025-12-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}"#,
            "l.json:2:11: lineItems[0].flight: found 2025-12-01T00:00:00Z to 2026-02-01T00:00:00Z; allowed a flight within the campaign's, which is 2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z"
        ),
        (
            #""flight": {"start": "2026-02-30T00:00:00Z", "end": "2026-03-01T00:00:00Z"}"#,
            #"l.json:2:21: lineItems[0].flight.start: found the string "2026-02-30T00:00:00Z"; allowed a time as in 2026-11-20T18:00:00Z or 2026-11-20T18:00:00-05:00, from 1970 to 2200"#
        ),
    ])
    func saysWhatIsWrongWithALineItem(_ rest: String, _ refusal: String) {
        #expect(item(rest) == [refusal])
    }

    @Test func saysWhichReferencesLeadNowhere() {
        #expect(
            item(#""paused": true"#, creatives: #"["cr", "crx", "cr"]"#) == [
                #"l.json:1:78: lineItems[0].creatives[1]: found the unknown id "crx"; allowed the id of a creative in this catalog; did you mean 'cr'?"#,
                #"l.json:1:85: lineItems[0].creatives[2]: found the id "cr" again; allowed each id once"#,
            ])
        #expect(
            refusals(("c.json", campaign), ("a.json", advertiser), ("b.json", advertiser)) == [
                #"b.json:1:25: advertisers[0].id: found the id "acme" again; allowed each id once among advertisers"#
            ])
        #expect(
            refusals(("c.json", campaign)).first?.contains("campaigns[0].advertiser: found the unknown id")
                == true)
    }

    @Test func whatIsRefusedItselfIsStillThere() {
        // The advertiser has a mistake; that it is named elsewhere is none.
        let found = refusals(
            ("a.json", #"{"advertisers": [{"id": "acme", "name": "", "domains": ["acme.example"]}]}"#),
            ("c.json", campaign))
        #expect(found.count == 1 && found[0].hasPrefix("a.json:1:41: advertisers[0].name: "))
    }

    @Test func everyFileIsReadToItsEnd() {
        let found = refusals(
            ("1.json", #"{"campaigns": [{"id": 5}, 7], "deals": {}}"#), ("2.json", "{"), ("3.json", "[]"),
            ("4.json", #"{"advertiser": []}"#))
        #expect(found.contains { $0.hasPrefix("1.json:1:23: campaigns[0].id: found the number 5") })
        #expect(
            found.contains {
                $0.hasPrefix("1.json:1:27: campaigns[1]: found the number 7; allowed an object")
            })
        #expect(found.contains { $0.hasPrefix("1.json:1:40: deals: found an object; allowed an array") })
        #expect(found.contains { $0.hasPrefix("2.json:1:2: found broken JSON") })
        #expect(
            found.contains { $0.hasPrefix("3.json:1:1: found an array of 0 elements; allowed an object") })
        #expect(found.contains { $0.hasSuffix("did you mean 'advertisers'?") })
    }

    private static let file =
        #"{"url": "https://a.example/a.png", "mime": "image/png", "width": 300, "height": 250}"#

    @Test(
        arguments: [
            // What is said of a creative, and what of that is refused.
            (#""format": "banner", "mediaFiles": [FILE]"#, nil),
            (#""durationMilliseconds": 9000, "vastTag": "https://a.example/v""#, nil),
            (
                #""durationMilliseconds": 9000"#,
                "creatives[0].mediaFiles: found neither files nor a vastTag; allowed 1 to 32 files, or a vastTag"
            ),
            (
                #""durationMilliseconds": 9000, "mediaFiles": [FILE], "vastTag": "https://a.example/v""#,
                "creatives[0].vastTag: found a vastTag beside mediaFiles; allowed one of the two"
            ),
            (
                #""durationMilliseconds": 9000, "vastTag": "https://a.example/v", "clickThrough": "https://a.example/p""#,
                "creatives[0].clickThrough: found a clickThrough beside a vastTag; allowed none: where a click leads is the other server's"
            ),
            (
                #""durationMilliseconds": 9000, "vastTag": "https://a.example/v", "universalID": {"registry": "r", "value": "v"}"#,
                "creatives[0].universalID: found a universalID beside a vastTag; allowed none: the other server's ad has its own"
            ),
            (
                #""format": "banner", "vastTag": "https://a.example/v""#,
                "creatives[0].vastTag: found a vastTag for a banner; allowed mediaFiles"
            ),
            (
                #""format": "banner", "mediaFiles": [{"url": "https://a.example/a.js", "mime": "text/javascript", "width": 3, "height": 2}]"#,
                "creatives[0].mediaFiles[0].mime: found \"text/javascript\"; allowed image/… or text/html, which a banner can be made of"
            ),
            (
                #""format": "banner", "mediaFiles": [{"url": "https://a.example/a.png", "mime": "image/png", "width": 3}]"#,
                "creatives[0].mediaFiles[0].height: found 0; allowed the size in pixels, by which a slot takes it"
            ),
            (
                #""format": "banner", "mediaFiles": [FILE], "trackers": [{"event": "start", "url": "https://a.example/s"}]"#,
                "creatives[0].trackers[0].event: found \"start\" of a banner; allowed \"impression\" or \"click\""
            ),
            (
                #""format": "banner", "mediaFiles": [FILE], "adVerifications": [{"vendor": "v", "javaScript": "https://a.example/s"}]"#,
                "creatives[0].adVerifications: found verifications of a banner; allowed none: they are a part of VAST"
            ),
            (
                #""durationMilliseconds": 9000, "mediaFiles": [FILE], "adVerifications": [{"vendor": "v"}]"#,
                "creatives[0].adVerifications[0].javaScript: found nothing; allowed an address with https:// or http://, at most 2048 bytes, without spaces, and it is required"
            ),
        ] as [(String, String?)])
    func creativesAreWhatCanBeShown(_ text: String, _ refusal: String?) {
        let creative = text.replacing("FILE", with: Self.file)
        let found = refusals(
            ("a.json", advertiser),
            ("cr.json", #"{"creatives": [{"id": "cr", "advertiser": "acme", "name": "Cr", \#(creative)}]}"#))
        #expect(found.count == (refusal == nil ? 0 : 1), "\(found)")
        if let refusal { #expect(found.first?.hasSuffix(refusal) == true, "\(found)") }
    }

    @Test(arguments: [
        (
            #""publishers": [{"id": "p", "name": "P", "floor": 5, "softFloor": 5}]"#,
            "publishers[0].softFloor: found 5; allowed more than the floor, which is 5"
        ),
        (
            #""deals": [{"id": "d", "name": "D", "floor": 5, "auction": "second-price", "softFloor": 4}]"#,
            "deals[0].softFloor: found 4; allowed more than the floor, which is 5"
        ),
        (
            #""deals": [{"id": "d", "name": "D", "softFloor": 4}]"#,
            "deals[0].softFloor: found a softFloor with the auction first-price; allowed the auction second-price"
        ),
    ]) func softFloorsAreAboveFloors(_ text: String, _ refusal: String) {
        let found = refusals(("s.json", "{\(text)}"))
        #expect(found.count == 1 && found.first?.hasSuffix(refusal) == true, "\(found)")
    }

    @Test func expressionsAreBounded() {
        // Seven choices between two, multiplied out, are 128 alternatives.
        let choices = (0..<7).map { #"{"any": [{"audience": ["a\#($0)"]}, {"genre": ["g\#($0)"]}]}"# }
        let all = { (count: Int) in
            targeting(#"{"all": [\#(choices.prefix(count).joined(separator: ", "))]}"#)
        }
        #expect(all(6).isEmpty)
        #expect(all(7).first?.contains("found an expression that needs more than 64 alternatives") == true)
        let lists = (0..<9).map { #"{"audience": ["a\#($0)"]}"# }
        let both = { (count: Int) in targeting(#"{"all": [\#(lists.prefix(count).joined(separator: ", "))]}"#)
        }
        #expect(both(8).isEmpty)
        #expect(both(9).first?.contains("more than 8 conditions on audience") == true)
    }

    @Test func whatIsNotReportedIsCounted() {
        var reading = CatalogReading()
        let many = (0..<500).map { _ in "{}" }.joined(separator: ",")
        reading.add("many.json", Array(#"{"deals": [\#(many)]}"#.utf8))
        reading.add("more.json", Array(#"{"deals": [\#(many)]}"#.utf8))
        reading.add("most.json", Array(#"{"deals": [\#(many)]}"#.utf8))
        #expect {
            _ = try reading.finish()
        } throws: { error in
            let refused = error as? CatalogRefused
            return refused?.refusals.count == 200 && refused?.unreported == 2_800
        }
    }
}
