// Nodes that spend a budget that is kept at the root, with real processes: what they billed is there once, whatever is killed,
// and together they never spend more than there is.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct NodeJoinTests {
    @Test func whatIsBilledIsAtTheRootOnceThoughTheNodeIsKilled() throws {
        let pair = try Pair(lease: 6)
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        var node = try SpendingNode("node-a", of: pair)
        let ads = try Spending.ads(node, 40)
        // A campaign that the root does not know has no money, and says so.
        #expect(ads.allSatisfy { $0.campaign == "northwind-winter" })
        try Spending.until("it is told") { node.trouble("aurora-launch") == "noAccount" }
        #expect(node.trouble("northwind-winter") == "")
        let last = try #require(try Spending.ads(node, 1).last)
        try Spending.until("its decisions say so too") {
            node.explanation(last).contains("no account is open for its campaign")
        }
        for ad in ads.prefix(20) { #expect(node.bill(ad)) }
        let half = ads.prefix(20).reduce(Int64(0)) { $0 + $1.price }
        try Spending.until("the root has half: \(half)") {
            abs(try Spending.root(pair, "settled") - half) <= 20
        }
        // Killed while bills come.
        for ad in ads[20..<30] { #expect(node.bill(ad)) }
        node.kill(SIGKILL)
        _ = node.end()
        node = try SpendingNode("node-a", of: pair)
        for ad in ads { #expect(node.bill(ad)) }
        let all = ads.reduce(Int64(0)) { $0 + $1.price }
        try Spending.until("the root has all: \(all)") { abs(try Spending.root(pair, "settled") - all) <= 40 }
        #expect(try Spending.root(pair, "late") == 0)
        // Behind its fence the first session is closed by what the journals say: what no mark covered is free again.
        try Spending.until("the first session is closed", 30) {
            let fenced = try pair.sql("select count(*) from paceline.sessions where is_fenced")
            return fenced == [["1"]] && node.metric("paceline_issuer_evidence_open") == 0
        }
        #expect(node.metric("paceline_issuer_refusals") == 0)
        try Spending.isQuiet(pair)
        // In order: everything is billed, so nothing is left in doubt of this start.
        node.kill(SIGTERM)
        #expect(node.end() == 0, "\(node.log.suffix(2_000))")
    }

    @Test func aNodeGoesOnWhileAnotherTakesOver() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let node = try SpendingNode("node-a", of: pair)
        var ads = try Spending.ads(node, 10)
        leader.kill(SIGKILL)
        ads += try Spending.ads(node, 10, within: 5)
        for ad in ads { #expect(node.bill(ad)) }
        _ = try pair.leader()
        let all = ads.reduce(Int64(0)) { $0 + $1.price }
        try Spending.until("the new leader has all: \(all)") {
            abs(try Spending.root(pair, "settled") - all) <= 20
        }
        #expect(try pair.sql("select epoch from paceline.leadership") == [["2"]])
        // It gives money as well.
        let before = try Spending.root(pair, "granted")
        try Spending.until("more is granted") {
            _ = try Spending.ads(node, 20)
            return try Spending.root(pair, "granted") > before
        }
        try Spending.isQuiet(pair)
    }

    @Test func twoNodesShareABudgetAndNeverOverspendIt() throws {
        let pair = try Pair()
        _ = try pair.leader()
        let budget: Int64 = 1_500_000
        try Spending.order(pair, "northwind-winter", "1.5")
        let nodes = try [SpendingNode("node-a", of: pair), SpendingNode("node-b", of: pair)]
        var billed: [Int64] = [0, 0]
        var last = Date()
        func sell() throws {
            for (index, node) in nodes.enumerated() {
                for ad in try node.bid() where node.bill(ad) {
                    billed[index] += ad.price
                    last = Date()
                }
            }
        }
        // Both ask from the beginning: one that is asked for long before the other takes all that there is.
        try Spending.until("each has sold one") {
            try sell()
            return billed.allSatisfy { $0 > 0 }
        }
        last = Date()
        while Date().timeIntervalSince(last) < 4 { try sell() }
        let all = billed.reduce(0, +)
        print("two nodes billed \(billed[0]) and \(billed[1]) micros of \(budget)")
        #expect(all <= budget && all > budget / 2 && billed.allSatisfy { $0 > 0 })
        try Spending.until("the root has all: \(all)") {
            abs(try Spending.root(pair, "settled") - all) <= 100
        }
        try Spending.isQuiet(pair)
    }

    @Test func behindItsFenceANodeSpendsNothing() throws {
        let pair = try Pair(lease: 5)
        let leader = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let node = try SpendingNode("node-a", of: pair)
        _ = try Spending.ads(node, 5)
        // No coordinator answers: the node goes on, and ends with its lease.
        for one in pair.all { one.kill(SIGSTOP) }
        _ = try Spending.ads(node, 5, within: 2)
        try Spending.until("nothing is bid behind the fence") {
            try (0..<3).allSatisfy { _ in try node.bid().isEmpty }
        }
        let fenced = "paceline_budget_refusals_total{reason=\"fenced\"}"
        try Spending.until("the reason is told") {
            _ = try node.bid()
            return (node.metric(fenced) ?? 0) > 0
        }
        #expect((node.metric("paceline_issuer_lease_seconds") ?? 1) < 0)
        // Who takes over counts every lease in full, so this session is renewed, though late.
        leader.kill(SIGKILL)
        for one in pair.all { one.kill(SIGCONT) }
        _ = try Spending.ads(node, 5)
        #expect(node.isRunning)
        try Spending.isQuiet(pair)
    }

    /// It goes on in the same process with another session, and what the former one left is settled and freed as behind a restart.
    @Test func aSessionThatTheRootHasGivenUpIsFollowedByAnother() throws {
        let pair = try Pair(lease: 5)
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        var node = try SpendingNode("node-a", of: pair)
        var ads = try Spending.ads(node, 20)
        for ad in ads.prefix(10) { #expect(node.bill(ad)) }
        // Once more where there is time: sessions follow each other every ten seconds at most.
        let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1" ? 2 : 1
        for round in 1...rounds {
            // It sleeps for longer than its lease.
            node.kill(SIGSTOP)
            try Spending.until("the root fences the session") {
                try pair.sql("select count(*) from paceline.sessions where is_fenced") == [["\(round)"]]
            }
            node.kill(SIGCONT)
            let woke = Date()
            // It answers all the time, and sells again in another session.
            try Spending.until("it sells again", 30) {
                let more = try node.bid()
                ads += more
                return !more.isEmpty && node.sessions == round
            }
            print(
                "round \(round): ads are sold \(Int(Date().timeIntervalSince(woke) * 1_000)) ms after the node woke"
            )
            ads += try Spending.ads(node, 5)
        }
        // Bills of all sessions, each told twice, and once more to a start that reads all of them from the journals.
        for ad in ads + ads { #expect(node.bill(ad)) }
        let all = ads.reduce(Int64(0)) { $0 + $1.price }
        try Spending.until("the root has all: \(all)") {
            abs(try Spending.root(pair, "settled") - all) <= Int64(ads.count)
        }
        try Spending.until("nothing is in doubt, as journals closed what the root fenced", 30) {
            try Spending.root(pair, "suspense") == 0
        }
        #expect(node.isRunning && node.metric("paceline_issuer_refusals") == 0)
        node.kill(SIGKILL)
        _ = node.end()
        node = try SpendingNode("node-a", of: pair)
        for ad in ads { #expect(node.bill(ad)) }
        _ = try Spending.ads(node, 5)
        #expect(abs(try Spending.root(pair, "settled") - all) <= Int64(ads.count))
        #expect(try Spending.root(pair, "late") == 0)
        try Spending.isQuiet(pair)
    }
}
