// Tickets: a client that comes back skips the certificates, on any shard, after a reload, and nowhere else.
import TLS
import TestCertificates
import Testing

@Suite struct ResumptionTests {
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

    @Test(arguments: TLSVersion.allCases)
    func aReturningClientResumes(_ version: TLSVersion) throws {
        let credentials = Credentials()
        var settings = credentials.serverSettings(.required)
        settings.maximumVersion = version
        let server = try TLSContext(.server, settings)
        let client = try TLSContext(.client, credentials.clientSettings(showing: true))
        #expect(try connect(server, client).server.session.isResumed == false)
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
}
