// A published catalog on its way to nodes, with real processes: taken within a second, by a broker too; not taken where it is damaged
// or of another format; there after a start that reaches nobody.
import Foundation
import Glibc
import PostgresServer
import Testing

@Suite(.serialized) struct CatalogSyncTests {
    /// A folder of its own, and the demo's catalog in it, compiled in several states.
    private final class Scratch {
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-sync-\(UUID())")

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func tool(_ arguments: String...) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
                .deletingLastPathComponent().appending(path: "paceline")
            process.arguments = arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        }

        /// The demo's catalog as one file.
        func document() throws -> String {
            let examples = URL(filePath: #filePath).appending(path: "../../../../Examples/catalog")
                .standardized
            var all: [String: Any] = [:]
            for file in try FileManager.default.contentsOfDirectory(atPath: examples.path()) {
                let data = try Data(contentsOf: examples.appending(path: file))
                let one = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
                all.merge(one) { a, b in (a as? [Any] ?? []) + (b as? [Any] ?? []) }
            }
            all["$schema"] = nil
            return String(decoding: try JSONSerialization.data(withJSONObject: all), as: UTF8.self)
        }

        /// The demo's catalog with another name in it, so that it is another one.
        func compiled(_ name: String) throws -> [UInt8] {
            let catalog = folder.appending(path: "catalog-\(name)")
            let examples = URL(filePath: #filePath).appending(path: "../../../../Examples/catalog")
            try FileManager.default.copyItem(at: examples.standardized, to: catalog)
            let file = catalog.appending(path: "campaigns.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try Data(text.replacing("\"name\": \"", with: "\"name\": \"\(name) ").utf8).write(to: file)
            let output = folder.appending(path: "\(name).snapshot")
            try #require(
                try tool("catalog", "compile", catalog.path(), "--output", output.path()).status == 0)
            return try Array(Data(contentsOf: output))
        }
    }

    private static func bid(_ node: FollowingProcess) throws -> Int? {
        let request = URL(filePath: #filePath).appending(path: "../../../../Examples/ctv-pod.json")
        return ask(
            node.port, "POST /openrtb2/bid", try String(contentsOf: request.standardized, encoding: .utf8),
            headers: ["content-type: application/json"])?.status
    }

    @Test func aNodeTakesWhatIsPublishedAndNothingElse() throws {
        let scratch = try Scratch()
        let (one, two, three) = (
            try scratch.compiled("one"), try scratch.compiled("two"), try scratch.compiled("three")
        )
        let server = try PublishingServer()
        let node = try FollowingProcess.node([server.port], in: scratch.folder.appending(path: "node"))
        // It answers, and says why it is not ready.
        try Spending.until("it says that there is none") {
            node.readiness.contains("there is no catalog on this disk")
                && node.readiness.contains("nothing is published there")
        }
        #expect(ask(node.admin, "GET /readyz")?.status == 503)
        #expect(try Self.bid(node) == 204)
        server.publish(.init(version: 1, blob: one))
        try Spending.until("the first is served", 2) { node.version == 1 }
        #expect(node.catalog["lineItems"] as? Int == 10)
        #expect(!node.readiness.contains(#""part":"catalog""#), "\(node.readiness)")

        let asked = server.asks
        server.publish(.init(version: 2, blob: two))
        try Spending.until("the second is served", Spending.soon) { node.version == 2 }
        #expect(server.asks <= asked + 2, "it waits to be told, and does not ask all the time")

        // Damaged on the way, again and again.
        let served = node.catalog["version"] as? String
        server.publish(.init(version: 3, blob: three), changedOnTheWay: true)
        try Spending.until("the damage is counted") {
            (node.metric("paceline_catalog_fetches_total{outcome=\"corrupt\"}") ?? 0) >= 2
        }
        #expect(node.catalog["version"] as? String == served && node.version == nil)
        #expect(node.log.contains("the blob is not the one that is published: its SHA-256 is"))
        server.isNotChangedOnTheWayAnyMore()
        try Spending.until("whole it is served") { node.version == 3 }

        // What it cannot read it does not fetch, and says so by name; so with what is no catalog, cut or otherwise.
        let fetches = server.fetches
        server.publish(.init(version: 4, blob: one, format: 99))
        try Spending.until("another format is refused") {
            node.readiness.contains("version 4, is refused") && node.readiness.contains("format version 99")
        }
        #expect(server.fetches == fetches)
        #expect(node.metric("paceline_catalog_refused") == 1)
        for (version, blob, said) in [
            (5, Array(two.dropLast(64)), "it was cut off"),
            (6, Array("a catalog?".utf8), "a compiled catalog"),
        ] {
            server.publish(.init(version: version, blob: blob))
            try Spending.until("\(version) is refused") {
                node.readiness.contains("version \(version), is refused") && node.readiness.contains(said)
            }
        }
        #expect(node.metric("paceline_catalog_fetches_total{outcome=\"refused\"}") == 3)
        #expect(node.catalog["version"] as? String != nil && node.catalog["lineItems"] as? Int == 10)

        // Taken back.
        server.publish(.init(version: 1, blob: one))
        try Spending.until("the first is served again", Spending.soon) { node.version == 1 }
        #expect(node.metric("paceline_catalog_refused") == 0)
        let status = try scratch.tool("status", "http://127.0.0.1:\(node.admin)")
        #expect(status.output.contains("10 line items; published as version 1, as of "), "\(status.output)")
        // What was decided is decided again with what is kept here.
        #expect(try (200..<300).contains(Self.bid(node) ?? 0))
        node.kill(SIGTERM)
        #expect(node.end() == 0)
        let replay = try scratch.tool(
            "replay", node.folder.appending(path: "journal").path(), "--catalogs",
            node.folder.appending(path: "state").path())
        #expect(replay.status == 0, "\(replay.output)")
    }

    @Test func withNobodyReachableItStartsFromItsDisk() throws {
        let scratch = try Scratch()
        let server = try PublishingServer()
        server.publish(.init(version: 7, blob: try scratch.compiled("seven")))
        let node = try FollowingProcess.node([server.port], in: scratch.folder.appending(path: "node"))
        try Spending.until("it is served") { node.version == 7 }
        server.stop()
        // Days later.
        node.kill(SIGKILL)
        _ = node.end()
        let memory = node.folder.appending(path: "state/published")
        let text = try String(contentsOf: memory, encoding: .utf8)
        let then = Int64((Date().timeIntervalSince1970 - 3 * 86_400) * 1e9)
        try Data(text.replacing(#/"asOf": "[0-9]+"/#, with: "\"asOf\": \"\(then)\"").utf8).write(to: memory)
        try node.start()
        try Spending.until("it serves what it had") { node.version == 7 }
        #expect(node.catalog["lineItems"] as? Int == 10)
        try Spending.until("it says how old that is") {
            node.readiness.contains("version 7, was the published one 3 days ago")
                && node.readiness.contains("no connection")
        }
        #expect((node.metric("paceline_catalog_word_age_seconds") ?? 0) > 3 * 86_000)
        // Somebody who has lost his own is no reason to go back.
        try server.start()
        server.publish(.init(version: 6, blob: try scratch.compiled("six"), age: 4 * 86_400))
        try Spending.until("older news is counted") {
            (node.metric("paceline_catalog_asks_total{outcome=\"stale\"}") ?? 0) >= 1
        }
        #expect(node.version == 7)
        server.publish(.init(version: 8, blob: try scratch.compiled("eight")))
        try Spending.until("news is taken") { node.version == 8 }
        // Nothing of what was there: a damaged snapshot is not served, and there is none until it was fetched again.
        node.kill(SIGKILL)
        _ = node.end()
        server.stop()
        let name = try String(contentsOf: node.folder.appending(path: "state/current"), encoding: .utf8)
            .split(separator: "\n")[0]
        let file = node.folder.appending(path: "state/snapshots/\(name).snapshot")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
        try node.start()
        try Spending.until("it has none") { node.readiness.contains("there is no catalog on this disk") }
        #expect(node.version == nil)
        try server.start()
        try Spending.until("it is there again") {
            node.version == 8 && node.catalog["lineItems"] as? Int == 10
        }
    }

    @Test func aBrokerHandsItOnAndKeepsIt() throws {
        let scratch = try Scratch()
        let (one, two) = (try scratch.compiled("one"), try scratch.compiled("two"))
        let server = try PublishingServer()
        let broker = try FollowingProcess.broker([server.port], in: scratch.folder.appending(path: "broker"))
        #expect(ask(broker.port, "GET /v1/blobs/none")?.status == 400)
        #expect(ask(broker.port, "GET /v1/catalog?wait=x")?.status == 400)
        #expect(ask(broker.port, "PUT /v1/catalog")?.status == 405)
        try Spending.until("it knows that there is none") {
            ask(broker.port, "GET /v1/catalog")?.status == 404
        }
        let nodes = try ["a", "b"].map {
            try FollowingProcess.node([broker.port], in: scratch.folder.appending(path: "node-\($0)"))
        }
        server.publish(.init(version: 1, blob: one))
        try Spending.until("both serve the first", 3) { nodes.allSatisfy { $0.version == 1 } }
        server.publish(.init(version: 2, blob: two))
        try Spending.until("both serve the second", Spending.soon) {
            nodes.allSatisfy { $0.version == 2 }
        }
        #expect(server.fetches == 2, "once each, however many nodes there are")
        let word = try #require(ask(broker.port, "GET /v1/catalog"))
        #expect(word.json["version"] as? Int == 2 && word.headers.contains("age: "))
        #expect(ask(broker.port, "GET /v1/catalog?have=2&wait=1")?.status == 304)

        // Without a coordinator, from its disk, also to a node that has nothing.
        server.stop()
        try broker.restart()
        let late = try FollowingProcess.node([broker.port], in: scratch.folder.appending(path: "node-c"))
        try Spending.until("it is served from the broker's disk") { late.version == 2 }

        // Damaged there it is not handed on, and is fetched again.
        broker.kill(SIGKILL)
        _ = broker.end()
        let digest = PublishingServer.Published(version: 2, blob: two).digest
        let file = broker.folder.appending(path: "catalog/snapshots/\(digest).snapshot")
        var bytes = try Data(contentsOf: file)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: file)
        try broker.start()
        #expect(ask(broker.port, "GET /v1/catalog")?.status == 503)
        #expect(broker.log.contains("was damaged, and is fetched again"))
        try server.start()
        try Spending.until("it is whole again") {
            ask(broker.port, "GET /v1/catalog")?.json["version"] as? Int == 2
        }
        #expect(server.fetches == 3)
        // What was there is not fetched when it is taken back.
        server.publish(.init(version: 1, blob: one))
        try Spending.until("the first is served again", 15) {
            (nodes + [late]).allSatisfy { $0.version == 1 }
        }
        #expect(server.fetches == 3)
        // Whoever waits is let go at the end.
        let began = Date()
        broker.kill(SIGTERM)
        _ = broker.end()
        #expect(Date().timeIntervalSince(began) < 8)
    }

    /// Everything as it is deployed: coordinators on a Postgres, a broker, a node behind it and one beside it.
    @Test(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"))
    func whatACoordinatorPublishesIsServedWithinASecond() throws {
        let pair = try Pair()
        let leader = try pair.leader()
        let scratch = try Scratch()
        let coordinators = pair.all.map(\.port)
        let broker = try FollowingProcess.broker(coordinators, in: scratch.folder.appending(path: "broker"))
        let nodes = [
            try FollowingProcess.node([broker.port], in: scratch.folder.appending(path: "behind")),
            try FollowingProcess.node(coordinators, in: scratch.folder.appending(path: "beside")),
        ]
        func publish(_ path: String, _ body: String) throws -> Int {
            let before = ask(leader.port, "GET /v1/catalog")?.json["version"] as? Int
            let answer = try #require(
                ask(
                    leader.admin, "POST /api/v1/catalog/\(path)", body,
                    headers: before.map { ["if-match: \"\($0)\""] } ?? []))
            try #require((200...201).contains(answer.status), "\(answer)")
            var version: Int?
            try Spending.until("it is told") {
                version = ask(leader.port, "GET /v1/catalog")?.json["version"] as? Int
                return version != before
            }
            return try #require(version)
        }
        let examples = try scratch.document()
        let first = try publish("import", examples)
        try Spending.until("both serve the first", 5) { nodes.allSatisfy { $0.version == first } }
        let served = nodes.map { $0.catalog["version"] as? String }
        #expect(served[0] == served[1] && nodes.allSatisfy { $0.catalog["lineItems"] as? Int == 10 })

        let second = try publish("import", examples.replacing("\"name\":\"", with: "\"name\":\"New "))
        try Spending.until("both serve the second", Spending.soon) {
            nodes.allSatisfy { $0.version == second }
        }
        #expect(nodes[0].catalog["version"] as? String != served[0])

        // Taken back: another number, and the very bytes of before.
        let third = try publish("rollback", #"{"version": \#(first)}"#)
        try Spending.until("both serve the first again", Spending.soon) {
            nodes.allSatisfy { $0.version == third }
        }
        #expect(nodes.map { $0.catalog["version"] as? String } == served)

        // Nobody is left to ask.
        for one in pair.all { one.kill(SIGKILL) }
        broker.kill(SIGKILL)
        try nodes[0].restart()
        try Spending.until("it serves from its disk") { nodes[0].version == third }
        #expect(nodes[0].catalog["version"] as? String == served[0])
    }
}
