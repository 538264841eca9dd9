// A snapshot as the values that it was compiled from, for people who look into it: every thing as its file could
// say it. What it gives compiles to the same bytes again.
public import Documents
import Units

extension CatalogSource {
    /// Everything in a snapshot. Line items come in the order of the index, all else by id.
    public init(_ snapshot: CatalogSnapshot) {
        self.init()
        advertisers = snapshot.all(.advertisers, snapshot.advertiser)
        campaigns = snapshot.all(.campaigns, snapshot.campaign)
        lineItems = snapshot.all(.lineItems, snapshot.lineItem)
        creatives = snapshot.all(.creatives, snapshot.creative)
        publishers = snapshot.all(.publishers, snapshot.publisher)
        inventory = snapshot.all(.inventory, snapshot.inventory)
        deals = snapshot.all(.deals, snapshot.deal)
        blockLists = snapshot.all(.blockLists, snapshot.blockList)
    }

    /// The things of a kind as their files would say them, with their ids.
    public func trees(_ kind: EntityKind) -> [(id: String, tree: JSONTree)] {
        func trees<Entity: CatalogEntity>(_ entities: [Entity]) -> [(id: String, tree: JSONTree)] {
            let schema = Entity.schema
            return entities.map { ($0.id, schema.show($0)) }
        }
        return switch kind {
        case .advertisers: trees(advertisers)
        case .campaigns: trees(campaigns)
        case .lineItems: trees(lineItems)
        case .creatives: trees(creatives)
        case .publishers: trees(publishers)
        case .inventory: trees(inventory)
        case .deals: trees(deals)
        case .blockLists: trees(blockLists)
        }
    }
}

extension CatalogSnapshot {
    fileprivate func all<Entity>(_ table: Table, _ entity: (Int) -> Entity) -> [Entity] {
        (0..<count(table)).map(entity)
    }

    /// The case of this number; the check at load left no other.
    private func choice<Choice: CaseIterable>(_ column: Column, _ row: Int) -> Choice
    where Choice.AllCases.Index == Int {
        Choice.allCases[Int(byte(column, row))]
    }

    private func strings(_ starts: Column, _ column: Column, _ row: Int) -> [String] {
        range(starts, row).map { string(column, $0) }
    }

    private func integers(_ starts: Column, _ column: Column, _ row: Int) -> [Int] {
        range(starts, row).map { Int(number(column, $0)) }
    }

    /// The ids of the things that a list names.
    private func ids(_ starts: Column, _ column: Column, of id: Column, _ row: Int) -> [String] {
        range(starts, row).map { string(id, Int(number(column, $0))) }
    }

    private func money(_ column: Column, _ row: Int) -> Micros? {
        let amount = wide(column, row)
        return amount == noAmount ? nil : Micros(amount)
    }

    private func currency(_ column: Column, _ row: Int) -> CurrencyCode {
        CurrencyCode(rawValue: number(column, row)) ?? .usd
    }

    private func flight(_ start: Column, _ end: Column, _ row: Int) -> Flight {
        var flight = Flight()
        flight.start = Instant(nanoseconds: wide(start, row))
        flight.end = Instant(nanoseconds: wide(end, row))
        return flight
    }

    fileprivate func advertiser(_ row: Int) -> Advertiser {
        var one = Advertiser()
        one.id = string(.advertiserID, row)
        one.name = string(.advertiserName, row)
        one.domains = strings(.advertiserDomainStart, .advertiserDomain, row)
        one.categories = strings(.advertiserCategoryStart, .advertiserCategory, row)
        return one
    }

    fileprivate func campaign(_ row: Int) -> Campaign {
        var one = Campaign()
        one.id = string(.campaignID, row)
        one.advertiser = string(.advertiserID, Int(number(.campaignAdvertiser, row)))
        one.name = string(.campaignName, row)
        one.currency = currency(.campaignCurrency, row)
        one.flight = flight(.campaignStart, .campaignEnd, row)
        one.lifetimeBudget = Micros(wide(.campaignLifetimeBudget, row))
        one.dailyBudget = money(.campaignDailyBudget, row)
        one.dayStartsAtMinutes = Int(Int32(bitPattern: number(.campaignDayStart, row)))
        one.pacing = choice(.campaignPacing, row)
        one.goal = choice(.campaignGoal, row)
        one.goalValue = Micros(wide(.campaignGoalValue, row))
        return one
    }

    fileprivate func lineItem(_ row: Int) -> LineItem {
        var one = LineItem()
        one.id = string(.lineItemID, row)
        one.campaign = string(.campaignID, Int(number(.lineItemCampaign, row)))
        one.name = string(.lineItemName, row)
        one.paused = byte(.lineItemStatus, row) == LineItemStatus.paused.rawValue
        if byte(.lineItemOwnFlight, row) == 1 { one.flight = flight(.lineItemStart, .lineItemEnd, row) }
        one.priority = choice(.lineItemPriority, row)
        let impressions = wide(.lineItemImpressions, row)
        one.guaranteedImpressions = impressions == 0 ? nil : impressions
        one.bid = money(.lineItemBid, row)
        one.goalValue = money(.lineItemGoalValue, row)
        one.frequencyCaps = range(.lineItemCapStart, row).map { cap in
            var one = FrequencyCap()
            one.by = choice(.capSubject, cap)
            one.impressions = Int(number(.capImpressions, cap))
            let window = Int(number(.capWindowMinutes, cap))
            one.windowMinutes = window == 0 ? nil : window
            return one
        }
        one.separation = strings(.lineItemSeparationStart, .lineItemSeparation, row)
        one.creatives = ids(.lineItemCreativeStart, .lineItemCreative, of: .creativeID, row)
        one.targeting = TargetingObject(reading: string(.lineItemTargeting, row))
        return one
    }

