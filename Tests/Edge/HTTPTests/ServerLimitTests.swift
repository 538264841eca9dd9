// What the server does at its limits: deadlines, sizes, memory, faults of the kernel, and its own end.
// Whatever happens, the peer is told where it can be, the reason is counted, and everything comes back.
import Kernel
import Reactor
import Telemetry
import Testing
import Units

@testable import HTTP

private let get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

/// Limits that a test can wait for.
private func shortLimits() -> ServerLimits {
    var limits = ServerLimits()
    limits.lingerTimeout = .milliseconds(40)
    return limits
}

@Suite(.serialized)
struct ServerLimitTests {
    /// A peer that begins something and does not go on, what it is told, and how long it is borne with.
    @Test(arguments: bothDrivers) func slowPeersAreTimedOut(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.headTimeout = .milliseconds(60)
        limits.bodyTimeout = .milliseconds(80)
        limits.firstByteTimeout = .milliseconds(50)
        limits.idleTimeout = .milliseconds(500)
        let table: [(begun: String, statuses: [Int], after: Interval)] = [
            ("", [], limits.firstByteTimeout),
            (get, [200], limits.idleTimeout),
            ("GET / HT", [408], limits.headTimeout),
            (get + "GET / HT", [200, 408], limits.headTimeout),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo", [408], limits.bodyTimeout),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nb", [408],
                limits.bodyTimeout
            ),
        ]
        let rig = try ServerRig(driver, limits: limits)
        // Side by side, so that the test takes no longer than the longest.
        let start = Kernel.monotonicNow()
        var peers: [Peer] = []
        for row in table {
            peers.append(try rig.peer())
            peers.last?.say(row.begun)
        }
        var ends: [Instant?] = Array(repeating: nil, count: peers.count)
        try rig.settle {
            for (index, peer) in peers.enumerated() where peer.hasHeardEnd && ends[index] == nil {
                ends[index] = Kernel.monotonicNow()
            }
            return !ends.contains(nil)
        }
        for (index, row) in table.enumerated() {
            #expect(peers[index].answers.map(\.status) == row.statuses, "\(row.begun)")
            let took = ends[index].map { $0 - start } ?? .zero
            #expect(took >= row.after - .milliseconds(2), "\(row.begun): \(took)")
        }
        #expect(try #require(ends[0]) - start < limits.idleTimeout, "who never spoke has less time")
        #expect(rig.server.metrics.timeouts.value == 4)
        try rig.finish()
        #expect(rig.reactor.metrics.ended(.silent).value == 1)
    }

    /// A head that drips in is not borne with for longer, nor is a peer that goes on asking and reads no answer.
    @Test(arguments: bothDrivers, [false, true])
    func drippingBuysNoTime(_ driver: DriverChoice, _ withUnreadAnswer: Bool) throws {
        var limits = shortLimits()
        limits.headTimeout = .milliseconds(100)
        limits.writeTimeout = .milliseconds(100)
        limits.outputBytesPerConnection = 64_000_000  // so that it goes on reading
        let rig = try ServerRig(driver, limits: limits) { request, response in
            if request.pathIs("/more") { return response.write("more") }
            response.write(pattern(8_000_000).span.bytes)
        }
        let peer = try rig.peer()
        if withUnreadAnswer {
            peer.pause()
            try rig.idle(.milliseconds(5))
            peer.say(get)
        }
        let start = Kernel.monotonicNow()
        while rig.server.connectionCount > 0, Kernel.monotonicNow() - start < .milliseconds(800) {
            peer.say(withUnreadAnswer ? "GET /more HTTP/1.1\r\nHost: x\r\n\r\n" : "G")
            try rig.idle(.milliseconds(20))
        }
        #expect(Kernel.monotonicNow() - start < .milliseconds(700))
        peer.resume()
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func aPeerThatReadsNothingIsCutOff(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.writeTimeout = .milliseconds(60)
        let rig = try ServerRig(driver, limits: limits) { _, response in
            response.write(pattern(8_000_000).span.bytes)
        }
        let peer = try rig.peer()
        peer.pause()
        try rig.idle(.milliseconds(5))
        peer.say(get)
        try rig.settle { rig.server.metrics.requests.value == 1 }
        try rig.settle { rig.server.connectionCount == 0 }
        #expect(rig.reactor.metrics.ended(.slowReader).value == 1)
        try rig.finish()
    }

    /// Some progress is not enough: whoever takes less than a minimum in the time is cut off.
    @Test(arguments: bothDrivers) func aPeerThatReadsTooSlowlyIsCutOff(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.writeTimeout = .milliseconds(150)
        limits.writeBytesMin = 64_000_000
        let rig = try ServerRig(driver, limits: limits) { _, response in
            response.write(pattern(16_000_000).span.bytes)
        }
        let peer = try rig.peer()
        peer.say(get)
        try rig.takeInSteps(peer, until: 15_000_000, atLeast: .milliseconds(140))
        #expect(rig.reactor.metrics.ended(.slowReader).value == 1)
        try rig.finish()
    }

    /// A full server closes who has been idle longest, and never who is in the middle of something.
    @Test(arguments: bothDrivers) func theLongestIdleMakesRoom(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.connections = 3
        limits.displacedAfter = .milliseconds(250)
        let rig = try ServerRig(driver, limits: limits)
        let longest = try rig.peer()
        let silent = try rig.peer()
        let busy = try rig.peer()
        longest.say(get)
        try rig.settle { longest.answers.count == 1 }
        busy.say("GET / HT")
        try rig.idle(.milliseconds(100))
        silent.say(get)
        try rig.settle { silent.answers.count == 1 }
        try rig.idle(.milliseconds(200))
        let newcomer = try rig.peer()
        newcomer.say(get)
        try rig.settle { newcomer.answers.count == 1 && longest.outcome != nil }
        #expect(rig.reactor.metrics.ended(.displaced).value == 1 && silent.isOpen)
        try rig.settle { rig.server.connectionCount == 3 }
        // Nobody has been idle for long enough now.
        silent.say(get)
        try rig.settle { silent.answers.count == 2 }
        let late = try rig.connecting()
        try rig.settle { late.outcome != nil }
        #expect(rig.reactor.metrics.refused.value == 1 && rig.reactor.metrics.ended(.displaced).value == 1)
        busy.say("TP/1.1\r\nHost: x\r\n\r\n")
        try rig.settle { busy.answers.count == 1 }
        try rig.finish()
    }

    /// As long as enough of it is taken, an answer may take as long as it wants.
    @Test(arguments: bothDrivers) func aPeerThatReadsSlowlyGetsItAll(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.writeTimeout = .milliseconds(250)
        let rig = try ServerRig(driver, limits: limits) { _, response in
            response.write(pattern(16_000_000).span.bytes)
        }
        let peer = try rig.peer()
        peer.say(get)
        try rig.takeInSteps(peer, until: 14_000_000, atLeast: .milliseconds(300))
        peer.resume()
        try rig.settle { peer.got.count > 16_000_000 || !peer.isOpen }
        #expect(peer.answers.first?.body.count == 16_000_000)
        try rig.finish()
    }

    /// What is refused is answered, and the answer can be read although the peer goes on sending.
    @Test(arguments: bothDrivers) func refusalsReachPeersThatKeepSending(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.bodyBytes = 1000
        limits.head.headBytesMax = 2000
        limits.head.startLineBytesMax = 1000
        limits.lingerTimeout = .milliseconds(150)
        let long = String(repeating: "x", count: 4000)
        let table: [(String, Int, Refusal)] = [
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 413, .bodyTooLarge),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413, .bodyTooLarge),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: \(long)", 431, .headTooLarge),
            ("GET /\(long)", 414, .requestLineTooLong),
            ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, .spaceBeforeColon),
            ("GET / HTTP/1.1\r\n\r\n", 400, .missingHost),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, .http2Preface),
        ]
        for (bytes, status, refusal) in table {
            let rig = try ServerRig(driver, limits: limits)
            let peer = try rig.peer()
            peer.isStubborn = true
            peer.say(get + bytes)
            for _ in 0..<20 {
                peer.say(pattern(100_000))
                try rig.idle(.milliseconds(1))
            }
            try rig.settle { peer.answers.count == 2 && peer.hasHeardEnd }
            #expect(peer.answers.map(\.status) == [200, status], "\(bytes.prefix(60))")
            #expect(peer.answers.last?.headers["connection"] == "close")
            #expect(peer.answers.last?.text == "\(refusal.sentence)")
            #expect(rig.server.metrics.refusals(refusal).value == 1)
            // It is not borne with for ever.
            try rig.settle { rig.server.connectionCount == 0 }
            #expect(rig.reactor.metrics.ended(.refused).value == 1)
            try rig.finish()
        }
    }

    @Test(arguments: bothDrivers) func unfinishedRequestsShareALimit(_ driver: DriverChoice) throws {
        var limits = shortLimits()
        limits.pendingBytes = 5 * PendingPool.smallBytes
        let rig = try ServerRig(driver, limits: limits)
        var peers: [Peer] = []
        for _ in 0..<8 {
            peers.append(try rig.peer())
            peers.last?.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        }
        try rig.settle { rig.reactor.metrics.ended(.overLimit).value == 3 }
        for peer in peers { peer.say("dy") }
        try rig.settle { peers.count(where: { $0.answers.map(\.text) == ["body"] }) == 5 }
        #expect(rig.server.pending.used == 0)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func outputMemoryRunsOutAndComesBack(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, limits: shortLimits(), outputBytes: 8 * 17 * 1024) {
            request, response in
            if request.pathIs("/small") { return response.write("small") }
            response.write(pattern(1_000_000).span.bytes)
        }
        let greedy = try rig.peer()
        greedy.say(get)
        try rig.settle { greedy.outcome != nil }
        #expect(rig.reactor.metrics.ended(.overLimit).value == 1)
        let modest = try rig.peer()
        modest.say("GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.settle { modest.answers.map(\.text) == ["small"] }
        try rig.finish()
    }

    /// Whatever call fails, a connection or two may be lost, never the server.
    @Test(arguments: bothDrivers) func faultsOfTheKernelEndConnectionsAlone(_ driver: DriverChoice) throws {
        let errors: [Errno] = [.connectionReset, .brokenPipe, .inputOutput, .noBuffers]
        var rounds: [(SystemCall, Fault.Effect)] = []
        for error in errors {
            for call in [SystemCall.send, .receive, .accept] { rounds.append((call, .fail(error))) }
        }
        rounds += [(.send, .short(1)), (.send, .short(100))]
        let rig = try ServerRig(driver, limits: shortLimits())
        for (call, effect) in rounds {
            for skipping in 0..<6 {
                Faults.inject(Fault(call, effect, skipping: skipping, times: 3))
                defer { Faults.clear() }
                for _ in 0..<2 {
                    let peer = try rig.connecting()
                    try rig.settle { peer.isUp || peer.outcome != nil }
                    peer.say(get + "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                    try rig.idle(.microseconds(200))
                    peer.say("4\r\nbody\r\n0\r\n\r\n")
                    try rig.idle(.microseconds(500))
                    if case .short = effect {
                        try rig.settle("\(call) \(effect)") { peer.answers.map(\.text) == ["/", "body"] }
                    }
                    peer.close(.finished)
                }
            }
        }
        let peer = try rig.peer()
        peer.say(get)
        try rig.settle("it serves on") { peer.answers.count == 1 }
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func drainsWithoutLosingARequest(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver, limits: shortLimits()) { request, response in
            if request.pathIs("/large") {
                response.write(pattern(6_000_000).span.bytes)
            } else {
                echo(request, &response)
            }
        }
        let idle = try rig.peer()
        let half = try rig.peer()
        half.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        let reading = try rig.peer()
        reading.pause()
        try rig.idle(.milliseconds(5))
        reading.say("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        try rig.settle { rig.server.metrics.requests.value == 1 }
        // Still in the kernel's queue when the listener closes.
        let waiting = try rig.connecting()
        var drained = false
        rig.server.drain { drained = true }
        try rig.settle { waiting.isUp || waiting.outcome != nil }
        waiting.say(get)
        try rig.settle { idle.outcome == .finished && idle.got.isEmpty }
        #expect(!drained)
        half.say("dy")
        reading.resume()
        try rig.settle { drained }
        #expect(half.answers.map(\.text) == ["body"] && half.answers[0].headers["connection"] == "close")
        #expect(reading.answers.first?.body.count == 6_000_000)
        // The ring connects in its own time, perhaps after the listener was closed.
        #expect(waiting.answers.map(\.status) == (rig.reactor.metrics.accepted.value == 4 ? [200] : []))
        let late = try rig.connecting()
        try rig.settle { late.outcome == .notConnected }
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func cutsWhatIsLeftAfterTheDrain(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver)
        let stuck = try rig.peer()
        stuck.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
        try rig.idle(.milliseconds(5))
        var drained = false
        rig.server.drain { drained = true }
        try rig.idle(.milliseconds(10))
        #expect(!drained && rig.server.connectionCount == 1)
        #expect(rig.server.abandon() == 1)
        try rig.settle { drained }
        #expect(rig.reactor.metrics.ended(.drained).value == 1)
        try rig.finish()
    }
}
