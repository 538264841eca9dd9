// Finds the line items whose targeting a request matches. Work grows with the request's values and with the blocks
// of rows that may hold a match: a bit for each block says which, so that most are never looked at.
//
// A row passes a facet if it does not care (the facet's default set) or asks for one of the request's values.
// Sets that are lists are spread into the scratch first; sets in blocks are read where they lie, by a kernel.
internal import CSIMD
import Units

extension CatalogSnapshot {
    /// Finds the line items for a query; their bits are then in the scratch, and their number is the result. The
    /// query and the scratch must have been made for this snapshot.
    public func retrieve(_ query: borrowing CatalogQuery, into scratch: inout RetrievalScratch) -> Int {
        precondition(
            unsafe query.snapshot.base == base && scratch.snapshot.base == base,
            "the query or the scratch is another snapshot's")
        scratch.forget()
        if query.isOverfull { return 0 }
        scratch.gather(query, self)
        let found = scratch.collect(self, now: query.now.nanoseconds)
        scratch.clean()
        return found
    }
}

extension RetrievalScratch {
    /// Clears what was found before.
    fileprivate func forget() {
        for word in 0..<blockWords {
            var rest = unsafe foundBlocks[word]
            if rest == 0 { continue }
            unsafe foundBlocks[word] = 0
            while rest != 0 {
                let place = (word &* 64 &+ rest.trailingZeroBitCount) &* RowSet.blockWords
                rest &= rest &- 1
                unsafe UnsafeMutableRawPointer(found + place).storeBytes(of: BlockBits(), as: BlockBits.self)
            }
        }
    }

    /// Takes in the request's sets: lists into the scratch, sets in blocks by facet.
    fileprivate mutating func gather(_ query: borrowing CatalogQuery, _ snapshot: CatalogSnapshot) {
        unsafe facets.update(from: usual, count: facetCount + 1)
        (setCount, listCount, askedCount) = (usualSets, usualLists, 0)
        let sets = RowSets(snapshot)
        let starts = unsafe snapshot.pointer(.valueIncludeStart, UInt32.self)
        let includeFacets = unsafe snapshot.pointer(.includeFacet, UInt32.self)
        let includeSets = unsafe snapshot.pointer(.includeSet, UInt32.self)
        let excludeSets = unsafe snapshot.pointer(.valueExcludeSet, UInt32.self)
        for index in 0..<query.count {
            let value = unsafe Int(truncatingIfNeeded: query.values[index])
            for at in unsafe Int(starts[value])..<Int(starts[value + 1]) {
                unsafe ask(includeSets[at], Int(truncatingIfNeeded: includeFacets[at]), sets)
            }
            if unsafe excludeSets[value] != Layout.none {
                unsafe ask(excludeSets[value], facetCount, sets)
            }
        }
        takeAsked(sets)
        groupSets(setCount)
        chooseBlocks(listed: false)
        for index in 0..<listCount { unsafe spread(lists[index]) }
        chooseBlocks(listed: true)
        sortFacets()
        for index in 0...facetCount {
            let facet = index < facetCount ? unsafe Int(truncatingIfNeeded: order[index] & 0xFF) : facetCount
            let state = unsafe facets[facet]
            unsafe passes[index] = csimd_row_facet(
                listed: state.hasListed ? UnsafePointer(listed + facet * rowWords) : nil,
                listed_blocks: state.hasListed ? UnsafePointer(listedBlocks + facet * blockWords) : nil,
                first_set: state.firstSet, end_set: state.endSet)
        }
    }

    /// Takes in what is the same for every request: the rows that do not care about a facet. What a request adds stands
    /// behind.
    mutating func takeUsual() {
        // Behind the facets stands what is excluded, which lets nothing through by itself.
        for facet in 0...facetCount {
            unsafe (facets + facet).initialize(
                to: FacetState(firstSet: 0, endSet: 0, hasListed: false, weight: 0))
        }
        let sets = RowSets(snapshot)
        for facet in 0..<facetCount { take(sets[snapshot.number(.facetDefaultSet, facet)], facet) }
        (usualSets, usualLists) = (setCount, listCount)
        unsafe usual.initialize(from: facets, count: facetCount + 1)
    }

    /// Takes note of a set. What it says of itself is looked up for all of them together, so that a large catalog's
    /// memory is waited for once and not for each.
    @inline(__always)
    private mutating func ask(_ set: UInt32, _ facet: Int, _ sets: RowSets) {
        if askedCount == Self.mostSets { takeAsked(sets) }
        unsafe asked[askedCount] = AskedSet(set: set, facet: UInt32(truncatingIfNeeded: facet))
        askedCount &+= 1
    }

