// Rows of a fixed number in memory of their own. An inline array would do, but Swift 6.3 copies the whole of one that
// lies in a struct, to read a field of one element and for each of the struct's own methods: those copies were nine
// tenths of a search for a pod, and a tenth of what a node spent on a request.

/// Allocated once by its owner; every access is checked.
@frozen @safe public struct FixedTable<Row>: ~Copyable, @unchecked Sendable {
    public let count: Int
    @usableFromInline let start: UnsafeMutablePointer<Row>

    @inlinable public init(_ count: Int, repeating row: Row) {
        precondition(count > 0, "a table needs room")
        self.count = count
        unsafe start = .allocate(capacity: count)
        unsafe start.initialize(repeating: row, count: count)
    }

    @inlinable deinit {
        unsafe start.deinitialize(count: count)
        unsafe start.deallocate()
    }

    @inlinable public subscript(index: Int) -> Row {
        // An address, and not a value: a row may be large, and mostly one field of it is wanted.
        @inline(__always) unsafeAddress {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "there is no such row")
            return unsafe UnsafePointer(start + index)
        }
        @inline(__always) unsafeMutableAddress {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "there is no such row")
            return unsafe start + index
        }
    }
}
