// What a node is measured with: a generated catalog that runs today, as a file, and the requests for it, one on each line.
import BenchKit
public import Catalog
public import Foundation
import Units

public struct Traffic {
    /// A compiled catalog.
    public let catalog: URL
    public let compiled: [UInt8]
    /// The requests, as the load generator takes them.
    public let bodies: URL
    public let requests: [GeneratedBidRequests.One]
    /// Their ids.
    public let campaigns: [String]

    public static let lineItems = 10_000

    /// - Parameter isPredicted: everybody pays for what a model predicts.
    public init(in folder: URL, requests count: Int, isPredicted: Bool = false) throws {
        var generator = CatalogGenerator(lineItems: Self.lineItems, seed: 7)
        var source = isPredicted ? Predicted.source(lineItems: Self.lineItems) : generator.source()
        campaigns = source.campaigns.map(\.id)
        // A node goes by the clock on the wall, and the generated campaigns by an evening of their own.
        let now = Instant(nanoseconds: Int64(Date().timeIntervalSince1970 * 1e9))
        let later = now - CatalogGenerator.now
        for index in source.campaigns.indices {
            source.campaigns[index].flight.start = source.campaigns[index].flight.start + later
            source.campaigns[index].flight.end = source.campaigns[index].flight.end + later
        }
        compiled = try CatalogCompiler.compile(source)
        catalog = folder.appendingPathComponent("generated.catalog")
        try Data(compiled).write(to: catalog)
        var stream = GeneratedBidRequests(lineItems: Self.lineItems, seed: 1)
        requests = (0..<count).map { _ in
            var one = stream.next()
            one.at = now
            return one
        }
        bodies = folder.appendingPathComponent("requests")
        try Data(requests.flatMap { $0.bytes + [UInt8(ascii: "\n")] }).write(to: bodies)
    }

    /// A request of the usual length, in a file of its own.
    public func usualBody(in folder: URL) throws -> URL {
        let sorted = requests.sorted { $0.bytes.count < $1.bytes.count }
        let mean = requests.reduce(0) { $0 + $1.bytes.count } / requests.count
        let usual = sorted.first { $0.bytes.count >= mean } ?? sorted[0]
        let file = folder.appendingPathComponent("request")
        try Data(usual.bytes).write(to: file)
        return file
    }
}
