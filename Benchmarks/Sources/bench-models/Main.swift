// What it costs requests that models change beside them: all of a node's models ten times a second, and a set of dozens
// of large ones that takes the place of two. PACELINE_BENCH_LONG=1 swaps for five minutes and loads 600 models of 7 MB.
import BenchKit
import Foundation
import Rig
import Traffic

@main
enum Main {
    static let isLong = ProcessInfo.processInfo.environment["PACELINE_BENCH_LONG"] == "1"
    /// Each has a window without swaps beside it.
    static let rounds = isLong ? 10 : 5
    static let secondsPerRound = isLong ? 30.0 : 4
    static let swapEvery = 0.1
    /// Models of the large set, and trees of 64 leaves of each.
    static let (largeCount, largeTrees) = isLong ? (600, 600) : (24, 500)
    /// Of what the node can do: a node that has no time left has none for models either.
    static let shareOfCapacity = 0.25
    static let connections = "64"

    static func main() {
        Bench.run("models") { bench in
            try withFolder { folder in
                let traffic = try Traffic(in: folder, requests: 2_048, isPredicted: true)
                let package = ModelPackage(folder)
                try package.write(seed: 1, to: package.served)
                try package.write(seed: 2, to: package.next)
                // Loading is not the shard's: it has the core on which the generator sleeps between two requests.
                let node = try Server.node(
                    catalog: traffic.catalog, models: package.served, in: folder, sharesOther: true)
                defer { node.stop() }
                let rate = try capacity(node, traffic) * shareOfCapacity
                try swap(node, traffic, package, rate, &bench)
                try replay(folder)
                try load(node, traffic, package, rate, &bench)
            }
        }
    }

    private static func run(
        _ node: Server, _ traffic: Traffic, seconds: Double, _ options: [String]
    ) throws -> Load {
        try Load.run(
            "http", node, seconds: seconds, warmup: 0.3,
            ["--path", "/openrtb2/bid", "--bodies", traffic.bodies.path] + options)
    }

    private static func capacity(_ node: Server, _ traffic: Traffic) throws -> Double {
        try run(node, traffic, seconds: 2, ["--connections", "32"]).perSecond
    }

    private static func open(
        _ node: Server, _ traffic: Traffic, _ rate: Double, seconds: Double
    ) throws -> Load {
        try run(
            node, traffic, seconds: seconds, ["--connections", connections, "--rate", "\(rate)", "--sleep"])
    }

    // MARK: Ten times a second

    private static func swap(
        _ node: Server, _ traffic: Traffic, _ package: ModelPackage, _ rate: Double, _ bench: inout Bench
    ) throws {
        var swaps = 0
        let before = try reloads(node)
        let samples = try interleaved(
            rounds: rounds,
            {
                let swapper = Swapper(package, node.child.pid, every: swapEvery)
                defer { swaps += swapper.stop() }
                return try open(node, traffic, rate, seconds: secondsPerRound)
            },
            { try open(node, traffic, rate, seconds: secondsPerRound) })
        let taken = try reloads(node) - before
        Bench.note(
            "\(Int(rate)) requests a second, a quarter of what the node can do; \(swaps) swaps, of which \(Int(taken)) were "
                + "taken; p50 \(median(samples.a.map(\.latency.p50))) µs beside \(median(samples.b.map(\.latency.p50)))"
        )
        guard taken >= 0.9 * Double(swaps) else {
            throw Impossible(
                "of \(swaps) swaps only \(Int(taken)) were taken: the machine is too busy to measure")
        }
        try bench.compare(
            "all models swapped ten times a second: p99", unit: "µs", ours: samples.a.map(\.latency.p99),
            peer: samples.b.map(\.latency.p99), named: "none swapped")
    }

    private static func reloads(_ node: Server) throws -> Double {
        try node.metrics(["paceline_model_reloads_total"])[0]
    }

    /// Every decision says which set it was made with, and is made again with that set alone: an answer of two sets would
    /// come out otherwise.
    private static func replay(_ folder: URL) throws {
        let state = folder.appendingPathComponent("node-state")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try sibling("paceline"))
        process.arguments = ["replay", "\(state.path)/journal", "--catalogs", "\(state.path)/catalog"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = String(
            decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        let sum = said.split(separator: "\n").first { $0.contains(" equal, ") }.map(String.init) ?? "nothing"
        guard process.terminationStatus == 0, said.contains(" 0 different") else {
            throw Impossible("decisions are not made again as they were: \(sum)")
        }
        Bench.note("every decision made again with the one set that it names: \(sum)")
    }

    // MARK: A large set

    private static func load(
        _ node: Server, _ traffic: Traffic, _ package: ModelPackage, _ rate: Double, _ bench: inout Bench
    ) throws {
        let bytes = try package.writeLarge(largeCount, trees: largeTrees, traffic.campaigns)
        let before = try reloads(node)
        var (during, beside): ([Load], [Load]) = ([], [])
        let window = 1.0
        for _ in 0..<5 { beside.append(try open(node, traffic, rate, seconds: window)) }
        let start = Date()
        try package.exchange()
        kill(node.child.pid, SIGHUP)
        while try reloads(node) == before {
            guard Date().timeIntervalSince(start) < 900 else { throw Impossible("still not loaded") }
            during.append(try open(node, traffic, rate, seconds: window))
        }
        let took = Date().timeIntervalSince(start)
        // The last window may have seen the exchange, after which larger models take longer.
        if during.count > 1 { during.removeLast() }
        let kept = try node.metrics([
            #"paceline_model_compiled_bytes{kept="yes"}"#, #"paceline_model_compiled_bytes{kept="no"}"#,
        ])
        Bench.note(
            "\(largeCount) models of \(bytes >> 20) MiB in all loaded within \(took) s beside requests; "
                + "\(Int(kept[0]) >> 20) MiB mapped and locked, \(Int(kept[1]) >> 20) MiB mapped and not locked; worst p99 "
                + "of a second \(during.map(\.latency.p99).max() ?? 0) µs")
        let count = min(during.count, beside.count)
        try bench.compare(
            "a large set of models is loaded: p99", unit: "µs",
            ours: Array(repeating: median(during.map(\.latency.p99)), count: count),
            peer: beside.prefix(count).map(\.latency.p99), named: "nothing loaded")
    }
}
