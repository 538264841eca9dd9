// What comes over the wire when the peer is broken, malicious or not TLS at all.
import TLS
import TestCertificates
import Testing

@Suite struct HostileInputTests {
    private let credentials = Credentials()

    private func pair(_ cut: Cut = .whole, _ version: TLSVersion = .tls13) throws -> EnginePair {
        var settings = credentials.serverSettings()
        settings.maximumVersion = version
        return try EnginePair(
            TLSContext(.server, settings), TLSContext(.client, credentials.clientSettings()),
            to: .host("localhost"),
            cut)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", TLSFailure.Reason.plainHTTP),
        ("POST /bid HTTP/1.1\r\n\r\n", .plainHTTP), ("DELETE /x HTTP/1.1\r\n\r\n", .plainHTTP),
        ("CONNECT a:1 HTTP/1.1\r\n\r\n", .plainHTTP), ("\u{3}\u{4}garbage that is long enough", .notTLS),
    ])
    func whatIsNotTLSIsNamed(_ text: String, _ reason: TLSFailure.Reason) throws {
        for size in [1, 5, 100] {
            let server = try pair(Cut(input: size, output: 1000, plaintext: 100)).server
            server.incoming = Array(text.utf8)
            server.readAll()
            #expect(server.outcome == .failed)
            #expect(server.session.failure?.reason == reason, "\(String(describing: server.session.failure))")
        }
    }

    @Test func plainHTTPFromAServerIsNamed() throws {
        let client = try pair().client
        client.start()
        client.incoming = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        client.readAll()
        #expect(client.session.failure?.reason == .plainHTTP)
    }

    /// Every byte of a record, changed one at a time, is found out, and nothing of the record gets through.
    @Test(arguments: TLSVersion.allCases)
    func aChangedRecordIsRefused(_ version: TLSVersion) throws {
        for at in 0..<40 {
            let pair = try pair(.whole, version)
            pair.shakeHands()
            pair.client.send(Array("sixteen bytes ok".utf8))
            guard at < pair.client.outgoing.count else { break }
            pair.client.outgoing[at] ^= 0x40
            // A longer length only makes the server wait for the rest.
            pair.client.outgoing += [UInt8](repeating: 0, count: 17_000)
            pair.settle()
            #expect(pair.server.received.isEmpty)
            #expect(pair.server.outcome == .failed)
            #expect(pair.server.session.failure != nil)
            // An alert goes out, and the client fails too instead of waiting.
            let told = try #require(pair.client.session.failure)
            #expect([.peerAlert, .noSharedVersion].contains(told.reason), "\(told)")
        }
    }

    @Test func anEndWithoutAWordIsTruncation() throws {
        let pair = try pair()
        #expect(pair.server.session.endOfInput() == .failed)
        #expect(pair.server.session.failure?.reason == .truncated)
        #expect(pair.server.session.failure?.description.contains("handshake") == true)

        let cut = try self.pair()
        cut.shakeHands()
        #expect(cut.server.session.endOfInput() == .failed)
        #expect(cut.server.session.failure?.reason == .truncated)

        let clean = try self.pair()
        clean.shakeHands()
        clean.client.close()
        clean.settle()
        #expect(clean.server.outcome == .closed)
        #expect(clean.server.session.endOfInput() == .closed)
        // The other direction goes on until it is closed too.
        clean.server.send([1, 2, 3])
        clean.settle()
        #expect(clean.client.received == [1, 2, 3])
    }

    /// A handshake that never ends is cut off by its bytes.
    @Test func anEndlessHandshakeIsCutOff() throws {
        let server = try pair().server
        // One handshake message of the largest size that OpenSSL takes for a client's hello, in small
        // records.
        let claimed = 131_000
        var hello: [UInt8] = [1, UInt8(claimed >> 16), UInt8(claimed >> 8 & 255), UInt8(claimed & 255), 3, 3]
        hello += [UInt8](repeating: 0, count: claimed)
        for start in stride(from: 0, to: hello.count, by: 1000) {
            let piece = hello[start..<min(start + 1000, hello.count)]
            server.incoming += [22, 3, 1, UInt8(piece.count >> 8), UInt8(piece.count & 255)] + piece
        }
        let offered = server.incoming.count
        // Read in chunks, as they would come from a socket.
        let all = server.incoming
        var at = 0
        while at < offered, server.session.failure == nil {
            server.incoming = Array(all[at..<min(at + 4096, offered)])
            server.readAll()
            at += 4096
        }
        #expect(server.session.failure?.reason == .handshakeTooLarge)
        #expect(at <= TLSSession.handshakeByteLimit + 2 * 4096)
    }

    /// While the peer does not take what we answer, nothing more of its input is read.
    @Test func outputThatIsNotTakenStopsReading() throws {
        let pair = try pair(Cut(input: 1000, output: 300, plaintext: 1000))
        pair.client.start()
        let hello = pair.client.outgoing
        let session = pair.server.session
        var plaintext = [UInt8](repeating: 0, count: 100)
        let outcomes = hello.withUnsafeBytes { bytes in
            plaintext.withUnsafeMutableBytes { plain in
                var rest = bytes
                return (0..<3).map { _ in
                    var none = TLSOutput(UnsafeMutableRawBufferPointer(start: nil, count: 0))
                    return session.read(&rest, into: plain, &none)
                }
            }
        }
        #expect(outcomes == [.wantsInput, .outputFull, .outputFull])
        // Whatever takes an output next takes along what waits.
        for _ in 0..<20 where session.hasPendingOutput {
            _ = plaintext.withUnsafeMutableBytes { plain in
                pair.server.withOutput {
                    var nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                    return session.read(&nothing, into: plain, &$0)
                }
            }
        }
        #expect(!session.hasPendingOutput)
        pair.settle()
        #expect(pair.client.session.isEstablished)
    }

    /// Ciphertext that was kept comes before what is received later, and only so much may be kept.
    @Test func whatIsKeptIsReadFirst() throws {
        let pair = try pair()
        pair.shakeHands()
        let text = pattern(200_000, seed: 3)
        pair.client.send(text)
        let ciphertext = pair.client.outgoing
        let session = pair.server.session
        // More than a record, so that each read takes ciphertext too.
        var plaintext = [UInt8](repeating: 0, count: 20_000)
        var received: [UInt8] = []
        func read(_ input: inout UnsafeRawBufferPointer) -> TLSSession.ReadOutcome {
            plaintext.withUnsafeMutableBytes { plain in
                var output = TLSOutput(UnsafeMutableRawBufferPointer(start: nil, count: 0))
                let outcome = session.read(&input, into: plain, &output)
                if case .bytes(let count) = outcome { received += plain[..<count] }
                return outcome
            }
        }
        // Each chunk yields one read; the rest of it is kept.
        for start in stride(from: 0, to: ciphertext.count, by: 30_000) {
            let kept = ciphertext[start..<min(start + 30_000, ciphertext.count)].withUnsafeBytes { bytes in
                var rest = bytes
                _ = read(&rest)
                return session.keep(rest, limit: 250_000)
            }
            #expect(kept)
        }
        var nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        while case .bytes = read(&nothing) {}
        let same = received == text
        #expect(same)
        let much = [UInt8](repeating: 0, count: 300_000)
        #expect(much.withUnsafeBytes { session.keep($0, limit: 250_000) } == false)
    }

    @Test func largeTransfersArriveWhole() throws {
        let megabytes = 64
        let pair = try pair(Cut(input: 60_000, output: 64 * 1024, plaintext: 64 * 1024))
        pair.shakeHands()
        // The same pattern is not repeated on record boundaries, so a lost record cannot go unnoticed.
        let block = pattern(1 << 20, seed: 4)
        var intact = true
        for _ in 0..<megabytes {
            pair.server.send(block)
            pair.settle()
            if pair.client.received != block { intact = false }
            pair.client.received.removeAll(keepingCapacity: true)
        }
        #expect(intact)
        #expect(pair.client.session.failure == nil)
    }
}
