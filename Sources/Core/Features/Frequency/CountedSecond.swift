// Time as counters keep it: whole seconds of the wall clock. A cap's window is asked with its first second included,
// so that what is cut off never lets an impression go early.
public import Units

/// Seconds since 1970, which 32 bits hold until 2106.
public struct CountedSecond: Hashable, Comparable, Sendable, BitwiseCopyable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(_ wall: Instant) { rawValue = UInt32(clamping: wall.nanoseconds / 1_000_000_000) }

    public static func < (a: CountedSecond, b: CountedSecond) -> Bool { a.rawValue < b.rawValue }

    /// So many seconds earlier, and not before the clock's start.
    public func earlier(by seconds: UInt32) -> CountedSecond {
        CountedSecond(rawValue: rawValue > seconds ? rawValue - seconds : 0)
    }

    public func later(by seconds: UInt32) -> CountedSecond {
        let (sum, overflow) = rawValue.addingReportingOverflow(seconds)
        return CountedSecond(rawValue: overflow ? .max : sum)
    }
}
