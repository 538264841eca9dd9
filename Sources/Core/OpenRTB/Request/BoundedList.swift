// The reader's memory: lists that are allocated once, for their largest size, and filled anew by each request.

/// Room for so many elements, of which the first `count` are filled.
@safe struct BoundedList<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a list needs room")
        unsafe base = UnsafeMutablePointer.allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    mutating func removeAll() { count = 0 }

    /// False, and nothing is appended, where the list is full.
    mutating func append(_ element: Element) -> Bool {
        guard count < capacity else { return false }
        unsafe (base + count).initialize(to: element)
        count &+= 1
        return true
    }

    subscript(_ index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count, "beyond the list")
            return unsafe base[index]
        }
        set {
            precondition(index >= 0 && index < count, "beyond the list")
            unsafe base[index] = newValue
        }
    }

    /// The elements of a run that this list made.
    @_lifetime(borrow self)
    func span(_ run: Run<Element>) -> Span<Element> {
        precondition(run.start + run.count <= count, "a run of another request")
        let first = unsafe UnsafePointer(base + run.start)
        let span = unsafe Span(_unsafeStart: first, count: run.count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
