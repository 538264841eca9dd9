// Reading bid requests whole: every field kept, everything checked, pods made. Beside it what the same bytes
// cost as JSON alone, checked to the last byte and not looked at: the least that any reader needs.
import BenchKit
import JSON
import OpenRTB

@main
enum Main {
    /// Enough that no branch is learnt by heart, few enough to stay in the second level cache.
    static let documents = 64
    static let passes = 60
    static let rounds = 25

    static func main() {
        Bench.run("openrtb") { bench in
            let requests = PodRequests(count: documents, seed: 11).documents
            let sizes = requests.map(\.count).sorted()
            Bench.note("6-slot pods in \(sizes[0]) to \(sizes[sizes.count - 1]) bytes")
            var reader = BidRequestReader()
            func read() throws -> Int {
                var found = 0
                for request in requests { found += try slots(of: request, &reader) }
                return found
            }
            var scratch = JSONScratch(maximumBytes: RequestLimits().bytes)
            func scan() throws -> Int {
                var found = 0
                for request in requests { found += try tokens(of: request, &scratch) }
                return found
            }
            let found = try read()
            guard found == 6 * documents else { throw Impossible("\(found) slots were found") }
            let sides = try interleaved(rounds: rounds, { try time(read) }, { try time(scan) })
            try bench.measure("read a 6-slot pod request", unit: "ns", ours: sides.a)
            try bench.compare(
                "read a 6-slot pod request", unit: "ns", ours: sides.a, peer: sides.b, named: "JSON alone")
        }
    }

    private static func slots(of bytes: [UInt8], _ reader: inout BidRequestReader) throws -> Int {
        let request = try reader.read(bytes.span.bytes)
        return request[request.pods[0].slots].count
    }

    private static func tokens(of bytes: [UInt8], _ scratch: inout JSONScratch) throws -> Int {
        let document = try JSONDocument(bytes.span.bytes, scratch: &scratch)
        return document.root.kind == .object ? 1 : 0
    }

    /// Nanoseconds for one document.
    private static func time(_ body: () throws -> Int) throws -> Double {
        let clock = ContinuousClock()
        var sum = 0
        let taken = try clock.measure { for _ in 0..<passes { sum += try body() } }
        guard sum > 0 else { throw Impossible("a request was refused") }
        return taken / .nanoseconds(1) / Double(passes * documents)
    }
}
