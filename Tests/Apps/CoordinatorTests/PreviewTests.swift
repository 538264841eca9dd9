// A creative as it would be served: what each kind of screen is given of its files, and that nothing of a preview counts anywhere.
import Documents
import Foundation
import PostgresServer
import Testing
import Units

@testable import paceline_coordinator

struct PreviewTests {
    private static let now = Instant(nanoseconds: 1_795_000_000_000_000_000)

    private static func shown(_ creative: String) throws -> (
        JSONTree, [String: (markup: String, why: String)]
    ) {
        let advertiser = #"{"id": "a", "name": "A", "domains": ["a.example"]}"#
        let tree = try CreativePreview(
            JSONTree(reading: Array(creative.utf8)), JSONTree(reading: Array(advertiser.utf8))
        ).tree(at: now)
        var screens: [String: (String, String)] = [:]
        for one in tree["screens"]?.elements ?? [] {
            screens[text(one["screen"]) ?? ""] = (text(one["markup"]) ?? "", text(one["why"]) ?? "")
        }
        return (tree, screens)
    }

    private static func text(_ tree: JSONTree?) -> String? {
        if case .string(let text)? = tree?.content { text } else { nil }
    }

    @Test func eachScreenIsGivenWhatItPlays() throws {
        let (tree, screens) = try Self.shown(
            """
            {"id": "c", "advertiser": "a", "name": "C", "durationMilliseconds": 15000, "audit": "pending",
             "clickThrough": "https://a.example/", "trackers": [{"event": "impression", "url": "https://t.example/i"}],
             "mediaFiles": [
              {"url": "https://cdn.example/c.mp4", "mime": "video/mp4", "width": 1280, "height": 720, "bitrateKilobits": 2000},
              {"url": "https://cdn.example/c-hd.mp4", "mime": "video/mp4", "width": 1920, "height": 1080, "bitrateKilobits": 9000},
              {"url": "https://cdn.example/c.m3u8", "mime": "application/x-mpegURL", "delivery": "streaming", "width": 1920, "height": 1080}]}
            """)
        #expect(screens.count == 3)
        let all = ["c.mp4", "c-hd.mp4", "c.m3u8"].map { "https://cdn.example/\($0)" }
        for (screen, given) in [
            ("television", [true, true, true]), ("phone", [true, false, true]),
            ("browser", [true, false, false]),
        ] {
            let one = try #require(screens[screen])
            #expect(one.markup.hasPrefix("<?xml") || one.markup.hasPrefix("<VAST"), "\(one)")
            #expect(all.map { one.markup.contains($0) } == given, "\(screen): \(one.markup)")
            // Trackers of others, and addresses as a node has them.
            #expect(one.markup.contains("https://t.example/i"))
            #expect(one.markup.contains("\(CreativePreview.noticeBase)/e/"), "\(one.markup)")
        }
        // What its review says stays as it is.
        #expect(Self.text(tree["creative"]?["audit"]) == "pending")
    }

    @Test func whatIsServedToNoneSaysWhy() throws {
        let (_, screens) = try Self.shown(
            """
            {"id": "c", "advertiser": "a", "name": "C", "durationMilliseconds": 15000,
             "mediaFiles": [{"url": "https://cdn.example/c.webm", "mime": "video/webm", "width": 1280, "height": 720}]}
            """)
        #expect(
            screens["television"]?.markup == "" && screens["television"]?.why.isEmpty == false, "\(screens)")
        #expect(screens["browser"]?.markup.contains("c.webm") == true, "\(screens)")
    }

    @Test func bannersAndAudioAreShownToo() throws {
        let (_, banner) = try Self.shown(
            """
            {"id": "b", "advertiser": "a", "name": "B", "format": "banner",  "clickThrough": "https://a.example/",
             "mediaFiles": [{"url": "https://cdn.example/b.png", "mime": "image/png", "width": 300, "height": 250}]}
            """)
        #expect(banner["browser"]?.markup.contains("https://cdn.example/b.png") == true, "\(banner)")
        let (_, audio) = try Self.shown(
            """
            {"id": "s", "advertiser": "a", "name": "S", "format": "audio", "durationMilliseconds": 30000,
             "mediaFiles": [{"url": "https://cdn.example/s.mp3", "mime": "audio/mpeg", "bitrateKilobits": 128}]}
            """)
        #expect(audio["phone"]?.markup.contains("https://cdn.example/s.mp3") == true, "\(audio)")
    }

    @Test(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"))
    func anyCoordinatorShowsWhatIsPublished() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        try pair.until("the tables are there") { try pair.admin("GET /api/v1/tokens").status == 200 }
        let made = try pair.admin(
            "POST /api/v1/catalog/import", SmallCatalog.file, ["if-none-match: *"], at: leader)
        #expect(made.status == 201, "\(made.body)")
        for one in pair.all {
            let answer = try pair.admin("GET /api/v1/catalog/preview?creative=c", at: one)
            #expect(answer.status == 200 && (answer.json["screens"] as? [Any])?.count == 3, "\(answer.body)")
        }
        #expect(try pair.admin("GET /api/v1/catalog/preview?creative=none", at: leader).status == 404)
        #expect(try pair.admin("GET /api/v1/catalog/preview", at: leader).status == 400)
    }
}
