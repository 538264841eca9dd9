// Pacing on the real program: of two campaigns that could both have every request, one spends its budget along its plan
// and the other at once; and what was held back is in the record, made again and explained.
import Foundation
import Testing

@Suite struct PacingTests {
    private static let seconds = 45
    /// 4.2 for a thousand impressions: what one costs, in millionths.
    private static let price = 4_200

    /// `calm` is even, over three quarters of a minute that begin now; `hasty` bids less and waits for nothing.
    private func write(_ folder: Folder) throws {
        try Demo.copyCatalog(into: folder)
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        func text(_ date: Date) -> String { date.formatted(.iso8601) }
        let flight = "{\"start\": \"\(text(now))\", \"end\": \"\(text(now + Double(Self.seconds)))\"}"
        func campaign(_ id: String, _ pacing: String) -> String {
            """
            {"id": "\(id)", "advertiser": "harvest", "name": "\(id)", "flight": \(flight),
             "lifetimeBudget": 2.1, "pacing": "\(pacing)", "goal": "cpm", "goalValue": 4.2},
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
        try Demo.edit(
            folder, "line-items.json", "\"lineItems\": [",
            "\"lineItems\": [\(lineItem("calm", 4.2))\(lineItem("hasty", 4.19))")
        // Nobody else may have these requests.
        try Demo.edit(
            folder, "line-items.json", "\"id\": \"harvest-pages\",",
            "\"id\": \"harvest-pages\", \"paused\": true,")
    }

    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    private func campaign(_ answer: Answer) throws -> String? {
        guard answer.status == 200 else { return nil }
        let seats = try object(answer.body)["seatbid"] as? [[String: Any]]
        return (seats?.first?["bid"] as? [[String: Any]])?.first?["cid"] as? String
    }

    @Test func evenSpendsAlongItsPlanAndAsapAtOnce() async throws {
        let folder = try Folder()
        let request = try Demo.request("banner")
        try await Places.shared.take()
        // The flight begins now, and not before the other tests' nodes have ended.
        try write(folder)
        let node = try await RunningNode.start(
            Plan(shards: 2, catalog: "catalog", accessOneIn: 0), in: folder, seconds: 120)
        let began = ContinuousClock.now
        var spent: [(at: Double, calm: Int, hasty: Int)] = []
        var (calm, hasty, sent) = (0, 0, 0)
        var heldBack: [String] = []
        while ContinuousClock.now - began < .seconds(Self.seconds - 4) {
            let answer = try #require(try await node.bid(request))
            sent += 1
            let winner = try campaign(answer)
            if winner == "calm" { calm += 1 }
            if winner == "hasty" { hasty += 1 }
            let at =
                Double((ContinuousClock.now - began).components.attoseconds) / 1e18
                + Double((ContinuousClock.now - began).components.seconds)
            spent.append((at, calm, hasty))
            // Both may bid then, and the other one bids more.
            if winner == "hasty", at > 3, let id = answer.header("paceline-decision") { heldBack.append(id) }
            try await Task.sleep(for: .milliseconds(8))
        }
        // Five hundred impressions each; there were requests for several times as many.
        try #require(sent > 1_500, "this machine is too slow to say anything: \(sent) requests")
        let last = try #require(spent.last)
        #expect(abs(last.hasty - 501) <= 1 && last.calm > 400 && last.calm <= 500, "\(last)")
        let half = try #require(spent.first { $0.hasty >= 450 })
        // Where the machine stands still, or answers a few requests a second, a plan by the clock says nothing of the pacing.
        let stall = zip(spent, spent.dropFirst()).map { $1.at - $0.at }.max() ?? 0
        let isSteady = stall < 0.5 && sent > 2_000
        if isSteady { #expect(half.calm < 350, "calm had \(half.calm) when hasty was nearly done") }
        // The node started a second or two into the flight and planned what was left over the rest of it.
        let whole = Double(Self.seconds) - 2
        let worst = spent.map { abs(Double($0.calm) - 500 * $0.at / whole) }.max() ?? 0
        // A second is eleven impressions.
        if isSteady { #expect(worst < 175, "strayed by \(worst) impressions") }
        print("pacing: \(sent) requests, a stall of \(stall) s, strayed by \(worst), \(half.calm) beside 450")
        let shown = try object(try #require(try await Wire.get("/v1/pacing", port: node.admin)).body)
        let all = try #require(shown["campaigns"] as? [[String: Any]])
        let share = try #require(all.first { $0["campaign"] as? String == "calm" }?["share"] as? Double)
        #expect(share >= 0 && share <= 1)
        let metrics = try #require(try await Wire.get("/metrics", port: node.admin)).body
        let count = try #require(metrics.firstMatch(of: /paceline_pacing_held_back_total\S* ([0-9]+)/)?.1)
        #expect(Int(count) ?? 0 > 100, "\(count)")
        #expect(metrics.contains(/paceline_pacing_campaigns\{state="held"\} [01]/))
        try await Task.sleep(for: .milliseconds(100))
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        await Places.shared.give()
        try await check(folder, sent, heldBack)
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
