// What decisions know of a catalog beforehand, worked out once for a snapshot and read by all shards: which line items
// promise most, and of each line item, creative and file what competing asks, in one place. In the snapshot that lies in
// two dozen columns, each of which costs a line of cache in a large catalog.
internal import Auction
public import Catalog
internal import OpenRTB
internal import Units

/// By one snapshot, and the currencies and priors of settings.
@safe public final class DecisionIndex: @unchecked Sendable {
    public let snapshot: CatalogSnapshot
    let early: EarlyRank
    let demand: KnownDemand
    let places: KnownPlaces
    private let priors: GoalPriors
    private let base: CurrencyCode

    /// Takes some tenths of a second for a million line items.
    public init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings) {
        self.snapshot = snapshot
        priors = settings.priors
        base = settings.currencies.base
        demand = KnownDemand(snapshot, settings)
        early = EarlyRank(snapshot, demand, settings)
        places = KnownPlaces(snapshot)
    }

    deinit {
        early.deallocate()
        demand.deallocate()
        places.deallocate()
    }

    /// Whether it says what these settings say.
    func isFor(_ settings: DecisionSettings) -> Bool {
        settings.priors == priors && settings.currencies.base == base
    }
}

struct KnownLineItem: Sendable {
    /// For a thousand impressions, in the campaign's currency; nil where it cannot be said.
    let worth: Micros?
    let campaign: UInt32
    let advertiser: UInt32
    let currency: UInt32
    /// Places for `creative(inList:)`.
    let creatives: PlaceRange
    let tier: PriorityTier
    /// Its targeting asks for a deal, whichever.
    fileprivate(set) var asksForSomeDeal = false

    fileprivate init(_ row: LineItemRow, _ snapshot: CatalogSnapshot, _ priors: GoalPriors) {
        let campaign = snapshot.campaignRow(row.campaign)
        worth = priors.worth(row, campaign)
        self.campaign = UInt32(truncatingIfNeeded: row.campaign)
        advertiser = UInt32(truncatingIfNeeded: campaign.advertiser)
        currency = campaign.currency
        creatives = PlaceRange(row.creatives)
        tier = PriorityTier(rawValue: row.priority) ?? .open
    }
}

struct KnownCreative: Sendable {
    /// Places in the snapshot's lists.
    let media: PlaceRange
    let categories: PlaceRange
    let attributes: PlaceRange
    let language: CatalogText?
    /// Of a wrapper, where the other server answers.
    let tag: CatalogText?
    let seconds: Int32
    /// Its place among the cases of `Creative.Format`.
    let format: UInt8
    let isApproved: Bool

    fileprivate init(_ row: CreativeRow) {
        media = PlaceRange(row.media)
        categories = PlaceRange(row.categories)
        attributes = PlaceRange(row.attributes)
        (language, tag) = (row.language, row.tag)
        (seconds, format, isApproved) = (row.seconds, row.format, row.isApproved)
    }
}

struct KnownMediaFile: Sendable {
    let url: CatalogText
    let width: Int32
    let height: Int32
    let kilobits: Int32
    let kind: VASTMediaTypes
    let isStreaming: Bool
    /// It is fetched over HTTPS.
    let isSecure: Bool

    fileprivate init(_ row: MediaRow, _ snapshot: CatalogSnapshot) {
        url = row.url
        (width, height) = (Int32(clamping: row.width), Int32(clamping: row.height))
        kilobits = Int32(clamping: row.kilobits)
        kind = VASTMediaTypes(mime: snapshot.bytes(row.mime))
        isStreaming = row.isStreaming
        isSecure = !snapshot.bytes(row.url).isPlainHTTP
    }
}

/// A range of a snapshot's list, in half the memory.
struct PlaceRange: Sendable {
    private let start: UInt32
    private let end: UInt32

    init(_ range: Range<Int>) {
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        end = UInt32(truncatingIfNeeded: range.upperBound)
    }

    var range: Range<Int> { unsafe Range(uncheckedBounds: (Int(start), Int(end))) }
}

/// Tables of an index, which lives as long as whoever reads them: a decision keeps both.
struct KnownDemand: Sendable {
    let lineItems: KnownTable<KnownLineItem>
    let creatives: KnownTable<KnownCreative>
    let files: KnownTable<KnownMediaFile>

    fileprivate init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings) {
        var lineItems = KnownTable(snapshot.lineItemCount) {
            KnownLineItem(snapshot.lineItemRow($0), snapshot, settings.priors)
        }
        snapshot.forEachLineItem(askingForAny: .deal) { lineItems[$0].asksForSomeDeal = true }
        self.lineItems = lineItems
        creatives = KnownTable(snapshot.creativeCount) { KnownCreative(snapshot.creativeRow($0)) }
        files = KnownTable(snapshot.mediaCount) { KnownMediaFile(snapshot.mediaRow($0), snapshot) }
    }

    fileprivate func deallocate() {
        lineItems.deallocate()
        creatives.deallocate()
        files.deallocate()
    }

    /// Whether a slot plays the file.
    func fits(_ row: Int, _ slot: borrowing OfferedSlot) -> Bool {
        if slot.needsHTTPS, !files[row].isSecure { return false }
        var file = VASTMediaFile()
        file.kind = files[row].kind
        file.isStreaming = files[row].isStreaming
        (file.width, file.height) = (Int(files[row].width), Int(files[row].height))
        file.bitrateKbps = Int(files[row].kilobits)
        return slot.device.fit(file) != nil
    }
}

/// Rows that many read and their owner frees.
@safe struct KnownTable<Row: Sendable>: @unchecked Sendable {
    let count: Int
    private let start: UnsafeMutablePointer<Row>

    init(_ count: Int, _ row: (Int) -> Row) {
        self.count = count
        unsafe start = .allocate(capacity: max(count, 1))
        for index in 0..<count { unsafe (start + index).initialize(to: row(index)) }
    }

    func deallocate() { unsafe start.deallocate() }

    subscript(_ index: Int) -> Row {
        @inline(__always) unsafeAddress {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "the catalog has no such row")
            return unsafe UnsafePointer(start + index)
        }
        @inline(__always) unsafeMutableAddress {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "the catalog has no such row")
            return unsafe start + index
        }
    }
}
