// `POST /openrtb2/bid` on a running node: bids, no-bids with their reason, refusals with their place.
import Foundation
import Testing

@Suite struct BidTests {
    private func withDecisions(_ driver: String = "auto", _ body: (RunningNode) async throws -> Void)
        async throws
    {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(reactor: driver, catalog: "catalog"), in: folder, body)
    }

    @Test(arguments: drivers)
    func aBreakIsFilled(_ driver: String) async throws {
        try await withDecisions(driver) { node in
            let answer = try #require(try await node.bid(Demo.request()))
            #expect(answer.status == 200 && answer.header("content-type") == "application/json", "\(answer)")
            #expect(answer.header("x-openrtb-version") == "2.6")
            let response = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            let seats = response?["seatbid"] as? [[String: Any]]
            let bids = try #require(seats?.first?["bid"] as? [[String: Any]])
            #expect(response?["id"] as? String == "break-20261120-1" && !bids.isEmpty)
            #expect(bids.allSatisfy { ($0["adm"] as? String)?.contains("<VAST version=\"4.2\"") == true })
            #expect(try await node.metric("paceline_decisions_total{result=\"bid\",reason=\"\"}") == 1)
            #expect(try await node.metric("paceline_ads_total") == Double(bids.count))
            #expect(try await node.metric("paceline_decision_seconds_count") == 1)
        }
    }

    @Test func noBidsSayWhy() async throws {
        let banner = #"{"id":"a\"b","imp":[{"id":"1","banner":{}}]}"#
        try await withDecisions { node in
            let empty = try #require(try await node.bid(banner))
            #expect(empty.status == 204 && empty.body.isEmpty && empty.header("content-length") == nil)
            #expect(
                empty.header("content-type") == nil && empty.header("paceline-no-bid") == "nothing_targeted")
            #expect(try await node.bid(banner, path: "/openrtb2/bid?nbr=0")?.status == 204)
            let said = try #require(try await node.bid(banner, path: "/openrtb2/bid?cb=7&nbr=1"))
            #expect(said.status == 200 && said.body == #"{"id":"a\"b","nbr":504}"#, "\(said)")
            #expect(try await node.bid(banner, path: "/openrtb2/bid?nbr=yes")?.status == 400)
            let reason = "paceline_decisions_total{result=\"no_bid\",reason=\"nothing_targeted\"}"
            #expect(try await node.metric(reason) == 3)
        }
    }

    @Test(arguments: [
        ("", "", "one JSON object in UTF-8"), ("{}", "id", "a string that is not empty"),
        ("[1]", "", "an object"), (#"{"id":"1","imp":[]}"#, "imp", "at least one impression"),
        (#"{"id":"1","imp":[{"id":"1","video":{"mimes":7}}]}"#, "imp[0].video.mimes", "an array"),
    ])
    func refusalsSayWhere(_ body: String, _ path: String, _ allowed: String) async throws {
        try await withDecisions { node in
            let answer = try #require(try await node.bid(body))
            #expect(answer.status == 400)
            let said = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
            #expect(said["path"] as? String == path && said["line"] as? Int == 1, "\(answer.body)")
            #expect((said["allowed"] as? String)?.contains(allowed) == true, "\(answer.body)")
            #expect(try await node.metric("paceline_decisions_total{result=\"refused\",reason=\"\"}") == 1)
        }
    }

    @Test func otherKindsOfBodyAreRefused() async throws {
        try await withDecisions { node in
            let request = try Demo.request()
            for type in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded"] {
                #expect(
                    try await node.bid(request, header: "content-type: \(type)")?.status == 415, "\(type)")
            }
            for type in ["Application/JSON", "application/json; charset=utf-8", "application/json ;a=b"] {
                #expect(
                    try await node.bid(request, header: "content-type: \(type)")?.status == 200, "\(type)")
            }
            #expect(try await node.bid(request, header: "x: y")?.status == 200)
            let packed = try #require(try await node.bid(request, header: "content-encoding: gzip"))
            #expect(packed.status == 415 && packed.header("accept-encoding") == "identity")
            let large = "{\"id\":\"" + String(repeating: "x", count: 300 * 1024) + "\"}"
            #expect(try await node.bid(large)?.status == 413)
            #expect(try await Wire.get("/openrtb2/bid", port: node.port)?.status == 405)
        }
    }

    @Test func withoutACatalogThereIsNoSuchPath() async throws {
        try await withNode { node in
            let answer = try await node.bid(Demo.request())
            #expect(answer?.status == 404)
        }
    }
}
