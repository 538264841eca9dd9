// Brokers between a root and its nodes, with real processes: what is billed is at the root once, whatever is killed, and money of
// a broker that is lost comes back when its nodes have closed it.
import Foundation
import Glibc
import PostgresServer
import Synchronization
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct BrokerTests {
    /// Bids and bills on a thread of its own until it is stopped.
    private final class Traffic: @unchecked Sendable {
        private let billed = Mutex<(sum: Int64, ads: Int, refused: Int)>((0, 0, 0))
        private let isOver = Atomic<Bool>(false)
        private let ended = DispatchSemaphore(value: 0)

        init(_ nodes: [SpendingNode]) {
            Thread.detachNewThread { [self] in
                while !isOver.load(ordering: .relaxed) {
                    for node in nodes {
                        for ad in (try? node.bid()) ?? [] {
                            let isTaken = node.bill(ad)
                            billed.withLock {
                                $0.sum += isTaken ? ad.price : 0
                                $0.ads += isTaken ? 1 : 0
                                $0.refused += isTaken ? 0 : 1
                            }
                        }
                    }
                    // Others run beside it.
                    usleep(5_000)
                }
                ended.signal()
            }
        }

        var sum: Int64 { billed.withLock { $0.sum } }
        var ads: Int { billed.withLock { $0.ads } }

        func stop() -> (sum: Int64, ads: Int, refused: Int) {
            isOver.store(true, ordering: .relaxed)
            ended.wait()
            return billed.withLock { $0 }
        }
    }

    @Test func aBrokerThatIsKilledUnderLoadGoesOnFromItsJournal() throws {
        let pair = try Pair()
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair)
        let node = try SpendingNode("node-a", of: pair, issuers: [broker.port])
        try Spending.until("its money is there") { node.trouble("northwind-winter") == "" }
        let traffic = Traffic([node])
        for _ in 0..<3 {
            // What it has billed may not be settled yet, and it goes on billing until the broker is gone.
            try Spending.until("the node keeps some ahead") {
                broker.sum("granted") + broker.sum("settled") > traffic.sum + 1_000_000
            }
            broker.kill(SIGKILL)
            _ = broker.end()
            let before = traffic.ads
            try Spending.until("the node goes on from what it holds") { traffic.ads > before + 5 }
            try broker.start()
            let more = traffic.ads
            try Spending.until("and with the broker") { traffic.ads > more + 10 }
        }
        let billed = traffic.stop()
        #expect(billed.refused == 0)
        print("\(billed.ads) ads, \(billed.sum) micros, over three kills of the broker")
        try Spending.until("the root has all: \(billed.sum)") {
            abs(try Spending.root(pair, "settled") - billed.sum) <= Int64(billed.ads)
        }
        // One session of the broker, and one of the node below it, through all of that.
        #expect(try pair.sql("select count(*) from paceline.sessions") == [["1"]])
        #expect(try pair.sql("select count(*) from paceline.leaves") == [["1"]])
        #expect(broker.log.contains("goes on with the session of an earlier start"))
        #expect(broker.metric("paceline_issuer_refusals") == 0)
        #expect(node.metric("paceline_issuer_refusals") == 0)
        #expect(try Spending.root(pair, "late") == 0)
        #expect(node.isRunning)
        try Spending.isQuiet(pair)
        // In order, and what nobody wants comes back.
        broker.kill(SIGTERM)
        #expect(broker.end() == 0, "\(broker.log.suffix(2_000))")
    }

    @Test func aBrokerGoesOnWithoutAnyCoordinator() throws {
        let pair = try Pair()
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair, ahead: 120)
        let node = try SpendingNode("node-a", of: pair, issuers: [broker.port], ahead: 2)
        let traffic = Traffic([node])
        // It learns what its node takes.
        try Spending.until("the broker keeps some ahead", 30) { broker.sum("free") > 500_000 }
        for one in pair.all { one.kill(SIGSTOP) }
        let (granted, ads) = (broker.sum("granted") + broker.sum("settled"), traffic.ads)
        try Spending.until("the broker grants more", 60) {
            broker.sum("granted") + broker.sum("settled") > granted + 20_000
        }
        #expect(traffic.ads > ads)
        // Killed just then, it has its lease and its money from the journal.
        broker.kill(SIGKILL)
        _ = broker.end()
        try broker.start()
        let again = traffic.ads
        try Spending.until("ads are sold") { traffic.ads > again + 10 }
        for one in pair.all { one.kill(SIGCONT) }
        let billed = traffic.stop()
        _ = try pair.leader()
        try Spending.until("the root has all: \(billed.sum)", 40) {
            abs(try Spending.root(pair, "settled") - billed.sum) <= Int64(billed.ads)
        }
        #expect(try Spending.root(pair, "late") == 0)
        try Spending.isQuiet(pair)
    }

    /// A second process on a copy of its directory, while it runs on: the root renews neither, and says so.
    @Test func aCopyOfABrokersDirectoryIsFoundOut() throws {
        let pair = try Pair(lease: 12)
        let leader = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair, window: 6)
        let node = try SpendingNode("node-a", of: pair, issuers: [broker.port])
        let ads = try Spending.ads(node, 20)
        for ad in ads { #expect(node.bill(ad)) }
        let copy = try RunningBroker("broker-0", of: pair, window: 6, copy: "broker-0-copy")
        try Spending.until("the root has found two", 30) {
            try pair.sql("select count(*) from paceline.sessions where is_cloned") == [["1"]]
        }
        for one in [broker, copy] {
            try Spending.until("it has been told") { one.metric("paceline_broker_sessions_cloned") == 1 }
            #expect(one.log.contains("another process goes on from a copy of this broker's journal"))
            let lost = ask(one.admin, "GET /v1/broker")?.json["lost"] as? [String: Any]
            #expect(lost?["reason"] as? String == "cloned")
        }
        #expect(leader.metric("paceline_root_clones_total") == 1)
        #expect(leader.log.contains("two processes go on from one memory of a holder"))
        let all = ads.reduce(Int64(0)) { $0 + $1.price }
        // Each has a session of its own by now; what the first one had is told by its node, and is free when that has closed it.
        try Spending.until("the money of the session is back", 60) {
            let waits = try pair.sql(
                """
                select coalesce(sum(granted - returned - settled), 0) from paceline.cells c
                join paceline.sessions s using (session) where s.is_cloned and not s.is_fenced
                """)
            let suspense = try Spending.root(pair, "suspense")
            let settled = try Spending.root(pair, "settled")
            return waits == [["0"]] && suspense == 0 && abs(settled - all) <= Int64(ads.count)
        }
        _ = try Spending.ads(node, 5)
        try Spending.isQuiet(pair)
    }

    /// What is not spent is the root's again as soon as a node and its broker have ended in order.
    @Test func anEndInOrderReturnsMoney() throws {
        let pair = try Pair()
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair)
        let node = try SpendingNode("node-a", of: pair, issuers: [broker.port])
        let ads = try Spending.ads(node, 20)
        for ad in ads { #expect(node.bill(ad)) }
        node.kill(SIGTERM)
        #expect(node.end() == 0, "\(node.log.suffix(2_000))")
        // What the last bills came to may not have been said: it is what is left.
        let billed = ads.reduce(Int64(0)) { $0 + $1.price }
        let rest = { abs(broker.sum("granted") + broker.sum("settled") - billed) <= Int64(ads.count) }
        do {
            try Spending.until("the broker has the rest", 20, rest)
        } catch {
            let held = ask(broker.admin, "GET /v1/broker")?.body ?? ""
            Issue.record("\(error): \(billed) were billed, \(held), \(node.log.suffix(2_000))")
        }
        broker.kill(SIGTERM)
        #expect(broker.end() == 0, "\(broker.log.suffix(2_000))")
        let out = try Spending.root(pair, "granted") + Spending.root(pair, "settled")
        #expect(abs(out - billed) <= Int64(ads.count), "\(out), \(billed)")
        try Spending.isQuiet(pair)
    }

    /// What was asked for comes when the shards that wanted it have ended already, and nobody has closed their accounts yet: an
    /// operator's connection holds the end up, and the broker answers meanwhile.
    @Test func whatIsGrantedAtTheEndComesBack() throws {
        let pair = try Pair()
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair)
        let node = try SpendingNode("node-a", of: pair, issuers: [broker.port], ahead: 1)
        var ads = try Spending.ads(node, 20)
        broker.kill(SIGSTOP)
        // Until a shard has nothing left and its wish is on the way.
        let end = Date().addingTimeInterval(1)
        while Date() < end {
            let more = try node.bid()
            if more.isEmpty { break }
            ads += more
        }
        for ad in ads { #expect(node.bill(ad)) }
        let held = try HeldConnection(node.admin)
        node.kill(SIGTERM)
        usleep(500_000)
        broker.kill(SIGCONT)
        #expect(node.end() == 0, "\(node.log.suffix(2_000))")
        held.end()
        let billed = ads.reduce(Int64(0)) { $0 + $1.price }
        var last = ""
        do {
            try Spending.until("the broker has the rest") {
                last = ask(broker.admin, "GET /v1/broker")?.body ?? ""
                return abs(broker.sum("granted") + broker.sum("settled") - billed) <= Int64(ads.count)
            }
        } catch {
            Issue.record("\(error): \(billed) were billed, \(last), \(node.log.suffix(2_000))")
        }
    }

    @Test func theMoneyOfABrokerThatIsLostComesBack() throws {
        let pair = try Pair(lease: 8)
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let brokers = try ["broker-0", "broker-1"].map { try RunningBroker($0, of: pair, window: 4) }
        let ports = brokers.map(\.port)
        let node = try SpendingNode("node-a", of: pair, issuers: ports)
        let ads = try Spending.ads(node, 20)
        for ad in ads.prefix(10) { #expect(node.bill(ad)) }
        brokers[0].kill(SIGKILL)
        // Evidence goes by the other one, and the session ends with its lease.
        for ad in ads[10...] { #expect(node.bill(ad)) }
        let all = ads.reduce(Int64(0)) { $0 + $1.price }
        try Spending.until("the root has all: \(all)") {
            abs(try Spending.root(pair, "settled") - all) <= Int64(ads.count)
        }
        // The running node goes on with the other one.
        try Spending.until("another session has begun") { node.sessions == 1 }
        _ = try Spending.ads(node, 5)
        try Spending.until("the lost broker's session is closed", 40) {
            let open = try pair.sql(
                """
                select s.is_fenced, (select coalesce(sum(granted - returned - settled), 0) from paceline.cells c
                    where c.session = s.session),
                    (select coalesce(sum(waiting), 0) from paceline.cells c where c.session = s.session)
                from paceline.sessions s order by ordinal limit 1
                """)
            let suspense = try Spending.root(pair, "suspense")
            return open[0][0] == "t" && open[0][2] == "0" && suspense == 0
        }
        try Spending.isQuiet(pair)
    }

    @Test func aPairOfBrokersSharesABudgetThatIsNeverOverspent() throws {
        let pair = try Pair()
        _ = try pair.leader()
        // Some hundred ads: none of both has sold them all before the other has its first money.
        let budget: Int64 = 15_000_000
        try Spending.order(pair, "northwind-winter", "15")
        let brokers = try ["broker-0", "broker-1"].map { try RunningBroker($0, of: pair, ahead: 5) }
        let ports = brokers.map(\.port)
        let nodes = [
            try SpendingNode("node-a", of: pair, issuers: ports),
            try SpendingNode("node-b", of: pair, issuers: ports.reversed()),
        ]
        var billed: [Int64] = [0, 0]
        var last = Date()
        while Date().timeIntervalSince(last) < 5 {
            for (index, node) in nodes.enumerated() {
                for ad in try node.bid() where node.bill(ad) {
                    billed[index] += ad.price
                    last = Date()
                }
            }
        }
        let all = billed.reduce(0, +)
        print("two nodes of two brokers billed \(billed[0]) and \(billed[1]) micros of \(budget)")
        #expect(all <= budget && all > budget / 2 && billed.allSatisfy { $0 > 0 })
        try Spending.until("the root has all: \(all)") {
            abs(try Spending.root(pair, "settled") - all) <= 200
        }
        // Disjoint: each has its own session, and one node below it.
        #expect(
            try pair.sql("select count(*), count(distinct root) from paceline.leaves") == [["2", "2"]])
        try Spending.isQuiet(pair)
    }
}
