// Nodes of one campaign that are planned together, with real processes: they keep to the plan, whoever leads. A suite of its
// own, as it takes a minute by the clock, in which others run.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"))
struct NodePlanTests {
    /// One of them has twice the requests of each of two others, which are behind a broker; the coordinator that plans for all is killed in
    /// the middle.
    @Test func threeNodesKeepToOnePlanTogether() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        let budget = 8_000_000.0
        try Spending.order(pair, "northwind-winter", "8")
        let flight = SpendingNode.Flight(start: Date(), seconds: 60, budget: 8)
        let broker = try RunningBroker("broker-0", of: pair, ahead: 5)
        // What is kept ahead for each would be a good part of so small a budget.
        let nodes = [
            try SpendingNode("node-a", of: pair, ahead: 5, evenFor: flight),
            try SpendingNode("node-b", of: pair, issuers: [broker.port], ahead: 5, evenFor: flight),
            try SpendingNode("node-c", of: pair, issuers: [broker.port], ahead: 5, evenFor: flight),
        ]
        var billed = [0.0, 0.0, 0.0]
        func spend(until end: Double) throws {
            while Date() < flight.start + end {
                for node in [0, 1, 0, 2] {
                    for ad in try nodes[node].bid() where nodes[node].bill(ad) {
                        billed[node] += Double(ad.price)
                    }
                }
                usleep(10_000)
            }
        }
        // Nobody plans before all nodes had time to speak; meanwhile each spends a few impressions.
        func isPlannedForAll() throws -> Bool {
            let all = try ask(pair.leader().admin, "GET /v1/pacing")?.body ?? ""
            return ["\"node-a\"", "\"broker-0/node-b\"", "\"broker-0/node-c\""].allSatisfy {
                all.contains($0)
            }
        }
        while try !isPlannedForAll() {
            try #require(Date() < flight.start + 40, "no plan: \(nodes[0].log.suffix(2_000))")
            try spend(until: Date().timeIntervalSince(flight.start) + 1)
        }
        let planned = (at: Date().timeIntervalSince(flight.start), spent: billed.reduce(0, +))
        // Three that each planned all of it would have five sixths by then.
        #expect(planned.spent < budget * 3 / 8, "\(planned)")
        // The plan came with one node's words; the others' come within five seconds.
        try Spending.until("all have their parts") {
            nodes.allSatisfy { $0.pacing("northwind-winter")?.isPlanned == true }
        }
        let middle = (planned.at + flight.seconds) / 2
        try spend(until: middle - 5)
        leader.kill(SIGKILL)
        try spend(until: middle)
        let half = (billed.reduce(0, +) - planned.spent) / (budget - planned.spent)
        try spend(until: flight.seconds - 2)
        let all = billed.reduce(0, +)
        print("three nodes of one plan: \(planned), half of it \(half), billed \(billed) of \(budget)")
        // Nodes that each planned all of it would have spent it by then.
        // Tokens keep ten seconds' worth of these minutes.
        #expect((0.3...0.8).contains(half), "\(half)")
        #expect(all <= budget && all > 0.75 * budget, "\(all)")
        // Half by its requests; what each spends before the plan, a tenth of the budget, is the same for all.
        #expect((0.28...0.65).contains(billed[0] / all) && billed.allSatisfy { $0 > 0.1 * all }, "\(billed)")
        #expect(broker.metric("paceline_issuer_refusals") == 0)
        try Spending.isQuiet(pair)
    }
}
