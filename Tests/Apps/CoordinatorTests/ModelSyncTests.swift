// Models on their way from a directory to the nodes, with real processes: coordinators on a Postgres, a broker, a node behind it and one
// beside it.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"), .serialized)
struct ModelSyncTests {
    /// The whole of it, and what `paceline model` says to it.
    private final class Fleet {
        let pair: Pair
        let broker: FollowingProcess
        let nodes: [FollowingProcess]
        let folder: URL

        init() throws {
            pair = try Pair()
            folder = pair.folder
            let coordinators = pair.all.map(\.port)
            broker = try FollowingProcess.broker(coordinators, in: folder.appending(path: "broker"))
            nodes = [
                try FollowingProcess.node(
                    [broker.port], in: folder.appending(path: "behind"), name: "node-a", models: true),
                try FollowingProcess.node(
                    coordinators, in: folder.appending(path: "beside"), name: "node-b", models: true),
            ]
            _ = try pair.leader()
            let catalog = URL(filePath: #filePath).appending(path: "../../../../Examples/catalog")
                .standardized
            let imported = try paceline(
                [
                    "catalog", "import", catalog.path(), "--coordinator",
                    "http://127.0.0.1:\(pair.all[0].admin)",
                ])
            try #require(imported.status == 0, "\(imported.output)")
        }

        /// Of any coordinator, since commands go on to the one that leads.
        @discardableResult
        func model(_ arguments: String..., status: Int32 = 0) throws -> String {
            let said = try paceline(
                ["model"] + arguments + ["--coordinator", "http://127.0.0.1:\(pair.all[1].admin)"])
            #expect(said.status == status, "\(arguments): \(said.output)")
            return said.output
        }

        /// Small models, of which the number of a training is another one.
        func package(_ name: String, training: Int = 2) throws -> String {
            let target = folder.appending(path: name)
            let source = URL(filePath: #filePath).appending(path: "../../../Support/HandWrittenModels")
                .standardized
            try FileManager.default.copyItem(at: source, to: target)
            let list = target.appending(path: "models.json")
            let text = try String(contentsOf: list, encoding: .utf8)
            try Data(text.replacing("\"version\": 2", with: "\"version\": \(training)").utf8).write(to: list)
            return target.path()
        }

        func serve(_ packages: [Int?]) -> Bool { nodes.map(\.package) == packages }
    }

    @Test func whatIsPublishedIsServedByAll() throws {
        let fleet = try Fleet()
        try Spending.until("they know that there are none") {
            fleet.nodes.allSatisfy {
                $0.readiness.contains("there is no set of models on this disk") && $0.package == nil
            }
        }
        // Sent, and served by nobody yet.
        #expect(try fleet.model("publish", fleet.package("one")).contains("package 1: sent"))
        #expect(try fleet.model("publish", fleet.package("again")).contains("package 1: there already"))
        #expect(ask(fleet.pair.all[0].port, "GET /v1/models")?.status == 404)
        #expect(try fleet.model("promote", "1").contains("package 1 serves"))
        try Spending.until("both serve the first", Spending.soon) { fleet.serve([1, 1]) }
        let first = fleet.nodes.map { $0.models["version"] as? String }
        #expect(first[0] == first[1] && first[0] != nil)

        // Another one, in one step.
        #expect(
            try fleet.model("publish", fleet.package("two", training: 3), "--promote")
                .contains("package 2: serves"))
        try Spending.until("both serve the second", Spending.soon) { fleet.serve([2, 2]) }
        #expect(fleet.nodes[0].models["version"] as? String != first[0])

        #expect(
            try fleet.model("rollback", "1", "--note", "the second sold too much").contains("serves again"))
        try Spending.until("both serve the first again", Spending.soon) { fleet.serve([1, 1]) }
        #expect(fleet.nodes.map { $0.models["version"] as? String } == first)
        let versions = try fleet.model("versions")
        #expect(versions.contains("package 1, serves: models \(first[0] ?? "?")"), "\(versions)")
        #expect(
            versions.contains("rollback by without a certificate: the second sold too much"), "\(versions)")

