// A catalog as values, from which the compiler makes a snapshot: read from a directory, or made by a generator.

public struct CatalogSource: Sendable {
    public var advertisers: [Advertiser] = []
    public var campaigns: [Campaign] = []
    public var lineItems: [LineItem] = []
    public var creatives: [Creative] = []
    public var publishers: [Publisher] = []
    public var inventory: [Inventory] = []
    public var deals: [Deal] = []
    public var blockLists: [BlockList] = []

    public init() {}

    func ids(_ kind: EntityKind) -> [String] {
        switch kind {
        case .advertisers: advertisers.map(\.id)
        case .campaigns: campaigns.map(\.id)
        case .lineItems: lineItems.map(\.id)
        case .creatives: creatives.map(\.id)
        case .publishers: publishers.map(\.id)
        case .inventory: inventory.map(\.id)
        case .deals: deals.map(\.id)
        case .blockLists: blockLists.map(\.id)
        }
    }
}

/// What is wrong between the parts of a catalog: in which thing, by its number among those of its kind, and
/// under which of its keys.
public struct CatalogObjection: Error, Equatable, Sendable {
    public let kind: EntityKind
    public let index: Int
    /// `creatives[2]`, `targeting.all[0].deal[1]`.
    public let key: String
    public let found: String
    public let allowed: String
    public let nearest: String?

    init(
        _ kind: EntityKind, _ index: Int, _ key: String, found: String, allowed: String,
        nearest: String? = nil
    ) {
        self.kind = kind
        self.index = index
        self.key = key
        self.found = found
        self.allowed = allowed
        self.nearest = nearest
    }
}
