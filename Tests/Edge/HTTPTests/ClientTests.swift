// The client's calls: over kept connections, one after another and side by side, answered in every form there
// is, and what it says where there is no answer.
import Kernel
import Reactor
import Telemetry
import Testing
import Units

@testable import HTTP

private let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

@Suite(.serialized)
struct ClientTests {
    @Test(arguments: bothDrivers) func callsAServerOverOneConnection(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver) { request, response in
            response.header("x-method", Array("\(request.method)".utf8).span.bytes)
            if let extra = request.header("x-extra") { response.header("x-extra", extra) }
            echo(request, &response)
        }
        let caller = ClientRig(rig.reactor, Endpoint(address: rig.address, authority: "node.test"))
        for size in [0, 1, 1000, 20_000, 700_000] {
            for method in [HTTP.Method.get, .post, .put, .delete, .head, .patch, .options] {
                var request = ClientRequest(method, caller.endpoint, "/path?query")
                request.body = pattern(size)
                request.headers = [("x-extra", "more")]
                let response = try #require(try caller.finish(caller.start(request)).response)
                #expect(response.status == 200 && response.header("X-METHOD") == "\(method)")
                #expect(response.header("x-extra") == "more")
                let expected = size == 0 ? Array("/path".utf8) : pattern(size)
                #expect(response.body == (method == .head ? [] : expected), "\(method) \(size)")
            }
        }
        #expect(rig.reactor.metrics.accepted.value == 1)
        caller.client.close()
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func waitsForAConnectionWhereAllAreInUse(_ driver: DriverChoice) throws {
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = 2
        limits.waitingCalls = 8
        let rig = try ClientRig(driver, limits: limits, scripts: [Array(repeating: .say(ok), count: 100)])
        let calls = (0..<12).map { _ in rig.start() }
        #expect(calls.compactMap(\.kind) == ["busy", "busy"], "ten are borne with")
        try settle(rig.reactor) { calls.allSatisfy { $0.result != nil } }
        #expect(calls.compactMap(\.response).count == 10)
        #expect(rig.reactor.metrics.accepted.value == 2)
        try rig.end()
    }

    /// A connection that cannot be tried fails one call: the next is tried at once, and does not sit until its
    /// deadline.
    @Test(arguments: bothDrivers) func waitingCallsAreTriedAfterAFailure(_ driver: DriverChoice) throws {
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = 1
        let rig = try ClientRig(driver, limits: limits, scripts: [[.close], [.say(ok), .say(ok)]])
        let calls = (0..<4).map { _ in rig.start(within: .seconds(60)) }
        Faults.inject(Fault(.socket, .fail(.noDescriptors), times: 2))
        defer { Faults.clear() }
        try settle(rig.reactor) { calls.allSatisfy { $0.result != nil } }
        #expect(calls.map(\.kind) == ["cut", "notConnected", "notConnected", nil])
        try rig.end()
    }

    @Test func waitingCallsGiveTheirTimersBack() throws {
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = 1
        let rig = try ClientRig(limits: limits, timers: 4, scripts: [Array(repeating: .say(ok), count: 100)])
        for _ in 0..<20 {
            let calls = (0..<4).map { _ in rig.start(within: .seconds(60)) }
            try settle(rig.reactor) { calls.allSatisfy { $0.result != nil } }
            #expect(calls.compactMap(\.response).count == 4)
        }
        try rig.end()
    }

