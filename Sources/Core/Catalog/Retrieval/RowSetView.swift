// One set of rows in a snapshot, as retrieval reads it.
internal import CSIMD

/// The bits of 512 rows.
typealias BlockBits = SIMD8<UInt64>

/// The sets of a snapshot, their columns at hand.
@safe struct RowSets {
    private let kinds: UnsafePointer<UInt8>
    private let counts: UnsafePointer<UInt32>
    private let starts: UnsafePointer<UInt32>
    private let rows: UnsafePointer<UInt32>
    private let words: UnsafePointer<UInt64>
    private let summaryWords: Int
    private let headWords: Int

    init(_ snapshot: borrowing CatalogSnapshot) {
        unsafe kinds = snapshot.pointer(.setKind, UInt8.self)
        unsafe counts = snapshot.pointer(.setCount, UInt32.self)
        unsafe starts = snapshot.pointer(.setStart, UInt32.self)
        unsafe rows = snapshot.pointer(.setRow, UInt32.self)
        unsafe words = snapshot.pointer(.setWord, UInt64.self)
        let rowCount = snapshot.count(.rows)
        summaryWords = RowSet.summaryWords(rows: rowCount)
        headWords = RowSet.headWords(rows: rowCount)
    }

    @inline(__always)
    subscript(_ set: UInt32) -> RowSetView {
        let set = Int(truncatingIfNeeded: set)
        let start = unsafe Int(truncatingIfNeeded: starts[set])
        let isList = unsafe kinds[set] == RowSet.Kind.list.rawValue
        return unsafe RowSetView(
            isList: isList, count: Int(truncatingIfNeeded: counts[set]),
            start: isList ? UnsafeRawPointer(rows + start) : UnsafeRawPointer(words + start),
            summaryWords: summaryWords, headWords: headWords)
    }
}

@safe struct RowSetView {
    let isList: Bool
    let count: Int
    private let start: UnsafeRawPointer
    private let summaryWords: Int
    private let headWords: Int

    fileprivate init(
        isList: Bool, count: Int, start: UnsafeRawPointer, summaryWords: Int, headWords: Int
    ) {
        (self.isList, self.count) = (isList, count)
        unsafe self.start = start
        (self.summaryWords, self.headWords) = (summaryWords, headWords)
    }

    init(_ set: UInt32, in snapshot: borrowing CatalogSnapshot) { self = RowSets(snapshot)[set] }

    /// Of a set in blocks: which blocks have rows, which are full, how many are stored before each word's, and those
    /// that are stored.
    private var words: UnsafePointer<UInt64> { unsafe start.assumingMemoryBound(to: UInt64.self) }
    private var full: UnsafePointer<UInt64> { unsafe words + summaryWords }
    private var ranks: UnsafePointer<UInt32> {
        unsafe UnsafeRawPointer(words + 2 &* summaryWords).assumingMemoryBound(to: UInt32.self)
    }
    private var stored: UnsafeRawPointer { unsafe UnsafeRawPointer(words + headWords) }

    /// A set in blocks, for the kernel.
    @inline(__always)
    var blockSet: csimd_row_set {
        unsafe csimd_row_set(
            words: words, full: full, ranks: ranks, stored: stored.assumingMemoryBound(to: UInt8.self))
    }

    /// The rows of a list.
    var listed: UnsafePointer<UInt32> { unsafe start.assumingMemoryBound(to: UInt32.self) }

    /// A row of a list.
    @inline(__always)
    subscript(row index: Int) -> Int { unsafe Int(truncatingIfNeeded: listed[index]) }

    /// A bit for each of 64 blocks that has rows.
    @inline(__always)
    func blocks(_ word: Int) -> UInt64 { unsafe words[word] }

    @inline(__always)
    func bits(ofBlock block: Int) -> BlockBits {
        let word = block &>> 6
        let bit = UInt64(truncatingIfNeeded: block & 63)
        guard unsafe words[word] &>> bit & 1 == 1 else { return BlockBits() }
        let isFull = unsafe full[word]
        if isFull &>> bit & 1 == 1 { return BlockBits(repeating: .max) }
        let before = unsafe words[word] & ~isFull & ((1 &<< bit) &- 1)
        let place = unsafe Int(truncatingIfNeeded: ranks[word]) &+ before.nonzeroBitCount
        return unsafe stored.loadUnaligned(fromByteOffset: 64 &* place, as: BlockBits.self)
    }
}
