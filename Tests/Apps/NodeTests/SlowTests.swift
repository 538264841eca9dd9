// Clients that take their time: every way of holding a connection without using it comes to its end, is counted, and
// hinders nobody else.
import Testing

@Suite struct SlowTests {
    private static let limits = [
        "headTimeoutMilliseconds": 300, "bodyTimeoutMilliseconds": 400, "idleTimeoutMilliseconds": 500,
        "firstByteTimeoutMilliseconds": 450,
        "writeTimeoutMilliseconds": 400, "connectionsPerShard": 100,
    ]

    /// A byte now and then is no progress: the time for a head, a body or a handshake is for all of it.
    @Test(arguments: drivers)
    func dribbleIsCutOff(_ driver: String) async throws {
        let folder = try Folder.withCertificates()
        try await withNode(Plan(reactor: driver, secure: [.init()], limits: SlowTests.limits), in: folder) {
            node in
            let began = ContinuousClock.now
            let beginnings = [
                (node.port, "GET /"), (node.port, "GET / HTTP/1.1\r\nhost: a\r\nx-y: "),
                (node.port, Bad.post + "content-length: 500\r\n\r\n["), (node.port, Bad.chunked + "100\r\n["),
                (node.ports[2], "\u{16}\u{3}\u{1}\u{1}\0\u{1}\0"),
            ]
            let slow = try beginnings.map { port, text in
                let wire = try Wire(port)
                wire.send(text)
                return wire
            }
            let silent = try Wire(node.port)
            let idle = try Wire(node.port)
            idle.send("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            #expect(try await idle.answer()?.status == 200)

            var answers: [Answer?] = Array(repeating: nil, count: slow.count)
            var left = Set(slow.indices)
            try await until("all were cut off", within: .seconds(5)) {
                for index in left {
                    slow[index].offer([UInt8(ascii: "1")])
                    if let answer = slow[index].answerNow() { answers[index] = answer }
                    if slow[index].ending != nil { left.remove(index) }
                }
                return left.isEmpty
            }
            #expect(ContinuousClock.now - began >= .milliseconds(300))
            for answer in answers.dropLast() {
                #expect(answer?.status == 408 && answer?.header("connection") == "close")
            }
            #expect(answers.last == .some(nil), "a handshake has no words for it")
            #expect(try await silent.readToEnd().isEmpty)
            #expect(try await idle.readToEnd().isEmpty)
            #expect(try await node.metric("paceline_http_request_timeouts_total{server=\"requests\"}") == 4)
            // They hold on to what we have ended: it ends on our side too.
            try await until("all are counted", within: .seconds(6)) {
                let (senders, resets) = (try await node.ended("slow_sender"), try await node.ended("reset"))
                let (idlers, silent) = (try await node.ended("idle"), try await node.ended("silent"))
                return senders + resets == 5 && senders >= 1 && idlers == 1 && silent == 1
            }
            withExtendedLifetime((slow, silent, idle)) {}
        }
    }

    /// It has sent all that it will, so that nothing but the time that it takes to read can end it.
    @Test(arguments: drivers)
    func oneWhoSentMuchAndReadsNothingIsNotIdle(_ driver: String) async throws {
        var limits = SlowTests.limits
        limits["writeTimeoutMilliseconds"] = 500
        limits["idleTimeoutMilliseconds"] = 600_000
        limits["outputBytesPerConnection"] = 256 * 1024
        try await withNode(Plan(reactor: driver, limits: limits)) { node in
            let wire = try Wire(node.port, receiveBuffer: 4_096)
            let requests = Array(String(repeating: Bad.get + "host: a\r\n\r\n", count: 20_000).utf8)
            try await until("the node takes no more", within: .seconds(10)) { wire.pour(requests).sent == 0 }
            try await until("it was cut off", within: .seconds(10)) {
                try await node.ended("slow_reader") == 1
            }
        }
    }

    /// Peers that send thousands of requests and take no answer cost what the settings say, and no more.
    @Test(arguments: drivers)
    func readersThatNeverReadAreCutOff(_ driver: String) async throws {
        var limits = SlowTests.limits
        limits["writeTimeoutMilliseconds"] = 1_000
        limits["outputBytesPerConnection"] = 256 * 1024
        let readers = 4
        try await withNode(Plan(reactor: driver, limits: limits)) { node in
            let before = try node.kibibytes("VmRSS")
            let requests = Array(String(repeating: Bad.get + "host: a\r\n\r\n", count: 1_000).utf8)
            let wires = try (0..<readers).map { _ in try Wire(node.port, receiveBuffer: 4_096) }
            var asked = 0, peak = 0, slowest = Duration.zero
            try await until("all were cut off", within: .seconds(60)) {
                for wire in wires { asked += wire.pour(requests).sent }
                let began = ContinuousClock.now
                #expect(try await Wire.get("/v1/node", port: node.port)?.status == 200)
                slowest = max(slowest, ContinuousClock.now - began)
                peak = max(peak, try node.kibibytes("VmRSS"))
                return try await node.ended("slow_reader") == Double(readers)
            }
            let grown = peak - before
            print(
                "\(driver): \(readers) peers sent \(asked / 1024) KiB of requests and read nothing: "
                    + "\(grown) KiB more resident, others waited \(slowest) at most")
            // Each its output, its received bytes that wait, and the shard's pools.
            #expect(grown < readers * 1_024 + 8_192)
            #expect(slowest < .seconds(2))
            #expect(try await node.metric("paceline_output_chunks") <= 1)
        }
    }

    /// Who leaves answers unread wins no time by going on to send, whole requests or parts of one.
    @Test(arguments: drivers)
    func sendingDoesNotExcuseFromReading(_ driver: String) async throws {
        var limits = SlowTests.limits
        limits["bodyTimeoutMilliseconds"] = 60_000
        // Long enough for answers to gather in the node before it cuts off who does not read them.
        limits["writeTimeoutMilliseconds"] = 1_500
        limits["outputBytesPerConnection"] = 64 * 1024 * 1024
        try await withNode(Plan(reactor: driver, limits: limits)) { node in
            let wire = try Wire(node.port, receiveBuffer: 4_096)
            let burst = Array(String(repeating: Bad.get + "host: a\r\n\r\n", count: 200).utf8)
            // Until the kernel's buffers are full, so that answers wait in the node itself.
            var began = ContinuousClock.now
            try await until("answers wait in the node") {
                guard wire.pour(burst).isWhole else { return false }
                began = ContinuousClock.now
                return try await node.metric("paceline_output_chunks") > 8
            }
            wire.send(Bad.post + "content-length: 1000\r\n\r\n")
            try await until("it was cut off", within: .seconds(5)) {
                wire.offer([UInt8(ascii: "1")])
                return try await node.ended("slow_reader") == 1
            }
            #expect(ContinuousClock.now - began < .seconds(4))
        }
    }
}
