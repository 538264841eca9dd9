// The ledger's time: the wall clock as this start found it, carried on by a clock that nobody sets and that counts
// the machine's sleep.
import Kernel
import Units

struct LedgerClock: Sendable {
    private let offset: Interval

    init() { offset = Kernel.wallNow() - Kernel.boottimeNow() }

    var now: Instant { Kernel.boottimeNow() + offset }
}
