// HTTP on one core: a POST of 1,484 bytes answered with 300 bytes of JSON, ours beside nginx and a C server.
import BenchKit
import Foundation
import Rig

@main
enum Main {
    static let request = ["--request-bytes", "1484", "--expect-length", "\(Server.answerLength)"]

    static func main() {
        Bench.run("http") { bench in
            try withFolder { folder in
                let servers = [
                    try Server.ours(), try .ours(backend: "epoll"), try .nginx(in: folder),
                    try .nginx(in: folder, name: "nginx 4k", headerBuffer: "4k"), try .c(),
                ]
                defer { for server in servers { server.stop() } }
                try many(servers, &bench)
                try deep([servers[0], servers[2], servers[4]], &bench)
                try single(Array(servers.prefix(3)), &bench)
            }
        }
    }

    /// 64 connections, each with one request in flight: the server's core is full.
    private static func many(_ servers: [Server], _ bench: inout Bench) throws {
        let samples = try calmRounds(
            7,
            servers.map { server in
                {
                    try Load.run(
                        "http", server, seconds: 0.6, warmup: 0.1, request + ["--connections", "64"])
                }
            })
        let (ours, epoll, nginx, tuned, c) = (samples[0], samples[1], samples[2], samples[3], samples[4])
        Bench.note("64 connections")
        try ours.inspect("ours, io_uring", isPeer: false)
        try epoll.inspect("ours, epoll", isPeer: false)
        try nginx.inspect("nginx", isPeer: true)
        try tuned.inspect("nginx 4k", isPeer: true)
        try c.inspect("C", isPeer: false)
        for (peer, name) in [(nginx, "nginx"), (tuned, "nginx 4k"), (c, "C")] {
            try bench.compare(
                "64 connections: requests", unit: "per s", ours: ours.map(\.perSecond),
                peer: peer.map(\.perSecond), named: name)
            try bench.compare(
                "64 connections: server CPU", unit: "µs", ours: ours.map(\.serverMicroseconds),
                peer: peer.map(\.serverMicroseconds), named: name)
        }
        try bench.compare(
            "64 connections: p99", unit: "µs", ours: ours.map(\.latency.p99), peer: nginx.map(\.latency.p99),
            named: "nginx")
        try bench.compare(
            "64 connections, epoll: requests", unit: "per s", ours: epoll.map(\.perSecond),
            peer: nginx.map(\.perSecond), named: "nginx")
        try bench.compare(
            "64 connections, epoll: server CPU", unit: "µs", ours: epoll.map(\.serverMicroseconds),
            peer: nginx.map(\.serverMicroseconds), named: "nginx")
    }

    /// 16 requests in flight on each of 64 connections: the kernel's part is shared by several requests, and
    /// what the servers' own code costs is seen.
    private static func deep(_ servers: [Server], _ bench: inout Bench) throws {
        let options = request + ["--connections", "64", "--depth", "16"]
        let samples = try calmRounds(
            3,
            servers.map { server in
                { try Load.run("http", server, seconds: 0.5, warmup: 0.1, options) }
            })
        Bench.note("64 connections, 16 deep")
        try samples[0].inspect("ours", isPeer: false)
        for (peer, name) in [(samples[1], "nginx"), (samples[2], "C")] {
            try peer.inspect(name, isPeer: false)
            try bench.compare(
                "64 connections, 16 deep: server CPU", unit: "µs",
                ours: samples[0].map(\.serverMicroseconds), peer: peer.map(\.serverMicroseconds), named: name)
        }
    }

    /// One connection: nothing waits but the two ends for each other.
    private static func single(_ servers: [Server], _ bench: inout Bench) throws {
        let samples = try calmRounds(
            5,
            servers.map { server in
                { try Load.run("http", server, seconds: 0.5, warmup: 0.1, request + ["--connections", "1"]) }
            })
        let (ours, epoll, nginx) = (samples[0], samples[1], samples[2])
        Bench.note("1 connection")
        for (name, loads) in [("ours, io_uring", ours), ("ours, epoll", epoll), ("nginx", nginx)] {
            try loads.inspect(name, isPeer: false)
        }
        for (name, loads) in [("", ours), (", epoll", epoll)] {
            try bench.compare(
                "1 connection\(name): p50", unit: "µs", ours: loads.map(\.latency.p50),
                peer: nginx.map(\.latency.p50), named: "nginx")
            try bench.compare(
                "1 connection\(name): p99", unit: "µs", ours: loads.map(\.latency.p99),
                peer: nginx.map(\.latency.p99), named: "nginx")
        }
    }
}
