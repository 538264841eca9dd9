// A client and a server session in memory, with every byte between them passing in pieces of a chosen size.
import TLS
import TestCertificates

/// How the bytes between two sessions are cut.
struct Cut: Sendable, CustomStringConvertible {
    /// Ciphertext that one call to `read` is given.
    var input: Int
    /// Room for ciphertext that one call is given.
    var output: Int
    /// Room for plaintext.
    var plaintext: Int

    static let whole = Cut(input: 64 * 1024, output: 64 * 1024, plaintext: 64 * 1024)
    var description: String { "in \(input), out \(output), plain \(plaintext)" }
}

/// One session with the queues around it.
final class Side {
    let session: TLSSession
    var incoming: [UInt8] = []
    var outgoing: [UInt8] = []
    var received: [UInt8] = []
    var outcome = TLSSession.ReadOutcome.wantsInput
    let cut: Cut

    init(_ session: TLSSession, _ cut: Cut) {
        self.session = session
        self.cut = cut
    }

    /// Lends an output of the cut's size and collects what was put into it.
    func withOutput<Result>(_ body: (inout TLSOutput) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: cut.output, alignment: 1) { region in
            var output = TLSOutput(region)
            let result = body(&output)
            outgoing.append(contentsOf: output.written)
            return result
        }
    }

    func flush() {
        while session.hasPendingOutput { withOutput { _ = session.flush(&$0) } }
    }

    func start() {
        withOutput { session.start(&$0) }
        flush()
    }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let result = bytes[sent...].withUnsafeBytes { rest in withOutput { session.write(rest, &$0) } }
            guard case .sealed(let count) = result else { return }
            sent += count
            flush()
        }
    }

    func close() {
        withOutput { session.close(&$0) }
        flush()
    }

    /// Reads everything that has come in, a piece at a time.
    func readAll() {
        var at = 0
        var plaintext = [UInt8](repeating: 0, count: cut.plaintext)
        while at < incoming.count {
            let piece = incoming[at..<min(at + cut.input, incoming.count)]
            at += piece.withUnsafeBytes { bytes in
                var rest = bytes
                repeat {
                    outcome = plaintext.withUnsafeMutableBytes { target in
                        withOutput { session.read(&rest, into: target, &$0) }
                    }
                    if case .bytes(let count) = outcome { received += plaintext[..<count] }
                    flush()
                } while outcome != .wantsInput && outcome != .closed && outcome != .failed
                return bytes.count - rest.count
            }
            if outcome == .closed || outcome == .failed { break }
        }
        incoming.removeFirst(at)
    }
}

final class EnginePair {
    let client: Side
    let server: Side

    init(
        _ serverContext: TLSContext, _ clientContext: TLSContext,
        to expected: ExpectedServer = .host("localhost"),
        _ cut: Cut = .whole
    ) throws {
        server = Side(try TLSSession(server: serverContext), cut)
        client = Side(try TLSSession(client: clientContext, to: expected), cut)
    }

    /// Lets both sides talk until neither has anything to say.
    func settle() {
        repeat {
            server.incoming += client.outgoing
            client.outgoing.removeAll()
            server.readAll()
            client.incoming += server.outgoing
            server.outgoing.removeAll()
            client.readAll()
        } while !client.outgoing.isEmpty || !server.outgoing.isEmpty
    }

    func shakeHands() {
        client.start()
        settle()
    }
}

/// An authority with a server and a client below it, as most tests need them.
struct Credentials {
    let authority = TestAuthority()
    let server: TestCertificate
    let client: TestCertificate

    init(_ key: TestKey = .ecdsa) {
        server = authority.issue(
            "server", ["DNS:localhost", "IP:127.0.0.1", "URI:spiffe://test/server"], key: key)
        client = authority.issue("client", ["URI:spiffe://test/client", "DNS:client.test"])
    }

    func serverSettings(_ verification: PeerVerification = .none) -> TLSConfiguration {
        .server(
            certificate: .pem(server.chain), key: .pem(server.key),
            clientAuthorities: .pem(authority.certificate),
            verification: verification)
    }

    func clientSettings(showing: Bool = false) -> TLSConfiguration {
        .client(
            trust: .authorities(.pem(authority.certificate)), certificate: showing ? .pem(client.chain) : nil,
            key: showing ? .pem(client.key) : nil)
    }
}
