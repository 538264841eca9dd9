// The whole decision without the network: the bytes of a request in, the bytes of an answer out, from compiled catalogs
// of ten thousand, a hundred thousand and a million line items by one generator. Two thirds of the requests ask for one
// ad, a third for a break of six.
//
// PACELINE_BENCH_ONLY=10k measures one size, for a profiler; the bench then ends as failed, since the other lines are
// missing. PACELINE_BENCH_KEEP=DIR keeps the compiled catalogs there: a million line items take a minute to compile.
import AllocationCounter
import BenchKit
import Catalog
import Decision
import Foundation

@main
enum Main {
    static let sizes = [("10k", 10_000, 2_048), ("100k", 100_000, 1_024), ("1M", 1_000_000, 512)]
    static let rounds = 9

    static func main() {
        Bench.run("decide") { bench in
            let only = ProcessInfo.processInfo.environment["PACELINE_BENCH_ONLY"]
            var first: Timing?
            for (name, lineItems, count) in sizes where only == nil || only == name {
                let bytes = try compiled(lineItems)
                var run = try Run(bytes, lineItems: lineItems, requests: count)
                let timing = try run.measure(rounds: rounds)
                run.describe(name)
                try bench.measure("\(name) line items: p50", unit: "µs", ours: timing.p50)
                if let first {
                    try bench.compare(
                        "\(name) line items: p50", unit: "µs", ours: timing.p50, peer: first.p50, named: "10k"
                    )
                }
                try bench.measure("\(name) line items: p99", unit: "µs", ours: timing.p99)
                try bench.measure(
                    "\(name): bytes per line item", unit: "bytes",
                    ours: [Double(bytes.count) / Double(lineItems)])
                if first == nil {
                    first = timing
                    try bench.measure("10k, breaks of six: p50", unit: "µs", ours: timing.breaks)
                    try bench.compare(
                        "10k line items: p99.9", unit: "µs", ours: [timing.p999], peer: [timing.spin],
                        named: "spin loop")
                }
            }
            if only == nil || only == "places" { try PlacesCost.note(compiled(10_000), lineItems: 10_000) }
            if only == nil || only == "models" { try WithModels.measure(&bench) }
            if only == nil || only == "http" { try OverHTTP.measure(&bench) }
        }
    }

    private static func compiled(_ lineItems: Int) throws -> [UInt8] {
        let kept = ProcessInfo.processInfo.environment["PACELINE_BENCH_KEEP"]
            .map { URL(fileURLWithPath: $0).appendingPathComponent("\(lineItems).catalog") }
        if let kept, let bytes = try? Data(contentsOf: kept) { return Array(bytes) }
        var generator = CatalogGenerator(lineItems: lineItems, seed: 7)
        var bytes: [UInt8] = []
        let seconds = try ContinuousClock().measure {
            bytes = try CatalogCompiler.compile(generator.source())
        }
        Bench.note("\(lineItems) line items made and compiled in \(seconds / .seconds(1)) s")
        if let kept { try Data(bytes).write(to: kept) }
        return bytes
    }
}
