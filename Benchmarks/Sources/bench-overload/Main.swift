// Three times what a node can do, and ten times where it predicts, from a generator that sends what is due whether or not the node keeps up: what is
// still decided, how soon, what the rest is told, what it costs in memory, and how soon it is over.
import BenchKit
import Foundation
import Rig
import Traffic

@main
enum Main {
    /// Long enough that a queue without a bound would have grown by hundreds of thousands.
    static let seconds = 5.0
    /// More than requests wait for at the node's target and three times its capacity, so that it is the node that keeps
    /// the queue short and not the want of connections.
    static let connections = "1024"
    /// As many as keep the node busy, while none waits for so long as to be turned away.
    static let connectionsInCapacity = "32"
    /// A quarter of the capacity, until the node has gone once over the segments that it has finished, as it does every ten
    /// seconds: what it remembers of open reservations is none of the overload's. On a slow machine a segment takes longer.
    /// Not more, as a shard's reservations are used up by a hundred thousand decisions, and then it bids no more.
    static let secondsBefore = 8.0
    static let runsBeforeMost = 6
    /// Runs of which the machine's other processes spoil one are made again.
    static let triesMost = 3

    static func main() {
        Bench.run("overload") { bench in
            try run(predicts: false, &bench)
            try run(predicts: true, &bench)
        }
    }

    private static func run(predicts: Bool, _ bench: inout Bench) throws {
        try withFolder { folder in
            let traffic = try Traffic(in: folder, requests: 2_048, isPredicted: predicts)
            let package = ModelPackage(folder)
            if predicts { try package.write(seed: 1, to: package.served) }
            for attempt in 1... {
                let own = folder.appendingPathComponent("\(attempt)")
                try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
                let node = try Server.node(
                    catalog: traffic.catalog, models: predicts ? package.served : nil, in: own)
                defer { node.stop() }
                do {
                    return try measure(node, traffic, own, predicts: predicts, &bench)
                } catch let disturbed as Disturbed {
                    let share = Int(disturbed.share * 100)
                    guard attempt < triesMost else {
                        throw Impossible("other processes took \(share) % of a core; measure again later")
                    }
                    Bench.note("run again: other processes took \(share) % of a core")
                }
            }
        }
    }

    private static func measure(
        _ node: Server, _ traffic: Traffic, _ folder: URL, predicts: Bool, _ bench: inout Bench
    ) throws {
        let (factor, prefix) = predicts ? (10.0, "with models: ") : (3.0, "")
        func load(_ seconds: Double, warmup: Double, _ options: [String]) throws -> Load {
            try Load.run(
                "http", node, seconds: seconds, warmup: warmup,
                ["--path", "/openrtb2/bid", "--bodies", traffic.bodies.path] + options)
        }
        let full = try load(1.5, warmup: 0.5, ["--connections", connectionsInCapacity])
        guard full.shed == 0 else { throw Impossible("\(full.shed ?? 0) turned away by a closed loop") }
        let capacity = full.perSecond
        func open(_ share: Double, _ seconds: Double, warmup: Double) throws -> Load {
            try load(
                seconds, warmup: warmup, ["--connections", connections, "--rate", "\(capacity * share)"])
        }
        for _ in 0..<runsBeforeMost where !hasReadSegments(folder) {
            _ = try open(0.25, secondsBefore, warmup: 0)
        }
        let before = try open(0.5, 2, warmup: 0.3)
        let memory = try node.child.residentBytes()
        let falls: TierFalls = try predicts ? tierFalls(node) : (0, 0)
        let during = try open(factor, seconds, warmup: 0)
        let fell: TierFalls = try predicts ? tierFalls(node) : (0, 0)
        let grown = try node.child.residentBytes() - memory
        // What is still in the sockets' queues when the generator leaves, the node reads and finds nobody there for.
        let after = try open(0.5, 2, warmup: 2)
        // Where the node is not busy, others may have what it leaves.
        try inspect([full, during])
        Bench.note(
            """
            capacity \(Int(capacity)) requests a second; at a half of it p99 \(before.latency.p99) µs; at \(Int(factor)) times \
            it \(Int(during.perSecond)) answers a second, of which \(Int(during.shedPerSecond)) turned away, \
            \(Int(during.unsent ?? 0)) not sent for want of a free connection; the generator was late by \
            \(during.late?.p99 ?? 0) µs in one of a hundred, and had nothing to do in \
            \(Int((during.idle ?? 0) / during.seconds * 100)) % of its core's time; the node used \
            \(Int(during.serverCPU / during.seconds * 100)) % of its own; \(grown / 1_048_576) MiB more
            """)
        if predicts {
            let (load, deadline) = (fell.load - falls.load, fell.deadline - falls.deadline)
            Bench.note(
                "decisions that fell from a full model during it: \(load) for load, \(deadline) for want of time"
            )
            let decided = during.requests - (during.shed ?? 0)
            try bench.measure(
                "with models: decisions that fell from a full model, of those decided", unit: "%",
                ours: [100 * (load + deadline) / max(decided, 1)])
        }
        try bench.measure("\(prefix)admitted: p99", unit: "µs", ours: [during.latency.p99])
        try bench.measure(
            "\(prefix)admitted, of capacity", unit: "%",
            ours: [100 * (during.perSecond - during.shedPerSecond) / capacity])
        try bench.measure(
            "\(prefix)turned away: p99", unit: "µs", ours: [max(during.turnedAway?.p99 ?? 0, 0.001)])
        try bench.measure("\(prefix)memory, of before", unit: "%", ours: [100 * (memory + grown) / memory])
        guard (after.shed ?? 0) == 0 else {
            throw Impossible("\(after.shed ?? 0) turned away two seconds after")
        }
        try bench.compare(
            "\(prefix)p99 at half of capacity, 2 s after", unit: "µs", ours: [after.latency.p99],
            peer: [before.latency.p99], named: "before")
    }

    /// Goals of decisions whose full model was not asked, by the reason.
    private typealias TierFalls = (load: Double, deadline: Double)

    private static func tierFalls(_ node: Server) throws -> TierFalls {
        func sum(_ reason: String) throws -> Double {
            try node.metrics(
                ["click", "completedView"].map {
                    #"paceline_model_falls_total{goal="\#($0)",tier="full",reason="\#(reason)"}"#
                }
            ).reduce(0, +)
        }
        return (try sum("load"), try sum("deadline"))
    }

    /// Balances are written at the start, and then when there is more to them.
    private static func hasReadSegments(_ folder: URL) -> Bool {
        FileManager.default.fileExists(
            atPath: folder.appendingPathComponent("node-state/journal/balances.before").path)
    }

    /// Each of the two has a core of its own, or nothing of this was measured: the node would be three times overloaded
    /// by what it does not have.
    private static func inspect(_ loads: [Load]) throws {
        guard let worst = loads.max(by: { $0.others / $0.seconds < $1.others / $1.seconds }),
            worst.isDisturbed
        else { return }
        throw Disturbed(share: worst.others / worst.seconds)
    }

    private struct Disturbed: Error { let share: Double }
}
