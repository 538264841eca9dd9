// The memory that retrieval works in: allocated once by a shard for a snapshot, and clean between requests.
internal import CSIMD

@safe public struct RetrievalScratch: ~Copyable, @unchecked Sendable {
    /// Some of what is kept here lies in its memory.
    let snapshot: CatalogSnapshot
    /// A bit for each line item that was found, at the first of its rows: so rows that pass need not be looked up one
    /// by one. Valid until the next retrieval.
    let found: UnsafeMutablePointer<UInt64>
    let foundWords: Int
    /// A bit for each block of these that has any.
    let foundBlocks: UnsafeMutablePointer<UInt64>
    /// For each facet, and once more for what is excluded: the rows that come from lists, as words, and a bit for
    /// each block that has any.
    let listed: UnsafeMutablePointer<UInt64>
    let listedBlocks: UnsafeMutablePointer<UInt64>
    /// The blocks that may hold something.
    let candidates: UnsafeMutablePointer<UInt64>
    /// The sets in blocks that let a request's rows through, as they came, and by facet.
    let gathered: UnsafeMutablePointer<csimd_row_set>
    let setFacets: UnsafeMutablePointer<UInt8>
    var setCount = 0
    let sets: UnsafeMutablePointer<csimd_row_set>
    /// The sets of the request in hand, before anything is known of them.
    let asked: UnsafeMutablePointer<AskedSet>
    var askedCount = 0
    /// The lists of the request in hand.
    let lists: UnsafeMutablePointer<ListedRows>
    var listCount = 0
    let facets: UnsafeMutablePointer<FacetState>
    /// The same before anything is known of a request, and how many sets and lists belong to it.
    let usual: UnsafeMutablePointer<FacetState>
    var usualSets = 0
    var usualLists = 0
    /// Facets in the order in which they are asked: how many rows pass at most, and below it the facet's number.
    let order: UnsafeMutablePointer<UInt64>
    /// The same as the kernel takes them.
    let passes: UnsafeMutablePointer<csimd_row_facet>
    /// The rows of 64 blocks.
    let rows: UnsafeMutablePointer<UInt64>
    let facetCount: Int
    let rowWords: Int
    let blockWords: Int
    /// Rows that follow another of the same line item.
    let following: UnsafeMutablePointer<UInt64>
    /// Rows whose line item's flight is on, by block, and from when until when it is so.
    let flights: UnsafeMutablePointer<FlightBlock>

    /// Sets in blocks of one request: each facet's default, and as many as a query can have values in some facets each;
    /// beyond, a set is listed row by row.
    static let mostSets = 1_024

    public init(_ snapshot: CatalogSnapshot) {
        self.init(roomFor: snapshot)
        takeUsual()
    }

    private init(roomFor snapshot: CatalogSnapshot) {
        self.snapshot = snapshot
        let rowCount = snapshot.count(.rows)
        facetCount = snapshot.count(.facets)
        blockWords = RowSet.summaryWords(rows: rowCount)
        rowWords = blockWords * 64 * RowSet.blockWords
        foundWords = rowWords
        unsafe found = Self.zeros(foundWords)
        unsafe listed = Self.zeros((facetCount + 1) * rowWords)
        unsafe listedBlocks = Self.zeros((facetCount + 1) * blockWords)
        unsafe candidates = Self.zeros(blockWords)
        precondition(facetCount < 256, "a facet's number is a byte")
        unsafe foundBlocks = Self.zeros(blockWords)
        unsafe gathered = .allocate(capacity: Self.mostSets)
        unsafe setFacets = .allocate(capacity: Self.mostSets)
        unsafe sets = .allocate(capacity: Self.mostSets)
        unsafe asked = .allocate(capacity: Self.mostSets)
        unsafe lists = .allocate(capacity: Self.mostSets)
        unsafe facets = .allocate(capacity: facetCount + 1)
        unsafe usual = .allocate(capacity: facetCount + 1)
        unsafe order = .allocate(capacity: facetCount + 1)
        unsafe passes = .allocate(capacity: facetCount + 1)
        unsafe rows = Self.zeros(64 * RowSet.blockWords)
        unsafe following = Self.zeros(rowWords)
        unsafe flights = .allocate(capacity: blockWords * 64)
        unsafe flights.initialize(repeating: FlightBlock(), count: blockWords * 64)
        for row in 1..<max(rowCount, 1)
        where snapshot.lineItem(ofRow: row) == snapshot.lineItem(ofRow: row - 1) {
            unsafe following[row / 64] |= 1 << UInt64(row % 64)
        }
    }

    /// The words of `words`, for whoever keeps other sets of the same form.
    public static func words(of snapshot: CatalogSnapshot) -> Int {
        RowSet.summaryWords(rows: snapshot.count(.rows)) * 64 * RowSet.blockWords
    }

    private static func zeros(_ words: Int) -> UnsafeMutablePointer<UInt64> {
        let block = UnsafeMutableRawPointer.allocate(byteCount: 8 * max(words, 1), alignment: 64)
        let pointer = unsafe block.bindMemory(to: UInt64.self, capacity: max(words, 1))
        unsafe pointer.initialize(repeating: 0, count: max(words, 1))
        return unsafe pointer
    }

    deinit {
        unsafe found.deallocate()
        unsafe listed.deallocate()
        unsafe listedBlocks.deallocate()
        unsafe candidates.deallocate()
        unsafe foundBlocks.deallocate()
        unsafe gathered.deallocate()
        unsafe setFacets.deallocate()
        unsafe sets.deallocate()
        unsafe asked.deallocate()
        unsafe lists.deallocate()
        unsafe facets.deallocate()
        unsafe usual.deallocate()
        unsafe order.deallocate()
        unsafe passes.deallocate()
        unsafe rows.deallocate()
        unsafe following.deallocate()
        unsafe flights.deallocate()
    }

    /// A bit for each eight of the words below, where one of them has any.
    public var blocks: Span<UInt64> {
        @_lifetime(borrow self) borrowing get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(foundBlocks), count: blockWords)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// What was found: a bit for each line item, at the first of its rows, the first row lowest.
    public var words: Span<UInt64> {
        @_lifetime(borrow self) borrowing get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(found), count: foundWords)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// Which rows of a block run at one moment: their line items' flights are asked again only where one of them has
/// started or ended since.
@unsafe struct FlightBlock {
    var bits = BlockBits()
    var from = Int64.max
    var until = Int64.min
    var isEmpty = true
}

/// A set by its number, and what it is one of.
struct AskedSet {
    var set: UInt32
    var facet: UInt32
}

/// A list of rows that a facet lets through.
@unsafe struct ListedRows {
    var facet: Int
    var rows: UnsafePointer<UInt32>
    var count: Int
}

/// What one facet lets through in the request at hand.
@unsafe struct FacetState {
    var firstSet: Int
    var endSet: Int
    var hasListed: Bool
    /// At most so many rows pass: the fewer, the earlier the facet is asked.
    var weight: Int
}
