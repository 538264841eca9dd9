// The memory of a holder: rows that stand in one piece and are all there from the start, so that authorising
// allocates nothing. It grows only when accounts are opened.

@safe struct LedgerTable<Row: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    private var start: UnsafeMutablePointer<Row>
    private(set) var count: Int
    private let blank: Row

    init(_ count: Int, of blank: Row) {
        precondition(count > 0, "a table needs room")
        self.count = count
        self.blank = blank
        unsafe start = .allocate(capacity: count)
        unsafe start.initialize(repeating: blank, count: count)
    }

    deinit { unsafe start.deallocate() }

    /// Room for at least so many; what is new is blank.
    mutating func grow(to wanted: Int) {
        guard wanted > count else { return }
        let larger = max(wanted, 2 * count)
        let grown = UnsafeMutablePointer<Row>.allocate(capacity: larger)
        unsafe grown.update(from: start, count: count)
        unsafe (grown + count).initialize(repeating: blank, count: larger - count)
        unsafe start.deallocate()
        unsafe start = grown
        count = larger
    }

    subscript(_ index: Int) -> Row {
        // An address, and not a value: an account is some hundred bytes, of which one or two fields are wanted.
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
