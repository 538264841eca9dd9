// Reads a catalog's files, one after the other, and tells everything that is wrong in all of them.
public import Documents

/// A file of a catalog with what is wrong in it.
public struct CatalogRefusal: Equatable, Sendable, CustomStringConvertible {
    public let file: String
    public let refusal: DocumentRefusal

    public var description: String { "\(file):\(refusal)" }
}

/// A catalog that is not accepted. Nothing is compiled of it.
public struct CatalogRefused: Error, Equatable, Sendable {
    /// By file, and in the order in which they stand in each.
    public let refusals: [CatalogRefusal]
    /// Those beyond the limit on how many are reported.
    public let unreported: Int

    /// Nobody corrects more than this before looking again.
    static let reportedRefusals = 200
}

/// The reading of one directory.
public struct CatalogReading {
    private var files: [(name: String, reading: DocumentReading)] = []
    private var source = CatalogSource()
    /// Where each thing stands: its file, and its path there.
    private var places: [EntityKind: [(file: Int, path: String)]] = [:]
    private var ids: [EntityKind: Set<String>] = [:]

    public init() {}

    /// Larger files are cut by their owner, so that a mistake costs one file.
    public static let mostFileBytes = 256 * 1024 * 1024
    /// More files than anybody keeps in one directory.
    public static let mostFiles = 4_096

    /// Takes in one file. What is wrong in it is told at the end.
    public mutating func add(_ name: String, _ bytes: [UInt8]) {
        var reading = DocumentReading(bytes)
        if let tree = try? reading.tree(of: bytes) { take(tree, &reading) }
        files.append((name, reading))
    }

    /// The same of a file that is a tree already.
    mutating func add(_ name: String, _ tree: JSONTree, of bytes: [UInt8]) {
        var reading = DocumentReading(bytes)
        take(tree, &reading)
        files.append((name, reading))
    }

    private mutating func take(_ tree: JSONTree, _ reading: inout DocumentReading) {
        let file = files.count
        let contents = CatalogFile.schema.readAnyway(tree, "", &reading)
        take(contents.advertisers, \.advertisers, .advertisers, file)
        take(contents.campaigns, \.campaigns, .campaigns, file)
        take(contents.lineItems, \.lineItems, .lineItems, file)
        take(contents.creatives, \.creatives, .creatives, file)
        take(contents.publishers, \.publishers, .publishers, file)
        take(contents.inventory, \.inventory, .inventory, file)
        take(contents.deals, \.deals, .deals, file)
        take(contents.blockLists, \.blockLists, .blockLists, file)
    }

    private mutating func take<Entity>(
        _ collected: Collected<Entity>, _ list: WritableKeyPath<CatalogSource, [Entity]>, _ kind: EntityKind,
        _ file: Int
    ) {
        source[keyPath: list] += collected.accepted.map(\.entity)
        places[kind, default: []] += collected.accepted.map { (file, $0.path) }
        ids[kind, default: []].formUnion(collected.ids)
    }

    /// The catalog of all the files, or all that is wrong with them.
    public consuming func finish() throws(CatalogRefused) -> CatalogSource {
        for objection in source.objections(alsoThere: ids) + source.targetingObjections {
            guard let place = places[objection.kind]?[objection.index] else { continue }
            files[place.file].reading.refuse(
                inside: place.path, objection.key, found: objection.found, allowed: objection.allowed,
                objection.nearest)
        }
        var refusals: [CatalogRefusal] = []
        var count = 0
        for (name, reading) in files where reading.count > 0 {
            let refused = reading.refused
            count += reading.count
            refusals += refused.refusals.map { CatalogRefusal(file: name, refusal: $0) }
        }
        guard count == 0 else {
            let reported = Array(refusals.prefix(CatalogRefused.reportedRefusals))
            throw CatalogRefused(refusals: reported, unreported: count - reported.count)
        }
        return source
    }

    /// The JSON Schema of a catalog's files, from the declarations that read them.
    public static var jsonSchema: JSONTree {
        Kind<CatalogFile>.object.shape.jsonSchema(title: "A file of a Paceline catalog")
    }
}
