// The engine against peers that others wrote: OpenSSL's own tools and Python's ssl module, over loopback.
import Foundation
import TLS
import TestCertificates
import Testing

/// Credentials as files, as other programs want them.
private struct OnDisk {
    let folder: Folder
    let authority: String
    let server: (chain: String, key: String)
    let client: (chain: String, key: String)

    init(_ credentials: Credentials) throws {
        folder = try Folder()
        authority = try folder.write("ca.pem", credentials.authority.certificate)
        server = (
            try folder.write("server.pem", credentials.server.chain),
            try folder.write("server.key", credentials.server.key)
        )
        client = (
            try folder.write("client.pem", credentials.client.chain),
            try folder.write("client.key", credentials.client.key)
        )
    }
}

@Suite(.enabled(if: Program.exists("openssl"), "needs the openssl command"))
struct OpenSSLPeerTests {
    private let credentials = Credentials()

    private func connect(_ server: Loopback, _ disk: OnDisk, _ more: [String] = []) throws -> String {
        let client = try Program(
            ["openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", disk.authority]
                + ["-verify_return_error", "-verify_hostname", "localhost", "-ign_eof"] + more)
        client.say("hello\n")
        return client.finish()
    }

    @Test(arguments: [
        ("-tls1_2", "1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), ("-tls1_3", "1.3 TLS_AES_128_GCM_SHA256"),
    ])
    func itsClientIsServed(_ version: String, _ summary: String) throws {
        let disk = try OnDisk(credentials)
        let server = try Loopback(TLSContext(.server, credentials.serverSettings(.required)), connections: 1)
        let printed = try connect(
            server, disk,
            [version, "-cert", disk.client.chain, "-key", disk.client.key, "-alpn", "h2,http/1.1"])
        #expect(printed.contains("Verification: OK"))
        #expect(printed.contains("ALPN protocol: http/1.1"))
        #expect(printed.contains("\(summary) resumed=false"), "\(printed)")
        let seen = try server.next()
        #expect(seen.text == Array("hello\n".utf8))
        #expect(seen.peer?.uris == ["spiffe://test/client"])
        #expect(seen.negotiatedProtocol == "http/1.1")
    }

    @Test func itsClientIsServedWithRSA() throws {
        let credentials = Credentials(.rsa2048)
        let disk = try OnDisk(credentials)
        let server = try Loopback(TLSContext(.server, credentials.serverSettings()), connections: 2)
        for version in ["-tls1_2", "-tls1_3"] {
            #expect(try connect(server, disk, [version]).contains("resumed=false"))
            #expect(try server.next().failure == nil)
        }
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func itsClientResumes(_ version: String) throws {
        let disk = try OnDisk(credentials)
        let server = try Loopback(TLSContext(.server, credentials.serverSettings()), connections: 2)
        let ticket = disk.folder.path + "/ticket"
        #expect(try connect(server, disk, [version, "-sess_out", ticket]).contains("New, TLSv"))
        #expect(try server.next().isResumed == false)
        let printed = try connect(server, disk, [version, "-sess_in", ticket])
        #expect(printed.contains("Reused, TLSv"))
        #expect(printed.contains("resumed=true"))
        #expect(try server.next().isResumed)
    }

    @Test func itsRefusalsAreHeard() throws {
        let disk = try OnDisk(credentials)
        let server = try Loopback(TLSContext(.server, credentials.serverSettings(.required)), connections: 3)
        // It trusts another authority, it shows no certificate, it speaks no version of ours.
        let other = try disk.folder.write("other.pem", TestAuthority("Other").certificate)
        #expect(try connect(server, disk, ["-CAfile", other]).contains("Verification error"))
        #expect(try server.next().failure?.reason == .peerAlert)
        #expect(try connect(server, disk).contains("certificate required"))
        #expect(try server.next().failure?.reason == .certificateRequired)
        #expect(
            try connect(server, disk, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]).contains(
                "alert protocol version"))
        #expect(try server.next().failure?.reason == .noSharedVersion)
    }

