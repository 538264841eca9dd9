// Makes one snapshot of a catalog: the same bytes for the same things, whatever the order and the files they
// came in.
import Documents
import Units

public enum CatalogCompiler {
    /// The bytes of a snapshot, or everything that does not fit together. A source that nobody else has is let go on the
    /// way: a million line items take more memory than what is compiled of them.
    public static func compile(_ source: consuming CatalogSource) throws(CatalogNotCompiled) -> [UInt8] {
        let objections = source.objections()
        guard objections.isEmpty else {
            throw CatalogNotCompiled(objections: objections + source.targetingObjections)
        }
        var compilation = Compilation(source)
        do {
            return try compilation.run()
        } catch {
            // Which line item it is, and whether others are like it, is worked out for who has to correct it.
            throw CatalogNotCompiled(objections: compilation.source.targetingObjections)
        }
    }
}

/// A catalog whose parts do not fit together. One that was read from files is refused before, with places.
public struct CatalogNotCompiled: Error, Equatable, Sendable {
    public let objections: [CatalogObjection]
}

struct Compilation: ~Copyable {
    var source: CatalogSource
    var writer = SnapshotWriter()
    /// Every text of the catalog once. What columns hold of it is renumbered when they are laid out.
    var strings = TextTable()
    var index = IndexCompilation()
    /// Each kind's things in the order of their ids, the one order that does not depend on files: where they stand in the
    /// source.
    private var order: [[UInt32]] = Array(repeating: [], count: EntityKind.allCases.count)
    private var standing = [IDTable](repeating: IDTable(), count: EntityKind.allCases.count)

    init(_ source: consuming CatalogSource) { self.source = source }

    mutating func run() throws(TargetingProblem) -> [UInt8] {
        for kind in EntityKind.allCases { sort(kind) }
        try compileIndex()
        writeDemand()
        writeLineItems()
        source.lineItems = []
        writeCreatives()
        source.creatives = []
        writeSupply()
        writeBlockLists()
        index.write(to: &writer, &strings)
        return writer.finish(strings)
    }

    private mutating func sort(_ kind: EntityKind) {
        let ids = source.ids(kind).map { strings.number($0) }
        var sorted = [UInt32](ids.indices.map { UInt32($0) })
        sorted.sort { strings.precedes(ids[Int($0)], ids[Int($1)]) }
        order[kind.place] = sorted
        standing[kind.place] = IDTable(ids, sorted)
    }

    private mutating func compileIndex() throws(TargetingProblem) {
        index.note(source)
        for place in order[EntityKind.lineItems.place] {
            let item = source.lineItems[Int(place)]
            var approved: [Int] = []
            for id in item.creatives {
                let creative = self.place(.creatives, id)
                if source.creatives[creative].audit == .approved { approved.append(creative) }
            }
            let campaign = source.campaigns[self.place(.campaigns, item.campaign)]
            try index.add(
                item, at: place, approved: approved,
                advertiser: self.place(.advertisers, campaign.advertiser),
                isPaused: item.paused || campaign.paused)
        }
        index.order()
    }

    /// The things of a kind in the order of the snapshot.
    func ordered<Entity>(_ kind: EntityKind, _ things: [Entity]) -> Ordered<Entity> {
        Ordered(things, kind == .lineItems ? index.lineItems : order[kind.place])
    }

    /// Where a thing stands in the source.
    func place(_ kind: EntityKind, _ id: String) -> Int { Int(standing(kind, id).place) }

    func row(_ kind: EntityKind, _ id: String) -> UInt32 { standing(kind, id).row }

    func rowOrNone(_ kind: EntityKind, _ id: String?) -> UInt32 {
        id.map { row(kind, $0) } ?? Layout.none
    }

    private func standing(_ kind: EntityKind, _ id: String) -> (place: UInt32, row: UInt32) {
        guard let number = strings.find(id), let found = standing[kind.place][number] else {
            preconditionFailure("\(id) is not among the \(kind.rawValue)")
        }
        return found
    }
}

/// By the number of its id, where a thing stands in the source, and in the snapshot.
private struct IDTable {
    /// The numbers of one kind's ids lie close together.
    private var first: UInt32 = 0
    private var all: [(place: UInt32, row: UInt32)] = []

    init() {}

    init(_ ids: [UInt32], _ sorted: [UInt32]) {
        guard let least = ids.min(), let most = ids.max() else { return }
        first = least
        all = Array(repeating: (Layout.none, Layout.none), count: Int(most - least) + 1)
        for (row, place) in sorted.enumerated() { all[Int(ids[Int(place)] - least)] = (place, UInt32(row)) }
    }

    subscript(_ number: UInt32) -> (place: UInt32, row: UInt32)? {
        guard number >= first, Int(number - first) < all.count else { return nil }
        let found = all[Int(number - first)]
        return found.place == Layout.none ? nil : found
    }
}

extension EntityKind {
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Things in another order than they stand in, without a copy of any.
struct Ordered<Element> {
    private let elements: [Element]
    private let order: [UInt32]

    init(_ elements: [Element], _ order: [UInt32]) {
        precondition(elements.count == order.count, "an order has each thing once")
        self.elements = elements
        self.order = order
    }

    var count: Int { order.count }

    @inline(__always)
    func map<Result>(_ result: (Element) -> Result) -> [Result] {
        order.map { result(elements[Int($0)]) }
    }
}