    private mutating func takeAsked(_ sets: RowSets) {
        for index in 0..<askedCount {
            let one = unsafe asked[index]
            take(sets[one.set], Int(truncatingIfNeeded: one.facet))
        }
        askedCount = 0
    }

    @inline(__always)
    private mutating func take(_ view: RowSetView, _ facet: Int) {
        if view.count == 0 { return }
        unsafe facets[facet].weight &+= view.count
        if view.isList {
            return unsafe take(list: ListedRows(facet: facet, rows: view.listed, count: view.count))
        }
        if setCount == Self.mostSets { return spread(view, facet) }
        unsafe gathered[setCount] = view.blockSet
        unsafe setFacets[setCount] = UInt8(truncatingIfNeeded: facet)
        unsafe facets[facet].endSet &+= 1
        setCount &+= 1
    }

    /// Lists wait until the sets have said in which blocks anything may be found.
    private mutating func take(list: ListedRows) {
        unsafe facets[list.facet].hasListed = true
        if listCount == Self.mostSets {
            for word in 0..<blockWords { unsafe candidates[word] = .max }
            return unsafe spread(list)
        }
        unsafe lists[listCount] = list
        listCount += 1
    }

    /// Sets the bits of a list's rows in the scratch, in the blocks that may hold something.
    private func spread(_ list: ListedRows) {
        unsafe csimd_rows_spread(
            list.rows, list.count, candidates, listed + list.facet * rowWords,
            listedBlocks + list.facet * blockWords)
    }

    /// The same for a set in blocks, for which there was no room.
    private func spread(_ view: RowSetView, _ facet: Int) {
        let words = unsafe listed + facet * rowWords
        let blocks = unsafe listedBlocks + facet * blockWords
        unsafe facets[facet].hasListed = true
        for word in 0..<blockWords {
            var rest = view.blocks(word)
            unsafe blocks[word] |= rest
            while rest != 0 {
                let block = word * 64 + rest.trailingZeroBitCount
                rest &= rest &- 1
                let place = unsafe UnsafeMutableRawPointer(words + block * RowSet.blockWords)
                let bits = unsafe place.loadUnaligned(as: BlockBits.self) | view.bits(ofBlock: block)
                unsafe place.storeBytes(of: bits, as: BlockBits.self)
            }
        }
    }

    /// Brings the sets of each facet together, of which `endSet` has the number.
    private func groupSets(_ count: Int) {
        var end = 0
        for facet in 0...facetCount {
            let own = unsafe facets[facet].endSet
            unsafe facets[facet].firstSet = end
            unsafe facets[facet].endSet = end
            end += own
        }
        for index in 0..<count {
            let facet = unsafe Int(setFacets[index])
            unsafe sets[facets[facet].endSet] = gathered[index]
            unsafe facets[facet].endSet += 1
        }
    }

    /// The facet that lets the fewest rows through comes first.
    private func sortFacets() {
        for facet in 0..<facetCount {
            let key = unsafe UInt64(truncatingIfNeeded: facets[facet].weight) &<< 8 | UInt64(facet)
            var place = facet
            while place > 0, unsafe order[place - 1] > key {
                unsafe order[place] = order[place - 1]
                place &-= 1
            }
            unsafe order[place] = key
        }
    }

    /// The blocks in which every facet has a row that may pass: first of the facets without lists, then of the others too.
    private func chooseBlocks(listed isListed: Bool) {
        for word in 0..<blockWords {
            var candidates = isListed ? unsafe self.candidates[word] : UInt64.max
            for facet in 0..<facetCount {
                let (first, end) = unsafe (facets[facet].firstSet, facets[facet].endSet)
                if unsafe facets[facet].hasListed != isListed { continue }
                var passing = isListed ? unsafe listedBlocks[facet &* blockWords &+ word] : 0
                for set in first..<end { unsafe passing |= sets[set].words[word] }
                candidates &= passing
            }
            unsafe self.candidates[word] = candidates
        }
    }

