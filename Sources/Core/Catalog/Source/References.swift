// Whether the parts of a catalog fit together: every id is there once, whatever is named exists, and what
// belongs together does.
import Documents

extension CatalogSource {
    /// Everything that does not fit, in the order of the kinds; `alsoThere` are ids of things that are there and
    /// were refused for reasons of their own.
    func objections(alsoThere: [EntityKind: Set<String>] = [:]) -> [CatalogObjection] {
        var check = ReferenceCheck(self, alsoThere: alsoThere)
        check.run()
        return check.found
    }
}

private struct ReferenceCheck {
    let source: CatalogSource
    var found: [CatalogObjection] = []
    /// The first thing of each id, by kind.
    private var known: [EntityKind: [String: Int]] = [:]
    private let alsoThere: [EntityKind: Set<String>]

    init(_ source: CatalogSource, alsoThere: [EntityKind: Set<String>]) {
        self.source = source
        self.alsoThere = alsoThere
    }

    mutating func run() {
        for kind in EntityKind.allCases {
            var first: [String: Int] = [:]
            for (index, id) in source.ids(kind).enumerated() {
                guard first.updateValue(index, forKey: id) != nil else { continue }
                object(
                    kind, index, "id", found: "the id \"\(id)\" again",
                    allowed: "each id once among \(kind.rawValue)")
            }
            known[kind] = first
        }
        for (index, campaign) in source.campaigns.enumerated() {
            require(.advertisers, campaign.advertiser, .campaigns, index, "advertiser")
        }
        for (index, creative) in source.creatives.enumerated() {
            require(.advertisers, creative.advertiser, .creatives, index, "advertiser")
        }
        for (index, inventory) in source.inventory.enumerated() {
            require(.publishers, inventory.publisher, .inventory, index, "publisher")
            requireAll(.blockLists, inventory.blockLists, .inventory, index, "blockLists")
        }
        for (index, publisher) in source.publishers.enumerated() {
            requireAll(.blockLists, publisher.blockLists, .publishers, index, "blockLists")
        }
        for (index, deal) in source.deals.enumerated() {
            if let publisher = deal.publisher { require(.publishers, publisher, .deals, index, "publisher") }
        }
        for (index, list) in source.blockLists.enumerated() {
            requireAll(.creatives, list.creatives, .blockLists, index, "creatives")
        }
        for (index, item) in source.lineItems.enumerated() { check(item, index) }
    }

    private mutating func check(_ item: LineItem, _ index: Int) {
        require(.campaigns, item.campaign, .lineItems, index, "campaign")
        requireAll(.creatives, item.creatives, .lineItems, index, "creatives")
        if let targeting = item.targeting { check(targeting, index) { "targeting" } }
        guard let place = known[.campaigns]?[item.campaign] else { return }
        let campaign = source.campaigns[place]
        for (position, id) in item.creatives.enumerated() {
            guard let place = known[.creatives]?[id] else { continue }
            let advertiser = source.creatives[place].advertiser
            if advertiser != campaign.advertiser {
                object(
                    .lineItems, index, "creatives[\(position)]",
                    found: "a creative of the advertiser \"\(advertiser)\"",
                    allowed: "creatives of the campaign's advertiser, which is \"\(campaign.advertiser)\"")
            }
        }
        if let flight = item.flight, flight.start < campaign.flight.start || flight.end > campaign.flight.end
        {
            object(
                .lineItems, index, "flight",
                found: "\(Timestamp.text(flight.start)) to \(Timestamp.text(flight.end))",
                allowed:
                    "a flight within the campaign's, which is \(Timestamp.text(campaign.flight.start)) to "
                    + Timestamp.text(campaign.flight.end))
        }
    }

    /// What an expression names by id. Where that stands is worked out for those that are not there.
    private mutating func check(_ targeting: TargetingObject, _ index: Int, _ path: () -> String) {
        for list in targeting.lists.all {
            let wanted: EntityKind
            switch list.dimension {
            case .deal: wanted = .deals
            case .publisher: wanted = .publishers
            case .inventory: wanted = .inventory
            default: continue
            }
            for (position, id) in list.values.enumerated() {
                require(wanted, id, .lineItems, index, "\(path()).\(list.dimension.name)[\(position)]")
            }
        }
        for (place, inner) in (targeting.all ?? []).enumerated() {
            check(inner, index) { "\(path()).all[\(place)]" }
        }
        for (place, inner) in (targeting.any ?? []).enumerated() {
            check(inner, index) { "\(path()).any[\(place)]" }
        }
        for inner in targeting.not ?? [] { check(inner, index) { "\(path()).not" } }
    }

    private mutating func requireAll(
        _ wanted: EntityKind, _ ids: [String], _ kind: EntityKind, _ index: Int, _ key: String
    ) {
        var seen: Set<String> = []
        for (position, id) in ids.enumerated() {
            require(wanted, id, kind, index, "\(key)[\(position)]")
            if ids.count > 1, !seen.insert(id).inserted {
                object(
                    kind, index, "\(key)[\(position)]", found: "the id \"\(id)\" again",
                    allowed: "each id once")
            }
        }
    }

    private mutating func require(
        _ wanted: EntityKind, _ id: String, _ kind: EntityKind, _ index: Int, _ key: @autoclosure () -> String
    ) {
        guard known[wanted]?[id] == nil, alsoThere[wanted]?.contains(id) != true else { return }
        // The comparison with every known id costs too much in a large catalog.
        let mostCompared = 2_000
        let others = (known[wanted] ?? [:]).keys
        let isReported = found.count < CatalogRefused.reportedRefusals
        object(
            kind, index, key(), found: "the unknown id \"\(id)\"",
            allowed: "the id of \(wanted.noun) in this catalog",
            nearest: isReported && others.count <= mostCompared
                ? nearestName(to: id, among: others.sorted()) : nil)
    }

    private mutating func object(
        _ kind: EntityKind, _ index: Int, _ key: String, found: String, allowed: String,
        nearest: String? = nil
    ) {
        self.found.append(
            CatalogObjection(kind, index, key, found: found, allowed: allowed, nearest: nearest))
    }
}
