// The layout of a compiled catalog: tables of so many rows, and columns of numbers over them. A reader of this
// version knows every column; a change of the lists below is a new version.
//
//     0   magic, 8 bytes            24  how many tables there are, 32 bits
//     8   version, 32 bits          28  how many columns there are, 32 bits
//     12  CRC-32C of all from 16    64  rows of each table, 64 bits each
//     16  length in bytes, 64 bits      where each column starts, 64 bits each; then the columns
//
// Numbers are little-endian; a column starts at a multiple of 64 bytes, so that vectors load whole lines.

enum Layout {
    /// "PACECAT" and a byte that text conversions destroy.
    static let magic: UInt64 = 0x8A54_4143_4543_4150
    static let version: UInt32 = 3
    static let headerBytes = 64
    static let alignment = 64
    static let checkedFrom = 16

    static let countsOffset = headerBytes
    static let startsOffset = countsOffset + 8 * Table.allCases.count
    static let columnsOffset = aligned(startsOffset + 8 * Column.allCases.count)

    static func aligned(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }

    /// What stands where there is no index of another row.
    static let none = UInt32.max
    /// A quarter of a 32-bit number: sums of two counts fit, and so does every index.
    static let mostRows = 1 << 30
}

/// What has rows. Lists of each thing of a kind are tables too: the rows of one thing stand together.
enum Table: UInt8, CaseIterable, Sendable {
    case strings, stringBytes
    case advertisers, advertiserDomains, advertiserCategories
    case campaigns
    case lineItems, lineItemCreatives, lineItemCaps, lineItemSeparations
    case creatives, creativeAttributes, creativeCategories, creativeBundles, mediaFiles, trackers
    case verifications, verificationTrackers
    case publishers, publisherBlockLists, inventory, inventoryBlockLists, deals
    case blockLists, blockDomains, blockCategories, blockAttributes, blockCreatives, blockValues
    // The index of targeting.
    case rows, facets, values, valueSlots, includes, sets, setRows, setWords
    case circles, circleCells, dayparts, daypartWords
}

/// A column: what its numbers are, of which table it has one for each row, and what they must be.
struct ColumnForm: Sendable {
    enum Check: Sendable {
        case nothing
        case below(Int)
        case currency
        /// A row of a table.
        case row(of: Table)
        case rowOrNone(of: Table)
        /// One number more than the table has rows: where the rows of each start in the other table.
        case starts(in: Table)
    }

    let table: Table
    let width: Int
    let check: Check

    /// Its numbers are those of texts.
    var isText: Bool {
        switch check {
        case .row(of: .strings), .rowOrNone(of: .strings): true
        default: false
        }
    }

    static func flag(_ table: Table, below bound: Int) -> ColumnForm {
        .init(table: table, width: 1, check: .below(bound))
    }
    static func number(_ table: Table) -> ColumnForm { .init(table: table, width: 4, check: .nothing) }
    static func wide(_ table: Table) -> ColumnForm { .init(table: table, width: 8, check: .nothing) }
    static func currency(_ table: Table) -> ColumnForm { .init(table: table, width: 4, check: .currency) }
    static func row(_ table: Table, _ other: Table) -> ColumnForm {
        .init(table: table, width: 4, check: .row(of: other))
    }
    static func text(_ table: Table) -> ColumnForm { row(table, .strings) }
    static func optionalRow(_ table: Table, _ other: Table) -> ColumnForm {
        .init(table: table, width: 4, check: .rowOrNone(of: other))
    }
    static func optionalText(_ table: Table) -> ColumnForm { optionalRow(table, .strings) }
    static func starts(_ table: Table, _ other: Table) -> ColumnForm {
        .init(table: table, width: 4, check: .starts(in: other))
    }
}

