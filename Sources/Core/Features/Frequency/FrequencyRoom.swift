// Rows of a fixed number in memory of their own. An inline array would do, but Swift 6.3 hands a struct to its own
// methods as a copy, and the kilobytes of one were a tenth of what a node spent on a request.

/// Allocated once by its owner; every access is checked.
@safe struct FrequencyRoom<Row>: ~Copyable, @unchecked Sendable {
    let count: Int
    private let start: UnsafeMutablePointer<Row>

    init(_ count: Int, of blank: Row) {
        precondition(count > 0, "a table needs room")
        self.count = count
        unsafe start = .allocate(capacity: count)
        unsafe start.initialize(repeating: blank, count: count)
    }

    deinit {
        unsafe start.deinitialize(count: count)
        unsafe start.deallocate()
    }

    subscript(_ index: Int) -> Row {
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
