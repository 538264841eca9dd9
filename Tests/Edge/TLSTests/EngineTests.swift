// The engine against itself: handshakes and data, however the bytes between are cut.
import TLS
import TestCertificates
import Testing

@Suite struct EngineTests {
    static let cuts = [1, 2, 3, 7, 16, 61, 1023, 16_384, 65_536].flatMap { input in
        [1, 7, 100, 4096, 65_536].map { Cut(input: input, output: $0, plaintext: max(1, input / 2)) }
    }

    @Test(arguments: cuts, TLSVersion.allCases)
    func dataIsTheSameHoweverBytesAreCut(_ cut: Cut, _ version: TLSVersion) throws {
        let credentials = Credentials()
        var settings = credentials.serverSettings(.required)
        settings.maximumVersion = version
        settings.minimumVersion = version
        let pair = try EnginePair(
            TLSContext(.server, settings), TLSContext(.client, credentials.clientSettings(showing: true)), cut
        )
        pair.shakeHands()
        try #require(pair.client.session.failure == nil)
        try #require(pair.server.session.failure == nil)
        try #require(pair.client.session.isEstablished && pair.server.session.isEstablished)
        #expect(pair.client.session.version == version)
        #expect(pair.server.session.peer?.uris == ["spiffe://test/client"])

        // Several records each way; fewer bytes where each passes alone.
        let request = pattern(cut.input < 16 ? 2_000 : 40_000, seed: 1)
        let answer = pattern(cut.input < 16 ? 20_000 : 100_000, seed: 2)
        pair.client.send(request)
        pair.settle()
        pair.server.send(answer)
        pair.server.close()
        pair.settle()
        let requestArrived = pair.server.received == request
        let answerArrived = pair.client.received == answer
        #expect(requestArrived && answerArrived)
        #expect(pair.client.outcome == .closed)
        #expect(pair.server.session.failure == nil && pair.client.session.failure == nil)
    }
}

/// Bytes that repeat with a long period, so that a lost or doubled piece shows.
func pattern(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}
