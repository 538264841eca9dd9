// Markup that is kept from answer to answer changes no byte: whoever has kept much answers as who has kept nothing.
import Catalog
import Decision
import Testing
import Units

@Suite struct MarkupTemplateTests {
    private static let lineItems = 1_000
    private static let catalog = Result {
        var generator = CatalogGenerator(lineItems: lineItems, seed: 3)
        return try CatalogCompiler.compile(generator.source())
    }

    /// The first room holds all that is kept, the second one a handful, so that most of it is written over.
    @Test(arguments: [Decider.keptMarkupBytes, 20_000], [true, false])
    func keptMarkupAnswersTheSame(bytes: Int, isSigned: Bool) throws {
        let snapshot = try CatalogSnapshot(copying: Self.catalog.get())
        let settings = isSigned ? NoticeTests.settings() : DecisionSettings()
        let index = DecisionIndex(snapshot, settings)
        var kept = Decider(index, settings: settings, keptMarkupBytes: bytes)
        var requests = GeneratedBidRequests(lineItems: Self.lineItems, seed: 5)
        var bids = 0
        for seed in 0..<50 as Range<UInt64> {
            let request = requests.next().bytes
            var fresh = Decider(index, settings: settings, keptMarkupBytes: 64)
            let now = CatalogGenerator.now
            let decision = try kept.decide(request.span.bytes, at: now, seed: seed)
            _ = try fresh.decide(request.span.bytes, at: now, seed: seed)
            let answers = (Self.answer(kept), Self.answer(fresh))
            #expect(answers.0 == answers.1, "seed \(seed)")
            bids += decision.isBid ? 1 : 0
        }
        #expect(bids > 10)
    }

    private static func answer(_ decider: borrowing Decider) -> String {
        decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
