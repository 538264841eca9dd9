// Answers as servers give them: well formed, beyond the limits, against the rules, or cut off at every byte.
import Kernel
import Reactor
import Testing
import Units

@testable import HTTP

/// A string counts CR LF as one character, so it is cut as bytes.
extension String {
    fileprivate func bytes(upTo end: Int) -> String { String(decoding: utf8.prefix(end), as: UTF8.self) }
    fileprivate func bytes(from start: Int) -> String {
        String(decoding: utf8.dropFirst(start), as: UTF8.self)
    }
}

@Suite(.serialized)
struct ClientAnswerTests {
    /// Each in one piece, and each cut in two at every byte.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body", true),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
            "body", true
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n02;x=\"y\"\r\ndy\r\n0\r\nA: b\r\n\r\n",
            "body", true
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", "", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody", "body", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", "body", false),
        ("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n", "", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody and more", "body", false),
    ])
    func readsAnswers(_ text: String, _ body: String, _ isKept: Bool) throws {
        for cut in [0] + Array(1..<text.utf8.count) {
            let (first, second) = (text.bytes(upTo: cut), text.bytes(from: cut))
            let rig = try ClientRig(scripts: [[first.isEmpty ? .say(second) : .say(first)]])
            let pending = rig.start()
            if !first.isEmpty {
                try settle(rig.reactor) {
                    rig.connections.first.map { !$0.got.isEmpty && !$0.isSending } == true
                }
                rig.connections[0].say(second)
            }
            _ = try rig.finish(pending)
            #expect(
                pending.response?.body == Array(body.utf8),
                "cut at \(cut): \(String(describing: pending.failure))")
            if cut == 0 {
                if isKept {
                    #expect(rig.reactor.streamCount == 2, "kept")
                } else {
                    try settle(rig.reactor, "not kept") { rig.reactor.streamCount == 0 }
                }
            }
            try rig.end()
        }
    }

    @Test(arguments: bothDrivers) func aBodyMayEndWithTheConnection(_ driver: DriverChoice) throws {
        let rig = try ClientRig(
            driver, scripts: [[.sayAndClose("HTTP/1.1 200 OK\r\nx-a:  b \r\n\r\nall of it")]])
        let response = try #require(try rig.call().response)
        #expect(response.body == Array("all of it".utf8) && response.header("X-A") == "b")
        try rig.end()
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", "refused body_too_large"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", "refused body_too_large"),
        ("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 40_000), "refused body_too_large"),
        ("HTTP/1.1 200 OK\r\nx: " + String(repeating: "x", count: 16_500), "refused head_too_large"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "refused malformed_status_line"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "refused malformed_status_line"),
        ("HTTP/2 200\r\n\r\n", "refused malformed_status_line"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "refused unexpected_upgrade"),
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", "refused bare_line_feed"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "refused repeated_content_length"
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "refused invalid_chunk_size"),
    ])
    func refusesWhatItMustNotTake(_ text: String, _ kind: String) throws {
        var limits = ClientLimits()
        limits.responseBytes = 1000
        let rig = try ClientRig(limits: limits, scripts: [[.say(text)]])
        #expect(try rig.call().kind == kind)
        try settle(rig.reactor) { rig.reactor.streamCount == 0 }
        try rig.end()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    ])
    func anAnswerThatIsCutIsNone(_ text: String) throws {
        for cut in 0..<text.utf8.count {
            let rig = try ClientRig(scripts: [[.sayAndClose(text.bytes(upTo: cut))]])
            #expect(try rig.call().kind == "cut", "cut at \(cut)")
            try rig.end()
        }
    }

    @Test(arguments: bothDrivers) func faultsOfTheKernelFailCallsAlone(_ driver: DriverChoice) throws {
        let ok = Line.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        let rig = try ClientRig(driver, scripts: [Array(repeating: ok, count: 999)])
        for call in [SystemCall.connect, .send, .receive, .socket] {
            for skipping in 0..<3 {
                Faults.inject(Fault(call, .fail(.connectionReset), skipping: skipping, times: 2))
                defer { Faults.clear() }
                let calls = (0..<3).map { _ in rig.start(.post) }
                try settle(rig.reactor) { calls.allSatisfy { $0.result != nil } }
                for call in calls {
                    #expect([nil, "cut", "notConnected"].contains(call.kind))
                }
            }
        }
        #expect(try rig.call().response?.status == 200)
        try rig.end()
    }
}
