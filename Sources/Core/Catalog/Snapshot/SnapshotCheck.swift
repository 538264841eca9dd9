// Proves of a snapshot's contents that no later load can leave it: every column lies inside, every number that
// is used as a place is one. A checksum finds accidents; this finds whatever else writes such files.
import Units

struct SnapshotCheck {
    let snapshot: CatalogSnapshot

    init(_ snapshot: CatalogSnapshot) { self.snapshot = snapshot }

    /// The first thing that is wrong, or nil.
    var firstWrong: String? {
        guard snapshot.load(24, UInt32.self) == UInt32(Table.allCases.count),
            snapshot.load(28, UInt32.self) == UInt32(Column.allCases.count)
        else { return "another number of tables or columns than its version has" }
        for table in Table.allCases {
            let rows = snapshot.load(Layout.countsOffset + 8 * Int(table.rawValue), UInt64.self)
            if rows > UInt64(Layout.mostRows) { return "\(rows) rows of \(table)" }
        }
        for column in Column.allCases { if let wrong = wrongPlace(column) { return wrong } }
        for column in Column.allCases { if let wrong = wrongNumbers(column) { return wrong } }
        return wrongTables ?? wrongSets
    }

    private func length(_ column: Column) -> Int {
        let rows = snapshot.count(column.form.table)
        return if case .starts = column.form.check { rows + 1 } else { rows }
    }

    private func wrongPlace(_ column: Column) -> String? {
        let start = snapshot.load(Layout.startsOffset + 8 * Int(column.rawValue), UInt64.self)
        let (end, overflow) = start.addingReportingOverflow(UInt64(length(column) * column.form.width))
        let isInside = !overflow && start >= UInt64(Layout.columnsOffset) && end <= UInt64(snapshot.byteCount)
        return isInside && start % UInt64(Layout.alignment) == 0 ? nil : "\(column) lies outside"
    }

    private func wrongNumbers(_ column: Column) -> String? {
        let length = length(column)
        switch column.form.check {
        case .nothing: return nil
        case .below(let bound):
            let bytes = unsafe snapshot.pointer(column, UInt8.self)
            for row in 0..<length where unsafe Int(bytes[row]) >= bound { return "\(column) of row \(row)" }
        case .currency:
            let numbers = unsafe snapshot.pointer(column, UInt32.self)
            for row in 0..<length where unsafe CurrencyCode(rawValue: numbers[row]) == nil {
                return "\(column) of row \(row)"
            }
        case .row(let table), .rowOrNone(let table):
            let isOptional = if case .rowOrNone = column.form.check { true } else { false }
            let bound = UInt32(snapshot.count(table))
            let numbers = unsafe snapshot.pointer(column, UInt32.self)
            for row in 0..<length where unsafe numbers[row] >= bound {
                if unsafe !(isOptional && numbers[row] == Layout.none) { return "\(column) of row \(row)" }
            }
        case .starts(let table):
            let numbers = unsafe snapshot.pointer(column, UInt32.self)
            guard unsafe numbers[0] == 0, unsafe numbers[length - 1] == UInt32(snapshot.count(table)) else {
                return "\(column) does not span \(table)"
            }
            for row in 1..<max(length, 1) where unsafe numbers[row] < numbers[row - 1] {
                return "\(column) of row \(row) goes back"
            }
        }
        return nil
    }

