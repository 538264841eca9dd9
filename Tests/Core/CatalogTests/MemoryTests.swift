// Retrieval allocates nothing once a shard has its query, filled, and its scratch.
import AllocationCounter
import Testing
import Units

@testable import Catalog

@Suite struct MemoryTests {
    @Test func findsWithoutAllocating() throws {
        guard allocations_are_counted() == 1 else { return }
        var random = RandomCatalog(seed: 5)
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(random.catalog(lineItems: 800)))
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        let names = ["a", "b", "c"].map { Array($0.utf8) }
        let (key, video) = (Array("key".utf8), Array("video".utf8))
        let place = GlobePoint(latitudeMicrodegrees: 40_500_000, longitudeMicrodegrees: -74_000_000)
        var finding: UInt64 = 1
        var found = 0
        // The first round may still set up what lasts.
        for _ in 0..<2 {
            query.start(at: Instant(nanoseconds: 6), viewerQuarter: 100)
            query.add(.format, video.span.raw)
            for name in names {
                query.add(.country, name.span.raw)
                query.add(.audience, name.span.raw)
                query.add(.custom, key.span.raw, name.span.raw)
            }
            if let place { query.add(place) }
            let before = allocations_of_thread()
            found = snapshot.retrieve(query, into: &scratch)
            finding = allocations_of_thread() - before
        }
        #expect(finding == 0)
        #expect(found > 0)
    }
}
