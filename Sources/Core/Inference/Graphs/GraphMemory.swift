// Where steps read and write: the one file in which places become addresses. That every place is inside was
// seen to when the program was made.

/// Numbers that lie one behind the other.
@safe struct Numbers<Element: BitwiseCopyable> {
    @unsafe private let start: UnsafeMutablePointer<Element>

    @unsafe init(_ start: UnsafeMutablePointer<Element>) { unsafe self.start = start }

    @inline(__always) subscript(index: Int) -> Element {
        get { unsafe start[index] }
        nonmutating set { unsafe start[index] = newValue }
    }

    @unsafe var pointer: UnsafeMutablePointer<Element> { unsafe start }

    /// All of them to change at once.
    @inline(__always) func change(_ count: Int, _ body: (inout MutableSpan<Element>) -> Void) {
        var span = unsafe MutableSpan(_unsafeStart: start, count: count)
        body(&span)
    }
}

/// What the steps of one run share.
@safe struct GraphFrame {
    let constants: UnsafeMutableRawPointer
    let scratch: UnsafeMutableRawPointer
    /// For each row, whether it has no result.
    let faults: UnsafeMutablePointer<Bool>
    /// How many rows the workspace has room for, and how many there are.
    let capacity: Int
    let rows: Int

    @unsafe init(
        constants: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer,
        faults: UnsafeMutablePointer<Bool>, capacity: Int, rows: Int
    ) {
        unsafe self.constants = constants
        unsafe self.scratch = scratch
        unsafe self.faults = faults
        self.capacity = capacity
        self.rows = rows
    }

    /// A row of an operand; a constant is the same in each.
    @inline(__always) func row<Element>(
        _ operand: Operand, _ row: Int, as type: Element.Type = Element.self
    ) -> Numbers<Element> {
        if operand.isConstant { return constant(operand.offset) }
        let place = operand.offset * capacity + row * operand.rowBytes
        return unsafe Numbers((scratch + place).assumingMemoryBound(to: Element.self))
    }

    @inline(__always) func constant<Element>(
        _ offset: Int, as type: Element.Type = Element.self
    ) -> Numbers<Element> {
        unsafe Numbers((constants + offset).assumingMemoryBound(to: Element.self))
    }

    /// The row has no result: an index or a category is outside of what the model knows.
    @inline(__always) func refuse(row: Int) { unsafe faults[row] = true }
}
