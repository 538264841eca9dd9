// What an operator sees before a budget is cut, with real processes: the most that can still be spent, and nothing is changed by
// looking.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct BudgetCutTests {
    /// What `paceline` prints, and its exit status.
    private func paceline(_ arguments: [String], of pair: Pair) throws -> (status: Int32, output: String) {
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let admin = try pair.leader().admin
        let process = Process()
        let pipe = Pipe()
        process.executableURL = programs.appending(path: "paceline")
        process.arguments = arguments + ["--coordinator", "http://127.0.0.1:\(admin)"]
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    @Test func aCutIsShownBeforeItIsMade() throws {
        let pair = try Pair(lease: 4)
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let node = try SpendingNode("node-a", of: pair)
        for ad in try Spending.ads(node, 20) { #expect(node.bill(ad)) }
        // It ends at once, so that no grant comes between two looks: what it had is in suspense.
        node.kill(SIGKILL)
        _ = node.end()
        try Spending.until("its lease is over") { try Spending.root(pair, "suspense") > 0 }
        func account() throws -> [String: Any] {
            let path = "/api/v1/ledger/accounts?campaign=northwind-winter"
            let answer = try #require(ask(try pair.leader().admin, "GET \(path)"))
            let list = answer.json["accounts"] as? [[String: Any]]
            return list?.first ?? answer.json
        }
        let before = try account()
        let out = try Spending.root(pair, "granted") + Spending.root(pair, "suspense")
        let spent = try Spending.root(pair, "settled")
        try #require(out > 0 && spent > 0)
        func micros(_ answer: [String: Any], _ key: String) -> Int64 {
            Int64(((answer[key] as? Double ?? .nan) * 1_000_000).rounded())
        }
        let shown = try paceline(["ledger", "budget", "northwind-winter=0.1", "--json"], of: pair)
        try #require(shown.status == 0, "\(shown.output)")
        let outlook = try #require(
            try JSONSerialization.jsonObject(with: Data(shown.output.utf8)) as? [String: Any])
        #expect(micros(outlook, "stillBillable") == out && micros(outlook, "spent") == spent)
        #expect(micros(outlook, "most") == out + spent)
        #expect(micros(outlook, "overhang") == out + spent - 100_000)
        #expect(try account()["version"] as? String == before["version"] as? String)
        #expect(try Spending.root(pair, "budget") == 50_000_000)

        let words = try paceline(["ledger", "budget", "northwind-winter=0.1", "--confirm"], of: pair)
        #expect(words.status == 0 && words.output.contains("changed"), "\(words.output)")
        #expect(try Spending.root(pair, "budget") == 100_000)
        #expect(try account()["version"] as? String != before["version"] as? String)
        let none = try paceline(["ledger", "budget", "nobody=1"], of: pair)
        #expect(none.status == 1, "\(none.output)")
        try #require(try pair.sql("select * from paceline.imbalances") == [])
    }
}