    /// What columns must be to each other.
    private var wrongTables: String? {
        guard snapshot.count(.daypartWords) == WeekMask.words * snapshot.count(.dayparts) else {
            return "dayparts without their words"
        }
        // The first facet is the one of line items that can be shown at all; each condition of an expression is one.
        let facets = snapshot.count(.facets)
        guard (1...Dimension.count * NormalForm.mostConditions).contains(facets) else {
            return "\(facets) facets"
        }
        // A search for a value ends at an empty slot, of which there must be one.
        let slots = snapshot.count(.valueSlots)
        guard slots > 0, slots & (slots - 1) == 0, slots > snapshot.count(.values) else {
            return "\(slots) slots for \(snapshot.count(.values)) values"
        }
        var empty = 0
        let values = unsafe snapshot.pointer(.valueSlot, UInt32.self)
        for slot in 0..<slots where unsafe values[slot] == Layout.none { empty += 1 }
        guard empty > 0 else { return "no empty slot among those of values" }
        let lineItems = unsafe snapshot.pointer(.rowLineItem, UInt32.self)
        for row in 1..<max(snapshot.count(.rows), 1) where unsafe lineItems[row] < lineItems[row - 1] {
            return "row \(row) belongs to an earlier line item"
        }
        let keys = unsafe snapshot.pointer(.cellKey, UInt32.self)
        for row in 1..<max(snapshot.count(.circleCells), 1) where unsafe keys[row] < keys[row - 1] {
            return "cell \(row) goes back"
        }
        for facet in 1..<max(snapshot.count(.facets), 1)
        where snapshot.byte(.facetDimension, facet) < snapshot.byte(.facetDimension, facet - 1) {
            return "facet \(facet) goes back"
        }
        return nil
    }

    private var wrongSets: String? {
        let rows = snapshot.count(.rows)
        for set in 0..<snapshot.count(.sets) {
            let count = Int(snapshot.number(.setCount, set))
            let start = Int(snapshot.number(.setStart, set))
            if snapshot.byte(.setKind, set) == RowSet.Kind.list.rawValue {
                guard start + count <= snapshot.count(.setRows) else { return "set \(set) lies outside" }
                let numbers = unsafe snapshot.pointer(.setRow, UInt32.self) + start
                for index in 1..<max(count, 1) where unsafe numbers[index] <= numbers[index - 1] {
                    return "set \(set) goes back"
                }
            } else if let wrong = wrongBlocks(set, start, count: count, rows: rows) {
                return wrong
            }
        }
        return nil
    }

    private func wrongBlocks(_ set: Int, _ start: Int, count: Int, rows: Int) -> String? {
        let blocks = (rows + RowSet.blockRows - 1) / RowSet.blockRows
        let words = RowSet.summaryWords(rows: rows)
        guard start + RowSet.headWords(rows: rows) <= snapshot.count(.setWords) else {
            return "set \(set) lies outside"
        }
        let all = unsafe snapshot.pointer(.setWord, UInt64.self) + start
        let ranks = unsafe UnsafeRawPointer(all + 2 * words).assumingMemoryBound(to: UInt32.self)
        var stored = 0
        var found = 0
        for word in 0..<words {
            let (some, full) = unsafe (all[word], all[words + word])
            guard full & ~some == 0, unsafe Int(ranks[word]) == stored else {
                return "set \(set) does not add up"
            }
            let past = blocks - 64 * word
            if past < 64, some >> UInt64(max(past, 0)) != 0 { return "set \(set) has blocks beyond the last" }
            stored += (some & ~full).nonzeroBitCount
            found += full.nonzeroBitCount * RowSet.blockRows
        }
        let first = RowSet.headWords(rows: rows)
        guard start + first + stored * RowSet.blockWords <= snapshot.count(.setWords) else {
            return "set \(set) lies outside"
        }
        // The last block may be shorter; what is beyond its rows must not be there.
        if blocks > 0, rows % RowSet.blockRows != 0 {
            let last = blocks - 1
            let bit = UInt64(1) << UInt64(last % 64)
            if unsafe all[words + last / 64] & bit != 0 { return "set \(set) is full beyond the last row" }
            if unsafe all[last / 64] & bit != 0 {
                let block = unsafe all + first + (stored - 1) * RowSet.blockWords
                for row in (rows % RowSet.blockRows)..<RowSet.blockRows
                where unsafe block[row / 64] >> UInt64(row % 64) & 1 == 1 {
                    return "set \(set) has rows beyond the last"
                }
            }
        }
        for word in 0..<stored * RowSet.blockWords { found += unsafe all[first + word].nonzeroBitCount }
        return found == count ? nil : "set \(set) holds \(found) rows and says \(count)"
    }
}
