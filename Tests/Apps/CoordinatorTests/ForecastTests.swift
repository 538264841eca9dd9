// Forecasts against truth: what samples say of a campaign that is not there, and what its ads come to when it is.
import Foundation
import Glibc
import PostgresServer
import Testing

@testable import paceline_coordinator

struct ForecastRangeTests {
    /// The usual table of Wilson's interval.
    @Test func theRangeIsWilsons() {
        for (found, all, low, high) in [
            (0.0, 10.0, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1),
            (500, 1_000, 0.4691, 0.5309),
        ] {
            let range = Forecast.range(of: found, in: all)
            #expect(
                abs(range.low - low) < 1e-3 && abs(range.high - high) < 1e-3, "\(found) of \(all): \(range)")
        }
        #expect(Forecast.range(of: 0, in: 0) == (0, 1))
    }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct ForecastTests {
    private static let examples = URL(filePath: #filePath).appending(path: "../../../../Examples")
        .standardized

    /// The example's catalog, with flights of a hundred years and without daily budgets.
    private static func catalog() throws -> String {
        var all: [String: [Any]] = [:]
        let folder = examples.appending(path: "catalog")
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path()) {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
                .replacing("\"start\": \"2026-", with: "\"start\": \"2000-")
                .replacing("\"end\": \"20", with: "\"end\": \"21")
                .replacing(#/ *"dailyBudget": [0-9.]+,\n/#, with: "")
            let tree = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
            for case (let kind, let things as [Any]) in tree { all[kind, default: []] += things }
        }
        return String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self)
    }

    private static func draft(
        bid: Double = 32, _ change: (inout [String: Any]) -> Void = { _ in }
    ) throws -> String {
        let bytes = try Data(contentsOf: examples.appending(path: "campaign.json"))
        var file = try JSONSerialization.jsonObject(with: bytes) as? [String: Any] ?? [:]
        var campaign = try #require((file["campaigns"] as? [[String: Any]])?.first)
        let now = Date()
        campaign["flight"] = [
            "start": now.formatted(.iso8601), "end": (now + 10 * 86_400).formatted(.iso8601),
        ]
        campaign["dailyBudget"] = nil
        campaign["pacing"] = "asap"
        change(&campaign)
        file["campaigns"] = [campaign]
        var item = try #require((file["lineItems"] as? [[String: Any]])?.first)
        item["bid"] = bid
        file["lineItems"] = [item]
        return String(decoding: try JSONSerialization.data(withJSONObject: file), as: UTF8.self)
    }

    /// Whether the campaign has an ad of the answer.
    private static func asks(_ node: SpendingNode, genre: String, _ campaign: String) throws -> Bool {
        let number = UInt32.random(in: 0...UInt32.max)
        let request = try String(contentsOf: examples.appending(path: "ctv-pod.json"), encoding: .utf8)
            .replacing("drama, thriller", with: genre).replacing("viewer-1", with: "viewer-\(number)")
            .replacing("6f1c2d54-77f4", with: String(number, radix: 16) + "-77f4")
            .replacing("192.0.2.17", with: "192.0.2.\(number % 250)")
        let answer = ask(
            node.port, "POST /openrtb2/bid", request, headers: ["content-type: application/json"])
        return answer?.body.contains("\"cid\":\"\(campaign)\"") ?? false
    }

    @Test func aForecastIsWhatTheCampaignThenHas() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        try pair.until("the tables are there") { try pair.admin("GET /api/v1/tokens").status == 200 }
        let imported = try pair.admin(
            "POST /api/v1/catalog/import", Self.catalog(), ["if-none-match: *"], at: leader)
        #expect(imported.status == 201, "\(imported.body)")
        let state = pair.folder.appending(path: "published").path()
        let node = try SpendingNode(
            "node-a", of: pair, more: ["catalog": ["published": [:], "stateDirectory": state]])
        let campaign = "lakeside-premiere"
        for index in 0..<60 {
            _ = try Self.asks(node, genre: index % 3 == 0 ? "film" : "drama, thriller", campaign)
        }
        usleep(300_000)
        let found = try pair.admin("POST /api/v1/catalog/forecast", Self.draft(), at: leader)
        #expect(found.status == 200, "\(found.body)")
        #expect(found.json["samples"] as? Int == 60 && found.json["found"] as? Int == 20, "\(found.body)")
        let places = try #require(found.json["placesADay"] as? Double)
        let least = try #require(found.json["placesADayLeast"] as? Double)
        #expect(places > 0 && least > 0 && least < places, "\(found.body)")
        let price = try #require(found.json["price"] as? Double)
        #expect((found.json["days"] as? [Any])?.count ?? 0 >= 10, "\(found.body)")
        // Nothing of it was kept.
        #expect(try pair.admin("GET /api/v1/campaigns/\(campaign)", at: leader).status == 404)
        #expect(try pair.sql("select count(*) from paceline.catalog_versions") == [["1"]])
        try Self.refused(pair, leader)

        // As it is there, it has what was said: films, and nothing else, for that price.
        let made = try pair.admin("POST /api/v1/catalog/add", Self.draft(), at: leader)
        #expect(made.status == 201, "\(made.body)")
        try pair.until("it has ads", 20) { try Self.asks(node, genre: "film", campaign) }
        // A request for which the node has no money at hand yet has no ad, and is no question of what there is: the next one has.
        for _ in 0..<30 {
            try pair.until("a film has its ad", 5) { try Self.asks(node, genre: "film", campaign) }
        }
        let others = try (0..<30).count { _ in try Self.asks(node, genre: "drama, thriller", campaign) }
        print(
            "forecast 20 of 20 films and 0 of 40 others at \(price); then 30 of 30 films, \(others) of 30 others"
        )
        #expect(others == 0)
        // One that bids less than the floors has nothing, and is told why.
        let cheap = try pair.admin("POST /api/v1/catalog/forecast", try Self.draft(bid: 0.5), at: leader)
        #expect(cheap.json["found"] as? Int == 0, "\(cheap.body)")
        #expect(
            cheap.body.contains("none of ") && cheap.body.contains("\"outcome\": \"floor\""), "\(cheap.body)")
        // Of what stands in the catalog the campaign alone is enough.
        let known = try pair.admin("GET /api/v1/campaigns/\(campaign)", at: leader)
        let again = try pair.admin(
            "POST /api/v1/catalog/forecast", "{\"campaigns\": [\(known.body)]}", at: leader)
        #expect(again.json["found"] as? Int ?? 0 >= 50, "\(again.body)")
    }

    private static func refused(_ pair: Pair, _ leader: RunningCoordinator) throws {
        let path = "POST /api/v1/catalog/forecast"
        for (body, status, field) in [
            ("", 400, "the body"), ("{}", 422, "campaigns"), (#"{"campaigns": [{"id": "x"}]}"#, 422, nil),
            (
                try draft {
                    $0["flight"] = ["start": "2001-01-01T00:00:00Z", "end": "2001-02-01T00:00:00Z"]
                }, 422, nil
            ),
        ] as [(String, Int, String?)] {
            let answer = try pair.admin(path, body, at: leader)
            #expect(answer.status == status, "\(body): \(answer.body)")
            if let field { #expect(answer.json["field"] as? String == field, "\(answer.body)") }
        }
        let elsewhere = try pair.admin(path, try draft(), at: pair.follower())
        #expect(elsewhere.status == 503 && elsewhere.json["leader"] != nil)
        // More than a node may be asked: publishers are all needed, and inventory that is not named is left out.
        let many = try pair.admin(
            path,
            Self.draft("publishers") {
                ["id": "publisher-\($0)", "name": String(repeating: "x", count: 80)]
            },
            at: leader)
        #expect(many.status == 422 && many.json["field"] as? String == "the campaign", "\(many.body)")
        let places = try pair.admin(
            path,
            Self.draft("inventory") {
                [
                    "id": "place-\($0)", "publisher": "streamfront", "address": "com.example.\($0)",
                    "name": String(repeating: "x", count: 80),
                ]
            }, at: leader)
        #expect(
            places.status == 200 && places.body.contains("inventory entries were left out"), "\(places.body)")
    }

    /// A draft with three thousand things more: 300 KiB.
    private static func draft(_ kind: String, _ one: (Int) -> [String: Any]) throws -> String {
        var file = try JSONSerialization.jsonObject(with: Data(draft().utf8)) as? [String: Any] ?? [:]
        file[kind] = (0..<3_000).map(one)
        return String(decoding: try JSONSerialization.data(withJSONObject: file), as: UTF8.self)
    }
}
