// The client with servers that are not ours to bend: our own server over TLS, with all the ways in which a
// certificate can be wrong, and Python's.
import Foundation
import Kernel
import Reactor
import TLS
import Telemetry
import TestCertificates
import Testing
import Units

@testable import HTTP

@Suite(.serialized)
struct ClientPeerTests {
    private let papers = Papers()

    private func endpoint(_ rig: ServerRig, _ server: ExpectedServer?) -> Endpoint {
        Endpoint(address: rig.address, authority: "node.test", server: server)
    }

    @Test(arguments: bothDrivers) func callsOverTLSAsItself(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, credentials: try papers.credentials(askingClients: true)) {
            request, response in
            response.write(request.peer?.uris.first ?? "nobody")
            response.write(request.body)
        }
        let context = try papers.clientContext(withCertificate: true)
        for expected in [
            ExpectedServer.host("node.test"), .host("127.0.0.1"),
            .identity("spiffe://fleet/node/1", at: "anywhere.test"),
        ] {
            let caller = ClientRig(rig.reactor, endpoint(rig, expected), context: context)
            for _ in 0..<2 {
                for size in [0, 100_000] {
                    var request = ClientRequest(.post, caller.endpoint, "/")
                    request.body = pattern(size)
                    let response = try caller.finish(caller.start(request)).response
                    #expect(response?.body == Array("spiffe://fleet/caller".utf8) + pattern(size))
                }
                caller.client.close()
                try rig.settle { rig.reactor.streamCount == 0 }
            }
        }
        #expect(rig.reactor.metrics.accepted.value == 6, "one connection for the calls between two ends")
        #expect(rig.server.metrics.resumptions.value == 3, "the second connection to each resumes the first")
        for reason in TLSFailure.Reason.allCases {
            #expect(rig.server.metrics.tlsFailures(reason).value == 0, "\(reason)")
        }
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func saysWhatIsWrongWithACertificate(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, credentials: try papers.credentials())
        let trusting = try papers.clientContext()
        let other = try TLSContext(
            .client, .client(trust: .authorities(.pem(TestAuthority("Other root").certificate))))
        let table: [(ExpectedServer?, TLSContext?, String)] = [
            (.host("other.test"), trusting, "hostname mismatch"),
            (.host("127.0.0.2"), trusting, "IP address mismatch"),
            (.identity("spiffe://fleet/node/2", at: "node.test"), trusting, "does not carry the identity"),
            (.host("node.test"), other, "certificate was refused"),
            (.host("node.test"), nil, "this client was made without TLS"),
        ]
        for (server, context, text) in table {
            let caller = ClientRig(rig.reactor, endpoint(rig, server), context: context)
            let pending = try caller.call()
            #expect(pending.kind == "tls")
            #expect(
                pending.text.hasPrefix("https://node.test: ") && pending.text.contains(text),
                "\(pending.text)")
            try rig.settle { rig.reactor.streamCount == 0 }
        }
        #expect(rig.server.metrics.requests.value == 0, "nothing was sent to a server that is not proven")
        // Plain HTTP to a TLS port, and TLS to a plain one.
        let plain = ClientRig(rig.reactor, endpoint(rig, nil))
        #expect(
            ["cut", "refused malformed_status_line", "refused control_byte"].contains(try plain.call().kind))
        let bare = try ServerRig(driver)
        let secure = ClientRig(bare.reactor, endpoint(bare, .host("node.test")), context: trusting)
        #expect(try secure.call().kind == "tls")
        try bare.finish()
        try rig.finish()
    }

    /// Without TLS's word for the end, a body that ends with the connection may have been cut by anybody.
    @Test(arguments: bothDrivers, [true, false])
    func aCutIsNoEnd(_ driver: DriverChoice, _ isAnnounced: Bool) throws {
        final class Teller: Transport {
            var isAnnounced = true
            override func arrived(_ bytes: UnsafeRawBufferPointer) {
                _ = Array("HTTP/1.1 200 OK\r\n\r\npay 1".utf8).withUnsafeBytes { send($0) }
                if isAnnounced { conclude() } else { finish() }
            }
        }
        let reactor = try Reactor(driver)
        let scratch = TransportScratch()
        let credentials = try papers.credentials()
        let listener = try reactor.listen(on: loopback) {
            let teller = Teller(reactor: reactor, scratch: scratch)
            teller.isAnnounced = isAnnounced
            teller.use(try? TLSSession(server: credentials.current))
            return teller
        }
        let caller = ClientRig(
            reactor, Endpoint(address: listener.address, authority: "node.test", server: .host("node.test")),
            context: try papers.clientContext())
        let pending = try caller.call()
        #expect(pending.response?.body == (isAnnounced ? Array("pay 1".utf8) : nil))
        if !isAnnounced { #expect(pending.text.contains("the peer closed without saying so")) }
        try caller.end()
    }

    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "python3 is the server"))
    func talksWithPython() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.currentDirectoryURL = folder
        python.arguments = ["-c", ClientPeerTests.pythonServer]
        let output = Pipe()
        python.standardOutput = output
        python.standardError = FileHandle.nullDevice
        try python.run()
        defer {
            kill(python.processIdentifier, SIGKILL)  // it inherits a mask that keeps gentler signals from it
            python.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(UInt16(line.filter(\.isNumber)))
        let endpoint = Endpoint(
            address: SocketAddress(literal: "127.0.0.1", port: port)!, authority: "127.0.0.1:\(port)")
        let rig = ClientRig(try Reactor(.automatic), endpoint)
        for path in ["/length", "/chunked", "/close"] {
            for size in [0, 1, 100_000] {
                var request = ClientRequest(.post, endpoint, path)
                request.body = pattern(size)
                request.headers = [("x-sent", "value")]
                let response = try #require(try rig.finish(rig.start(request)).response, "\(path) \(size)")
                #expect(response.status == 200 && response.header("x-sent") == "value")
                #expect(response.body == pattern(size), "\(path) \(size)")
            }
        }
        #expect(try rig.call(.head, "/length").response?.body == [])
        #expect(try rig.call(.get, "/nothing").response?.status == 404)
        try rig.end()
    }

    /// Sends bodies back: with a length, in chunks of odd sizes, or up to the end of the connection.
    private static let pythonServer = """
        import http.server
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.send_header("X-Sent", self.headers["x-sent"])
                if self.path == "/length": self.send_header("Content-Length", str(len(body)))
                if self.path == "/chunked": self.send_header("Transfer-Encoding", "chunked")
                if self.path == "/close": self.send_header("Connection", "close")
                self.end_headers()
                if self.path != "/chunked": return self.wfile.write(body)
                while body:
                    piece, body = body[:7777], body[7777:]
                    self.wfile.write(b"%x;note=1\\r\\n%s\\r\\n" % (len(piece), piece))
                self.wfile.write(b"0\\r\\nX-Trailer: t\\r\\n\\r\\n")
            def do_HEAD(self):
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
            def do_GET(self): self.send_error(404)
            def log_message(self, *_): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
        """
}
