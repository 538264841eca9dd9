// The memory that retrieval works in: allocated once by a shard for a snapshot, and clean between requests.

@safe public struct RetrievalScratch: ~Copyable, @unchecked Sendable {
    /// The bits of the line items that were found, the first one lowest. Valid until the next retrieval.
    let found: UnsafeMutablePointer<UInt64>
    let foundWords: Int
    /// For each facet, and once more for what is excluded: the rows that come from lists, as words, and a bit for
    /// each block that has any.
    let listed: UnsafeMutablePointer<UInt64>
    let listedBlocks: UnsafeMutablePointer<UInt64>
    /// The blocks that may hold something.
    let candidates: UnsafeMutablePointer<UInt64>
    /// The sets in blocks that a request's values name, by facet: all that there can be of them.
    let sets: UnsafeMutablePointer<RowSetView>
    let setFacets: UnsafeMutablePointer<UInt8>
    let facets: UnsafeMutablePointer<FacetState>
    let facetCount: Int
    let rowWords: Int
    let blockWords: Int

    /// Sets in blocks of one request, as many as a query can have values in some facets each; beyond, a set is
    /// listed row by row.
    static let mostSets = 1_024

    public init(_ snapshot: CatalogSnapshot) {
        let rows = snapshot.count(.rows)
        facetCount = snapshot.count(.facets)
        blockWords = RowSet.summaryWords(rows: rows)
        rowWords = blockWords * 64 * RowSet.blockWords
        foundWords = (snapshot.lineItemCount + 63) / 64
        unsafe found = Self.zeros(foundWords)
        unsafe listed = Self.zeros((facetCount + 1) * rowWords)
        unsafe listedBlocks = Self.zeros((facetCount + 1) * blockWords)
        unsafe candidates = Self.zeros(blockWords)
        unsafe sets = .allocate(capacity: Self.mostSets)
        unsafe setFacets = .allocate(capacity: Self.mostSets)
        unsafe facets = .allocate(capacity: facetCount + 1)
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
        unsafe sets.deallocate()
        unsafe setFacets.deallocate()
        unsafe facets.deallocate()
    }

    /// What was found: a bit for each line item, the first one lowest.
    public var words: Span<UInt64> {
        @_lifetime(borrow self) borrowing get {
            let span = unsafe Span(_unsafeStart: UnsafePointer(found), count: foundWords)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }
}

/// What one facet lets through in the request at hand.
@unsafe struct FacetState {
    var defaults: RowSetView
    /// Which rows and blocks of the scratch are this facet's.
    var facet: Int
    var firstSet: Int
    var endSet: Int
    var hasListed: Bool
    /// At most so many rows pass: the fewer, the earlier it is asked.
    var weight: Int
}
