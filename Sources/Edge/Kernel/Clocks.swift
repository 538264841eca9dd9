// The clocks of this machine. Only Edge and Apps read them; Core is told the time.
import Glibc
public import Units

extension Kernel {
    /// Time that never goes back and is not set by anybody: for timers and latencies.
    @inline(__always)
    public static func monotonicNow() -> Instant { read(CLOCK_MONOTONIC) }

    /// The same, and it counts the time that the machine slept: for leases.
    public static func boottimeNow() -> Instant { read(CLOCK_BOOTTIME) }

    /// Which boot of the machine this is, since `boottimeNow` starts anew with each. Zero where the kernel does not say.
    public static func boot() -> UInt64 {
        guard let text = try? contents(of: "/proc/sys/kernel/random/boot_id", limit: 64) else { return 0 }
        let digits = String(decoding: text, as: UTF8.self).filter(\.isHexDigit).prefix(16)
        return UInt64(digits, radix: 16) ?? 0
    }

    /// Time since 1970: for people, certificates and flights.
    public static func wallNow() -> Instant { read(CLOCK_REALTIME) }

    /// Both clocks as of one moment, to see whether they part.
    public static func boottimeAndWallNow() -> (boottime: Instant, wall: Instant) {
        let (boottime, wall) = together(boottimeNow, wallNow)
        return (boottime, wall)
    }

    /// Two clocks as of one moment: a thread that is held up between two looks would see them part where they do not, and looks
    /// again.
    public static func together(
        _ first: () -> Instant, _ second: () -> Instant
    ) -> (Instant, Instant) {
        var best = (first(), second())
        var least = Interval.seconds(3_600)
        for _ in 0..<looksMost where least >= .microseconds(50) {
            let before = first()
            let other = second()
            let took = first() - before
            if took < least { (best, least) = ((before, other), took) }
        }
        return best
    }

    private static let looksMost = 8

    /// For faults that make a call late; nothing else waits like this.
    public static func sleep(for time: Interval) { _ = usleep(useconds_t(time.nanoseconds / 1_000)) }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> Instant {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(
            result == 0, "clock_gettime(\(clock)) failed: this kernel lacks a clock that Paceline needs")
        return Instant(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }
}
