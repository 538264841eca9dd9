// The end of a node whose collector takes its connection and never answers: money goes back all the same.
import Foundation
import Glibc
import PostgresServer
import Testing

/// Listens, and leaves who comes to the kernel.
private final class SilentCollector {
    private let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let port: Int

    init() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let own = socket
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(own, $0, length) == 0 && listen(own, 16) == 0 && getsockname(own, $0, &length) == 0
            }
        }
        guard isListening else { throw PostgresServerFailure(description: "no listener: errno \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}

@Suite(.enabled(if: postgresPrograms != nil, "\(needsPostgres)"))
struct TraceEndTests {
    /// The drain leaves less time than spans would wait for their collector.
    @Test func aSilentCollectorKeepsNoMoney() throws {
        let collector = try SilentCollector()
        let pair = try Pair()
        _ = try pair.leader()
        try Spending.order(pair, "northwind-winter", "50")
        let node = try SpendingNode(
            "node-a", of: pair,
            more: [
                "drain": ["noticeMilliseconds": 0, "timeoutMilliseconds": 1_500],
                "traces": [
                    "address": "127.0.0.1", "port": collector.port, "ratio": 1, "flushMilliseconds": 20,
                ] as [String: Any],
            ])
        _ = try Spending.ads(node, 5)
        try Spending.until("spans wait for their collector") {
            (node.metric("paceline_spans_total") ?? 0) > 0
        }
        #expect(try Spending.root(pair, "granted") > 0)
        let began = Date()
        node.kill(SIGTERM)
        _ = node.end()
        let took = Date().timeIntervalSince(began)
        #expect(!node.log.contains("the issuer has not answered"), "\(node.log.suffix(2_000))")
        // Spans have what money left, and a little in any case.
        #expect(took < 6, "\(took) s: \(node.log.suffix(2_000))")
    }
}
