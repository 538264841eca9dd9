// The kinds of thing in a catalog, by the key under which they stand in its files.

public enum EntityKind: String, CaseIterable, Sendable {
    case advertisers, campaigns, lineItems, creatives, publishers, inventory, deals, blockLists

    /// One of them, in a sentence.
    var noun: String {
        switch self {
        case .advertisers: "an advertiser"
        case .campaigns: "a campaign"
        case .lineItems: "a line item"
        case .creatives: "a creative"
        case .publishers: "a publisher"
        case .inventory: "inventory"
        case .deals: "a deal"
        case .blockLists: "a block list"
        }
    }
}
