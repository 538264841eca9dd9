// Pacing on the real program: of two campaigns that could both have every request, one spends its budget along its plan
// and the other at once; and what was held back is in the record, made again and explained.
import Foundation
import Testing

@Suite struct PacingTests {
    private static let seconds = 45
    /// Millionths for an impression: 4.2 and 4.19 for a thousand.
    private static let prices = (calm: 4_200, hasty: 4_190)
    private static let pause = Duration.milliseconds(8)

    /// `calm` is even, from now on; `hasty` bids less and waits for nothing.
    private func write(_ folder: Folder, impressions: Int, lasting: Int = seconds) throws {
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        func text(_ date: Date) -> String { date.formatted(.iso8601) }
        let flight = "{\"start\": \"\(text(now))\", \"end\": \"\(text(now + Double(lasting)))\"}"
        let budget = Double(impressions * Self.prices.calm) / 1e6
        func campaign(_ id: String, _ pacing: String) -> String {
            """
            {"id": "\(id)", "advertiser": "harvest", "name": "\(id)", "flight": \(flight),
             "lifetimeBudget": \(budget), "pacing": "\(pacing)", "goal": "cpm", "goalValue": 4.2},
            """
        }
        func lineItem(_ id: String, _ bid: Double) -> String {
            """
            {"id": "\(id)-pages", "campaign": "\(id)", "name": "\(id)", "bid": \(bid),
             "creatives": ["harvest-bowl-banner"], "targeting": {"country": ["USA"]}},
            """
        }
        try Demo.edit(
            folder, "campaigns.json", "\"campaigns\": [",
            "\"campaigns\": [\(campaign("calm", "even"))\(campaign("hasty", "asap"))")
        // Nobody else may have these requests.
        try Demo.edit(
            folder, "line-items.json", "\"id\": \"harvest-pages\",",
            "\"id\": \"harvest-pages\", \"paused\": true,")
        try Demo.edit(
            folder, "line-items.json", "\"lineItems\": [",
            "\"lineItems\": [\(lineItem("calm", 4.2))\(lineItem("hasty", 4.19))")
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    private func campaign(_ answer: Answer) throws -> String? {
        guard answer.status == 200 else { return nil }
        let seats = try object(answer.body)["seatbid"] as? [[String: Any]]
        return (seats?.first?["bid"] as? [[String: Any]])?.first?["cid"] as? String
    }

    /// A flight of three quarters of a minute in which there are requests for eight times what each of them may have, however
    /// fast this machine is: that is measured first.
    @Test func evenSpendsAlongItsPlanAndAsapAtOnce() async throws {
        let folder = try Folder()
        let request = try Demo.request("banner")
        try Demo.copyCatalog(into: folder)
        try await Places.shared.take()
        let node = try await RunningNode.start(
            Plan(shards: 2, catalog: "catalog", accessOneIn: 0), in: folder, seconds: 120)
        func seconds(since began: ContinuousClock.Instant) -> Double {
            let passed = (ContinuousClock.now - began).components
            return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
        }
        let warmed = ContinuousClock.now
        var sent = 0
        while sent < 20 || seconds(since: warmed) < 2 {
            _ = try await node.bid(request)
            sent += 1
            try await Task.sleep(for: Self.pause)
        }
        let impressions = min(max(Int(Double(sent) / seconds(since: warmed) * 45 / 8), 30), 500)
        let before = try await node.catalogVersion()
        try write(folder, impressions: impressions)
        while try await node.catalogVersion() == before { try await Task.sleep(for: .milliseconds(50)) }
        let began = ContinuousClock.now
        let warmUp = sent
        var spent: [(at: Double, calm: Int, hasty: Int)] = []
        var (calm, hasty) = (0, 0)
        var heldBack: [String] = []
        while seconds(since: began) < Double(Self.seconds - 5) {
            let answer = try #require(try await node.bid(request))
            sent += 1
            let winner = try campaign(answer)
            if winner == "calm" { calm += 1 }
            if winner == "hasty" { hasty += 1 }
            spent.append((seconds(since: began), calm, hasty))
            // Both may bid then, and the other one bids more.
            if winner == "hasty", seconds(since: began) > 2, let id = answer.header("paceline-decision") {
                heldBack.append(id)
            }
            try await Task.sleep(for: Self.pause)
        }
        let last = try #require(spent.last)
        // A second or two of the flight had passed when the node began with it, and it planned what was left.
        let whole = Double(Self.seconds) - 2
        let ahead = spent.map { Double($0.calm) / Double(impressions) - $0.at / whole }.max() ?? 0
        // What tokens keep, ten seconds' worth, and what may be spent before the traffic is known.
        #expect(ahead < 0.35 + 12 / Double(impressions), "ahead by \(ahead)")
        // Money may be late for a moment, or the machine much slower than it was at first.
        let hadEnough = sent - warmUp > 5 * impressions
        if hadEnough {
            let all = impressions * Self.prices.calm / Self.prices.hasty
            #expect(abs(last.hasty - all) <= 1, "\(last) of \(all)")
            #expect(last.calm <= impressions && last.calm > impressions * 3 / 4, "\(last) of \(impressions)")
            let nearlyDone = try #require(spent.first { $0.hasty * 10 >= all * 9 })
            #expect(
                Double(nearlyDone.calm) / Double(impressions) < 0.4 + nearlyDone.at / whole,
                "\(nearlyDone) of \(impressions)")
        }
        print("pacing: \(sent) requests, \(impressions) impressions each, ahead by at most \(ahead), \(last)")
        let shown = try object(try #require(try await Wire.get("/v1/pacing", port: node.admin)).body)
        let all = try #require(shown["campaigns"] as? [[String: Any]])
        let share = try #require(all.first { $0["campaign"] as? String == "calm" }?["share"] as? Double)
        #expect(share >= 0 && share <= 1)
        let metrics = try #require(try await Wire.get("/metrics", port: node.admin)).body
        let count = try #require(metrics.firstMatch(of: /paceline_pacing_held_back_total\S* ([0-9]+)/)?.1)
        #expect(Int(count) ?? 0 > (sent - warmUp) / 4, "\(count)")
        #expect(metrics.contains(/paceline_pacing_campaigns\{state="held"\} [01]/))
        try await Task.sleep(for: .milliseconds(100))
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        await Places.shared.give()
        try await check(folder, sent, heldBack)
    }

    /// Whoever tries a node sees ads from the first request on, though the campaign's plan has an impression a minute.
    @Test func whoComesFirstIsServed() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try write(folder, impressions: 2_000, lasting: 86_400)
        try await Places.shared.take()
        let node = try await RunningNode.start(
            Plan(catalog: "catalog", accessOneIn: 0), in: folder, seconds: 120)
        var calm = 0
        let request = try Demo.request("banner")
        // Half a hundredth of its plan are ten impressions.
        for _ in 0..<8 {
            if try campaign(try #require(try await node.bid(request))) == "calm" { calm += 1 }
        }
        #expect(calm == 8)
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        await Places.shared.give()
    }

    /// Places whose floors differ: the node sees it, holds the campaign to its plan by the price of its budget, and says so of
    /// whom the price leaves out. Its record decides the same.
    @Test func whereFloorsDifferAPriceHoldsTheCampaign() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await Places.shared.take()
        let node = try await RunningNode.start(
            Plan(shards: 2, catalog: "catalog", accessOneIn: 0), in: folder, seconds: 120)
        // The floor is all that is known of what an impression costs.
        let request = try Demo.request("banner").replacingOccurrences(of: "\"at\": 1", with: "\"at\": 2")
        let floor = try #require(request.firstMatch(of: /"bidfloor": *[0-9.]+/)?.0)
        // How fast this machine is: the campaign is to buy one request in twelve of two minutes and a half.
        let warmed = ContinuousClock.now
        var (sent, prices): (Int, [Double]) = (0, [])
        while ContinuousClock.now - warmed < .seconds(3) {
            _ = try await node.bid(request)
            sent += 1
            try await Task.sleep(for: Self.pause)
        }
        let before = try await node.catalogVersion()
        try write(folder, impressions: max(sent * 50 / 12, 150), lasting: 150)
        while try await node.catalogVersion() == before { try await Task.sleep(for: .milliseconds(50)) }
        let began = ContinuousClock.now
        var unsold: [String] = []
        while ContinuousClock.now - began < .seconds(75), unsold.count < 60 {
            for step in 0..<40 {
                let least = 0.4 + 0.09 * Double(step * 7 % 40)
                let asked = request.replacingOccurrences(of: floor, with: "\"bidfloor\": \(least)")
                let answer = try #require(try await node.bid(asked))
                sent += 1
                if try campaign(answer) != "calm", let id = answer.header("paceline-decision"),
                    prices.last ?? 0 > 1.5, least > 3.2
                {
                    unsold.append(id)
                }
                try await Task.sleep(for: Self.pause)
            }
            let shown = try object(try #require(try await Wire.get("/v1/pacing", port: node.admin)).body)
            let all = try #require(shown["campaigns"] as? [[String: Any]])
            if let price = all.first(where: { $0["campaign"] as? String == "calm" })?["price"] as? Double {
                prices.append(price)
            }
        }
        #expect(prices.max() ?? 0 > 1.5, "\(prices)")
        let metrics = try #require(try await Wire.get("/metrics", port: node.admin)).body
        let count = try #require(metrics.firstMatch(of: /paceline_pacing_under_price_total\S* ([0-9]+)/)?.1)
        #expect(Int(count) ?? 0 > 0, "\(count)")
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        await Places.shared.give()
        let replayed = try await folder.run(
            "paceline replay journal --catalogs state --json", seconds: 120)
        let tally = try object(replayed.output)
        #expect(
            replayed.status == 0 && tally["decisions"] as? Int == sent && tally["same"] as? Int == sent,
            "\(replayed)")
        var said = 0
        for id in unsold.enumerated().filter({ $0.offset % 2 == 0 }).map(\.element) {
            let explained = try await folder.run(
                "paceline explain \(id) --journal journal --catalogs state", seconds: 120)
            #expect(explained.output.contains("made again: the same"), "\(explained)")
            if explained.output.contains(
                /calm-pages: it brings less .*: it brings 4.2 for [0-9.]+, and a unit of its campaign's money is to bring [0-9.]+/
            ) {
                said += 1
            }
        }
        print("pacing: prices \(prices), \(sent) requests, \(count) under the price, \(said) explained")
        #expect(said > 0, "\(unsold.count) decisions")
    }

    /// Every decision is made again to the same bytes, and where the campaign was held back it is said by which lot. Its
    /// money may not have been at hand for a moment instead: some of a few say so.
    private func check(_ folder: Folder, _ sent: Int, _ heldBack: [String]) async throws {
        let replayed = try await folder.run(
            "paceline replay journal --catalogs state --json", seconds: 120)
        let tally = try object(replayed.output)
        #expect(
            replayed.status == 0 && tally["decisions"] as? Int == sent && tally["same"] as? Int == sent,
            "\(replayed)")
        var said = 0
        for id in heldBack.prefix(200).enumerated().filter({ $0.offset % 40 == 0 }).map(\.element) {
            let explained = try await folder.run(
                "paceline explain \(id) --journal journal --catalogs state", seconds: 120)
            #expect(
                explained.status == 0 && explained.output.contains("made again: the same"), "\(explained)")
            guard explained.output.contains("pacing: one line item was held back") else { continue }
            #expect(
                explained.output.contains(
                    /it competes for [0-9.]+ % of the requests, and drew [0-9.]+ %/),
                "\(explained.output)")
            said += 1
        }
        #expect(said > 0, "\(heldBack.count) decisions")
    }
}
