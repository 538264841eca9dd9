// Bills and their kin on their way: a wheel of ticks.
internal import Units

struct Bill {
    enum Kind: UInt8 { case bill, duplicate, release, lapse }

    var region: UInt8
    var kind: Kind
    var campaign: Int32
    var session: UInt32
    var sequence: UInt64
    var amount: Micros
}

struct BillQueue {
    private var slots: [[Bill]]

    init(seconds: Double) {
        slots = Array(repeating: [], count: Int(seconds * Double(MarketRun.ticksPerSecond)) + 2)
    }

    mutating func add(_ bill: Bill, after seconds: Double, _ tick: Int) {
        let ticks = max(Int(seconds * Double(MarketRun.ticksPerSecond)), 1)
        precondition(ticks < slots.count, "a bill comes within the wheel's time")
        slots[(tick + ticks) % slots.count].append(bill)
    }

    /// What is due at a tick.
    mutating func due(_ tick: Int) -> [Bill] {
        let at = tick % slots.count
        let due = slots[at]
        slots[at] = []
        return due
    }
}
