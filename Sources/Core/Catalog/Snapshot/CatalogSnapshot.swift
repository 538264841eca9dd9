// A compiled catalog in memory: validated once, whole, when it is loaded; then read with plain loads. The bytes may
// be a mapped file or a block of memory: a snapshot only keeps alive whoever has them.
import Units

@safe public struct CatalogSnapshot: @unchecked Sendable {
    let base: UnsafeRawPointer
    public let byteCount: Int
    /// The one that this program writes, and the only one that it reads.
    public static var format: UInt32 { Layout.version }
    private let keeper: (any AnyObject & Sendable)?

    /// Accepts the bytes whole, or says why not. They must stay where they are, unchanged, as long as `keeper`
    /// lives, and start at a multiple of 64 bytes, as mapped files do.
    public init(
        validating bytes: UnsafeRawBufferPointer, keptBy keeper: (any AnyObject & Sendable)?
    ) throws(SnapshotError) {
        func refused(_ reason: SnapshotError.Reason) -> SnapshotError {
            SnapshotError(reason: reason, byteCount: bytes.count)
        }
        guard let start = bytes.baseAddress, bytes.count >= 16 else { throw refused(.tooShort) }
        guard UInt(bitPattern: start) % UInt(Layout.alignment) == 0 else { throw refused(.misaligned) }
        unsafe base = start
        byteCount = bytes.count
        self.keeper = keeper
        guard load(0, UInt64.self) == Layout.magic else { throw refused(.notACatalog) }
        let version = load(8, UInt32.self)
        if version > Layout.version { throw refused(.newer(version)) }
        if version < Layout.version { throw refused(.older(version)) }
        guard byteCount >= Layout.columnsOffset else { throw refused(.tooShort) }
        let expected = load(16, UInt64.self)
        if expected > UInt64(byteCount) { throw refused(.truncated(expected: expected)) }
        if expected < UInt64(byteCount) { throw refused(.trailing(expected: expected)) }
        let checked = unsafe RawSpan(
            _unsafeStart: start + Layout.checkedFrom, byteCount: byteCount - Layout.checkedFrom)
        let checksum = CRC32C.checksum(of: checked)
        guard checksum == load(12, UInt32.self) else {
            throw refused(.wrongChecksum(found: checksum, expected: load(12, UInt32.self)))
        }
        if let wrong = SnapshotCheck(self).firstWrong { throw refused(.inconsistent(wrong)) }
    }

    @inline(__always)
    func load<Number: BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
        unsafe base.load(fromByteOffset: offset, as: Number.self)
    }

    /// How many rows a table has.
    @inline(__always)
    func count(_ table: Table) -> Int {
        Int(truncatingIfNeeded: load(Layout.countsOffset + 8 * Int(table.rawValue), UInt64.self))
    }

    /// Where a column starts.
    @inline(__always)
    func start(_ column: Column) -> Int {
        Int(truncatingIfNeeded: load(Layout.startsOffset + 8 * Int(column.rawValue), UInt64.self))
    }

    @inline(__always)
    func pointer<Number: BitwiseCopyable>(_ column: Column, _ type: Number.Type) -> UnsafePointer<Number> {
        unsafe (base + start(column)).assumingMemoryBound(to: Number.self)
    }

    // One number of a column. The row is checked, since it may come from a journal or another process.
    func byte(_ column: Column, _ row: Int) -> UInt8 { load(place(column, row, 1), UInt8.self) }
    func number(_ column: Column, _ row: Int) -> UInt32 { load(place(column, row, 4), UInt32.self) }
    func wide(_ column: Column, _ row: Int) -> Int64 { load(place(column, row, 8), Int64.self) }

    private func place(_ column: Column, _ row: Int, _ width: Int) -> Int {
        let form = column.form
        precondition(
            form.width == width && row >= 0 && row < count(form.table), "\(column) has no row \(row)")
        return start(column) + width * row
    }

    /// A number of a column whose table and width are known where it is read: what a request waits for is read so.
    @inline(__always)
    func at<Number: BitwiseCopyable>(
        _ column: Column, _ table: Table, _ row: Int, _ type: Number.Type
    ) -> Number {
        precondition(row >= 0 && row < count(table), "the catalog has no such row")
        return unsafe pointer(column, type)[row]
    }

    /// The rows of a list, where its table is known.
    @inline(__always)
    func list(_ starts: Column, _ table: Table, _ row: Int) -> Range<Int> {
        precondition(row >= 0 && row < count(table), "the catalog has no such row")
        let starts = unsafe pointer(starts, UInt32.self)
        return unsafe Int(starts[row])..<Int(starts[row + 1])
    }

    /// The rows of a list.
    func range(_ starts: Column, _ row: Int) -> Range<Int> {
        precondition(row >= 0 && row < count(starts.form.table), "\(starts) has no row \(row)")
        let offset = start(starts) + 4 * row
        return Int(load(offset, UInt32.self))..<Int(load(offset + 4, UInt32.self))
    }

    public var lineItemCount: Int { count(.lineItems) }

    /// What retrieval reads of all the bytes: sets, rows and flights.
    public var indexByteCount: Int {
        let columns: [Column] = [
            .rowLineItem, .valueDimension, .valueName, .valueIncludeStart, .valueExcludeSet, .valueSlot,
            .includeFacet,
            .includeSet, .setKind, .setCount, .setStart, .setRow, .setWord, .lineItemStart, .lineItemEnd,
            .circleValue, .circleX, .circleY, .circleZ, .circleChord, .cellKey, .cellCircle, .daypartWord,
        ]
        return columns.reduce(0) { $0 + $1.form.width * count($1.form.table) }
    }

    /// The bytes of a text of the pool.
    func text(_ string: UInt32) -> UnsafeRawBufferPointer {
        let range = list(.stringStart, .strings, Int(string))
        return unsafe UnsafeRawBufferPointer(
            start: base + start(.stringByte) + range.lowerBound, count: range.count)
    }

    func string(_ column: Column, _ row: Int) -> String {
        unsafe String(decoding: text(number(column, row)), as: UTF8.self)
    }

    func optionalString(_ column: Column, _ row: Int) -> String? {
        let string = number(column, row)
        return string == Layout.none ? nil : unsafe String(decoding: text(string), as: UTF8.self)
    }
}

extension CatalogSnapshot {
    /// The same of a copy of the bytes, which the snapshot keeps.
    public init(copying bytes: [UInt8]) throws(SnapshotError) {
        let block = SnapshotBlock(bytes)
        try unsafe self.init(validating: UnsafeRawBufferPointer(block.bytes), keptBy: block)
    }
}

/// A block of memory with a snapshot, for whoever has no file to map.
@safe private final class SnapshotBlock: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    init(_ contents: [UInt8]) {
        unsafe bytes = .allocate(byteCount: contents.count, alignment: Layout.alignment)
        unsafe bytes.copyBytes(from: contents)
    }

    deinit { unsafe bytes.deallocate() }
}
