// Deadlines by the thousand at constant cost: a hierarchical wheel of milliseconds. It reads no clock and
// calls nobody; the reactor turns it and asks what is due.
import Units

/// Timers are small integers, each at most once in the wheel. A timer fires at its millisecond or up to one
/// later, never before.
///
/// Four levels of 64 places reach 4.6 hours; what lies beyond waits in the last level and is sorted in again
/// when that place comes round.
struct TimerWheel {
    private static let levels = 4
    private static let placeBits = 6
    private static let places = 1 << placeBits
    private static let none: Int32 = -1

    /// The last millisecond that was served.
    private var current: Int64
    private var heads: [Int32]
    private var occupied: [UInt64]
    private var next: [Int32]
    private var previous: [Int32]
    /// The place of each timer, or `none`.
    private var place: [Int32]
    private var due: [Int64]

    init(timers: Int, now: Instant) {
        current = TimerWheel.ticks(now)
        heads = Array(repeating: TimerWheel.none, count: TimerWheel.levels * TimerWheel.places)
        occupied = Array(repeating: 0, count: TimerWheel.levels)
        next = Array(repeating: TimerWheel.none, count: timers)
        previous = next
        place = next
        due = Array(repeating: 0, count: timers)
    }

    private static func ticks(_ instant: Instant) -> Int64 { instant.nanoseconds / 1_000_000 }

    func isScheduled(_ timer: Int) -> Bool { place[timer] != TimerWheel.none }

    func deadline(of timer: Int) -> Instant { Instant(nanoseconds: due[timer] * 1_000_000) }

    /// Sets a timer, or moves it.
    mutating func schedule(_ timer: Int, at deadline: Instant) {
        cancel(timer)
        // Rounded up, so that it never fires early; and never in the past, so that it fires at the next turn.
        let (rounded, overflow) = deadline.nanoseconds.addingReportingOverflow(999_999)
        due[timer] = max(overflow ? .max : rounded / 1_000_000, current + 1)
        insert(timer)
    }

    mutating func cancel(_ timer: Int) {
        let position = place[timer]
        guard position != TimerWheel.none else { return }
        let after = next[timer]
        let before = previous[timer]
        if before == TimerWheel.none { heads[Int(position)] = after } else { next[Int(before)] = after }
        if after != TimerWheel.none { previous[Int(after)] = before }
        if heads[Int(position)] == TimerWheel.none {
            occupied[Int(position) >> TimerWheel.placeBits] &=
                ~(1 << UInt64(Int(position) % TimerWheel.places))
        }
        place[timer] = TimerWheel.none
    }

    private mutating func insert(_ timer: Int) {
        let distance = due[timer] - current
        var level = 0
        while level < TimerWheel.levels - 1, distance >= 1 << (TimerWheel.placeBits * (level + 1)) {
            level += 1
        }
        // A timer beyond the wheel's reach waits in the last place to come round.
        let reach: Int64 = 1 << (TimerWheel.placeBits * TimerWheel.levels)
        let at = distance >= reach ? current + reach - 1 : due[timer]
        let slot = Int(at >> (TimerWheel.placeBits * level)) & (TimerWheel.places - 1)
        let position = level * TimerWheel.places + slot
        previous[timer] = TimerWheel.none
        next[timer] = heads[position]
        if next[timer] != TimerWheel.none { previous[Int(next[timer])] = Int32(timer) }
        heads[position] = Int32(timer)
        place[timer] = Int32(position)
        occupied[level] |= 1 << UInt64(slot)
    }

    /// No later than the next timer: when the wheel wants to be turned again. Nil where nothing is scheduled.
    var nextTurn: Instant? {
        var soonest: Int64 = .max
        for level in 0..<TimerWheel.levels where occupied[level] != 0 {
            let shift = TimerWheel.placeBits * level
            let here = Int(current >> shift) & (TimerWheel.places - 1)
            let from = (here + 1) % TimerWheel.places
            let rotated = occupied[level] >> UInt64(from) | occupied[level] << UInt64((64 - from) % 64)
            let steps = Int64(rotated.trailingZeroBitCount) + 1
            soonest = min(soonest, ((current >> shift) + steps) << shift)
        }
        return soonest == .max ? nil : Instant(nanoseconds: soonest * 1_000_000)
    }

    /// Turns the wheel up to now and hands out one timer that is due, or nil when none is left. Callers loop;
    /// between two calls they may schedule and cancel as they like.
    mutating func takeDue(now: Instant) -> Int? {
        let target = TimerWheel.ticks(now)
        while true {
            let slot = Int(current) & (TimerWheel.places - 1)
            let head = heads[slot]
            if head != TimerWheel.none, due[Int(head)] <= current {
                cancel(Int(head))
                return Int(head)
            }
            guard current < target else { return nil }
            guard let turn = nextTurn else {
                current = target
                return nil
            }
            current = min(target, max(current + 1, TimerWheel.ticks(turn)))
            cascade()
        }
    }

    /// Moves what is near now from the upper levels down, each time a level below has come round.
    private mutating func cascade() {
        for level in 1..<TimerWheel.levels {
            let shift = TimerWheel.placeBits * level
            guard current & ((1 << shift) - 1) == 0 else { return }
            let position = level * TimerWheel.places + Int(current >> shift) & (TimerWheel.places - 1)
            var timer = heads[position]
            heads[position] = TimerWheel.none
            occupied[level] &= ~(1 << UInt64(position % TimerWheel.places))
            while timer != TimerWheel.none {
                let after = next[Int(timer)]
                insert(Int(timer))
                timer = after
            }
        }
    }
}
