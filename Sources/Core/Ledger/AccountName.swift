// What an account is called beyond one session: the campaign, and the day where the campaign has a budget for days.
public import Units

public struct AccountName: Hashable, Comparable, Sendable {
    public let campaign: String
    /// Nil for what a campaign spends without a budget for days.
    public let day: BudgetDay?

    public init(campaign: String, day: BudgetDay? = nil) {
        self.campaign = campaign
        self.day = day
    }

    public static func < (a: Self, b: Self) -> Bool {
        if a.campaign != b.campaign { return a.campaign < b.campaign }
        guard let mine = a.day, let other = b.day else { return a.day == nil && b.day != nil }
        return mine < other
    }
}

/// A day as a campaign counts it: days since 1970 at the campaign's own offset from UTC.
public struct BudgetDay: Hashable, Comparable, Sendable {
    public let number: Int32

    private static let length: Int64 = 86_400_000_000_000

    public init(number: Int32) { self.number = number }

    /// The day that an instant lies in, where days start so many minutes ahead of UTC's.
    public init(_ instant: Instant, startsAtMinutes offset: Int) {
        let local = instant + .seconds(60 * Int64(offset))
        let days = local.nanoseconds.quotientAndRemainder(dividingBy: Self.length)
        number = Int32(clamping: days.quotient - (days.remainder < 0 ? 1 : 0))
    }

    /// Its first instant.
    public func start(startsAtMinutes offset: Int) -> Instant {
        Instant(nanoseconds: Int64(number) * Self.length) - .seconds(60 * Int64(offset))
    }

    public static func < (a: Self, b: Self) -> Bool { a.number < b.number }
}
