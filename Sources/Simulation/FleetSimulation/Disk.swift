// A simulated node's journal: one order of records, of which a crash takes what was not synced, from some record on.
import Ledger
import Units

struct DiskEntry: BitwiseCopyable {
    enum What: BitwiseCopyable {
        /// A session begins: it is opened with a broker when this is durable.
        case session
        /// A start takes over what earlier ones left.
        case estate
        case record(LedgerRecord)
        /// A bill for a reservation of another node.
        case claim(Claim)
    }
    var writer: LedgerSession
    var what: What
    var time: Instant
}

struct Disk {
    var entries: [DiskEntry] = []
    /// So many a crash cannot take.
    var durable = 0
    /// So many are in what the node knows of its money.
    var folded = 0
    var isSyncing = false
    var isFull = false
    var isFailed = false
    var slowUntil: Int64 = 0
    /// Numbers are those of records written so far, over all starts.
    var count: Int { entries.count }

    mutating func append(_ entry: DiskEntry) -> UInt64 {
        entries.append(entry)
        return UInt64(entries.count)
    }

    /// The process is gone: of what was written and not synced the first records may have come to the disk.
    mutating func tear(_ random: inout Randomness) -> Int {
        let loose = entries.count - durable
        let kept = durable + Int(random.next(below: UInt64(loose) + 1))
        let lost = entries.count - kept
        entries.removeLast(lost)
        durable = kept
        isSyncing = false
        return lost
    }
}
