// A database that comes back without its last writes, with real processes: a broker that has the money says so, nobody is granted it
// once more, and two operators stand in for who is silent.
import Foundation
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct LostTailTests {
    @Test func whatALostTailGrantedIsNotGrantedAgain() throws {
        let pair = try Pair()
        var leader = try pair.leader()
        let budget = #"{"campaign":"winter","currency":"USD","budget":100,"highest":0.05}"#
        #expect(try pair.order("open", budget).status == 201)
        let broker = try RunningBroker("broker-0", of: pair, ahead: 0)
        // A node of the broker's: two of a hundred before the copy is taken, and eight behind it.
        let node = Speaker(name: "node-a", port: broker.port)
        try Spending.until("the node is registered") {
            _ = node.say(#"{"open":{"start":"77"}}"#, #"{"find":{"campaign":"winter","currency":"USD"}}"#)
            let said = node.say(#"{"register":{"session":"77","node":"77"}}"#)
            return said?.answers[0].first?["registered"] != nil
        }
        try Spending.until("the node has two") { node.granted("77", upTo: 2) == 2 }
        try pair.database.keepCopy()
        try Spending.until("the node has eight") { node.granted("77", upTo: 8) == 8 }
        try Spending.until("the broker tells of it") { broker.sum("held") >= 8_000_000 }
        try pair.database.putCopyBack()
        leader = try pair.leader()
        try pair.until("the audit has begun") {
            let mark = try pair.admin("GET /api/v1/ledger/audit").json["audit"] as? String
            return mark.map { $0 != "0" } ?? false
        }
        // Whoever asks is granted nothing, and the broker has presented what the tables had lost.
        var thief = Speaker(name: "broker-1", port: leader.port)
        let session = try thief.opens()
        try pair.until("the broker has presented") {
            #expect(thief.granted(session, upTo: 100) ?? 0 == 0)
            let waits = try pair.admin("GET /api/v1/ledger/audit").json["waitsFor"] as? [String] ?? []
            return !waits.contains("broker-0")
        }
        #expect(Int64(try pair.sql("select granted from paceline.accounts")[0][0])! >= 8_000_000)
        #expect(thief.granted(session, upTo: 100) == 0)
        let url = "http://127.0.0.1:\(leader.admin)"
        let shown = try paceline(["ledger", "audit", "--coordinator", url])
        #expect(shown.status == 1, "\(shown.output)")
        #expect(
            shown.output.contains("it waits for broker-1, broker-2, broker-3, node-a, node-b"),
            "\(shown.output)")
        let cut = try paceline(["ledger", "budget", "winter=1", "--confirm", "--coordinator", url])
        #expect(cut.status == 1 && cut.output.contains("the account is audited"), "\(cut.output)")
        #expect(leader.metric(#"paceline_root_audit_waits{holder="broker-3"}"#) == 1)
        #expect(leader.metric(#"paceline_root_audit_waits{holder="broker-0"}"#) == 0)
        #expect(ask(leader.admin, "GET /readyz")?.body.contains("waits for broker-1") == true)
        // Those that never had anything say so, but for one, which is gone.
        let mark = try #require(thief.say(#"{"look":{}}"#)?.audit["mark"] as? String)
        for name in ["broker-1", "broker-2", "node-a", "node-b"] {
            thief = Speaker(name: name, port: leader.port)
            let said = try #require(thief.say("{\"presented\":{\"audit\":\"\(mark)\"}}"))
            #expect(said.answers[0].first?["presented"] != nil && said.audit["isAsked"] as? Bool == false)
        }
        thief = Speaker(name: "broker-1", port: leader.port)
        #expect(thief.granted(session, upTo: 100) == 0)
        try resolve(pair, leader, mark)
        // What is left is what nobody has: a hundred, less what the broker holds and the half that may be with the silent one.
        let left = try #require(thief.granted(session, upTo: 100))
        let all = try pair.sql("select sum(granted - returned) from paceline.cells")
        let known = try #require(Double(all[0][0])) / 1_000_000
        #expect(known <= 100 && left > 0 && left <= 100 - 8 - 0.5, "\(left) beside \(known)")
        try Spending.isQuiet(pair)
        // The broker goes on with its session, which is no clone's.
        #expect(try pair.sql("select count(*) from paceline.sessions where is_cloned") == [["0"]])
        #expect(broker.metric("paceline_broker_sessions_lost") == 0)
        #expect(node.granted("77", upTo: 8) == 8)
        let who = try pair.sql("select who from paceline.audit where kind = 'ledger' order by ordinal")
        #expect(who.map { $0[0] }.dropFirst() == ["ann", "ann", "bob", "bob"], "\(who)")
    }

    /// Two operators say that the silent one may have half a unit.
    private func resolve(_ pair: Pair, _ leader: RunningCoordinator, _ mark: String) throws {
        let url = "http://127.0.0.1:\(leader.admin)"
        let line = [
            "ledger", "resolve", "--holder", "broker-3", "--audit", mark, "winter=0.5", "--coordinator", url,
        ]
        let nobody = try paceline(line)
        #expect(nobody.status == 1 && nobody.output.contains("two operators"), "\(nobody.output)")
        var files: [String: String] = [:]
        for name in ["root", "ann", "bob"] {
            let role = name == "root" ? "admin" : "operator"
            let headers =
                files["root"].flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
                .map { ["authorization: Bearer \($0)"] } ?? []
            var token: String?
            // A token counts within a second.
            try pair.until("\(name) has a token") {
                let made = ask(
                    leader.admin, "POST /api/v1/tokens",
                    "{\"name\":\"\(name)\",\"role\":\"\(role)\",\"days\":1}", headers: headers)
                token = made?.json["token"] as? String
                return token != nil
            }
            let file = pair.folder.appending(path: "token-\(name)").path()
            try Data((token ?? "").utf8).write(to: URL(filePath: file))
            files[name] = file
        }
        func say(_ name: String, _ words: [String]) throws -> (status: Int32, output: String) {
            try paceline(words + ["--token-file", files[name] ?? ""])
        }
        let first = try say("ann", line)
        #expect(first.status == 1 && first.output.contains("waits"), "\(first.output)")
        #expect(try say("ann", line).output.contains("waits"))
        let other = try say("bob", line.map { $0 == "winter=0.5" ? "winter=0.4" : $0 })
        #expect(other.status == 1 && other.output.contains("differs"), "\(other.output)")
        let second = try say("bob", line)
        #expect(second.status == 0 && second.output.contains("agreed"), "\(second.output)")
        let shown = try say("ann", ["ledger", "audit", "--coordinator", url])
        #expect(shown.status == 0 && shown.output.contains("nobody is waited for"), "\(shown.output)")
        #expect(try pair.sql("select suspense from paceline.accounts") == [["500000"]])
    }
}
