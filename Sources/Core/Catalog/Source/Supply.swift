// Where ads are shown, and on what terms: publishers, their inventory, deals, and lists of what they refuse.
package import Documents
public import Units

public struct Publisher: CatalogEntity {
    public var id = ""
    public var name = ""
    public var currency = CurrencyCode.usd
    public var floor = Micros.zero
    public var softFloor: Micros?
    public var bidShading: Bool?
    public var blockLists: [String] = []

    public init() {}

    package static let schema = Schema<Self>(
        "publisher",
        [
            .required("id", \.id, .identifier, "What requests and targeting call it."),
            .required("name", \.name, .words, "For people."),
            .defaulted("currency", \.currency, .currency, "The currency of its floors."),
            .defaulted("floor", \.floor, .money(), "The least price of a thousand impressions."),
            .optional("softFloor", \.softFloor, .money(Micros(1)...Micros.mostMoney), softFloorSummary),
            .optional(
                "bidShading", \.bidShading, .bool,
                "Whether open line items bid less than they are worth here, where the winner pays his bid and enough was seen; without it, as the settings say."
            ),
            .defaulted(
                "blockLists", \.blockLists, .list(of: .identifier, count: 0...16),
                "The ids of the block lists that hold on all of its inventory."),
        ],
        rules: [
            Rule("`softFloor` is more than `floor`.") {
                $1.refuse($0.softFloor, notAbove: $0.floor)
            }
        ])
}

private let softFloorSummary =
    "In our own second-price auction, for ad tags: between `floor` and this the winner pays its own bid, above never less than this."

extension Objections {
    fileprivate mutating func refuse(_ soft: Micros?, notAbove floor: Micros) {
        guard let soft, soft <= floor else { return }
        refuse("softFloor", found: "\(soft)", allowed: "more than the floor, which is \(floor)")
    }
}

/// An app, a site or a channel of a publisher.
public struct Inventory: CatalogEntity {
    public enum Medium: String, CaseIterable, Sendable { case app, site, channel }

    public var id = ""
    public var publisher = ""
    public var name = ""
    public var medium = Medium.app
    public var address: String?
    public var floor: Micros?
    public var softFloor: Micros?
    public var blockLists: [String] = []

    public init() {}

    package static let schema = Schema<Self>(
        "inventory",
        [
            .required("id", \.id, .identifier, "What requests and targeting call it."),
            .required("publisher", \.publisher, .identifier, "The id of the publisher it belongs to."),
            .required("name", \.name, .words, "For people."),
            .defaulted("medium", \.medium, .choice, "What it is."),
            .optional(
                "address", \.address, .words,
                "An app's bundle or a site's domain. A request whose id is not known here is known by it, if nothing else has it."
            ),
            .optional("floor", \.floor, .money(), "The least price here, where not the publisher's."),
            .optional(
                "softFloor", \.softFloor, .money(Micros(1)...Micros.mostMoney),
                "The soft floor here, where not the publisher's."),
            .defaulted(
                "blockLists", \.blockLists, .list(of: .identifier, count: 0...16),
                "The ids of further block lists that hold here."),
        ],
        rules: [
            Rule("`softFloor` is more than `floor`, where both are there.") {
                $1.refuse($0.softFloor, notAbove: $0.floor ?? .zero)
            }
        ])
}

/// Terms agreed on with a publisher, which a request names by id.
public struct Deal: CatalogEntity {
    public enum Auction: String, CaseIterable, Sendable {
        case firstPrice = "first-price", secondPrice = "second-price", fixed
    }

    public var id = ""
    public var publisher: String?
    public var name = ""
    public var currency = CurrencyCode.usd
    public var floor = Micros.zero
    public var softFloor: Micros?
    public var auction = Auction.firstPrice

    public init() {}

    package static let schema = Schema<Self>(
        "deal",
        [
            .required("id", \.id, .identifier, "What requests and targeting call it."),
            .optional(
                "publisher", \.publisher, .identifier, "The id of the publisher, where it is with one."),
            .required("name", \.name, .words, "For people."),
            .defaulted("currency", \.currency, .currency, "The currency of its floor."),
            .defaulted(
                "floor", \.floor, .money(), "The least price of a thousand impressions, or the fixed one."),
            .optional("softFloor", \.softFloor, .money(Micros(1)...Micros.mostMoney), softFloorSummary),
            .defaulted("auction", \.auction, .choice, "How the price comes about."),
        ],
        rules: [
            Rule("`softFloor` is more than `floor`, and stands with the auction second-price.") {
                deal, objections in
                objections.refuse(deal.softFloor, notAbove: deal.floor)
                if deal.softFloor != nil, deal.auction != .secondPrice {
                    objections.refuse(
                        "softFloor", found: "a softFloor with the auction \(deal.auction.rawValue)",
                        allowed: "the auction second-price")
                }
            }
        ])
}

/// What a publisher refuses.
public struct BlockList: CatalogEntity {
    public var id = ""
    public var domains: [String] = []
    public var categories: [String] = []
    public var attributes: [Int] = []
    public var creatives: [String] = []

    public init() {}

    package static let schema = Schema<Self>(
        "block list",
        [
            .required("id", \.id, .identifier, "What publishers and inventory call it."),
            .defaulted(
                "domains", \.domains, .list(of: .domain, count: 0...100_000), "Advertisers, by domain."),
            .defaulted(
                "categories", \.categories, .list(of: .words, count: 0...10_000), "Ads, by content category."),
            .defaulted(
                "attributes", \.attributes, .list(of: .integer(1...65_535), count: 0...256),
                "Ads, by OpenRTB creative attribute."),
            .defaulted(
                "creatives", \.creatives, .list(of: .identifier, count: 0...100_000), "Creatives, by id."),
        ])
}
