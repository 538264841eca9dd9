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
        // Snapshots are little-endian, and so is every machine that this is built for.
        columns[Int(column.rawValue)] = unsafe numbers.withUnsafeBytes { unsafe Array($0) }
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

    /// The whole snapshot. Columns of texts have their numbers in the table, and get those by the order of the bytes. What
    /// is gathered goes as it is laid out: a large catalog is not in memory twice.
    mutating func finish(_ texts: borrowing TextTable) -> [UInt8] {
        let order = texts.sorted()
        rows(.strings, order.count)
        rows(.stringBytes, texts.byteCount)
        var places = [UInt32](repeating: 0, count: order.count)
        for place in order.indices { places[Int(order[place])] = UInt32(place) }

        let lengths = Column.allCases.map { $0.form.width * rowCount($0) }
        var bytes = [UInt8](repeating: 0, count: Layout.columnsOffset)
        bytes.reserveCapacity(lengths.reduce(Layout.columnsOffset) { Layout.aligned($0 + $1) })
        var starts: [Int] = []
        for (column, length) in zip(Column.allCases, lengths) {
            let start = bytes.count
            starts.append(start)
            switch column {
            case .stringStart: Self.append(starts: order, of: texts, &bytes)
            case .stringByte: for text in order { unsafe bytes += texts.bytes(of: text) }
            default:
                bytes += columns[Int(column.rawValue)]
                columns[Int(column.rawValue)] = []
                if column.form.isText { Self.renumber(&bytes, from: start, places) }
            }
            precondition(
                bytes.count == start + length,
                "\(column) has \(bytes.count - start) bytes for \(count(column.form.table)) rows")
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

    private func rowCount(_ column: Column) -> Int {
        let rows = count(column.form.table)
        return if case .starts = column.form.check { rows + 1 } else { rows }
    }

    private static func append(
        starts order: [UInt32], of texts: borrowing TextTable, _ bytes: inout [UInt8]
    ) {
        var end: UInt32 = 0
        func append(_ number: UInt32) { unsafe withUnsafeBytes(of: number) { unsafe bytes += $0 } }
        append(end)
        for text in order {
            end += UInt32(unsafe texts.bytes(of: text).count)
            append(end)
        }
    }

    private static func renumber(_ bytes: inout [UInt8], from start: Int, _ places: [UInt32]) {
        unsafe bytes.withUnsafeMutableBytes { bytes in
            for at in stride(from: start, to: bytes.count, by: 4) {
                let text = unsafe bytes.load(fromByteOffset: at, as: UInt32.self)
                guard text != Layout.none else { continue }
                unsafe bytes.storeBytes(of: places[Int(text)], toByteOffset: at, as: UInt32.self)
            }
        }
    }

    private func store<Number: FixedWidthInteger>(_ number: Number, at offset: Int, _ bytes: inout [UInt8]) {
        for index in 0..<MemoryLayout<Number>.size {
            bytes[offset + index] = UInt8(truncatingIfNeeded: number >> Number(8 * index))
        }
    }
}
