// A coordinator that opens the accounts of its catalog's campaigns by itself, with real processes and a real Postgres.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct CatalogFundingTests {
    private static func write(_ budget: String, to folder: URL) throws {
        let advertisers = #"{"advertisers": [{"id": "a", "name": "A", "domains": ["a.example"]}]}"#
        let campaigns = """
            {"campaigns": [{"id": "winter", "advertiser": "a", "name": "W", "goal": "cpm", "goalValue": 20,
              "flight": {"start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"},
              "lifetimeBudget": \(budget), "dailyBudget": 5}]}
            """
        let items = """
            {"creatives": [{"id": "c", "advertiser": "a", "name": "C", "durationMilliseconds": 15000, "audit": "approved",
               "mediaFiles": [{"url": "https://cdn.example/c.mp4", "mime": "video/mp4", "width": 1, "height": 1}]}],
             "lineItems": [{"id": "l", "campaign": "winter", "name": "L", "bid": 25, "creatives": ["c"]}]}
            """
        for (name, text) in [("a.json", advertisers), ("c.json", campaigns), ("l.json", items)] {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
    }

    @Test func accountsAreOpenedOnceAndChangedWithTheCatalog() throws {
        let catalog = FileManager.default.temporaryDirectory.appending(
            path: "paceline-funding-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: catalog, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: catalog) }
        try Self.write("100", to: catalog)
        let pair = try Pair(catalog: catalog)
        func accounts() throws -> [[String]] {
            try pair.sql(
                "select coalesce(day::text, '-'), budget, highest, parent is null from paceline.accounts order by id"
            )
        }
        func until(_ what: String, _ holds: () throws -> Bool) throws {
            let end = Date().addingTimeInterval(20)
            while try !holds() {
                guard Date() < end else {
                    throw PostgresServerFailure(description: "not in time: \(what): \(pair.all.map(\.log))")
                }
                usleep(100_000)
            }
        }
        let leader = try pair.leader()
        try until("opened") { try accounts().count == 4 }
        let opened = try accounts()
        // 25 for a thousand is 0.025 for one.
        #expect(opened[0] == ["-", "100000000", "25000", "t"])
        for (index, one) in opened.dropFirst().enumerated() {
            #expect(one.dropFirst() == ["5000000", "25000", "f"])
            #expect(Int(one[0]) == Int(opened[1][0])! + index)
        }
        // An operator's change stands, also under the next leader; the catalog's next change is taken.
        let version = try pair.sql("select version from paceline.accounts where parent is null")[0][0]
        let change = "{\"campaign\":\"winter\",\"currency\":\"USD\",\"budget\":77,\"highest\":0.025}"
        #expect(try pair.order("by-hand", change, ifMatch: "\"\(version)\"").status == 200)
        leader.kill(SIGKILL)
        let next = try pair.leader()
        usleep(1_500_000)
        #expect(try accounts()[0][1] == "77000000")
        #expect(try pair.sql("select count(*) from paceline.operations") == [["5"]])
        try Self.write("60", to: catalog)
        try until("changed") { try accounts()[0][1] == "60000000" }
        try Self.write("-1", to: catalog)
        try until("refused, and said so") {
            let said = ask(next.admin, "GET /v1/coordinator")?.json["catalog"] as? [String: Any]
            return (said?["problem"] as? String)?.contains("c.json") ?? false
        }
        #expect(try accounts()[0][1] == "60000000")
        #expect(try pair.sql("select * from paceline.imbalances") == [])
    }

    /// The role is called as the schema is, which then comes before `public` where names are looked for.
    @Test func aRestartFindsItsMigrations() throws {
        let pair = try Pair(user: "paceline")
        let leader = try pair.leader()
        leader.kill(SIGKILL)
        _ = leader.end()
        let other = try pair.leader()
        #expect(ask(other.admin, "GET /readyz")?.status == 200, "\(other.log)")
    }
}
