// What a request pays to learn what is known of its candidates: 128 of a million profiles of 64 features each, while
// another thread changes fifty thousand profiles a second.
import BenchKit
import Features
import Foundation
import Store
import Synchronization
import Units

@main
enum Main {
    static let profiles = 1_000_000
    static let features = 64
    static let candidates = 128
    static let updatesPerSecond = 50_000
    static let rounds = 9
    /// Enough for a 99th percentile that does not hang on a dozen values.
    static let requestsPerRound = 4_000
    static let start: UInt32 = 1_700_000_000

    static func main() {
        Bench.run("hydrate") { bench in
            let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-hydrate-\(UUID())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let schema = try schema()
            let store = try ProfileStore(
                folder.appending(path: "creative.profiles").path(), schema, .creative, bytesMost: 3 << 30)
            var random = SplitMix64(state: 11)
            let keys = (0..<profiles).map { _ in random.next() | 1 }
            for key in keys {
                for column in 0..<features {
                    _ = store.apply(
                        .value(Float(column), of: column, .creative, key: key, at: start), toldAt: start)
                }
            }
            Bench.note("\(store.tally.profiles) profiles of \(store.layout.bytes) bytes")
            let still = measure(store, keys, &random)
            let updates = Updates()
            let writer = Thread { updates.run(store, keys) }
            writer.start()
            let moving = measure(store, keys, &random)
            let rate = updates.stop()
            Bench.note("changes while it was measured: \(Int(rate)) a second")
            guard rate >= 0.98 * Double(updatesPerSecond) else {
                throw Slow(
                    description: "only \(Int(rate)) changes a second; the machine is too busy to measure")
            }
            try bench.measure("128 candidates, nothing changes: p50", unit: "µs", ours: still.p50)
            try bench.measure("128 candidates, nothing changes: p99", unit: "µs", ours: still.p99)
            try bench.measure("128 candidates, 50,000 changes a second: p50", unit: "µs", ours: moving.p50)
            try bench.measure("128 candidates, 50,000 changes a second: p99", unit: "µs", ours: moving.p99)
        }
    }

    private struct Slow: Error, CustomStringConvertible { let description: String }

    private static func schema() throws -> CompiledFeatures {
        let features = (0..<features).map {
            #"{"name": "f\#($0)", "entity": "creative", "owner": "bench", "freshSeconds": 3600}"#
        }
        let text =
            #"{"schema": "paceline/features/1", "name": "bench", "version": 1, "features": ["#
            + features.joined(separator: ",") + "]}"
        return try CompiledFeatures(reading: Array(text.utf8))
    }

    /// Microseconds of one request after another: each asks for 128 profiles drawn from all.
    private static func measure(
        _ store: ProfileStore, _ keys: [UInt64], _ random: inout SplitMix64
    ) -> (p50: [Double], p99: [Double]) {
        var (p50, p99): ([Double], [Double]) = ([], [])
        var room = [UInt8](repeating: 0, count: store.layout.bytes)
        var values = [Float](repeating: 0, count: features)
        var codes = [UInt8](repeating: 0, count: features)
        var valueSum: Float = 0
        var times = [Double](repeating: 0, count: requestsPerRound)
        for round in 0...rounds {
            let asked = (0..<requestsPerRound * candidates).map { _ in
                keys[Int(random.next() % UInt64(keys.count))]
            }
            for request in 0..<requestsPerRound {
                let first = request * candidates
                let began = DispatchTime.now().uptimeNanoseconds
                for index in first..<first + candidates { store.prefetchSearch(asked[index]) }
                for index in first..<first + candidates { store.prefetchProfile(asked[index]) }
                for index in first..<first + candidates {
                    let version = room.withUnsafeMutableBytes { store.copy(asked[index], into: $0) }
                    guard version != nil else { continue }
                    var valueSpan = values.mutableSpan
                    var codeSpan = codes.mutableSpan
                    room.withUnsafeBytes {
                        store.layout.hydrate(
                            RawSpan(_unsafeBytes: $0), at: start + 60, into: &valueSpan, codes: &codeSpan)
                    }
                    valueSum += values[features - 1]
                }
                times[request] = Double(DispatchTime.now().uptimeNanoseconds - began) / 1_000
            }
            // The first round warms up.
            guard round > 0 else { continue }
            let sorted = times.sorted()
            p50.append(sorted[requestsPerRound / 2])
            p99.append(sorted[requestsPerRound * 99 / 100])
        }
        precondition(valueSum > 0)
        return (p50, p99)
    }
}

/// A stream of changes at a steady rate, on a thread of its own.
private final class Updates: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    private let changesPerSecond = Atomic<Int>(0)

    func run(_ store: ProfileStore, _ keys: [UInt64]) {
        var random = SplitMix64(state: 12)
        let began = DispatchTime.now().uptimeNanoseconds
        var made = 0
        var seconds = 0.0
        while !isOver.load(ordering: .acquiring) {
            seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
            let due = Int(seconds * Double(Main.updatesPerSecond))
            while made < due {
                let key = keys[Int(random.next() % UInt64(keys.count))]
                _ = store.apply(
                    .value(
                        Float(made % 97), of: made % Main.features, .creative, key: key,
                        at: Main.start + UInt32(seconds)),
                    toldAt: Main.start + UInt32(seconds))
                made += 1
            }
            // A stream comes in small pieces.
            usleep(200)
        }
        changesPerSecond.store(Int(Double(made) / seconds), ordering: .relaxed)
        hasEnded.store(true, ordering: .releasing)
    }

    /// How many changes a second there were.
    func stop() -> Double {
        isOver.store(true, ordering: .releasing)
        while !hasEnded.load(ordering: .acquiring) { usleep(100) }
        return Double(changesPerSecond.load(ordering: .relaxed))
    }
}
