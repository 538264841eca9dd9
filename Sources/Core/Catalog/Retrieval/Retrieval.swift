// Finds the line items whose targeting a request matches. Work grows with the request's values and with the blocks
// of rows that may hold a match: a bit for each block says which, so that most are never looked at.
//
// A row passes a facet if it does not care (the facet's default set) or asks for one of the request's values.
// Sets that are lists are spread into the scratch first; sets in blocks are read where they lie.
import Units

extension CatalogSnapshot {
    /// Finds the line items for a query; their bits are then in the scratch, and their number is the result. The
    /// query and the scratch must have been made for this snapshot.
    public func retrieve(_ query: borrowing CatalogQuery, into scratch: inout RetrievalScratch) -> Int {
        precondition(
            unsafe query.snapshot.base == base && scratch.foundWords == RetrievalScratch.words(of: self),
            "the query or the scratch is another snapshot's")
        unsafe scratch.found.update(repeating: 0, count: scratch.foundWords)
        if query.isOverfull { return 0 }
        scratch.gather(query, self)
        scratch.chooseBlocks()
        let found = scratch.collect(self, now: query.now.nanoseconds)
        scratch.clean()
        return found
    }
}

extension RetrievalScratch {
    /// Takes in the request's sets: lists into the scratch, sets in blocks by facet.
    fileprivate mutating func gather(_ query: borrowing CatalogQuery, _ snapshot: CatalogSnapshot) {
        let defaults = unsafe snapshot.pointer(.facetDefaultSet, UInt32.self)
        for facet in 0...facetCount {
            // Behind the facets stands what is excluded, which lets nothing through by itself.
            let set = unsafe facet < facetCount ? defaults[facet] : defaults[0]
            let view = RowSetView(set, in: snapshot)
            unsafe facets[facet] = FacetState(
                defaults: view, facet: facet, firstSet: 0, endSet: 0, hasListed: false, weight: view.count)
            if facet < facetCount, view.isList { spread(view, facet) }
        }
        let starts = unsafe snapshot.pointer(.valueIncludeStart, UInt32.self)
        let includeFacets = unsafe snapshot.pointer(.includeFacet, UInt32.self)
        let includeSets = unsafe snapshot.pointer(.includeSet, UInt32.self)
        let excludeSets = unsafe snapshot.pointer(.valueExcludeSet, UInt32.self)
        var setCount = 0
        for index in 0..<query.count {
            let value = unsafe Int(truncatingIfNeeded: query.values[index])
            for at in unsafe Int(starts[value])..<Int(starts[value + 1]) {
                unsafe take(RowSetView(includeSets[at], in: snapshot), Int(includeFacets[at]), &setCount)
            }
            if unsafe excludeSets[value] != Layout.none {
                unsafe take(RowSetView(excludeSets[value], in: snapshot), facetCount, &setCount)
            }
        }
        sortSets(setCount)
        sortFacets()
    }

    private func take(_ view: RowSetView, _ facet: Int, _ setCount: inout Int) {
        unsafe facets[facet].weight += view.count
        if view.isList || setCount == Self.mostSets { return spread(view, facet) }
        unsafe sets[setCount] = view
        unsafe setFacets[setCount] = UInt8(truncatingIfNeeded: facet)
        setCount += 1
    }

