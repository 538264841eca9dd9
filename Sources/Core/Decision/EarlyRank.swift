// Which line items promise most, before any of their creatives is looked at: all of a catalog in one order, made once
// for a snapshot and its settings. A decision takes the best of those that it found first, and stops where no other
// can come among its candidates (docs/decisions/0025).
internal import Auction
internal import Catalog
internal import Units

/// The order is by priority, then by what a thousand impressions are worth in the base currency. It is cut into
/// classes, of which the first has one line item in 256 and each that follows as many as all before it: a set of
/// bits for each with all up to it, so that finding the best of ten thousand costs one pass over the words of the best
/// class, and that of a hundred one over the best few together.
@safe struct EarlyRank: @unchecked Sendable {
    /// One in 2^8 in the first class. A request that finds one in a hundred of a million then finds forty there.
    private static let halvings = 8
    /// Smaller catalogs have fewer classes: below so many line items in the first one, a class saves nothing.
    private static let leastInClass = 64

    let classCount: Int
    private let lineItems: Int
    private let wordCount: Int
    /// By class, the line items of it and of all before it, one set behind the other: a line item is where its first row
    /// is, as in what a retrieval found.
    private let classes: UnsafeMutablePointer<UInt64>
    /// By first row, its place in the order.
    private let places: UnsafeMutablePointer<UInt32>
    /// By place in the order, the line item.
    private let items: UnsafeMutablePointer<UInt32>
    /// By class, the place of its first line item; and behind them how many line items there are.
    private let starts: UnsafeMutablePointer<Int>

    init(_ snapshot: CatalogSnapshot, _ demand: KnownDemand, _ settings: DecisionSettings) {
        lineItems = snapshot.lineItemCount
        let rows = snapshot.rowCount
        wordCount = RetrievalScratch.words(of: snapshot)
        var count = 1
        while count <= Self.halvings, lineItems >> count >= Self.leastInClass { count += 1 }
        classCount = count
        unsafe classes = Self.zeros(count * wordCount)
        unsafe places = .allocate(capacity: max(rows, 1))
        unsafe starts = .allocate(capacity: count + 1)
        unsafe places.initialize(repeating: 0, count: max(rows, 1))
        for number in 0...count {
            unsafe (starts + number).initialize(to: number == 0 ? 0 : lineItems >> (count - number))
        }
        let order = Self.order(lineItems, demand, settings)
        unsafe items = .allocate(capacity: max(lineItems, 1))
        for place in order.indices { unsafe (items + place).initialize(to: order[place]) }
        var placeOf = [UInt32](repeating: 0, count: lineItems)
        for place in order.indices { placeOf[Int(order[place])] = UInt32(place) }
        var last = -1
        for row in 0..<rows {
            let item = snapshot.lineItem(ofRow: row)
            if item == last { continue }
            last = item
            let place = Int(placeOf[item])
            var number = 0
            while unsafe place >= starts[number + 1] { number += 1 }
            unsafe places[row] = UInt32(place)
            for all in number..<count { unsafe classes[all * wordCount + row / 64] |= 1 << UInt64(row % 64) }
        }
    }

    /// Of all copies.
    func deallocate() {
        unsafe classes.deallocate()
        unsafe places.deallocate()
        unsafe items.deallocate()
        unsafe starts.deallocate()
    }

    private static func zeros(_ count: Int) -> UnsafeMutablePointer<UInt64> {
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: max(count, 1))
        unsafe words.initialize(repeating: 0, count: max(count, 1))
        return unsafe words
    }

    /// Line items, those that promise most first.
    private static func order(
        _ lineItems: Int, _ demand: KnownDemand, _ settings: DecisionSettings
    ) -> [UInt32] {
        var exchange = Exchange(settings.currencies)
        var all: [(tier: UInt8, worth: Int64, item: UInt32)] = []
        all.reserveCapacity(lineItems)
        for item in 0..<lineItems {
            let row = demand.lineItems[item]
            // What is worth nothing, or cannot be converted, wins nothing: it comes last within its priority.
            let inBase = row.worth.flatMap { exchange.toBase($0, from: row.currency) }
            all.append((row.tier.rawValue, inBase?.rawValue ?? .min, UInt32(item)))
        }
        all.sort { a, b in
            if a.tier != b.tier { return a.tier < b.tier }
            return a.worth != b.worth ? a.worth > b.worth : a.item < b.item
        }
        return all.map(\.item)
    }

    /// The class that a walk through so many line items takes together with all before it: the first one in which it can
    /// expect as many as a lone ad has candidates.
    func first(ofFound count: Int) -> Int {
        var number = 0
        while number + 1 < classCount, count >> (classCount - 1 - number) < DecisionWorkspace.candidatesOfOne
        {
            number += 1
        }
        return number
    }

    /// Appends the line items that were found in classes up to a number, without those of another one and all before it,
    /// from a block of the scratch on, until the list is full; gives the block to go on from, or nil where there are no
    /// more.
    func take(
        upTo number: Int, without other: Int?, from start: Int, found scratch: borrowing RetrievalScratch,
        into batch: inout EarlyBatch
    ) -> Int? {
        let (found, blocks) = (scratch.words, scratch.blocks)
        precondition(found.count == wordCount && number < classCount, "another catalog's")
        let bits = unsafe classes + number * wordCount
        let taken = unsafe other.map { unsafe classes + $0 * wordCount }
        var word = start / 64
        var rest = word < blocks.count ? blocks[word] & UInt64.max << UInt64(start % 64) : 0
        while word < blocks.count {
            while rest != 0 {
                let block = word &* 64 &+ rest.trailingZeroBitCount
                rest &= rest &- 1
                // Most blocks have nobody of a class: their eight words are looked at together.
                let own = unsafe UnsafeRawPointer(bits + 8 &* block).loadUnaligned(as: SIMD8<UInt64>.self)
                let theirs = unsafe found.bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: 64 &* block, as: SIMD8<UInt64>.self)
                var both = own & theirs
                if let taken = unsafe taken {
                    both &=
                        ~(unsafe UnsafeRawPointer(taken + 8 &* block).loadUnaligned(as: SIMD8<UInt64>.self))
                }
                if both.anyLane == 0 { continue }
                guard batch.hasRoom(for: 512) else { return block }
                for lane in 0..<8 { append(both[lane], 8 &* block &+ lane, &batch) }
            }
            word &+= 1
            rest = word < blocks.count ? blocks[word] : 0
        }
        return nil
    }

    private func append(_ bits: UInt64, _ word: Int, _ batch: inout EarlyBatch) {
        var rest = bits
        while rest != 0 {
            let row = word &* 64 &+ rest.trailingZeroBitCount
            rest &= rest &- 1
            batch.append(unsafe Int(truncatingIfNeeded: places[row]))
        }
    }

    /// The line item at a place of the order.
    @inline(__always)
    func lineItem(at place: Int) -> Int {
        precondition(place >= 0 && place < lineItems, "the order has no such place")
        return unsafe Int(truncatingIfNeeded: items[place])
    }
}

