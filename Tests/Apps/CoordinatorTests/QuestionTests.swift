// Questions of operators that only nodes can answer, with real processes: a decision is explained by the node that made it, directly or
// behind a broker, and who has not answered is named.
import Foundation
import Glibc
import PostgresServer
import Testing

@testable import paceline_coordinator

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct QuestionTests {
    private static func standing(_ answer: Answer, _ node: String) -> [String: Any]? {
        (answer.json["nodes"] as? [[String: Any]])?.first { $0["node"] as? String == node }
    }

    /// What a node that this test is says to the coordinator.
    private static func words(kinds: String, answer: String = "") -> String {
        #"{"version":1,"holder":"broker-3","region":"there","start":"7","kinds":[\#(kinds)],"working":[]\#(answer)}"#
    }

    @Test func aDecisionIsExplainedByTheNodeThatMadeIt() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let broker = try RunningBroker("broker-0", of: pair)
        let nodes = [
            try SpendingNode("node-a", of: pair),
            try SpendingNode("node-b", of: pair, issuers: [broker.port]),
        ]
        for (node, name) in zip(nodes, ["node-a", "broker-0/node-b"]) {
            let ad = try #require(try Spending.ads(node, 1).first)
            var answer = try pair.admin("GET /api/v1/explain?id=\(ad.decision)", at: leader)
            // The record is on the disk a moment after the answer.
            if answer.status == 404 {
                answer = try pair.admin("GET /api/v1/explain?id=\(ad.decision)", at: leader)
            }
            #expect(answer.status == 200, "\(answer.body.prefix(2_000))")
            #expect(answer.json["answeredBy"] as? String == name)
            let found = try #require(answer.json["explanation"] as? [String: Any])
            #expect(found["decision"] as? String == ad.decision && found["same"] as? Bool == true)
            let way = try #require(found["explanation"] as? [String: Any])
            let funnel = try #require(way["funnel"] as? [[String: Any]])
            #expect(
                funnel.reduce(0) { $0 + ($1["lineItems"] as? Int ?? 0) } == way["lineItems"] as? Int,
                "\(funnel)")
            // What the node says to its own operators is the same.
            #expect(node.explanation(ad).contains(ad.decision))
        }
        #expect(
            try pair.sql("select who, kind from paceline.audit where what = 'explain'")
                == [["without a certificate", "decisions"], ["without a certificate", "decisions"]])
        try Self.unknown(pair, leader, nodes)
        // Nobody but the leader knows what nodes say.
        let elsewhere = try pair.admin("GET /api/v1/explain?id=00000000000000aa", at: pair.follower())
        #expect(elsewhere.status == 503 && elsewhere.json["leader"] != nil, "\(elsewhere.body)")
        for wrong in ["", "?id=", "?id=12", "?id=zzzzzzzzzzzzzzzz"] {
            #expect(try pair.admin("GET /api/v1/explain\(wrong)", at: leader).status == 400)
        }
        // Another one that leads hears nodes again, and answers.
        leader.kill(SIGKILL)
        let next = try pair.leader()
        try pair.until("the next leader finds decisions", 30) {
            guard let ad = try nodes[1].bid().first else { return false }
            usleep(100_000)
            return try pair.admin("GET /api/v1/explain?id=\(ad.decision)", at: next).status == 200
        }
        try Self.guarded(pair, next)
    }

    /// That nobody has it is said when all have answered, and else who has not.
    private static func unknown(
        _ pair: Pair, _ leader: RunningCoordinator, _ nodes: [SpendingNode]
    ) throws {
        let path = "GET /api/v1/explain?id=00000000000000aa"
        // A page somewhere else has no node read its journals.
        let foreign = try pair.admin(path, "", ["sec-fetch-site: cross-site"], at: leader)
        #expect(foreign.status == 403, "\(foreign.body)")
        let nowhere = try pair.admin(path, at: leader)
        #expect(nowhere.status == 404, "\(nowhere.body)")
        for name in ["node-a", "broker-0/node-b"] {
            #expect(standing(nowhere, name)?["standing"] as? String == "nothing", "\(nowhere.body)")
        }
        // One of a version that knows of no such questions, and one that says what is no answer.
        let old = try #require(ask(leader.port, "POST /v1/questions", words(kinds: #""others""#)))
        #expect(old.status == 200 && (old.json["questions"] as? [Any])?.isEmpty == true, "\(old.body)")
        let wrong = ask(
            leader.port, "POST /v1/questions",
            words(kinds: "", answer: #","answer":{"question":"1","outcome":"perhaps"}"#))
        #expect(wrong?.status == 400 && wrong?.json["field"] as? String == "answer.outcome")
        let unknown = try pair.admin(path, at: leader)
        #expect(unknown.status == 503, "\(unknown.body)")
        #expect(standing(unknown, "node-a")?["standing"] as? String == "nothing", "\(unknown.body)")
        let large = String(repeating: "x", count: 300_000)
        let long = ask(
            leader.port, "POST /v1/questions",
            words(kinds: "", answer: #","answer":{"question":"1","outcome":"failed","why":"\#(large)"}"#))
        #expect(long?.status == 400 && long?.json["field"] as? String == "answer")
        nodes[0].kill(SIGSTOP)
        usleep(4_500_000)
        let silent = try pair.admin(path, at: leader)
        nodes[0].kill(SIGCONT)
        #expect(silent.status == 503, "\(silent.body)")
        let said = standing(silent, "node-a")
        #expect(said?["standing"] as? String == "silent", "\(silent.body)")
        #expect((said?["said"] as? String)?.hasPrefix("has not asked for questions for ") == true)
        // The one that this test is was heard as such, and is silent since.
        #expect(standing(silent, "broker-3")?["standing"] as? String == "silent", "\(silent.body)")
    }

    /// Roles, and how many are asked at once: of four two by one and the same.
    private static func guarded(_ pair: Pair, _ leader: RunningCoordinator) throws {
        let path = "GET /api/v1/explain?id=00000000000000aa"
        // A node that is there and never answers keeps them open.
        let present = Thread {
            while !Thread.current.isCancelled {
                _ = ask(leader.port, "POST /v1/questions", words(kinds: #""explain""#))
                usleep(500_000)
            }
        }
        present.start()
        defer { present.cancel() }
        usleep(1_000_000)
        let lock = NSLock()
        nonisolated(unsafe) var answers: [Answer] = []
        for _ in 0..<6 {
            Thread.detachNewThread {
                if let answer = ask(leader.admin, path) { lock.withLock { answers.append(answer) } }
            }
        }
        try pair.until("all are answered", 20) { lock.withLock { answers.count == 6 } }
        let busy = answers.filter { $0.body.contains("asked enough already") }
        #expect(busy.count == 4 && answers.allSatisfy { $0.status == 503 }, "\(answers.map(\.body))")
        let late = try #require(answers.first { !$0.body.contains("asked enough already") })
        #expect(standing(late, "broker-3")?["standing"] as? String == "late", "\(late.body)")
        let made = try pair.admin(
            "POST /api/v1/tokens", #"{"name": "a", "role": "admin", "days": 1}"#, at: leader)
        let admin = ["authorization: Bearer \(made.json["token"] as? String ?? "")"]
        let viewer = try pair.admin(
            "POST /api/v1/tokens", #"{"name": "v", "role": "viewer", "days": 1}"#, admin, at: leader)
        let token = try #require(viewer.json["token"] as? String)
        try pair.until("the tokens are known") {
            try pair.admin("GET /api/v1/me", "", ["authorization: Bearer \(token)"], at: leader).status == 200
        }
        let refused = try pair.admin(path, "", ["authorization: Bearer \(token)"], at: leader)
        #expect(refused.status == 403 && refused.json["needed"] as? String == "operator", "\(refused.body)")
    }
}
