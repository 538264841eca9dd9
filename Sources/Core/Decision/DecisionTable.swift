// The memory of a decision: rows that are allocated once and filled anew by each request, and bytes to write
// into.

/// Room for so many rows, of which the first `count` are filled.
@safe struct DecisionTable<Row>: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutablePointer<Row>
    let capacity: Int
    private(set) var count = 0
    /// Rows that were filled at some time, and hold what they held then.
    private var used = 0

    init(_ capacity: Int) {
        precondition(capacity > 0, "a table needs room")
        self.capacity = capacity
        unsafe start = .allocate(capacity: capacity)
    }

    deinit {
        unsafe start.deinitialize(count: used)
        unsafe start.deallocate()
    }

    /// So many rows that are the same.
    static func filled(_ count: Int, with row: Row) -> DecisionTable {
        var table = DecisionTable(count)
        for _ in 0..<count { _ = table.append(row) }
        return table
    }

    mutating func removeAll() { count = 0 }

    mutating func removeLast() {
        precondition(count > 0, "the table is empty")
        count &-= 1
    }

    /// False, and nothing is appended, where the table is full.
    mutating func append(_ row: Row) -> Bool {
        guard count < capacity else { return false }
        if count < used {
            unsafe start[count] = row
        } else {
            unsafe (start + count).initialize(to: row)
            used &+= 1
        }
        count &+= 1
        return true
    }

    subscript(_ index: Int) -> Row {
        // An address, and not a value: rows are some hundred bytes, of which one or two fields are wanted.
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

/// One value apart from its owner. What has an owner's methods called on it is copied by Swift 6.3 together with all
/// that lies in the owner: large values of a decision lie elsewhere, and the decision keeps their address.
@safe struct DecisionBox<Value>: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutablePointer<Value>

    init(_ value: Value) {
        unsafe start = .allocate(capacity: 1)
        unsafe start.initialize(to: value)
    }

    deinit {
        unsafe start.deinitialize(count: 1)
        unsafe start.deallocate()
    }

    var address: UnsafePointer<Value> { unsafe UnsafePointer(start) }

    var value: Value {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(start) }
        @inline(__always) unsafeMutableAddress { unsafe start }
    }
}

/// Bytes to write an answer into.
@safe struct DecisionBytes: ~Copyable, @unchecked Sendable {
    private let start: UnsafeMutableRawPointer
    let capacity: Int

    init(_ capacity: Int) {
        self.capacity = capacity
        unsafe start = .allocate(byteCount: capacity, alignment: 64)
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
    }

    deinit { unsafe start.deallocate() }

    /// The whole of it, to be written before anything else is asked of it, and not beyond the owner's life: a
    /// span that holds on to its owner would keep the owner's other memory from being used.
    @unsafe @_lifetime(immortal)
    func writable() -> MutableRawSpan {
        let span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: capacity)
        return unsafe _overrideLifetime(span, copying: ())
    }

    mutating func copy(_ bytes: RawSpan, to offset: Int) {
        precondition(offset >= 0 && offset + bytes.byteCount <= capacity, "beyond the memory")
        unsafe bytes.withUnsafeBytes { bytes in
            guard let from = bytes.baseAddress else { return }
            unsafe (start + offset).copyMemory(from: from, byteCount: bytes.count)
        }
    }

    @_lifetime(borrow self)
    func first(_ count: Int) -> RawSpan {
        precondition(count <= capacity, "beyond the memory")
        let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The same where it is known to be UTF-8, as our own writers write it.
    @_lifetime(borrow self)
    func text(_ count: Int) -> UTF8Span {
        precondition(count <= capacity, "beyond the memory")
        let bytes = unsafe Span<UInt8>(_unsafeStart: start.assumingMemoryBound(to: UInt8.self), count: count)
        return unsafe UTF8Span(unchecked: _overrideLifetime(bytes, borrowing: self))
    }
}