enum Column: UInt8, CaseIterable, Sendable {
    case stringStart, stringByte
    case advertiserID, advertiserName, advertiserDomainStart, advertiserDomain, advertiserCategoryStart
    case advertiserCategory
    case campaignID, campaignName, campaignAdvertiser, campaignCurrency, campaignStart, campaignEnd
    case campaignLifetimeBudget, campaignDailyBudget, campaignDayStart, campaignPacing, campaignGoal
    case campaignGoalValue
    case lineItemID, lineItemName, lineItemCampaign, lineItemStatus, lineItemStart, lineItemEnd,
        lineItemOwnFlight
    case lineItemPriority, lineItemImpressions, lineItemBid, lineItemGoalValue, lineItemShading,
        lineItemTargeting
    case lineItemCreativeStart, lineItemCreative, lineItemCapStart, capSubject, capImpressions,
        capWindowMinutes
    case lineItemSeparationStart, lineItemSeparation
    case creativeID, creativeName, creativeAdvertiser, creativeFormat, creativeDuration, creativeAudit
    case creativeLanguage, creativeClickThrough, creativeUniversalRegistry, creativeUniversalValue,
        creativeTag
    case creativeAttributeStart, creativeAttribute, creativeCategoryStart, creativeCategory
    case creativeBundleStart, creativeBundle
    case creativeMediaStart, mediaURL, mediaMIME, mediaCodec, mediaDelivery, mediaWidth, mediaHeight,
        mediaBitrate
    case mediaSize, creativeTrackerStart, trackerEvent, trackerURL
    case creativeVerificationStart, verificationVendor, verificationScript, verificationFramework
    case verificationOptional, verificationParameters, verificationTrackerStart, verificationTracker
    case publisherID, publisherName, publisherCurrency, publisherFloor, publisherShading, publisherSoftFloor,
        publisherBlockListStart
    case publisherBlockList
    case inventoryID, inventoryPublisher, inventoryName, inventoryMedium, inventoryAddress, inventoryFloor,
        inventorySoftFloor
    case inventoryBlockListStart, inventoryBlockList
    case dealID, dealPublisher, dealName, dealCurrency, dealFloor, dealSoftFloor, dealAuction
    case blockListID, blockDomainStart, blockDomain, blockCategoryStart, blockCategory, blockAttributeStart
    case blockAttribute, blockCreativeStart, blockCreative, blockValueStart, blockValue
    case rowLineItem, facetDimension, facetDefaultSet
    case valueDimension, valueName, valueIncludeStart, valueExcludeSet, valueSlot, includeFacet, includeSet
    case setKind, setCount, setStart, setRow, setWord
    case circleValue, circleX, circleY, circleZ, circleChord, cellKey, cellCircle
    case daypartValue, daypartWord

    var form: ColumnForm { Self.forms[Int(rawValue)] }

    private static let forms: [ColumnForm] = allCases.map(\.declared)

