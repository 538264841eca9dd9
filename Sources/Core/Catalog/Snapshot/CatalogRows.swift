// What a decision reads of a snapshot while a request waits: single numbers and texts by row, where they lie,
// without making a value of anything. `Records.swift` has whole things for those who are not in a hurry.
public import Units

/// A text of the snapshot's pool. Equal texts are one, so that comparing two costs one instruction.
public struct CatalogText: Hashable, Sendable, BitwiseCopyable {
    public let number: UInt32
}

public struct LineItemRow: Sendable {
    public var campaign: Int
    /// Its place among the cases of `LineItem.Priority`.
    public var priority: UInt8
    public var bid: Micros?
    public var goalValue: Micros?
    /// Places for `creative(inList:)`.
    public var creatives: Range<Int>
    /// Places for `separation(inList:)`.
    public var separations: Range<Int>
}

public struct CampaignRow: Sendable {
    public var advertiser: Int
    /// Three letters, the first one highest.
    public var currency: UInt32
    public var goal: Campaign.Goal
    public var goalValue: Micros
}

/// So many impressions in a window that ends now.
public struct FrequencyCapRow: Hashable, Sendable {
    /// Its place among the cases of `FrequencyCap.Subject`: user, household, creative.
    public var subject: UInt8
    public var impressions: Int
    /// Nil is the life of the campaign.
    public var windowMinutes: UInt32?

    // Places among the cases of `FrequencyCap.Subject`.
    public static let user: UInt8 = 0
    public static let household: UInt8 = 1
    public static let creative: UInt8 = 2

    public var isByHousehold: Bool { subject == Self.household }
    public var isByCreative: Bool { subject == Self.creative }

    /// As people read it: `3 by user in 1440 min`.
    public var sentence: String {
        let by = isByHousehold ? "household" : isByCreative ? "creative" : "user"
        let window = windowMinutes.map { "in \($0) min" } ?? "in the campaign's life"
        return "\(impressions) by \(by) \(window)"
    }
}

public struct CreativeRow: Sendable {
    /// Its place among the cases of `Creative.Format`.
    public var format: UInt8
    public var milliseconds: Int
    public var isApproved: Bool
    public var name: CatalogText
    public var language: CatalogText?
    public var clickThrough: CatalogText?
    public var universalRegistry: CatalogText?
    public var universalValue: CatalogText?
    /// Where another server has the ad.
    public var tag: CatalogText?
    /// Places for `verification(at:)`.
    public var verifications: Range<Int>
    public var media: Range<Int>
    public var trackers: Range<Int>
    public var categories: Range<Int>
    public var attributes: Range<Int>
}

public struct VerificationRow: Sendable {
    public var vendor: CatalogText
    public var script: CatalogText
    public var framework: CatalogText
    public var isBrowserOptional: Bool
    public var parameters: CatalogText?
    /// Places for `verificationTracker(at:)`.
    public var trackers: Range<Int>
}

public struct MediaRow: Sendable {
    public var url: CatalogText
    public var mime: CatalogText
    public var codec: CatalogText?
    public var isStreaming: Bool
    public var width: Int
    public var height: Int
    public var kilobits: Int
}

extension CatalogSnapshot {
    @_lifetime(borrow self)
    public func bytes(_ text: CatalogText) -> RawSpan {
        let bytes = unsafe self.text(text.number)
        return unsafe _overrideLifetime(RawSpan(_unsafeBytes: bytes), borrowing: self)
    }

    /// The same as UTF-8: the compiler writes nothing else, and a checksum guards what it wrote.
    @_lifetime(borrow self)
    public func utf8(_ text: CatalogText) -> UTF8Span {
        let bytes = unsafe Span<UInt8>(_unsafeBytes: self.text(text.number))
        return unsafe UTF8Span(unchecked: _overrideLifetime(bytes, borrowing: self))
    }

    @inline(__always)
    private func text(_ column: Column, _ table: Table, _ row: Int) -> CatalogText {
        CatalogText(number: at(column, table, row, UInt32.self))
    }

    @inline(__always)
    private func optional(_ column: Column, _ table: Table, _ row: Int) -> CatalogText? {
        let number = at(column, table, row, UInt32.self)
        return number == Layout.none ? nil : CatalogText(number: number)
    }

    @inline(__always)
    private func money(_ column: Column, _ table: Table, _ row: Int) -> Micros? {
        let amount = at(column, table, row, Int64.self)
        return amount == noAmount ? nil : Micros(amount)
    }
}

// Demand.
extension CatalogSnapshot {
    public func lineItemRow(_ row: Int) -> LineItemRow {
        LineItemRow(
            campaign: Int(at(.lineItemCampaign, .lineItems, row, UInt32.self)),
            priority: at(.lineItemPriority, .lineItems, row, UInt8.self),
            bid: money(.lineItemBid, .lineItems, row), goalValue: money(.lineItemGoalValue, .lineItems, row),
            creatives: list(.lineItemCreativeStart, .lineItems, row),
            separations: list(.lineItemSeparationStart, .lineItems, row))
    }

