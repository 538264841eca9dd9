// Tickets: a client that comes back skips the certificates, on any shard, after a reload, and nowhere else.
import TLS
import TestCertificates
import Testing

@Suite struct ResumptionTests {
    private let credentials = Credentials()

    /// Connects once and says whether the server took a ticket.
    private func connect(
        _ server: TLSContext, _ client: TLSContext, to expected: ExpectedServer = .host("localhost")
    ) throws -> EnginePair {
        let pair = try EnginePair(server, client, to: expected)
        pair.shakeHands()
        try #require(pair.client.session.failure == nil)
        try #require(pair.server.session.failure == nil)
        #expect(pair.client.session.isResumed == pair.server.session.isResumed)
        return pair
    }

    private func resumes(
        _ server: TLSContext, _ client: TLSContext, to expected: ExpectedServer = .host("localhost")
    ) throws -> Bool {
        try connect(server, client, to: expected).server.session.isResumed
    }

    private func serverSettings(_ version: TLSVersion) -> TLSConfiguration {
        var settings = credentials.serverSettings(.required)
        settings.maximumVersion = version
        return settings
    }

    private func client() throws -> TLSContext {
        try TLSContext(.client, credentials.clientSettings(showing: true))
    }

    @Test(arguments: TLSVersion.allCases)
    func aReturningClientResumesAndIsStillKnown(_ version: TLSVersion) throws {
        let server = try TLSContext(.server, serverSettings(version))
        let client = try client()
        #expect(try resumes(server, client) == false)
        // Each connection is dropped without a word, which must not spoil the session.
        for _ in 0..<3 {
            let pair = try connect(server, client)
            #expect(pair.server.session.isResumed)
            #expect(pair.server.session.peer?.uris == ["spiffe://test/client"])
            #expect(pair.client.session.peer?.uris == ["spiffe://test/server"])
            pair.client.send([1, 2, 3])
            pair.settle()
            #expect(pair.server.received == [1, 2, 3])
        }
    }

    @Test(arguments: TLSVersion.allCases)
    func contextsThatShareKeysTakeEachOthersTickets(_ version: TLSVersion) throws {
        let tickets = TicketKeys()
        let one = try TLSContext(.server, serverSettings(version), tickets: tickets)
        let other = try TLSContext(.server, serverSettings(version), tickets: tickets)
        let stranger = try TLSContext(.server, serverSettings(version))
        let client = try client()
        #expect(try resumes(one, client) == false)
        #expect(try resumes(other, client))
        #expect(try resumes(stranger, client) == false)
    }

    @Test func aTicketOutlivesOneRotationAndNotTwo() throws {
        let tickets = TicketKeys()
        let server = try TLSContext(.server, serverSettings(.tls12), tickets: tickets)
        let client = try client()
        #expect(try resumes(server, client) == false)
        tickets.rotate()
        #expect(try resumes(server, client))
        // The ticket was renewed under the new key when it was used.
        tickets.rotate()
        #expect(try resumes(server, client))
        tickets.rotate()
        tickets.rotate()
        #expect(try resumes(server, client) == false)
    }

    /// Whoever was let in under authorities that are gone has to show a certificate again.
    @Test(arguments: TLSVersion.allCases)
    func aTicketDoesNotOutliveTheAuthorities(_ version: TLSVersion) throws {
        let tickets = TicketKeys()
        let before = try TLSContext(.server, serverSettings(version), tickets: tickets)
        var changed = serverSettings(version)
        let another = TestAuthority("Another root")
        changed.trust = .authorities(.pem(credentials.authority.certificate + another.certificate))
        let after = try TLSContext(.server, changed, tickets: tickets)
        let client = try client()
        #expect(try resumes(before, client) == false)
        #expect(try resumes(after, client) == false)
        #expect(try resumes(after, client))
    }

    /// A client that has verified one server must not take its session for another's.
    @Test func sessionsOfOneServerAreNotUsedForAnother() throws {
        let server = try TLSContext(.server, serverSettings(.tls12))
        let client = try client()
        #expect(try resumes(server, client) == false)
        #expect(try resumes(server, client, to: .host("127.0.0.1")) == false)
        #expect(try resumes(server, client, to: .identity("spiffe://test/server", at: "localhost")) == false)
        #expect(try resumes(server, client))
    }

    @Test(arguments: TLSVersion.allCases)
    func nothingIsResumedWhereItIsOff(_ version: TLSVersion) throws {
        var settings = serverSettings(version)
        settings.resumption = false
        let server = try TLSContext(.server, settings)
        let client = try client()
        for _ in 0..<3 { #expect(try resumes(server, client) == false) }
    }

    /// Several connections of a pool come back at once: each has a ticket of its own.
    @Test func connectionsThatReturnTogetherAllResume() throws {
        let server = try TLSContext(.server, serverSettings(.tls13))
        let client = try client()
        let first = try (0..<4).map { _ in try EnginePair(server, client) }
        first.forEach { $0.shakeHands() }
        let second = try (0..<4).map { _ in try EnginePair(server, client) }
        second.forEach { $0.shakeHands() }
        #expect(second.allSatisfy { $0.server.session.isResumed })
    }
}
