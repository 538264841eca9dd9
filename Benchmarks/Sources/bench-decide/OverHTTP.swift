// The same decisions from a node, over HTTP: beside nginx, which decides nothing, and beside what the two halves of a
// node cost apart: the plumbing, and the decision with all that a node does for it.
import BenchKit
import Foundation
import Rig
import Traffic

enum OverHTTP {
    static func measure(_ bench: inout Bench) throws {
        try withFolder { folder in
            let traffic = try Traffic(in: folder, requests: 2_048)
            var run = try Run(traffic.compiled, traffic.requests)
            let decision = try run.meanMicroseconds(rounds: 5)
            let body = try traffic.usualBody(in: folder).path
            let servers = [
                try Server.node(catalog: traffic.catalog, in: folder), try .nginx(in: folder),
                try .ours(answerBytes: run.meanAnswerBytes),
            ]
            defer { for server in servers { server.stop() } }
            let samples = try calmRounds(
                5,
                [
                    {
                        try Load.run(
                            "http", servers[0], seconds: 0.6, warmup: 0.1,
                            [
                                "--connections", "64", "--path", "/openrtb2/bid", "--bodies",
                                traffic.bodies.path,
                            ])
                    },
                    {
                        try Load.run(
                            "http", servers[1], seconds: 0.6, warmup: 0.1,
                            ["--connections", "64", "--body", body])
                    },
                    {
                        try Load.run(
                            "http", servers[2], seconds: 0.6, warmup: 0.1,
                            ["--connections", "64", "--body", body])
                    },
                ])
            let whole = try nodeDecision(servers[0], traffic)
            Bench.note(
                "64 connections; in the mean a decision alone takes \(decision) µs, and a node's \(whole) µs with "
                    + "caps, money, notices and its record")
            for (name, loads) in zip(["paceline-node", "nginx", "plumbing alone"], samples) {
                try loads.inspect(name, isPeer: false)
            }
            try bench.compare(
                "over HTTP: requests", unit: "per s", ours: samples[0].map(\.perSecond),
                peer: samples[1].map(\.perSecond), named: "nginx")
            try bench.measure("over HTTP: a node's decision", unit: "µs", ours: [whole])
            try bench.compare(
                "over HTTP: server CPU", unit: "µs", ours: samples[0].map(\.serverMicroseconds),
                peer: samples[2].map { $0.serverMicroseconds + whole }, named: "halves apart")
        }
    }

    /// The mean of a decision with all that a node does for it, from the request's bytes until its record is in the
    /// journal's memory, as the node measures it itself: one request at a time.
    private static func nodeDecision(_ node: Server, _ traffic: Traffic) throws -> Double {
        let before = try node.decisionTime()
        _ = try Load.run(
            "http", node, seconds: 1, warmup: 0.1,
            ["--connections", "1", "--path", "/openrtb2/bid", "--bodies", traffic.bodies.path])
        let after = try node.decisionTime()
        guard after.count > before.count else { throw Impossible("the node has decided nothing") }
        return (after.seconds - before.seconds) / (after.count - before.count) * 1e6
    }
}
