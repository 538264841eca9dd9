// Models: what a row costs, beside the libraries that trained them and the compilers that were made for it,
// in one run on one thread.
import BenchKit
import Foundation
import Inference

@main
enum Main {
    static let rounds = 5
    static let candidates = 112
    /// Of forty features those of the request: its viewer, device, content, hour.
    static let shared = Set(0..<25)

    static func main() {
        // Another process of the same: `alone MODEL SECONDS` prints rows a second.
        let arguments = CommandLine.arguments
        if arguments.count == 5, arguments[1] == "alone" {
            do {
                let scored = try Scored(model: arguments[2], rows: arguments[3])
                print(scored.rowsPerSecond(Double(arguments[4]) ?? 1))
            } catch { Bench.note("\(error)") }
            return
        }
        Bench.run("infer") { bench in
            let folder = try work()
            let peers = try Peers(folder)
            for shape in ["100x31", "500x64"] {
                let scored = try Scored(model: "\(folder)/lightgbm-\(shape).txt", rows: "\(folder)/rows.f32")
                Bench.note(
                    "\(shape): \(scored.model.summary.evaluator), \(scored.model.byteCount) bytes compiled")
                for (peer, batch) in [("LightGBM", 1), ("lleaves", candidates), ("onnxruntime", candidates)] {
                    try compare(
                        &bench, "\(shape), 112 candidates, 25 of 40 shared", peers, peer, shape, batch
                    ) {
                        scored.nanoseconds(batch: candidates, shared: shared)
                    }
                }
                for batch in [1, 16, 64, 1000] {
                    for peer in ["LightGBM", "lleaves", "tl2cgen", "onnxruntime"] {
                        // A compiler that takes minutes for the larger model.
                        if peer == "tl2cgen", shape != "100x31" { continue }
                        try compare(
                            &bench, "\(shape), none shared, batch \(batch)", peers, peer, shape, batch
                        ) {
                            scored.nanoseconds(batch: batch, shared: [])
                        }
                    }
                    let own = try Scored(model: "\(folder)/xgboost-\(shape).json", rows: "\(folder)/rows.f32")
                    try compare(
                        &bench, "\(shape), none shared, batch \(batch)", peers, "XGBoost", shape, batch
                    ) {
                        own.nanoseconds(batch: batch, shared: [])
                    }
                }
            }
            let network = try Scored(
                model: "\(folder)/network.onnx", rows: "\(folder)/network-rows.f32")
            for batch in [1, 64] {
                try compare(
                    &bench, "64-256-128-1, batch \(batch)", peers, "onnxruntime", "network", batch
                ) { network.nanoseconds(batch: batch, shared: []) }
            }
            try compareThreads(&bench, folder)
        }
    }

    private static func work() throws -> String {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent(
            "models")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private static func compare(
        _ bench: inout Bench, _ name: String, _ peers: Peers, _ peer: String, _ shape: String, _ batch: Int,
        _ ours: () -> Double
    ) throws {
        guard peers.names.contains(peer) else {
            throw Impossible("the peer \(peer) is not here: see `./dev help bench`")
        }
        let samples = try interleaved(rounds: rounds, ours, { try peers.measure(peer, shape, batch) })
        try bench.compare(name, unit: "ns per row", ours: samples.a, peer: samples.b, named: peer)
    }

    /// Two threads of one process beside two processes: what is shared costs nothing.
    private static func compareThreads(_ bench: inout Bench, _ folder: String) throws {
        let arguments = ["alone", "\(folder)/lightgbm-100x31.txt", "\(folder)/rows.f32", "0.5"]
        let scored = try Scored(model: arguments[1], rows: arguments[2])
        let samples = try interleaved(
            rounds: rounds,
            {
                let sum = Sum()
                let threads = (0..<2).map { _ in
                    Thread { sum.add(scored.rowsPerSecond(0.5)) }
                }
                for thread in threads { thread.start() }
                while sum.count < 2 { usleep(1_000) }
                return sum.value
            },
            {
                let processes = try (0..<2).map { _ in try Alone(arguments) }
                return try processes.reduce(0) { try $0 + $1.finish() }
            })
        try bench.compare(
            "two threads of one model", unit: "rows/s", ours: samples.a, peer: samples.b,
            named: "two processes")
    }
}

/// What threads found, added up.
private final class Sum: @unchecked Sendable {
    private let lock = NSLock()
    private var sum = 0.0
    private var parts = 0

    func add(_ value: Double) {
        lock.withLock {
            sum += value
            parts += 1
        }
    }

    var count: Int { lock.withLock { parts } }
    var value: Double { lock.withLock { sum } }
}

/// A process of this bench's own that measures alone.
private struct Alone {
    private let process = Process()
    private let output = Pipe()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(
            fileURLWithPath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
    }

    func finish() throws -> Double {
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard
            let value = Double(
                String(decoding: printed, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw Impossible("a process of two said nothing") }
        return value
    }
}
