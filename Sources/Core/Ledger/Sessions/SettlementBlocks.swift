// What was settled of one session, as its reports say it: from the durable records of the journals, in blocks of keys that
// are sent again until the root has them.
public import Units

/// The settlements of one session. A block: changed → sent → acknowledged, as it was when it was sent; changed again, it is
/// sent again. It may be forgotten when it is acknowledged and none of its keys can be billed any more.
public struct SettlementBlocks: Hashable, Sendable {
    private var blocks: [SettlementBlock] = []
    private var isOpen: [Bool] = []
    private var rows: [SettlementBlock.Place: Int] = [:]
    /// How many are not acknowledged.
    public private(set) var open = 0

    public init() {}

    public var count: Int { blocks.count }

    /// A record that no crash can take back.
    public mutating func take(_ record: SettlementRecord) {
        take(record, as: record.account)
    }

    /// The same, where the account has another number.
    public mutating func take(_ record: SettlementRecord, as account: AccountIndex) {
        let number = UInt32(truncatingIfNeeded: record.key.sequence >> 6)
        let bit = UInt64(1) << (record.key.sequence & 63)
        let at = row(SettlementBlock(account: account, shard: record.key.shard, number: number))
        guard blocks[at].mask & bit == 0 else { return }
        blocks[at].mask |= bit
        blocks[at].paid += record.paid
        blocks[at].late += record.late
        if !isOpen[at] {
            isOpen[at] = true
            open += 1
        }
    }

    /// A block as it was kept.
    public mutating func take(_ block: SettlementBlock) {
        let at = row(block)
        precondition(blocks[at].mask == 0 && block.mask != 0, "a block is kept once, and is not empty")
        blocks[at] = block
        isOpen[at] = true
        open += 1
    }

    private mutating func row(_ block: SettlementBlock) -> Int {
        if let known = rows[block.place] { return known }
        rows[block.place] = blocks.count
        blocks.append(SettlementBlock(account: block.account, shard: block.shard, number: block.number))
        isOpen.append(false)
        return blocks.count - 1
    }

    /// The root has this block; what was added meanwhile is still to be sent.
    public mutating func acknowledged(_ block: SettlementBlock) {
        guard let at = rows[block.place], isOpen[at], blocks[at].mask == block.mask else { return }
        isOpen[at] = false
        open -= 1
    }

    /// What was acknowledged may have been lost with a tail: everything is said again.
    public mutating func reopen() {
        for at in isOpen.indices { isOpen[at] = true }
        open = isOpen.count
    }

    /// Forgets those of which nothing more is to be said. Answers them.
    public mutating func forget(_ isOver: (SettlementBlock) -> Bool) -> [SettlementBlock] {
        var (kept, keptOpen): ([SettlementBlock], [Bool]) = ([], [])
        var forgotten: [SettlementBlock] = []
        for at in blocks.indices {
            if !isOpen[at], isOver(blocks[at]) {
                forgotten.append(blocks[at])
            } else {
                kept.append(blocks[at])
                keptOpen.append(isOpen[at])
            }
        }
        guard !forgotten.isEmpty else { return [] }
        (blocks, isOpen) = (kept, keptOpen)
        rows = Dictionary(uniqueKeysWithValues: blocks.enumerated().map { ($1.place, $0) })
        return forgotten
    }

    /// Forgets a block that somebody else has forgotten, unless there is more in it by now.
    public mutating func remove(_ block: SettlementBlock) -> Bool {
        guard let at = rows[block.place] else { return false }
        guard blocks[at].mask == block.mask else { return false }
        let last = blocks.count - 1
        if isOpen[at] { open -= 1 }
        blocks.swapAt(at, last)
        isOpen.swapAt(at, last)
        blocks.removeLast()
        isOpen.removeLast()
        rows[block.place] = nil
        if at != last { rows[blocks[at].place] = at }
        return true
    }

    /// Those that are to be sent.
    public func forEachOpen(_ body: (SettlementBlock) -> Void) {
        for at in blocks.indices where isOpen[at] { body(blocks[at]) }
    }

    public func forEach(_ body: (SettlementBlock) -> Void) {
        for block in blocks { body(block) }
    }

    public func contains(_ key: ReservationKey) -> Bool {
        blocks.contains {
            $0.shard == key.shard && UInt64($0.number) == key.sequence >> 6
                && $0.mask >> (key.sequence & 63) & 1 == 1
        }
    }

    func contains(_ place: SettlementBlock.Place) -> Bool { rows[place] != nil }

    public var paid: Micros { blocks.reduce(.zero) { $0 + $1.paid } }
}
