// Compiles the line items' expressions into the index: their order, the rows of their alternatives, and for every
// value the rows that ask for it and those that refuse it.

struct IndexCompilation: ~Copyable {
    private(set) var values = ValueNumbers()
    private var items = IndexItems()
    /// Where the line items stand in the source, in the order of the index.
    private(set) var lineItems: [UInt32] = []
    private var circles: [Circle] = []
    // What requests compare creatives and advertisers by, by where these stand in the source.
    private var creativeFormats: [UInt32] = []
    private var creativeCategories: [[UInt32]] = []
    private var advertiserCategories: [[UInt32]] = []
    private var advertiserDomains: [[UInt32]] = []

    /// Takes note of every value that a request may have.
    mutating func note(_ source: CatalogSource) {
        for format in Creative.Format.allCases { values.note(.format, format.rawValue) }
        for advertiser in source.advertisers {
            note(.blockedAdvertiser, advertiser.domains, BlockedNames.domains)
            note(.blockedCategory, advertiser.categories, BlockedNames.categories)
        }
        for creative in source.creatives {
            note(.blockedCategory, creative.categories, BlockedNames.categories)
        }
        var seen: Set<Circle> = []
        for item in source.lineItems {
            guard let targeting = item.targeting else { continue }
            let expression = targeting.expression
            values.note(expression)
            for circle in expression.circles where seen.insert(circle).inserted { circles.append(circle) }
        }
        values.number()
        creativeFormats = source.creatives.map { values[.format, $0.format.rawValue] ?? Layout.none }
        creativeCategories = source.creatives.map { categories($0.categories) }
        advertiserCategories = source.advertisers.map { categories($0.categories) }
        advertiserDomains = source.advertisers.map {
            numbers(.blockedAdvertiser, $0.domains, BlockedNames.domains)
        }
    }

    private mutating func note(_ dimension: Dimension, _ names: [String], _ blocked: (String) -> [String]) {
        for name in names { for one in blocked(name) { values.note(dimension, one) } }
    }

    private func categories(_ names: [String]) -> [UInt32] {
        numbers(.blockedCategory, names, BlockedNames.categories)
    }

    /// Sorted, each once.
    private func numbers(
        _ dimension: Dimension, _ names: [String], _ blocked: (String) -> [String]
    ) -> [UInt32] {
        names.isEmpty ? [] : Set(names.flatMap(blocked).compactMap { values[dimension, $0] }).sorted()
    }

    /// Takes in a line item; they come in the order of their ids. Its creatives and its advertiser are said by where they
    /// stand in the source.
    mutating func add(
        _ item: LineItem, at place: UInt32, approved creatives: [Int], advertiser: Int,
        isPaused: Bool
    ) throws(TargetingProblem) {
        let formats = Set(creatives.map { creativeFormats[$0] }).sorted()
        // A category blocks a line item where all of its creatives have it; one with others left keeps competing
        // with those.
        var shared = creatives.first.map { creativeCategories[$0] } ?? []
        for creative in creatives.dropFirst() where !shared.isEmpty {
            shared.removeAll { !creativeCategories[creative].contains($0) }
        }
        let blocked = Set(shared + advertiserCategories[advertiser]).sorted()
        items.begin(at: place, isReady: !isPaused && !creatives.isEmpty)
        for alternative in try alternatives(of: item.targeting) {
            items.beginRow()
            for condition in alternative.includes { items.include(condition.dimension, condition.values) }
            items.include(.format, formats)
            if let daypart = alternative.daypart { items.include(daypart) }
            for condition in alternative.excludes { items.exclude(condition.values) }
            items.exclude(advertiserDomains[advertiser])
            items.exclude(blocked)
        }
    }

    private func alternatives(of targeting: TargetingObject?) throws(TargetingProblem) -> [Conjunction] {
        guard let targeting else { return [Conjunction()] }
        return try NormalForm.of(targeting.expression) { dimension, name in
            guard let number = values[dimension, name] else {
                preconditionFailure("\(name) was not noted")
            }
            return number
        }
    }

    /// Brings the line items into the order of the index.
    mutating func order() { lineItems = items.order() }

    mutating func write(to writer: inout SnapshotWriter, _ strings: inout TextTable) {
        let dayparts = values.number(Set(items.dayparts.keys))
        var pairs = items.takePairs(dayparts)
        let rowLineItems = pairs.rowLineItems
        writer.rows(.rows, rowLineItems.count)
        writer.set(.rowLineItem, rowLineItems)

        var sets = RowSetWriter(rows: rowLineItems.count)
        let facets = [IndexFacet(.status, number: 0)] + pairs.facets
        var defaults: [UInt32] = []
        var includes: [[(facet: UInt32, set: UInt32)]] = Array(repeating: [], count: values.values.count)
        for (number, facet) in facets.enumerated() {
            let groups = pairs.take(facet, values: values.values.count)
            let isStatus = facet.dimension == .status
            defaults.append(sets.add((isStatus ? pairs.ready : groups.missing(rowLineItems.count))[...]))
            groups.forEach { value, rows in includes[value].append((UInt32(number), sets.add(rows))) }
        }
        writer.rows(.facets, facets.count)
        writer.set(.facetDimension, facets.map(\.dimension.rawValue))
        writer.set(.facetDefaultSet, defaults)
        var excludes = [UInt32](repeating: Layout.none, count: values.values.count)
        pairs.take(.excluded, values: values.values.count).forEach { excludes[$0] = sets.add($1) }
        writer.set(.valueExcludeSet, excludes)
        writeValues(includes, to: &writer, &strings)
        sets.write(to: &writer)
        writeCircles(to: &writer)
        writeDayparts(dayparts, to: &writer)
    }

    private func writeValues(
        _ includes: [[(facet: UInt32, set: UInt32)]], to writer: inout SnapshotWriter,
        _ strings: inout TextTable
    ) {
        let all = values.values
        writer.rows(.values, all.count)
        writer.set(.valueDimension, all.map(\.dimension.rawValue))
        writer.set(.valueName, all.map { strings.number($0.name) })
        let flat = writer.lists(.valueIncludeStart, includes)
        writer.set(.includeFacet, flat.map(\.facet))
        writer.set(.includeSet, flat.map(\.set))

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

    private func writeDayparts(_ dayparts: [WeekMask: UInt32], to writer: inout SnapshotWriter) {
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
