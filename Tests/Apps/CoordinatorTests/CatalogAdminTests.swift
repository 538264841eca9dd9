// The catalog under /api/v1: changed whole or not at all, by who saw what is there, and back to what it was.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct CatalogAdminTests {
    private static func state(_ pair: Pair) throws -> [[String]] {
        try pair.sql(
            """
            select (select count(*) from paceline.catalog_versions), (select count(*) from paceline.blobs),
                (select count(*) from paceline.audit where what <> 'order'), (select count(*) from paceline.catalog_history),
                (select md5(string_agg(kind || id || document || version, ';' order by kind, id))
                    from paceline.catalog_objects)
            """)
    }

    @Test func aChangeIsMadeWholeOrNotAtAll() throws {
        let pair = try Pair()
        let (leader, follower) = (try pair.leader(), try pair.follower())
        #expect(try pair.admin("GET /api/v1/campaigns").body == "{\"campaigns\": [], \"next\": null}\n")
        // Thing by thing, each in need of the one before.
        let parts = [
            ("advertisers/a", #"{"id": "a", "name": "A", "domains": ["a.example"]}"#),
            ("campaigns/winter", SmallCatalog.campaign("winter")), ("creatives/c", SmallCatalog.creative),
            ("lineItems/l", SmallCatalog.lineItem("l", of: "winter")),
            ("lineItems/l%2F2", SmallCatalog.lineItem("l/2", of: "winter")),
        ]
        for (index, (path, body)) in parts.enumerated() {
            let answer = try pair.admin("PUT /api/v1/\(path)", body, ["if-none-match: *"])
            #expect(answer.status == 201 && answer.etag == "\"\(index + 1)\"", "\(answer.body)")
        }
        // Either coordinator shows them, with the version that a change has to name.
        let one = try pair.admin("GET /api/v1/campaigns/winter", at: follower)
        #expect(one.status == 200 && one.etag == "\"2\"" && one.json["lifetimeBudget"] as? Int == 100)
        #expect(try pair.admin("GET /api/v1/lineItems/l/2").json["id"] as? String == "l/2")
        #expect(try pair.admin("GET /api/v1/lineItems/x").status == 404)
        let page = try pair.admin("GET /api/v1/lineItems?campaign=winter&limit=1", at: follower)
        #expect((page.json["lineItems"] as? [Any])?.count == 1 && page.json["next"] as? String == "l")
        let rest = try pair.admin("GET /api/v1/lineItems?campaign=winter&limit=9&after=l")
        #expect((rest.json["lineItems"] as? [Any])?.count == 1 && rest.json["next"] is NSNull, "\(rest.body)")
        #expect(try pair.admin("GET /api/v1/lineItems?campaign=none").body.contains("[]"))

        // Whatever is refused leaves nothing behind.
        let before = try Self.state(pair)
        let seen = ["if-match: \"2\""]
        func refused(
            _ status: Int, _ head: String, _ body: String = "", _ headers: [String] = [],
            field: String? = nil,
            found: String = ""
        ) throws {
            let answer = try pair.admin(head, body, headers)
            #expect(answer.status == status, "\(head): \(answer.body)")
            #expect(answer.header("content-type") == "application/problem+json", "\(head)")
            if let field {
                let error = answer.errors.first { $0["field"] as? String == field }
                #expect((error?["found"] as? String)?.contains(found) ?? false, "\(head): \(answer.body)")
            }
            #expect(try Self.state(pair) == before, "\(head) \(headers)")
        }
        let path = "PUT /api/v1/campaigns/winter"
        try refused(428, path, SmallCatalog.campaign("winter", budget: "7"))
        try refused(412, path, SmallCatalog.campaign("winter", budget: "7"), ["if-match: \"1\""])
        try refused(412, path, SmallCatalog.campaign("winter", budget: "7"), ["if-none-match: *"])
        try refused(412, "PUT /api/v1/campaigns/other", SmallCatalog.campaign("other"), ["if-match: *"])
        try refused(400, path, SmallCatalog.campaign("winter"), ["if-match: 2"])
        try refused(400, path, "{", seen)
        try refused(422, path, SmallCatalog.campaign("summer"), seen)
        try refused(
            422, path, SmallCatalog.campaign("winter", budget: "-1"), seen, field: "lifetimeBudget",
            found: "the number -1")
        try refused(
            422, path, SmallCatalog.campaign("winter", more: #", "pased": true"#), seen, field: "pased",
            found: "an unknown key")
        try refused(
            422, "PUT /api/v1/lineItems/new", SmallCatalog.lineItem("new", of: "wintre"),
            ["if-none-match: *"],
            field: "campaign", found: "the unknown id \"wintre\"")
        try refused(
            422, "DELETE /api/v1/campaigns/winter", "", seen, field: "campaign",
            found: "the unknown id \"winter\"")
        try refused(428, "DELETE /api/v1/lineItems/l")
        try refused(404, "DELETE /api/v1/lineItems/nobody", "", ["if-match: *"])
        try refused(422, "POST /api/v1/catalog/rollback", #"{"version": 6}"#)
        try refused(400, "POST /api/v1/catalog/rollback", #"{"version": 0}"#)
        try refused(428, "POST /api/v1/catalog/import", SmallCatalog.file)
        try refused(422, "POST /api/v1/catalog/add", SmallCatalog.file, field: "id", found: "again")
        try refused(404, "POST /api/v1/catalog/pause", #"{"campaign": "nobody"}"#)
        // By the one that does not lead: it says who does.
        let elsewhere = try pair.admin(path, SmallCatalog.campaign("winter"), seen, at: follower)
        #expect(elsewhere.status == 503)
        let address = (elsewhere.json["leader"] as? [String: Any])?["address"] as? String
        #expect(address == "http://127.0.0.1:\(leader.admin)")
        #expect(try Self.state(pair) == before)
        // The same as it is publishes nothing.
        let same = try pair.admin(path, SmallCatalog.campaign("winter"), seen)
        #expect(same.status == 200 && same.json["isChanged"] as? Bool == false, "\(same.body)")
        #expect(try Self.state(pair) == before)

        // Once under its key, whoever asks again and how often.
        let keyed = seen + ["idempotency-key: k", "paceline-note: more money"]
        let more = SmallCatalog.campaign("winter", budget: "200")
        let made = try pair.admin(path, more, keyed)
        #expect(made.status == 200 && made.etag == "\"6\"", "\(made.body)")
        let again = try pair.admin(path, more, keyed)
        #expect(again.status == 200 && again.etag == made.etag && again.body == made.body)
        #expect(try pair.admin(path, SmallCatalog.campaign("winter", budget: "9"), keyed).status == 422)
        #expect(try pair.sql("select count(*) from paceline.catalog_versions") == [["6"]])

        // Paused and resumed, and back to the beginning: a version more each time.
        let paused = try pair.admin("POST /api/v1/catalog/pause", #"{"campaign": "winter"}"#)
        #expect(paused.status == 200 && paused.etag == "\"7\"", "\(paused.body)")
        #expect(try pair.admin("GET /api/v1/campaigns/winter").json["paused"] as? Bool == true)
        let removed = try pair.admin("DELETE /api/v1/lineItems/l%2f2", "", ["if-match: \"5\""])
        #expect(removed.status == 200, "\(removed.body)")
        let back = try pair.admin("POST /api/v1/catalog/rollback", #"{"version": 5}"#)
        #expect(back.status == 200 && back.etag == "\"9\"", "\(back.body)")
        #expect(try pair.admin("GET /api/v1/campaigns/winter").json["lifetimeBudget"] as? Int == 100)
        #expect(try pair.admin("GET /api/v1/lineItems/l%2F2").etag == "\"9\"")
        let digests = try pair.sql(
            "select encode(sha256, 'hex') from paceline.catalog_versions where number in (5, 9) order by number"
        )
        #expect(digests[0] == digests[1])
        let versions = try pair.admin("GET /api/v1/catalog/versions?limit=2", at: follower)
        let newest = try #require((versions.json["versions"] as? [[String: Any]])?.first)
        #expect(newest["version"] as? Int == 9 && newest["what"] as? String == "rollback to 5")
        #expect(versions.json["next"] as? String == "8")

        // Who changed what, from what to what.
        let entries = try #require(
            try pair.admin("GET /api/v1/audit?kind=campaigns&id=winter", at: follower).json["entries"]
                as? [[String: Any]])
        #expect(entries.map { $0["what"] as? String } == ["rollback to 5", "pause", "put", "put"])
        func budget(_ entry: [String: Any], _ side: String) -> Int? {
            (entry[side] as? [String: Any])?["lifetimeBudget"] as? Int
        }
        #expect(budget(entries[2], "before") == 100 && budget(entries[2], "after") == 200)
        #expect(entries[3]["before"] is NSNull && entries[3]["who"] as? String == "without a certificate")
        #expect(throws: PostgresServerFailure.self) { try pair.sql("delete from paceline.audit") }
        #expect(throws: PostgresServerFailure.self) {
            try pair.sql("update paceline.catalog_versions set who = ''")
        }
        // The next leader goes on from here.
        leader.kill(SIGKILL)
        let next = try pair.admin(
            "PUT /api/v1/campaigns/winter", SmallCatalog.campaign("winter", budget: "300"),
            ["if-match: \"9\""])
        #expect(next.status == 200 && next.etag == "\"10\"", "\(next.body)")
    }
}
