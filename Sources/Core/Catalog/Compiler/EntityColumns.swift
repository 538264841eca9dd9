// The columns of everything in a catalog but the index: each thing's own values, and the lists that it has.
import Units

extension CaseIterable where Self: Equatable, AllCases.Index == Int {
    /// The number under which a snapshot keeps a case.
    var number: UInt8 { UInt8(Self.allCases.firstIndex(of: self) ?? 0) }
}

/// What stands where there is no amount.
let noAmount: Int64 = -1

extension Compilation {
    mutating func writeDemand() {
        let advertisers = ordered(.advertisers, source.advertisers)
        writer.rows(.advertisers, advertisers.count)
        writer.set(.advertiserID, advertisers.map { strings.number($0.id) })
        writer.set(.advertiserName, advertisers.map { strings.number($0.name) })
        writer.set(
            .advertiserDomain,
            writer.lists(.advertiserDomainStart, advertisers.map { $0.domains.map { strings.number($0) } }))
        writer.set(
            .advertiserCategory,
            writer.lists(
                .advertiserCategoryStart, advertisers.map { $0.categories.map { strings.number($0) } }))

        let campaigns = ordered(.campaigns, source.campaigns)
        writer.rows(.campaigns, campaigns.count)
        writer.set(.campaignID, campaigns.map { strings.number($0.id) })
        writer.set(.campaignName, campaigns.map { strings.number($0.name) })
        writer.set(.campaignAdvertiser, campaigns.map { row(.advertisers, $0.advertiser) })
        writer.set(.campaignCurrency, campaigns.map(\.currency.rawValue))
        writer.set(.campaignStart, campaigns.map(\.flight.start.nanoseconds))
        writer.set(.campaignEnd, campaigns.map(\.flight.end.nanoseconds))
        writer.set(.campaignLifetimeBudget, campaigns.map(\.lifetimeBudget.rawValue))
        writer.set(.campaignDailyBudget, campaigns.map { $0.dailyBudget?.rawValue ?? noAmount })
        writer.set(.campaignDayStart, campaigns.map { Int32($0.dayStartsAtMinutes) })
        writer.set(.campaignPacing, campaigns.map(\.pacing.number))
        writer.set(.campaignGoal, campaigns.map(\.goal.number))
        writer.set(.campaignGoalValue, campaigns.map(\.goalValue.rawValue))
    }

    mutating func writeLineItems() {
        let expressions = takeExpressions()
        let items = ordered(.lineItems, source.lineItems)
        let flights = items.map { $0.flight ?? source.campaigns[place(.campaigns, $0.campaign)].flight }
        writer.rows(.lineItems, items.count)
        writer.set(.lineItemID, items.map { strings.number($0.id) })
        writer.set(.lineItemName, items.map { strings.number($0.name) })
        writer.set(.lineItemCampaign, items.map { row(.campaigns, $0.campaign) })
        writer.set(.lineItemStatus, items.map { status(of: $0).rawValue })
        writer.set(.lineItemStart, flights.map(\.start.nanoseconds))
        writer.set(.lineItemEnd, flights.map(\.end.nanoseconds))
        writer.set(.lineItemOwnFlight, items.map { UInt8($0.flight == nil ? 0 : 1) })
        writer.set(.lineItemPriority, items.map(\.priority.number))
        writer.set(.lineItemImpressions, items.map { $0.guaranteedImpressions ?? 0 })
        writer.set(.lineItemBid, items.map { $0.bid?.rawValue ?? noAmount })
        writer.set(.lineItemGoalValue, items.map { $0.goalValue?.rawValue ?? noAmount })
        writer.set(.lineItemShading, items.map { OptionalFlag.byte($0.bidShading) })
        writer.set(.lineItemTargeting, index.lineItems.map { expressions[Int($0)] })
        writer.set(
            .lineItemCreative,
            writer.lists(.lineItemCreativeStart, items.map { $0.creatives.map { row(.creatives, $0) } }))
        let caps = writer.lists(.lineItemCapStart, items.map(\.frequencyCaps))
        writer.set(.capSubject, caps.map(\.by.number))
        writer.set(.capImpressions, caps.map { UInt32($0.impressions) })
        writer.set(.capWindowMinutes, caps.map { UInt32($0.windowMinutes ?? 0) })
        writer.set(
            .lineItemSeparation,
            writer.lists(.lineItemSeparationStart, items.map { $0.separation.map { strings.number($0) } }))
    }

