// Ads that were promised and not yet reported: each counts for its caps like one that was shown, until the notice
// comes or its time is over. So a burst of breaks, asked for before the first ad was seen, does not exceed a cap.
internal import Units

/// One shard's promises, in sets of eight subjects with room for twenty ads each.
///
/// A subject with twenty open promises is promised nothing more that has a cap, which is on the safe side. Where a set
/// has no room for a ninth subject, the one whose promises end first is forgotten, and `tally` says so.
@safe public struct FrequencyHolds: ~Copyable, @unchecked Sendable {
    static let ways = 8
    /// More than three full pods.
    public static let holdsMost = 20
    static let bytesPerSubject = MemoryLayout<HoldRow>.size + 8
    public static let bytesLeast = 16 * 1024

    private let keys: UnsafeMutablePointer<UInt64>
    private let rows: UnsafeMutablePointer<HoldRow>
    private let sets: Int
    public private(set) var tally = HoldTally()

    public init(bytes: Int) {
        var sets = 1
        while sets * 2 * Self.ways * Self.bytesPerSubject <= max(bytes, Self.bytesLeast) { sets *= 2 }
        self.sets = sets
        let slots = sets * Self.ways
        let room = UnsafeMutableRawPointer.allocate(byteCount: 8 * slots, alignment: 64)
        unsafe keys = room.bindMemory(to: UInt64.self, capacity: slots)
        unsafe keys.initialize(repeating: 0, count: slots)
        let rowRoom = UnsafeMutableRawPointer.allocate(
            byteCount: MemoryLayout<HoldRow>.stride * slots, alignment: 64)
        unsafe rows = rowRoom.bindMemory(to: HoldRow.self, capacity: slots)
        unsafe rows.initialize(repeating: HoldRow(), count: slots)
    }

    deinit {
        unsafe keys.deallocate()
        unsafe rows.deallocate()
    }

    @inline(__always)
    private func first(_ key: UInt64) -> Int {
        // Other bits than those of the counters' sets: who is crowded there need not be here.
        Int(truncatingIfNeeded: key >> 24) & (sets - 1) * Self.ways
    }

    @inline(__always)
    private func find(_ key: UInt64) -> Int? {
        let first = first(key)
        for slot in first..<first + Self.ways where unsafe keys[slot] == key { return slot }
        return nil
    }

    /// The subject's promises at this time.
    public func read(_ key: UInt64, at now: CountedSecond, into look: inout HoldLook) {
        look.removeAll()
        guard key != 0, let slot = find(key) else { return }
        unsafe look.take(rows[slot], at: now)
    }

    /// A key of zero is nobody's.
    public mutating func add(
        _ key: UInt64, _ lineItem: EntityNumber, _ creative: EntityNumber, until: CountedSecond,
        at now: CountedSecond
    ) {
        guard key != 0 else { return }
        let slot = find(key) ?? take(key, at: now)
        unsafe rows[slot].dropOver(at: now)
        if unsafe !rows[slot].add(Hold(lineItem: lineItem, creative: creative, until: until)) {
            tally.lost += 1
        }
    }

    /// Takes back one promise of this ad, that which would end first.
    public mutating func remove(_ key: UInt64, _ lineItem: EntityNumber, _ creative: EntityNumber) {
        guard key != 0, let slot = find(key) else { return }
        unsafe rows[slot].remove(lineItem, creative)
        if unsafe rows[slot].count == 0 { unsafe keys[slot] = 0 }
    }

    private mutating func take(_ key: UInt64, at now: CountedSecond) -> Int {
        let first = first(key)
        var chosen = first
        var soonest = UInt32.max
        for slot in first..<first + Self.ways {
            if unsafe keys[slot] == 0 {
                chosen = slot
                break
            }
            let end = unsafe rows[slot].latest.rawValue
            if end < soonest { (chosen, soonest) = (slot, end) }
        }
        unsafe rows[chosen].dropOver(at: now)
        unsafe tally.lost += keys[chosen] == 0 ? 0 : Int(rows[chosen].count)
        unsafe rows[chosen] = HoldRow()
        unsafe keys[chosen] = key
        return chosen
    }
}

public struct HoldTally: Sendable {
    /// Promises that found no room, or made room for others: a cap may be exceeded by as many.
    public internal(set) var lost = 0
}

struct Hold: BitwiseCopyable {
    var lineItem = EntityNumber(rawValue: 0)
    var creative = EntityNumber(rawValue: 0)
    var until = CountedSecond(rawValue: 0)
}

/// One subject's promises: four cache lines.
struct HoldRow: BitwiseCopyable {
    var count: UInt32 = 0
    var holds = InlineArray<20, Hold>(repeating: Hold())

    /// When the last of them ends.
    var latest: CountedSecond {
        var latest = CountedSecond(rawValue: 0)
        for index in 0..<Int(count) { latest = max(latest, holds[index].until) }
        return latest
    }

    mutating func dropOver(at now: CountedSecond) {
        var kept = 0
        for index in 0..<Int(count) where holds[index].until >= now {
            holds[kept] = holds[index]
            kept += 1
        }
        count = UInt32(kept)
    }

    mutating func add(_ hold: Hold) -> Bool {
        guard count < UInt32(FrequencyHolds.holdsMost) else { return false }
        holds[Int(count)] = hold
        count += 1
        return true
    }

    mutating func remove(_ lineItem: EntityNumber, _ creative: EntityNumber) {
        var chosen: Int?
        for index in 0..<Int(count)
        where holds[index].lineItem == lineItem && holds[index].creative == creative {
            if let known = chosen, holds[known].until <= holds[index].until { continue }
            chosen = index
        }
        guard let chosen else { return }
        count -= 1
        holds[chosen] = holds[Int(count)]
    }
}

/// A copy of one subject's promises, for one request.
public struct HoldLook: ~Copyable {
    private var row = FixedTable(1, repeating: HoldRow())
    /// A bit for each line item of a promise, by the low bits of its number.
    private var bits = InlineArray<8, UInt64>(repeating: 0)

    public init() {}

    mutating func removeAll() {
        row[0].count = 0
        bits = InlineArray(repeating: 0)
    }

    mutating func take(_ promises: HoldRow, at now: CountedSecond) {
        row[0] = promises
        row[0].dropOver(at: now)
        for index in 0..<Int(row[0].count) {
            let number = row[0].holds[index].lineItem.rawValue
            bits[Int(number >> 6 & 7)] |= 1 << UInt64(number & 63)
        }
    }

    /// False where no ad of a line item is promised.
    @inline(__always)
    func mayKnow(_ lineItem: EntityNumber) -> Bool {
        bits[Int(lineItem.rawValue >> 6 & 7)] >> UInt64(lineItem.rawValue & 63) & 1 == 1
    }

    public var isFull: Bool { Int(row[0].count) >= FrequencyHolds.holdsMost }

    public func promises(ofLineItem lineItem: EntityNumber) -> Int {
        var count = 0
        for index in 0..<Int(row[0].count) where row[0].holds[index].lineItem == lineItem { count += 1 }
        return count
    }

    public func promises(ofCreative creative: EntityNumber) -> Int {
        var count = 0
        for index in 0..<Int(row[0].count) where row[0].holds[index].creative == creative { count += 1 }
        return count
    }
}
