// The server over TLS: who may connect, who the peer is, what is queued and sealed, and how it ends.
import Kernel
import Reactor
import TLS
import Telemetry
import TestCertificates
import Testing
import Units

@testable import HTTP

/// An authority with a server's and a client's certificate.
struct Papers {
    let authority = TestAuthority()
    let server: TestCertificate
    let client: TestCertificate

    init() {
        server = authority.issue("node", ["DNS:node.test", "IP:127.0.0.1", "URI:spiffe://fleet/node/1"])
        client = authority.issue("caller", ["URI:spiffe://fleet/caller"])
    }

    var trust: TrustAnchors { .authorities(.pem(authority.certificate)) }

    func credentials(askingClients: Bool = false) throws -> TLSCredentials {
        try TLSCredentials(
            .server,
            .server(
                certificate: .pem(server.chain), key: .pem(server.key),
                clientAuthorities: askingClients ? .pem(authority.certificate) : nil))
    }

    func clientContext(withCertificate: Bool = false, maximum: TLSVersion = .tls13) throws -> TLSContext {
        var configuration = TLSConfiguration.client(
            trust: trust, certificate: withCertificate ? .pem(client.chain) : nil,
            key: withCertificate ? .pem(client.key) : nil)
        configuration.maximumVersion = maximum
        return try TLSContext(.client, configuration)
    }
}

private let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

@Suite(.serialized)
struct TransportTests {
    private let papers = Papers()

    private func session(_ context: TLSContext) throws -> TLSSession {
        try TLSSession(client: context, to: .host("node.test"))
    }

    @Test(arguments: bothDrivers, TLSVersion.allCases)
    func servesOverTLS(_ driver: DriverChoice, _ version: TLSVersion) throws {
        let rig = try ServerRig(driver, credentials: try papers.credentials())
        let context = try papers.clientContext(maximum: version)
        for round in 0..<3 {
            let peer = try rig.peer(try session(context))
            #expect(peer.isResumed == (round > 0), "the first ticket serves the second connection")
            peer.say(
                get + "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                    + get)
            try rig.settle { peer.answers.count == 3 }
            #expect(peer.answers.map(\.text) == ["/", "abc", "/"])
            peer.endSending()
            try rig.settle { peer.outcome == .finished }
            #expect(peer.hasHeardEnd && peer.tlsFailure == nil, "the end was announced")
        }
        #expect(rig.server.metrics.handshakes.value == 3 && rig.server.metrics.resumptions.value == 2)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func handlersLearnWhoThePeerIs(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, credentials: try papers.credentials(askingClients: true)) {
            request, response in
            response.write(request.peer?.uris.joined(separator: ",") ?? "nobody")
        }
        let context = try papers.clientContext(withCertificate: true)
        for _ in 0..<2 {  // the second time by a ticket
            let peer = try rig.peer(try session(context))
            peer.say(get)
            try rig.settle { peer.answers.count == 1 }
            #expect(peer.answers[0].text == "spiffe://fleet/caller")
            peer.close(.finished)
        }
        // Nobody gets in without a certificate, and hears why.
        let stranger = try rig.connecting(try session(try papers.clientContext()))
        try rig.settle { stranger.outcome != nil }
        #expect(stranger.got.isEmpty && stranger.tlsFailure?.reason == .peerAlert)
        #expect(rig.server.metrics.tlsFailures(.certificateRequired).value == 1)
        try rig.finish()
    }

    /// The answer to bytes that are not TLS is an alert and the end.
    @Test(arguments: bothDrivers) func plainBytesAreTurnedAway(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, credentials: try papers.credentials())
        for (bytes, reason) in [
            (get, TLSFailure.Reason.plainHTTP), ("\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}", .notTLS),
        ] {
            let before = rig.server.metrics.tlsFailures(reason).value
            let peer = try rig.peer()
            peer.say(bytes)
            try rig.settle { peer.outcome != nil }
            #expect(peer.answers.isEmpty)
            #expect(rig.server.metrics.tlsFailures(reason).value == before + 1, "\(reason)")
        }
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func handshakesHaveADeadline(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.handshakeTimeout = .milliseconds(60)
        let rig = try ServerRig(driver, limits: limits, credentials: try papers.credentials())
        let silent = try rig.peer()
        let start = Kernel.monotonicNow()
        try rig.settle { silent.outcome != nil }
        #expect(Kernel.monotonicNow() - start >= .milliseconds(58))
        #expect(rig.reactor.metrics.ended(.slowSender).value == 1)
        try rig.finish()
    }

