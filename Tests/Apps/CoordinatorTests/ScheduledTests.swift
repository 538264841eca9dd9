// Changes at a set time: kept where they would be accepted now, made once whoever leads and whatever becomes of a commit, and refused
// with their reason where they do not apply any more.
import Catalog
import Foundation
import Glibc
import PostgresServer
import Testing
import Units

@testable import paceline_coordinator

struct ScheduledPartsTests {
    @Test func anEditIsReadAsItWasWritten() {
        let edits: [CatalogEdit] = [
            .put(CatalogKey(.lineItems, "l/2"), [1, 2]), .delete(CatalogKey(.deals, "d")), .add([3]),
            .replace([4]),
            .rollBack(to: 7), .pause(campaign: "c", true), .pause(campaign: "c", false),
        ]
        for edit in edits {
            let read = CatalogEdit(edit.parts)
            #expect(read.map { "\($0)" } == "\(edit)")
            let needed: AdminRole = edit.name == "pause" || edit.name == "resume" ? .operator_ : .trafficker
            #expect(CatalogEdit.role(ofDeed: edit.parts.deed) == needed)
        }
        for (deed, id) in [("put", nil), ("pause", nil), ("rollback", "x"), ("patch", "x")]
            as [(String, String?)]
        {
            let parts = ScheduledParts(deed: deed, kind: "campaigns", id: id, target: nil, body: [])
            #expect(CatalogEdit(parts) == nil, "\(deed)")
        }
    }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct ScheduledTests {
    private static func at(_ seconds: Double) -> String {
        Timestamp.text(
            Instant(nanoseconds: Int64((Date().timeIntervalSince1970 + seconds).rounded()) * 1_000_000_000))
    }

    private static func seeded(_ more: [String: Any] = [:]) throws -> Pair {
        let pair = try Pair(more: more)
        let made = try pair.admin("POST /api/v1/catalog/import", SmallCatalog.file, ["if-none-match: *"])
        #expect(made.status == 201, "\(made.body)")
        return pair
    }

    private static func one(_ pair: Pair, _ number: Int) throws -> [String: Any] {
        try pair.admin("GET /api/v1/scheduled/\(number)").json
    }

    private static func state(_ pair: Pair, _ number: Int) throws -> String? {
        try one(pair, number)["state"] as? String
    }

    private static func budget(_ pair: Pair) throws -> Int? {
        try pair.admin("GET /api/v1/campaigns/winter").json["lifetimeBudget"] as? Int
    }

    @Test func whatIsWrongIsRefusedAtOnce() throws {
        let pair = try Self.seeded()
        let leader = try pair.leader()
        let time = Self.at(600)
        func refused(
            _ status: Int, _ head: String, _ body: String = "", _ headers: [String] = [], field: String? = nil
        ) throws {
            let answer = try pair.admin(head, body, headers)
            #expect(answer.status == status, "\(head): \(answer.body)")
            if let field {
                let fields =
                    answer.errors.compactMap { $0["field"] as? String } + [
                        answer.json["field"] as? String ?? ""
                    ]
                #expect(fields.contains(field), "\(head): \(answer.body)")
            }
        }
        let path = "PUT /api/v1/campaigns/winter?at="
        let seen = ["if-match: \"1\""]
        for wrong in [Self.at(-5), Self.at(367 * 86_400), "tomorrow", "2026-12-01", ""] {
            try refused(400, path + wrong, SmallCatalog.campaign("winter", budget: "7"), seen, field: "at")
        }
        try refused(
            422, path + time, SmallCatalog.campaign("winter", budget: "-1"), seen, field: "lifetimeBudget")
        try refused(428, path + time, SmallCatalog.campaign("winter", budget: "7"))
        try refused(412, path + time, SmallCatalog.campaign("winter", budget: "7"), ["if-match: \"9\""])
        try refused(404, "POST /api/v1/catalog/pause?at=\(time)", #"{"campaign": "nobody"}"#)
        try refused(422, "DELETE /api/v1/campaigns/winter?at=\(time)", "", ["if-match: *"], field: "campaign")
        try refused(400, "POST /api/v1/models?at=\(time)", "x")
        let elsewhere = try pair.admin(
            "POST /api/v1/catalog/pause?at=\(time)", #"{"campaign": "winter"}"#, at: pair.follower())
        #expect(elsewhere.status == 503)
        #expect(try pair.sql("select count(*) from paceline.scheduled_changes") == [["0"]])

        // Tried only: nothing is kept, and the key stays free.
        let key = ["idempotency-key: later"]
        let tried = try pair.admin(
            "POST /api/v1/catalog/pause?dryRun=1&at=\(time)", #"{"campaign": "winter"}"#, key)
        #expect(tried.status == 200 && tried.json["isDryRun"] as? Bool == true, "\(tried.body)")
        // Kept once under its key.
        let body = #"{"campaign": "winter"}"#
        let kept = try pair.admin(
            "POST /api/v1/catalog/pause?at=\(time)", body, key + ["paceline-note: night"])
        #expect(kept.status == 202 && kept.json["scheduled"] as? String == "1", "\(kept.body)")
        #expect(kept.json["at"] as? String == time && kept.json["isChanged"] as? Bool == true)
        #expect(kept.header("etag") == nil)
        let again = try pair.admin("POST /api/v1/catalog/pause?at=\(time)", body, key)
        #expect(again.status == 202 && again.body == kept.body, "\(again.body)")
        #expect(try pair.admin("POST /api/v1/catalog/pause?at=\(Self.at(900))", body, key).status == 422)
        // Shown by any coordinator, with all that was said.
        let list = try pair.admin("GET /api/v1/scheduled?state=waiting", at: pair.follower())
        let entry = try #require((list.json["scheduled"] as? [[String: Any]])?.first)
        #expect(entry["what"] as? String == "pause" && entry["id"] as? String == "winter")
        #expect(entry["note"] as? String == "night" && entry["lateMilliseconds"] is NSNull, "\(list.body)")
        #expect(try pair.admin("GET /api/v1/scheduled?state=gone").status == 400)
        #expect(try pair.admin("GET /api/v1/scheduled/2").status == 404)
        #expect(try pair.admin("GET /api/v1/scheduled/x").status == 404)
        try pair.until("counted") { leader.metric("paceline_scheduled_waiting") == 1 }
        // Taken back, and once more.
        let cancelled = try pair.admin("DELETE /api/v1/scheduled/1")
        #expect(
            cancelled.status == 200 && cancelled.json["state"] as? String == "cancelled", "\(cancelled.body)")
        #expect(try pair.admin("DELETE /api/v1/scheduled/1").json["isChanged"] as? Bool == false)
        #expect(try pair.admin("DELETE /api/v1/scheduled/2").status == 404)
        let entries = try pair.sql(
            "select what, id, who from paceline.audit where kind = 'scheduled' order by ordinal")
        #expect(
            entries == [
                ["schedule pause", "1", "without a certificate"],
                ["cancel scheduled pause", "1", "without a certificate"],
            ])
        try pair.until("none waits") { leader.metric("paceline_scheduled_waiting") == 0 }
    }

    @Test func itIsMadeWhenItsTimeComes() throws {
        let pair = try Self.seeded()
        let leader = try pair.leader()
        let body = #"{"campaign": "winter"}"#
        let (firstTime, firstKey) = (Self.at(2), ["idempotency-key: first"])
        let first = try pair.admin("POST /api/v1/catalog/pause?at=\(firstTime)", body, firstKey)
        let second = try pair.admin("POST /api/v1/catalog/resume?at=\(Self.at(3))", body)
        #expect(first.status == 202 && second.status == 202, "\(second.body)")
        // For whatever version is there then, and for the one that was seen: the first change makes that another one.
        let path = "PUT /api/v1/campaigns/winter?at=\(Self.at(4))"
        #expect(
            try pair.admin(path, SmallCatalog.campaign("winter", budget: "7"), ["if-match: *"]).status == 202)
        let late = try pair.admin(path, SmallCatalog.campaign("winter", budget: "8"), ["if-match: \"1\""])
        #expect(late.status == 202, "\(late.body)")
        // What it names may be gone by then.
        let item = SmallCatalog.lineItem("new", of: "winter").replacing(#"["c"]"#, with: #"["d"]"#)
        let creative = SmallCatalog.creative.replacing(#""id": "c""#, with: #""id": "d""#)
        #expect(try pair.admin("PUT /api/v1/creatives/d", creative, ["if-none-match: *"]).status == 201)
        let added = try pair.admin("PUT /api/v1/lineItems/new?at=\(Self.at(4))", item, ["if-none-match: *"])
        #expect(added.status == 202, "\(added.body)")
        #expect(try pair.admin("DELETE /api/v1/creatives/d", "", ["if-match: *"]).status == 200)
        #expect(try pair.admin("GET /api/v1/campaigns/winter").json["paused"] == nil, "before its time")

        try pair.until("paused", 20) {
            try pair.sql("select count(*) from paceline.scheduled_changes where state = 'waiting'") == [["0"]]
        }
        #expect(
            try (1...5).map { try Self.state(pair, $0) } == ["made", "made", "made", "refused", "refused"])
        #expect(try Self.budget(pair) == 7)
        // Who has not heard the answer asks again, and gets it also now; a new one is too late.
        let repeated = try pair.admin("POST /api/v1/catalog/pause?at=\(firstTime)", body, firstKey)
        #expect(repeated.status == 202 && repeated.body == first.body, "\(repeated.body)")
        let tooLate = try pair.admin(
            "POST /api/v1/catalog/pause?at=\(firstTime)", body, ["idempotency-key: second"])
        #expect(tooLate.status == 400 && tooLate.json["field"] as? String == "at", "\(tooLate.body)")
        let made = try Self.one(pair, 1)
        #expect(
            made["settledBy"] as? String == (leader === pair.all[0] ? "coordinator one" : "coordinator two"))
        let lateness = try (1...5).compactMap { try Self.one(pair, $0)["lateMilliseconds"] as? Int }
        print("made or refused \(lateness) ms after their times")
        #expect(lateness.count == 5 && lateness.allSatisfy { (0..<5_000).contains($0) })
        // Whose change it is stands where every change does.
        let versions = try pair.sql(
            "select what, who, number from paceline.catalog_versions where what like '%scheduled%' order by number"
        )
        #expect(
            versions.map { $0[0] } == ["pause as scheduled 1", "resume as scheduled 2", "put as scheduled 3"])
        #expect(made["published"] as? Int == Int(versions[0][2]))
        let other = try Self.one(pair, 4)["reason"] as? [String: Any]
        #expect(other?["status"] as? Int == 412, "\(String(describing: other))")
        let gone = try Self.one(pair, 5)["reason"] as? [String: Any]
        let error = (gone?["errors"] as? [[String: Any]])?.first
        #expect(error?["field"] as? String == "creatives[0]", "\(String(describing: gone))")
        #expect(
            try pair.sql(
                "select what, who from paceline.audit where kind = 'scheduled' and what like 'refuse%' order by ordinal"
            )
                == [
                    ["refuse put as scheduled 4", made["settledBy"] as? String ?? ""],
                    ["refuse put as scheduled 5", made["settledBy"] as? String ?? ""],
                ])
        // A metric until somebody has looked.
        try pair.until("counted") { leader.metric("paceline_scheduled_refused") == 2 }
        #expect(leader.metric(#"paceline_scheduled_changes_total{outcome="refused"}"#) == 2)
        #expect(leader.metric(#"paceline_scheduled_changes_total{outcome="made"}"#) == 3)
        #expect(try pair.follower().metric("paceline_scheduled_refused") == 0)
        #expect(try pair.admin("DELETE /api/v1/scheduled/1").status == 409)
        // What is settled is forgotten by and by, but for a refusal that nobody has dismissed.
        _ = try pair.sql(
            "update paceline.scheduled_changes set settled_at = now() - interval '91 days' where number in (3, 4)"
        )
        #expect(try pair.admin("POST /api/v1/catalog/pause?at=\(Self.at(900))", body).status == 202)
        #expect(try pair.admin("GET /api/v1/scheduled/3").status == 404)
        #expect(try Self.state(pair, 4) == "refused")
        for number in [4, 5] {
            #expect(
                try pair.admin("DELETE /api/v1/scheduled/\(number)").json["state"] as? String == "dismissed")
        }
        try pair.until("dismissed") { leader.metric("paceline_scheduled_refused") == 0 }
        let kept = try Self.one(pair, 4)
        #expect((kept["reason"] as? [String: Any])?["status"] as? Int == 412, "\(kept)")
    }

    /// Sixty are due at once; while they are made the database is killed again and again, and then the leader.
    @Test func eachIsMadeOnceWhateverIsKilled() throws {
        let pair = try Self.seeded()
        let count = 60
        let time = Self.at(6)
        for index in 1...count {
            let answer = try pair.admin(
                "PUT /api/v1/campaigns/winter?at=\(time)",
                SmallCatalog.campaign("winter", budget: "\(1_000 + index)"),
                ["if-match: *"])
            #expect(answer.status == 202, "\(answer.body)")
        }
        func left() throws -> Int {
            Int(try pair.sql("select count(*) from paceline.scheduled_changes where state = 'waiting'")[0][0])
                ?? -1
        }
        let leader = try pair.leader()
        let end = Date().addingTimeInterval(90)
        while try left() == count, Date() < end { usleep(10_000) }
        var kills = 0
        while kills < 4, try left() > count / 2 {
            pair.database.kill()
            try pair.database.start()
            kills += 1
            usleep(useconds_t.random(in: 20_000...100_000))
        }
        let before = try left()
        leader.kill(SIGKILL)
        while try left() > 0, Date() < end { usleep(50_000) }
        print("\(kills) kills of Postgres; \(before) of \(count) were left when the leader was killed")
        #expect(kills > 0, "half of them were made before the database could be killed")
        #expect(before > 0 && before < count, "nothing was left to make, or nothing was made: \(before)")
        // Each published one version, in the order of their numbers, and the last one is what is there.
        let versions = try pair.sql(
            "select what from paceline.catalog_versions where number > 1 order by number"
        ).map { $0[0] }
        #expect(versions == (1...count).map { "put as scheduled \($0)" })
        #expect(
            try pair.sql("select count(*) from paceline.audit where what like 'put as scheduled %'") == [
                ["\(count)"]
            ])
        #expect(try Self.budget(pair) == 1_000 + count)
        let overdue = try pair.leader()
        try pair.until("nothing is late any more") {
            overdue.metric("paceline_scheduled_overdue_seconds") == 0
        }
    }

    @Test func theCommandsDoAllOfIt() throws {
        let pair = try Self.seeded()
        let url = "http://127.0.0.1:\(try pair.follower().admin)"
        func run(_ words: [String]) throws -> (status: Int32, output: String) {
            try paceline(words + ["--coordinator", url])
        }
        let time = Self.at(900)
        let paused = try run(["campaign", "pause", "winter", "--at", time])
        #expect(paused.output == "scheduled as 1: pause at \(time)\n", "\(paused.output)")
        // It is so already: what would change nothing now is kept, and said.
        let file = pair.folder.appending(path: "winter")
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
        try Data(SmallCatalog.file.utf8).write(to: file.appending(path: "all.json"))
        let same = try run(["catalog", "import", file.path(), "--at", Self.at(1_000)])
        #expect(same.output.hasSuffix("it would change nothing\n"), "\(same.output)")
        let past = try run(["campaign", "pause", "winter", "--at", "2020-01-01T00:00:00Z"])
        #expect(past.status == 1 && past.output.contains("at: allowed an instant"), "\(past.output)")
        let list = try run(["scheduled", "list"])
        let lines = list.output.split(separator: "\n").map {
            $0.split(separator: " ").prefix(5).joined(separator: " ")
        }
        #expect(lines.count == 3 && lines[1] == "1 \(time) waiting pause campaigns", "\(list.output)")
        #expect(try run(["scheduled", "show", "1"]).output.contains("\"what\": \"pause\""))
        #expect(try run(["scheduled", "cancel", "1", "--note", "not now"]).output == "1: cancelled\n")
        #expect(try run(["scheduled", "cancel", "1"]).output == "1: is already cancelled\n")
        #expect(try run(["scheduled", "list"]).output.split(separator: "\n").count == 2)
        #expect(try run(["scheduled", "list", "--all", "--json"]).output.split(separator: "\n").count == 2)
    }

    /// Who may ask for a change may take it back, and nobody below.
    @Test func rolesHoldForWhatWaits() throws {
        let pair = try Self.seeded()
        func token(_ role: String, _ headers: [String] = []) throws -> [String] {
            let made = try pair.admin(
                "POST /api/v1/tokens", #"{"name": "\#(role)", "role": "\#(role)", "days": 1}"#, headers)
            let header = "authorization: Bearer \(made.json["token"] as? String ?? made.body)"
            for one in pair.all {
                try pair.until("known") {
                    ask(one.admin, "GET /api/v1/campaigns", headers: [header])?.status == 200
                }
            }
            return [header]
        }
        let admin = try token("admin")
        let (keeper, planner) = (try token("operator", admin), try token("trafficker", admin))
        let viewer = try token("viewer", admin)
        let time = Self.at(900)
        let pause = ("POST /api/v1/catalog/pause?at=\(time)", #"{"campaign": "winter"}"#)
        #expect(try pair.admin(pause.0, pause.1, viewer).status == 403)
        #expect(try pair.admin(pause.0, pause.1, keeper).status == 202)
        let put = ("PUT /api/v1/campaigns/winter?at=\(time)", SmallCatalog.campaign("winter", budget: "7"))
        #expect(try pair.admin(put.0, put.1, keeper + ["if-match: *"]).status == 403)
        #expect(try pair.admin(put.0, put.1, planner + ["if-match: *"]).status == 202)
        #expect(try pair.admin("GET /api/v1/scheduled", "", viewer).status == 200)
        #expect(try pair.admin("DELETE /api/v1/scheduled/1", "", viewer).status == 403)
        let refused = try pair.admin("DELETE /api/v1/scheduled/2", "", keeper)
        #expect(refused.status == 403 && refused.json["needed"] as? String == "trafficker", "\(refused.body)")
        #expect(try pair.admin("DELETE /api/v1/scheduled/1", "", keeper).status == 200)
        #expect(try pair.admin("DELETE /api/v1/scheduled/2", "", planner).status == 200)

        // What waits is listed in the order in which it is made, page by page, and by who has sent it.
        for (seconds, who) in [(900, keeper), (300, keeper), (600, planner)] as [(Double, [String])] {
            let answer = try pair.admin(
                "POST /api/v1/catalog/pause?at=\(Self.at(seconds))", #"{"campaign": "winter"}"#, who)
            #expect(answer.status == 202, "\(answer.body)")
        }
        func numbers(_ query: String) throws -> [String] {
            let page = try pair.admin("GET /api/v1/scheduled?\(query)", "", viewer).json
            return (page["scheduled"] as? [[String: Any]] ?? []).compactMap { $0["number"] as? String }
                + [page["next"] as? String ?? "no more"]
        }
        #expect(try numbers("state=waiting") == ["4", "5", "3", "no more"])
        #expect(try numbers("state=waiting&limit=2") == ["4", "5", "5"])
        #expect(try numbers("state=waiting&limit=2&after=5") == ["3", "no more"])
        #expect(try numbers("state=waiting&who=operator") == ["4", "3", "no more"])
        #expect(try numbers("who=trafficker&limit=1") == ["5", "5"])
        #expect(try numbers("who=trafficker&limit=1&before=5") == ["2", "2"])
        for wrong in ["state=waiting&before=5", "after=5", "state=made&after=5"] {
            #expect(try pair.admin("GET /api/v1/scheduled?\(wrong)", "", viewer).status == 400, "\(wrong)")
        }
        let file = pair.folder.appending(path: "admin.token")
        try Data(admin[0].dropFirst("authorization: Bearer ".count).utf8).write(to: file)
        let words = [
            "--coordinator", "http://127.0.0.1:\(try pair.follower().admin)", "--token-file", file.path(),
        ]
        let own = try paceline(["scheduled", "list", "--who", "operator", "--all"] + words)
        let lines = own.output.split(separator: "\n").dropFirst().map { $0.split(separator: " ").first ?? "" }
        #expect(lines == ["4", "1", "3"], "\(own.output)")
        // Whoever takes a token away is told what goes on without it.
        let revoked = try paceline(["token", "revoke", "operator"] + words)
        #expect(
            revoked.output.hasPrefix("operator: revoked\nscheduled changes that wait by this name")
                && revoked.output.contains(": 2; look") && revoked.output.contains("list --who 'operator'"),
            "\(revoked.output)")

        // Nobody is called what the audit log has for coordinators, or for nobody.
        for name in ["coordinator one", "coordinator ", "without a certificate", "certificate x", "a://b"] {
            let made = try pair.admin(
                "POST /api/v1/tokens", #"{"name": "\#(name)", "role": "viewer", "days": 1}"#, admin)
            #expect(made.status == 400 && made.json["field"] as? String == "name", "\(name): \(made.body)")
        }
        let named = try pair.admin(
            "POST /api/v1/tokens", #"{"name": "coordinators", "role": "viewer", "days": 1}"#, admin)
        #expect(named.status == 201, "\(named.body)")
    }
}