    private var declared: ColumnForm {
        switch self {
        case .stringStart: .starts(.strings, .stringBytes)
        case .stringByte: .init(table: .stringBytes, width: 1, check: .nothing)
        case .advertiserID, .advertiserName: .text(.advertisers)
        case .advertiserDomainStart: .starts(.advertisers, .advertiserDomains)
        case .advertiserDomain: .text(.advertiserDomains)
        case .advertiserCategoryStart: .starts(.advertisers, .advertiserCategories)
        case .advertiserCategory: .text(.advertiserCategories)
        case .campaignID, .campaignName: .text(.campaigns)
        case .campaignAdvertiser: .row(.campaigns, .advertisers)
        case .campaignCurrency: .currency(.campaigns)
        case .campaignStart, .campaignEnd, .campaignLifetimeBudget, .campaignDailyBudget, .campaignGoalValue:
            .wide(.campaigns)
        case .campaignDayStart: .number(.campaigns)
        case .campaignPacing: .flag(.campaigns, below: Campaign.Pacing.allCases.count)
        case .campaignGoal: .flag(.campaigns, below: Campaign.Goal.allCases.count)
        case .lineItemID, .lineItemName, .lineItemTargeting: .text(.lineItems)
        case .lineItemCampaign: .row(.lineItems, .campaigns)
        case .lineItemStatus: .flag(.lineItems, below: LineItemStatus.allCases.count)
        case .lineItemOwnFlight: .flag(.lineItems, below: 2)
        case .lineItemPriority: .flag(.lineItems, below: LineItem.Priority.allCases.count)
        case .lineItemShading: .flag(.lineItems, below: OptionalFlag.count)
        case .lineItemStart, .lineItemEnd, .lineItemImpressions, .lineItemBid, .lineItemGoalValue:
            .wide(.lineItems)
        case .lineItemCreativeStart: .starts(.lineItems, .lineItemCreatives)
        case .lineItemCreative: .row(.lineItemCreatives, .creatives)
        case .lineItemCapStart: .starts(.lineItems, .lineItemCaps)
        case .capSubject: .flag(.lineItemCaps, below: FrequencyCap.Subject.allCases.count)
        case .capImpressions, .capWindowMinutes: .number(.lineItemCaps)
        case .lineItemSeparationStart: .starts(.lineItems, .lineItemSeparations)
        case .lineItemSeparation: .text(.lineItemSeparations)
        case .creativeID, .creativeName: .text(.creatives)
        case .creativeAdvertiser: .row(.creatives, .advertisers)
        case .creativeFormat: .flag(.creatives, below: Creative.Format.allCases.count)
        case .creativeDuration: .number(.creatives)
        case .creativeAudit: .flag(.creatives, below: Creative.Audit.allCases.count)
        case .creativeLanguage, .creativeClickThrough, .creativeUniversalRegistry, .creativeUniversalValue,
            .creativeTag:
            .optionalText(.creatives)
        case .creativeAttributeStart: .starts(.creatives, .creativeAttributes)
        case .creativeAttribute: .number(.creativeAttributes)
        case .creativeCategoryStart: .starts(.creatives, .creativeCategories)
        case .creativeCategory: .text(.creativeCategories)
        case .creativeBundleStart: .starts(.creatives, .creativeBundles)
        case .creativeBundle: .text(.creativeBundles)
        case .creativeMediaStart: .starts(.creatives, .mediaFiles)
        case .mediaURL, .mediaMIME: .text(.mediaFiles)
        case .mediaCodec: .optionalText(.mediaFiles)
        case .mediaDelivery: .flag(.mediaFiles, below: MediaFile.Delivery.allCases.count)
        case .mediaWidth, .mediaHeight, .mediaBitrate: .number(.mediaFiles)
        case .mediaSize: .wide(.mediaFiles)
        case .creativeTrackerStart: .starts(.creatives, .trackers)
        case .trackerEvent: .flag(.trackers, below: Tracker.Event.allCases.count)
        case .trackerURL: .text(.trackers)
        case .creativeVerificationStart: .starts(.creatives, .verifications)
        case .verificationVendor, .verificationScript, .verificationFramework: .text(.verifications)
        case .verificationOptional: .flag(.verifications, below: 2)
        case .verificationParameters: .optionalText(.verifications)
        case .verificationTrackerStart: .starts(.verifications, .verificationTrackers)
        case .verificationTracker: .text(.verificationTrackers)
        case .publisherID, .publisherName: .text(.publishers)
        case .publisherCurrency: .currency(.publishers)
        case .publisherShading: .flag(.publishers, below: OptionalFlag.count)
        case .publisherFloor, .publisherSoftFloor: .wide(.publishers)
        case .publisherBlockListStart: .starts(.publishers, .publisherBlockLists)
        case .publisherBlockList: .row(.publisherBlockLists, .blockLists)
        case .inventoryID, .inventoryName: .text(.inventory)
        case .inventoryPublisher: .row(.inventory, .publishers)
        case .inventoryMedium: .flag(.inventory, below: Inventory.Medium.allCases.count)
        case .inventoryAddress: .optionalText(.inventory)
        case .inventoryFloor, .inventorySoftFloor: .wide(.inventory)
        case .inventoryBlockListStart: .starts(.inventory, .inventoryBlockLists)
        case .inventoryBlockList: .row(.inventoryBlockLists, .blockLists)
        case .dealID, .dealName: .text(.deals)
        case .dealPublisher: .optionalRow(.deals, .publishers)
        case .dealCurrency: .currency(.deals)
        case .dealFloor, .dealSoftFloor: .wide(.deals)
        case .dealAuction: .flag(.deals, below: Deal.Auction.allCases.count)
        case .blockListID: .text(.blockLists)
        case .blockDomainStart: .starts(.blockLists, .blockDomains)
        case .blockDomain: .text(.blockDomains)
        case .blockCategoryStart: .starts(.blockLists, .blockCategories)
        case .blockCategory: .text(.blockCategories)
        case .blockAttributeStart: .starts(.blockLists, .blockAttributes)
        case .blockAttribute: .number(.blockAttributes)
        case .blockCreativeStart: .starts(.blockLists, .blockCreatives)
        case .blockCreative: .row(.blockCreatives, .creatives)
        case .blockValueStart: .starts(.blockLists, .blockValues)
        case .blockValue: .row(.blockValues, .values)
        case .rowLineItem: .row(.rows, .lineItems)
        case .facetDimension: .flag(.facets, below: Dimension.count)
        case .facetDefaultSet: .row(.facets, .sets)
        case .valueDimension: .flag(.values, below: Dimension.count)
        case .valueName: .text(.values)
        case .valueIncludeStart: .starts(.values, .includes)
        case .valueExcludeSet: .optionalRow(.values, .sets)
        case .valueSlot: .optionalRow(.valueSlots, .values)
        case .includeFacet: .row(.includes, .facets)
        case .includeSet: .row(.includes, .sets)
        case .setKind: .flag(.sets, below: 2)
        case .setCount, .setStart: .number(.sets)
        case .setRow: .row(.setRows, .rows)
        case .setWord: .wide(.setWords)
        case .circleValue: .row(.circles, .values)
        case .circleX, .circleY, .circleZ, .circleChord: .wide(.circles)
        case .cellKey: .number(.circleCells)
        case .cellCircle: .row(.circleCells, .circles)
        case .daypartValue: .row(.dayparts, .values)
        case .daypartWord: .wide(.daypartWords)
        }
    }
}

/// Yes, no, or nothing said, as a column keeps it.
enum OptionalFlag {
    static let count = 3
    static func byte(_ flag: Bool?) -> UInt8 { flag.map { $0 ? 2 : 1 } ?? 0 }
    static func flag(_ byte: UInt8) -> Bool? { byte == 0 ? nil : byte == 2 }
}

/// Whether a line item can ever be shown.
public enum LineItemStatus: UInt8, CaseIterable, Sendable {
    case ready, paused
    /// None of its creatives is approved.
    case noCreative
}
