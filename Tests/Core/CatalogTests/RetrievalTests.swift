// The index against the plain meaning of the expressions: for random catalogs and random viewers, both find the same
// line items, and the reasons add up.
import Foundation
import Testing
import Units

@testable import Catalog

extension CatalogSnapshot {
    /// The ids of the line items whose bits are set.
    fileprivate func ids(_ words: Span<UInt64>) -> Set<String> {
        var ids: Set<String> = []
        for row in 0..<rowCount where words[row / 64] >> UInt64(row % 64) & 1 == 1 {
            let isNew = ids.insert(string(.lineItemID, lineItem(ofRow: row))).inserted
            #expect(isNew, "a line item stands at one of its rows")
        }
        return ids
    }
}

@Suite struct RetrievalTests {
    /// More with PACELINE_LONG=1; a seed that fails is printed, and goes here.
    static let seeds: [UInt64] = {
        let isLong = ProcessInfo.processInfo.environment["PACELINE_LONG"] == "1"
        return Array(1...(isLong ? 400 : 12)) + [UInt64.random(in: 0 ... .max)]
    }()

    @Test(arguments: seeds)
    func findsWhatTheExpressionsSay(_ seed: UInt64) throws {
        var random = RandomCatalog(seed: seed)
        // Past one block of rows, and sometimes past several.
        let source = random.catalog(lineItems: random.one([1, 70, 400, 1_500]))
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(source))
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        for number in 0..<40 {
            let viewer = random.viewer()
            viewer.fill(&query)
            let count = snapshot.retrieve(query, into: &scratch)
            let found = snapshot.ids(scratch.words)
            let expected = source.found(for: viewer)
            #expect(found == expected, "seed \(seed), viewer \(number): \(viewer)")
            #expect(count == expected.count, "seed \(seed), viewer \(number)")

            let asked = snapshot.explain(query)
            let explanation = try #require(asked)
            let reasons = explanation.counts.reduce(0) { $0 + $1.lineItems }
            #expect(reasons + explanation.found == source.lineItems.count, "seed \(seed), viewer \(number)")
            let explained = (0..<snapshot.lineItemCount).filter { explanation.takenBy[$0] == nil }
            #expect(Set(explained.map { snapshot.string(.lineItemID, $0) }) == expected, "seed \(seed)")
        }
    }

    @Test func aQueryWithTooManyValuesFindsNothing() throws {
        var random = RandomCatalog(seed: 3)
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(random.catalog(lineItems: 200)))
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        var viewer = Viewer()
        viewer.values[.audience] = Array(repeating: "a", count: CatalogQuery.mostValues)
        viewer.fill(&query)
        let none = snapshot.retrieve(query, into: &scratch)
        #expect(query.isOverfull && none == 0)
        let explanation = snapshot.explain(query)
        #expect(explanation?.found == nil)
        viewer.values[.audience] = ["a"]
        viewer.fill(&query)
        let some = snapshot.retrieve(query, into: &scratch)
        #expect(!query.isOverfull && some > 0)
    }

    @Test func ofASingleDimensionTheFirstValueCounts() throws {
        var source = RandomCatalog(seed: 1).emptyCatalog
        source.lineItems[0].targeting = TargetingObject(meaning: .values(.country, ["usa"]))
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(source))
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        var viewer = Viewer()
        viewer.values[.country] = ["USA", "CAN"]
        viewer.fill(&query)
        let first = snapshot.retrieve(query, into: &scratch)
        #expect(first == 1)
        viewer.values[.country] = ["CAN", "USA"]
        viewer.fill(&query)
        let second = snapshot.retrieve(query, into: &scratch)
        #expect(second == 0)
    }

    /// What no line item asks for is looked for until a slot is free: with half of the slots taken, in two or three of them.
    @Test func valuesThatDifferInTheirLastBytesLieApart() throws {
        var source = RandomCatalog(seed: 1).emptyCatalog
        let codes = (0..<4_000).map { "USA/\(10_000 + 7 * $0)" }
        let sections = (0..<2_000).map { "section=\(1_000 + $0)" }
        source.lineItems[0].targeting = TargetingObject(
            meaning: .all([.values(.postalCode, codes), .values(.custom, sections)]))
        let index = ValueIndex(try CatalogSnapshot(copying: CatalogCompiler.compile(source)))
        #expect(index.meanSearch < 4)
        for code in codes { #expect(index.find(.postalCode, code.utf8Span.span.raw) != nil) }
    }

    @Test func valuesOfTwoPartsAreFoundByTheirParts() throws {
        var source = RandomCatalog(seed: 1).emptyCatalog
        source.lineItems[0].targeting = TargetingObject(
            meaning: .all([.values(.city, ["USA/New York"]), .values(.custom, ["Section=Live"])]))
        let snapshot = try CatalogSnapshot(copying: CatalogCompiler.compile(source))
        var query = CatalogQuery(snapshot)
        var scratch = RetrievalScratch(snapshot)
        for (city, section, found) in [
            ("new york", "Live", 1), ("NEW YORK", "Live", 1), ("New York", "live", 0), ("New Yor", "Live", 0),
            ("", "Live", 0),
        ] {
            query.start(at: Instant(nanoseconds: 1), viewerQuarter: 0)
            query.add(.format, "video".utf8Span.span.raw)
            query.add(.city, "usa".utf8Span.span.raw, city.utf8Span.span.raw)
            query.add(.custom, "Section".utf8Span.span.raw, section.utf8Span.span.raw)
            let count = snapshot.retrieve(query, into: &scratch)
            #expect(count == found, "\(city), \(section)")
        }
    }
}

extension RandomCatalog {
    /// One line item for everybody.
    var emptyCatalog: CatalogSource {
        var random = self
        var source = random.catalog(lineItems: 1)
        source.creatives = source.creatives.map { creative in
            var creative = creative
            creative.audit = .approved
            creative.format = .video
            return creative
        }
        source.lineItems[0].targeting = nil
        source.lineItems[0].paused = false
        source.lineItems[0].flight = nil
        return source
    }
}
