// Retrieval from compiled catalogs of ten thousand, a hundred thousand and a million line items, all by the same
// generator: how its time grows, what a line item takes, and how long a node loads it.
import BenchKit
import Catalog

@main
enum Main {
    static let sizes = [("10k", 10_000), ("100k", 100_000), ("1M", 1_000_000)]
    /// Enough requests that the median is not one request's luck.
    static let requests = 200
    static let rounds = 15

    static func main() {
        Bench.run("catalog") { bench in
            var medians: [[Double]] = []
            for (name, size) in sizes {
                let bytes = try compiled(size)
                var loads: [Double] = []
                for _ in 0..<3 { loads.append(try milliseconds { _ = try CatalogSnapshot(copying: bytes) }) }
                let snapshot = try CatalogSnapshot(copying: bytes)
                let sample = try measure(snapshot, size)
                let shares = sample.found.map { 100 * Double($0) / Double(size) }
                Bench.note("\(name): \(median(shares)) % of the line items match a request in the median")
                try bench.measure("retrieve, \(name) line items: p50", unit: "µs", ours: sample.p50)
                try bench.measure("retrieve, \(name) line items: p99", unit: "µs", ours: sample.p99)
                try bench.measure(
                    "bytes per line item, \(name)", unit: "bytes", ours: [Double(bytes.count) / Double(size)])
                try bench.measure(
                    "bytes of index per line item, \(name)", unit: "bytes",
                    ours: [Double(snapshot.indexByteCount) / Double(size)])
                try bench.measure("load, \(name) line items", unit: "ms", ours: loads)
                medians.append(sample.p50)
            }
            for (index, (name, _)) in sizes.enumerated().dropFirst() {
                try bench.compare(
                    "retrieve, \(name) line items: p50", unit: "µs", ours: medians[index], peer: medians[0],
                    named: "10k")
            }
        }
    }

    private static func compiled(_ lineItems: Int) throws -> [UInt8] {
        var generator = CatalogGenerator(lineItems: lineItems, seed: 7)
        var bytes: [UInt8] = []
        let seconds = try milliseconds { bytes = try CatalogCompiler.compile(generator.source()) } / 1_000
        Bench.note("\(lineItems) line items made and compiled in \(seconds) s")
        return bytes
    }

    private static func milliseconds(_ body: () throws -> Void) throws -> Double {
        try ContinuousClock().measure(body) / .milliseconds(1)
    }

    /// In microseconds, for each round: the median and the 99th percentile over its requests. Filling the query is
    /// not in it.
    private static func measure(
        _ snapshot: CatalogSnapshot, _ size: Int
    ) throws -> (p50: [Double], p99: [Double], found: [Int]) {
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        let clock = ContinuousClock()
        var p50: [Double] = []
        var p99: [Double] = []
        var found: [Int] = []
        for round in 0...rounds {
            var stream = GeneratedRequests(lineItems: size, seed: 1)
            var times: [Double] = []
            found = []
            for _ in 0..<requests {
                stream.next(&query)
                let start = clock.now
                let count = snapshot.retrieve(query, into: &scratch)
                times.append((clock.now - start) / .microseconds(1))
                found.append(count)
            }
            times.sort()
            // The first round warms up.
            if round > 0 {
                p50.append(times[times.count / 2])
                p99.append(times[times.count * 99 / 100])
            }
        }
        guard found.contains(where: { $0 > 0 }) else { throw Impossible("no request matched anything") }
        return (p50, p99, found)
    }
}