    /// `R` asks for a renegotiation, `K` for a key update with an answer.
    @Test func renegotiationIsRefusedAndKeyUpdatesAreAnswered() throws {
        let disk = try OnDisk(credentials)
        let server = try Loopback(TLSContext(.server, credentials.serverSettings()), connections: 2)
        let asking = [
            "openssl", "s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", disk.authority,
        ]
        let renegotiating = try Program(asking + ["-tls1_2"])
        _ = renegotiating.read(until: "---\n")
        renegotiating.say("R\n")
        #expect(renegotiating.finish().contains("no renegotiation"))
        #expect(try server.next().text.isEmpty)

        let updating = try Program(asking + ["-tls1_3"])
        _ = updating.read(until: "---\n")
        updating.say("K\n")
        Thread.sleep(forTimeInterval: 0.2)
        updating.say("hello\n")
        #expect(updating.finish().contains("1.3 TLS_AES_128_GCM_SHA256"))
        #expect(try server.next().text == Array("hello\n".utf8))
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"])
    func itsServerIsReached(_ version: String) throws {
        let disk = try OnDisk(credentials)
        let server = try Program(
            [
                "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", disk.server.chain, "-key",
                disk.server.key,
            ]
                + [
                    "-CAfile", disk.authority, "-Verify", "1", "-verify_return_error", "-rev", version,
                    "-naccept", "2",
                ])
        let banner = server.read(until: "ACCEPT 127.0.0.1:")
        let digits = banner.components(separatedBy: "ACCEPT 127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
        let port = try #require(UInt16(digits), "\(banner)")
        let client = try TLSContext(.client, credentials.clientSettings(showing: true))
        for resumed in [false, true] {
            let connection = try BlockingConnection.connect(
                client, to: .identity("spiffe://test/server", at: "localhost"), port: port)
            _ = connection.read { _ in true }
            try #require(connection.session.failure == nil)
            connection.write(Array("abc\n".utf8))
            #expect(connection.read { $0.contains(UInt8(ascii: "\n")) } == Array("cba\n".utf8))
            #expect(connection.session.isResumed == resumed)
            #expect(connection.session.peer?.names == ["localhost"])
            connection.close()
        }
    }
}

@Suite(.enabled(if: Program.exists("python3"), "needs python3"))
struct PythonPeerTests {
    private let credentials = Credentials()

    private static let client = """
        import socket, ssl, sys
        port, ca, chain, key = sys.argv[1:]
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(chain, key)
        context.set_alpn_protocols(["http/1.1"])
        session = None
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version = context.maximum_version = version
            with socket.create_connection(("127.0.0.1", int(port))) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as tls:
                    tls.sendall(b"x" * 100000 + b"\\n")
                    data = b""
                    while more := tls.recv(65536): data += more
                    print(tls.version(), tls.selected_alpn_protocol(), len(data), sum(data) % 65521)
        """

    @Test func itsClientIsServed() throws {
        let disk = try OnDisk(credentials)
        let answer = pattern(3_000_000, seed: 5)
        let server = try Loopback(
            TLSContext(.server, credentials.serverSettings(.required)), connections: 2, answer: answer)
        let client = try Program(
            [
                "python3", "-c", PythonPeerTests.client, "\(server.port)", disk.authority, disk.client.chain,
                disk.client.key,
            ])
        let sum = answer.reduce(0) { $0 + Int($1) } % 65521
        #expect(
            client.finish()
                == ["TLSv1.2", "TLSv1.3"].map { "\($0) http/1.1 \(answer.count) \(sum)\n" }.joined())
        for _ in 0..<2 {
            let seen = try server.next()
            #expect(seen.text.count == 100_001)
            #expect(seen.peer?.commonName == "client")
        }
    }

    private static let server = """
        import socket, ssl, sys
        chain, key, ca = sys.argv[1:]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        for polite in (True, False):
            plain, _ = listener.accept()
            tls = context.wrap_socket(plain, server_side=True)
            line = tls.makefile("rb").readline()
            tls.sendall(line.upper() * 1000)
            if polite: tls.unwrap()
            tls.close()
        """

    @Test func itsServerIsReached() throws {
        let disk = try OnDisk(credentials)
        let server = try Program(
            ["python3", "-c", PythonPeerTests.server, disk.server.chain, disk.server.key, disk.authority])
        let port = try #require(UInt16(server.read(until: "\n").dropLast()))
        let client = try TLSContext(.client, credentials.clientSettings(showing: true))
        for polite in [true, false] {
            let connection = try BlockingConnection.connect(client, to: .host("localhost"), port: port)
            _ = connection.read { _ in true }
            connection.write(Array("abc\n".utf8))
            let answer = connection.read { _ in false }
            #expect(answer == Array(String(repeating: "ABC\n", count: 1000).utf8))
            // Python says goodbye only when it is asked to: the difference is a cut connection, and is told.
            #expect(connection.session.failure?.reason == (polite ? nil : .truncated))
            connection.close()
        }
    }
}
