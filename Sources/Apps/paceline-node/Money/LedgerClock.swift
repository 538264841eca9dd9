// The ledger's time: the wall clock as this start found it, carried on by a clock that nobody sets and that counts
// the machine's sleep.
import Kernel
import Units

struct LedgerClock: Sendable {
    private let offset: Interval

    init() { offset = Kernel.wallNow() - Kernel.boottimeNow() }

    var now: Instant { Kernel.boottimeNow() + offset }

    /// This clock and the wall's, as of one moment.
    var both: (now: Instant, wall: Instant) {
        let (boottime, wall) = Kernel.boottimeAndWallNow()
        return (boottime + offset, wall)
    }
}
