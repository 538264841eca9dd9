// The same decisions from a node, over HTTP: beside nginx, which decides nothing, and beside what the two halves of a
// node cost apart.
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
            Bench.note("64 connections; a decision alone takes \(decision) µs in the mean")
            for (name, loads) in zip(["paceline-node", "nginx", "plumbing alone"], samples) {
                try loads.inspect(name, isPeer: false)
            }
            try bench.compare(
                "over HTTP: requests", unit: "per s", ours: samples[0].map(\.perSecond),
                peer: samples[1].map(\.perSecond), named: "nginx")
            try bench.compare(
                "over HTTP: server CPU", unit: "µs", ours: samples[0].map(\.serverMicroseconds),
                peer: samples[2].map { $0.serverMicroseconds + decision }, named: "halves apart")
        }
    }
}
