// An imp that takes several media: one ad of whichever is worth most, and the answer says which.
import Auction
import Catalog
import Decision
import Foundation
import Testing
import Units

/// What one creative of each medium bids, where it has one.
private struct Bids {
    var video: Double?
    var audio: Double?
    var banner: Double?

    var snapshot: CatalogSnapshot {
        get throws {
            let all = [("video", video), ("audio", audio), ("banner", banner)]
            let bidders = all.compactMap { name, bid in
                bid.map { SmallMarket.Bidder(id: name, advertiser: name, bid: $0) }
            }
            return try SmallMarket(bidders: bidders) { source in
                for index in source.creatives.indices {
                    var file = MediaFile()
                    switch source.creatives[index].id {
                    case "audio":
                        source.creatives[index].format = .audio
                        (file.url, file.mime) = ("https://cdn.example/audio.mp3", "audio/mpeg")
                        source.creatives[index].mediaFiles = [file]
                    case "banner":
                        source.creatives[index].format = .banner
                        source.creatives[index].durationMilliseconds = 0
                        source.creatives[index].clickThrough = "https://banner.example"
                        (file.url, file.mime) = ("https://cdn.example/banner.png", "image/png")
                        (file.width, file.height) = (300, 250)
                        source.creatives[index].mediaFiles = [file]
                    default: break
                    }
                }
            }.snapshot()
        }
    }
}

private let objects = [
    "video": #""video":{"mimes":["video/mp4"],"minduration":5,"maxduration":30}"#,
    "audio": #""audio":{"mimes":["audio/mpeg"],"minduration":5,"maxduration":30}"#,
    "banner": #""banner":{"w":300,"h":250}"#,
]

/// A request with an imp for each list of media.
private func asking(_ imps: [[String]], floor: Double = 0, extra: String = "") -> String {
    let all = imps.enumerated().map { index, media in
        #"{"id":"\#(index + 1)","bidfloor":\#(floor)\#(extra),\#(media.map { objects[$0]! }.joined(separator: ","))}"#
    }
    return #"{"id":"r","at":2,"app":{"publisher":{"id":"pub"}},"imp":[\#(all.joined(separator: ","))]}"#
}

/// `imp:crid:mtype` of each bid.
private func bids(_ decided: Decided) throws -> [String] {
    let json = try JSONSerialization.jsonObject(with: Data(decided.answer.utf8)) as? [String: Any]
    let bids = (json?["seatbid"] as? [[String: Any]])?.first?["bid"] as? [[String: Any]] ?? []
    return bids.map { "\($0["impid"] ?? "-"):\($0["crid"] ?? "-"):\($0["mtype"] ?? "-")" }
}

@Suite struct MediaTests {
    @Test(
        arguments: [
            (Bids(video: 5, audio: 4, banner: 3), ["video", "banner", "audio"], "1:video:2"),
            (Bids(video: 3, audio: 4, banner: 5), ["video", "banner", "audio"], "1:banner:1"),
            (Bids(video: 3, audio: 5, banner: 4), ["video", "banner", "audio"], "1:audio:3"),
            (Bids(video: 3, banner: 5), ["video", "banner"], "1:banner:1"),
            (Bids(audio: 3, banner: 5), ["audio", "banner"], "1:banner:1"),
            (Bids(audio: 5, banner: 3), ["audio", "banner"], "1:audio:3"),
            // Nothing there is of the richest medium.
            (Bids(banner: 1), ["video", "audio", "banner"], "1:banner:1"),
            (Bids(audio: 1), ["video", "audio"], "1:audio:3"),
            // What was not asked for is not bid.
            (Bids(video: 1, audio: 9, banner: 5), ["video", "banner"], "1:banner:1"),
        ])
    private func bestOfAllMediaWins(_ bidders: Bids, _ media: [String], _ bid: String) throws {
        let decided = try decide(asking([media]), snapshot: bidders.snapshot)
        #expect(try bids(decided) == [bid], "\(decided.answer)")
        #expect(decided.decision.trace.slotsLeftOut == 0)
    }

