// As whom an issuer is asked: by the certificate that is on the disk when a connection begins, as long as it fits its key.
import Commands
import Foundation
import HTTP
import Kernel
import Reactor
import Settings
import Synchronization
import TLS
import Telemetry
import TestCertificates
import Testing
import Units

@testable import LedgerWire

/// A coordinator that says who asks, and ends the connection: the next call makes another.
private final class Doorkeeper: Responder {
    func respond(to request: borrowing Request, _ response: inout Response) {
        response.write(request.peer?.uris.first ?? "nobody")
        response.closes = true
    }
}

@Suite struct IssuerCertificateTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "issuer-\(UUID().uuidString)")
    private let authority = TestAuthority()

    private func put(_ certificate: TestCertificate, keyToo: Bool = true) throws {
        try Data(certificate.chain).write(to: folder.appending(path: "own.pem"), options: .atomic)
        if keyToo { try Data(certificate.key).write(to: folder.appending(path: "own.key"), options: .atomic) }
    }

    @Test func aCertificateThatIsRenewedIsShownAtTheNextConnection() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(authority.certificate).write(to: folder.appending(path: "authority.pem"))
        try put(authority.issue("first", ["URI:spiffe://fleet/first"]))

        let own = authority.issue("coordinator", ["DNS:coordinator.test"])
        let reactor = try Reactor(.poller)
        let doorkeeper = Doorkeeper()
        let server = Server(reactor: reactor, responder: doorkeeper)
        defer { withExtendedLifetime(doorkeeper) {} }
        let loopback = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let address = try server.listen(
            on: loopback,
            credentials: TLSCredentials(
                .server,
                .server(
                    certificate: .pem(own.chain), key: .pem(own.key),
                    clientAuthorities: .pem(authority.certificate))))
        let port = "\(address)".split(separator: ":").last.map(String.init) ?? ""
        let settings = try BrokerSettings(
            Array(
                """
                {"daemon": "broker", "name": "b", "listen": [{"address": "127.0.0.1", "port": 1}],
                 "root": {"holder": "b", "coordinators": [{"address": "127.0.0.1", "port": \(port)}],
                          "tls": {"serverName": "coordinator.test", "authorityFile": "\(folder.path)/authority.pem",
                                  "certificateFile": "\(folder.path)/own.pem", "keyFile": "\(folder.path)/own.key"}},
                 "holders": ["n"], "journal": {"directory": "/nowhere"}}
                """.utf8))
        let peers = try IssuerPeers(IssuerSettings(settings.root), at: "root")
        let log = Log(to: .standardError(identifier: "test", format: .readable), level: .critical)
        let thread = ClientThread("asking", peers, answerBytes: 4096, log)
        try thread.start()

        func asked() throws -> String? {
            let answer = Mutex<String??>(nil)
            let deadline = Kernel.monotonicNow() + .seconds(10)
            #expect(
                thread.post { client in
                    client.send(ClientRequest(.get, peers.endpoints[0], "/"), deadline: deadline) { result in
                        let text = (try? result.get()).map { String(decoding: $0.body, as: UTF8.self) }
                        answer.withLock { $0 = .some(text) }
                    }
                })
            while answer.withLock({ $0 }) == nil, Kernel.monotonicNow() < deadline {
                try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(20))
            }
            return answer.withLock { $0 } ?? nil
        }
        #expect(try asked() == "spiffe://fleet/first")
        try put(authority.issue("second", ["URI:spiffe://fleet/second"]))
        #expect(try asked() == "spiffe://fleet/second")
        // Half of a pair is not taken, and is taken when it is whole.
        let third = authority.issue("third", ["URI:spiffe://fleet/third"])
        try put(third, keyToo: false)
        #expect(try asked() == "spiffe://fleet/second")
        try put(third)
        #expect(try asked() == "spiffe://fleet/third")
    }
}