        // Nobody is left to ask.
        for one in fleet.pair.all { one.kill(SIGKILL) }
        fleet.broker.kill(SIGKILL)
        for node in fleet.nodes { try node.restart() }
        try Spending.until("they serve from their disks") { fleet.serve([1, 1]) }
        #expect(fleet.nodes.map { $0.models["version"] as? String } == first)
    }

    /// One node of two has it first; a package that it refuses goes back by itself, and so does one of which it counts worse.
    @Test func aCanaryIsPromotedOrGoesBackByItself() throws {
        let fleet = try Fleet()
        #expect(try fleet.model("publish", fleet.package("one"), "--promote").contains("package 1: serves"))
        try Spending.until("both serve the first", Spending.soon) { fleet.serve([1, 1]) }
        #expect(try fleet.model("publish", fleet.package("two", training: 3)).contains("package 2: sent"))
        try Spending.until("the coordinator has heard of both") {
            let nodes = try fleet.pair.admin("GET /api/v1/models").json["nodes"] as? [[String: Any]]
            return nodes?.compactMap { $0["package"] as? Int } == [1, 1]
        }
        // One of the region.
        #expect(try fleet.model("canary", "2").contains("package 2 serves at node-a"))
        try Spending.until("one serves the second", Spending.soon) { fleet.serve([2, 1]) }
        #expect(try fleet.model("versions").contains("package 2, serves at node-a: models "))
        #expect(try fleet.model("promote", "2").contains("package 2 serves"))
        try Spending.until("both do", Spending.soon) { fleet.serve([2, 2]) }

        // Nobody's processor is so fast; the coordinator does not ask for that.
        let slow = try fleet.package("slow", training: 4)
        let list = URL(filePath: slow).appending(path: "models.json")
        let text = try String(contentsOf: list, encoding: .utf8)
        try Data(text.replacing("Microseconds\": 5000", with: "Microseconds\": 1").utf8).write(to: list)
        let package = fleet.folder.appending(path: "slow.package")
        try Data(Self.packed(slow)).write(to: package)
        let sent = Process()
        sent.executableURL = URL(filePath: "/usr/bin/env")
        sent.arguments = [
            "curl", "-sf", "-o", "/dev/null", "--data-binary", "@\(package.path())",
            "http://127.0.0.1:\(try fleet.pair.leader().admin)/api/v1/models",
        ]
        try sent.run()
        sent.waitUntilExit()
        #expect(sent.terminationStatus == 0)
        try fleet.model("canary", "3", "--nodes", "node-b")
        try Spending.until("it goes back", Spending.soon) {
            try fleet.model("versions").contains("take back by coordinator ")
        }
        let versions = try fleet.model("versions")
        #expect(versions.contains("node-b refuses it: ") && versions.contains("allowed: 1 µs"), "\(versions)")
        try Spending.until("both serve the second") { fleet.serve([2, 2]) }
        let audit =
            try fleet.pair.admin("GET /api/v1/audit?kind=models&id=3").json["entries"] as? [[String: Any]]
        #expect(audit?.first?["what"] as? String == "take back", "\(audit ?? [])")

        // What its nodes count is worse than what all others do.
        try fleet.model("canary", "1", "--nodes", "node-c,node-a")
        let worse = """
            {"version": 1, "holder": "broker-1", "node": "node-c", "region": "there", "package": 1, "here": true, "goals": [
              {"goal": "completedView", "candidates": 900, "full": 900, "shown": 400, "expected": 300, "happened": 100}]}
            """
        let heard = ask(try fleet.pair.leader().port, "POST /v1/models/standing", worse)
        #expect(heard?.status == 200, "\(heard?.body ?? "")")
        try Spending.until("it goes back too", 5) {
            try fleet.model("versions").contains("of its 400 ads 300.0 were predicted and 100 happened")
        }
        try Spending.until("nothing is left of it") { fleet.serve([2, 2]) }
    }

    /// As `paceline model publish` makes it of a directory that it would refuse here.
    private static func packed(_ directory: String) throws -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let folder = URL(filePath: directory)
        let list = try Data(contentsOf: folder.appending(path: "models.json"))
        let all = try JSONSerialization.jsonObject(with: list) as? [String: Any] ?? [:]
        let names = (all["files"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        var bytes = Array("PLMODELS".utf8) + number(1, 4) + number(names.count + 1, 4)
        for name in ["models.json"] + names {
            let content = try Data(contentsOf: folder.appending(path: name))
            bytes += number(name.utf8.count, 2) + number(content.count, 8) + Array(name.utf8) + content
        }
        return bytes
    }
}
