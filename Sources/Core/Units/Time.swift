// Points and lengths of time as plain values. Core never reads a clock: an instant always comes from outside.

/// A point on one clock, in nanoseconds from that clock's own start. Instants of two clocks do not compare;
/// which clock is meant is said where the value enters (monotonic for timers, wall for flights).
public struct Instant: Hashable, Comparable, Sendable, BitwiseCopyable {
    public var nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Later than every instant that a clock can show.
    @inlinable public static var distantFuture: Instant { Instant(nanoseconds: .max) }
}

/// A length of time in nanoseconds: signed, 292 years at most.
public struct Interval: Hashable, Comparable, Sendable, BitwiseCopyable {
    public var nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static func microseconds(_ n: Int64) -> Interval { Interval(nanoseconds: n * 1_000) }
    @inlinable public static func milliseconds(_ n: Int64) -> Interval {
        Interval(nanoseconds: n * 1_000_000)
    }
    @inlinable public static func seconds(_ n: Int64) -> Interval { Interval(nanoseconds: n * 1_000_000_000) }

    @inlinable public static var zero: Interval { Interval(nanoseconds: 0) }

    @inlinable public var wholeMilliseconds: Int64 { nanoseconds / 1_000_000 }

    @inlinable public static func < (a: Interval, b: Interval) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable public static func + (a: Interval, b: Interval) -> Interval {
        Interval(nanoseconds: a.nanoseconds + b.nanoseconds)
    }
    @inlinable public static func - (a: Interval, b: Interval) -> Interval {
        Interval(nanoseconds: a.nanoseconds - b.nanoseconds)
    }
    @inlinable public static func * (a: Interval, times: Int64) -> Interval {
        Interval(nanoseconds: a.nanoseconds * times)
    }
}

extension Instant {
    /// Saturates at the distant future, so that "never" plus anything stays never.
    @inlinable public static func + (a: Instant, b: Interval) -> Instant {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }
    @inlinable public static func - (a: Instant, b: Interval) -> Instant {
        Instant(nanoseconds: a.nanoseconds - b.nanoseconds)
    }
    @inlinable public static func - (a: Instant, b: Instant) -> Interval {
        Interval(nanoseconds: a.nanoseconds - b.nanoseconds)
    }
}
