// One set of rows in a snapshot, as retrieval reads it.
internal import CSIMD

/// The bits of 512 rows.
typealias BlockBits = SIMD8<UInt64>

@safe struct RowSetView {
    let isList: Bool
    let count: Int
    private let lists: UnsafePointer<UInt32>
    private let words: UnsafePointer<UInt64>
    /// Which blocks are full, how many are stored before each word's, and those that are stored.
    private let full: UnsafePointer<UInt64>
    private let ranks: UnsafePointer<UInt32>
    private let stored: UnsafeRawPointer

    init(_ set: UInt32, in snapshot: CatalogSnapshot) {
        let set = Int(set)
        unsafe isList = snapshot.pointer(.setKind, UInt8.self)[set] == RowSet.Kind.list.rawValue
        unsafe count = Int(snapshot.pointer(.setCount, UInt32.self)[set])
        let start = unsafe Int(snapshot.pointer(.setStart, UInt32.self)[set])
        unsafe lists = snapshot.pointer(.setRow, UInt32.self) + (isList ? start : 0)
        unsafe words = snapshot.pointer(.setWord, UInt64.self) + (isList ? 0 : start)
        let rows = snapshot.count(.rows)
        let summary = isList ? 0 : RowSet.summaryWords(rows: rows)
        unsafe full = words + summary
        unsafe ranks = UnsafeRawPointer(words + 2 * summary).assumingMemoryBound(to: UInt32.self)
        unsafe stored = UnsafeRawPointer(words + (isList ? 0 : RowSet.headWords(rows: rows)))
    }

    /// A set in blocks, for the kernel.
    var blockSet: csimd_row_set {
        unsafe csimd_row_set(
            words: words, full: full, ranks: ranks, stored: stored.assumingMemoryBound(to: UInt8.self))
    }

    /// The rows of a list.
    var listed: UnsafePointer<UInt32> { unsafe lists }

    /// A row of a list.
    @inline(__always)
    subscript(row index: Int) -> Int { unsafe Int(truncatingIfNeeded: lists[index]) }

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
