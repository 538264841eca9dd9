// Bodies of which nobody knows the length before their end, from a server and from a client: how they are framed,
// that they wait for whoever reads them, and how they end.
import Kernel
import Reactor
import TLS
import Telemetry
import TestCertificates
import Testing
import Units

@testable import HTTP

private func get(_ version: String, _ path: String = "/", more: String = "") -> String {
    "GET \(path) HTTP/\(version)\r\nHost: x\r\n\(more)\r\n"
}

/// Counts the bytes that a source has made.
private final class Made { var bytes = 0 }

@Suite(.serialized)
struct StreamedBodyTests {
    private let papers = Papers()

    /// Empty, smaller and larger than a chunk, larger than what may wait; in pieces smaller and larger than a
    /// chunk; with a request waiting behind each.
    @Test(arguments: bothDrivers, [false, true])
    func goesOutInChunks(_ driver: DriverChoice, _ secure: Bool) throws {
        let rig = try ServerRig(driver, credentials: secure ? try papers.credentials() : nil) {
            request, response in
            let path = request.path.text.split(separator: "/")
            response.write("what a stream takes the place of")
            response.header("x-extra", request.path)
            guard let size = path.last.flatMap({ Int($0) }), let count = path.first.flatMap({ Int($0) })
            else {
                return
            }
            response.stream(inPieces(count, of: size))
        }
        let session = try papers.clientContext()
        let peer = try rig.peer(secure ? try TLSSession(client: session, to: .host("node.test")) : nil)
        for (count, size) in [(0, 1), (1, 1), (3, 2), (16_384, 16_384), (100_000, 999), (900_000, 300_000)] {
            peer.got = []
            peer.say(get("1.1", "/\(count)/\(size)") + get("1.1", "/after"))
            try rig.settle("\(count)") { peer.answers.count == 2 || !peer.isOpen }
            let answers = peer.answers
            try #require(answers.count == 2, "\(count) in pieces of \(size)")
            #expect(answers[0].headers["transfer-encoding"] == "chunked")
            #expect(answers[0].headers["content-length"] == nil)
            #expect(answers[0].headers["x-extra"] == "/\(count)/\(size)")
            #expect(answers[0].body == pattern(count), "\(count) in pieces of \(size)")
            #expect(answers[1].text == "what a stream takes the place of")
        }
        try rig.finish()
    }

    /// HTTP/1.0 knows no chunks: the end of the connection is the body's, whatever the client would like.
    @Test(arguments: bothDrivers, [0, 5, 700_000])
    func endsWithTheConnectionForHTTP10(_ driver: DriverChoice, _ count: Int) throws {
        let rig = try ServerRig(driver) { _, response in response.stream(inPieces(count, of: 10_000)) }
        let peer = try rig.peer()
        peer.say(get("1.0", more: "Connection: keep-alive\r\n"))
        try rig.settle { peer.hasHeardEnd }
        let blank = try #require(peer.got.firstRange(of: Array("\r\n\r\n".utf8)))
        let head = peer.got[..<blank.lowerBound].text
        #expect(head.hasSuffix("connection: close") && !head.contains("transfer-encoding"))
        #expect(!head.contains("content-length"))
        #expect(Array(peer.got[blank.upperBound...]) == pattern(count))
        try rig.finish()
    }

    /// A peer that does not read holds what may wait for it, and no more is made.
    @Test(arguments: bothDrivers) func isMadeAsItIsRead(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.outputBytesPerConnection = 64 * 1024
        let made = Made()
        let total = 16_000_000
        let rig = try ServerRig(driver, limits: limits, outputBytes: 8 * 17 * 1024) { _, response in
            let source = inPieces(total, of: 10_000)
            response.stream { piece in
                made.bytes += 10_000
                return source(&piece)
            }
        }
        let peer = try rig.peer()
        peer.pause()
        try rig.idle(.milliseconds(5))
        peer.say(get("1.1"))
        try rig.idle(.milliseconds(100))
        let before = made.bytes
        #expect(before < total, "the kernel's buffers took all of it")
        try rig.idle(.milliseconds(30))
        #expect(made.bytes == before && rig.reactor.outputChunksInUse <= 8)
        peer.resume()
        try rig.settle { peer.answers.count == 1 || !peer.isOpen }
        #expect(peer.answers.first?.body == pattern(total))
        // One that leaves in the middle ends it.
        let quitter = try rig.peer()
        quitter.pause()
        quitter.say(get("1.1"))
        try rig.idle(.milliseconds(30))
        quitter.close(.finished)
        try rig.settle { rig.server.connectionCount == 1 }
        try rig.finish()
    }

    /// The client sends in chunks and reads chunks, also where it has to send again.
    @Test(arguments: bothDrivers) func clientsStreamToo(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver) { request, response in
            let hasLength = request.header("content-length") != nil
            #expect(!hasLength)
            let bytes = request.body.withUnsafeBytes { Array($0) }
            var rest: [UInt8]? = bytes
            response.stream { piece in
                guard let some = rest else { return false }
                piece.write(some.span.bytes)
                rest = nil
                return true
            }
        }
        let caller = ClientRig(rig.reactor, Endpoint(address: rig.address, authority: "node.test"))
        for count in [0, 1, 50_000, 900_000] {
            var request = ClientRequest(.put, caller.endpoint, "/")
            request.stream = { inPieces(count, of: 7_000) }
            let response = try #require(try caller.finish(caller.start(request)).response)
            #expect(response.header("transfer-encoding") == "chunked")
            #expect(response.body == pattern(count), "\(count)")
        }
        #expect(rig.reactor.metrics.accepted.value == 1, "over one connection")
        caller.client.close()
        try rig.finish()
    }

    /// An answer that comes before the request has left is taken, and the connection is not used again.
    @Test(arguments: bothDrivers) func anEarlyAnswerEndsTheConnection(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.bodyBytes = 1000
        let rig = try ServerRig(driver, limits: limits)
        let caller = ClientRig(rig.reactor, Endpoint(address: rig.address, authority: "node.test"))
        var request = ClientRequest(.put, caller.endpoint, "/")
        request.stream = { inPieces(16_000_000, of: 16_000) }
        #expect(try caller.finish(caller.start(request)).response?.status == 413)
        #expect(try caller.call().response?.status == 200)
        #expect(rig.reactor.metrics.accepted.value == 2)
        caller.client.close()
        try rig.finish()
    }
}
