// Line items on their way into the index: the conditions of their alternatives in a few long lists, since a million
// line items have ten million conditions.

/// A condition that rows have: which of several on the same dimension. What is excluded counts as one.
struct IndexFacet: Equatable {
    /// The dimension, and behind it the number.
    fileprivate let code: Int

    static let excluded = IndexFacet(code: Dimension.count * NormalForm.mostConditions)
    static let count = excluded.code + 1

    private init(code: Int) { self.code = code }

    init(_ dimension: Dimension, number: Int) {
        precondition(
            number < NormalForm.mostConditions, "a normal form has no more conditions of one dimension")
        code = Int(dimension.rawValue) * NormalForm.mostConditions + number
    }

    fileprivate init?(included code: Int) {
        guard code < Self.excluded.code else { return nil }
        self.code = code
    }

    var dimension: Dimension { Dimension.allCases[code / NormalForm.mostConditions] }
}

struct IndexItems {
    private struct Item {
        var place: UInt32
        var firstRow: UInt32
        var isReady: Bool
    }

    private struct Condition {
        var facet: UInt8
        var end: UInt32
    }

    private var items: [Item] = []
    /// The first condition of each row.
    private var rows: [UInt32] = []
    /// Each ends where the next one's values start.
    private var conditions: [Condition] = []
    private var values: [UInt32] = []
    /// By what line items stand together: whether they are ready, then the first value of each dimension below.
    private var keys: [UInt32] = []
    private var previous: Dimension?
    private var number = 0
    /// In the order in which they came.
    private(set) var dayparts: [WeekMask: UInt32] = [:]

    private static let byRank: [Dimension] = [
        .deal, .publisher, .inventory, .network, .channel, .country, .region, .metro, .deviceType, .os,
        .format, .genre, .language, .audience,
    ]
    private static let keyLength = byRank.count + 1
    private static let rankOf: [Int?] = Dimension.allCases.map { byRank.firstIndex(of: $0) }

    mutating func begin(at place: UInt32, isReady: Bool) {
        precondition(IndexFacet.count <= Int(UInt8.max), "a facet is a byte")
        items.append(Item(place: place, firstRow: UInt32(rows.count), isReady: isReady))
        keys.append(isReady ? 0 : 1)
        keys += repeatElement(0, count: Self.byRank.count)
    }

    mutating func beginRow() {
        rows.append(UInt32(conditions.count))
        previous = nil
    }

    /// A row's conditions come by dimension, those of one together.
    mutating func include(_ dimension: Dimension, _ own: [UInt32]) {
        guard !own.isEmpty else { return }
        number = previous == dimension ? number + 1 : 0
        previous = dimension
        add(IndexFacet(dimension, number: number), own)
        // The first alternative says where a line item stands.
        guard number == 0, Int(items[items.count - 1].firstRow) == rows.count - 1,
            let rank = Self.rankOf[Int(dimension.rawValue)]
        else { return }
        keys[keys.count - Self.byRank.count + rank] = own[0] + 1
    }

    mutating func include(_ daypart: WeekMask) {
        let count = UInt32(dayparts.count)
        let number = dayparts[daypart] ?? count
        if number == count { dayparts[daypart] = number }
        add(IndexFacet(.daypart, number: 0), [number])
    }

    mutating func exclude(_ own: [UInt32]) { if !own.isEmpty { add(.excluded, own) } }

    private mutating func add(_ facet: IndexFacet, _ own: [UInt32]) {
        values += own
        conditions.append(Condition(facet: UInt8(facet.code), end: UInt32(values.count)))
    }

    /// Line items that ask for the same stand together, so that a request finds whole blocks of rows empty. Gives where they
    /// stand in the source.
    mutating func order() -> [UInt32] {
        var order = [UInt32](items.indices.map { UInt32($0) })
        order.sort { a, b in
            let (one, other) = (Int(a) * Self.keyLength, Int(b) * Self.keyLength)
            for at in 0..<Self.keyLength where keys[one + at] != keys[other + at] {
                return keys[one + at] < keys[other + at]
            }
            return a < b
        }
        keys = []
        sorted = order
        return order.map { items[Int($0)].place }
    }

