// Gathers the columns of a snapshot and lays them out. The same columns give the same bytes.
import Units

struct SnapshotWriter {
    private var columns: [[UInt8]] = Array(repeating: [], count: Column.allCases.count)
    private var counts: [Int] = Array(repeating: 0, count: Table.allCases.count)

    /// Says how many rows a table has; every column is held to it.
    mutating func rows(_ table: Table, _ count: Int) { counts[Int(table.rawValue)] = count }

    func count(_ table: Table) -> Int { counts[Int(table.rawValue)] }

    mutating func set<Number: FixedWidthInteger>(_ column: Column, _ numbers: [Number]) {
        precondition(column.form.width == MemoryLayout<Number>.size, "\(column) holds other numbers")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * column.form.width)
        for number in numbers {
            var rest = number
            for _ in 0..<column.form.width {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                if column.form.width > 1 { rest >>= 8 }
            }
        }
        columns[Int(column.rawValue)] = bytes
    }

    /// Lists of rows of another table: the column of where each starts, and how many rows there are.
    mutating func lists<Element>(_ starts: Column, _ lists: [[Element]]) -> [Element] {
        guard case .starts(let table) = starts.form.check else {
            preconditionFailure("\(starts) starts nothing")
        }
        var ends: [UInt32] = [0]
        ends.reserveCapacity(lists.count + 1)
        var all: [Element] = []
        for list in lists {
            all += list
            ends.append(UInt32(all.count))
        }
        set(starts, ends)
        rows(table, all.count)
        return all
    }

    /// The whole snapshot.
    func finish() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Layout.columnsOffset)
        var starts: [Int] = []
        for column in Column.allCases {
            let form = column.form
            let contents = columns[Int(column.rawValue)]
            let isStarts = if case .starts = form.check { true } else { false }
            precondition(
                contents.count == form.width * (count(form.table) + (isStarts ? 1 : 0)),
                "\(column) has \(contents.count) bytes for \(count(form.table)) rows")
            starts.append(bytes.count)
            bytes += contents
            bytes += repeatElement(0, count: Layout.aligned(bytes.count) - bytes.count)
        }
        store(UInt64(Layout.magic), at: 0, &bytes)
        store(Layout.version, at: 8, &bytes)
        store(UInt64(bytes.count), at: 16, &bytes)
        store(UInt32(Table.allCases.count), at: 24, &bytes)
        store(UInt32(Column.allCases.count), at: 28, &bytes)
        for table in Table.allCases {
            store(UInt64(count(table)), at: Layout.countsOffset + 8 * Int(table.rawValue), &bytes)
        }
        for (index, start) in starts.enumerated() {
            store(UInt64(start), at: Layout.startsOffset + 8 * index, &bytes)
        }
        let checksum = CRC32C.checksum(of: bytes.span.raw.extracting(Layout.checkedFrom..<bytes.count))
        store(checksum, at: 12, &bytes)
        return bytes
    }

    private func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int, _ bytes: inout [UInt8]) {
        for index in 0..<MemoryLayout<Number>.size {
            bytes[offset + index] = UInt8(truncatingIfNeeded: number >> Number(8 * index))
        }
    }
}
