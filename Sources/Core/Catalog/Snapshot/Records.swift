// What a decision reads of a snapshot: things by their number, with the numbers of what belongs to them. Plain values;
// nothing is allocated.
public import Units

/// A line item. Ranges are over the snapshot's lists, in which `creative(inList:)` and the like look.
public struct LineItemRecord: Sendable {
    public let campaign: Int
    public let status: LineItemStatus
    public let priority: LineItem.Priority
    /// For a thousand impressions, in the campaign's currency; nil where it bids by its goal.
    public let bid: Micros?
    /// Nil where the campaign's holds.
    public let goalValue: Micros?
    /// 0 where none are guaranteed.
    public let guaranteedImpressions: Int64
    public let flightStart: Instant
    public let flightEnd: Instant
    public let creatives: Range<Int>
    public let frequencyCaps: Range<Int>
    public let separation: Range<Int>
}

public struct CampaignRecord: Sendable {
    public let advertiser: Int
    public let currency: CurrencyCode
    public let lifetimeBudget: Micros
    public let dailyBudget: Micros?
    public let dayStartsAtMinutes: Int
    public let pacing: Campaign.Pacing
    public let goal: Campaign.Goal
    public let goalValue: Micros
}

public struct CreativeRecord: Sendable {
    public let advertiser: Int
    public let format: Creative.Format
    public let audit: Creative.Audit
    public let durationMilliseconds: Int
    public let attributes: Range<Int>
    public let categories: Range<Int>
    public let mediaFiles: Range<Int>
    public let trackers: Range<Int>
}

public struct DealRecord: Sendable {
    public let publisher: Int?
    public let currency: CurrencyCode
    public let floor: Micros
    public let auction: Deal.Auction
}

/// A cap: so many impressions in a window; nil minutes are the life of the campaign.
public struct FrequencyCapRecord: Sendable {
    public let by: FrequencyCap.Subject
    public let impressions: Int
    public let windowMinutes: Int?
}

extension CatalogSnapshot {
    public func lineItem(at row: Int) -> LineItemRecord {
        LineItemRecord(
            campaign: Int(number(.lineItemCampaign, row)),
            status: LineItemStatus.allCases[Int(byte(.lineItemStatus, row))],
            priority: LineItem.Priority.allCases[Int(byte(.lineItemPriority, row))],
            bid: amount(.lineItemBid, row), goalValue: amount(.lineItemGoalValue, row),
            guaranteedImpressions: wide(.lineItemImpressions, row),
            flightStart: Instant(nanoseconds: wide(.lineItemStart, row)),
            flightEnd: Instant(nanoseconds: wide(.lineItemEnd, row)),
            creatives: range(.lineItemCreativeStart, row),
            frequencyCaps: range(.lineItemCapStart, row), separation: range(.lineItemSeparationStart, row))
    }

    public func campaign(at row: Int) -> CampaignRecord {
        CampaignRecord(
            advertiser: Int(number(.campaignAdvertiser, row)), currency: currencyCode(.campaignCurrency, row),
            lifetimeBudget: Micros(wide(.campaignLifetimeBudget, row)),
            dailyBudget: amount(.campaignDailyBudget, row),
            dayStartsAtMinutes: Int(Int32(bitPattern: number(.campaignDayStart, row))),
            pacing: Campaign.Pacing.allCases[Int(byte(.campaignPacing, row))],
            goal: Campaign.Goal.allCases[Int(byte(.campaignGoal, row))],
            goalValue: Micros(wide(.campaignGoalValue, row)))
    }

    public func creative(at row: Int) -> CreativeRecord {
        CreativeRecord(
            advertiser: Int(number(.creativeAdvertiser, row)),
            format: Creative.Format.allCases[Int(byte(.creativeFormat, row))],
            audit: Creative.Audit.allCases[Int(byte(.creativeAudit, row))],
            durationMilliseconds: Int(number(.creativeDuration, row)),
            attributes: range(.creativeAttributeStart, row), categories: range(.creativeCategoryStart, row),
            mediaFiles: range(.creativeMediaStart, row), trackers: range(.creativeTrackerStart, row))
    }

