// A region that goes out of service and comes back, with real processes: its node says so within a second and answers what still comes,
// another leader keeps to it, and the money adds up.
import Foundation
import Glibc
import PostgresServer
import Testing

/// Two regions of a broker and a node each.
private final class TwoRegions {
    let pair: Pair
    let brokers: [RunningBroker]
    let nodes: [SpendingNode]

    /// - Parameter silent: the first region is probed where nobody listens.
    init(carries: Int = 1_000, silent: Bool = false) throws {
        let nowhere = ["address": "127.0.0.1", "port": Int(try PostgresServer.freePort())] as [String: Any]
        let regions = ["east", "west"].enumerated().map { number, name in
            [
                "name": name, "holders": ["broker-\(number)"], "requestsPerSecond": carries,
                "probes": silent && number == 0 ? [nowhere] : [],
            ] as [String: Any]
        }
        pair = try Pair(
            lease: 20,
            more: [
                "regions": regions,
                "rotation": [
                    "suspectSeconds": 1, "drainSeconds": 2, "steadySeconds": 5, "rejoinSeconds": 5,
                ],
            ])
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let (pair, names) = (pair, ["node-a", "node-b"])
        let brokers = try (0..<2).map { try RunningBroker("broker-\($0)", of: pair, window: 20, ahead: 5) }
        nodes = try (0..<2).map {
            try SpendingNode(names[$0], of: pair, issuers: [brokers[$0].port], ahead: 5)
        }
        self.brokers = brokers
    }

    func order(_ deed: String, _ region: String, _ more: String = "", _ headers: [String] = []) throws
        -> Answer
    {
        let dry = more.contains("dry") ? "?dryRun=1" : ""
        let force = more.contains("force") ? ", \"force\": true" : ""
        return try pair.admin(
            "POST /api/v1/regions/\(deed)\(dry)", "{\"region\": \"\(region)\"\(force)}",
            ["paceline-note: a test"] + headers)
    }

    func region(_ name: String) throws -> [String: Any] {
        let all = try pair.admin("GET /api/v1/regions").json["regions"] as? [[String: Any]]
        return all?.first { $0["region"] as? String == name } ?? [:]
    }

    func isReady(_ node: Int) -> Bool {
        ask(nodes[node].admin, "GET /readyz")?.status == 200
    }

    /// Until the leader has counted what both answer.
    func count() throws {
        try Spending.until("both regions are counted") {
            for node in nodes { _ = try node.bid() }
            return try ["east", "west"].allSatisfy { try region($0)["requestsPerSecond"] as? Double ?? 0 > 0 }
        }
    }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct RegionTests {
    @Test func aRegionIsDrainedAndComesBackWhoeverLeads() throws {
        let fleet = try TwoRegions()
        try fleet.count()
        #expect(fleet.isReady(0) && fleet.isReady(1))
        let before = try Spending.ads(fleet.nodes[0], 5)

        let dry = try fleet.order("drain", "east", "dry")
        let effects = dry.json["effects"] as? [String: Any] ?? [:]
        #expect(dry.status == 200 && dry.json["isDryRun"] as? Bool == true, "\(dry.body)")
        #expect(effects["fits"] as? Bool == true && effects["leaseSeconds"] as? Int == 20, "\(dry.body)")
        let others = effects["others"] as? [[String: Any]] ?? []
        #expect(others.map { $0["region"] as? String } == ["west"] && others[0]["takes"] as? Double ?? 0 > 0)
        #expect(
            (effects["leased"] as? [[String: Any]])?.first?["currency"] as? String == "USD", "\(dry.body)")
        #expect(try fleet.region("east")["asked"] as? String == "serve" && fleet.isReady(0))

        // By way of the broker, within a second of the answer.
        let drained = try fleet.order(
            "drain", "east", "", ["idempotency-key: drain-east", "if-match: \"1\""])
        let since = Date()
        #expect(drained.status == 200 && drained.etag == "\"2\"", "\(drained.body)")
        try Spending.until("the node is not ready", 5) { !fleet.isReady(0) }
        let took = Date().timeIntervalSince(since)
        print("the node of a drained region is not ready after \(took) s")
        #expect(took < 1)
        #expect(fleet.isReady(1))
        #expect(ask(fleet.nodes[0].admin, "GET /healthz")?.status == 200)
        // The same again, and somebody who saw it before.
        let again = try fleet.order("drain", "east", "", ["idempotency-key: drain-east", "if-match: \"1\""])
        #expect(again.status == 200 && again.body == drained.body)
        #expect(try fleet.order("restore", "east", "", ["if-match: \"1\""]).status == 412)
        #expect(try fleet.order("drain", "east").json["isChanged"] as? Bool == false)
        #expect(try fleet.order("drain", "south").status == 404)
        let kept = try fleet.pair.sql(
            "select what, id, who <> '', after ->> 'why' from paceline.audit where kind = 'region' and what <> 'moved'"
        )
        #expect(kept == [["drain", "east", "t", "a test"]])

        // What still comes is answered, and what was sold is billed; the other goes on.
        var billed = Int64(0)
        let still = try Spending.ads(fleet.nodes[0], 5)
        for ad in before + still {
            #expect(fleet.nodes[0].bill(ad))
            billed += ad.price
        }
        for ad in try Spending.ads(fleet.nodes[1], 10) {
            #expect(fleet.nodes[1].bill(ad))
            billed += ad.price
        }
        try Spending.until("it is lost") { try fleet.region("east")["state"] as? String == "lost" }

        // Its one other region may not go as well, whatever it answers, unless that is forced.
        let refused = try fleet.order("drain", "west")
        #expect(
            refused.status == 409 && refused.body.contains("no other region takes traffic"), "\(refused.body)"
        )

