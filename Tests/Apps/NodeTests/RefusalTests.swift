// What no client should send: refused with the right status, counted by reason, and nothing behind it served.
import Testing

/// One thing that is refused.
struct Bad: Sendable {
    let name: String
    let bytes: String
    let status: Int
    /// As the metric says it.
    let reason: String

    init(_ name: String, _ bytes: String, _ status: Int, _ reason: String) {
        self.name = name
        self.bytes = bytes
        self.status = status
        self.reason = reason
    }

    static let get = "GET /v1/node HTTP/1.1\r\n"
    static let post = "POST /v1/json/check HTTP/1.1\r\nhost: a\r\n"
    static let chunked = post + "transfer-encoding: chunked\r\n\r\n"

    /// Of a node with 4 KiB of head, 20 fields and 1,000 bytes of body.
    static let all = [
        Bad(
            "many fields", get + "host: a\r\n" + (0..<30).map { "x\($0): 1\r\n" }.joined() + "\r\n", 431,
            "too_many_fields"),
        Bad(
            "large head", get + "host: a\r\nx: " + String(repeating: "x", count: 5_000), 431, "head_too_large"
        ),
        Bad("long target", "GET /" + String(repeating: "x", count: 5_000), 414, "request_line_too_long"),
        Bad("large body", post + "content-length: 1001\r\n\r\n", 413, "body_too_large"),
        Bad(
            "huge body", post + "content-length: 99999999999999999999999\r\n\r\n", 400,
            "invalid_content_length"),
        Bad("large chunk", chunked + "3e9\r\n", 413, "body_too_large"),
        Bad("endless chunk", chunked + "ffffffffffffffffff\r\n", 413, "body_too_large"),
        Bad(
            "many chunks",
            chunked + String(repeating: "64\r\n\(String(repeating: "x", count: 100))\r\n", count: 11),
            413, "body_too_large"),
        // One proxy before us reads one length, and we another: each of these has smuggled requests
        // somewhere.
        Bad(
            "both lengths", post + "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400, "transfer_encoding_with_content_length"),
        Bad(
            "two lengths", post + "content-length: 5\r\ncontent-length: 6\r\n\r\nhello", 400,
            "repeated_content_length"),
        Bad("signed length", post + "content-length: +5\r\n\r\nhello", 400, "invalid_content_length"),
        Bad("list of lengths", post + "content-length: 5, 5\r\n\r\nhello", 400, "invalid_content_length"),
        Bad(
            "two codings", post + "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n",
            400, "repeated_transfer_encoding"),
        Bad("other coding", post + "transfer-encoding: gzip\r\n\r\n", 400, "invalid_transfer_encoding"),
        Bad(
            "coding in 1.0", "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400, "transfer_encoding_in_http10"),
        Bad("space before colon", post + "content-length : 5\r\n\r\nhello", 400, "space_before_colon"),
        Bad("folded line", post + "x: 1\r\n content-length: 5\r\n\r\nhello", 400, "folded_line"),
        Bad("bare line feed", get + "host: a\nx: 1\r\n\r\n", 400, "bare_line_feed"),
        Bad("bare carriage return", get + "host: a\rx: 1\r\n\r\n", 400, "bare_carriage_return"),
        Bad("NUL", get + "host: a\r\nx: \0\r\n\r\n", 400, "control_byte"),
        Bad("no host", get + "\r\n", 400, "missing_host"),
        Bad("two hosts", get + "host: a\r\nhost: b\r\n\r\n", 400, "repeated_host"),
        Bad("hexadecimal prefix", chunked + "0x5\r\nhello\r\n0\r\n\r\n", 400, "invalid_chunk_size"),
        Bad("long chunk", chunked + "5\r\nhelloGET / HTTP/1.1\r\n\r\n", 400, "invalid_chunk_end"),
        Bad(
            "unknown expectation", post + "expect: tea\r\ncontent-length: 1\r\n\r\n", 417,
            "unknown_expectation"),
        // Other protocols at the wrong door.
        Bad("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http2_preface"),
        Bad("HTTP/3.0", "GET / HTTP/3.0\r\nhost: a\r\n\r\n", 505, "unsupported_version"),
        Bad("TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\r\n\r\n", 400, "control_byte"),
    ]
}

@Suite struct RefusalTests {
    @Test(arguments: drivers)
    func badRequestsAreRefusedOneByOne(_ driver: String) async throws {
        let plan = Plan(
            reactor: driver,
            limits: ["headBytes": 4_096, "headerCount": 20, "bodyBytes": 1_000, "connectionsPerShard": 100])
        try await withNode(plan) { node in
            func counted(_ reason: String) -> String {
                "paceline_http_refusals_total{server=\"requests\",reason=\"\(reason)\"}"
            }
            let before = try await node.metrics()
            var wanted: [String: Double] = [:]
            for bad in Bad.all {
                let wire = try Wire(node.port)
                // A good request before it is answered; the one behind it is not.
                wire.send("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n" + bad.bytes)
                #expect(try await wire.answer()?.status == 200, "\(bad.name)")
                let answer = try await wire.answer()
                #expect(answer?.status == bad.status, "\(bad.name): \(String(describing: answer))")
                #expect(answer?.header("connection") == "close", "\(bad.name)")
                wire.send("\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n")
                #expect(try await wire.readToEnd().isEmpty, "\(bad.name): something behind it was answered")
                wanted[counted(bad.reason), default: 0] += 1
            }
            let after = try await node.metrics()
            for (name, count) in after where name.contains("refusals_total{server=\"requests\"") {
                #expect(count - (before[name] ?? 0) == wanted[name] ?? 0, "\(name)")
            }
            // The wires were closed one by one; each of those connections ended as refused, or by the reset
            // that closing on unread bytes is.
            try await until("all have ended") { try await node.metric("paceline_connections_open") == 1 }
            #expect(try await node.ended("refused") + node.ended("reset") >= Double(Bad.all.count))
        }
    }

    @Test(arguments: drivers)
    func wrongProtocolsOnATLSPortEnd(_ driver: String) async throws {
        let folder = try Folder.withCertificates()
        try await withNode(Plan(reactor: driver, secure: [.init()]), in: folder) { node in
            func failures(_ reason: String) async throws -> Double {
                try await node.metric("paceline_tls_failures_total{server=\"requests\",reason=\"\(reason)\"}")
            }
            let wrong = [
                (Array((Bad.get + "host: a\r\n\r\n").utf8), "plain_http"),
                ([UInt8](repeating: 0, count: 20_000), "not_tls"),
                // A record that announces more than there may be.
                ([0x16, 3, 1, 0xFF, 0xFF] + [UInt8](repeating: 1, count: 70_000), "corrupted_record"),
            ]
            for (bytes, reason) in wrong {
                let wire = try Wire(node.ports[2])
                wire.send(bytes)
                #expect(!(try await wire.readToEnd()).contains("HTTP/1.1 200"))
                try await until("it is counted as \(reason)") { try await failures(reason) == 1 }
            }
            #expect(try await Wire.get("/healthz", port: node.port)?.status == 200)
        }
    }
}