    /// The text of each expression, by where its line item stands in the source, which loses it.
    private mutating func takeExpressions() -> [UInt32] {
        source.lineItems.indices.map { place in
            defer { source.lineItems[place].targeting = nil }
            return strings.number(source.lineItems[place].targeting?.line ?? "")
        }
    }

    private func status(of item: LineItem) -> LineItemStatus {
        if item.paused || source.campaigns[place(.campaigns, item.campaign)].paused { return .paused }
        for id in item.creatives where source.creatives[place(.creatives, id)].audit == .approved {
            return .ready
        }
        return .noCreative
    }

    mutating func writeCreatives() {
        let creatives = ordered(.creatives, source.creatives)
        writer.rows(.creatives, creatives.count)
        writer.set(.creativeID, creatives.map { strings.number($0.id) })
        writer.set(.creativeName, creatives.map { strings.number($0.name) })
        writer.set(.creativeAdvertiser, creatives.map { row(.advertisers, $0.advertiser) })
        writer.set(.creativeFormat, creatives.map(\.format.number))
        writer.set(.creativeDuration, creatives.map { UInt32($0.durationMilliseconds) })
        writer.set(.creativeAudit, creatives.map(\.audit.number))
        writer.set(.creativeLanguage, creatives.map { strings.number($0.language) })
        writer.set(.creativeClickThrough, creatives.map { strings.number($0.clickThrough) })
        writer.set(.creativeUniversalRegistry, creatives.map { strings.number($0.universalID?.registry) })
        writer.set(.creativeUniversalValue, creatives.map { strings.number($0.universalID?.value) })
        writer.set(
            .creativeAttribute,
            writer.lists(.creativeAttributeStart, creatives.map { $0.attributes.map { UInt32($0) } }))
        writer.set(
            .creativeCategory,
            writer.lists(.creativeCategoryStart, creatives.map { $0.categories.map { strings.number($0) } }))
        writer.set(
            .creativeBundle,
            writer.lists(.creativeBundleStart, creatives.map { $0.bundles.map { strings.number($0) } }))
        let media = writer.lists(.creativeMediaStart, creatives.map(\.mediaFiles))
        writer.set(.mediaURL, media.map { strings.number($0.url) })
        writer.set(.mediaMIME, media.map { strings.number($0.mime) })
        writer.set(.mediaCodec, media.map { strings.number($0.codec) })
        writer.set(.mediaDelivery, media.map(\.delivery.number))
        writer.set(.mediaWidth, media.map { UInt32($0.width) })
        writer.set(.mediaHeight, media.map { UInt32($0.height) })
        writer.set(.mediaBitrate, media.map { UInt32($0.bitrateKilobits) })
        writer.set(.mediaSize, media.map(\.sizeBytes))
        let trackers = writer.lists(.creativeTrackerStart, creatives.map(\.trackers))
        writer.set(.trackerEvent, trackers.map(\.event.number))
        writer.set(.trackerURL, trackers.map { strings.number($0.url) })
        writer.set(.creativeTag, creatives.map { strings.number($0.vastTag) })
        let verifications = writer.lists(.creativeVerificationStart, creatives.map(\.adVerifications))
        writer.set(.verificationVendor, verifications.map { strings.number($0.vendor) })
        writer.set(.verificationScript, verifications.map { strings.number($0.javaScript) })
        writer.set(.verificationFramework, verifications.map { strings.number($0.apiFramework) })
        writer.set(.verificationOptional, verifications.map { UInt8($0.browserOptional ? 1 : 0) })
        writer.set(.verificationParameters, verifications.map { strings.number($0.parameters) })
        writer.set(
            .verificationTracker,
            writer.lists(
                .verificationTrackerStart, verifications.map { $0.notExecuted.map { strings.number($0) } }))
    }

