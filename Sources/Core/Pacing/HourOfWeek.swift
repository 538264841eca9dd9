// Traffic repeats by the week more than by anything else, so what is known of it is kept by the hour of the week.
public import Units

/// An hour of the week at UTC: 0 is Monday's first, 167 is Sunday's last.
public struct HourOfWeek: Hashable, Sendable, BitwiseCopyable {
    public static let count = 168
    static let length: Int64 = 3_600_000_000_000

    public let number: Int

    public init(_ number: Int) {
        precondition((0..<Self.count).contains(number), "a week has 168 hours")
        self.number = number
    }

    /// The hour in which an instant of the wall clock lies.
    public init(_ instant: Instant) { self.init(hoursSinceEpoch: Self.hours(instant)) }

    /// 1970 began on a Thursday.
    public init(hoursSinceEpoch hours: Int64) {
        let place = (hours + 3 * 24) % Int64(Self.count)
        number = Int(place < 0 ? place + Int64(Self.count) : place)
    }

    /// Whole hours since 1970, rounded down.
    public static func hours(_ instant: Instant) -> Int64 {
        let (quotient, rest) = instant.nanoseconds.quotientAndRemainder(dividingBy: length)
        return rest < 0 ? quotient - 1 : quotient
    }
}
