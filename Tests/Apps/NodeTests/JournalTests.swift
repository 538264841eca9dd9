// What a node journals, read back with the operator's command: its life in order, its answers, and what is left
// of it when it is killed.
import Foundation
import Glibc
import Testing

@Suite struct JournalTests {
    private struct Line: Decodable {
        let node: String
        let shard: Int
        let sequence: Int
        let kind: String
        let fields: [String: Value]?
    }

    private enum Value: Decodable, Equatable {
        case number(Int)
        case text(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }

    private func records(_ folder: Folder) async throws -> [Line] {
        let printed = try await folder.run("paceline journal cat --json journal")
        #expect(printed.status == 0, "\(printed.errors)")
        return try printed.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
    }

    @Test(arguments: drivers)
    func aNodesLifeStandsInOrder(_ driver: String) async throws {
        let folder = try Folder.withCertificates()
        let node = try await RunningNode.start(
            Plan(reactor: driver, shards: 2, secure: [.init()], accessOneIn: 1), in: folder)
        for _ in 0..<3 { _ = try await Wire.get("/v1/node", port: node.port) }
        _ = try await Wire.get("/healthz", port: node.port)
        node.running.signal(SIGHUP)
        try await until("the certificate is read again") { node.log.contains("certificate taken into use") }
        #expect(try await node.metric("paceline_journal_records_total") >= 5)
        #expect(try await node.metric("paceline_journal_lost_total{reason=\"backlog\"}") == 0)
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0, "\(node.log)")

        let lines = try await records(folder)
        #expect(Set(lines.map(\.shard)) == [0, 1] && lines.allSatisfy { $0.node == "tested" })
        for shard in 0...1 {
            let kinds = lines.filter { $0.shard == shard && $0.kind != "access" }.map(\.kind)
            let reloads = shard == 0 ? ["certificate-reload"] : []
            #expect(
                kinds == ["node-started"] + reloads + [
                    "drain-began", "drain-ended", "node-stopped", "sealed",
                ])
        }
        let accesses = lines.filter { $0.kind == "access" }
        #expect(accesses.count == 3, "health is not among them")
        for access in accesses {
            #expect(access.fields?["method"] == .text("GET") && access.fields?["path"] == .text("/v1/node"))
            #expect(access.fields?["status"] == .number(200) && access.fields?["oneIn"] == .number(1))
            guard case .number(let bytes)? = access.fields?["responseBytes"] else { continue }
            #expect(bytes > 100)
        }
        let verified = try await folder.run("paceline journal verify journal")
        #expect(verified.status == 0 && verified.output.contains("sealed"), "\(verified.output)")
        let table = try await folder.run("paceline journal export --kind access --format csv journal")
        #expect(table.output.split(separator: "\n").count == 4)
        // One byte changed is found, with its place.
        let segment = "journal/shard-0/000000000001.journal"
        let damaged = try await folder.run(
            "printf X | dd of=\(segment) bs=1 seek=165 conv=notrunc status=none; paceline journal verify journal"
        )
        #expect(damaged.status == 1 && damaged.output.contains("\(segment): at byte 128: found the checksum"))
    }

    /// Killed under load: what was answered long enough ago is there, and the next start goes on behind it.
    @Test func aKilledNodeGoesOn() async throws {
        let folder = try Folder()
        let node = try await RunningNode.start(Plan(accessOneIn: 1), in: folder)
        for _ in 0..<20 { _ = try await Wire.get("/v1/node", port: node.port) }
        try await node.hasWritten()
        for _ in 0..<3 { _ = try await Wire.get("/v1/node", port: node.port) }
        await node.stop()
        let again = try await RunningNode.start(Plan(accessOneIn: 1), in: folder)
        #expect(again.log.contains("a journal's segment was not finished, and is now"))
        again.running.signal(SIGTERM)
        #expect(await again.running.end() == 0, "\(again.log)")
        let lines = try await records(folder)
        #expect((20...24).contains(lines.count { $0.kind == "access" }))
        #expect(lines.map(\.sequence) == Array(1...lines.count))
        #expect(lines.count { $0.kind == "node-started" } == 2)
        #expect(try await folder.run("paceline journal verify journal").status == 0)
    }

    /// A node with fewer shards than before looks after what the others wrote.
    @Test func journalsOfFormerShardsAreRetained() async throws {
        let folder = try Folder()
        let made = try await folder.run(
            """
            mkdir -p journal/shard-0 journal/shard-7 journal/mine && cd journal/shard-7 && \
            head -c 300 /dev/zero | tee 000000000001.journal > 000000000002.journal && \
            touch -d '30 days ago' 000000000001.journal && cp -p 000000000001.journal ../mine
            """)
        #expect(made.status == 0, "\(made.errors)")
        let node = try await RunningNode.start(Plan(accessOneIn: 1), in: folder)
        #expect(node.log.contains("shards that this node no longer has"))
        try await until("what is too old goes") {
            !FileManager.default.fileExists(atPath: folder.path("journal/shard-7/000000000001.journal"))
        }
        for kept in ["shard-7/000000000002.journal", "mine/000000000001.journal"] {
            #expect(FileManager.default.fileExists(atPath: folder.path("journal/\(kept)")))
        }
        await node.stop()
    }

    @Test func aNodeThatCannotJournalSaysWhy() async throws {
        let folder = try Folder()
        try folder.write("no directory", to: "journal")
        let ports = try FreePorts.take(2)
        try folder.write(Plan(accessOneIn: 1).settings(ports: ports, in: folder), to: "node.json")
        let outcome = try await folder.run("paceline-node --config node.json")
        #expect(outcome.status == 1)
        #expect(
            outcome.errors.contains("journal.directory") && outcome.errors.contains("Not a directory"),
            "\(outcome.errors)")
    }
}
