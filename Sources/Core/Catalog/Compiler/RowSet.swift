// A set of rows of the index in one of two forms: a list of the rows where they are few and far between, or blocks
// of 512 rows, of which the empty and the full ones take one bit and the others one cache line.

enum RowSet {
    enum Kind: UInt8 { case list, blocks }

    /// A block's bits fill a cache line, and a vector of AVX-512.
    static let blockRows = 512
    static let blockWords = blockRows / 64

    /// How many times smaller than its blocks a list must be, to be kept as one. At eight, metro areas and networks
    /// of large catalogs are blocks, and segments and postal codes are lists.
    static let listAdvantage = 8

    /// Words that hold a bit for each block.
    static func summaryWords(rows: Int) -> Int { (rows + blockRows * 64 - 1) / (blockRows * 64) }

    /// What stands before the blocks: which are not empty, which are full, and for each word of those how many
    /// stored blocks come before it.
    static func headWords(rows: Int) -> Int {
        let words = summaryWords(rows: rows)
        // Rounded up, so that blocks start where cache lines do.
        return (2 * words + (words + 1) / 2 + blockWords - 1) / blockWords * blockWords
    }
}

/// Sets of rows as they are gathered, each of them in ascending order.
struct RowSetWriter {
    private let rows: Int
    private var kinds: [UInt8] = []
    private var counts: [UInt32] = []
    private var starts: [UInt32] = []
    private var lists: [UInt32] = []
    private var words: [UInt64] = []

    init(rows: Int) { self.rows = rows }

    /// The number of the set.
    mutating func add(_ set: ArraySlice<UInt32>) -> UInt32 {
        let head = RowSet.headWords(rows: rows)
        var stored = 0
        var index = set.startIndex
        while index < set.endIndex {
            let count = rowsInBlock(set, index)
            if count < RowSet.blockRows { stored += 1 }
            index += count
        }
        counts.append(UInt32(set.count))
        // A request walks a list whole, but looks into few blocks: a list has to be much smaller.
        if RowSet.listAdvantage * 4 * set.count <= 8 * (head + RowSet.blockWords * stored) {
            kinds.append(RowSet.Kind.list.rawValue)
            starts.append(UInt32(lists.count))
            lists += set
        } else {
            kinds.append(RowSet.Kind.blocks.rawValue)
            starts.append(UInt32(words.count))
            addBlocks(set, head)
        }
        return UInt32(kinds.count - 1)
    }

    private func rowsInBlock(_ set: ArraySlice<UInt32>, _ index: Int) -> Int {
        let block = Int(set[index]) / RowSet.blockRows
        var end = index
        while end < set.endIndex, Int(set[end]) / RowSet.blockRows == block { end += 1 }
        return end - index
    }

    private mutating func addBlocks(_ set: ArraySlice<UInt32>, _ head: Int) {
        let summary = RowSet.summaryWords(rows: rows)
        let start = words.count
        words += repeatElement(0, count: head)
        var index = set.startIndex
        while index < set.endIndex {
            let count = rowsInBlock(set, index)
            let block = Int(set[index]) / RowSet.blockRows
            let bit = UInt64(1) << UInt64(block % 64)
            words[start + block / 64] |= bit
            if count == RowSet.blockRows {
                words[start + summary + block / 64] |= bit
            } else {
                let place = words.count
                words += repeatElement(0, count: RowSet.blockWords)
                for row in set[index..<index + count] {
                    let inBlock = Int(row) % RowSet.blockRows
                    words[place + inBlock / 64] |= 1 << UInt64(inBlock % 64)
                }
            }
            index += count
        }
        var stored: UInt64 = 0
        for word in 0..<summary {
            let half = UInt64(32 * (word % 2))
            words[start + 2 * summary + word / 2] |= stored << half
            stored += UInt64((words[start + word] & ~words[start + summary + word]).nonzeroBitCount)
        }
    }

    func write(to writer: inout SnapshotWriter) {
        precondition(words.count < Layout.mostRows && lists.count < Layout.mostRows, "the index is too large")
        writer.rows(.sets, kinds.count)
        writer.set(.setKind, kinds)
        writer.set(.setCount, counts)
        writer.set(.setStart, starts)
        writer.rows(.setRows, lists.count)
        writer.set(.setRow, lists)
        writer.rows(.setWords, words.count)
        writer.set(.setWord, words)
    }
}
