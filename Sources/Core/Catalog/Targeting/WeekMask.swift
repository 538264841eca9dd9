// The quarters of an hour of a week, as the viewer's clock shows them: what dayparts are made of.
public import Documents

/// A set of the 672 quarters of an hour of a week, the first one at midnight before Monday.
public struct WeekMask: Hashable, Sendable {
    public static let quarters = 7 * 24 * 4
    public static let words = 11

    /// Eleven words, the first quarter lowest.
    public internal(set) var bits: [UInt64]

    public init() { bits = Array(repeating: 0, count: Self.words) }

    public mutating func insert(_ quarter: Int) {
        precondition((0..<Self.quarters).contains(quarter), "a week has no quarter \(quarter)")
        bits[quarter / 64] |= 1 << UInt64(quarter % 64)
    }

    public func contains(_ quarter: Int) -> Bool { bits[quarter / 64] >> UInt64(quarter % 64) & 1 == 1 }

    var isEmpty: Bool { bits.allSatisfy { $0 == 0 } }
    var isWhole: Bool { complement.isEmpty }

    var complement: WeekMask {
        var result = self
        for index in bits.indices { result.bits[index] = ~bits[index] }
        // The last word has bits for 32 quarters only.
        result.bits[Self.words - 1] &= (1 << UInt64(Self.quarters % 64)) - 1
        return result
    }

    func intersection(_ other: WeekMask) -> WeekMask { combined(other, &) }
    func union(_ other: WeekMask) -> WeekMask { combined(other, |) }

    private func combined(_ other: WeekMask, _ operation: (UInt64, UInt64) -> UInt64) -> WeekMask {
        var result = self
        for index in bits.indices { result.bits[index] = operation(bits[index], other.bits[index]) }
        return result
    }

    /// The quarter that a clock shows `minutes` after midnight before Monday; beyond a week it wraps.
    public static func quarter(ofMinute minutes: Int) -> Int {
        let minute = minutes % (7 * 24 * 60)
        return (minute < 0 ? minute + 7 * 24 * 60 : minute) / 15
    }
}

/// Days of the week and a span of hours on each, by the viewer's clock.
public struct Daypart: DocumentObject, Equatable {
    public enum Day: String, CaseIterable, Sendable { case mon, tue, wed, thu, fri, sat, sun }

    public var days = Day.allCases
    /// Minutes after midnight. An end before the start is on the next day.
    public var from = 0
    public var to = 24 * 60

    public init() {}

    package static let schema = Schema<Self>(
        "daypart",
        [
            .defaulted("days", \.days, .list(of: .choice, count: 1...7), "The days on which it starts."),
            .defaulted("from", \.from, .clock, "When it starts, by the viewer's clock."),
            .defaulted("to", \.to, .clock, "When it has ended; before `from`, on the next day."),
        ],
        rules: [
            Rule("`to` is not `from`.") { daypart, objections in
                if daypart.to == daypart.from {
                    objections.refuse(
                        "to", found: Daypart.text(daypart.to), allowed: "another time than from")
                }
            }
        ])

    var mask: WeekMask {
        var mask = WeekMask()
        let length = to > from ? to - from : to + 24 * 60 - from
        for day in days {
            let index = Day.allCases.firstIndex(of: day) ?? 0
            for minute in stride(from: 0, to: length, by: 15) {
                mask.insert(WeekMask.quarter(ofMinute: index * 24 * 60 + from + minute))
            }
        }
        return mask
    }

    /// The fewest dayparts, each within a day, that together are these quarters.
    static func parts(of mask: WeekMask) -> [Daypart] {
        var parts: [Daypart] = []
        for (index, day) in Day.allCases.enumerated() {
            var quarter = 0
            while quarter < 96 {
                let start = quarter
                while quarter < 96, mask.contains(index * 96 + quarter) { quarter += 1 }
                if quarter > start {
                    var part = Daypart()
                    part.days = [day]
                    part.from = start * 15
                    part.to = quarter * 15
                    parts.append(part)
                } else {
                    quarter += 1
                }
            }
        }
        return parts
    }

    fileprivate static func text(_ minutes: Int) -> String {
        let (hour, minute) = (minutes / 60, minutes % 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }
}

extension Kind where Value == Int {
    /// A time of the day on a quarter of an hour, as minutes after midnight.
    fileprivate static var clock: Kind {
        .text(
            TextForm(
                name: "a time from 00:00 to 24:00 on a quarter of an hour, as in 18:30",
                pattern: "^([01][0-9]|2[0-3]):(00|15|30|45)$|^24:00$"),
            read: { text in
                let bytes = Array(text.utf8)
                guard bytes.count == 5, bytes[2] == UInt8(ascii: ":"),
                    [0, 1, 3, 4].allSatisfy({ isDigit(bytes[$0]) })
                else { return nil }
                let digits = bytes.map { Int($0) - 48 }
                let minutes = (digits[0] * 10 + digits[1]) * 60 + digits[3] * 10 + digits[4]
                return digits[3] < 6 && minutes <= 24 * 60 && minutes % 15 == 0 ? minutes : nil
            }, show: { Daypart.text($0) })
    }
}
