// Prices on the real program: what an ad tag's own auction clears is what the budget pays, and what people are told.
import Foundation
import Testing

@Suite struct PriceTests {
    /// Millionths of the currency's unit of the whole lifetime of a campaign.
    private func budget(_ node: RunningNode, _ campaign: String) async throws -> [String: Int] {
        let answer = try #require(try await Wire.get("/v1/budgets", port: node.admin))
        let all = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        let campaigns = try #require(all?["campaigns"] as? [[String: Any]])
        let one = try #require(campaigns.first { $0["campaign"] as? String == campaign })
        let places = try #require(one["lifetime"] as? [String: Double])
        return places.mapValues { Int(($0 * 1e6).rounded()) }
    }

    @Test func anAdTagPaysWhatItsAuctionClears() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = Plan(catalog: "catalog", notices: "http://notices.test", accessOneIn: 0)
        try await withNode(plan, in: folder) { node in
            // Worth 40.5 to the only one; the publisher's soft floor is 24.
            let answer = try #require(
                try await Wire.get("/vast?pub=streamfront&genre=cooking&country=USA&dur=15", port: node.port))
            let document = answer.body
            try #require(document.contains("harvest-bowl-15"), "\(answer)")
            let imp = try #require(
                document.firstMatch(of: #/notices\.test(/e/imp\?t=[A-Za-z0-9_-]+)/#)?.output.1)
            #expect(try await Wire.get(String(imp), port: node.port)?.status == 204)
            try await until("24 for a thousand are settled") {
                try await budget(node, "harvest-dinner")["settled"] == 24_000
            }
            let id = try #require(answer.header("paceline-decision"))
            let told = try await folder.run(
                "paceline explain \(id) --journal journal --catalogs state", seconds: 120)
            #expect(told.status == 0, "\(told)")
            #expect(told.output.contains("bids 40.5 and pays the soft floor; the floor is 14.5"), "\(told)")
        }
    }

    @Test func bannersLeadToTheirPages() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = Plan(catalog: "catalog", notices: "http://notices.test", accessOneIn: 0)
        try await withNode(plan, in: folder) { node in
            let answer = try #require(try await node.bid(Demo.request("banner")))
            let response = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            let seats = try #require(response?["seatbid"] as? [[String: Any]])
            let bid = try #require((seats.first?["bid"] as? [[String: Any]])?.first)
            let adm = try #require(bid["adm"] as? String).replacing("&amp;", with: "&")
            func path(_ event: String) throws -> String {
                let all = adm.matches(of: #/notices\.test(/e/[^"]+)"/#).map { String($0.output.1) }
                return try #require(all.first { $0.hasPrefix("/e/\(event)?") }, "\(adm)")
            }
            let picture = try #require(try await Wire.get(path("imp"), port: node.port))
            #expect(picture.status == 200 && picture.header("content-type") == "image/gif")
            let click = try #require(try await Wire.get(path("click"), port: node.port))
            #expect(click.status == 302)
            #expect(click.header("location") == "https://order.harvesttable.example/bowl")
        }
    }

    @Test func audioIsAnswered() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            let answer = try #require(try await node.bid(Demo.request("audio")))
            #expect(answer.status == 200 && answer.body.contains("\"mtype\":3"), "\(answer)")
            #expect(answer.body.contains("audio/mpeg"))
        }
    }
}
