// Log lines for people: time, level, message, key=value.
import Units

struct ReadableLine {
    let colour: Bool

    /// A pipe takes this much as one piece or not at all (PIPE_BUF), so lines of several threads never mix.
    static let bytesMost = 4_096

    func render(_ record: LogRecord) -> [UInt8]? {
        record.fitting(Self.bytesMost) { fields, limit in
            var line: [UInt8] = []
            line.reserveCapacity(256)
            line.append(text: timestamp(record.wallTime))
            line.append(text: " ")
            if colour { line.append(text: tint(record.level)) }
            line.append(text: label(record.level))
            if colour { line.append(text: "\u{1B}[0m") }
            line.append(text: " ")
            Self.append(record, fields, limit, to: &line)
            line.append(UInt8(ascii: "\n"))
            return line
        }
    }

    /// Message and fields on one line; what the journal shows as its MESSAGE, too.
    static func append(_ record: LogRecord, _ fields: LogFields, _ limit: Int, to line: inout [UInt8]) {
        line.append(visible: "\(record.message)", limit: LogRecord.valueBytesMost)
        for (key, value) in fields {
            line.append(text: " ")
            line.append(text: key)
            line.append(text: "=")
            let text = value.text
            if text.isEmpty || text.unicodeScalars.contains(where: { $0 <= " " || $0 == "\"" || $0 == "=" }) {
                line.append(text: "\"")
                line.append(visible: text, limit: limit, escapingQuotes: true)
                line.append(text: "\"")
            } else {
                line.append(visible: text, limit: limit)
            }
        }
        if fields.isEmpty && !record.fields.isEmpty { line.append(text: " fields=cut") }
        if record.suppressed > 0 { line.append(text: " suppressed=\(record.suppressed)") }
    }

    /// Five letters each, so that messages stand below each other.
    private func label(_ level: LogLevel) -> StaticString {
        switch level {
        case .debug: "DEBUG"
        case .info: "INFO "
        case .notice: "NOTE "
        case .warning: "WARN "
        case .error: "ERROR"
        case .critical: "CRIT "
        }
    }

    private func tint(_ level: LogLevel) -> StaticString {
        switch level {
        case .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .notice: "\u{1B}[36m"
        case .warning: "\u{1B}[33m"
        case .error, .critical: "\u{1B}[1;31m"
        }
    }
}

/// A moment of wall time as RFC 3339 in UTC, to the millisecond.
func timestamp(_ moment: Instant) -> String {
    let milliseconds = moment.nanoseconds.flooredQuotient(by: 1_000_000)
    let seconds = milliseconds.flooredQuotient(by: 1_000)
    let days = seconds.flooredQuotient(by: 86_400)
    let date = CivilDate(daysSince1970: days)
    let second = seconds - days * 86_400
    return digits(date.year, 4) + "-" + digits(date.month, 2) + "-" + digits(date.day, 2) + "T"
        + digits(second / 3_600, 2) + ":" + digits(second / 60 % 60, 2) + ":" + digits(second % 60, 2)
        + "." + digits(milliseconds - seconds * 1_000, 3) + "Z"
}

private struct CivilDate {
    let year, month, day: Int64

    /// Howard Hinnant's algorithm: years begin in March, so that the leap day is a year's last.
    init(daysSince1970: Int64) {
        let shifted = daysSince1970 + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

private func digits(_ number: Int64, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
}