    /// Whose money it spends.
    public func campaign(ofLineItem row: Int) -> Int {
        Int(at(.lineItemCampaign, .lineItems, row, UInt32.self))
    }

    /// Places for `capRow(at:)`.
    public func frequencyCaps(ofLineItem row: Int) -> Range<Int> { list(.lineItemCapStart, .lineItems, row) }
    public func capRow(at place: Int) -> FrequencyCapRow {
        let minutes = at(.capWindowMinutes, .lineItemCaps, place, UInt32.self)
        return FrequencyCapRow(
            subject: at(.capSubject, .lineItemCaps, place, UInt8.self),
            impressions: Int(at(.capImpressions, .lineItemCaps, place, UInt32.self)),
            windowMinutes: minutes == 0 ? nil : minutes)
    }

    public func campaignRow(_ row: Int) -> CampaignRow {
        let goal: Campaign.Goal =
            switch at(.campaignGoal, .campaigns, row, UInt8.self) {
            case 0: .cpm
            case 1: .cpc
            case 2: .cpcv
            default: .cpa
            }
        return CampaignRow(
            advertiser: Int(at(.campaignAdvertiser, .campaigns, row, UInt32.self)),
            currency: at(.campaignCurrency, .campaigns, row, UInt32.self), goal: goal,
            goalValue: Micros(at(.campaignGoalValue, .campaigns, row, Int64.self)))
    }

    public func lineItemID(_ row: Int) -> CatalogText { text(.lineItemID, .lineItems, row) }
    /// As the catalog has it; empty for everyone.
    public func lineItemTargeting(_ row: Int) -> CatalogText { text(.lineItemTargeting, .lineItems, row) }
    public func campaignID(_ row: Int) -> CatalogText { text(.campaignID, .campaigns, row) }
    public func creativeID(_ row: Int) -> CatalogText { text(.creativeID, .creatives, row) }
    public func advertiserID(_ row: Int) -> CatalogText { text(.advertiserID, .advertisers, row) }
    public func advertiserName(_ row: Int) -> CatalogText { text(.advertiserName, .advertisers, row) }
    public var advertiserCount: Int { count(.advertisers) }
    public var campaignCount: Int { count(.campaigns) }

    public func advertiserDomains(_ row: Int) -> Range<Int> {
        list(.advertiserDomainStart, .advertisers, row)
    }
    public func advertiserDomain(at place: Int) -> CatalogText {
        text(.advertiserDomain, .advertiserDomains, place)
    }
}

// Creatives.
extension CatalogSnapshot {
    public var creativeCount: Int { count(.creatives) }
    /// Whose it is.
    public func advertiser(ofCreative row: Int) -> Int {
        Int(at(.creativeAdvertiser, .creatives, row, UInt32.self))
    }
    public var mediaCount: Int { count(.mediaFiles) }

    public func creativeRow(_ row: Int) -> CreativeRow {
        CreativeRow(
            format: at(.creativeFormat, .creatives, row, UInt8.self),
            milliseconds: Int(at(.creativeDuration, .creatives, row, UInt32.self)),
            // The audit's cases are pending, approved, rejected.
            isApproved: at(.creativeAudit, .creatives, row, UInt8.self) == 1,
            name: text(.creativeName, .creatives, row),
            language: optional(.creativeLanguage, .creatives, row),
            clickThrough: optional(.creativeClickThrough, .creatives, row),
            universalRegistry: optional(.creativeUniversalRegistry, .creatives, row),
            universalValue: optional(.creativeUniversalValue, .creatives, row),
            tag: optional(.creativeTag, .creatives, row),
            verifications: list(.creativeVerificationStart, .creatives, row),
            media: list(.creativeMediaStart, .creatives, row),
            trackers: list(.creativeTrackerStart, .creatives, row),
            categories: list(.creativeCategoryStart, .creatives, row),
            attributes: list(.creativeAttributeStart, .creatives, row))
    }

    public func mediaRow(_ row: Int) -> MediaRow {
        MediaRow(
            url: text(.mediaURL, .mediaFiles, row), mime: text(.mediaMIME, .mediaFiles, row),
            codec: optional(.mediaCodec, .mediaFiles, row),
            isStreaming: at(.mediaDelivery, .mediaFiles, row, UInt8.self) == 1,
            width: Int(at(.mediaWidth, .mediaFiles, row, UInt32.self)),
            height: Int(at(.mediaHeight, .mediaFiles, row, UInt32.self)),
            kilobits: Int(at(.mediaBitrate, .mediaFiles, row, UInt32.self)))
    }

