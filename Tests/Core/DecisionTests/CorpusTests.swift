// What the fuzzers of whole decisions and of catalogs found worth keeping is tried again on every run, and so are
// generated requests, whole and damaged.
import Catalog
import DecideInvariants
import Foundation
import Testing
import Units

/// One after the other: the invariants keep their deciders for all inputs.
@Suite(.serialized) struct CorpusTests {
    private static func files(_ name: String) throws -> [(name: String, bytes: [UInt8])] {
        let corpus = repository.appending(path: "Tests/Fuzz/Corpus/\(name)")
        return try FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)
            .map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }

    @Test func decisionsHold() throws {
        let files = try Self.files("decide")
        #expect(files.count > 100)
        for file in files {
            let violation = file.bytes.withUnsafeBytes { DecideInvariants.violation($0) }
            #expect(violation == nil, "\(file.name)")
        }
    }

    @Test func catalogsHold() throws {
        let files = try Self.files("catalog")
        #expect(files.count > 10)
        for file in files {
            let violation = file.bytes.withUnsafeBytes { CatalogInvariants.violation($0) }
            #expect(violation == nil, "\(file.name)")
        }
    }

    @Test func generatedRequestsHold() {
        var stream = GeneratedBidRequests(lineItems: 600, seed: 31)
        var random = Randomness(seed: 32)
        for round in 0..<400 {
            var bytes = stream.next().bytes
            if round % 2 == 1 {
                let start = random.next(in: 0...bytes.count - 10)
                bytes.removeSubrange(start..<start + random.next(in: 1...9))
            }
            bytes.insert(UInt8(round % 16), at: 0)
            let violation = bytes.withUnsafeBytes { DecideInvariants.violation($0) }
            #expect(violation == nil, "seeds 31 and 32, round \(round)")
        }
    }
}