    mutating func writeSupply() {
        let publishers = ordered(.publishers, source.publishers)
        writer.rows(.publishers, publishers.count)
        writer.set(.publisherID, publishers.map { strings.number($0.id) })
        writer.set(.publisherName, publishers.map { strings.number($0.name) })
        writer.set(.publisherCurrency, publishers.map(\.currency.rawValue))
        writer.set(.publisherFloor, publishers.map(\.floor.rawValue))
        writer.set(.publisherShading, publishers.map { OptionalFlag.byte($0.bidShading) })
        writer.set(.publisherSoftFloor, publishers.map { $0.softFloor?.rawValue ?? noAmount })
        writer.set(
            .publisherBlockList,
            writer.lists(
                .publisherBlockListStart, publishers.map { $0.blockLists.map { row(.blockLists, $0) } }))

        let inventory = ordered(.inventory, source.inventory)
        writer.rows(.inventory, inventory.count)
        writer.set(.inventoryID, inventory.map { strings.number($0.id) })
        writer.set(.inventoryPublisher, inventory.map { row(.publishers, $0.publisher) })
        writer.set(.inventoryName, inventory.map { strings.number($0.name) })
        writer.set(.inventoryMedium, inventory.map(\.medium.number))
        writer.set(.inventoryAddress, inventory.map { strings.number($0.address) })
        writer.set(.inventoryFloor, inventory.map { $0.floor?.rawValue ?? noAmount })
        writer.set(.inventorySoftFloor, inventory.map { $0.softFloor?.rawValue ?? noAmount })
        writer.set(
            .inventoryBlockList,
            writer.lists(
                .inventoryBlockListStart, inventory.map { $0.blockLists.map { row(.blockLists, $0) } }))

        let deals = ordered(.deals, source.deals)
        writer.rows(.deals, deals.count)
        writer.set(.dealID, deals.map { strings.number($0.id) })
        writer.set(.dealPublisher, deals.map { rowOrNone(.publishers, $0.publisher) })
        writer.set(.dealName, deals.map { strings.number($0.name) })
        writer.set(.dealCurrency, deals.map(\.currency.rawValue))
        writer.set(.dealFloor, deals.map(\.floor.rawValue))
        writer.set(.dealSoftFloor, deals.map { $0.softFloor?.rawValue ?? noAmount })
        writer.set(.dealAuction, deals.map(\.auction.number))
    }

    mutating func writeBlockLists() {
        let lists = ordered(.blockLists, source.blockLists)
        writer.rows(.blockLists, lists.count)
        writer.set(.blockListID, lists.map { strings.number($0.id) })
        writer.set(
            .blockDomain, writer.lists(.blockDomainStart, lists.map { $0.domains.map { strings.number($0) } })
        )
        writer.set(
            .blockCategory,
            writer.lists(.blockCategoryStart, lists.map { $0.categories.map { strings.number($0) } })
        )
        writer.set(
            .blockAttribute,
            writer.lists(.blockAttributeStart, lists.map { $0.attributes.map { UInt32($0) } }))
        writer.set(
            .blockCreative,
            writer.lists(.blockCreativeStart, lists.map { $0.creatives.map { row(.creatives, $0) } }))
        // What nobody in this catalog is needs no blocking.
        let blocked = lists.map { list in
            list.domains.compactMap { index.values[.blockedAdvertiser, $0] }
                + list.categories.compactMap { index.values[.blockedCategory, $0] }
        }
        writer.set(.blockValue, writer.lists(.blockValueStart, blocked))
    }
}
