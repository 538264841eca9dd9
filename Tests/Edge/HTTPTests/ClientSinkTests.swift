// Bodies that go on as they come: whole whatever carries them, however large, and ended by who wants no more.
import Kernel
import Reactor
import Synchronization
import Telemetry
import Testing
import Units

@testable import HTTP

/// What a sink got.
private final class Got: Sendable {
    let bytes = Mutex<[UInt8]>([])
    private let most: Int

    init(most: Int = .max) { self.most = most }

    func take(_ piece: UnsafeRawBufferPointer) -> Bool {
        bytes.withLock { bytes in
            bytes.append(contentsOf: piece)
            return bytes.count <= most
        }
    }

    var all: [UInt8] { bytes.withLock { $0 } }
}

extension ClientRig {
    fileprivate func sinking(_ got: Got, _ target: String = "/") -> ClientRequest {
        var request = ClientRequest(.get, endpoint, target)
        request.sink = { got.take($0) }
        return request
    }
}

@Suite(.serialized)
struct ClientSinkTests {
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n02;x=\"y\"\r\ndy\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nbody",
    ])
    func itIsWholeWhereverItIsCut(_ text: String) throws {
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            let rig = try ClientRig(scripts: [[.say(String(decoding: bytes[..<cut], as: UTF8.self))]])
            let got = Got()
            let pending = rig.start(rig.sinking(got))
            try settle(rig.reactor) {
                rig.connections.first.map { !$0.got.isEmpty && !$0.isSending } == true
            }
            rig.connections[0].say(String(decoding: bytes[cut...], as: UTF8.self))
            if text.hasPrefix("HTTP/1.0") { rig.connections[0].finish() }
            let response = try #require(try rig.finish(pending).response, "cut at \(cut)")
            #expect(got.all == Array("body".utf8) && response.body.isEmpty, "cut at \(cut)")
            try rig.end()
        }
    }

    /// Larger than what the client would hold, over one connection, in a form with a length and in chunks.
    @Test(arguments: bothDrivers) func itMayBeLargerThanWhatIsHeld(_ driver: DriverChoice) throws {
        let body = pattern(3_000_000)
        let shared = SharedBytes(body)
        let rig = try ServerRig(driver) { request, response in
            if request.pathIs("/missing") {
                response.status = .notFound
                response.write("not here")
            } else if request.pathIs("/chunks") {
                var sent = 0
                response.stream { piece in
                    let end = min(sent + 10_007, body.count)
                    piece.write(body.span.bytes.extracting(sent..<end))
                    sent = end
                    return sent < body.count
                }
            } else {
                response.shared = shared
            }
        }
        var limits = ClientLimits()
        limits.responseBytes = 1_000
        let caller = ClientRig(
            rig.reactor, Endpoint(address: rig.address, authority: "node.test"), limits: limits)
        for target in ["/", "/chunks", "/"] {
            let got = Got()
            let response = try #require(try caller.finish(caller.start(caller.sinking(got, target))).response)
            #expect(response.status == 200 && got.all == body, "\(target)")
        }
        // Why there is none is for the caller, not for where the body goes.
        let got = Got()
        let missing = try #require(try caller.finish(caller.start(caller.sinking(got, "/missing"))).response)
        #expect(missing.status == 404 && missing.body == Array("not here".utf8) && got.all.isEmpty)
        #expect(rig.reactor.metrics.accepted.value == 1)
        let full = Got(most: 100_000)
        #expect(try caller.finish(caller.start(caller.sinking(full))).kind == "unwanted")
        caller.client.close()
        try rig.finish()
    }
}