    @Test(arguments: bothDrivers) func everyWaitHasItsDeadline(_ driver: DriverChoice) throws {
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = 1
        let rig = try ClientRig(
            driver, limits: limits,
            scripts: [[.nothing], [.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")], [.say(ok)]])
        let start = Kernel.monotonicNow()
        let silent = rig.start(within: .milliseconds(60))
        let waiting = rig.start(within: .milliseconds(30))
        _ = try rig.finish(waiting)
        #expect(waiting.kind == "timedOut" && silent.result == nil)
        _ = try rig.finish(silent)
        #expect(silent.kind == "timedOut" && Kernel.monotonicNow() - start >= .milliseconds(60))
        #expect(try rig.call(within: .milliseconds(40)).kind == "timedOut", "half a body is none")
        #expect(try rig.call().response?.status == 200, "the next call gets a fresh connection")
        try rig.end()
    }

    /// The kernel takes two connections for a listener that accepts none; those after them stay unanswered.
    @Test(arguments: bothDrivers) func connectingHasADeadline(_ driver: DriverChoice) throws {
        let listener = try Kernel.listen(on: loopback, backlog: 0)
        defer { Kernel.close(listener) }
        let reactor = try Reactor(driver)
        let endpoint = Endpoint(address: try Kernel.localAddress(of: listener), authority: "node.test")
        let rig = ClientRig(reactor, endpoint)
        let start = Kernel.monotonicNow()
        let calls = (0..<6).map { _ in rig.start(within: .milliseconds(80)) }
        try settle(reactor) { calls.allSatisfy { $0.result != nil } }
        #expect(calls.allSatisfy { $0.kind == "timedOut" })
        #expect(Kernel.monotonicNow() - start < .milliseconds(600))
        try rig.end()
    }

    @Test(arguments: bothDrivers) func saysThatNobodyListens(_ driver: DriverChoice) throws {
        let rig = try ClientRig(driver, scripts: [[]])
        let gone = try Kernel.listen(on: loopback, backlog: 0)
        let address = try Kernel.localAddress(of: gone)
        Kernel.close(gone)
        let request = ClientRequest(.get, Endpoint(address: address, authority: "gone.test"), "/")
        let pending = try rig.finish(rig.start(request))
        #expect(pending.kind == "notConnected")
        #expect(
            pending.text == "http://gone.test: no connection; is the server running and reachable?")
        try rig.end()
    }

    @Test(arguments: bothDrivers) func repeatsOnlyWhatMayBeRepeated(_ driver: DriverChoice) throws {
        let table: [(HTTP.Method, [[Line]], String?, connections: Int)] = [
            // Kept, and gone when it is used again: once more on a fresh connection, but never what changes
            // things.
            (.get, [[.say(ok), .close], [.say(ok)]], nil, 2),
            (.put, [[.say(ok), .close], [.say(ok)]], nil, 2),
            (.post, [[.say(ok), .close], [.say(ok)]], "cut", 1),
            (.patch, [[.say(ok), .close], [.say(ok)]], "cut", 1),
            // A part of the answer came: the server has begun.
            (.get, [[.say(ok), .sayAndClose("HTTP/1.1 2")], [.say(ok)]], "cut", 1),
            (
                .get,
                [[.say(ok), .sayAndClose("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no")], [.say(ok)]],
                "cut", 1
            ),
            // Once is enough.
            (.get, [[.say(ok), .close], [.close], [.say(ok)]], "cut", 2),
        ]
        for (method, scripts, kind, count) in table {
            let rig = try ClientRig(driver, scripts: scripts)
            #expect(try rig.call().response?.status == 200)
            let second = try rig.call(method)
            #expect(second.kind == kind, "\(method) \(scripts)")
            #expect(rig.connections.count == count, "\(method) \(scripts)")
            try rig.end()
        }
        let fresh = try ClientRig(driver, scripts: [[.close], [.say(ok)]])
        #expect(
            try fresh.call().kind == "cut", "a fresh connection that ends says something about the server")
        try fresh.end()
    }

    @Test(arguments: bothDrivers) func keptConnectionsEnd(_ driver: DriverChoice) throws {
        var limits = ClientLimits()
        limits.idleTimeout = .milliseconds(50)
        let rig = try ClientRig(driver, limits: limits, scripts: [Array(repeating: .say(ok), count: 9)])
        #expect(try rig.call().response?.status == 200)
        #expect(rig.reactor.streamCount == 2)
        try settle(rig.reactor) { rig.reactor.streamCount == 0 }
        #expect(try rig.call().response?.status == 200)
        // Bytes that nobody asked for: the two no longer agree on what is an answer to what.
        rig.connections[1].say("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
        try settle(rig.reactor) { rig.reactor.streamCount == 0 }
        let third = try rig.call()
        #expect(third.response?.body == Array("ok".utf8) && rig.connections.count == 3)
        try rig.end()
    }

    @Test func whatCannotBeSentIsNot() throws {
        let rig = try ClientRig(scripts: [[.say(ok)]])
        #expect(try rig.call(.get, "/a b").kind == "unsendable")
        #expect(try rig.call(.get, "").kind == "unsendable")
        var request = ClientRequest(.get, rig.endpoint, "/")
        request.headers = [("x-evil", "a\r\nx-more: b")]
        #expect(try rig.finish(rig.start(request)).kind == "unsendable")
        #expect(rig.connections.allSatisfy { $0.got.isEmpty })
        try rig.end()
    }
}
