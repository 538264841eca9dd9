// Three times what a node can do, from a generator that sends what is due whether or not the node keeps up: what is
// still decided, how soon, what the rest is told, what it costs in memory, and how soon it is over.
import BenchKit
import Foundation
import Rig
import Traffic

@main
enum Main {
    /// Long enough that a queue without a bound would have grown by hundreds of thousands.
    static let seconds = 5.0
    static let connections = "512"

    static func main() {
        Bench.run("overload") { bench in
            try withFolder { folder in
                let traffic = try Traffic(in: folder, requests: 2_048)
                let node = try Server.node(catalog: traffic.catalog, in: folder)
                defer { node.stop() }
                try measure(node, traffic, &bench)
            }
        }
    }

    private static func measure(_ node: Server, _ traffic: Traffic, _ bench: inout Bench) throws {
        func load(_ seconds: Double, warmup: Double, _ options: [String]) throws -> Load {
            try Load.run(
                "http", node, seconds: seconds, warmup: warmup,
                ["--path", "/openrtb2/bid", "--bodies", traffic.bodies.path] + options)
        }
        let capacity = try load(2, warmup: 0.5, ["--connections", "64"]).perSecond
        func open(_ share: Double, _ seconds: Double, warmup: Double) throws -> Load {
            try load(
                seconds, warmup: warmup, ["--connections", connections, "--rate", "\(capacity * share)"])
        }
        let before = try open(0.5, 2, warmup: 0.3)
        let memory = try node.child.residentBytes()
        let during = try open(3, seconds, warmup: 0)
        let grown = try node.child.residentBytes() - memory
        // What is still in the sockets' queues when the generator leaves, the node reads and finds nobody there for.
        let after = try open(0.5, 2, warmup: 2)
        Bench.note(
            """
            capacity \(Int(capacity)) requests a second; at a half of it p99 \(before.latency.p99) µs; at three times \
            it \(Int(during.perSecond)) answers a second, of which \(Int(during.shedPerSecond)) turned away, \
            \(Int(during.unsent ?? 0)) not sent for want of a free connection; the generator was late by \
            \(during.late?.p99 ?? 0) µs in one of a hundred and used \
            \(Int(during.clientCPU / during.seconds * 100)) % of its core; \(grown / 1_048_576) MiB more
            """)
        try bench.measure("admitted: p99", unit: "µs", ours: [during.latency.p99])
        try bench.measure(
            "admitted, of capacity", unit: "%",
            ours: [100 * (during.perSecond - during.shedPerSecond) / capacity])
        try bench.measure("turned away: p99", unit: "µs", ours: [max(during.turnedAway?.p99 ?? 0, 0.001)])
        try bench.measure("memory, of before", unit: "%", ours: [100 * (memory + grown) / memory])
        guard (after.shed ?? 0) == 0 else {
            throw Impossible("\(after.shed ?? 0) turned away two seconds after")
        }
        try bench.compare(
            "p99 at half of capacity, 2 s after", unit: "µs", ours: [after.latency.p99],
            peer: [before.latency.p99], named: "before")
    }
}
