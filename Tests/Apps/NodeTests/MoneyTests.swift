// Money on the real program: what was bid and may still be billed never exceeds the budget, by the clients' own
// count, however often the node is killed.
import Foundation
import Testing

/// What clients were promised, by campaign: millionths of the currency's unit.
private struct Truth {
    var promised: [String: Int] = [:]
    var ads = 0

    /// Every bid of an answer may be billed at its price for as long as it is held.
    mutating func take(_ answer: Answer) throws {
        guard answer.status == 200,
            let response = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        else { return }
        for seat in response["seatbid"] as? [[String: Any]] ?? [] {
            for bid in seat["bid"] as? [[String: Any]] ?? [] {
                let campaign = bid["cid"] as? String ?? ""
                let price = try #require(bid["price"] as? Double)
                promised[campaign, default: 0] += Int((price * 1_000).rounded(.up))
                ads += 1
            }
        }
    }
}

@Suite struct MoneyTests {
    /// Two units for each campaign: some dozens of ads.
    private func smallBudgets(_ folder: Folder, lifetime: Int = 2) throws {
        try Demo.copyCatalog(into: folder)
        let text = folder.read("catalog/campaigns.json")
            .replacing(#/"lifetimeBudget": [0-9.]+/#, with: "\"lifetimeBudget\": \(lifetime)")
            .replacing(#/ *"dailyBudget": [0-9.]+,\n/#, with: "")
        try folder.write(text, to: "catalog/campaigns.json")
    }

    private func budgets(_ node: RunningNode) async throws -> [String: [String: Double]] {
        let answer = try #require(try await Wire.get("/v1/budgets", port: node.admin))
        let all = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        let campaigns = try #require(all?["campaigns"] as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: campaigns.compactMap { one in
                guard let id = one["campaign"] as? String, let places = one["lifetime"] as? [String: Double]
                else { return nil }
                return (id, places)
            })
    }

    /// Another viewer each time: caps are not what is tried here.
    private func request() throws -> String {
        let number = UInt32.random(in: 0...UInt32.max)
        return try Demo.request().replacing("viewer-1", with: "viewer-\(number)")
            .replacing("6f1c2d54-77f4", with: String(number, radix: 16, uppercase: false) + "-77f4")
            .replacing("192.0.2.17", with: "192.0.2.\(number % 250)")
    }

    /// Five places and no more, and none of them below zero.
    private func check(_ budgets: [String: [String: Double]]) {
        for (campaign, places) in budgets {
            let sum = ["free", "granted", "settled", "suspense", "presumedSpent"].reduce(0) {
                $0 + (places[$1] ?? .nan)
            }
            let whole = (places["budget"] ?? .nan) + (places["overhang"] ?? .nan)
            #expect(abs(sum - whole) < 1e-9, "\(campaign): \(places)")
            #expect(places.values.allSatisfy { $0 >= 0 }, "\(campaign): \(places)")
        }
    }

    @Test(arguments: [1, 2])
    func killedNodesNeverPromiseMoreThanTheBudget(_ shards: Int) async throws {
        let folder = try Folder()
        try smallBudgets(folder)
        let plan = Plan(shards: shards, catalog: "catalog")
        var truth = Truth()
        for start in 0..<4 {
            let node = try await RunningNode.start(plan, in: folder)
            let before = truth.ads
            // Killed in the middle of load, but for the last time: that one spends what is left.
            try await withThrowingTaskGroup(of: [Answer].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var answers: [Answer] = []
                        for _ in 0..<(start < 3 ? 1_000 : 40) {
                            // A connection that the end cut brought no answer, and so promised nothing.
                            guard let answer = try? await node.bid(request()) else { break }
                            answers.append(answer)
                        }
                        return answers
                    }
                }
                if start < 3 {
                    try await Task.sleep(for: .milliseconds(start == 0 ? 60 : 150))
                    await node.stop()
                }
                for try await answers in group {
                    for answer in answers { try truth.take(answer) }
                }
            }
            #expect(start > 0 || truth.ads > before, "the first start bids")
            for (campaign, promised) in truth.promised {
                #expect(promised <= 2_000_000, "start \(start): \(campaign) promised \(promised)")
            }
            guard start == 3 else { continue }
            let now = try await budgets(node)
            check(now)
            // The ledger knows of everything that was promised.
            for (campaign, promised) in truth.promised {
                let places = now[campaign] ?? [:]
                let known = ["granted", "settled", "suspense", "presumedSpent"].reduce(0) {
                    $0 + (places[$1] ?? 0)
                }
                #expect(known * 1_000_000 >= Double(promised) - 0.5, "\(campaign): \(promised), \(places)")
            }
            await node.stop()
        }
        #expect(truth.ads > 5, "\(truth.ads)")
    }

    @Test func aNodeThatStopsInOrderLeavesNothingInDoubt() async throws {
        let folder = try Folder()
        try smallBudgets(folder)
        let plan = Plan(catalog: "catalog", holdSeconds: 1, graceSeconds: 1)
        let node = try await RunningNode.start(plan, in: folder)
        var truth = Truth()
        try truth.take(#require(try await node.bid(request())))
        #expect(truth.ads > 0, "the first request finds money under marks")
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0)
        let next = try await RunningNode.start(plan, in: folder)
        let suspense = try await budgets(next).values.reduce(0) { $0 + ($1["suspense"] ?? 0) }
        let promised = truth.promised.values.reduce(0, +)
        #expect(abs(suspense * 1_000_000 - Double(promised)) < 0.5, "\(suspense), \(promised)")
        // Nobody bills; when the time for that is over, all is free again.
        try await until("everything is free", within: .seconds(15)) {
            try await budgets(next).values.allSatisfy { $0["suspense"] == 0 && $0["presumedSpent"] == 0 }
        }
        await next.stop()
    }

    @Test func spentBudgetsDoNotCompete() async throws {
        let folder = try Folder()
        try smallBudgets(folder)
        let node = try await RunningNode.start(Plan(catalog: "catalog"), in: folder)
        var last: Answer?
        for _ in 0..<200 { last = try await node.bid(request()) }
        let budgets = try await budgets(node)
        check(budgets)
        #expect(try await node.metric("paceline_budget_refusals_total{reason=\"exhausted\"}") > 0)
        #expect(try await node.metric("paceline_budget_units{place=\"granted\",currency=\"USD\"}") > 0)
        let bids = last.map { $0.body.contains("\"cid\":\"house\"") || $0.status == 204 } ?? false
        #expect(bids, "only what costs next to nothing is left: \(last?.body.prefix(300) ?? "")")
        let told = try await folder.run("paceline budgets http://127.0.0.1:\(node.admin)")
        #expect(told.status == 0 && told.output.contains("aurora-launch"), "\(told)")
        await node.stop()
    }

    /// A catalog that cuts a budget below what is spent: the rest is overhang, and nothing more is bid.
    @Test func aCutIsOverhang() async throws {
        let folder = try Folder()
        try smallBudgets(folder, lifetime: 100)
        let node = try await RunningNode.start(Plan(catalog: "catalog"), in: folder)
        for _ in 0..<20 { _ = try await node.bid(request()) }
        try Demo.edit(folder, "campaigns.json", "\"lifetimeBudget\": 100", "\"lifetimeBudget\": 0.001")
        try await until("the cut holds", within: .seconds(20)) {
            try await budgets(node).values.contains { ($0["overhang"] ?? 0) > 0 }
        }
        check(try await budgets(node))
        await node.stop()
    }
}
