// A disk that answers with an error: a node in this process, whose calls to the kernel are made to fail. No bill is taken
// that the disk does not have, readiness says why, and what was to be written is written once the disk works again.
import Foundation
import Kernel
import Telemetry
import Testing
import Units

@testable import Settings
@testable import paceline_node

/// A shard and the operators' thread of a node.
private struct OwnNode {
    let ports: [UInt16]
    let shard: ServingThread
    let operators: ServingThread

    init(in folder: Folder) throws {
        ports = try FreePorts.take(2)
        var settings = NodeSettings.standalone(
            catalog: folder.path("catalog"), state: folder.path("state"), port: ports[0], adminPort: ports[1],
            shards: 1)
        // Bills are what brings most to the disk while the test runs.
        settings.journal?.flushInterval = .seconds(1)
        let context = try NodeContext(settings: settings, version: "tested")
        try context.catalogs?.start()
        try context.money?.open(context)
        shard = ServingThread(.shard(0), context)
        operators = ServingThread(.operators, context)
        for thread in [shard, operators] { _ = try thread.start(core: nil).get() }
        for part in ["listeners", "certificates", "catalog"] { context.health.set(part, .ready) }
    }

    func bid(_ body: String) async throws -> Answer {
        let wire = try Wire(ports[0])
        wire.send(
            "POST /openrtb2/bid HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n"
                + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
        return try #require(try await wire.answer())
    }

    func get(_ path: String) async throws -> Answer {
        try #require(try await Wire.get(path, port: ports[path.hasPrefix("/e/") ? 0 : 1]))
    }

    /// The value of a metric, or the sum of those whose names start so.
    func metric(_ name: String) async throws -> Double {
        let lines = try await get("/metrics").body.split(separator: "\n").filter { $0.hasPrefix(name) }
        return lines.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}

@Suite struct FailingDiskTests {
    private func request(_ viewer: Int) throws -> String {
        try Demo.request(household: viewer).replacing("viewer-1", with: "viewer-\(viewer)")
            .replacing("6f1c2d54", with: "6f1c\(1_000 + viewer)")
    }

    @Test(arguments: [SystemCall.write, .synchronise])
    func aBillIsTakenOnceTheDiskHasIt(_ call: SystemCall) async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try FileManager.default.createDirectory(
            atPath: folder.path("state"), withIntermediateDirectories: true)
        let node = try OwnNode(in: folder)
        var decided = 0
        var bills: [String] = []
        // Money comes under marks that the disk has.
        try await until("there is money", within: .seconds(120)) {
            try await node.get("/readyz").status == 200
        }
        try await until("there are bills", within: .seconds(120)) {
            decided += 1
            let body = try await node.bid(request(decided)).body.replacing("\\/", with: "/")
            bills += body.matches(of: /\/e\/bill\?t=[A-Za-z0-9_-]{128}/).map { "\($0.output)&p=0.5" }
            return bills.count >= 3
        }
        #expect(try await node.get(bills[0]).status == 204)
        #expect(try await node.get("/e/reach").status == 204)
        try await Task.sleep(for: .milliseconds(300))

        node.shard.post { _ in Faults.inject(Fault(call, .fail(.inputOutput), times: .max)) }
        for bill in [bills[1], bills[1], bills[2]] {
            let refused = try await node.get(bill)
            #expect(refused.status == 503, "\(refused)")
        }
        // Whoever comes and is sent away says nothing of what nobody billed.
        #expect(try await node.get("/e/reach").status == 503)
        #expect(try await node.metric("paceline_notices_reached_age_seconds") > 0.29)
        let ready = try await node.get("/readyz")
        #expect(
            ready.status == 503 && ready.body.contains("shard 0: ")
                && ready.body.contains("Input/output error"), "\(ready.body)")
        #expect(try await node.get("/healthz").status == 200)
        // What was taken before is on the disk, and what is decided waits for it.
        decided += 1
        #expect(try await node.bid(request(decided)).status < 300)
        let failures =
            "paceline_journal_failures_total{doing=\"\(call == .write ? "write" : "synchronise")\"}"
        #expect(try await node.metric(failures) > 0)

        node.shard.post { _ in Faults.clear() }
        try await until("the node is ready again", within: .seconds(120)) {
            try await node.get("/readyz").status == 200
        }
        for bill in bills[..<3] {
            try await until("the bill is taken") { try await node.get(bill).status == 204 }
        }
        #expect(try await node.get("/e/reach").status == 204)
        #expect(try await node.metric("paceline_notices_reached_age_seconds") < 5)
        #expect(try await node.metric("paceline_journal_lost_total") == 0)
        #expect(try await node.metric("paceline_notices_total{event=\"bill\",outcome=\"counted\"}") == 3)
        node.shard.drain(within: .seconds(5))
        node.operators.drain(within: .seconds(5))
        _ = (node.shard.join(), node.operators.join())

        // Each of them once, and every decision.
        let verified = try await folder.run("paceline journal verify state/journal", seconds: 60)
        #expect(verified.status == 0, "\(verified)")
        let records = try await folder.run("paceline journal cat --json state/journal", seconds: 60).output
        func count(_ kind: String) -> Int {
            records.split(separator: "\n").count { $0.contains("\"kind\": \"\(kind)\"") }
        }
        #expect(count("notice") == 3 && count("settled") == 3 && count("decision") == decided)
    }
}
