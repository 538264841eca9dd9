// Retrieval allocates nothing once a shard has its query and its scratch.
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
        let names = ["a", "b", "c"]
        let place = GlobePoint(latitudeMicrodegrees: 40_500_000, longitudeMicrodegrees: -74_000_000)
        var filling: UInt64 = 1
        var finding: UInt64 = 1
        var found = 0
        // The first round may still set up what lasts.
        for _ in 0..<2 {
            let before = allocations_of_thread()
            query.start(at: Instant(nanoseconds: 6), viewerQuarter: 100)
            query.add(.format, "video".utf8Span.span.raw)
            for name in names {
                query.add(.country, name.utf8Span.span.raw)
                query.add(.audience, name.utf8Span.span.raw)
                query.add(.custom, "key".utf8Span.span.raw, name.utf8Span.span.raw)
            }
            if let place { query.add(place) }
            let middle = allocations_of_thread()
            found = snapshot.retrieve(query, into: &scratch)
            finding = allocations_of_thread() - middle
            filling = middle - before
        }
        #expect(filling == 0)
        #expect(finding == 0)
        #expect(found > 0)
    }
}
