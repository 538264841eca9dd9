// The numbers of everything in one catalog that is counted, worked out once when the catalog is loaded: a decision
// asks for hundreds of them.
public import Catalog

/// Shared by all shards that serve the catalog.
public final class EntityNumbers: Sendable {
    public let snapshot: CatalogSnapshot
    /// Each line item's number, and where its caps start; behind them where the last one's end.
    private let lineItems: [(entity: EntityNumber, caps: UInt32)]
    private let creatives: [EntityNumber]
    private let advertisers: [EntityNumber]
    /// The caps of all line items: a question must not go through the snapshot, whose owner would be counted up and down
    /// each time.
    private let caps: [FrequencyCapRow]
    /// Whose each creative is, in the order of the creatives' numbers.
    private let owners: [(creative: EntityNumber, advertiser: EntityNumber)]
    /// A bit for each line item that has a cap: most questions end there.
    private let capped: [UInt64]

    public init(_ snapshot: CatalogSnapshot) {
        self.snapshot = snapshot
        creatives = (0..<snapshot.creativeCount).map {
            EntityNumber(.creative, id: snapshot.bytes(snapshot.creativeID($0)))
        }
        advertisers = (0..<snapshot.advertiserCount).map {
            EntityNumber(.advertiser, id: snapshot.bytes(snapshot.advertiserID($0)))
        }
        var caps: [FrequencyCapRow] = []
        var lineItems: [(entity: EntityNumber, caps: UInt32)] = []
        lineItems.reserveCapacity(snapshot.lineItemCount + 1)
        for row in 0..<snapshot.lineItemCount {
            let entity = EntityNumber(.lineItem, id: snapshot.bytes(snapshot.lineItemID(row)))
            lineItems.append((entity, UInt32(caps.count)))
            for place in snapshot.frequencyCaps(ofLineItem: row) { caps.append(snapshot.capRow(at: place)) }
        }
        lineItems.append((EntityNumber(rawValue: 0), UInt32(caps.count)))
        (self.caps, self.lineItems) = (caps, lineItems)
        let (creatives, advertisers) = (creatives, advertisers)
        owners = creatives.indices.map {
            (creatives[$0], advertisers[snapshot.advertiser(ofCreative: $0)])
        }.sorted { $0.creative.rawValue < $1.creative.rawValue }
        var bits = [UInt64](repeating: 0, count: (snapshot.lineItemCount + 63) / 64)
        for row in 0..<snapshot.lineItemCount where !snapshot.frequencyCaps(ofLineItem: row).isEmpty {
            bits[row / 64] |= 1 << UInt64(row % 64)
        }
        capped = bits
    }

    public func lineItem(_ row: Int) -> EntityNumber { lineItems[row].entity }
    public func creative(_ row: Int) -> EntityNumber { creatives[row] }
    public func advertiser(_ row: Int) -> EntityNumber { advertisers[row] }

    /// Whose a creative is, for who knows no more of it than its number; nil where this catalog does not have it.
    public func advertiser(of creative: EntityNumber) -> EntityNumber? {
        var (low, high) = (0, owners.count)
        while low < high {
            let middle = (low + high) / 2
            if owners[middle].creative.rawValue < creative.rawValue {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < owners.count, owners[low].creative == creative else { return nil }
        return owners[low].advertiser
    }

    /// Places for `cap(at:)`, the line item's own.
    @inline(__always)
    public func caps(ofLineItem row: Int) -> Range<Int> {
        Int(lineItems[row].caps)..<Int(lineItems[row + 1].caps)
    }
    @inline(__always)
    public func cap(at place: Int) -> FrequencyCapRow { caps[place] }

    @inline(__always)
    public func hasCaps(lineItem row: Int) -> Bool { capped[row / 64] >> UInt64(row % 64) & 1 == 1 }
}