    /// Goes through the blocks that are left; sets the bits of what passes everything, and counts it.
    fileprivate func collect(_ snapshot: CatalogSnapshot, now: Int64) -> Int {
        var count = 0
        for word in 0..<blockWords {
            let running = running(of: unsafe candidates[word], word, snapshot, now: now)
            if running == 0 { continue }
            let left = unsafe csimd_rows_pass(
                passes, facetCount, passes + facetCount, sets, word, running, rows)
            unsafe foundBlocks[word] |= left
            let first = word &* 64 &* RowSet.blockWords
            var later: UInt64 = 0
            count &+= unsafe csimd_rows_take(rows, left, following + first, found + first, &later)
            while later != 0 {
                let start = later.trailingZeroBitCount &* RowSet.blockWords
                later &= later &- 1
                for lane in start..<start &+ RowSet.blockWords {
                    var rest = unsafe rows[lane]
                    while rest != 0 {
                        count &+= findFirst(of: (first &+ lane) &* 64 &+ rest.trailingZeroBitCount)
                        rest &= rest &- 1
                    }
                }
            }
        }
        return count
    }

    /// Sets the bit of a line item by a later one of its rows: 1 where another row had not set it before.
    private func findFirst(of row: Int) -> Int {
        var first = row
        while unsafe following[first &>> 6] &>> UInt64(truncatingIfNeeded: first & 63) & 1 == 1 {
            first &-= 1
        }
        let bit = UInt64(1) &<< UInt64(truncatingIfNeeded: first & 63)
        let isFound = unsafe found[first &>> 6] & bit != 0
        unsafe found[first &>> 6] |= bit
        // It may stand in an earlier block.
        unsafe foundBlocks[first &>> 15] |= 1 &<< UInt64(truncatingIfNeeded: first &>> 9 & 63)
        return isFound ? 0 : 1
    }

    /// Of 64 blocks those that have rows whose flights are on, which are then in `rows`.
    @inline(__always)
    private func running(of blocks: UInt64, _ word: Int, _ snapshot: CatalogSnapshot, now: Int64) -> UInt64 {
        var running: UInt64 = 0
        var rest = blocks
        while rest != 0 {
            let block = rest.trailingZeroBitCount
            rest &= rest &- 1
            let flight = unsafe flights + (word &* 64 &+ block)
            if unsafe now < flight.pointee.from || now >= flight.pointee.until {
                unsafe flight.pointee = flightBlock(word &* 64 &+ block, snapshot, now: now)
            }
            if unsafe flight.pointee.isEmpty { continue }
            running |= 1 &<< UInt64(truncatingIfNeeded: block)
            unsafe UnsafeMutableRawPointer(rows + block &* RowSet.blockWords).storeBytes(
                of: flight.pointee.bits, as: BlockBits.self)
        }
        return running
    }

    private func flightBlock(
        _ block: Int, _ snapshot: CatalogSnapshot, now: Int64
    ) -> FlightBlock {
        let lineItems = unsafe snapshot.pointer(.rowLineItem, UInt32.self)
        let starts = unsafe snapshot.pointer(.lineItemStart, Int64.self)
        let ends = unsafe snapshot.pointer(.lineItemEnd, Int64.self)
        var flight = unsafe FlightBlock()
        unsafe (flight.from, flight.until) = (.min, .max)
        let first = block * RowSet.blockRows
        for row in first..<max(first, min(first + RowSet.blockRows, snapshot.count(.rows))) {
            let item = unsafe Int(truncatingIfNeeded: lineItems[row])
            let (start, end) = unsafe (starts[item], ends[item])
            // The times before now bound it from below, and those to come from above.
            unsafe flight.from = max(flight.from, start <= now ? start : .min, end <= now ? end : .min)
            unsafe flight.until = min(flight.until, start > now ? start : .max, end > now ? end : .max)
            if start <= now, now < end {
                unsafe flight.isEmpty = false
                unsafe flight.bits[(row - first) / 64] |= 1 << UInt64(row % 64)
            }
        }
        return unsafe flight
    }

    /// Clears what the lists have set.
    fileprivate func clean() {
        for facet in 0...facetCount where unsafe facets[facet].hasListed {
            for word in 0..<blockWords {
                var rest = unsafe listedBlocks[facet * blockWords + word]
                unsafe listedBlocks[facet * blockWords + word] = 0
                while rest != 0 {
                    let block = word &* 64 &+ rest.trailingZeroBitCount
                    rest &= rest &- 1
                    let place = unsafe listed + (facet &* rowWords &+ block &* RowSet.blockWords)
                    unsafe UnsafeMutableRawPointer(place).storeBytes(of: BlockBits(), as: BlockBits.self)
                }
            }
        }
    }
}