    /// The app that it advertises, by the names that stores have for it: places for `bundle(at:)`.
    public func bundles(ofCreative row: Int) -> Range<Int> { list(.creativeBundleStart, .creatives, row) }
    public func bundle(at place: Int) -> CatalogText { text(.creativeBundle, .creativeBundles, place) }

    /// Its event is a place among the cases of `Tracker.Event`.
    public func tracker(at place: Int) -> (event: UInt8, url: CatalogText) {
        (at(.trackerEvent, .trackers, place, UInt8.self), text(.trackerURL, .trackers, place))
    }
    public func verification(at place: Int) -> VerificationRow {
        VerificationRow(
            vendor: text(.verificationVendor, .verifications, place),
            script: text(.verificationScript, .verifications, place),
            framework: text(.verificationFramework, .verifications, place),
            isBrowserOptional: at(.verificationOptional, .verifications, place, UInt8.self) == 1,
            parameters: optional(.verificationParameters, .verifications, place),
            trackers: list(.verificationTrackerStart, .verifications, place))
    }
    public func verificationTracker(at place: Int) -> CatalogText {
        text(.verificationTracker, .verificationTrackers, place)
    }
    public func category(at place: Int) -> CatalogText { text(.creativeCategory, .creativeCategories, place) }
}

// Supply.
extension CatalogSnapshot {
    public func publisherID(_ row: Int) -> CatalogText { text(.publisherID, .publishers, row) }
    public var inventoryCount: Int { count(.inventory) }
    public func inventoryID(_ row: Int) -> CatalogText { text(.inventoryID, .inventory, row) }
    public func inventoryAddress(_ row: Int) -> CatalogText? { optional(.inventoryAddress, .inventory, row) }
    public func inventoryMedium(_ row: Int) -> Inventory.Medium {
        let media = Inventory.Medium.allCases
        return media[Int(at(.inventoryMedium, .inventory, row, UInt8.self))]
    }
    /// Whose inventory it is.
    public func publisher(ofInventory row: Int) -> Int {
        Int(at(.inventoryPublisher, .inventory, row, UInt32.self))
    }
    public func publisherFloor(_ row: Int) -> (amount: Micros, currency: UInt32) {
        (
            Micros(at(.publisherFloor, .publishers, row, Int64.self)),
            at(.publisherCurrency, .publishers, row, UInt32.self)
        )
    }
    /// In the publisher's currency; nil where the publisher's own floor holds.
    public func inventoryFloor(_ row: Int) -> Micros? { money(.inventoryFloor, .inventory, row) }
    /// In the publisher's currency.
    public func publisherSoftFloor(_ row: Int) -> Micros? { money(.publisherSoftFloor, .publishers, row) }
    /// Nil where nothing is said.
    public func publisherShading(_ row: Int) -> Bool? {
        OptionalFlag.flag(at(.publisherShading, .publishers, row, UInt8.self))
    }
    public func lineItemShading(_ row: Int) -> Bool? {
        OptionalFlag.flag(at(.lineItemShading, .lineItems, row, UInt8.self))
    }
    /// Nil where the publisher's holds.
    public func inventorySoftFloor(_ row: Int) -> Micros? { money(.inventorySoftFloor, .inventory, row) }

    public func blockLists(ofPublisher row: Int) -> Range<Int> {
        list(.publisherBlockListStart, .publishers, row)
    }
    public func blockLists(ofInventory row: Int) -> Range<Int> {
        list(.inventoryBlockListStart, .inventory, row)
    }
    public func blockListOfPublisher(at place: Int) -> Int {
        Int(at(.publisherBlockList, .publisherBlockLists, place, UInt32.self))
    }
    public func blockListOfInventory(at place: Int) -> Int {
        Int(at(.inventoryBlockList, .inventoryBlockLists, place, UInt32.self))
    }

    /// Whether a block list has creatives by their ids.
    public func hasCreatives(blockList list: Int) -> Bool {
        !self.list(.blockCreativeStart, .blockLists, list).isEmpty
    }

    public func blockList(_ list: Int, refusesCreative creative: Int) -> Bool {
        for at in self.list(.blockCreativeStart, .blockLists, list)
        where self.at(.blockCreative, .blockCreatives, at, UInt32.self) == UInt32(creative) { return true }
        return false
    }

    public func blockList(_ list: Int, refusesAttribute attribute: Int) -> Bool {
        for at in self.list(.blockAttributeStart, .blockLists, list)
        where Int(self.at(.blockAttribute, .blockAttributes, at, UInt32.self)) == attribute { return true }
        return false
    }

    /// The category, or one that it is a part of.
    public func blockList(_ list: Int, refusesCategory category: CatalogText) -> Bool {
        for at in self.list(.blockCategoryStart, .blockLists, list)
        where bytes(category).isOf(category: bytes(text(.blockCategory, .blockCategories, at))) {
            return true
        }
        return false
    }