    @Test func everyImpHasOneBid() throws {
        let snapshot = try Bids(video: 5, audio: 4, banner: 3).snapshot
        let decided = try decide(
            asking([["banner", "video"], ["audio"], ["banner"], ["video", "audio", "banner"]]),
            snapshot: snapshot)
        #expect(
            try bids(decided) == ["1:video:2", "2:audio:3", "3:banner:1", "4:video:2"], "\(decided.answer)")
    }

    @Test func aPriorityGoesBeforeWorth() throws {
        let market = try Bids(video: 2, banner: 9).snapshot
        #expect(try bids(decide(asking([["video", "banner"]]), snapshot: market)) == ["1:banner:1"])
        let sponsored = try SmallMarket(
            bidders: [
                .init(id: "video", advertiser: "a", bid: 2, priority: .sponsorship),
                .init(id: "banner", advertiser: "b", bid: 9),
            ]) { source in
                var file = MediaFile()
                (file.url, file.mime) = ("https://cdn.example/banner.png", "image/png")
                (file.width, file.height) = (300, 250)
                let index = source.creatives.firstIndex { $0.id == "banner" }!
                source.creatives[index].format = .banner
                source.creatives[index].durationMilliseconds = 0
                source.creatives[index].clickThrough = "https://b.example"
                source.creatives[index].mediaFiles = [file]
            }.snapshot()
        #expect(try bids(decide(asking([["video", "banner"]]), snapshot: sponsored)) == ["1:video:2"])
    }

    /// The floors of an imp's video by the second are not its banner's.
    @Test func floorsAreThoseOfTheMedium() throws {
        var request = asking([["video", "banner"]], floor: 1)
        request = request.replacingOccurrences(
            of: "\"maxduration\"", with: "\"mincpmpersec\":0.5,\"maxduration\"")
        let decided = try decide(request, snapshot: Bids(video: 9, banner: 2).snapshot)
        #expect(try bids(decided) == ["1:banner:1"])
        #expect(decided.reason("video") == "below the floor", "\(decided.reason("video") ?? "-")")
    }

    @Test func explainNamesTheMedia() throws {
        let decided = try decide(
            asking([["video", "banner"]]), snapshot: Bids(video: 3, audio: 7, banner: 5).snapshot)
        let pod = try #require(decided.report.pods.first)
        #expect(pod.media == [.video, .banner])
        let candidates = pod.candidates.map { "\($0.lineItem) \($0.medium) \($0.seconds) \($0.outcome)" }
        #expect(candidates == ["banner banner 0 placed(position: 0)", "video video 30 noSlot"])
        #expect(pod.alternatives.map(\.lineItems) == [["video"]])
        // The audio creative was never looked for.
        #expect(decided.reason("audio")?.contains("format") == true, "\(decided.reason("audio") ?? "-")")
        #expect(decided.report.funnel.reduce(0) { $0 + $1.lineItems } == 3)
    }

    /// An imp in a break is bid on in the break's own medium.
    @Test(arguments: [#""podid":"p","#, #""poddur":60,"maxseq":2,"#])
    func breaksKeepTheirMedium(_ pod: String) throws {
        let request = asking([["video", "banner"]])
            .replacingOccurrences(of: #""mimes":["video/mp4"],"#, with: #""mimes":["video/mp4"],\#(pod)"#)
        let decided = try decide(request, snapshot: Bids(video: 3, banner: 5).snapshot)
        #expect(try bids(decided) == ["1:video:2"])
        #expect(decided.report.pods.first?.media == [.video])
    }

    /// A document has no place for a banner, and is of the winner's own version.
    @Test func aDocumentHoldsWhatIsWorthMost() throws {
        let request = asking([["video", "audio", "banner"]])
            .replacingOccurrences(of: #"["audio/mpeg"]"#, with: #"["audio/mpeg"],"protocols":[3]"#)
        let audio = try decide(request, format: .vast, snapshot: Bids(video: 3, audio: 5, banner: 9).snapshot)
        #expect(
            audio.answer.contains("<VAST version=\"3.0\"") && audio.answer.contains("audio.mp3"),
            "\(audio.answer)")
        // The next bid is the video's: both stand for the same place.
        let sale = try #require(audio.report.pods.first?.candidates.first?.sale)
        #expect(sale.basis == .nextBid && sale.price >= cpm(3) && sale.price < cpm(3.1), "\(sale.price)")
        let video = try decide(request, format: .vast, snapshot: Bids(video: 6, audio: 5).snapshot)
        #expect(video.answer.contains("<VAST version=\"4.2\"") && video.answer.contains("video.mp4"))
    }
}
