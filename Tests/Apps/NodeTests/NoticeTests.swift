// Notices on a running node, told by curl as exchanges and players tell them: each counts once, whichever shard hears
// of it, and across a restart; what was not signed here does not count.
import Foundation
import Notices
import Testing
import Units

/// Of one bid or ad: where its notices go.
private struct Addresses {
    private let all: [String: String]

    /// From a bid response, its first bid's; from a pod, its first ad's.
    init(_ answer: String) throws {
        let text = answer.replacingOccurrences(of: "\\/", with: "/")
        var all: [String: String] = [:]
        for match in text.matches(of: /http:\/\/notices\.test\/e\/([a-z0-9]+)\?t=([A-Za-z0-9_-]{128})/)
        where all[String(match.output.1)] == nil {
            all[String(match.output.1)] = String(match.output.2)
        }
        try #require(!all.isEmpty, "\(answer)")
        self.all = all
    }

    func token(_ event: String) throws -> String { try #require(all[event], "no address for \(event)") }
}

extension RunningNode {
    /// What curl prints of the status, the type and the place that it is sent to.
    fileprivate func tell(
        _ event: String, _ token: String, _ more: String = "", _ options: String = ""
    ) async throws -> String {
        let told = try await folder.run(
            "curl -s -o told \(options) -w '%{http_code} %{content_type} %{redirect_url}' "
                + "'http://127.0.0.1:\(port)/e/\(event)?t=\(token)\(more)'")
        return told.output.trimmingCharacters(in: .whitespaces)
    }

    fileprivate func notices(_ event: String, _ outcome: String) async throws -> Int {
        Int(try await metric("paceline_notices_total{event=\"\(event)\",outcome=\"\(outcome)\"}"))
    }

    fileprivate func bidAddresses() async throws -> Addresses {
        try Addresses(try #require(try await bid(Demo.request())).body)
    }
}

@Suite struct NoticeTests {
    static let exchange = ["win", "loss", "bill"]
    static let player = ["imp", "start", "q1", "mid", "q3", "complete", "error"]

    private func withNotices(
        _ driver: String = "auto", shards: Int = 1, in folder: Folder? = nil,
        _ body: (RunningNode) async throws -> Void
    ) async throws {
        let folder = try folder ?? Folder()
        if folder.read("catalog/campaigns.json").isEmpty { try Demo.copyCatalog(into: folder) }
        try await withNode(
            Plan(
                reactor: driver, shards: shards, catalog: "catalog", notices: "http://notices.test",
                accessOneIn: 0), in: folder, body)
    }

    @Test(arguments: drivers)
    func everyEventCountsOnce(_ driver: String) async throws {
        try await withNotices(driver) { node in
            let addresses = try await node.bidAddresses()
            for event in Self.exchange + Self.player {
                let token = try addresses.token(event)
                #expect(try await node.tell(event, token, "&p=11.5") == "204", "\(event)")
                #expect(try await node.tell(event, token, "&p=11.5", "-X POST") == "204", "\(event)")
                #expect(try await node.notices(event, "counted") == 1, "\(event)")
                #expect(try await node.notices(event, "duplicate") == 1, "\(event)")
            }
            #expect(try await node.metric("paceline_notice_ads_remembered") == 1)
            #expect(try await node.metric("paceline_notice_prices_total{basis=\"stated\"}") == 1)
            let head = try await node.folder.run(
                "curl -si 'http://127.0.0.1:\(node.port)/e/start?t=\(addresses.token("start"))'")
            #expect(head.output.contains("cache-control: no-store"))
            #expect(head.output.contains("access-control-allow-origin: *"))
        }
    }

    @Test func picturesAndPagesAreAnswered() async throws {
        try await withNotices { node in
            let addresses = try await node.bidAddresses()
            #expect(try await node.tell("imp", addresses.token("imp"), "&f=gif") == "200 image/gif")
            let picture = try await node.folder.run("file told || true; wc -c < told")
            #expect(picture.output.hasSuffix("43\n"))
            let token = try addresses.token("click")
            let page = try await node.tell("click", token)
            #expect(page.hasPrefix("302 ") && page.contains("https://"), "\(page)")
            let pages = node.folder.read("catalog/creatives.json")
            let place = try #require(page.split(separator: " ").last)
            #expect(pages.contains("\"clickThrough\": \"\(place)\""), "\(page)")
            // Nothing in the address leads anywhere else.
            for more in ["&u=https://evil.test", "&url=https://evil.test", "&r=https://evil.test"] {
                #expect(try await node.tell("click", token, more) == page)
            }
            #expect(try await node.tell("click", token, "&f=none") == "204")
            #expect(try await node.notices("click", "counted") == 1)
            #expect(try await node.notices("click", "duplicate") == 4)
        }
    }