    /// Bodies of both kinds, beyond what is sealed ahead, behind each other, to a peer that stops reading.
    @Test(arguments: bothDrivers) func largeBodiesGoOutSealed(_ driver: DriverChoice) throws {
        let body = pattern(700_000)
        let shared = SharedBytes(body)
        let rig = try ServerRig(driver, credentials: try papers.credentials()) { request, response in
            if request.pathIs("/shared") { response.shared = shared } else { response.write(body.span.bytes) }
        }
        let peer = try rig.peer(try session(try papers.clientContext()))
        peer.pause()
        try rig.idle(.milliseconds(5))
        for path in ["/copied", "/shared", "/shared", "/copied", "/shared"] {
            peer.say("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
        }
        try rig.idle(.milliseconds(20))
        peer.resume()
        try rig.settle { peer.answers.count == 5 || !peer.isOpen }
        #expect(peer.answers.map(\.body.count) == Array(repeating: body.count, count: 5))
        #expect(peer.answers.allSatisfy { $0.body == body })
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func aSteadyReaderOfALargeBodyIsNotCutOff(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(250)
        let shared = SharedBytes(pattern(16_000_000))
        let rig = try ServerRig(driver, limits: limits, credentials: try papers.credentials()) {
            _, response in
            response.shared = shared
        }
        let peer = try rig.peer(try session(try papers.clientContext()))
        peer.say(get)
        try rig.takeInSteps(peer, until: 14_000_000, atLeast: .milliseconds(300))
        peer.resume()
        try rig.settle { peer.got.count > 16_000_000 || !peer.isOpen }
        #expect(peer.got.count > 16_000_000, "\(String(describing: peer.outcome))")
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func shortSendsAndSmallReceivesChangeNothing(_ driver: DriverChoice) throws
    {
        let rig = try ServerRig(driver, credentials: try papers.credentials(askingClients: true))
        Faults.inject(Fault(.send, .short(17), times: 400))
        if driver == .poller { Faults.inject(Fault(.receive, .short(5), times: 400)) }
        defer { Faults.clear() }
        let peer = try rig.peer(try session(try papers.clientContext(withCertificate: true)))
        peer.say(get + "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\n\r\n")
        peer.say(pattern(3000))
        try rig.settle { peer.answers.count == 2 }
        #expect(peer.answers.last?.body == pattern(3000))
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func faultsInTheHandshakeEndItAlone(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, credentials: try papers.credentials())
        let context = try papers.clientContext()
        for call in [SystemCall.send, .receive] {
            for skipping in 0..<5 {
                Faults.inject(Fault(call, .fail(.connectionReset), skipping: skipping))
                defer { Faults.clear() }
                let peer = try rig.connecting(try session(context))
                try rig.settle { peer.isUp || peer.outcome != nil }
                peer.say(get)
                try rig.settle { peer.outcome != nil || peer.answers.count == 1 }
                peer.close(.finished)
                try rig.settle { rig.reactor.streamCount == 0 }
            }
        }
        let peer = try rig.peer(try session(context))
        peer.say(get)
        try rig.settle { peer.answers.count == 1 }
        try rig.finish()
    }

    /// Who only sends needs no output memory, and is borne with while others have used it up.
    @Test(arguments: bothDrivers) func receivesWhileOutputMemoryIsUsedUp(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, outputBytes: 6 * 17 * 1024, credentials: try papers.credentials())
        // The peer has a reactor of its own, and so memory of its own.
        let far = try Reactor(driver)
        let peer = Peer(reactor: far, scratch: TransportScratch())
        peer.use(try session(try papers.clientContext()))
        try far.connect(peer, to: rig.address)
        func turn(until condition: () -> Bool) throws {
            try rig.settle {
                try? far.turn(until: Kernel.monotonicNow() + .milliseconds(1))
                return condition()
            }
        }
        try turn { peer.isUp && rig.server.metrics.handshakes.value == 1 }
        let hog = try rig.peer()
        try rig.settle { rig.reactor.outputChunksInUse == 0 }
        while pattern(1_000).withUnsafeBytes({ hog.write($0) }) {}
        peer.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        try turn { rig.server.pending.used > 0 || peer.outcome != nil }
        #expect(rig.reactor.metrics.ended(.overLimit).value == 0)
        hog.close(.finished)
        try rig.settle { rig.reactor.outputChunksInUse == 0 }
        peer.say("dy")
        try turn { peer.answers.count == 1 || peer.outcome != nil }
        #expect(peer.answers.first?.text == "body")
        peer.close(.finished)
        try turn { far.streamCount == 0 }
        try rig.finish()
    }

    @Test func memoryForOutputThatRunsOutInTheMiddleEndsOneConnection() throws {
        let rig = try ServerRig(
            .automatic, outputBytes: 6 * 17 * 1024, credentials: try papers.credentials()
        ) { request, response in
            if request.pathIs("/large") {
                response.write(pattern(500_000).span.bytes)
            } else {
                echo(request, &response)
            }
        }
        let context = try papers.clientContext()
        let greedy = try rig.peer(try session(context))
        greedy.say("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.settle { greedy.outcome != nil }
        #expect(rig.reactor.metrics.ended(.overLimit).value >= 1)
        let modest = try rig.peer(try session(context))
        modest.say(get)
        try rig.settle { modest.answers.map(\.text) == ["/"] }
        try rig.finish()
    }
}
