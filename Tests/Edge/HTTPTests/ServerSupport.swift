// What the tests of the server share: a reactor with a server on it and raw peers beside it, all on one
// thread.
import Kernel
import Reactor
import TLS
import Testing
import Units

@testable import HTTP

let loopback = SocketAddress(literal: "127.0.0.1", port: 0)!
let bothDrivers: [DriverChoice] = [.ring, .poller]

extension RawSpan {
    var text: String { withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

extension Collection<UInt8> {
    var text: String { String(decoding: self, as: UTF8.self) }
}

/// A peer that sends what a test tells it to, and keeps what comes back. With a TLS session it speaks TLS.
final class Peer: Transport {
    var got: [UInt8] = []
    var isUp = false
    var outcome: StreamEnd?
    var hasHeardEnd = false
    /// Goes on sending after the other side has finished.
    var isStubborn = false

    override func ready() { isUp = true }
    override func arrived(_ bytes: UnsafeRawBufferPointer) { got.append(contentsOf: bytes) }
    override func ended() {
        hasHeardEnd = true
        if !isStubborn { super.ended() }
    }
    override func closed(_ reason: StreamEnd) { outcome = reason }

    func say(_ text: String) { say(Array(text.utf8)) }
    func say(_ bytes: [UInt8]) {
        guard isOpen else { return }
        bytes.withUnsafeBytes { _ = send($0) }
        flush()
    }

    var text: String { got.text }
    var answers: [Answer] { Answer.all(in: got) }
}

/// One answer as a peer reads it, by other code than the client's.
struct Answer: Equatable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// All whole answers at the front. `toHead`: answers that have no body, whatever their length says.
    static func all(in bytes: [UInt8], toHead: Bool = false) -> [Answer] {
        var answers: [Answer] = []
        var rest = bytes[...]
        while let blank = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let lines = String(decoding: rest[..<blank.lowerBound], as: UTF8.self).split(separator: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                let name = parts[0].lowercased()
                #expect(headers[name] == nil, "a header twice: \(line)")
                headers[name] = parts[1].drop { $0 == " " }.description
            }
            let status = Int(lines[0].split(separator: " ")[1]) ?? 0
            rest = rest[blank.upperBound...]
            if headers["transfer-encoding"] == "chunked", !toHead {
                guard let body = unchunked(&rest) else { break }
                answers.append(Answer(status: status, headers: headers, body: body))
                continue
            }
            let length = toHead || status < 200 ? 0 : Int(headers["content-length"] ?? "0") ?? 0
            guard rest.count >= length else { break }
            answers.append(Answer(status: status, headers: headers, body: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return answers
    }
}

/// Takes a whole chunked body from the front; nil where it is not whole.
private func unchunked(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? {
    var body: [UInt8] = []
    var rest = bytes
    while let line = rest.firstRange(of: Array("\r\n".utf8)) {
        guard let count = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16),
            rest[line.upperBound...].count >= count + 2
        else { return nil }
        let data = rest[line.upperBound...].prefix(count)
        #expect(Array(rest[data.endIndex...].prefix(2)) == Array("\r\n".utf8), "the chunk's end")
        body += data
        rest = rest[(data.endIndex + 2)...]
        if count == 0 {
            bytes = rest
            return body
        }
    }
    return nil
}

/// A body of `count` bytes of the pattern, in pieces of this size.
func inPieces(_ count: Int, of size: Int) -> BodySource {
    let all = pattern(count)
    var done = 0
    return { piece in
        guard done < count else { return false }
        let end = min(count, done + size)
        piece.write(all.span.extracting(done..<end).bytes)
        done = end
        return true
    }
}

/// Answers by a function.
final class Answering: Responder {
    let handler: Router.Handler
    init(_ handler: @escaping Router.Handler) { self.handler = handler }
    func respond(to request: borrowing Request, _ response: inout Response) { handler(request, &response) }
}

/// What most tests are answered: the body, or else the path.
func echo(_ request: borrowing Request, _ response: inout Response) {
    if request.body.isEmpty { response.write(request.path) } else { response.write(request.body) }
}

/// A server and its peers on one reactor.
final class ServerRig {
    let reactor: Reactor
    let server: Server
    let address: SocketAddress
    private let scratch = TransportScratch()
    private(set) var peers: [Peer] = []

    convenience init(
        _ driver: DriverChoice, limits: ServerLimits = ServerLimits(), outputBytes: Int = 64 * 1024 * 1024,
        credentials: TLSCredentials? = nil, _ handler: @escaping Router.Handler = echo
    ) throws {
        try self.init(
            driver, limits: limits, outputBytes: outputBytes, credentials: credentials,
            responder: Answering(handler))
    }

    init(
        _ driver: DriverChoice, limits: ServerLimits, outputBytes: Int = 64 * 1024 * 1024,
        credentials: TLSCredentials? = nil, responder: any Responder
    ) throws {
        var reactorLimits = ReactorLimits()
        reactorLimits.streams = 128
        reactorLimits.outputBytes = outputBytes
        reactor = try Reactor(driver, limits: reactorLimits)
        server = Server(reactor: reactor, limits: limits, responder: responder)
        address = try server.listen(on: loopback, credentials: credentials)
    }

    /// A connected peer.
    func peer(_ session: TLSSession? = nil) throws -> Peer {
        let peer = try connecting(session)
        try settle("the peer is connected") { peer.isUp }
        return peer
    }

    func connecting(_ session: TLSSession? = nil) throws -> Peer {
        let peer = Peer(reactor: reactor, scratch: scratch)
        peer.use(session)
        peers.append(peer)
        try reactor.connect(peer, to: address)
        return peer
    }

    /// Turns the reactor until the condition holds; throws after five seconds.
    func settle(
        _ what: Comment = "in time", at location: SourceLocation = #_sourceLocation, _ condition: () -> Bool
    ) throws {
        try HTTPTests.settle(reactor, what, at: location, condition)
    }

    /// Lets time pass.
    func idle(_ time: Interval) throws {
        let end = Kernel.monotonicNow() + time
        while Kernel.monotonicNow() < end { try reactor.turn(until: end) }
    }

    /// Lets a peer take an answer with pauses in between, for at least so long. In steps that free a good
    /// part of the kernel's buffers: it tells a sender of room only when a third is free.
    func takeInSteps(_ peer: Peer, until bytes: Int, atLeast time: Interval) throws {
        let start = Kernel.monotonicNow()
        while peer.isOpen, peer.got.count < bytes {
            let before = peer.got.count
            peer.resume()
            try settle { peer.got.count >= before + 500_000 || !peer.isOpen }
            peer.pause()
            // 30 ms for each half megabyte, and never so long as to look like standing still.
            try idle(min(.milliseconds(100), .milliseconds(30) * Int64((peer.got.count - before) / 500_000)))
        }
        #expect(
            Kernel.monotonicNow() - start >= time, "slow enough to be cut off, were it not for its progress")
    }

    /// Ends what is still open, and sees that everything came back.
    func finish(at location: SourceLocation = #_sourceLocation) throws {
        for peer in peers { peer.close(.finished) }
        try settle("every stream came back", at: location) { reactor.streamCount == 0 }
        #expect(reactor.outputChunksInUse == 0, "every chunk came back", sourceLocation: location)
        #expect(server.connectionCount == 0, sourceLocation: location)
        #expect(
            server.pending.used == 0, "every byte of unfinished requests came back", sourceLocation: location)
    }
}

/// What a test waits for has not happened in five seconds; going on would only wait again.
struct TooLate: Error {}

func settle(
    _ reactor: Reactor, _ what: Comment = "in time", at location: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) throws {
    let limit = Kernel.monotonicNow() + .seconds(5)
    while !condition() {
        guard Kernel.monotonicNow() < limit else {
            Issue.record(what, sourceLocation: location)
            throw TooLate()
        }
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(5))
    }
}

/// Bytes of which no piece looks like its neighbour. Made once: in a debug build it is slow.
func pattern(_ count: Int) -> [UInt8] { Array(longPattern[..<count]) }

private let longPattern: [UInt8] = {
    let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 2) }
    return (0..<245).flatMap { _ in block }
}()