    /// The catalog's terms of a deal. A fixed one is bought at its floor.
    public func dealTerms(
        _ row: Int
    ) -> (floor: Micros, soft: Micros?, currency: UInt32, auction: Deal.Auction) {
        let auction: Deal.Auction =
            switch at(.dealAuction, .deals, row, UInt8.self) {
            case 0: .firstPrice
            case 1: .secondPrice
            default: .fixed
            }
        return (
            Micros(at(.dealFloor, .deals, row, Int64.self)), money(.dealSoftFloor, .deals, row),
            at(.dealCurrency, .deals, row, UInt32.self), auction
        )
    }
}

extension RawSpan {
    /// Whether this category is the other one, or a part of it: `IAB8-5` is of `IAB8`.
    public func isOf(category: RawSpan) -> Bool {
        guard byteCount > category.byteCount else { return isSame(category) }
        return byte(category.byteCount) == UInt8(ascii: "-")
            && starts(with: "iab", anyCase: true) && extracting(0..<category.byteCount).isSame(category)
    }
}

// Which of a request's values a line item asks for.
extension CatalogSnapshot {
    /// How many rows the index has: one for each alternative of each line item, in their order.
    public var rowCount: Int { count(.rows) }

    /// Whose row it is.
    public func lineItem(ofRow row: Int) -> Int { Int(at(.rowLineItem, .rows, row, UInt32.self)) }

    /// The number of a value that some targeting of the catalog names; nil where none does.
    public func targetedValue(_ dimension: Dimension, _ text: RawSpan) -> UInt32? { value(dimension, text) }

    /// The numbers of a dimension's values, which follow one another.
    public func values(of dimension: Dimension) -> Range<Int> {
        func first(from number: UInt8) -> Int {
            var (low, high) = (0, count(.values))
            while low < high {
                let middle = (low + high) / 2
                if byte(.valueDimension, middle) < number { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return first(from: dimension.rawValue)..<first(from: dimension.rawValue + 1)
    }

    /// How a value is written.
    public func name(ofValue value: Int) -> CatalogText { text(.valueName, .values, value) }

    /// Whether the line item's targeting asks for the value in one of its alternatives.
    public func asks(lineItem: Int, for value: UInt32) -> Bool {
        let all = count(.rows)
        let items = unsafe pointer(.rowLineItem, UInt32.self)
        // Rows stand in the order of their line items.
        var (low, high) = (0, all)
        while low < high {
            let middle = (low + high) / 2
            if unsafe Int(items[middle]) < lineItem { low = middle + 1 } else { high = middle }
        }
        for place in list(.valueIncludeStart, .values, Int(value)) {
            let set = RowSetView(at(.includeSet, .includes, place, UInt32.self), in: self)
            var row = low
            while row < all, unsafe Int(items[row]) == lineItem {
                if set.contains(row) { return true }
                row += 1
            }
        }
        return false
    }
}

extension CatalogSnapshot {
    /// Every line item that asks for some value of a dimension, whichever; one may come several times.
    public func forEachLineItem(askingForAny dimension: Dimension, _ body: (Int) -> Void) {
        let items = unsafe pointer(.rowLineItem, UInt32.self)
        for value in 0..<count(.values) where byte(.valueDimension, value) == dimension.rawValue {
            for place in range(.valueIncludeStart, value) {
                let set = RowSetView(number(.includeSet, place), in: self)
                set.forEachRow(of: count(.rows)) { row in unsafe body(Int(items[row])) }
            }
        }
    }
}

extension RowSetView {
    func forEachRow(of rows: Int, _ body: (Int) -> Void) {
        guard !isList else {
            for index in 0..<count { body(self[row: index]) }
            return
        }
        for word in 0..<RowSet.summaryWords(rows: rows) {
            var blocks = self.blocks(word)
            while blocks != 0 {
                let block = word * 64 + blocks.trailingZeroBitCount
                blocks &= blocks &- 1
                let bits = bits(ofBlock: block)
                for lane in 0..<RowSet.blockWords {
                    var left = bits[lane]
                    while left != 0 {
                        // A block that is full may reach beyond the last row.
                        let row = block * RowSet.blockRows + lane * 64 + left.trailingZeroBitCount
                        left &= left &- 1
                        if row < rows { body(row) }
                    }
                }
            }
        }
    }

    func contains(_ row: Int) -> Bool {
        guard isList else {
            return bits(ofBlock: row / RowSet.blockRows)[row / 64 % RowSet.blockWords] >> UInt64(row % 64) & 1
                == 1
        }
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[row: middle] < row { low = middle + 1 } else { high = middle }
        }
        return low < count && self[row: low] == row
    }
}
