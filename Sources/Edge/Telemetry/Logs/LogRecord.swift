// What one log line says, before any sink has written it down.
public import Units

/// How much a line matters. The numbers order them; syslog's priorities are the sinks' business.
public enum LogLevel: UInt8, CaseIterable, Comparable, Sendable {
    case debug, info, notice, warning, error, critical

    @inlinable public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }

    public var name: StaticString {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        case .critical: "critical"
        }
    }

    /// A level from a settings file.
    public init?(named name: String) {
        guard let level = Self.allCases.first(where: { "\($0.name)" == name }) else { return nil }
        self = level
    }

    /// Of RFC 5424, as journald wants it.
    var syslogPriority: Int {
        switch self {
        case .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

/// A field's value. Machines read a duration as seconds, people with the unit that fits it.
public enum LogValue: Sendable {
    case string(String)
    case integer(Int)
    case duration(Interval)
    case error(any Error)

    /// Bytes that came from outside and may be no UTF-8: what is not becomes U+FFFD. Longer text than a sink
    /// shows is not copied.
    public static func bytes(_ bytes: some Sequence<UInt8>) -> LogValue {
        .string(String(decoding: Array(bytes.prefix(LogRecord.valueBytesMost + 1)), as: UTF8.self))
    }

    /// The value as text for people.
    var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .duration(let length): readable(length)
        case .error(let error): "\(error)"
        }
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    public init(stringLiteral text: String) { self = .string(text) }
    public init(integerLiteral number: Int) { self = .integer(number) }
}

/// Keys are constants, so that what a log can contain is known when it is compiled.
public typealias LogFields = KeyValuePairs<StaticString, LogValue>

struct LogRecord {
    /// A longer value is cut and ends in `…`: a request's target or an error fits, a body does not.
    static let valueBytesMost = 1_024

    /// Shorter limits for values, tried in turn where a line would not fit; after the last, fields are left
    /// out.
    static let valueLimits = [valueBytesMost, 128, 16]

    let wallTime: Instant
    let level: LogLevel
    let message: StaticString
    let fields: LogFields
    /// Lines of the same place in the code that the rate limit kept back since the last one.
    let suppressed: UInt64
    let file: StaticString
    let line: UInt

    /// The first rendering that fits: with values cut shorter and shorter, and at last without fields.
    func fitting(_ bytesMost: Int, _ render: (LogFields, _ valueLimit: Int) -> [UInt8]?) -> [UInt8]? {
        for limit in Self.valueLimits {
            if let bytes = render(fields, limit), bytes.count <= bytesMost { return bytes }
        }
        return render([:], 0).flatMap { $0.count <= bytesMost ? $0 : nil }
    }
}

/// A length of time in the unit that a person would choose.
private func readable(_ length: Interval) -> String {
    let units: [(String, Int64)] = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)]
    for (unit, size) in units where length.nanoseconds.magnitude >= size.magnitude {
        // Three digits after the point: what a person reads; the rest is in the machines' field.
        let thousandths = length.nanoseconds.magnitude / UInt64(size / 1_000)
        let sign = length.nanoseconds < 0 ? "-" : ""
        return sign + secondsText(thousandths * 1_000_000) + unit
    }
    return "\(length.nanoseconds)ns"
}
