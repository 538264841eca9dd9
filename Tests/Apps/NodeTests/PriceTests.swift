// Prices on the real program: what an ad tag's own auction clears is what the budget pays, and what people are told.
import Foundation
import Glibc
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

    /// The market sells at 3: once exchanges have said so often enough, a line item worth 4.2 bids little more than that,
    /// and what was bid is made again from the journal alone.
    @Test func aMarketIsLearntAndReplayed() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try Demo.edit(folder, "line-items.json", "\"bid\": 4.2,", "\"bid\": 4.2, \"bidShading\": true,")
        let plan = Plan(
            catalog: "catalog", notices: "http://notices.test", decision: ["bidOutcomeSeconds": 1],
            accessOneIn: 0)
        let body = try Demo.request("banner")
        func bid(_ node: RunningNode) async throws -> (price: Double, answer: Answer, loss: String) {
            let answer = try #require(try await node.bid(body))
            let price = try #require(answer.body.firstMatch(of: #/"price":([0-9.]+)/#)?.output.1)
            let loss = try #require(
                answer.body.replacing("\\/", with: "/").firstMatch(
                    of: #/notices\.test(/e/loss\?t=[A-Za-z0-9_-]+)/#)?
                    .output.1)
            return (try #require(Double(price)), answer, String(loss))
        }
        try await Places.shared.take()
        defer { Task { await Places.shared.give() } }
        let node = try await RunningNode.start(plan, in: folder, seconds: 300)
        for _ in 0..<80 {
            let one = try await bid(node)
            #expect(one.price <= 4.2)
            // Lost all the same, to a bid on a deal that was no higher.
            #expect(try await Wire.get("\(one.loss)&r=103&m=3", port: node.port)?.status == 204)
        }
        try await Task.sleep(for: .milliseconds(1_200))
        var last = try await bid(node)
        for _ in 0..<40 where last.price == 4.2 { last = try await bid(node) }
        #expect(last.price >= 3 && last.price < 3.7, "\(last.price)")
        #expect(try await node.metric("paceline_shading_outcomes_total{outcome=\"lost\"}") >= 64)
        let id = try #require(last.answer.header("paceline-decision"))
        try await node.hasWritten()
        let told = try await folder.run(
            "paceline explain \(id) --journal journal --catalogs state", seconds: 120)
        #expect(told.status == 0 && told.output.contains("of the 4.2 that it is worth, where"), "\(told)")
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0, "\(node.log)")

        // Another start knows the market from the journal, and asks nobody first.
        let next = try await RunningNode.start(plan, in: folder, seconds: 300)
        #expect(try await next.metric("paceline_shading_markets") == 1)
        var first = try await next.bid(body)
        try await until("there is money") {
            first = try await next.bid(body)
            return first?.status == 200
        }
        let price = try #require(first?.body.firstMatch(of: #/"price":([0-9.]+)/#)?.output.1)
        #expect(Double(price) == last.price, "\(price) after a start, \(last.price) before it")
        await next.stop()
        let replayed = try await folder.run("paceline replay journal --catalogs state", seconds: 120)
        #expect(
            replayed.status == 0 && replayed.output.contains(", 0 different; 0 not replayed"), "\(replayed)")
    }
}
