// The memory of a holder: rows that stand in one piece and are all there from the start, so that authorising
// allocates nothing. It grows only when accounts are opened.

@safe struct LedgerTable<Row: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    private var start: UnsafeMutableRawPointer
    private(set) var count: Int
    private let blank: Row

    init(_ count: Int, of blank: Row) {
        precondition(count > 0, "a table needs room")
        self.count = count
        self.blank = blank
        unsafe start = Self.room(count)
        for row in 0..<count { unsafe place(row).initialize(to: blank) }
    }

    /// Large rows begin at a line of the cache, which what is asked of an account most then lies in.
    private static var stride: Int {
        let bytes = MemoryLayout<Row>.stride
        return bytes < 64 ? bytes : (bytes + 63) & ~63
    }

    private static func room(_ count: Int) -> UnsafeMutableRawPointer {
        .allocate(byteCount: count * stride, alignment: 64)
    }

    @inline(__always)
    private func place(_ row: Int) -> UnsafeMutablePointer<Row> {
        unsafe (start + row &* Self.stride).assumingMemoryBound(to: Row.self)
    }

    deinit { unsafe start.deallocate() }

    /// Room for at least so many; what is new is blank.
    mutating func grow(to wanted: Int) {
        guard wanted > count else { return }
        let larger = max(wanted, 2 * count)
        let grown = unsafe Self.room(larger)
        unsafe grown.copyMemory(from: start, byteCount: count * Self.stride)
        unsafe start.deallocate()
        unsafe start = grown
        for row in count..<larger { unsafe place(row).initialize(to: blank) }
        count = larger
    }

    subscript(_ index: Int) -> Row {
        // An address, and not a value: an account is some hundred bytes, of which one or two fields are wanted.
        @inline(__always) unsafeAddress {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "there is no such row")
            return unsafe UnsafePointer(place(index))
        }
        @inline(__always) unsafeMutableAddress {
            precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "there is no such row")
            return unsafe place(index)
        }
    }
}
