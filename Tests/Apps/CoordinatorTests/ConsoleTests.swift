// What the console stands on: its pages under their headers, who asks, events that are told as soon as something changes, and changes
// that are only tried.
import Foundation
import Glibc
import PostgresServer
import Testing

@testable import paceline_coordinator

struct ConsoleEventTests {
    @Test func anIdIsReadAsItWasWritten() {
        let state = EventRoutes.State([1, 22, 3, 0, 9_000_000_000_000_000_000])
        #expect(state.id == "1.22.3.0.9000000000000000000")
        #expect(EventRoutes.State(id: state.id) == state)
        for wrong in ["", "1", "1.2.3.4", "1.2.3.4.5.6", "1.2.3.4.-5", "1.2.3.4.x", "1.2.3..5"] {
            #expect(EventRoutes.State(id: wrong) == nil, "\(wrong)")
        }
        let next = EventRoutes.State([1, 23, 3, 0, 9_000_000_000_000_000_000])
        #expect(
            next.events(since: state)
                == "id: \(next.id)\nevent: catalog\ndata: {\"number\": \"23\"}\n\n")
        #expect(next.events(since: nil).split(separator: "event: ").count == 6)
        #expect(next.events(since: next) == "")
    }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct ConsoleTests {
    /// An answer that is waited for while something else is done.
    private final class Held: @unchecked Sendable {
        private let lock = NSLock()
        private var found: Answer?
        var answer: Answer? { lock.withLock { found } }

        init(_ port: UInt16, _ id: String) {
            Thread.detachNewThread { [self] in
                let answer = ask(port, "GET /api/v1/events", headers: ["last-event-id: \(id)"])
                lock.withLock { found = answer }
            }
        }
    }

    private static func lastID(_ answer: Answer) -> String {
        answer.body.split(separator: "\n").last { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) } ?? ""
    }

    private static func events(_ answer: Answer) -> [String] {
        answer.body.split(separator: "\n").filter { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) }
    }

    @Test func whatTheConsoleStandsOn() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        try pair.until("the tables are there") { try pair.admin("GET /api/v1/tokens").status == 200 }
        try Self.pages(leader.admin)

        let me = try pair.admin("GET /api/v1/me", at: leader)
        let coordinator = try #require(me.json["coordinator"] as? [String: Any])
        #expect(me.json["role"] as? String == "admin" && me.json["needsToken"] as? Bool == false)
        #expect(coordinator["leads"] as? Bool == true, "\(me.body)")
        #expect(try pair.admin("GET /api/v1/pacing", at: leader).json["campaigns"] as? [String] == [])
        let elsewhere = try pair.admin("GET /api/v1/pacing", at: pair.follower())
        #expect(elsewhere.status == 503 && elsewhere.json["leader"] != nil, "\(elsewhere.body)")

        #expect(
            try pair.admin("PUT /api/v1/catalog/import", "{}", at: leader).status == 405)
        #expect(
            try pair.admin("POST /api/v1/catalog/import", SmallCatalog.file, ["if-none-match: *"]).status
                == 201)
        try Self.tried(pair)
        try Self.added(leader.admin)
        try Self.told(pair, leader)
    }

    /// All movements are added up once for all who ask within a minute.
    private static func added(_ port: UInt16) throws {
        let first = try #require(ask(port, "GET /api/v1/ledger/verify"))
        #expect(first.status == 200 && first.json["imbalances"] as? [String] == [], "\(first.body)")
        usleep(1_100_000)
        let again = try #require(ask(port, "GET /api/v1/ledger/verify"))
        let age = try #require(again.header("age").flatMap { Int($0) })
        #expect((1...60).contains(age) && again.body == first.body, "\(age) s: \(again.body)")
    }

    /// With the one that waits already these are one too many: the newcomer is answered at once, and nobody else.
    private static func full(_ pair: Pair, _ port: UInt16, _ id: String, _ first: Held) throws {
        let held = (0..<EventRoutes.listenersMost).map { _ in Held(port, id) }
        try pair.until("one is answered", 10) { held.contains { $0.answer != nil } }
        usleep(500_000)
        let answers = held.compactMap(\.answer)
        #expect(answers.count == 1 && first.answer == nil)
        #expect(answers.allSatisfy { $0.status == 200 && $0.body.contains(": nothing new") })
    }

    private static func pages(_ port: UInt16) throws {
        for (path, type) in [
            ("", "text/html; charset=utf-8"), ("app.js", "text/javascript; charset=utf-8"),
            ("style.css", "text/css; charset=utf-8"), ("icon.svg", "image/svg+xml"),
        ] {
            let page = try #require(ask(port, "GET /console/\(path)"))
            #expect(page.status == 200 && page.header("content-type") == type, "\(path): \(page.headers)")
            let policy = page.header("content-security-policy") ?? ""
            for word in [
                "default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self'",
                "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            ] { #expect(policy.contains(word), "\(path): \(policy)") }
            #expect(!policy.contains("unsafe"))
            #expect(page.header("x-content-type-options") == "nosniff")
            #expect(page.header("referrer-policy") == "no-referrer")
            let again = try #require(
                ask(port, "GET /console/\(path)", headers: ["if-none-match: \(page.etag)"]))
            #expect(again.status == 304 && again.body.isEmpty && again.etag == page.etag, "\(again.headers)")
            let head = try #require(ask(port, "HEAD /console/\(path)"))
            #expect(head.status == 200 && head.body.isEmpty && head.etag == page.etag)
        }
        #expect(try #require(ask(port, "GET /console")).header("location") == "/console/")
        for missing in ["x.js", "../Migrations/0001-ledger.sql", "%2e%2e/app.js", "/app.js"] {
            #expect(ask(port, "GET /console/\(missing)")?.status == 404, "\(missing)")
        }
        #expect(ask(port, "POST /console/")?.status == 405)
        #expect(ask(port, "GET /consolex")?.status == 404)
    }

    /// A change that is only tried says what it would do, and leaves its key free.
    private static func tried(_ pair: Pair) throws {
        let key = ["idempotency-key: try"]
        let pause = try pair.admin(
            "POST /api/v1/catalog/pause?dryRun=1", #"{"campaign": "winter"}"#, key)
        #expect(pause.status == 200 && pause.json["isDryRun"] as? Bool == true, "\(pause.body)")
        let change = try #require((pause.json["changes"] as? [[String: Any]])?.first)
        #expect(change["kind"] as? String == "campaigns" && change["what"] as? String == "changed")
        let field = try #require((change["fields"] as? [[String: Any]])?.first)
        #expect(field["field"] as? String == "paused" && field["becomes"] as? Bool == true, "\(field)")
        let more = try pair.admin(
            "PUT /api/v1/campaigns/winter?dryRun=1", SmallCatalog.campaign("winter", budget: "7"),
            ["if-match: \"1\""])
        #expect(
            more.body.contains(#""fields": [{"field": "lifetimeBudget", "was": 100, "becomes": 7}]"#),
            "\(more.body)")
        // Refused as the change itself would be.
        let path = "PUT /api/v1/campaigns/winter?dryRun=1"
        #expect(try pair.admin(path, SmallCatalog.campaign("winter", budget: "7")).status == 428)
        let wrong = try pair.admin(path, SmallCatalog.campaign("winter", budget: "-1"), ["if-match: \"1\""])
        #expect(wrong.status == 422 && wrong.errors.first?["field"] as? String == "lifetimeBudget")
        #expect(try pair.admin("POST /api/v1/catalog/pause?dryRun=yes", "{}").status == 400)
        let added = try pair.admin(
            "POST /api/v1/catalog/add?dryRun=1", #"{"campaigns": [\#(SmallCatalog.campaign("summer"))]}"#)
        #expect(added.body.contains(#""id": "summer", "what": "created""#), "\(added.body)")
        // A page of another origin changes nothing, whatever its browser has to show.
        for (origin, status) in [
            ("origin: http://elsewhere.example", 403), ("origin: null", 403),
            ("origin: http://localhost:1", 403),
            ("sec-fetch-site: cross-site", 403), ("origin: http://localhost", 200),
            ("sec-fetch-site: same-origin", 200), ("sec-fetch-site: none", 200),
            // Another name of the same site may be somebody else's page.
            ("sec-fetch-site: same-site", 403),
            ("sec-fetch-site: cross-site\r\norigin: http://localhost", 403),
            // Behind a proxy that calls the coordinator by another name.
            ("sec-fetch-site: same-origin\r\norigin: https://console.example", 200),
        ] {
            let answer = try pair.admin(
                "POST /api/v1/catalog/pause?dryRun=1", #"{"campaign": "winter"}"#, [origin])
            #expect(answer.status == status, "\(origin): \(answer.body)")
        }
        let gone = try pair.admin("DELETE /api/v1/lineItems/l?dryRun=1", "", ["if-match: *"])
        #expect(gone.body.contains(#""id": "l", "what": "removed""#), "\(gone.body)")
        #expect(try pair.sql("select count(*) from paceline.catalog_versions") == [["1"]])
        #expect(try pair.sql("select count(*) from paceline.answers where key = 'try'") == [["0"]])
        let same = try pair.admin("POST /api/v1/catalog/resume?dryRun=1", #"{"campaign": "winter"}"#)
        #expect(same.json["published"] as? Int == 1, "\(same.body)")
    }

    private static func told(_ pair: Pair, _ leader: RunningCoordinator) throws {
        #expect(
            try pair.admin("GET /api/v1/events", "", ["last-event-id: yesterday"], at: leader).status == 400)
        // The catalog's accounts are opened meanwhile.
        try pair.until("nothing moves") {
            let sum = "select coalesce(sum(version), 0) from paceline.accounts"
            let before = try pair.sql(sum)
            usleep(300_000)
            return try pair.sql(sum) == before && before != [["0"]]
        }
        // Without an id all of it at once.
        let all = try pair.admin("GET /api/v1/events", at: leader)
        #expect(all.header("content-type") == "text/event-stream", "\(all.headers)")
        #expect(events(all) == EventRoutes.State.names, "\(all.body)")
        let held = Held(leader.admin, lastID(all))
        usleep(500_000)
        #expect(held.answer == nil, "nothing has changed: \(held.answer?.body ?? "")")
        try Self.full(pair, leader.admin, lastID(all), held)
        let paused = try pair.admin("POST /api/v1/catalog/pause", #"{"campaign": "winter"}"#)
        #expect(paused.status == 200)
        try pair.until("it is told", 4) { held.answer != nil }
        let answer = try #require(held.answer)
        #expect(events(answer).contains("catalog") && !events(answer).contains("leader"), "\(answer.body)")

        // Its leader is gone: the other one goes on from the same id.
        let other = try pair.follower()
        let waiting = Held(other.admin, lastID(answer))
        leader.kill(SIGKILL)
        try pair.until("another leads, and says so", 10) { waiting.answer != nil }
        let next = try #require(waiting.answer)
        #expect(events(next).contains("leader"), "\(next.body)")
    }
}
