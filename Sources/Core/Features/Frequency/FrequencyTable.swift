// What viewers have seen, in memory that is allocated once. A viewer's counters stand together, so that a request
// finds all of them with one search, however many line items it then asks about.
internal import Units

/// One shard's counters. A subject is a viewer's key or a household's. Searching is open addressing in sets of
/// sixteen; the counters of a subject are a chain of blocks of three.
///
/// When memory is used up, a whole subject is forgotten: the one with the oldest impression of the thirty-two that a
/// hand comes by. How many and how old they were is in `tally`.
@safe public struct FrequencyTable: ~Copyable, @unchecked Sendable {
    static let ways = 16
    /// Beyond, the counter that stood still for longest makes room: more things than that are no person's evenings.
    public static let countersMost = 255
    private static let slotBytes = 17
    /// A block of counters and a subject's place in the search, of which there are as many.
    static let bytesPerBlock = MemoryLayout<CounterBlock>.size + slotBytes
    /// A full set of sixteen, with a few blocks.
    public static let bytesLeast = 64 * 1024

    private let keys: UnsafeMutablePointer<UInt64>
    private let heads: UnsafeMutablePointer<UInt32>
    private let newest: UnsafeMutablePointer<UInt32>
    /// One where the subject's data stays in memory, by the last word of its viewer.
    private let unwritten: UnsafeMutablePointer<UInt8>
    private let sets: Int
    /// From one; zero is none.
    private let blocks: UnsafeMutablePointer<CounterBlock>
    private let blockCount: Int
    /// Blocks that were used at some time.
    private var begun = 0
    private var firstFree: UInt32 = 0
    /// The set that the hand comes by next.
    private var hand = 0
    public private(set) var tally = FrequencyTally()

    /// - Parameter bytes: how much memory it takes, at most.
    public init(bytes: Int) {
        let blockBytes = MemoryLayout<CounterBlock>.stride
        let most = max(bytes, Self.bytesLeast)
        // The largest power of two of sets that leaves room for as many blocks, or up to twice as many.
        var sets = 1
        while sets * 2 * Self.ways * (Self.slotBytes + blockBytes) <= most { sets *= 2 }
        self.sets = sets
        blockCount = (most - sets * Self.ways * Self.slotBytes) / blockBytes
        let slots = sets * Self.ways
        unsafe keys = Self.zeros(slots)
        unsafe heads = Self.zeros(slots)
        unsafe newest = Self.zeros(slots)
        unsafe unwritten = Self.zeros(slots)
        unsafe blocks = Self.room(blockCount)
        tally.blocks = blockCount
        tally.subjectsMost = slots
    }

    /// The same counters in memory of their own.
    public init(copying other: borrowing FrequencyTable) {
        sets = other.sets
        blockCount = other.blockCount
        begun = other.begun
        firstFree = other.firstFree
        hand = other.hand
        tally = other.tally
        let slots = sets * Self.ways
        unsafe keys = Self.zeros(slots)
        unsafe heads = Self.zeros(slots)
        unsafe newest = Self.zeros(slots)
        unsafe unwritten = Self.zeros(slots)
        unsafe keys.update(from: other.keys, count: slots)
        unsafe heads.update(from: other.heads, count: slots)
        unsafe newest.update(from: other.newest, count: slots)
        unsafe unwritten.update(from: other.unwritten, count: slots)
        unsafe blocks = Self.room(blockCount)
        unsafe blocks.initialize(from: other.blocks, count: begun)
    }

