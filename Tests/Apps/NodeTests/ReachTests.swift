// Money of ads that nobody bills, on the real program: free when its time is over where somebody reached the notices' addresses
// throughout, and kept until the exchange's last bill where nobody did, also by a start that follows.
import Foundation
import Testing

@Suite struct ReachTests {
    private func plan(lastBill: Int) -> Plan {
        Plan(
            catalog: "catalog", notices: "http://notices.test", holdSeconds: 1, graceSeconds: 2,
            lastBillSeconds: lastBill, reachGapSeconds: 1)
    }

    /// Some ads, which nobody bills; how many.
    private func show(_ node: RunningNode) async throws -> Int {
        var ads = 0
        for number in 0..<4 where ads == 0 {
            let request = try Demo.request().replacing("viewer-1", with: "viewer-\(number)")
            let answer = try #require(try await node.bid(request))
            ads = answer.body.components(separatedBy: "\"cid\"").count - 1
        }
        #expect(ads > 0, "there is money under marks")
        return ads
    }

    private func kept(_ node: RunningNode) async throws -> Int {
        Int(try await node.metric("paceline_reservations_kept"))
    }

    @Test func whatNobodyReachedIsKeptUntilTheLastBillAndByAStart() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = plan(lastBill: 12)
        let node = try await RunningNode.start(plan, in: folder)
        let shown = ContinuousClock.now
        let ads = try await show(node)
        try await until("it is kept beyond its time", within: .seconds(8)) { try await kept(node) == ads }
        await node.stop()
        let next = try await RunningNode.start(plan, in: folder)
        // From here on somebody comes; what was not reached before stays so.
        while ContinuousClock.now - shown < .seconds(10) {
            _ = try await Wire.get("/e/reach", port: next.port)
            try await Task.sleep(for: .milliseconds(200))
        }
        #expect(try await kept(next) == ads, "a start does not forget that nobody came")
        try await until("the last bill's time is over", within: .seconds(10)) { try await kept(next) == 0 }
        #expect(ContinuousClock.now - shown > .seconds(12), "not before it")
        await next.stop()
    }

    @Test func whatWasReachedThroughoutIsFreeAtItsTime() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let node = try await RunningNode.start(plan(lastBill: 50), in: folder)
        let answer = try #require(try await Wire.get("/e/reach", port: node.port))
        #expect(answer.status == 204)
        let shown = ContinuousClock.now
        _ = try await show(node)
        while ContinuousClock.now - shown < .seconds(6) {
            _ = try await Wire.get("/e/reach", port: node.port)
            #expect(try await kept(node) == 0)
            try await Task.sleep(for: .milliseconds(200))
        }
        let budgets = try #require(try await Wire.get("/v1/budgets", port: node.admin))
        #expect(budgets.status == 200)
        #expect(try await node.metric("paceline_notices_reached_age_seconds") < 5)
        // It ends in order, so that no mark is in doubt: what the next start finds open would be in suspense there.
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0)
        let next = try await RunningNode.start(plan(lastBill: 50), in: folder)
        #expect(try await next.metric("paceline_budget_units{place=\"suspense\",currency=\"USD\"}") == 0)
        await next.stop()
    }
}
