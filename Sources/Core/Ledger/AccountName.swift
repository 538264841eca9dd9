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

    /// Of a date such as 2026-11-28, by the proleptic Gregorian calendar; nil where it is none from 1970 on.
    public init?(date text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.count == 3, let year = Int32(parts[0]),
            let month = Int32(parts[1]), let day = Int32(parts[2]), year >= 1970, (1...12).contains(month),
            day >= 1
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int32] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[Int(month) - 1] else { return nil }
        // Years begin in March, so that the leap day is the last.
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        self.init(number: era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468)
    }

    /// The date, for days from 1970 to the year 9999.
    public var date: String {
        let shifted = number + 719_468
        let era = shifted / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let calendar = month < 10 ? month + 3 : month - 9
        let whole = year + era * 400 + (calendar <= 2 ? 1 : 0)
        func digits(_ value: Int32, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(count - text.utf8.count, 0)) + text
        }
        return "\(digits(whole, 4))-\(digits(calendar, 2))-\(digits(day, 2))"
    }
}
