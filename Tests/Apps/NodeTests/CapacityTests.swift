// More clients than a node has room for: connections, descriptors, memory. What does not fit is refused and
// counted, and served again once there is room.
import Foundation
import Testing

@Suite struct CapacityTests {
    private static let get = "GET /v1/node HTTP/1.1\r\nhost: a\r\n\r\n"

    @Test(arguments: drivers)
    func connectionsBeyondTheLimitAreRefused(_ driver: String) async throws {
        try await withNode(Plan(reactor: driver, limits: ["connectionsPerShard": 4])) { node in
            var held: [Wire] = []
            for _ in 0..<4 {
                let wire = try Wire(node.port)
                wire.send(CapacityTests.get)
                #expect(try await wire.answer()?.status == 200)
                held.append(wire)
            }
            for _ in 0..<3 {
                let wire = try Wire(node.port)
                wire.send(CapacityTests.get)
                #expect(try await wire.readToEnd().isEmpty)
            }
            // Operators have connections of their own.
            #expect(try await node.metric("paceline_connections_refused_total") == 3)
            #expect(try await node.metric("paceline_http_connections_open{server=\"requests\"}") == 4)
            #expect(try await Wire.get("/readyz", port: node.admin)?.status == 200)
            // Those who are in go on; the room of one who leaves is used again.
            held[1].send(CapacityTests.get)
            #expect(try await held[1].answer()?.status == 200)
            held.removeFirst()
            try await until("another is served") {
                try await Wire.get("/v1/node", port: node.port)?.status == 200
            }
            withExtendedLifetime(held) {}
        }
    }

    /// Before the last descriptor is taken, further clients are closed at once; operators still get in, the node
    /// does not spin, and serves all again afterwards.
    @Test(.enabled(if: Folder.has("prlimit"), "needs prlimit of util-linux"), arguments: drivers)
    func descriptorsRunOut(_ driver: String) async throws {
        try await withNode(Plan(reactor: driver, descriptors: 140)) { node in
            var crowd = try (0..<160).map { _ in try Wire(node.port) }
            crowd[0].send(CapacityTests.get)
            #expect(try await crowd[0].answer()?.status == 200, "one who is in goes on")
            #expect(try await crowd[159].readToEnd().isEmpty)
            let operators = try (0..<60).map { _ in try Wire(node.admin) }
            for wire in operators {
                wire.send("GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n")
                #expect(try await wire.answer()?.status == 200, "operators get in")
            }
            let before = try processorTicks(of: node)
            try await Task.sleep(for: .milliseconds(400))
            let took = try processorTicks(of: node) - before
            #expect(took <= 20, "\(took) of 40 ticks: it spins")
            #expect(try await node.metric("paceline_accept_failures_total") > 0)
            crowd.removeFirst(120)
            try await until("others are served once some leave") {
                try await Wire.get("/v1/node", port: node.port)?.status == 200
            }
            withExtendedLifetime((crowd, operators)) {}
        }
    }

    /// Processor time of the node in hundredths of a second.
    private func processorTicks(of node: RunningNode) throws -> Int {
        let pid = try #require(node.running.pid)
        let all = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // Behind the name, which may hold anything, come the state and what it has used.
        let fields = all[try #require(all.lastIndex(of: ")"))...].split(separator: " ")
        return try #require(Int(fields[12])) + #require(Int(fields[13]))
    }

    private static let crowd = """
        import resource, socket, sys
        port, count = int(sys.argv[1]), int(sys.argv[2])
        resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
        request = b"GET /healthz HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n"
        held = []
        for index in range(count):
            held.append(socket.create_connection(("127.0.0.1", port)))
            if index % 100 == 99: held[-1].sendall(request); assert held[-1].recv(1000).startswith(b"HTTP/1.1 200")
        open("held", "w").close()
        import os, time
        while not os.path.exists("enough"): time.sleep(0.01)
        # All of them are still served.
        for one in held[::200]: one.sendall(request); assert one.recv(1000).startswith(b"HTTP/1.1 200")
        """

    /// An idle connection holds an object and no buffer.
    @Test(
        .enabled(if: Folder.has("python3") && Folder.has("curl"), "needs python3 and curl"),
        .enabled(if: CapacityTests.descriptors >= 12_000, "needs a hard limit of 12,000 descriptors"),
        arguments: drivers)
    func tenThousandIdleConnectionsCostLittle(_ driver: String) async throws {
        let count = 10_000
        try await withNode(Plan(reactor: driver, limits: ["connectionsPerShard": count + 100])) { node in
            let before = try node.kibibytes("RssAnon")
            try node.folder.write(CapacityTests.crowd, to: "crowd.py")
            let crowd = try node.folder.start(
                ["python3", "crowd.py", "\(node.port)", "\(count)"], seconds: 60, into: "crowd")
            let held = URL(filePath: node.folder.path("held"))
            try await until("all are connected", within: .seconds(30)) {
                try #require(crowd.isRunning, "\(node.folder.read("crowd.errors"))")
                return FileManager.default.fileExists(atPath: held.path())
            }
            try await until("all are taken") {
                try await node.metric("paceline_http_connections_open{server=\"requests\"}") == Double(count)
            }
            let bytes = (try node.kibibytes("RssAnon") - before) * 1024 / count
            let asked = try await node.folder.run(
                "curl --silent --output /dev/null --write-out '%{time_total}' http://127.0.0.1:\(node.port)/v1/node"
            )
            let seconds = try #require(Double(asked.output))
            print(
                "\(driver): \(count) idle connections take \(bytes) bytes each; one more is answered in \(seconds) s"
            )
            #expect(bytes <= 4_096)
            #expect(seconds < 0.5)
            try node.folder.write("", to: "enough")
            #expect(await crowd.end() == 0, "\(node.folder.read("crowd.errors"))")
            try await until("all have left") { try await node.metric("paceline_connections_open") == 1 }
        }
    }

    private static var descriptors: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_max)
    }
}