extension SIMD8<UInt64> {
    /// The bits that some lane has: a comparison of vectors takes four times as long.
    @inline(__always)
    fileprivate var anyLane: UInt64 {
        let four = lowHalf | highHalf
        let two = four.lowHalf | four.highHalf
        return two[0] | two[1]
    }
}

/// Line items of one class by their places in the order, of which the first is at hand: a bit for each place, one for each
/// 64 of these that have any, and one for each 64 of those. Putting one in is three stores and taking the first is a few
/// instructions without a guess; a heap's comparisons are guesses, of which every second one is wrong.
@safe struct EarlyBatch: ~Copyable, @unchecked Sendable {
    /// A class that has more is taken in pieces.
    static let most = 4_096

    private let low: UnsafeMutablePointer<UInt64>
    private let middle: UnsafeMutablePointer<UInt64>
    private let high: UnsafeMutablePointer<UInt64>
    private let highCount: Int
    private var count = 0
    // What is left of the words at hand, which are cleared as they are taken, and where they stand.
    private var lowRest: UInt64 = 0
    private var lowAt = 0
    private var middleRest: UInt64 = 0
    private var middleAt = 0
    private var highRest: UInt64 = 0
    private var highAt = 0
    private var highNext = 0

    init(places: Int) {
        highCount = (places >> 18) + 1
        unsafe low = Self.zeros(highCount << 12)
        unsafe middle = Self.zeros(highCount << 6)
        unsafe high = Self.zeros(highCount)
    }

    deinit {
        unsafe low.deallocate()
        unsafe middle.deallocate()
        unsafe high.deallocate()
    }

    private static func zeros(_ count: Int) -> UnsafeMutablePointer<UInt64> {
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
        unsafe words.initialize(repeating: 0, count: count)
        return unsafe words
    }

    func hasRoom(for more: Int) -> Bool { count + more <= Self.most }

    /// Ready to be filled anew.
    mutating func removeAll() {
        while nextWord() {}
        (count, lowRest, highNext) = (0, 0, 0)
    }

    /// All are put in before the first is taken out.
    @inline(__always)
    mutating func append(_ place: Int) {
        precondition(place >> 18 < highCount, "the order has no such place")
        unsafe low[place >> 6] |= 1 &<< UInt64(truncatingIfNeeded: place & 63)
        unsafe middle[place >> 12] |= 1 &<< UInt64(truncatingIfNeeded: place >> 6 & 63)
        unsafe high[place >> 18] |= 1 &<< UInt64(truncatingIfNeeded: place >> 12 & 63)
        count &+= 1
    }

    /// Takes out the place of the line item that promises most.
    @inline(__always)
    mutating func next() -> Int? {
        if lowRest == 0, !nextWord() { return nil }
        let place = lowAt &<< 6 | lowRest.trailingZeroBitCount
        lowRest &= lowRest &- 1
        return place
    }

    /// Takes the next word of places into the hand; false where there is none.
    private mutating func nextWord() -> Bool {
        while middleRest == 0 {
            while highRest == 0 {
                guard highNext < highCount else { return false }
                highAt = highNext
                unsafe highRest = high[highAt]
                unsafe high[highAt] = 0
                highNext &+= 1
            }
            middleAt = highAt &<< 6 | highRest.trailingZeroBitCount
            highRest &= highRest &- 1
            unsafe middleRest = middle[middleAt]
            unsafe middle[middleAt] = 0
        }
        lowAt = middleAt &<< 6 | middleRest.trailingZeroBitCount
        middleRest &= middleRest &- 1
        unsafe lowRest = low[lowAt]
        unsafe low[lowAt] = 0
        return true
    }
}