    /// Not touched before it is used.
    private static func room(_ count: Int) -> UnsafeMutablePointer<CounterBlock> {
        let room = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<CounterBlock>.stride * count, alignment: 128)
        return unsafe room.bindMemory(to: CounterBlock.self, capacity: count)
    }

    private static func zeros<Number: FixedWidthInteger>(_ count: Int) -> UnsafeMutablePointer<Number> {
        let room = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Number>.stride, alignment: 128)
        let pointer = unsafe room.bindMemory(to: Number.self, capacity: count)
        unsafe pointer.initialize(repeating: 0, count: count)
        return unsafe pointer
    }

    deinit {
        unsafe keys.deallocate()
        unsafe heads.deallocate()
        unsafe newest.deallocate()
        unsafe unwritten.deallocate()
        unsafe blocks.deallocate()
    }

    // MARK: Reading

    /// Where a subject stands; nil where nothing is known of it.
    @inline(__always)
    private func find(_ key: UInt64) -> Int? {
        let first = set(of: key) * Self.ways
        for slot in first..<first + Self.ways where unsafe keys[slot] == key { return slot }
        return nil
    }

    /// The low bits: a key is a hash already.
    @inline(__always)
    private func set(of key: UInt64) -> Int { Int(truncatingIfNeeded: key) & (sets - 1) }

    @inline(__always)
    private func block(_ number: UInt32) -> UnsafeMutablePointer<CounterBlock> {
        precondition(number > 0 && number <= begun, "there is no such block")
        return unsafe blocks + Int(number - 1)
    }

    /// One by one: through the block's own array each of them would bring a copy of all three.
    @inline(__always)
    private static func cells(of block: UnsafeMutablePointer<CounterBlock>) -> UnsafeMutablePointer<
        CounterCell
    > {
        unsafe (UnsafeMutableRawPointer(block) + CounterBlock.cellsOffset)
            .assumingMemoryBound(to: CounterCell.self)
    }

    /// Copies a subject's counters, to be asked about many things.
    public func read(_ key: UInt64, into look: inout FrequencyLook) {
        look.removeAll()
        guard key != 0, let slot = find(key) else { return }
        var number = unsafe heads[slot]
        while number != 0 {
            let block = unsafe block(number)
            let used = unsafe Int(block.pointee.used)
            let cells = unsafe Self.cells(of: block)
            for index in 0..<used { unsafe look.add(cells[index]) }
            number = unsafe block.pointee.next
        }
    }

    /// Subjects are visited by the sets in which they are searched.
    public var setCount: Int { sets }

    /// Every counter of a set's subjects, but for those that stay in memory.
    public func visit(set: Int, asOf now: CountedSecond, _ body: (KeptCounter) -> Void) {
        precondition(set >= 0 && set < sets, "there is no such set")
        for slot in set * Self.ways..<(set + 1) * Self.ways {
            guard unsafe unwritten[slot] == 0 else { continue }
            var number = unsafe heads[slot]
            while number != 0 {
                let block = unsafe block(number)
                for index in 0..<(unsafe Int(block.pointee.used)) {
                    unsafe body(KeptCounter(keys[slot], block.pointee.cells[index], asOf: now))
                }
                number = unsafe block.pointee.next
            }
        }
    }

    // MARK: Counting

    /// Puts a counter as it was kept in the place of what was counted up to that time.
    mutating func replace(_ key: UInt64, _ kept: CounterCell, keepingAfter end: CountedSecond) {
        change(key, kept.entity, at: kept.newest, true) { $0.replace(with: kept, keepingAfter: end) }
    }

    /// Counts one impression of a thing by a subject. A key of zero is nobody's, and a thing
    /// of zero nothing.
    public mutating func count(
        _ key: UInt64, _ entity: EntityNumber, at second: CountedSecond, mayJournal: Bool = true
    ) {
        guard key != 0, entity.rawValue != 0 else { return }
        change(key, entity, at: second, mayJournal) { $0.add(second) }
    }

    /// Calls with the counter, which is made where it is missing.
    private mutating func change(
        _ key: UInt64, _ entity: EntityNumber, at second: CountedSecond, _ mayJournal: Bool,
        _ body: (inout CounterCell) -> Void
    ) {
        let slot = find(key) ?? takeSlot(key, at: second)
        unsafe unwritten[slot] = mayJournal ? 0 : 1
        unsafe newest[slot] = max(newest[slot], second.rawValue)
        var number = unsafe heads[slot]
        var count = 0
        // The counter that stood still for longest, for the case that there is no room for another.
        var stillest = (block: UInt32(0), index: 0, newest: UInt32.max)
        while number != 0 {
            let block = unsafe block(number)
            let cells = unsafe Self.cells(of: block)
            for index in 0..<(unsafe Int(block.pointee.used)) {
                if unsafe cells[index].entity == entity {
                    unsafe body(&cells[index])
                    return
                }
                let age = unsafe cells[index].newest.rawValue
                if age < stillest.newest { stillest = (number, index, age) }
                count += 1
            }
            number = unsafe block.pointee.next
        }
        var cell = CounterCell(entity)
        body(&cell)
        if count >= Self.countersMost {
            unsafe block(stillest.block).pointee.cells[stillest.index] = cell
            tally.countersDisplaced += 1
            return
        }
        append(cell, to: slot)
    }

    private mutating func append(_ cell: CounterCell, to slot: Int) {
        let head = unsafe heads[slot]
        if head != 0 {
            let block = unsafe block(head)
            let used = unsafe Int(block.pointee.used)
            if used < CounterBlock.cellsMost {
                unsafe block.pointee.cells[used] = cell
                unsafe block.pointee.used += 1
                return
            }
        }
        let number = takeBlock(for: slot)
        unsafe block(number).initialize(to: CounterBlock(next: heads[slot], first: cell))
        unsafe heads[slot] = number
    }

    // MARK: Room

    /// A place in the subject's set. Where all are taken, the one with the oldest impression is forgotten.
    private mutating func takeSlot(_ key: UInt64, at second: CountedSecond) -> Int {
        let first = set(of: key) * Self.ways
        var oldest = first
        for slot in first..<first + Self.ways {
            if unsafe keys[slot] == 0 {
                oldest = slot
                break
            }
            if unsafe newest[slot] < newest[oldest] { oldest = slot }
        }
        if unsafe keys[oldest] != 0 { forget(oldest, at: second) }
        unsafe keys[oldest] = key
        unsafe newest[oldest] = 0
        tally.subjects += 1
        return oldest
    }

    private mutating func takeBlock(for slot: Int) -> UInt32 {
        if firstFree == 0, begun == blockCount { makeRoom(for: slot) }
        tally.blocksUsed += 1
        guard firstFree != 0 else {
            begun += 1
            return UInt32(begun)
        }
        let number = firstFree
        firstFree = unsafe block(number).pointee.next
        return number
    }

    /// Forgets the subject with the oldest impression of those that the hand comes by: two sets, or as many as it
    /// takes until there is one other than who needs the room.
    private mutating func makeRoom(for slot: Int) {
        var oldest: Int?
        var looked = 0
        while looked < 2 || (oldest == nil && looked < sets) {
            let first = hand * Self.ways
            for other in first..<first + Self.ways where unsafe other != slot && heads[other] != 0 {
                if let known = oldest, unsafe newest[known] <= newest[other] { continue }
                oldest = other
            }
            hand = (hand + 1) & (sets - 1)
            looked += 1
        }
        // One subject's chain is shorter than the memory for blocks, so there is another.
        guard let oldest else { preconditionFailure("a single subject has all blocks") }
        unsafe forget(oldest, at: CountedSecond(rawValue: newest[slot]))
    }

    private mutating func forget(_ slot: Int, at second: CountedSecond) {
        var number = unsafe heads[slot]
        while number != 0 {
            let block = unsafe block(number)
            let next = unsafe block.pointee.next
            unsafe block.pointee.next = firstFree
            firstFree = number
            tally.blocksUsed -= 1
            number = next
        }
        let age = unsafe second.rawValue > newest[slot] ? second.rawValue - newest[slot] : 0
        tally.subjectsForgotten += 1
        tally.forgottenAfterSeconds = age
        tally.subjects -= 1
        unsafe keys[slot] = 0
        unsafe heads[slot] = 0
    }
}

/// How full the counters are, and what was lost for it.
public struct FrequencyTally: Sendable {
    public internal(set) var blocks = 0
    public internal(set) var blocksUsed = 0
    public internal(set) var subjects = 0
    public internal(set) var subjectsMost = 0
    /// Subjects that made room for others, with all that was known of them.
    public internal(set) var subjectsForgotten = 0
    /// How old the last impression was of the one that was forgotten last: while that is longer than the windows in
    /// use, nothing is missed.
    public internal(set) var forgottenAfterSeconds: UInt32 = 0
    /// Counters that made room within their subject.
    public internal(set) var countersDisplaced = 0
}

/// Three counters of one subject, in two cache lines.
struct CounterBlock: BitwiseCopyable {
    static let cellsMost = 3
    /// Behind the two numbers.
    static let cellsOffset = 8

    var next: UInt32
    var used: UInt32 = 1
    var cells: InlineArray<3, CounterCell>

    init(next: UInt32, first: CounterCell) {
        self.next = next
        cells = InlineArray(repeating: CounterCell())
        cells[0] = first
    }
}
