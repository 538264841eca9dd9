// Which line item and creative of a catalog a notice means. A token names them by four bytes of each id, so that it
// outlives the catalog it was made with: rows change from one catalog to the next.
public import Catalog
public import Notices

/// Rows of a catalog.
public struct NoticePlace: Equatable, Sendable {
    public let campaign: Int
    public let lineItem: Int
    public let creative: Int
}

/// One for each catalog, made beside it: finding takes two searches.
public struct NoticePlaces: Sendable {
    private let snapshot: CatalogSnapshot
    /// A hash in the upper half and a row in the lower one, in their order.
    private let lineItems: [UInt64]
    private let creatives: [UInt64]

    public init(_ snapshot: CatalogSnapshot) {
        self.snapshot = snapshot
        var table: [UInt64] = []
        table.reserveCapacity(snapshot.lineItemCount)
        for row in 0..<snapshot.lineItemCount {
            table.append(Self.entry(snapshot.bytes(snapshot.lineItemID(row)), row))
        }
        lineItems = table.sorted()
        table.removeAll(keepingCapacity: true)
        for row in 0..<snapshot.creativeCount {
            table.append(Self.entry(snapshot.bytes(snapshot.creativeID(row)), row))
        }
        creatives = table.sorted()
    }

    private static func entry(_ id: RawSpan, _ row: Int) -> UInt64 {
        UInt64(IDHash(of: id).rawValue) << 32 | UInt64(row)
    }

    /// What was shown; nil where this catalog has no such line item with such a creative any more.
    public func find(_ notice: Notice) -> NoticePlace? {
        var at = Self.first(notice.lineItem, in: lineItems)
        while at < lineItems.count, lineItems[at] >> 32 == UInt64(notice.lineItem.rawValue) {
            let row = Int(lineItems[at] & 0xFFFF_FFFF)
            let lineItem = snapshot.lineItemRow(row)
            for place in lineItem.creatives {
                let creative = snapshot.creative(inList: place)
                if IDHash(of: snapshot.bytes(snapshot.creativeID(creative))) == notice.creative {
                    return NoticePlace(campaign: lineItem.campaign, lineItem: row, creative: creative)
                }
            }
            at += 1
        }
        return nil
    }

    /// The page that a click on the ad leads to. A line item may have left the catalog while its ads are on screens:
    /// then the creative alone says where, if no other has its hash.
    public func page(_ notice: Notice) -> CatalogText? {
        if let place = find(notice) { return snapshot.creativeRow(place.creative).clickThrough }
        let at = Self.first(notice.creative, in: creatives)
        func isOurs(_ at: Int) -> Bool {
            at < creatives.count && creatives[at] >> 32 == UInt64(notice.creative.rawValue)
        }
        guard isOurs(at), !isOurs(at + 1) else { return nil }
        return snapshot.creativeRow(Int(creatives[at] & 0xFFFF_FFFF)).clickThrough
    }

    /// The first entry with at least this hash.
    private static func first(_ hash: IDHash, in table: [UInt64]) -> Int {
        let wanted = UInt64(hash.rawValue) << 32
        var (low, high) = (0, table.count)
        while low < high {
            let middle = (low + high) / 2
            if table[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
