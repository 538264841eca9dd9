// Tokens and roles, and the commands that use them, with real processes and a real Postgres.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct TokenTests {
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardized

    @Test func rolesHoldAndCommandsShowTheirToken() throws {
        let pair = try Pair()
        let follower = try pair.follower()
        let url = "http://127.0.0.1:\(follower.admin)"
        func run(_ words: String, as name: String? = nil, at other: String? = nil) throws -> (
            status: Int32, output: String
        ) {
            let token = name.map { ["--token-file", pair.folder.appending(path: $0).path()] } ?? []
            return try paceline(
                words.split(separator: " ").map(String.init) + ["--coordinator", other ?? url] + token)
        }
        func make(_ role: String, as name: String?) throws {
            let made = try run("token create \(role) --role \(role)", as: name)
            #expect(made.status == 0, "\(made.output)")
            try Data(made.output.utf8).write(to: pair.folder.appending(path: role))
        }
        // Before there is one nobody needs one; the first is an admin's.
        #expect(try run("campaign list").status == 0)
        #expect(try run("token create w --role viewer").output.contains("the first token is an admin's"))
        try make("admin", as: nil)
        let asked = Date()
        for one in pair.all {
            try pair.until("known") { ask(one.admin, "GET /api/v1/campaigns")?.status == 401 }
        }
        print(
            "all coordinators knew the token \(Int(Date().timeIntervalSince(asked) * 1_000)) ms after it was made"
        )
        for role in ["viewer", "operator", "trafficker"] { try make(role, as: "admin") }
        for one in pair.all {
            for role in ["viewer", "operator", "trafficker"] {
                let token = try String(contentsOf: pair.folder.appending(path: role), encoding: .utf8)
                    .trimmingCharacters(in: .newlines)
                try pair.until("known") {
                    ask(one.admin, "GET /api/v1/campaigns", headers: ["authorization: Bearer \(token)"])?
                        .status == 200
                }
            }
        }
        // What each may, by the table of who may what.
        let calls: [(String, least: Int)] = [
            ("campaign list", 0), ("ledger balance", 0), ("campaign pause aurora-launch", 1),
            ("catalog import \(Self.repository.appending(path: "Examples/catalog").path())", 2),
            ("token list", 3),
        ]
        let roles = ["viewer", "operator", "trafficker", "admin"]
        for (words, least) in calls {
            for (rank, role) in roles.enumerated() where rank < least {
                let said = try run(words, as: role)
                #expect(
                    said.status == 1
                        && said.output.contains("got 403: this takes another role: \(roles[least])"),
                    "\(role) \(words): \(said.output)")
            }
        }
        for words in ["campaign list", "ledger balance"] { #expect(try run(words, as: "viewer").status == 0) }
        #expect(try run("ledger balance").output.contains("got 401: a token is needed"))

        // As a new user would: seed, look, create, pause, resume. The follower sends all of it to the leader.
        let catalog = calls[3].0
        #expect(
            try run("\(catalog) --if-empty --note seed", as: "trafficker").output == "version 1: published\n")
        #expect(try run(catalog, as: "trafficker").output == "version 1: the same\n")
        #expect(try run("\(catalog) --if-empty", as: "trafficker").output == "version 1: there already\n")
        let list = try run("campaign list", as: "viewer").output
        #expect(list.contains("aurora-launch") && list.split(separator: "\n").count == 6, "\(list)")
        let file = pair.folder.appending(path: "new.json")
        let content =
            #"{"campaigns": [\#(SmallCatalog.campaign("new").replacing(#""a""#, with: #""aurora""#))], "creatives": [], "lineItems": []}"#
        try Data(content.utf8).write(to: file)
        let created = try run("campaign create \(file.path())", as: "trafficker")
        #expect(created.output == "new: created in version 2\n", "\(created.output)")
        let twice = try run("campaign create \(file.path())", as: "trafficker")
        #expect(
            twice.status == 1 && twice.output.contains("campaigns new: id: found the id \"new\" again"),
            "\(twice.output)")
        #expect(try run("campaign pause new", as: "operator").output == "new: paused in version 3\n")
        #expect(try run("campaign pause new", as: "operator").output == "new: is paused already\n")
        #expect(try run("campaign show new", as: "viewer").output.contains("\"paused\": true"))
        #expect(try run("campaign resume new --json", as: "operator").output.contains("\"published\": 4"))
        #expect(
            try pair.sql("select distinct who from paceline.audit where what <> 'order' order by who") == [
                ["admin"], ["operator"], ["trafficker"], ["without a certificate"],
            ])

        // Over, revoked, or never there.
        _ = try pair.sql(
            "update paceline.tokens set expires_at = now() - interval '1 s' where name = 'viewer'")
        try pair.until("over") {
            try run("campaign list", as: "viewer").output.contains("got 401: the token is over")
        }
        #expect(try run("token revoke operator", as: "admin").output == "operator: revoked\n")
        for one in pair.all {
            try pair.until("revoked") {
                try run("campaign list", as: "operator", at: "http://127.0.0.1:\(one.admin)").output.contains(
                    "got 401")
            }
        }
        #expect(
            try run("token create trafficker --role viewer", as: "admin").output.contains("revoke it first"))
        #expect(try run("token list", as: "admin").output.contains("operator  operator  revoked"))
        // The database has no token, and the log none.
        let token = try String(contentsOf: pair.folder.appending(path: "admin"), encoding: .utf8)
            .trimmingCharacters(in: .newlines)
        #expect(token.count == 67 && !pair.all.contains { $0.log.contains(token) })
        #expect(
            try pair.sql(
                "select count(*) from paceline.tokens t where t::text like '%\(token.dropFirst(3))%'") == [
                    ["0"]
                ])
    }
}
