// The clocks of a simulated machine: one that counts leases, which drifts and may stand still while the machine sleeps, and one
// on the wall, which somebody may set.
import Units

struct MachineClock: BitwiseCopyable {
    /// Nanoseconds in a million that it gains.
    var drift: Int64 = 0
    var offset: Int64 = 0
    /// What the counting clock missed: nothing, where it counts sleep.
    var missed: Int64 = 0
    var wallSet: Int64 = 0

    func now(_ true: Int64) -> Instant {
        Instant(nanoseconds: offset + `true` + `true` / 1_000_000 * drift - missed)
    }

    func wall(_ true: Int64) -> Instant { Instant(nanoseconds: offset + `true` + wallSet) }

    /// How long a span of this clock takes in truth, at least.
    func truth(of span: Interval) -> Int64 { span.nanoseconds - span.nanoseconds / 1_000_000 * max(drift, 0) }
}

/// A process on a machine that may sleep.
protocol Sleeper {
    var clock: MachineClock { get set }
    var pausedUntil: Int64 { get set }
    /// The counting clock stands still until then; what it misses is in the clock already.
    var asleepUntil: Int64 { get set }
}

extension Sleeper {
    /// The machine sleeps, and its counting clock with it.
    mutating func sleep(until wakes: Int64, at now: Int64) {
        clock.missed += wakes - max(asleepUntil, now)
        pausedUntil = wakes
        asleepUntil = wakes
    }
}
