// Compiles the line items' expressions into the index: their order, the rows of their alternatives, and for every
// value the rows that ask for it and those that refuse it.

struct IndexCompilation {
    private(set) var values = ValueNumbers()
    /// In the order of the index.
    private var items: [LineItem]
    /// The alternatives of each line item, with what its creatives and its advertiser add.
    private var alternatives: [[Conjunction]] = []
    private var isReady: [Bool] = []
    private var dayparts: [WeekMask: UInt32] = [:]
    private var circles: [Circle] = []

    init(
        _ source: CatalogSource, creatives: [String: UInt32], campaigns: [String: UInt32],
        advertisers: [String: UInt32]
    ) {
        items = source.lineItems
        for format in Creative.Format.allCases { values.note(.format, format.rawValue) }
        for advertiser in source.advertisers {
            for domain in advertiser.domains.flatMap(BlockedNames.domains) {
                values.note(.blockedAdvertiser, domain)
            }
            for category in advertiser.categories.flatMap(BlockedNames.categories) {
                values.note(.blockedCategory, category)
            }
        }
        for creative in source.creatives {
            for category in creative.categories.flatMap(BlockedNames.categories) {
                values.note(.blockedCategory, category)
            }
        }
        var seen: Set<Circle> = []
        for item in items {
            let expression = item.expression
            values.note(expression)
            for circle in expression.circles where seen.insert(circle).inserted { circles.append(circle) }
        }
        values.number()

        var masks: Set<WeekMask> = []
        for item in items {
            let approved = item.creatives.compactMap { creatives[$0] }.map { source.creatives[Int($0)] }
                .filter { $0.audit == .approved }
            let advertiser = campaigns[item.campaign].flatMap {
                advertisers[source.campaigns[Int($0)].advertiser]
            }
            .map { source.advertisers[Int($0)] }
            let added = conditions(approved, advertiser)
            let own = alternatives(of: item).map { alternative in
                var alternative = alternative
                alternative.includes += added.includes
                alternative.excludes += added.excludes
                return alternative
            }
            for alternative in own { if let mask = alternative.daypart { masks.insert(mask) } }
            alternatives.append(own)
            isReady.append(!item.paused && !approved.isEmpty)
        }
        dayparts = values.number(masks)
        order()
    }

    mutating func takeLineItems() -> [LineItem] {
        defer { items = [] }
        return items
    }

    private func alternatives(of item: LineItem) -> [Conjunction] {
        do {
            return try NormalForm.of(item.expression) { dimension, name in
                guard let number = values[dimension, name] else {
                    preconditionFailure("\(name) was not noted")
                }
                return number
            }
        } catch {
            preconditionFailure("\(item.id) passed the check and has \(error.found)")
        }
    }

    /// What requests are compared by beside the expression: formats, and what may be blocked. A category blocks a
    /// line item where all of its creatives have it; one with others left keeps competing with those.
    private func conditions(_ approved: [Creative], _ advertiser: Advertiser?) -> Conjunction {
        func condition(_ dimension: Dimension, _ names: some Sequence<String>) -> [Conjunction.Condition] {
            let numbers = Set(names.compactMap { values[dimension, $0] }).sorted()
            return numbers.isEmpty ? [] : [.init(dimension: dimension, values: numbers)]
        }
        func categories(_ names: [String]) -> Set<String> {
            Set(names.flatMap(BlockedNames.categories).map { Dimension.blockedCategory.spelling(of: $0) })
        }
        var shared = approved.first.map { categories($0.categories) } ?? []
        for creative in approved.dropFirst() { shared.formIntersection(categories(creative.categories)) }
        return Conjunction(
            includes: condition(.format, approved.map(\.format.rawValue)),
            excludes: condition(.blockedAdvertiser, advertiser?.domains.flatMap(BlockedNames.domains) ?? [])
                + condition(.blockedCategory, shared.union(categories(advertiser?.categories ?? []))))
    }

    /// Line items that ask for the same stand together, so that a request finds whole blocks of rows empty.
    private mutating func order() {
        let byRank: [Dimension] = [
            .deal, .publisher, .inventory, .network, .channel, .country, .region, .metro, .deviceType, .os,
            .format,
            .genre, .language, .audience,
        ]
        let keys = alternatives.map { own in
            byRank.map { dimension in
                own.first?.includes.first { $0.dimension == dimension }.map { ($0.values.first ?? 0) + 1 }
                    ?? 0
            }
        }
        let order = items.indices.sorted { a, b in
            if isReady[a] != isReady[b] { return isReady[a] }
            return keys[a] == keys[b] ? a < b : keys[a].lexicographicallyPrecedes(keys[b])
        }
        items = order.map { items[$0] }
        alternatives = order.map { alternatives[$0] }
        isReady = order.map { isReady[$0] }
    }

    /// A condition that a row has, of which the index keeps a set of rows.
    private struct Facet: Hashable {
        var dimension: Dimension
        /// Which of several conditions on the same dimension.
        var number: Int
    }