    @Test func whatWasNotSignedForItIsRefused() async throws {
        try await withNotices { node in
            let addresses = try await node.bidAddresses()
            let (player, exchange) = (try addresses.token("imp"), try addresses.token("bill"))
            func refused(_ event: String, _ token: String, _ status: String, _ outcome: String) async throws {
                let before = try await node.notices(event, outcome)
                let told = try await node.tell(event, token)
                #expect(told.hasPrefix(status), "\(outcome): \(told)")
                #expect(try await node.notices(event, outcome) == before + 1, "\(outcome)")
            }
            try await refused("bill", player, "403", "wrong_event")
            try await refused("loss", player, "403", "wrong_event")
            try await refused("imp", exchange, "403", "wrong_event")
            try await refused("click", exchange, "403", "wrong_event")
            try await refused("imp", "", "400", "malformed")
            try await refused("imp", String(player.dropLast()), "400", "malformed")
            let last: Character = player.last == "A" ? "B" : "A"
            try await refused("imp", player.dropLast() + String(last), "403", "forged")

            let keys = try NoticeKeys(text: node.folder.read("notice-keys"))
            let opened = try keys.open(player.utf8Span.span.bytes).notice
            var late = opened
            late.expires = Instant(nanoseconds: 1_000_000_000)
            let stale = String(copying: try #require(keys.signing.sign(late)).token(for: .player).utf8)
            try await refused("imp", stale, "410", "stale")
            // Who clicks is led to the page all the same.
            #expect(try await node.tell("click", stale).hasPrefix("302"))
            #expect(try await node.notices("click", "stale") == 1)
            let secret = [UInt8](repeating: 9, count: 32)
            let others = NoticeKey(secret: secret.span.bytes, made: Instant(nanoseconds: 0))
            let foreign = String(copying: try #require(others?.sign(opened)).token(for: .player).utf8)
            try await refused("imp", foreign, "403", "foreign")

            #expect(try await node.tell("nothing", player).hasPrefix("404"))
            #expect(try await node.tell("imp", player, "", "-X PUT").hasPrefix("405"))
            for event in Self.exchange + Self.player + ["click"] {
                #expect(try await node.notices(event, "counted") == 0, "\(event)")
            }
        }
    }

    /// An exchange that tries a bidder out says `test`: its ads are told of like others, and nothing is paid for them.
    @Test func testsBillNothing() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        var told: Addresses?
        try await withNotices(in: folder) { node in
            let test = try Demo.request().replacing("\"at\": 1,", with: "\"at\": 1, \"test\": 1,")
            let answer = try #require(try await node.bid(test))
            let ads = answer.body.ranges(of: "\"impid\"").count
            #expect(answer.status == 200 && ads > 0)
            // A viewer's caps hold after four ads of a line item: so many tests are no viewing.
            for _ in 0..<12 {
                #expect(try await node.bid(test)?.body.ranges(of: "\"impid\"").count == ads)
            }
            let addresses = try Addresses(answer.body)
            for event in Self.exchange + Self.player {
                let token = try addresses.token(event)
                #expect(try await node.tell(event, token, "&p=11.5") == "204", "\(event)")
                #expect(try await node.tell(event, token, "&p=11.5") == "204", "\(event)")
                #expect(try await node.notices(event, "test") == 1, "\(event)")
                #expect(try await node.notices(event, "duplicate") == 1, "\(event)")
                #expect(try await node.notices(event, "counted") == 0, "\(event)")
            }
            #expect(try await node.tell("click", addresses.token("click")).hasPrefix("302 "))
            #expect(try await node.metric("paceline_test_decisions_total") == 13)
            #expect(try await node.metric("paceline_notice_prices_total{basis=\"stated\"}") == 0)
            #expect(try await node.metric("paceline_frequency_promised_total") == 0)
            let settled = "paceline_budget_units{place=\"settled\",currency=\"USD\"}"
            #expect(try await node.metric(settled) == 0)
            try await node.hasWritten()
            let records = try await folder.run("paceline journal cat --json journal")
            for kind in ["reserved", "settled", "released", "notice"] {
                #expect(!records.output.contains("\"kind\": \"\(kind)\""), "\(kind)")
            }
            let shown = try await folder.run(
                "paceline notice verify --keys notice-keys \(addresses.token("bill"))")
            #expect(shown.output.contains("test       yes"), "\(shown)")
            #expect(records.output.ranges(of: "\"kind\": \"test-notice\"").count == 11)
            // The same viewer's first real request is bid on, and billed.
            let real = try await node.bidAddresses()
            #expect(try await node.tell("bill", real.token("bill"), "&p=11.5") == "204")
            #expect(try await node.notices("bill", "counted") == 1)
            try await node.hasWritten()
            told = addresses
        }
        // What was told of a test is known after a start, like what was told of other ads.
        try await withNotices(in: folder) { node in
            let addresses = try #require(told)
            for event in Self.exchange + Self.player {
                #expect(try await node.tell(event, addresses.token(event)) == "204")
                #expect(try await node.notices(event, "duplicate") == 1, "\(event)")
                #expect(try await node.notices(event, "test") == 0, "\(event)")
            }
        }
    }

    /// Whichever shard takes the connection, the one whose ad it is counts.
    @Test func shardsHandNoticesOn() async throws {
        try await withNotices(shards: 3) { node in
            // More would be beyond the viewer's caps.
            for round in 1...3 {
                let addresses = try await node.bidAddresses()
                // Each connection goes to a shard of the kernel's choice.
                for event in ["imp", "start"] {
                    let path = "/e/\(event)?t=\(try addresses.token(event))"
                    for _ in 0..<8 {
                        #expect(try await Wire.get(path, port: node.port)?.status == 204)
                    }
                }
                try await until("all are counted", within: .seconds(30)) {
                    let counted = try await node.notices("imp", "counted")
                    let duplicates = try await node.notices("imp", "duplicate")
                    return counted == round && duplicates == 7 * round
                }
            }
            #expect(try await node.notices("start", "busy") == 0)
        }
    }

    @Test func keysAreTheNodesOwn() async throws {
        let folder = try Folder()
        var player = ""
        try await withNotices(in: folder) { node in
            let mode = try await folder.run("stat -c %a notice-keys")
            #expect(mode.output == "600\n")
            player = try await node.bidAddresses().token("imp")
            let shown = try await folder.run(
                "paceline notice verify --keys notice-keys --event imp \(player)")
            #expect(shown.status == 0 && shown.output.contains("taken"), "\(shown)")
        }
        try folder.write("1 abc\n", to: "notice-keys")
        let refused = try await folder.run("paceline-node --config node.json")
        #expect(refused.status == 1 && refused.errors.contains("notices.keyFile"), "\(refused.errors)")
        _ = try await folder.run("rm notice-keys")
        try await withNotices(in: folder) { node in
            let told = try await node.tell("imp", player)
            let foreign = try await node.notices("imp", "foreign")
            #expect(told.hasPrefix("403") && foreign == 1)
        }
    }

    /// A restart forgets nothing: what was counted is not counted again, what was not yet still is.
    @Test func aRestartCountsNothingTwice() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = Plan(catalog: "catalog", notices: "http://notices.test", accessOneIn: 0)
        let first = try await RunningNode.start(plan, in: folder)
        let bid = try await first.bidAddresses()
        for event in ["bill", "imp"] {
            #expect(try await first.tell(event, bid.token(event), "&p=10") == "204")
        }
        // On the disk; then the node is killed.
        try await first.hasWritten()
        await first.stop()
        try await withNotices(shards: 2, in: folder) { node in
            for event in ["bill", "imp", "start"] {
                #expect(try await node.tell(event, bid.token(event), "&p=10") == "204")
            }
            try await until("all are counted") { try await node.notices("start", "counted") == 1 }
            try await until("both are known") {
                let bills = try await node.notices("bill", "duplicate")
                let impressions = try await node.notices("imp", "duplicate")
                return bills == 1 && impressions == 1
            }
            #expect(try await node.notices("bill", "counted") == 0)
            #expect(try await node.notices("imp", "counted") == 0)
        }
        let journal = try await folder.run("paceline journal cat --json journal")
        let kinds = try journal.output.split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        let noted = kinds.filter { $0?["kind"] as? String == "notice" }
        #expect(noted.count == 3, "\(journal.output)\(journal.errors)")
        for record in noted {
            let fields = record?["fields"] as? [String: Any]
            #expect((fields?["lineItem"] as? String)?.isEmpty == false && fields?["askedMicros"] != nil)
        }
    }
}
