// Loading: what is cut off, damaged, of another version or inconsistent is refused with the reason, and nothing
// that any bytes hold can crash a reader.
import Foundation
import Testing
import Units

@testable import Catalog

private func demo() throws -> [UInt8] { try CatalogCompiler.compile(try read(try demoFiles())) }

private func reason(_ bytes: [UInt8]) -> SnapshotError.Reason? {
    do {
        _ = try CatalogSnapshot(copying: bytes)
        return nil
    } catch {
        return error.reason
    }
}

/// Makes the checksum right again.
private func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let checksum = CRC32C.checksum(of: bytes.span.raw.extracting(Layout.checkedFrom..<bytes.count))
    for index in 0..<4 { bytes[12 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
    return bytes
}

@Suite struct SnapshotTests {
    @Test func refusesWhatIsCutOff() throws {
        let bytes = try demo()
        for count in [0, 1, 15, 16, 63, 64, Layout.columnsOffset - 1, Layout.columnsOffset, bytes.count - 1] {
            let found = try #require(reason(Array(bytes.prefix(count))))
            #expect(
                found == .tooShort || found == .truncated(expected: UInt64(bytes.count)), "\(count): \(found)"
            )
        }
        #expect(reason(bytes + [0]) == .trailing(expected: UInt64(bytes.count)))
    }

    @Test func refusesOtherFilesAndVersions() throws {
        var bytes = try demo()
        #expect(reason(Array(repeating: 0, count: 10_000)) == .notACatalog)
        bytes[8] = UInt8(Layout.version) + 1
        #expect(reason(sealed(bytes)) == .newer(Layout.version + 1))
        bytes[8] = UInt8(Layout.version) - 1
        #expect(reason(sealed(bytes)) == .older(Layout.version - 1))
    }

    @Test func everyDamagedBitIsFound() throws {
        let bytes = try demo()
        for place in stride(from: 0, to: bytes.count, by: 41) {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(place % 8)
            #expect(reason(damaged) != nil, "byte \(place)")
        }
    }

    /// Damage under a right checksum: refused, or harmless to every reader.
    @Test func nothingThatLoadsCrashes() throws {
        let bytes = try demo()
        let seed = UInt64.random(in: 0 ... .max)
        var random = Randomness(seed: seed)
        var refused = 0
        for _ in 0..<1_500 {
            var damaged = bytes
            for _ in 0..<random.next(in: 1...3) {
                let place = random.next(in: Layout.checkedFrom...bytes.count - 1)
                damaged[place] = random.next(below: 2) == 0 ? UInt8(random.next(below: 256)) : 0xFF
            }
            guard let snapshot = try? CatalogSnapshot(copying: sealed(damaged)) else {
                refused += 1
                continue
            }
            readAll(snapshot, seed)
        }
        #expect(refused > 500, "seed \(seed): only \(refused) were refused")
    }

    /// Everything that a program may read of a snapshot.
    private func readAll(_ snapshot: CatalogSnapshot, _ seed: UInt64) {
        let source = CatalogSource(snapshot)
        for kind in EntityKind.allCases { _ = source.trees(kind) }
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        var viewer = Viewer()
        viewer.values = [
            .country: ["USA"], .deviceType: ["3"], .genre: ["drama", "sports"], .livestream: ["1"],
        ]
        viewer.point = GlobePoint(latitudeMicrodegrees: 39_739_200, longitudeMicrodegrees: -104_990_300)
        viewer.now = Instant(nanoseconds: 1_795_000_000_000_000_000)
        viewer.fill(&query)
        let count = snapshot.retrieve(query, into: &scratch)
        let explanation = snapshot.explain(query)
        #expect(count <= snapshot.lineItemCount && explanation?.found == count, "seed \(seed)")
    }
}
