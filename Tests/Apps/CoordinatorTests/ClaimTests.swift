// Bills of a node's ads that come to another node, with real processes: a lost node's are invoiced, each once, whoever else is told of
// them, and however late its issuer hears of it.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct ClaimTests {
    private static func sum(_ ads: some Sequence<SpendingNode.Ad>) -> Int64 {
        ads.reduce(0) { $0 + $1.price }
    }

    /// How many claims the root has, and of how many of those the journal of their own node has spoken.
    private static func claims(_ pair: Pair) throws -> [String] {
        try pair.sql("select count(*), count(*) filter (where is_merged) from paceline.claims")[0]
    }

    private static func claims(_ node: SpendingNode, _ outcome: String) -> Double? {
        node.metric("paceline_claims_total{outcome=\"\(outcome)\"}")
    }

    /// In three regions, each node behind a broker of its own; and the first one comes back.
    @Test func billsOfALostNodeAreTakenElsewhereAndCountOnce() throws {
        let pair = try Pair(lease: 6)
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let brokers = try ["broker-0", "broker-1", "broker-2"].map {
            try RunningBroker($0, of: pair, window: 4)
        }
        var lost = try SpendingNode("node-a", of: pair, issuers: [brokers[0].port])
        let near = try SpendingNode("node-b", of: pair, issuers: [brokers[1].port], keysOf: lost)
        let far = try SpendingNode("node-c", of: pair, issuers: [brokers[2].port], keysOf: lost)
        var ads = try Spending.ads(lost, 30)
        for ad in ads[..<5] { #expect(lost.bill(ad)) }
        // Of a node that lives: it hears of them with its next renewals, and its journal takes them in.
        for ad in ads[5..<8] { #expect(near.bill(ad)) }
        try Spending.until("a live node takes its bills in") { try Self.claims(pair) == ["3", "3"] }
        #expect(lost.bill(ads[5]))
        try Spending.until("nothing is to be heard of them any more", 40) {
            Self.claims(near, "acknowledged") == 3 && near.metric("paceline_claims_unmerged") == 0
        }

        lost.kill(SIGKILL)
        _ = lost.end()
        // One is billed at twice what was bid: the rest is late.
        let bid = ads[8].price
        let price = try #require(ads[8].bill.firstMatch(of: /[?&]p=([0-9.]+)/)?.output.1)
        ads[8].bill = ads[8].bill.replacing("p=\(price)", with: "p=\(2 * Double(price)!)")
        for ad in ads[8...] { #expect(near.bill(ad)) }
        for ad in ads[8..<18] { #expect(near.bill(ad)) }
        for ad in ads[12...] { #expect(far.bill(ad)) }
        let all = Self.sum(ads)
        func isAll() throws -> Bool {
            try abs(Spending.root(pair, "settled") - all) <= Int64(ads.count)
                && abs(Spending.root(pair, "late") - bid) <= 2
        }
        try Spending.until("the root has all: \(all)") { try isAll() }
        try Spending.until("both have told it") {
            Self.claims(near, "counted") == 25 && Self.claims(far, "counted") == 18
        }
        #expect(try Self.claims(pair) == ["25", "3"])
        #expect(near.metric("paceline_notices_total{event=\"bill\",outcome=\"claimed\"}") == 25)
        #expect(near.metric("paceline_notices_total{event=\"bill\",outcome=\"duplicate\"}") == 10)
        #expect(near.metric("paceline_claims_waiting") == 0)
        // What nobody has signed is no claim.
        var forged = ads[9]
        forged.bill.replace(#/([?&]t=.{40})./#) { "\($0.1)\($0.0.last == "A" ? "B" : "A")" }
        #expect(ask(near.port, "GET \(forged.bill)")?.status == 403)
        try Spending.isQuiet(pair)
        let shown = ask(try pair.leader().admin, "GET /api/v1/ledger/suspense")?.json["accounts"]
        let account = try #require((shown as? [[String: Any]])?.first)
        #expect(account["claims"] as? Int == 22 && account["oldestClaim"] is String, "\(account)")

        // Its exchange tells it some of them too, when it is back.
        lost = try SpendingNode("node-a", of: pair, issuers: [brokers[0].port])
        for ad in ads[18..<22] { #expect(lost.bill(ad)) }
        try Spending.until("its journal has spoken of all", 40) { try Self.claims(pair) == ["25", "25"] }
        #expect(try isAll())
        try Spending.until("nobody has to keep them", 70) {
            [near, far].allSatisfy {
                $0.metric("paceline_claims_unmerged") == 0 && $0.metric("paceline_claims_waiting") == 0
            }
        }
        #expect(try isAll())
        for node in [lost, near, far] { #expect(node.metric("paceline_issuer_refusals") == 0) }
        try Spending.isQuiet(pair)
    }

    @Test func aBillThatNobodyCouldBeToldOfComesToTheRootLater() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let lost = try SpendingNode("node-a", of: pair)
        var near = try SpendingNode("node-b", of: pair, keysOf: lost)
        let ads = try Spending.ads(lost, 20)
        lost.kill(SIGKILL)
        _ = lost.end()
        for one in pair.all { one.kill(SIGSTOP) }
        // It does not wait for anybody, and says so when it has them on its disk.
        for ad in ads[..<10] { #expect(near.bill(ad)) }
        try Spending.until("it keeps them") { near.metric("paceline_claims_waiting") == 10 }
        #expect(near.metric("paceline_claims_oldest_seconds") ?? 0 > 0)
        near.kill(SIGKILL)
        _ = near.end()
        near = try SpendingNode("node-b", of: pair)
        #expect(near.metric("paceline_claims_waiting") == 10)
        for ad in ads { #expect(near.bill(ad)) }
        #expect(near.metric("paceline_notices_total{event=\"bill\",outcome=\"duplicate\"}") == 10)
        for one in pair.all { one.kill(SIGCONT) }
        _ = leader
        let all = Self.sum(ads)
        try Spending.until("the root has all: \(all)", 40) {
            abs(try Spending.root(pair, "settled") - all) <= Int64(ads.count)
        }
        #expect(try Self.claims(pair) == ["20", "0"])
        #expect(near.metric("paceline_issuer_refusals") == 0)
        try Spending.isQuiet(pair)
    }
}