    func write(to writer: inout SnapshotWriter, _ strings: StringPool) {
        var includes: [Facet: [UInt32: [UInt32]]] = [:]
        var excludes: [UInt32: [UInt32]] = [:]
        var ready: [UInt32] = []
        var rowLineItems: [UInt32] = []
        for (item, own) in alternatives.enumerated() {
            for alternative in own {
                let row = UInt32(rowLineItems.count)
                rowLineItems.append(UInt32(item))
                if isReady[item] { ready.append(row) }
                var previous: Facet?
                for condition in alternative.includes {
                    let isNext = previous?.dimension == condition.dimension
                    let facet = Facet(
                        dimension: condition.dimension, number: isNext ? (previous?.number ?? 0) + 1 : 0)
                    previous = facet
                    for value in condition.values {
                        includes[facet, default: [:]][value, default: []].append(row)
                    }
                }
                if let mask = alternative.daypart, let value = dayparts[mask] {
                    includes[Facet(dimension: .daypart, number: 0), default: [:]][value, default: []].append(
                        row)
                }
                for condition in alternative.excludes {
                    for value in condition.values { excludes[value, default: []].append(row) }
                }
            }
        }
        writer.rows(.rows, rowLineItems.count)
        writer.set(.rowLineItem, rowLineItems)

        var sets = RowSetWriter(rows: rowLineItems.count)
        let status = Facet(dimension: .status, number: 0)
        let facets = ([status] + includes.keys).sorted {
            ($0.dimension.rawValue, $0.number) < ($1.dimension.rawValue, $1.number)
        }
        var defaults: [UInt32] = []
        var includesOfValue: [[(facet: UInt32, set: UInt32)]] = Array(
            repeating: [], count: values.values.count)
        for (number, facet) in facets.enumerated() {
            let own = includes[facet] ?? [:]
            defaults.append(
                sets.add(facet == status ? ready : complement(of: own.values, rows: rowLineItems.count)))
            for (value, rows) in own.sorted(by: { $0.key < $1.key }) {
                includesOfValue[Int(value)].append((UInt32(number), sets.add(rows)))
            }
        }
        writer.rows(.facets, facets.count)
        writer.set(.facetDimension, facets.map(\.dimension.rawValue))
        writer.set(.facetDefaultSet, defaults)
        writeValues(includesOfValue, excludes.mapValues { $0 }, &sets, to: &writer, strings)
        sets.write(to: &writer)
        writeCircles(to: &writer)
        writeDayparts(to: &writer)
    }

    /// The rows that do not care.
    private func complement(of sets: some Sequence<[UInt32]>, rows: Int) -> [UInt32] {
        var cares = [Bool](repeating: false, count: rows)
        for set in sets { for row in set { cares[Int(row)] = true } }
        return cares.indices.filter { !cares[$0] }.map { UInt32($0) }
    }

    private func writeValues(
        _ includes: [[(facet: UInt32, set: UInt32)]], _ excludes: [UInt32: [UInt32]],
        _ sets: inout RowSetWriter,
        to writer: inout SnapshotWriter, _ strings: StringPool
    ) {
        let all = values.values
        writer.rows(.values, all.count)
        writer.set(.valueDimension, all.map(\.dimension.rawValue))
        writer.set(.valueName, all.map { strings[$0.name] })
        let flat = writer.lists(.valueIncludeStart, includes)
        writer.set(.includeFacet, flat.map(\.facet))
        writer.set(.includeSet, flat.map(\.set))
        var excludeSets: [UInt32] = []
        for value in all.indices {
            excludeSets.append(excludes[UInt32(value)].map { sets.add($0) } ?? Layout.none)
        }
        writer.set(.valueExcludeSet, excludeSets)

        // At most half of the slots are taken, so that a search looks at one or two.
        var slots = [UInt32](repeating: Layout.none, count: 4)
        while slots.count < 2 * all.count { slots += slots }
        for (index, value) in all.enumerated() {
            var hash = ValueHash(value.dimension)
            for byte in value.name.utf8 { hash.add(byte) }
            var slot = hash.slot(of: slots.count)
            while slots[slot] != Layout.none { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index)
        }
        writer.rows(.valueSlots, slots.count)
        writer.set(.valueSlot, slots)
    }

    private func writeCircles(to writer: inout SnapshotWriter) {
        let placed = circles.compactMap { circle in
            values[.radius, circle.valueName].map { (value: $0, circle: circle) }
        }
        .sorted { $0.value < $1.value }
        let centers = placed.map { $0.circle.center.map { UnitVector($0) } ?? UnitVector(x: 0, y: 0, z: 0) }
        writer.rows(.circles, placed.count)
        writer.set(.circleValue, placed.map(\.value))
        writer.set(.circleX, centers.map(\.x.bitPattern))
        writer.set(.circleY, centers.map(\.y.bitPattern))
        writer.set(.circleZ, centers.map(\.z.bitPattern))
        writer.set(.circleChord, placed.map(\.circle.squaredChord.bitPattern))
        var cells: [(key: UInt32, circle: UInt32)] = []
        for (index, one) in placed.enumerated() {
            cells += GlobeCell.around(one.circle).map { ($0, UInt32(index)) }
        }
        cells.sort { ($0.key, $0.circle) < ($1.key, $1.circle) }
        writer.rows(.circleCells, cells.count)
        writer.set(.cellKey, cells.map(\.key))
        writer.set(.cellCircle, cells.map(\.circle))
    }

    private func writeDayparts(to writer: inout SnapshotWriter) {
        let all = dayparts.sorted { $0.value < $1.value }
        writer.rows(.dayparts, all.count)
        writer.set(.daypartValue, all.map(\.value))
        writer.rows(.daypartWords, WeekMask.words * all.count)
        writer.set(.daypartWord, all.flatMap(\.key.bits))
    }
}

extension Targeting {
    /// Every circle in the expression.
    fileprivate var circles: [Circle] {
        switch self {
        case .all(let terms), .any(let terms): terms.flatMap(\.circles)
        case .not(let term): term.circles
        case .radius(let circles): circles
        case .values, .daypart: []
        }
    }
}
