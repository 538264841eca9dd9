// The load generator against real servers: what it counts, and what it must refuse to count.
import BenchKit
import Foundation
import Rig
import Testing

@Suite(.serialized) struct LoadTests {
    private func load(_ server: Server, _ options: String...) throws -> Load {
        try Load.run("http", server, seconds: 0.2, warmup: 0.05, ["--connections", "4"] + options)
    }

    @Test func everyAnswerIsCountedAndTimed() throws {
        let server = try Server.c()
        defer { server.stop() }
        let load = try load(server, "--expect-length", "\(Server.answerLength)")
        #expect(load.requests > 100)
        #expect(load.bytes > load.requests * Double(Server.answerLength))
        #expect(
            load.latency.p50 > 0 && load.latency.p50 <= load.latency.p99
                && load.latency.p99 <= load.latency.max)
        #expect(load.clientCPU > 0 && load.serverCPU > 0)
    }

    @Test func pipelinesAreCountedToo() throws {
        let server = try Server.c()
        defer { server.stop() }
        #expect(try load(server, "--depth", "16", "--expect-length", "\(Server.answerLength)").requests > 100)
    }

    @Test func theOpenLoopKeepsItsRate() throws {
        let server = try Server.c()
        defer { server.stop() }
        let load = try Load.run("http", server, seconds: 0.5, warmup: 0.1, ["--rate", "2000", "--even"])
        #expect(load.perSecond > 1900 && load.perSecond < 2100)
    }

    @Test func anotherLengthIsAFailure() throws {
        let server = try Server.c()
        defer { server.stop() }
        #expect(throws: Impossible.self) { try load(server, "--expect-length", "299") }
    }

    @Test func anotherStatusIsAFailure() throws {
        let server = try Server.c()
        defer { server.stop() }
        #expect(throws: Impossible.self) { try load(server, "--path", "/none") }
    }

    @Test func anAnswerToAnotherRequestIsAFailure() throws {
        try withFolder { folder in
            let server = try Server.c()
            defer { server.stop() }
            let file = folder.appendingPathComponent("bodies")
            // What is compared is the first string, as far as 64 bytes; the server's is of this letter.
            let same = #"{"id":"\#(String(repeating: "x", count: 80))"}"# + "\n"
            try Data((same + same).utf8).write(to: file)
            #expect(try load(server, "--bodies", file.path).requests > 100)
            try Data((same + #"{"id":"another"}"# + "\n").utf8).write(to: file)
            #expect(throws: Impossible.self) { try load(server, "--bodies", file.path) }
        }
    }

    @Test func nginxAnswersTheSameLength() throws {
        try withFolder { folder in
            let server = try Server.nginx(in: folder)
            defer { server.stop() }
            #expect(try load(server, "--expect-length", "\(Server.answerLength)").requests > 100)
        }
    }

    @Test(arguments: Certificate.Key.allCases)
    func handshakesAreFullOrResumedAsAsked(key: Certificate.Key) throws {
        try withFolder { folder in
            let server = try Server.nginx(in: folder, certificate: Certificate.make(key, in: folder))
            defer { server.stop() }
            let options = ["--connections", "4", "--request-bytes", "0"]
            for extra in [[], ["--resume"], ["--tls", "1.2"], ["--tls", "1.2", "--resume"]] {
                let load = try Load.run(
                    "handshakes", server, tls: true, seconds: 0.1, warmup: 0.05, options + extra)
                #expect(load.requests > 10)
            }
        }
    }

    @Test func bulkBringsWholeBodies() throws {
        try withFolder { folder in
            let server = try Server.nginx(in: folder, certificate: Certificate.make(.ecdsa, in: folder))
            defer { server.stop() }
            let load = try Load.run(
                "bulk", server, tls: true, seconds: 0.1, warmup: 0,
                [
                    "--connections", "2", "--method", "GET", "--path", "/bulk", "--request-bytes", "0",
                    "--expect-length", "\(Server.bulkLength)",
                ])
            #expect(load.bytes >= load.requests * Double(Server.bulkLength))
        }
    }
}
