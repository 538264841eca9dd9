// Rows of a fixed number in memory of their own. An inline array would do, but Swift 6.3 copies the whole of one
// that lies in a struct to read a field of one element, and those copies were nine tenths of a search.

/// Allocated once by its owner; every access is checked.
@safe struct PodTable<Element>: ~Copyable, @unchecked Sendable {
    let count: Int
    private let start: UnsafeMutablePointer<Element>

    init(_ count: Int, repeating element: Element) {
        self.count = count
        unsafe start = .allocate(capacity: count)
        unsafe start.initialize(repeating: element, count: count)
    }

    deinit {
        unsafe start.deinitialize(count: count)
        unsafe start.deallocate()
    }

    subscript(index: Int) -> Element {
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
