// Reading bid requests: ours beside simdjson On-Demand and Foundation's JSONDecoder. All pull the same fields
// of the same documents, and what they pull must add up to the same.
import BenchKit
import CSimdjson
import Foundation
import JSON

@main
enum Main {
    /// Enough that no side learns one document by heart, few enough to stay in the second level cache.
    static let documents = 64
    /// Walks over all documents in one round: some milliseconds.
    static let passes = 60
    static let rounds = 25

    static func main() {
        Bench.run("json") { bench in
            let requests = Requests(count: documents, seed: 7).documents
            // One block, so that ours gets bytes with other bytes right behind them and no padding.
            let bytes = requests.flatMap { $0 }
            var ranges: [Range<Int>] = []
            for request in requests {
                let start = ranges.last?.upperBound ?? 0
                ranges.append(start..<start + request.count)
            }
            let peer = try Simdjson(requests)
            let kernel = String(cString: csimdjson_implementation())
            Bench.note("\(bytes.count / documents) bytes a document; simdjson runs its kernel \(kernel)")

            var scratch = JSONScratch(maximumBytes: Walker.largest)
            var text = [UInt8](repeating: 0, count: Walker.largest)
            func ours() throws -> Double {
                try Walker.walk(bytes.span.bytes, ranges, &scratch, &text)
            }
            let decoder = JSONDecoder()
            let data = requests.map { Data($0) }
            func decoded() throws -> Double {
                try data.reduce(0) { $0 + Decoded.sum(try decoder.decode(Decoded.Request.self, from: $1)) }
            }

            let expected = try ours()
            for (name, sum) in [("walk", peer.walk()), ("find", peer.find()), ("JSONDecoder", try decoded())]
            where abs(sum - expected) > 1e-6 * abs(expected) {
                throw Impossible("\(name) sums to \(sum), ours to \(expected)")
            }

            let walk = try interleaved(
                rounds: rounds, { try time(passes, ours) }, { try time(passes, peer.walk) })
            try bench.compare("walk a bid request", unit: "ns", ours: walk.a, peer: walk.b, named: "simdjson")
            let find = try interleaved(
                rounds: rounds, { try time(passes, ours) }, { try time(passes, peer.find) })
            try bench.compare(
                "walk a bid request", unit: "ns", ours: find.a, peer: find.b, named: "simdjson []")
            let decode = try interleaved(rounds: 7, { try time(passes, ours) }, { try time(1, decoded) })
            try bench.compare(
                "walk a bid request", unit: "ns", ours: decode.a, peer: decode.b, named: "JSONDecoder")
        }
    }

    /// Nanoseconds for one document.
    private static func time(_ passes: Int, _ body: () throws -> Double) throws -> Double {
        let clock = ContinuousClock()
        var sum = 0.0
        let taken = try clock.measure { for _ in 0..<passes { sum += try body() } }
        guard sum > 0 else { throw Impossible("a document was refused") }
        return taken / .nanoseconds(1) / Double(passes * documents)
    }
}

/// The peer with its documents, each in its own padded block, copied there before any clock runs.
struct Simdjson {
    private let parser: OpaquePointer
    private let documents: [[UInt8]]
    private let padding = csimdjson_padding()

    init(_ requests: [[UInt8]]) throws {
        guard let parser = csimdjson_make(Walker.largest) else { throw Impossible("simdjson has no memory") }
        self.parser = parser
        let padding = padding
        documents = requests.map { $0 + [UInt8](repeating: 0, count: padding) }
    }

    func walk() -> Double { sum(csimdjson_walk) }
    func find() -> Double { sum(csimdjson_find) }

    private func sum(_ read: (OpaquePointer?, UnsafePointer<UInt8>?, Int, Int) -> Double) -> Double {
        var sum = 0.0
        for document in documents { sum += read(parser, document, document.count - padding, document.count) }
        return sum
    }
}
