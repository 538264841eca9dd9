// The date format of HTTP (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.

public enum HTTPDate {
    public static let byteCount = 29

    /// From the first second of 1970 to the last of 9999: what four digits of a year can say.
    public static let secondsMax: Int64 = 253_402_300_799

    /// Writes 29 bytes. Seconds out of range are moved to its nearest end: a wrong clock is no reason to
    /// fail.
    public static func write(secondsSinceEpoch: Int64, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= byteCount, "no room for the date")
        let seconds = min(max(secondsSinceEpoch, 0), secondsMax)
        let days = Int(seconds / 86_400)
        let time = Int(seconds % 86_400)
        let date = civil(daysSinceEpoch: days)
        // The first of January 1970 was a Thursday.
        put("SunMonTueWedThuFriSat", slice: (days + 4) % 7, count: 3, at: 0, output)
        put(", ", slice: 0, count: 2, at: 3, output)
        put(twoDigits: date.day, at: 5, output)
        output[7] = ASCII.space
        put("JanFebMarAprMayJunJulAugSepOctNovDec", slice: date.month - 1, count: 3, at: 8, output)
        output[11] = ASCII.space
        put(twoDigits: date.year / 100, at: 12, output)
        put(twoDigits: date.year % 100, at: 14, output)
        output[16] = ASCII.space
        put(twoDigits: time / 3600, at: 17, output)
        output[19] = ASCII.colon
        put(twoDigits: time / 60 % 60, at: 20, output)
        output[22] = ASCII.colon
        put(twoDigits: time % 60, at: 23, output)
        put(" GMT", slice: 0, count: 4, at: 25, output)
    }

    /// Reads the form that is written here; nil for any other, the two that are obsolete among them.
    public static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == byteCount else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].allSatisfy(ASCII.isDigit)
                ? Int64(String(decoding: bytes[range], as: UTF8.self)) : nil
        }
        guard let day = number(5..<7), let year = number(12..<16), let hour = number(17..<19),
            let minute = number(20..<22), let second = number(23..<25), hour < 24, minute < 60, second < 61
        else { return nil }
        // Days since 1970 begin in its first year; a month is found by the date that it makes.
        let first = (year - 1970) * 365
        guard first >= 0 else { return nil }
        for days in max(first + (year - 1970) / 4 - 100, 0)..<first + (year - 1970) / 4 + 400 {
            let date = civil(daysSinceEpoch: Int(days))
            guard date.year == Int(year), date.day == Int(day) else { continue }
            let seconds = days * 86_400 + hour * 3_600 + minute * 60 + min(second, 59)
            var written = [UInt8](repeating: 0, count: byteCount)
            written.withUnsafeMutableBytes { write(secondsSinceEpoch: seconds, into: $0) }
            if second < 60, written == bytes { return seconds }
            if second == 60, written[..<23] == bytes[..<23] { return seconds }
        }
        return nil
    }

    /// The Gregorian date of a day, counted in 400-year eras of 146,097 days that begin on 1 March of year 0,
    /// so that the leap day is the last of its year.
    private static func civil(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let daysToEpoch = 719_468
        let shifted = daysSinceEpoch + daysToEpoch
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // Months from March on have 153 days in every five.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func put(
        _ text: StaticString, slice: Int, count: Int, at offset: Int, _ output: UnsafeMutableRawBufferPointer
    ) {
        for index in 0..<count { output[offset + index] = text.utf8Start[slice * count + index] }
    }

    private static func put(twoDigits value: Int, at offset: Int, _ output: UnsafeMutableRawBufferPointer) {
        output[offset] = ASCII.zero + UInt8(value / 10)
        output[offset + 1] = ASCII.zero + UInt8(value % 10)
    }
}
