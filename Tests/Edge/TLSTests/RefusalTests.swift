// Peers that must not be let in, and what each side says about them.
import TLS
import TestCertificates
import Testing

@Suite struct RefusalTests {
    /// One handshake that has to fail.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var server: TLSConfiguration
        var client: TLSConfiguration
        var expected: ExpectedServer = .host("localhost")
        /// What the side that refuses says.
        let reason: TLSFailure.Reason
        let text: String
        /// Whether it is the server that refuses.
        let byServer: Bool
    }

    static let cases: [Case] = {
        let credentials = Credentials()
        let stranger = TestAuthority("Unknown root")
        let server = credentials.serverSettings()
        let strict = credentials.serverSettings(.required)
        let client = credentials.clientSettings()

        func serving(_ certificate: TestCertificate) -> TLSConfiguration {
            .server(certificate: .pem(certificate.chain), key: .pem(certificate.key))
        }
        func showing(_ certificate: TestCertificate) -> TLSConfiguration {
            var settings = client
            settings.certificate = .pem(certificate.chain)
            settings.key = .pem(certificate.key)
            return settings
        }
        func speaking(_ settings: TLSConfiguration, _ version: TLSVersion) -> TLSConfiguration {
            var settings = settings
            settings.minimumVersion = version
            settings.maximumVersion = version
            return settings
        }
        var alien = client
        alien.protocols = ["smtp"]
        let foreign = stranger.issue("server", ["DNS:localhost"])
        let intermediate = TestAuthority("Issuing", under: credentials.authority)
        let chained = intermediate.issue("server", ["DNS:localhost"])
        let end = Array("-----END CERTIFICATE-----\n".utf8)
        let leafOnly = Array(chained.chain[..<firstRange(of: end, in: chained.chain).upperBound])
        return [
            Case(
                testDescription: "server of an unknown authority", server: serving(foreign), client: client,
                reason: .untrusted, text: "unable to get local issuer certificate", byServer: false),
            Case(
                testDescription: "server without its intermediate",
                server: .server(certificate: .pem(leafOnly), key: .pem(chained.key)), client: client,
                reason: .untrusted, text: "unable to get local issuer certificate", byServer: false),
            Case(
                testDescription: "another host's certificate", server: server, client: client,
                expected: .host("other.test"), reason: .wrongName, text: "hostname mismatch", byServer: false),
            Case(
                testDescription: "another address", server: server, client: client,
                expected: .host("127.0.0.2"), reason: .wrongName, text: "IP address mismatch", byServer: false
            ),
            Case(
                testDescription: "another identity", server: server, client: client,
                expected: .identity("spiffe://test/serve", at: "localhost"), reason: .wrongName,
                text: "does not carry the identity", byServer: false),
            Case(
                testDescription: "client without a certificate", server: strict, client: client,
                reason: .certificateRequired, text: "showed no certificate", byServer: true),
            Case(
                testDescription: "client of an unknown authority", server: strict,
                client: showing(stranger.issue("client", [])), reason: .untrusted,
                text: "unable to get local issuer certificate", byServer: true),
            Case(
                testDescription: "client of an unknown authority where certificates are optional",
                server: credentials.serverSettings(.optional), client: showing(stranger.issue("client", [])),
                reason: .untrusted, text: "unable to get local issuer certificate", byServer: true),
            Case(
                testDescription: "no common version", server: speaking(server, .tls13),
                client: speaking(client, .tls12), reason: .noSharedVersion, text: "unsupported protocol",
                byServer: true),
            Case(
                testDescription: "no common protocol", server: server, client: alien,
                reason: .noSharedProtocol,
                text: "no application protocol", byServer: true),
        ]
    }()

    @Test(arguments: cases)
    func theHandshakeFails(_ one: Case) throws {
        let pair = try EnginePair(
            TLSContext(.server, one.server), TLSContext(.client, one.client), to: one.expected)
        pair.shakeHands()
        let refuser = one.byServer ? pair.server.session : pair.client.session
        let refused = one.byServer ? pair.client.session : pair.server.session
        let failure = try #require(refuser.failure)
        #expect(failure.reason == one.reason)
        #expect(failure.description.contains(one.text), "\(failure)")
        // The other side learns of it by an alert, which names no common protocol or version as itself.
        let told = try #require(refused.failure)
        #expect([.peerAlert, .noSharedProtocol, .noSharedVersion].contains(told.reason), "\(told)")
        #expect(!refuser.isEstablished)
        #expect(refuser.peer == nil)
    }

    /// A certificate that expires while the process runs is refused by its peers although it was good when
    /// loaded.
    @Test func anExpiredCertificateIsRefused() async throws {
        let credentials = Credentials()
        let brief = credentials.authority.issue("client", ["URI:spiffe://test/brief"], until: 3)
        var settings = credentials.clientSettings()
        settings.certificate = .pem(brief.chain)
        settings.key = .pem(brief.key)
        let server = try TLSContext(.server, credentials.serverSettings(.required))
        let client = try TLSContext(.client, settings)
        let first = try EnginePair(server, client)
        first.shakeHands()
        #expect(first.server.session.peer?.uris == ["spiffe://test/brief"])
        try await Task.sleep(for: .milliseconds(4100))
        // It comes back with a ticket of its good days, and that does not help.
        let resumed = try EnginePair(server, client)
        resumed.shakeHands()
        #expect(resumed.server.session.failure?.reason == .expired)
        let full = try EnginePair(server, client)
        full.shakeHands()
        #expect(full.server.session.failure?.reason == .expired)
        #expect(full.server.session.failure?.description.contains("has expired") == true)
    }

    @Test func wherePeersAreOptionalNobodyIsLetInAsNobody() throws {
        let credentials = Credentials()
        let server = try TLSContext(.server, credentials.serverSettings(.optional))
        for showing in [false, true] {
            let pair = try EnginePair(
                server, TLSContext(.client, credentials.clientSettings(showing: showing)))
            pair.shakeHands()
            #expect(pair.server.session.isEstablished)
            let peer = pair.server.session.peer
            #expect(peer?.uris == (showing ? ["spiffe://test/client"] : nil))
            #expect(peer?.names == (showing ? ["client.test"] : nil))
            #expect(peer?.commonName == (showing ? "client" : nil))
            #expect(peer.map { !$0.serial.isEmpty } ?? !showing)
        }
    }

    /// A name with a NUL inside is two names, depending on who reads it: it counts for nothing.
    @Test func aNameWithANULIsNotAName() throws {
        let credentials = Credentials()
        // GeneralNames with the URIs "x:a\0b" and "x:c".
        let odd = credentials.authority.issue("odd", ["DER:30:0c:86:05:78:3a:61:00:62:86:03:78:3a:63"])
        var settings = credentials.clientSettings()
        settings.certificate = .pem(odd.chain)
        settings.key = .pem(odd.key)
        let pair = try EnginePair(
            TLSContext(.server, credentials.serverSettings(.required)), TLSContext(.client, settings))
        pair.shakeHands()
        #expect(pair.server.session.peer?.uris == ["x:c"])
    }

    @Test func aChainThroughAnIntermediateIsTrusted() throws {
        let root = TestAuthority()
        let issuing = TestAuthority("Issuing", under: root)
        let certificate = issuing.issue("server", ["DNS:*.example.test"])
        let server = try TLSContext(
            .server, .server(certificate: .pem(certificate.chain), key: .pem(certificate.key)))
        let client = try TLSContext(.client, .client(trust: .authorities(.pem(root.certificate))))
        for (host, reason) in [("a.example.test", nil), ("a.b.example.test", TLSFailure.Reason.wrongName)] {
            let pair = try EnginePair(server, client, to: .host(host))
            pair.shakeHands()
            #expect(pair.client.session.failure?.reason == reason)
        }
    }

    @Test(arguments: [["http/1.1", "h2"], ["h2", "http/1.1"]])
    func theServersFirstProtocolThatBothSpeakIsChosen(_ offered: [String]) throws {
        let credentials = Credentials()
        var settings = credentials.serverSettings()
        settings.protocols = ["h3", "http/1.1", "h2"]
        var clientSettings = credentials.clientSettings()
        clientSettings.protocols = offered
        let pair = try EnginePair(TLSContext(.server, settings), TLSContext(.client, clientSettings))
        pair.shakeHands()
        #expect(pair.server.session.negotiatedProtocol == "http/1.1")
        #expect(pair.client.session.negotiatedProtocol == "http/1.1")
    }
}

/// Where `part` first stands in `whole`, which it does.
func firstRange(of part: [UInt8], in whole: [UInt8]) -> Range<Int> {
    let start = whole.indices.first { whole[$0...].starts(with: part) }!
    return start..<start + part.count
}
