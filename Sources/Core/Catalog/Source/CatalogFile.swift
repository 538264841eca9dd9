// One file of a catalog's directory: lists of things of each kind. How a directory is cut into files is its
// owner's choice; all of them together are the catalog.
package import Documents

/// Something in a catalog that others call by its id.
package protocol CatalogEntity: DocumentObject {
    var id: String { get }
}

/// What a file holds, with the place of each thing, also of those that were refused.
struct CatalogFile: DocumentObject {
    var advertisers = Collected<Advertiser>()
    var campaigns = Collected<Campaign>()
    var lineItems = Collected<LineItem>()
    var creatives = Collected<Creative>()
    var publishers = Collected<Publisher>()
    var inventory = Collected<Inventory>()
    var deals = Collected<Deal>()
    var blockLists = Collected<BlockList>()

    package init() {}

    package static let schema = Schema<Self>(
        "catalog",
        [
            .unread("$schema", "Where an editor finds the JSON Schema of this file. Nothing else reads it."),
            .collected("advertisers", \.advertisers, "Who the ads are for."),
            .collected("campaigns", \.campaigns, "Budgets, flights and goals."),
            .collected("lineItems", \.lineItems, "What competes in auctions."),
            .collected("creatives", \.creatives, "What is shown."),
            .collected("publishers", \.publishers, "Who shows it."),
            .collected("inventory", \.inventory, "The publishers' apps, sites and channels."),
            .collected("deals", \.deals, "Terms agreed on with publishers."),
            .collected("blockLists", \.blockLists, "What publishers refuse."),
        ])
}

/// The things of one kind in one file.
struct Collected<Entity: CatalogEntity>: Sendable {
    var accepted: [(path: String, entity: Entity)] = []
    /// The id of each that has one, so that a reference to something that was refused is no second mistake.
    var ids: [String] = []
}

extension Field where Root == CatalogFile {
    fileprivate static func collected<Entity>(
        _ key: String, _ place: Place<Collected<Entity>>, _ summary: String
    ) -> Field {
        .defaulted(key, place, Collected<Entity>.kind, summary)
    }
}

extension Collected {
    /// No more things in one list than this; a larger catalog is cut into files.
    private static var mostInAList: Int { 1_000_000 }

    /// A list of which the good elements are kept, whatever is wrong with the others.
    fileprivate static var kind: Kind<Collected> {
        let shape = Shape.list(of: .object(Entity.schema.shape), count: 0...mostInAList)
        return Kind(
            shape: shape,
            read: { tree, path, reading in
                guard case .array(let elements) = tree.content, elements.count <= mostInAList
                else { return reading.refuse(tree, at: path, allowed: shape) }
                var collected = Collected()
                for (index, element) in elements.enumerated() {
                    let place = "\(path)[\(index)]"
                    reading.note(element, at: place)
                    if let id = element.id { collected.ids.append(id) }
                    if let entity = Entity.schema.read(element, place, &reading) {
                        collected.accepted.append((place, entity))
                    }
                }
                return collected
            },
            show: { .array($0.accepted.map { Entity.schema.show($0.entity) }) })
    }
}

extension JSONTree {
    /// What an object says that its id is.
    var id: String? {
        guard case .object(let members) = content,
            case .string(let id)? = members.first(where: { $0.key == "id" })?.value.content
        else { return nil }
        return id
    }
}
