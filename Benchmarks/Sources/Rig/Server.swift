// The servers that are compared. Each answers POST /bid with 300 bytes of JSON, and over TLS GET /bulk with
// a megabyte, on the server's core.
import BenchKit
import Foundation

public struct Server {
    public let name: String
    public let child: Child
    public let port: UInt16
    /// Where it speaks TLS; 0 where it does not.
    public let tlsPort: UInt16
    /// Where a node tells its operators how it is; 0 for all others.
    public let adminPort: UInt16

    public static let answerLength = 300
    public static let bulkLength = 1 << 20

    init(
        _ name: String, _ child: Child, port: UInt16, tlsPort: UInt16 = 0, adminPort: UInt16 = 0
    ) throws {
        self.name = name
        self.child = child
        self.port = port
        self.tlsPort = tlsPort
        self.adminPort = adminPort
        try awaitPort(port, of: child)
        if tlsPort > 0 { try awaitPort(tlsPort, of: child) }
    }

    public func stop() { child.stop() }

    /// The C server of this package: the same design as ours, as fast as C makes it.
    public static func c() throws -> Server {
        let port = try freePort()
        return try Server("C", Child(sibling("cserver"), ["\(port)"], on: .server), port: port)
    }

    /// Ours: `bench-server`, which is nothing but the product's own server and the two routes.
    public static func ours(
        backend: String = "io_uring", certificate: Certificate? = nil, answerBytes: Int = answerLength
    ) throws -> Server {
        let port = try freePort()
        var arguments = ["--port", "\(port)", "--backend", backend, "--answer-bytes", "\(answerBytes)"]
        var tlsPort: UInt16 = 0
        if let certificate {
            tlsPort = try freePort()
            // What is counted there is the processor's time for a handshake, and what is spun while the client works
            // is none of it.
            arguments += [
                "--spin", "0", "--tls-port", "\(tlsPort)", "--certificate", certificate.chain, "--key",
                certificate.key,
            ]
        }
        return try Server(
            backend, Child(sibling("bench-server"), arguments, on: .server), port: port, tlsPort: tlsPort)
    }
}
