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
    var isFailed = false
    /// Numbers are those of records written so far, over all starts.
    var count: Int { entries.count }

    mutating func append(_ entry: DiskEntry) -> UInt64 {
        entries.append(entry)
        return UInt64(entries.count)
    }

    /// Of a mutant that keeps marks in a log of their own: that one is synced every other time.
    var marksDurable: Int?
    private var marks: [DiskEntry] = []

    mutating func synced(upTo count: Int) {
        durable = max(durable, count)
        guard let before = marksDurable else { return }
        isMarksTurn.toggle()
        if isMarksTurn { marksDurable = max(before, durable) }
    }
    private var isMarksTurn = false

    /// The next that is durable and was not taken in.
    mutating func nextToFold() -> DiskEntry? {
        while folded < durable {
            folded += 1
            let entry = entries[folded - 1]
            if let marksDurable, folded > marksDurable, case .record(.mark) = entry.what {
                marks.append(entry)
                continue
            }
            return entry
        }
        guard let marksDurable, marksDurable >= durable else { return nil }
        return marks.popLast()
    }

    /// An older copy takes its place: nothing of it was taken in.
    mutating func restore(to count: Int) {
        entries.removeLast(entries.count - count)
        durable = count
        folded = 0
    }

    /// The process is gone: of what was written and not synced the first records may have come to the disk, or all.
    mutating func tear(_ random: inout Randomness, isWhole: Bool) -> Int {
        let loose = entries.count - durable
        let drawn = Int(random.next(below: UInt64(loose) + 1))
        let kept = durable + (isWhole ? loose : drawn)
        let lost = entries.count - kept
        entries.removeLast(lost)
        durable = kept
        isSyncing = false
        marks.removeAll()
        return lost
    }
}
