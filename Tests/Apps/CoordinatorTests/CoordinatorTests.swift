// The root with real processes: one leads and another takes over, and whatever is killed meanwhile, nothing that was
// acknowledged is lost and nothing counts twice.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct CoordinatorTests {
    /// Four holders on a lifetime account, two of its days, and a campaign that has no days.
    private static func loaded(_ pair: Pair) throws -> [Holder] {
        for (index, body) in [
            #"{"campaign":"aurora","currency":"USD","budget":100000,"highest":0.005}"#,
            #"{"campaign":"aurora","day":"2026-11-28","currency":"USD","budget":50000,"highest":0.005}"#,
            #"{"campaign":"aurora","day":"2026-11-29","currency":"USD","budget":50000,"highest":0.005}"#,
            #"{"campaign":"borealis","currency":"EUR","budget":3,"highest":0.005}"#,
        ].enumerated() {
            #expect(try pair.order("open-\(index)", body).status == 201)
        }
        return (0..<4).map { Holder($0, pair, accounts: [1, 2, 3]) }
    }

    private static func check(_ pair: Pair, _ holders: [Holder], _ comment: String) throws -> History {
        var history = History()
        for holder in holders { history.add(holder.end()) }
        _ = try pair.leader()
        let tables = try LedgerTables(pair)
        #expect(faults(in: history, against: tables) == [], "\(comment)")
        #expect(try pair.sql("select * from paceline.imbalances") == [], "\(comment)")
        #expect(history.grants.count > 50 && history.blocks.count > 50, "\(comment): too little happened")
        return history
    }

    @Test func anotherTakesOverFromALeaderThatIsKilled() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        let holders = try Self.loaded(pair)
        sleep(2)
        leader.kill(SIGKILL)
        let killed = Date()
        let other = try #require(pair.all.first { $0 !== leader })
        while !other.leads, Date().timeIntervalSince(killed) < 20 { usleep(5_000) }
        let took = Date().timeIntervalSince(killed)
        print(
            "another led \(Int(took * 1_000)) ms after the leader was killed; its leadership lasts 1,200 ms")
        #expect(took < 5)
        sleep(2)
        let history = try Self.check(pair, holders, "seed none")
        #expect(history.unanswered > 0)
        #expect(try pair.sql("select epoch from paceline.leadership") == [["2"]])
        other.kill(SIGTERM)
        #expect(other.end() == 0, "\(other.log)")
    }

    @Test func whatNobodyKnowsIsThereOnce() throws {
        let pair = try Pair()
        _ = try pair.leader()
        let holders = try Self.loaded(pair)
        func unknown() -> Double {
            pair.all.reduce(0.0) { $0 + ($1.metric("paceline_root_batches_unknown_total") ?? 0) }
        }
        var kills = 0
        // Most kills come between two batches; one has to come into the middle of one.
        while kills < 3 || unknown() == 0, kills < 20 {
            usleep(useconds_t.random(in: 500_000...1_000_000))
            pair.database.kill()
            try pair.database.start()
            kills += 1
        }
        sleep(1)
        _ = try Self.check(pair, holders, "the database was killed \(kills) times")
        print("\(kills) kills of Postgres, \(Int(unknown())) unknown outcomes")
        #expect(unknown() > 0)
    }

    @Test func aLeaderThatSleptCommitsNothing() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        let holders = try Self.loaded(pair)
        sleep(1)
        let stream = try pair.sql("select leader from paceline.leadership")[0][0]
        leader.kill(SIGSTOP)
        let other = try #require(pair.all.first { $0 !== leader })
        let stopped = Date()
        while !other.leads, Date().timeIntervalSince(stopped) < 20 { usleep(5_000) }
        let last = try pair.sql("select number from paceline.streams where stream = \(stream)")
        leader.kill(SIGCONT)
        sleep(2)
        try Spending.until("the other leads") { !leader.leads && other.leads }
        #expect(try pair.sql("select number from paceline.streams where stream = \(stream)") == last)
        _ = try Self.check(pair, holders, "the leader slept")
    }

    @Test func budgetsAreChangedOnceAndByWhoSawThem() throws {
        let pair = try Pair()
        let body = #"{"campaign":"aurora","currency":"USD","budget":100,"highest":0.05}"#
        #expect(try pair.order("k1", body).status == 201)
        // The same again, and something else under the same key.
        #expect(try pair.order("k1", body).status == 200)
        #expect(try pair.order("k1", body.replacing("100", with: "200")).status == 422)
        // A change needs the version that its maker saw.
        let more = body.replacing("100", with: "200")
        #expect(try pair.order("k2", more).status == 428)
        #expect(try pair.order("k3", more, ifMatch: "\"7\"").status == 412)
        #expect(try pair.order("k4", more, ifMatch: "\"1\"").status == 200)
        for (key, wrong, status) in [
            ("w1", "{", 400), ("w2", #"{"campaign":"a","currency":"usd","budget":1,"highest":1}"#, 400),
            ("w3", #"{"campaign":"a","currency":"USD","budget":-1,"highest":1}"#, 400),
            ("w4", #"{"campaign":"a","day":"2026-02-30","currency":"USD","budget":1,"highest":1}"#, 400),
            ("w5", #"{"campaign":"a","day":"2026-02-28","currency":"USD","budget":1,"highest":1}"#, 422),
            ("w6", #"{"campaign":"aurora","day":"2026-02-28","currency":"EUR","budget":1,"highest":1}"#, 422),
        ] {
            let answer = try pair.order(key, wrong)
            #expect(answer.status == status, "\(key): \(answer.body)")
            #expect(answer.headers.contains("application/problem+json"), "\(key)")
        }
        #expect(try pair.sql("select budget, version from paceline.accounts") == [["200000000", "2"]])
        #expect(try pair.sql("select key from paceline.operations order by key") == [["k1"], ["k4"]])
        // The one that does not lead reads, and says who leads.
        let leader = try pair.leader()
        let other = try #require(pair.all.first { $0 !== leader })
        #expect(ask(other.admin, "GET /api/v1/ledger/verify")?.json["imbalances"] as? [String] == [])
        let refused = try #require(
            ask(
                other.port, "POST /v1/ledger",
                #"{"version":1,"holder":"broker-0","messages":[{"open":{"start":"1"}}]}"#))
        #expect(refused.status == 503)
        #expect(
            (refused.json["leader"] as? [String: Any])?["address"] as? String
                == "http://127.0.0.1:\(leader.admin)")
    }

    @Test func messagesThatAreNoneAreRefusedByName() throws {
        let pair = try Pair()
        let port = try pair.leader().port
        for (body, word) in [
            ("", "the body"), ("[]", "an object"),
            (#"{"version":2,"holder":"broker-0","messages":[]}"#, "version"),
            (#"{"version":1,"holder":"broker-0","messages":[]}"#, "messages"),
            (#"{"version":1,"holder":"broker-9","messages":[{"open":{"start":"1"}}]}"#, "no such holder"),
            (#"{"version":1,"holder":"broker-0","messages":[{"take":{}}]}"#, "one of open, renew"),
            (
                #"{"version":1,"holder":"broker-0","messages":[{"open":{"start":1}}]}"#,
                "messages[0].open.start"
            ),
            (
                #"{"version":1,"holder":"broker-0","messages":[{"request":{"session":"1","account":0,"upTo":-1}}]}"#,
                "messages[0].request.upTo"
            ),
        ] {
            let answer = try #require(ask(port, "POST /v1/ledger", body))
            #expect(
                [400, 403].contains(answer.status) && answer.body.contains(word), "\(body): \(answer.body)")
        }
        // Well-formed, and refused by the book.
        let unknown =
            #"{"version":1,"holder":"broker-0","messages":[{"request":{"session":"1","account":0,"upTo":1}}]}"#
        #expect(ask(port, "POST /v1/ledger", unknown)?.body.contains("unknownSession") == true)
    }
}

/// The checker itself: what is forged it finds.
@Suite struct HistoryTests {
    private static func whole() -> (History, LedgerTables) {
        var history = History()
        history.grants = [.init(session: "7", account: 1, upTo: 100)]
        history.blocks = [.init(node: "70", account: 1, number: 0, mask: 3, paid: 30)]
        var tables = LedgerTables()
        tables.accounts = [
            .init(id: 0, parent: nil, budget: 500, granted: 70, settled: 30, suspense: 0, presumed: 0),
            .init(id: 1, parent: 0, budget: 200, granted: 70, settled: 30, suspense: 0, presumed: 0),
        ]
        tables.cells = [.init(session: "7", account: 1, granted: 100, returned: 0, settled: 30)]
        tables.blocks = history.blocks
        tables.moves = [
            .init(stream: "1", number: 1, sequence: 0, account: 1, source: 0, target: 1, amount: 100),
            .init(stream: "1", number: 2, sequence: 0, account: 1, source: 1, target: 2, amount: 30),
        ]
        return (history, tables)
    }

    @Test func forgedHistoriesAreRejected() {
        let forgeries: [(String, (inout History, inout LedgerTables) -> Void)] = [
            (
                "a grant was lost",
                {
                    $0.grants.append(.init(session: "8", account: 1, upTo: 1)); _ = $1.cells
                }
            ),
            (
                "a grant is smaller",
                {
                    $0.grants[0].upTo = 101; _ = $1.cells
                }
            ),
            (
                "a settlement was lost",
                {
                    $1.blocks = []; _ = $0
                }
            ),
            (
                "a key was lost",
                {
                    $1.blocks[0].mask = 1; _ = $0
                }
            ),
            (
                "a sum shrank",
                {
                    $1.blocks[0].paid = 29; _ = $0
                }
            ),
            (
                "a settlement counts twice",
                {
                    $1.cells[0].settled = 60; _ = $0
                }
            ),
            (
                "a block is there twice",
                {
                    $1.blocks.append($1.blocks[0]); _ = $0
                }
            ),
            (
                "a movement is there twice",
                {
                    $1.moves.append($1.moves[0]); _ = $0
                }
            ),
            (
                "a movement is missing",
                {
                    $1.moves.removeLast(); _ = $0
                }
            ),
            (
                "an account is overspent",
                {
                    $1.accounts[1].budget = 99; _ = $0
                }
            ),
            (
                "a parent forgot its window",
                {
                    $1.accounts[0].granted = 0; _ = $0
                }
            ),
            (
                "money vanished from a balance",
                {
                    $1.accounts[1].granted = 69; _ = $0
                }
            ),
        ]
        let (history, tables) = Self.whole()
        #expect(faults(in: history, against: tables) == [])
        for (name, forge) in forgeries {
            var (history, tables) = Self.whole()
            forge(&history, &tables)
            #expect(!faults(in: history, against: tables).isEmpty, "\(name)")
        }
    }
}