        let former = try fleet.pair.leader()
        former.kill(SIGKILL)
        try Spending.until("another leads and knows") {
            guard let leader = fleet.pair.all.first(where: { $0 !== former && $0.leads }) else {
                return false
            }
            let all = ask(leader.admin, "GET /api/v1/regions")?.json["regions"] as? [[String: Any]]
            #expect(!fleet.isReady(0))
            return all?.first?["state"] as? String == "lost"
        }
        for _ in 0..<20 {
            #expect(!fleet.isReady(0))
            usleep(100_000)
        }
        #expect(try fleet.region("east")["who"] as? String != nil)
        let metrics = try #require(ask(try fleet.pair.leader().admin, "GET /metrics")?.body)
        #expect(metrics.contains(#"paceline_region_state{region="east",state="lost"} 1"#))
        #expect(metrics.contains(#"paceline_region_share_ratio{region="west"} 1"#))

        #expect(try fleet.order("restore", "east").status == 200)
        var shares: [Int] = []
        try Spending.until("it has all of its traffic", 30) {
            let answer = ask(fleet.nodes[0].admin, "GET /readyz")
            if answer?.status == 200 { shares.append(Int(answer?.header("paceline-share") ?? "1000") ?? -1) }
            return try fleet.region("east")["state"] as? String == "healthy" && shares.last == 1_000
        }
        print("a region comes back by shares of \(shares.map { "\($0)" }.joined(separator: " "))")
        #expect(shares == shares.sorted() && shares[0] < 500 && Set(shares).count > 5)
        for ad in try Spending.ads(fleet.nodes[0], 5) {
            #expect(fleet.nodes[0].bill(ad))
            billed += ad.price
        }
        try Spending.until("the root has all: \(billed)") {
            abs(try Spending.root(fleet.pair, "settled") - billed) <= 100
        }
        try Spending.isQuiet(fleet.pair)
    }

    @Test func aRegionGoesByItselfWhereItsBrokerAndItsProbesAreSilent() throws {
        let fleet = try TwoRegions(silent: true)
        try fleet.count()
        try Spending.until("its probe is not answered") {
            try fleet.region("east")["outside"] as? Bool == false
        }
        usleep(3_000_000)
        // One signal alone.
        #expect(try fleet.region("east")["state"] as? String == "healthy" && fleet.isReady(0))
        #expect(try fleet.region("west")["outside"] is NSNull)
        fleet.brokers[0].kill(SIGKILL)
        try Spending.until("it goes", 15) { try fleet.region("east")["share"] as? Int == 0 }
        try Spending.until("it is lost", 10) { try fleet.region("east")["state"] as? String == "lost" }
        #expect(try fleet.region("east")["asked"] as? String == "serve")
        let moved =
            "select after ->> 'state', after ->> 'asked', who from paceline.audit where what = 'moved'"
        try Spending.until("the audit log has it") {
            let rows = try fleet.pair.sql(moved + " order by ordinal")
            let isOfNobody = rows.allSatisfy { $0[1] == "serve" && $0[2].hasPrefix("coordinator ") }
            return rows.map { $0[0] } == ["draining", "lost"] && isOfNobody
        }
        // Nobody looks at the other one.
        fleet.brokers[1].kill(SIGKILL)
        usleep(5_000_000)
        #expect(try fleet.region("west")["state"] as? String == "healthy")
        try Spending.isQuiet(fleet.pair)
    }

    @Test func whatTheOthersCannotCarryIsRefusedUnlessItIsForced() throws {
        let fleet = try TwoRegions(carries: 1)
        try fleet.count()
        // Both answer more than one request a second.
        try Spending.until("more than a region carries") {
            for _ in 0..<5 { for node in fleet.nodes { _ = try node.bid() } }
            return try fleet.order("drain", "east", "dry").body.contains(#""fits": false"#)
        }
        let refused = try fleet.order("drain", "east")
        #expect(
            refused.status == 409 && refused.body.contains("room for 0 requests a second"), "\(refused.body)")
        #expect(
            refused.json["requestsPerSecond"] as? Double ?? 0 > 0 && refused.json["spare"] as? Double == 0)
        #expect(try fleet.region("east")["state"] as? String == "healthy" && fleet.isReady(0))
        #expect(try fleet.pair.sql("select count(*) from paceline.audit where kind = 'region'") == [["0"]])

        // Lost at once, where somebody answers for it; its money stays where it is.
        let granted = try Spending.root(fleet.pair, "granted")
        #expect(try fleet.order("failover", "east", "force").status == 200)
        try Spending.until("it is lost", 1) { try fleet.region("east")["state"] as? String == "lost" }
        try Spending.until("its node is not ready", 1) { !fleet.isReady(0) }
        #expect(try fleet.region("east")["isForced"] as? Bool == true)
        let kept = try fleet.pair.sql(
            "select what, after ->> 'isForced' from paceline.audit where kind = 'region' and what <> 'moved'")
        #expect(kept == [["failover", "true"]])
        #expect(try Spending.root(fleet.pair, "suspense") == 0 && granted > 0)
        try Spending.isQuiet(fleet.pair)
    }
}