    /// The items in the order of the index.
    private var sorted: [UInt32] = []

    /// All rows by what they have, with the numbers that dayparts have among the values. The conditions are let go.
    mutating func takePairs(_ daypartValues: [WeekMask: UInt32]) -> IndexPairs {
        var numbers = [UInt32](repeating: 0, count: dayparts.count)
        for (daypart, number) in dayparts { numbers[Int(number)] = daypartValues[daypart] ?? Layout.none }
        let daypart = UInt8(IndexFacet(.daypart, number: 0).code)
        var pairs = IndexPairs()
        for (item, place) in sorted.enumerated() {
            let own = items[Int(place)]
            let next = Int(place) + 1 < items.count ? Int(items[Int(place) + 1].firstRow) : rows.count
            for row in Int(own.firstRow)..<next {
                pairs.beginRow(lineItem: UInt32(item), isReady: own.isReady)
                let end = row + 1 < rows.count ? Int(rows[row + 1]) : conditions.count
                for condition in Int(rows[row])..<end {
                    let start = condition == 0 ? 0 : Int(conditions[condition - 1].end)
                    let facet = conditions[condition].facet
                    for at in start..<Int(conditions[condition].end) {
                        pairs.add(
                            facet: Int(facet), facet == daypart ? numbers[Int(values[at])] : values[at])
                    }
                }
            }
        }
        (items, rows, conditions, values, sorted) = ([], [], [], [], [])
        return pairs
    }
}

/// Rows of the index by facet, each row with the values that it has there.
struct IndexPairs {
    private(set) var rowLineItems: [UInt32] = []
    /// Rows of line items that can be shown at all.
    private(set) var ready: [UInt32] = []
    /// By facet, a value above and a row below, in the order of the rows.
    private var pairs: [[UInt64]] = Array(repeating: [], count: IndexFacet.count)

    fileprivate mutating func beginRow(lineItem: UInt32, isReady: Bool) {
        if isReady { ready.append(UInt32(rowLineItems.count)) }
        rowLineItems.append(lineItem)
    }

    fileprivate mutating func add(facet: Int, _ value: UInt32) {
        pairs[facet].append(UInt64(value) << 32 | UInt64(rowLineItems.count - 1))
    }

    /// Those that some row has, by dimension.
    var facets: [IndexFacet] {
        pairs.indices.filter { !pairs[$0].isEmpty }.compactMap { IndexFacet(included: $0) }
    }

    /// The rows of a facet by value. They are let go here.
    mutating func take(_ facet: IndexFacet, values: Int) -> IndexGroups {
        defer { pairs[facet.code] = [] }
        return IndexGroups(pairs[facet.code], values: values)
    }
}

/// Rows by value, of one facet.
struct IndexGroups {
    private var starts: [UInt32]
    private var rows: [UInt32]

    fileprivate init(_ pairs: [UInt64], values: Int) {
        starts = Array(repeating: 0, count: values + 1)
        rows = Array(repeating: 0, count: pairs.count)
        for pair in pairs { starts[Int(pair >> 32) + 1] += 1 }
        for value in 0..<values { starts[value + 1] += starts[value] }
        var places = starts
        for pair in pairs {
            let value = Int(pair >> 32)
            rows[Int(places[value])] = UInt32(truncatingIfNeeded: pair)
            places[value] += 1
        }
    }

    /// Each value that some row has, in the order of the values.
    func forEach(_ body: (Int, ArraySlice<UInt32>) -> Void) {
        for value in 0..<starts.count - 1 where starts[value] < starts[value + 1] {
            body(value, rows[Int(starts[value])..<Int(starts[value + 1])])
        }
    }

    /// The rows that have none.
    func missing(_ count: Int) -> [UInt32] {
        var cares = [Bool](repeating: false, count: count)
        for row in rows { cares[Int(row)] = true }
        return cares.indices.filter { !cares[$0] }.map { UInt32($0) }
    }
}