    /// Sets the bits of a set's rows in the scratch.
    private func spread(_ view: RowSetView, _ facet: Int) {
        let words = unsafe listed + facet * rowWords
        let blocks = unsafe listedBlocks + facet * blockWords
        unsafe facets[facet].hasListed = true
        if view.isList {
            for index in 0..<view.count {
                let row = view[row: index]
                unsafe words[row &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: row & 63)
                let block = row &>> 9
                unsafe blocks[block &>> 6] |= 1 &<< UInt64(truncatingIfNeeded: block & 63)
            }
            return
        }
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

    /// Brings the sets of each facet together. There are few, and most come in order.
    private func sortSets(_ count: Int) {
        for index in 1..<max(count, 1) {
            let (set, facet) = unsafe (sets[index], setFacets[index])
            var place = index
            while place > 0, unsafe setFacets[place - 1] > facet {
                unsafe sets[place] = sets[place - 1]
                unsafe setFacets[place] = setFacets[place - 1]
                place -= 1
            }
            unsafe sets[place] = set
            unsafe setFacets[place] = facet
        }
        var at = 0
        for facet in 0...facetCount {
            unsafe facets[facet].firstSet = at
            while at < count, unsafe Int(setFacets[at]) == facet { at += 1 }
            unsafe facets[facet].endSet = at
        }
    }

    /// The facet that lets the fewest rows through comes first. What is excluded stays last.
    private func sortFacets() {
        for index in 1..<max(facetCount, 1) {
            let facet = unsafe facets[index]
            var place = index
            while place > 0, unsafe facets[place - 1].weight > facet.weight {
                unsafe facets[place] = facets[place - 1]
                place -= 1
            }
            unsafe facets[place] = facet
        }
    }

    /// The blocks in which every facet has a row that may pass.
    fileprivate func chooseBlocks() {
        for word in 0..<blockWords {
            var candidates = UInt64.max
            for index in 0..<facetCount {
                let facet = unsafe facets[index]
                var passing = unsafe listedBlocks[facet.facet * blockWords + word]
                if unsafe !facet.defaults.isList { unsafe passing |= facet.defaults.blocks(word) }
                for set in unsafe facet.firstSet..<facet.endSet { unsafe passing |= sets[set].blocks(word) }
                candidates &= passing
            }
            unsafe self.candidates[word] = candidates
        }
    }

    /// Goes through the blocks that are left; sets the bits of what passes everything, and counts it.
    fileprivate func collect(_ snapshot: CatalogSnapshot, now: Int64) -> Int {
        var count = 0
        for word in 0..<blockWords {
            var rest = unsafe candidates[word]
            while rest != 0 {
                let block = word &* 64 &+ rest.trailingZeroBitCount
                rest &= rest &- 1
                var bits = running(block, snapshot, now: now)
                if bits.isZero { continue }
                bits &= passing(block)
                if bits.isZero { continue }
                let place = block &* RowSet.blockWords
                let more = unsafe UnsafeRawPointer(following + place).loadUnaligned(as: BlockBits.self)
                let first = bits & ~more
                unsafe UnsafeMutableRawPointer(found + place).storeBytes(of: first, as: BlockBits.self)
                for lane in 0..<RowSet.blockWords {
                    count &+= first[lane].nonzeroBitCount
                    var left = bits[lane] & more[lane]
                    while left != 0 {
                        count &+= findFirst(of: (place &+ lane) &* 64 &+ left.trailingZeroBitCount)
                        left &= left &- 1
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
        return isFound ? 0 : 1
    }

    @inline(__always)
    private func running(_ block: Int, _ snapshot: CatalogSnapshot, now: Int64) -> BlockBits {
        let flight = unsafe flights + block
        if unsafe now < flight.pointee.from || now >= flight.pointee.until {
            unsafe flight.pointee = flightBlock(block, snapshot, now: now)
        }
        return unsafe flight.pointee.bits
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
                unsafe flight.bits[(row - first) / 64] |= 1 << UInt64(row % 64)
            }
        }
        return unsafe flight
    }

    /// The rows of a block that pass every facet and are not excluded.
    @inline(__always)
    private func passing(_ block: Int) -> BlockBits {
        var bits = BlockBits(repeating: .max)
        for index in 0..<facetCount {
            bits &= union(index, block)
            if bits.isZero { return bits }
        }
        return bits & ~union(facetCount, block)
    }

    @inline(__always)
    private func union(_ index: Int, _ block: Int) -> BlockBits {
        let facet = unsafe facets + index
        var bits = BlockBits()
        if index < facetCount, unsafe !facet.pointee.defaults.isList {
            bits = unsafe facet.pointee.defaults.bits(ofBlock: block)
        }
        if unsafe facet.pointee.hasListed {
            let place = unsafe listed + (facet.pointee.facet &* rowWords &+ block &* RowSet.blockWords)
            bits |= unsafe UnsafeRawPointer(place).loadUnaligned(as: BlockBits.self)
        }
        for set in unsafe facet.pointee.firstSet..<facet.pointee.endSet {
            bits |= unsafe sets[set].bits(ofBlock: block)
        }
        return bits
    }

    /// Clears what the lists have set.
    fileprivate func clean() {
        for index in 0...facetCount where unsafe facets[index].hasListed {
            let facet = unsafe facets[index].facet
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

extension BlockBits {
    @inline(__always)
    fileprivate var isZero: Bool {
        let four = lowHalf | highHalf
        let two = four.lowHalf | four.highHalf
        return two[0] | two[1] == 0
    }
}
