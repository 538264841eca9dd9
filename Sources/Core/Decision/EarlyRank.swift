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
            batch.append(unsafe places[row], UInt32(truncatingIfNeeded: row))
        }
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

/// Line items of one class, of which the best one is at hand: a heap by their place in the order.
struct EarlyBatch: ~Copyable {
    /// A class that has more is taken in pieces.
    static let most = 4_096

    /// The place above, the first row below.
    private var heap = DecisionTable<UInt64>(Self.most)

    var isEmpty: Bool { heap.count == 0 }

    func hasRoom(for more: Int) -> Bool { heap.count + more <= Self.most }

    mutating func removeAll() { heap.removeAll() }

    fileprivate mutating func append(_ place: UInt32, _ row: UInt32) {
        _ = heap.append(UInt64(place) << 32 | UInt64(row))
    }

    /// Brings what was appended into the form of a heap.
    mutating func order() {
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    /// Takes out the line item that promises most; gives its first row.
    mutating func next() -> Int? {
        guard heap.count > 0 else { return nil }
        let best = heap[0]
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        if heap.count > 1 { sink(0) }
        return Int(truncatingIfNeeded: best & 0xFFFF_FFFF)
    }

    private mutating func sink(_ start: Int) {
        let moved = heap[start]
        var at = start
        while true {
            var child = 2 &* at &+ 1
            guard child < heap.count else { break }
            if child &+ 1 < heap.count, heap[child &+ 1] < heap[child] { child &+= 1 }
            guard heap[child] < moved else { break }
            heap[at] = heap[child]
            at = child
        }
        heap[at] = moved
    }
}
