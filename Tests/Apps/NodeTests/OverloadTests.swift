// More than a shard can decide: what is over is turned away with a reason and counted, and then it is over.
import Foundation
import Testing

@Suite struct OverloadTests {
    private static let tight = ["targetMilliseconds": 1, "patienceMilliseconds": 1, "limitMilliseconds": 5]

    /// The number of the reason for which a request was turned away.
    private static func number(_ answer: Answer) -> Int? {
        switch answer.header("paceline-no-bid") {
        case "busy": 512
        case "kept_for_live": 513
        case "late": 514
        default: nil
        }
    }

    /// What is turned away with a reason repeats its request's id.
    private static func check(_ answer: Answer, to request: String) throws {
        func object(_ text: String) throws -> [String: Any]? {
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        }
        let (said, sent) = (try object(answer.body), try object(request))
        #expect(said?["id"] as? String == sent?["id"] as? String, "\(answer.body)")
        #expect(said?["nbr"] as? Int == number(answer), "\(answer.body)")
    }

    /// Everything that comes on one connection while so many requests are sent at once.
    private func burst(_ node: RunningNode, _ request: String, count: Int) async throws -> [Answer] {
        let wire = try Wire(node.port)
        let bytes = Array(request.utf8)
        let sending = Array(repeating: bytes, count: count).flatMap { $0 }
        var sent = 0
        var answers: [Answer] = []
        try await until("all are answered", within: .seconds(60)) {
            if sent < sending.count { sent += wire.offer(Array(sending[sent...])) }
            while let answer = wire.answerNow() { answers.append(answer) }
            return answers.count == count
        }
        return answers
    }

    @Test(arguments: drivers)
    func whatIsOverIsTurnedAway(_ driver: String) async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = Plan(reactor: driver, catalog: "catalog", overload: OverloadTests.tight)
        try await withNode(plan, in: folder) { node in
            let body = try Demo.request()
            let bid =
                "POST /openrtb2/bid?nbr=1 HTTP/1.1\r\nhost: a\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            let answers = try await burst(node, bid, count: 2_000)
            // Asked for with a reason, so that all have a body.
            let others = answers.filter { $0.status != 200 }
            #expect(others.isEmpty)
            let turnedAway = answers.filter { OverloadTests.number($0) != nil }
            let decided = answers.filter { OverloadTests.number($0) == nil }
            for answer in turnedAway { try OverloadTests.check(answer, to: body) }
            #expect(decided.count + turnedAway.count == 2_000)
            #expect(!decided.isEmpty && !turnedAway.isEmpty, "\(decided.count) of 2000 were decided")
            let reasons = Set(turnedAway.compactMap { $0.header("paceline-no-bid") })
            #expect(
                !reasons.isEmpty && reasons.isSubset(of: ["busy", "kept_for_live", "late"]), "\(reasons)")
            let metrics = try await node.metrics()
            let counted = metrics.filter {
                $0.key.hasPrefix("paceline_decisions_total{result=\"turned_away\"")
            }
            #expect(counted.values.reduce(0, +) == Double(turnedAway.count))

            let tag = "GET /vast?country=USA HTTP/1.1\r\nhost: a\r\n\r\n"
            let documents = try await burst(node, tag, count: 400)
            #expect(documents.allSatisfy { $0.status == 200 && $0.body.contains("<VAST ") })
            try await until("nobody waits any more") {
                let answer = try await node.bid(body, path: "/openrtb2/bid?nbr=1")
                let overloaded = try await node.metric("paceline_shards_overloaded")
                return answer?.status == 200 && overloaded == 0
            }
        }
    }

    @Test func aRequestThatLeavesNoTimeIsNotBidOn() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        let plan = Plan(catalog: "catalog", overload: ["networkMilliseconds": 30])
        try await withNode(plan, in: folder) { node in
            let body = try Demo.request()
            for (tmax, status) in [(250, 200), (30, 204), (0, 204)] {
                let answer = try await node.bid(body.replacing("\"tmax\": 250", with: "\"tmax\": \(tmax)"))
                #expect(answer?.status == status, "tmax \(tmax)")
                if status == 204 { #expect(answer?.header("paceline-no-bid") == "insufficient_time") }
            }
        }
    }
}
