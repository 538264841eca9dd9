// The server as a peer sees it: many requests on a connection, bodies in every form, and what HTTP asks of
// answers.
import Kernel
import Reactor
import Telemetry
import Testing
import Units

@testable import HTTP

@Suite(.serialized)
struct ServerTests {
    @Test(arguments: bothDrivers) func answersManyRequestsOnOneConnection(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver)
        let peer = try rig.peer()
        for index in 0..<5 {
            peer.say("GET /\(index)?q HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle { peer.answers.count == index + 1 }
        }
        #expect(peer.answers.map(\.text) == (0..<5).map { "/\($0)" })
        for answer in peer.answers {
            #expect(answer.status == 200 && answer.headers["connection"] == nil)
            #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(answer.headers["date"]?.hasSuffix(" GMT") == true)
        }
        #expect(rig.server.metrics.requests.value == 5 && rig.server.metrics.responses(2).value == 5)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func answersPipelinedRequestsInOrder(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver)
        let peer = try rig.peer()
        // Every framing there is, back to back and more than one receive buffer holds.
        var expected: [String] = []
        var bytes = ""
        for index in 0..<400 {
            switch index % 4 {
            case 0:
                bytes += "GET /\(index) HTTP/1.1\r\nHost: x\r\n\r\n"
                expected.append("/\(index)")
            case 1:
                bytes += "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n\(10_000 + index)"
                expected.append("\(10_000 + index)")
            default:
                bytes += "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                bytes += "3\r\nabc\r\n5;x=y\r\n\(20_000 + index)\r\n0\r\nTrailer: z\r\n\r\n"
                expected.append("abc\(20_000 + index)")
            }
        }
        peer.say(bytes)
        try rig.settle { peer.answers.count >= expected.count }
        #expect(peer.answers.map(\.text) == expected)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func stopsReadingWhileAnswersPileUp(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.outputBytesPerConnection = 100_000
        let rig = try ServerRig(driver, limits: limits) { request, response in
            response.write(pattern(50_000).span.bytes)
        }
        let peer = try rig.peer()
        peer.pause()
        try rig.idle(.milliseconds(5))
        let count = 400
        for _ in 0..<count { peer.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n") }
        try rig.idle(.milliseconds(60))
        let served = rig.server.metrics.requests.value
        #expect(served < count, "the kernel's buffers and our limit are full")
        peer.resume()
        try rig.settle { rig.server.metrics.requests.value == count && peer.got.count > count * 50_000 }
        try rig.settle { peer.answers.count == count }
        #expect(peer.answers.allSatisfy { $0.body == pattern(50_000) })
        try rig.finish()
    }

    /// However a conversation is cut into segments, it is answered the same.
    @Test(arguments: bothDrivers) func splitAnywhereIsTheSameAsWhole(_ driver: DriverChoice) throws {
        let conversation = Array(
            ("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nseven77"
                + "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "4;e=\"f\"\r\nfour\r\nA\r\nten bytes!\r\n0\r\nT: u\r\n\r\n"
                + "GET /c HTTP/1.1\r\nHost: x\r\n\r\n").utf8)
        let rig = try ServerRig(driver)
        let expected = ["seven77", "fourten bytes!", "/c"]
        var peers: [Peer] = []
        for cut in 1..<conversation.count {
            if peers.count == 32 {
                for peer in peers { peer.close(.finished) }
                try rig.settle { rig.reactor.streamCount == 0 }
                peers = []
            }
            let peer = try rig.peer()
            peers.append(peer)
            peer.say(Array(conversation[..<cut]))
            try rig.idle(.microseconds(300))
            peer.say(Array(conversation[cut...]))
            try rig.settle("cut at \(cut)") { peer.answers.count == 3 }
            #expect(peer.answers.map(\.text) == expected, "cut at \(cut)")
        }
        // And byte by byte.
        let peer = try rig.peer()
        for byte in conversation {
            peer.say([byte])
            try rig.settle { !peer.hasOutput }
        }
        try rig.settle { peer.answers.count == 3 }
        #expect(peer.answers.map(\.text) == expected)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func takesLargeBodies(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.bodyBytes = 4_000_000
        let rig = try ServerRig(driver, limits: limits)
        let body = pattern(3_333_333)
        let peer = try rig.peer()
        peer.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
        peer.say(body)
        peer.say("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        var rest = body[...]
        var size = 1
        while !rest.isEmpty {
            let piece = rest.prefix(size)
            peer.say(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
            rest = rest.dropFirst(size)
            size = size * 3 % 99_991
        }
        peer.say("0\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.settle { peer.answers.count == 3 }
        let answers = peer.answers
        try #require(answers.count == 3)
        #expect(answers[0].body == body && answers[1].body == body && answers[2].text == "/after")
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func asksForTheBodyThatAPeerHoldsBack(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver)
        let peer = try rig.peer()
        for framing in ["Content-Length: 4", "Transfer-Encoding: chunked"] {
            peer.got = []
            peer.say("POST / HTTP/1.1\r\nHost: x\r\n\(framing)\r\nExpect: 100-continue\r\n\r\n")
            try rig.settle { peer.text == "HTTP/1.1 100 Continue\r\n\r\n" }
            peer.say(framing.hasSuffix("4") ? "body" : "4\r\nbody\r\n0\r\n\r\n")
            try rig.settle { peer.answers.count == 2 }
            #expect(peer.answers.map(\.status) == [100, 200] && peer.answers.last?.text == "body")
        }
        // A body that is too large is refused before it is sent.
        peer.got = []
        peer.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        try rig.settle { peer.answers.count == 1 }
        #expect(peer.answers.map(\.status) == [413])
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func answersHEADWithoutABody(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver) { request, response in
            response.write("a body")
            if request.pathIs("/streamed") { response.stream { _ in fatalError("nobody asked for it") } }
        }
        let peer = try rig.peer()
        for (path, framing) in [("/", "content-length: 6"), ("/streamed", "transfer-encoding: chunked")] {
            peer.got = []
            peer.say("HEAD \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle { !peer.got.isEmpty }
            #expect(peer.text.hasSuffix("\(framing)\r\n\r\n"), "\(peer.text)")
        }
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func endsConnectionsWhenAsked(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.requestsPerConnection = 3
        let rig = try ServerRig(driver, limits: limits) { request, response in
            response.closes = request.pathIs("/close")
            echo(request, &response)
        }
        let table: [(String, answers: Int, connection: String?)] = [
            ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 1, "close"),
            ("GET / HTTP/1.0\r\n\r\n", 1, "close"),
            ("GET /close HTTP/1.1\r\nHost: x\r\n\r\n", 1, "close"),
            (String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: 5), 3, "close"),
        ]
        for (bytes, count, connection) in table {
            let peer = try rig.peer()
            peer.say(bytes + "GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle("\(bytes)") { peer.outcome != nil }
            #expect(peer.outcome == .finished, "\(bytes)")
            #expect(peer.answers.count == count, "\(bytes)")
            #expect(peer.answers.last?.headers["connection"] == connection)
        }
        let old = try rig.peer()
        old.say("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        try rig.settle { old.answers.count == 1 }
        #expect(old.answers[0].headers["connection"] == "keep-alive" && old.isOpen)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func answersAPeerThatHasFinishedSending(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver) { _, response in response.write(pattern(3_000_000).span.bytes) }
        let peer = try rig.peer()
        peer.isStubborn = true
        peer.say("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.settle { !peer.hasOutput }
        peer.endSending()
        try rig.settle { peer.hasHeardEnd }
        #expect(peer.answers.count == 2)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func aBadHeaderOfAHandlerIsItsOwnFault(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver) { request, response in
            response.header("x-good", "fine")
            if request.pathIs("/inject") {
                response.header("x-bad", Array("a\r\nSet-Cookie: b".utf8).span.bytes)
            } else if request.pathIs("/many") {
                for _ in 0..<1000 { response.header("x-some", request.path) }
            }
            response.contentType = "text/special"
            response.write("written")
            if request.pathIs("/streamed") {
                response.header("x-bad", "a\nb")
                response.stream { _ in fatalError("a part of the broken answer") }
            }
        }
        let peer = try rig.peer()
        for (path, status) in [("/inject", 500), ("/many", 500), ("/streamed", 500), ("/fine", 200)] {
            peer.got = []
            peer.say("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle { peer.answers.count == 1 }
            #expect(peer.answers.first?.status == status)
            #expect(!peer.text.lowercased().contains("set-cookie"))
            let own = status == 200 ? "written" : "The answer could not be made.\n"
            #expect(peer.answers.first?.text == own)
            #expect(peer.text.contains("x-good") == (status == 200), "nothing of the handler's is left")
            #expect(peer.text.contains("text/special") == (status == 200))
        }
        #expect(rig.server.metrics.responses(5).value == 3)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func sharedBodiesFollowTheirHeads(_ driver: DriverChoice) throws {
        let shared = SharedBytes(pattern(2_000_000))
        let empty = SharedBytes([UInt8]())
        let rig = try ServerRig(driver) { request, response in
            response.shared = request.pathIs("/empty") ? empty : shared
        }
        let peer = try rig.peer()
        peer.say(
            ["/", "/empty", "/", "/"].map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
                + "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try rig.settle { peer.outcome != nil }
        let heads = Answer.all(in: peer.got)
        #expect(heads.prefix(4).map(\.body.count) == [2_000_000, 0, 2_000_000, 2_000_000])
        #expect(heads.first?.body == pattern(2_000_000) && heads.count >= 4)
        #expect(peer.got.suffix(200).text.hasSuffix("content-length: 2000000\r\nconnection: close\r\n\r\n"))
        try rig.finish()
    }
}
