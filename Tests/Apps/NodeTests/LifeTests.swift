// A node's start, its way out, and what it tells whoever supervises it.
import Foundation
import Glibc
import Testing

@Suite struct LifeTests {
    private static let half = "POST /v1/json/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n[1"

    @Test(arguments: drivers)
    func drains(_ driver: String) async throws {
        let notice = 600
        let node = try await RunningNode.start(
            Plan(reactor: driver, shards: 2, noticeMilliseconds: notice, drainMilliseconds: 1_700),
            in: Folder())
        let inFlight = try Wire(node.port)
        inFlight.send(LifeTests.half)
        let idle = try Wire(node.port)
        idle.send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        #expect(try await idle.answer()?.status == 200)

        let began = ContinuousClock.now
        node.running.signal(SIGTERM)
        try await until("readiness says no") {
            try await Wire.get("/readyz", port: node.admin)?.status == 503
        }
        // Told before it acts: requests are still served.
        #expect(try await Wire.get("/readyz", port: node.port)?.status == 503)
        #expect(try await Wire.get("/healthz", port: node.port)?.status == 200)
        #expect(ContinuousClock.now - began < .milliseconds(notice), "too busy to tell notice from drain")

        try await until("new connections are refused") { try Wire(node.port).ending == ECONNREFUSED }
        #expect(ContinuousClock.now - began >= .milliseconds(notice))
        #expect(try await idle.readToEnd().isEmpty)
        #expect(try await Wire.get("/readyz", port: node.admin)?.status == 503, "operators see how it goes")
        #expect(try await node.metric("paceline_http_connections_open{server=\"requests\"}") >= 1)
        inFlight.send("]]")
        let answer = try #require(try await inFlight.answer())
        #expect(answer.status == 400 && answer.header("connection") == "close")
        // The idle peer never closes its side; that is no reason to call the drain a failure.
        #expect(await node.running.end() == 0, "\(node.log)")
        #expect(ContinuousClock.now - began < .milliseconds(2_500))
        #expect(node.log.contains("draining") && node.log.contains("stopped"))
        withExtendedLifetime(idle) {}
    }

    @Test func secondSignalCutsTheNoticeShort() async throws {
        let node = try await RunningNode.start(
            Plan(noticeMilliseconds: 50_000, drainMilliseconds: 55_000), in: Folder())
        node.running.signal(SIGTERM)
        try await until("readiness says no") {
            try await Wire.get("/readyz", port: node.admin)?.status == 503
        }
        let began = ContinuousClock.now
        node.running.signal(SIGINT)
        #expect(await node.running.end() == 0)
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test func whatDoesNotFinishIsCutAndTold() async throws {
        let node = try await RunningNode.start(Plan(drainMilliseconds: 300), in: Folder())
        let stuck = try Wire(node.port)
        stuck.send(LifeTests.half)
        try await until("the request is at hand") { try await node.metric("paceline_connections_open") == 2 }
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 1)
        #expect(
            node.log.contains("connections were cut at the end of the drain")
                && node.log.contains("connections=1"))
    }

    @Test func supervisorIsTold() async throws {
        let folder = try Folder()
        let supervisor = try NotifySocket(folder.path("notify"))
        let node = try await RunningNode.start(
            Plan(environment: ["NOTIFY_SOCKET": folder.path("notify"), "WATCHDOG_USEC": "150000"]), in: folder
        )
        var heard: [String] = []
        func hear(_ message: String) async throws {
            try await until("the supervisor hears \(message): \(heard)") {
                heard += supervisor.messages()
                return heard.contains { $0.hasPrefix(message) }
            }
        }
        try await hear("READY=1")
        try await hear("WATCHDOG=1")
        heard = []
        node.running.signal(SIGHUP)
        try await hear("RELOADING=1\nMONOTONIC_USEC=")
        try await hear("READY=1")
        node.running.signal(SIGTERM)
        try await hear("STOPPING=1")
        #expect(await node.running.end() == 0)
    }

    @Test func logsAreJSONOnRequest() async throws {
        let node = try await RunningNode.start(Plan(logFormat: "json"), in: Folder())
        node.running.signal(SIGTERM)
        #expect(await node.running.end() == 0)
        let lines = node.log.split(separator: "\n")
        let messages = try lines.map { line in
            let record = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(record["level"] is String && record["time"] is String, "\(line)")
            return try #require(record["message"] as? String, "\(line)")
        }
        #expect(messages == ["serving", "draining", "stopped"])
    }

    // MARK: Nodes that do not start

    @Test func badSettingsAreRefusedTogether() async throws {
        let folder = try Folder()
        let ports = try FreePorts.take(2)
        let good = try Plan().settings(ports: ports, in: folder)
        try folder.write(
            good.replacing("\"daemon\"", with: "\"demon\":1,\"daemon\"").replacing(
                "\"shards\":1", with: "\"shards\":-1"),
            to: "node.json")
        let bad = try await folder.run("paceline-node --config node.json")
        #expect(
            bad.status == 1 && bad.errors.contains("demon") && bad.errors.contains("shards"), "\(bad.errors)")
        let gone = try await folder.run("paceline-node --config none.json")
        #expect(gone.status == 1 && gone.errors.contains("none.json"), "\(gone.errors)")
        let unnamed = try await folder.run("paceline-node")
        #expect(unnamed.status == 2 && unnamed.errors.contains("--config"), "\(unnamed.errors)")
        try folder.write(Plan(secure: [.init()]).settings(ports: ports + [1], in: folder), to: "node.json")
        let keyless = try await folder.run("paceline-node --config node.json")
        #expect(keyless.status == 1 && keyless.errors.contains("server.pem"), "\(keyless.errors)")
    }

    /// Also where the port belongs to another node, although shards of one node share theirs.
    @Test func portsInUseAreNamed() async throws {
        try await withNode(Plan(shards: 2)) { node in
            let second = try await node.folder.run("paceline-node --config node.json", seconds: 5)
            #expect(second.status == 1, "\(second.errors)")
            #expect(second.errors.contains("could not listen on 127.0.0.1:\(node.port)"), "\(second.errors)")
            #expect(try await Wire.get("/healthz", port: node.port)?.status == 200)
        }
    }
}

/// Where a node's supervisor listens.
private final class NotifySocket {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// All that have come since.
    func messages() -> [String] {
        var all: [String] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 { return all }
            all.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
