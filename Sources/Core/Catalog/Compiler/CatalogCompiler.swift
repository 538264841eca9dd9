// Makes one snapshot of a catalog: the same bytes for the same things, whatever the order and the files they
// came in.
import Documents
import Units

public enum CatalogCompiler {
    /// The bytes of a snapshot, or everything that does not fit together.
    public static func compile(_ source: CatalogSource) throws(CatalogNotCompiled) -> [UInt8] {
        let objections = source.objections() + source.targetingObjections
        guard objections.isEmpty else { throw CatalogNotCompiled(objections: objections) }
        var compilation = Compilation(source)
        compilation.run()
        return compilation.writer.finish()
    }
}

/// A catalog whose parts do not fit together. One that was read from files is refused before, with places.
public struct CatalogNotCompiled: Error, Equatable, Sendable {
    public let objections: [CatalogObjection]
}

struct Compilation {
    var source: CatalogSource
    var writer = SnapshotWriter()
    var strings = StringPool()
    var values = ValueNumbers()
    /// By line item.
    private(set) var targetingTexts: [String] = []
    /// Where each thing ends up, by its id.
    private var rows: [EntityKind: [String: UInt32]] = [:]

    init(_ source: CatalogSource) {
        self.source = source
        self.source.sort()
    }

    mutating func run() {
        for kind in EntityKind.allCases where kind != .lineItems {
            rows[kind] = Dictionary(
                uniqueKeysWithValues: source.ids(kind).enumerated().map { ($1, UInt32($0)) })
        }
        var index = IndexCompilation(
            source, creatives: rows[.creatives] ?? [:], campaigns: rows[.campaigns] ?? [:],
            advertisers: rows[.advertisers] ?? [:])
        values = index.values
        source.lineItems = index.takeLineItems()
        targetingTexts = source.lineItems.map(\.targetingText)
        noteStrings()
        strings.number()
        strings.write(to: &writer)
        writeDemand()
        writeLineItems()
        writeCreatives()
        writeSupply()
        writeBlockLists()
        index.write(to: &writer, strings)
    }

    func row(_ kind: EntityKind, _ id: String) -> UInt32 {
        guard let row = rows[kind]?[id] else {
            preconditionFailure("\(id) is not among the \(kind.rawValue)")
        }
        return row
    }

    func rowOrNone(_ kind: EntityKind, _ id: String?) -> UInt32 { id.map { row(kind, $0) } ?? Layout.none }

    private mutating func noteStrings() {
        func note(_ texts: [String?]) { for text in texts { if let text { strings.note(text) } } }
        for one in source.advertisers { note([one.id, one.name] + one.domains + one.categories) }
        for one in source.campaigns { note([one.id, one.name]) }
        for one in source.lineItems { note([one.id, one.name] + one.separation) }
        for one in source.creatives {
            note([
                one.id, one.name, one.language, one.clickThrough, one.universalID?.registry,
                one.universalID?.value, one.vastTag,
            ])
            for other in one.adVerifications {
                note([other.vendor, other.javaScript, other.apiFramework, other.parameters])
                note(other.notExecuted)
            }
            note(one.categories)
            note(one.bundles)
            for file in one.mediaFiles { note([file.url, file.mime, file.codec]) }
            note(one.trackers.map(\.url))
        }
        for one in source.publishers { note([one.id, one.name]) }
        for one in source.inventory { note([one.id, one.name, one.address]) }
        for one in source.deals { note([one.id, one.name]) }
        for one in source.blockLists { note([one.id] + one.domains + one.categories) }
        note(targetingTexts)
        note(values.values.map(\.name))
    }
}

extension LineItem {
    /// The expression as it is kept for people; nothing is decided by it.
    var targetingText: String { targeting.map { TargetingObject.schema.show($0).line } ?? "" }
}

extension CatalogSource {
    /// By id: the one order that does not depend on files.
    mutating func sort() {
        advertisers.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        campaigns.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        lineItems.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        creatives.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        publishers.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        inventory.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        deals.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        blockLists.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    }
}
