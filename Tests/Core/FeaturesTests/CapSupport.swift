// A catalog with caps, and who asks.
import Catalog
import Units

@testable import Features

enum Capped {
    /// A generated catalog in which every second line item has caps, by whoever.
    static func source(lineItems: Int, seed: UInt64) -> CatalogSource {
        var generator = CatalogGenerator(lineItems: lineItems, seed: seed)
        var source = generator.source()
        var random = Randomness(seed: seed)
        for index in source.lineItems.indices {
            source.lineItems[index].frequencyCaps =
                index % 2 == 0
                ? []
                : (0..<random.next(in: 1...3)).map { _ in
                    var cap = FrequencyCap()
                    cap.by = FrequencyCap.Subject.allCases[random.next(in: 0...2)]
                    cap.impressions = random.next(in: 1...5)
                    cap.windowMinutes = [nil, 1, 60, 1_440, 43_200][random.next(in: 0...4)]
                    return cap
                }
        }
        return source
    }

    static func numbers(_ source: CatalogSource) throws -> EntityNumbers {
        EntityNumbers(try CatalogSnapshot(copying: CatalogCompiler.compile(source)))
    }
}

extension EntityNumbers {
    /// A line item's row, its first creative's and its advertiser's.
    func ad(_ lineItem: Int) -> (lineItem: Int, creative: Int, advertiser: Int) {
        let row = snapshot.lineItemRow(lineItem)
        return (
            lineItem, snapshot.creative(inList: row.creatives.lowerBound),
            snapshot.campaignRow(row.campaign).advertiser
        )
    }

    func row(ofLineItem id: String) -> Int? {
        (0..<snapshot.lineItemCount).first { snapshot.id(.lineItems, at: $0) == id }
    }
}

extension FrequencyCounters {
    /// Decides on one ad as a request would: promises it where the caps allow.
    mutating func wouldShow(_ lineItem: Int, _ numbers: EntityNumbers) -> Bool {
        let ad = numbers.ad(lineItem)
        if heldCap(ofLineItem: lineItem, numbers) != nil { return false }
        return known(
            creative: ad.creative, lineItem: lineItem, advertiser: ad.advertiser, numbers) != .capped
    }

    mutating func show(
        _ lineItem: Int, _ numbers: EntityNumbers, user: UInt64, household: UInt64, at second: UInt32
    ) {
        let ad = numbers.ad(lineItem)
        take(
            FrequencyEvent(
                .shown, user: user, household: household, lineItem: numbers.lineItem(lineItem),
                creative: numbers.creative(ad.creative), advertiser: numbers.advertiser(ad.advertiser),
                at: CountedSecond(rawValue: second), until: CountedSecond(rawValue: 0), mayJournal: true))
    }
}
