// Answers that do not leave at once: those that are given later, and requests that let the rest of a turn go first.
import Kernel
import Reactor
import Telemetry
import Testing
import Units

@testable import HTTP

/// Holds what is asked for under `/later`, and answers all else at once.
private final class Holding: Responder {
    var places: [AnswerPlace] = []
    var served: [String] = []
    var isYielding = false

    func respond(to request: borrowing Request, _ response: inout Response) {
        served.append(request.path.text)
        guard request.path.text.hasPrefix("/later") else { return response.write(request.path) }
        response.header("x-forgotten", "yes")
        response.write("forgotten")
        response.isHeld = true
        places.append(request.place)
    }

    func yields(_ request: borrowing Request) -> Bool { isYielding && request.path.text.hasPrefix("/yield") }
}

@Suite(.serialized)
struct HeldAnswerTests {
    private func rig(_ driver: DriverChoice, _ limits: ServerLimits = ServerLimits()) throws -> (
        ServerRig, Holding
    ) {
        let holding = Holding()
        return (try ServerRig(driver, limits: limits, responder: holding), holding)
    }

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    @Test(arguments: bothDrivers) func aHeldAnswerLeavesWhenItIsGiven(_ driver: DriverChoice) throws {
        let (rig, holding) = try rig(driver)
        let (peer, other) = (try rig.peer(), try rig.peer())
        peer.say(get("/later/1") + get("/a") + get("/later/2") + get("/b"))
        try rig.settle { holding.places.count == 1 }
        // Others are served meanwhile; what stands behind it is not, and comes no further than into memory.
        other.say(get("/c"))
        try rig.settle { other.answers.count == 1 }
        try rig.idle(.milliseconds(20))
        #expect(peer.got.isEmpty && holding.served == ["/later/1", "/c"])
        #expect(rig.server.answer(holding.places[0]) { $0.write("one") })
        try rig.settle { holding.places.count == 2 && peer.answers.count == 2 }
        #expect(rig.server.answer(holding.places[1]) { $0.status = .noContent })
        try rig.settle { peer.answers.count == 4 }
        #expect(peer.answers.map(\.status) == [200, 200, 204, 200])
        #expect(peer.answers.map(\.text) == ["one", "/a", "", "/b"])
        #expect(peer.answers.allSatisfy { $0.headers["x-forgotten"] == nil })
        // Each is given once.
        #expect(
            !rig.server.answer(holding.places[0]) { _ in } && !rig.server.answer(holding.places[1]) { _ in })
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func whatComesMeanwhileWaitsWithoutABound(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.bodyBytes = 1_000
        let (rig, holding) = try rig(driver, limits)
        let peer = try rig.peer()
        peer.say(get("/later"))
        try rig.settle { holding.places.count == 1 }
        // Thirty megabytes: more than the connection may keep, and than sockets hold.
        let most = 300_000
        peer.say(
            Array(repeating: Array(get("/\(String(repeating: "x", count: 60))").utf8), count: most).flatMap {
                $0
            })
        try rig.idle(.milliseconds(100))
        #expect(peer.isOpen && rig.server.pending.used <= 2 * (Stream.burstBytes + 64 * 1024))
        #expect(rig.server.answer(holding.places[0]) { $0.write("late") })
        try rig.settle { peer.got.count > 1_000_000 }
        peer.close(.finished)
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func nobodyWaitsForEver(_ driver: DriverChoice) throws {
        var limits = ServerLimits()
        limits.heldTimeout = .milliseconds(30)
        let (rig, holding) = try rig(driver, limits)
        let peer = try rig.peer()
        peer.say(get("/later") + get("/a"))
        try rig.settle { peer.answers.count == 2 }
        #expect(peer.answers.map(\.status) == [503, 200] && peer.answers[0].headers["retry-after"] == "1")
        #expect(rig.server.metrics.expired.value == 1)
        #expect(!rig.server.answer(holding.places[0]) { _ in }, "too late")
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func whoHasGoneIsNotAnswered(_ driver: DriverChoice) throws {
        let (rig, holding) = try rig(driver)
        let (gone, next) = (try rig.peer(), get("/later"))
        gone.say(next)
        try rig.settle { holding.places.count == 1 }
        gone.close(.finished)
        try rig.settle { rig.server.connectionCount == 0 || !rig.server.answer(holding.places[0]) { _ in } }
        // Another one has its place, and is not meant.
        let peer = try rig.peer()
        peer.say(next)
        try rig.settle { holding.places.count == 2 }
        #expect(!rig.server.answer(holding.places[0]) { $0.write("not for you") })
        #expect(rig.server.answer(holding.places[1]) { $0.write("for you") })
        try rig.settle { peer.answers.map(\.text) == ["for you"] }
        try rig.finish()
    }

    /// A peer that will say nothing more is told all the same, and so is one that asked to close.
    @Test(arguments: bothDrivers) func whoHasFinishedAskingIsAnswered(_ driver: DriverChoice) throws {
        let (rig, holding) = try rig(driver)
        let (finished, closing) = (try rig.peer(), try rig.peer())
        finished.say(get("/later"))
        finished.endSending()
        closing.say("GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try rig.settle { holding.places.count == 2 }
        try rig.idle(.milliseconds(20))
        for place in holding.places { #expect(rig.server.answer(place) { $0.write("done") }) }
        try rig.settle { finished.outcome != nil && closing.outcome != nil }
        #expect(finished.answers.map(\.text) == ["done"] && closing.answers.map(\.text) == ["done"])
        #expect(closing.answers[0].headers["connection"] == "close")
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func drainingWaitsForIt(_ driver: DriverChoice) throws {
        let (rig, holding) = try rig(driver)
        let peer = try rig.peer()
        peer.say(get("/later"))
        try rig.settle { holding.places.count == 1 }
        var isDrained = false
        rig.server.drain { isDrained = true }
        try rig.idle(.milliseconds(20))
        #expect(!isDrained)
        #expect(rig.server.answer(holding.places[0]) { $0.write("done") })
        try rig.settle { isDrained }
        #expect(peer.answers.map(\.text) == ["done"] && peer.answers[0].headers["connection"] == "close")
        try rig.finish()
    }

    @Test(arguments: bothDrivers) func whatYieldsComesLastInItsTurn(_ driver: DriverChoice) throws {
        let (rig, holding) = try rig(driver)
        holding.isYielding = true
        let peers = try (0..<8).map { _ in try rig.peer() }
        // All of it is there before the next turn. Every other one yields, and one has both on its connection.
        for (index, peer) in peers.enumerated() {
            let path = index % 2 == 0 ? "/yield/\(index)" : "/\(index)"
            peer.say(index == 0 ? get(path) + get("/behind") : get(path))
        }
        try rig.settle { holding.served.count == 9 }
        let firstOfLast = try #require(holding.served.firstIndex { $0.hasPrefix("/yield") })
        let others = holding.served[..<firstOfLast]
        #expect(others.count == 4 && others.allSatisfy { !$0.hasPrefix("/yield") }, "\(holding.served)")
        try rig.settle { peers.map(\.answers.count).reduce(0, +) == 9 }
        #expect(peers[0].answers.map(\.text) == ["/yield/0", "/behind"])
        // A peer that sends and finishes in one go is answered too.
        let last = try rig.peer()
        last.say(get("/yield/last"))
        last.endSending()
        try rig.settle { last.outcome != nil }
        #expect(last.answers.map(\.text) == ["/yield/last"])
        try rig.finish()
    }
}
