// Nodes that speak through a real server: alive, away, slow, guarded, and one that is none.
import Foundation
import Kernel
import Reactor
import TLS
import TestCertificates
import Testing
import Units

@testable import Redis

@Suite(.serialized, .enabled(if: redisProgram != nil, needsRedis))
struct SharedStreamTests {
    @Test func twoNodesHearTheSame() throws {
        let redis = try RealRedis()
        let reactor = try Reactor()
        let (one, other) = (
            Node(server(redis.address), on: reactor), Node(server(redis.address), on: reactor)
        )
        try settle(reactor, "both are there") { one.isAvailable && other.isAvailable }
        for number in UInt64(1)...3_000 {
            #expect(one.say(number))
            if number % 3 == 0 { #expect(other.say(number + 10_000)) }
        }
        try settle(reactor, "all came") { one.heard.count == 4_000 && other.heard.count == 4_000 }
        #expect(one.heard == other.heard)
        // Each one's own in its order, and none twice.
        #expect(one.heard.filter { $0 < 10_000 } == Array(1...3_000))
        #expect(one.stream.waitingCount == 0)
        // Who comes later reads from the beginning, or from where it was.
        let late = Node(server(redis.address), on: reactor)
        let resumed = Node(server(redis.address), on: reactor, from: one.stream.place)
        try settle(reactor, "all of it again") { late.heard.count == 4_000 && resumed.isAvailable }
        #expect(late.heard == one.heard && resumed.heard.isEmpty)
        for node in [one, other, late, resumed] { node.stream.end() }
    }

    @Test func aServerThatDiesAndReturnsLosesNothing() throws {
        let redis = try RealRedis()
        let reactor = try Reactor()
        let node = Node(server(redis.address), on: reactor)
        try settle(reactor, "it is there") { node.isAvailable }
        #expect(node.say(1))
        try settle(reactor, "the first came") { node.heard == [1] && node.stream.waitingCount == 0 }
        redis.stop()
        try settle(reactor, "it is missed") { node.failure != nil }
        for number in UInt64(2)...200 { #expect(node.say(number)) }
        try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(300))
        #expect(node.stream.waitingCount == 199)
        try redis.start()
        try settle(reactor, "it is back, with all that waited") {
            node.isAvailable && node.stream.waitingCount == 0
        }
        // It kept nothing on disk, and so its stream began anew: numbers of entries may not go back.
        let other = Node(server(redis.address), on: reactor)
        try settle(reactor, "the others hear them") { other.heard == Array(2...200) }
        node.stream.end()
        other.stream.end()
    }

    @Test func whatWaitsIsBoundedAndTheRestIsRefused() throws {
        let reactor = try Reactor()
        let port = try freePort()
        let node = Node(server(SocketAddress(literal: "127.0.0.1", port: port)!), on: reactor) {
            $0.waitingMost = 8
        }
        try settle(reactor, "nobody is there") { node.failure == .notConnected }
        let taken = (UInt64(1)...20).map { node.say($0) }
        #expect(taken == Array(repeating: true, count: 8) + Array(repeating: false, count: 12))
        #expect(node.stream.waitingCount == 8)
        node.stream.end()
    }

    @Test func aSlowServerIsLeftAndFoundAgain() throws {
        let redis = try RealRedis()
        let reactor = try Reactor()
        let node = Node(server(redis.address), on: reactor)
        try settle(reactor, "it is there") { node.isAvailable }
        redis.command("CLIENT", "PAUSE", "1500", "ALL")
        let began = Kernel.monotonicNow()
        for number in UInt64(1)...50 { #expect(node.say(number)) }
        try settle(reactor, "it is too slow") { node.failure == .timedOut }
        #expect(Kernel.monotonicNow() - began < .milliseconds(1_400), "nobody waits for it")
        try settle(reactor, "it is back") { node.isAvailable && node.stream.waitingCount == 0 }
        // What was sent twice is there twice, in order; nothing is missing.
        try settle(reactor, "all came") { Set(node.heard) == Set(1...50) }
        node.stream.end()
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "$-7\r\n", "*9999999999\r\n", "+PONG\r\n+OK\r\n:5\r\n",
        "*2\r\n*2\r\n", "%1\r\n+a\r\n",
    ])
    func garbageEndsTheConnectionAndNothingElse(_ answer: String) throws {
        let reactor = try Reactor()
        let port = try freePort()
        let local = SocketAddress(literal: "127.0.0.1", port: port)!
        let listener = try reactor.listen(on: local) { Parrot(reactor, Array(answer.utf8)) }
        let node = Node(server(local), on: reactor)
        #expect(node.say(1))
        try settle(reactor, "it is no such server") { node.failure != nil }
        switch node.failure {
        case .garbage, .timedOut, .refused: break
        default: Issue.record("\(String(describing: node.failure))")
        }
        #expect(node.heard.isEmpty && node.stream.waitingCount == 1)
        node.stream.end()
        _ = listener
    }

    @Test func aPasswordIsAskedFor() throws {
        let redis = try RealRedis(["--requirepass", "open sesame"])
        let reactor = try Reactor()
        var wrong = server(redis.address)
        let nobody = Node(wrong, on: reactor)
        wrong.password = "sesame"
        let stranger = Node(wrong, on: reactor)
        var right = server(redis.address)
        right.password = "open sesame"
        let friend = Node(right, on: reactor)
        right.user = "default"
        let named = Node(right, on: reactor)
        try settle(reactor, "each has its answer") {
            nobody.failure != nil && stranger.failure != nil && friend.isAvailable && named.isAvailable
        }
        guard case .refused(let why) = nobody.failure, case .refused(let other) = stranger.failure else {
            Issue.record("\(String(describing: nobody.failure)), \(String(describing: stranger.failure))")
            return
        }
        #expect(why.contains("NOAUTH") && other.contains("WRONGPASS"))
        for node in [nobody, stranger, friend, named] { node.stream.end() }
    }

    /// Without HELLO there is only version 2, whose lists say what version 3 says in a map.
    @Test(arguments: [nil, "open sesame"] as [String?])
    func aServerOfVersion2Will(_ password: String?) throws {
        let redis = try RealRedis(
            ["--rename-command", "HELLO", ""] + (password.map { ["--requirepass", $0] } ?? []))
        let reactor = try Reactor()
        var target = server(redis.address)
        target.password = password
        let node = Node(target, on: reactor)
        try settle(reactor, "it is there") { node.isAvailable }
        #expect(node.say(7) && node.say(8))
        try settle(reactor, "both came") { node.heard == [7, 8] }
        node.stream.end()
    }

    @Test func anEntryOfAnotherVersionIsPassedOver() throws {
        let redis = try RealRedis()
        let reactor = try Reactor()
        redis.command("XADD", "test", "*", "2", "something else")
        redis.command("XADD", "test", "*", "1", "short")
        let node = Node(server(redis.address), on: reactor)
        #expect(node.say(9))
        try settle(reactor, "what is ours came") { node.heard == [9] }
        redis.command("DEL", "test")
        redis.command("SET", "test", "no stream")
        try settle(reactor, "a key of another type is said") {
            if case .refused(let why) = node.failure { why.contains("WRONGTYPE") } else { false }
        }
        redis.command("DEL", "test")
        #expect(node.say(10))
        try settle(reactor, "and is got over") { node.isAvailable && node.heard == [9, 10] }
        node.stream.end()
    }

    @Test func speaksTLS() throws {
        let authority = TestAuthority()
        let certificate = authority.issue("localhost", ["DNS:localhost"])
        let folder = FileManager.default.temporaryDirectory.appending(path: "redis-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(at: folder) } catch {} }
        for (name, bytes) in [
            ("crt", certificate.chain), ("key", certificate.key), ("ca", authority.certificate),
        ] {
            try Data(bytes).write(to: folder.appending(path: name))
        }
        let port = try freePort()
        let redis = try RealRedis([
            "--tls-port", "\(port)", "--tls-cert-file", folder.appending(path: "crt").path(),
            "--tls-key-file", folder.appending(path: "key").path(),
            "--tls-ca-cert-file", folder.appending(path: "ca").path(), "--tls-auth-clients", "no",
        ])
        let reactor = try Reactor()
        let address = SocketAddress(literal: "127.0.0.1", port: port)!
        func guarded(_ trust: [UInt8]) throws -> RedisServer {
            var target = server(address)
            let context = try TLSContext(
                .client, .client(trust: .authorities(.pem(trust)), protocols: []))
            target.tls = (context, .host("localhost"))
            return target
        }
        let node = Node(try guarded(authority.certificate), on: reactor)
        let distrustful = Node(try guarded(TestAuthority("Other root").certificate), on: reactor)
        #expect(node.say(7))
        try settle(reactor, "it came") { node.heard == [7] }
        try settle(reactor, "the other does not believe it") {
            if case .tls = distrustful.failure { true } else { false }
        }
        node.stream.end()
        distrustful.stream.end()
        _ = redis
    }
}
