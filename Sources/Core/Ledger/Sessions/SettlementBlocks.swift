// What was settled of one session, as its reports say it: from the durable records of the journals, in blocks of keys that
// are sent again until the root has them.
public import Units

/// The settlements of one session. A block: changed → sent → acknowledged, as it was when it was sent; changed again, it is
/// sent again.
public struct SettlementBlocks: Sendable {
    private var blocks: [SettlementBlock] = []
    private var isOpen: [Bool] = []
    /// How many are not acknowledged.
    public private(set) var open = 0

    public init() {}

    /// A record that no crash can take back.
    public mutating func take(_ record: SettlementRecord) {
        let number = UInt32(truncatingIfNeeded: record.key.sequence >> 6)
        let bit = UInt64(1) << (record.key.sequence & 63)
        let blank = SettlementBlock(account: record.account, shard: record.key.shard, number: number)
        var at = blocks.count - 1
        while at >= 0, !blocks[at].isSamePlace(as: blank) { at -= 1 }
        if at < 0 {
            blocks.append(blank)
            isOpen.append(false)
            at = blocks.count - 1
        }
        guard blocks[at].mask & bit == 0 else { return }
        blocks[at].mask |= bit
        blocks[at].paid += record.paid
        blocks[at].late += record.late
        if !isOpen[at] {
            isOpen[at] = true
            open += 1
        }
    }

    /// The root has this block; what was added meanwhile is still to be sent.
    public mutating func acknowledged(_ block: SettlementBlock) {
        guard let at = blocks.lastIndex(where: { $0.isSamePlace(as: block) }), isOpen[at],
            blocks[at].mask == block.mask
        else { return }
        isOpen[at] = false
        open -= 1
    }

    /// What was acknowledged may have been lost with a tail: everything is said again.
    public mutating func reopen() {
        for at in isOpen.indices { isOpen[at] = true }
        open = isOpen.count
    }

    /// Those that are to be sent.
    public func forEachOpen(_ body: (SettlementBlock) -> Void) {
        for at in blocks.indices where isOpen[at] { body(blocks[at]) }
    }

    public func contains(_ key: ReservationKey) -> Bool {
        blocks.contains {
            $0.shard == key.shard && UInt64($0.number) == key.sequence >> 6
                && $0.mask >> (key.sequence & 63) & 1 == 1
        }
    }

    public var paid: Micros { blocks.reduce(.zero) { $0 + $1.paid } }
}