    fileprivate func creative(_ row: Int) -> Creative {
        var one = Creative()
        one.id = string(.creativeID, row)
        one.advertiser = string(.advertiserID, Int(number(.creativeAdvertiser, row)))
        one.name = string(.creativeName, row)
        one.format = choice(.creativeFormat, row)
        one.durationMilliseconds = Int(number(.creativeDuration, row))
        one.audit = choice(.creativeAudit, row)
        one.language = optionalString(.creativeLanguage, row)
        one.clickThrough = optionalString(.creativeClickThrough, row)
        if let registry = optionalString(.creativeUniversalRegistry, row),
            let value = optionalString(.creativeUniversalValue, row)
        {
            var id = UniversalID()
            id.registry = registry
            id.value = value
            one.universalID = id
        }
        one.attributes = integers(.creativeAttributeStart, .creativeAttribute, row)
        one.categories = strings(.creativeCategoryStart, .creativeCategory, row)
        one.bundles = strings(.creativeBundleStart, .creativeBundle, row)
        one.mediaFiles = range(.creativeMediaStart, row).map(mediaFile)
        one.trackers = range(.creativeTrackerStart, row).map { tracker in
            var one = Tracker()
            one.event = choice(.trackerEvent, tracker)
            one.url = string(.trackerURL, tracker)
            return one
        }
        one.vastTag = optionalString(.creativeTag, row)
        one.adVerifications = range(.creativeVerificationStart, row).map(verification)
        return one
    }

    private func verification(_ row: Int) -> AdVerification {
        var one = AdVerification()
        one.vendor = string(.verificationVendor, row)
        one.javaScript = string(.verificationScript, row)
        one.apiFramework = string(.verificationFramework, row)
        one.browserOptional = byte(.verificationOptional, row) == 1
        one.parameters = optionalString(.verificationParameters, row)
        one.notExecuted = strings(.verificationTrackerStart, .verificationTracker, row)
        return one
    }

    private func mediaFile(_ row: Int) -> MediaFile {
        var one = MediaFile()
        one.url = string(.mediaURL, row)
        one.mime = string(.mediaMIME, row)
        one.codec = optionalString(.mediaCodec, row)
        one.delivery = choice(.mediaDelivery, row)
        one.width = Int(number(.mediaWidth, row))
        one.height = Int(number(.mediaHeight, row))
        one.bitrateKilobits = Int(number(.mediaBitrate, row))
        one.sizeBytes = wide(.mediaSize, row)
        return one
    }

    fileprivate func publisher(_ row: Int) -> Publisher {
        var one = Publisher()
        one.id = string(.publisherID, row)
        one.name = string(.publisherName, row)
        one.currency = currency(.publisherCurrency, row)
        one.floor = Micros(wide(.publisherFloor, row))
        one.softFloor = money(.publisherSoftFloor, row)
        one.blockLists = ids(.publisherBlockListStart, .publisherBlockList, of: .blockListID, row)
        return one
    }

    fileprivate func inventory(_ row: Int) -> Inventory {
        var one = Inventory()
        one.id = string(.inventoryID, row)
        one.publisher = string(.publisherID, Int(number(.inventoryPublisher, row)))
        one.name = string(.inventoryName, row)
        one.medium = choice(.inventoryMedium, row)
        one.address = optionalString(.inventoryAddress, row)
        one.floor = money(.inventoryFloor, row)
        one.softFloor = money(.inventorySoftFloor, row)
        one.blockLists = ids(.inventoryBlockListStart, .inventoryBlockList, of: .blockListID, row)
        return one
    }

    fileprivate func deal(_ row: Int) -> Deal {
        var one = Deal()
        one.id = string(.dealID, row)
        let publisher = number(.dealPublisher, row)
        one.publisher = publisher == Layout.none ? nil : string(.publisherID, Int(publisher))
        one.name = string(.dealName, row)
        one.currency = currency(.dealCurrency, row)
        one.floor = Micros(wide(.dealFloor, row))
        one.softFloor = money(.dealSoftFloor, row)
        one.auction = choice(.dealAuction, row)
        return one
    }

    fileprivate func blockList(_ row: Int) -> BlockList {
        var one = BlockList()
        one.id = string(.blockListID, row)
        one.domains = strings(.blockDomainStart, .blockDomain, row)
        one.categories = strings(.blockCategoryStart, .blockCategory, row)
        one.attributes = integers(.blockAttributeStart, .blockAttribute, row)
        one.creatives = ids(.blockCreativeStart, .blockCreative, of: .creativeID, row)
        return one
    }
}

extension TargetingObject {
    /// From the text that the compiler kept. It is for people: one that does not read is shown as no targeting.
    fileprivate init?(reading text: String) {
        let bytes = Array(text.utf8)
        var reading = DocumentReading(bytes)
        guard !text.isEmpty, let tree = try? reading.tree(of: bytes),
            let targeting = TargetingObject.schema.read(tree, "", &reading)
        else { return nil }
        self = targeting
    }
}