    public func deal(at row: Int) -> DealRecord {
        let publisher = number(.dealPublisher, row)
        return DealRecord(
            publisher: publisher == Layout.none ? nil : Int(publisher),
            currency: currencyCode(.dealCurrency, row),
            floor: Micros(wide(.dealFloor, row)), auction: Deal.Auction.allCases[Int(byte(.dealAuction, row))]
        )
    }

    public func frequencyCap(inList place: Int) -> FrequencyCapRecord {
        let window = Int(number(.capWindowMinutes, place))
        return FrequencyCapRecord(
            by: FrequencyCap.Subject.allCases[Int(byte(.capSubject, place))],
            impressions: Int(number(.capImpressions, place)), windowMinutes: window == 0 ? nil : window)
    }

    public func creative(inList place: Int) -> Int {
        Int(at(.lineItemCreative, .lineItemCreatives, place, UInt32.self))
    }
    /// A number for the word: equal words have equal numbers.
    public func separation(inList place: Int) -> UInt32 {
        at(.lineItemSeparation, .lineItemSeparations, place, UInt32.self)
    }
    public func attribute(inList place: Int) -> Int {
        Int(at(.creativeAttribute, .creativeAttributes, place, UInt32.self))
    }

    /// The floor of a publisher or, where it has its own, of its inventory, in the publisher's currency.
    public func floor(publisher: Int, inventory: Int?) -> (amount: Micros, currency: CurrencyCode) {
        let own = inventory.flatMap { amount(.inventoryFloor, $0) }
        return (own ?? Micros(wide(.publisherFloor, publisher)), currencyCode(.publisherCurrency, publisher))
    }

    /// The block lists that hold on a publisher's inventory: for `CatalogQuery.add(blockList:)`.
    public func forEachBlockList(publisher: Int, inventory: Int?, _ body: (Int) -> Void) {
        for place in range(.publisherBlockListStart, publisher) {
            body(Int(number(.publisherBlockList, place)))
        }
        guard let inventory else { return }
        for place in range(.inventoryBlockListStart, inventory) {
            body(Int(number(.inventoryBlockList, place)))
        }
    }

    /// What journals and people call a thing.
    public func id(_ kind: EntityKind, at row: Int) -> String { string(idColumn(kind), row) }

    /// The thing of this id: a binary search, since all but line items stand in the order of their ids.
    public func row(_ kind: EntityKind, id: RawSpan) -> Int? {
        precondition(kind != .lineItems, "line items stand in the order of the index")
        let column = idColumn(kind)
        var low = 0
        var high = count(column.form.table)
        while low < high {
            let middle = (low + high) / 2
            let order = compare(number(column, middle), id)
            if order == 0 { return middle }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// Less than zero where the text comes before the bytes.
    private func compare(_ string: UInt32, _ bytes: RawSpan) -> Int {
        let text = self.bytes(CatalogText(number: string))
        let length = min(text.byteCount, bytes.byteCount)
        var at = 0
        while at &+ 8 <= length {
            // The first byte decides before all others.
            let (own, other) = (
                text.word(uncheckedAt: at).byteSwapped, bytes.word(uncheckedAt: at).byteSwapped
            )
            if own != other { return own < other ? -1 : 1 }
            at &+= 8
        }
        while at < length {
            let (own, other) = (text.byte(at), bytes.byte(at))
            if own != other { return own < other ? -1 : 1 }
            at &+= 1
        }
        return text.byteCount - bytes.byteCount
    }

    private func idColumn(_ kind: EntityKind) -> Column {
        switch kind {
        case .advertisers: .advertiserID
        case .campaigns: .campaignID
        case .lineItems: .lineItemID
        case .creatives: .creativeID
        case .publishers: .publisherID
        case .inventory: .inventoryID
        case .deals: .dealID
        case .blockLists: .blockListID
        }
    }

    private func amount(_ column: Column, _ row: Int) -> Micros? {
        let amount = wide(column, row)
        return amount == noAmount ? nil : Micros(amount)
    }

    private func currencyCode(_ column: Column, _ row: Int) -> CurrencyCode {
        CurrencyCode(rawValue: number(column, row)) ?? .usd
    }
}
