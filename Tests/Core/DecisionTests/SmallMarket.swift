// Small markets: a publisher, a deal, and line items that bid so much, with requests for one slot or a break.
import Auction
import Catalog
import Decision
import Foundation
import Units

func cpm(_ units: Double) -> Micros { Micros(Int64((units * 1_000_000).rounded())) }

/// A catalog of line items, each with a creative of its own.
struct SmallMarket {
    struct Bidder {
        var id: String
        var advertiser: String
        var bid: Double
        var seconds = 30
        var priority = LineItem.Priority.open
        /// Bids on the deal alone.
        var wantsDeal = false
    }

    var bidders: [Bidder] = []
    var floor = 0.0
    var softFloor: Double?
    /// On the inventory that requests come from, where it has its own.
    var inventoryFloor: Double?
    var inventorySoftFloor: Double?
    var deal: (floor: Double, softFloor: Double?, auction: Deal.Auction)?
    var change: (inout CatalogSource) -> Void = { _ in }

    var source: CatalogSource {
        var source = CatalogSource()
        var publisher = Publisher()
        (publisher.id, publisher.name) = ("pub", "pub")
        (publisher.floor, publisher.softFloor) = (cpm(floor), softFloor.map(cpm))
        source.publishers = [publisher]
        var inventory = Inventory()
        (inventory.id, inventory.publisher, inventory.name) = ("app", "pub", "app")
        (inventory.floor, inventory.softFloor) = (inventoryFloor.map(cpm), inventorySoftFloor.map(cpm))
        source.inventory = [inventory]
        if let terms = deal {
            var deal = Deal()
            (deal.id, deal.name, deal.auction) = ("deal", "deal", terms.auction)
            (deal.floor, deal.softFloor) = (cpm(terms.floor), terms.softFloor.map(cpm))
            source.deals = [deal]
        }
        for name in Set(bidders.map(\.advertiser)).sorted() {
            var advertiser = Advertiser()
            (advertiser.id, advertiser.name, advertiser.domains) = (name, name, ["\(name).example"])
            source.advertisers.append(advertiser)
            var campaign = Campaign()
            (campaign.id, campaign.advertiser, campaign.name) = (name, name, name)
            (campaign.goal, campaign.goalValue, campaign.lifetimeBudget) = (.cpm, cpm(1), cpm(1_000_000))
            campaign.flight.end = Timestamp.read("2100-01-01T00:00:00Z")!
            source.campaigns.append(campaign)
        }
        for bidder in bidders {
            var creative = Creative()
            (creative.id, creative.name, creative.advertiser) = (bidder.id, bidder.id, bidder.advertiser)
            (creative.durationMilliseconds, creative.audit) = (bidder.seconds * 1_000, .approved)
            var file = MediaFile()
            (file.url, file.mime) = ("https://cdn.example/\(bidder.id).mp4", "video/mp4")
            creative.mediaFiles = [file]
            source.creatives.append(creative)
            var item = LineItem()
            (item.id, item.campaign, item.name) = (bidder.id, bidder.advertiser, bidder.id)
            (item.bid, item.priority, item.creatives) = (cpm(bidder.bid), bidder.priority, [bidder.id])
            if bidder.wantsDeal {
                item.targeting = TargetingObject(meaning: .values(.deal, ["deal"]))
            }
            source.lineItems.append(item)
        }
        change(&source)
        return source
    }

    func snapshot() throws -> CatalogSnapshot {
        try CatalogSnapshot(copying: CatalogCompiler.compile(source))
    }
}

/// A request with one video imp.
struct Asked {
    var at = 2
    var floor = 0.0
    var perSecond = 0.0
    /// Seconds and the most ads of a break; one slot of at most a minute without.
    var pod: (seconds: Int, ads: Int)?
    /// Its id is `deal`.
    var deal: (floor: Double, at: Int?)?
    var publisher = "pub"
    var inventory: String?

    var json: String {
        var video: [String: Any] = ["mimes": ["video/mp4"], "minduration": 1, "mincpmpersec": perSecond]
        if let pod {
            (video["poddur"], video["maxseq"]) = (pod.seconds, pod.ads)
        } else {
            video["maxduration"] = 60
        }
        var imp: [String: Any] = ["id": "1", "bidfloor": floor, "video": video]
        if let terms = deal {
            var deal: [String: Any] = ["id": "deal", "bidfloor": terms.floor]
            if let at = terms.at { deal["at"] = at }
            imp["pmp"] = ["deals": [deal]]
        }
        var app: [String: Any] = ["publisher": ["id": publisher]]
        if let inventory { app["id"] = inventory }
        let request: [String: Any] = ["id": "r", "at": at, "imp": [imp], "app": app]
        // Sorted, so that the same request is always the same bytes.
        guard let bytes = try? JSONSerialization.data(withJSONObject: request, options: [.sortedKeys]) else {
            preconditionFailure("a request is JSON")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SmallMarket {
    /// The ads that were sold, by line item.
    func sold(
        _ asked: Asked, format: AnswerFormat = .vast, settings: DecisionSettings = DecisionSettings()
    ) throws -> [String: AdSale] {
        var decider = Decider(try snapshot(), settings: settings)
        let bytes = Array(asked.json.utf8)
        _ = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 1, format: format, explains: true)
        var sold: [String: AdSale] = [:]
        for one in decider.report?.pods.flatMap(\.candidates) ?? [] {
            if let sale = one.sale { sold[one.lineItem] = sale }
        }
        return sold
    }
}
