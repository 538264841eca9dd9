// What becomes of a batch of spans that was sent: OTLP/HTTP's rules for trying again, as values. The clock, the lots and
// the answers come in from outside.
public import Units

/// What a collector's answer means for a batch.
public enum ExportOutcome: Equatable, Sendable {
    case taken
    /// Not now; after so long, where the collector said so.
    case later(after: Interval?)
    /// Never.
    case refused

    /// By the status of an answer (OTLP 1.x, “OTLP/HTTP Response”): only these four may be tried again.
    public init(status: Int, retryAfter: Interval?) {
        switch status {
        case 200..<300: self = .taken
        case 429, 502, 503, 504: self = .later(after: retryAfter)
        default: self = .refused
        }
    }
}

/// The tries of one batch.
public struct ExportTries: Sendable {
    public enum Next: Equatable, Sendable {
        case again(after: Interval)
        /// It took too long; nothing is sent before so long.
        case givenUp(pause: Interval)
    }

    /// The first pause, doubled with each try and never beyond the last.
    static let pauseFirst = Interval.milliseconds(500)
    static let pauseMost = Interval.seconds(30)
    /// Longer than this nobody is told to stay away: what comes meanwhile is lost.
    static let retryAfterMost = Interval.seconds(3_600)

    private let deadline: Instant
    private var pause = pauseFirst

    public init(at now: Instant, within limit: Interval) { deadline = now + limit }

    /// - Parameter lot: from 0 up to 1; of a pause at least half is kept, so that processes do not come together.
    public mutating func next(_ asked: Interval?, at now: Instant, lot: Double) -> Next {
        let own = Interval(nanoseconds: Int64(Double(pause.nanoseconds) * (0.5 + lot / 2)))
        pause = min(pause + pause, Self.pauseMost)
        let wait = min(max(own, asked ?? .zero), Self.retryAfterMost)
        return now + wait <= deadline
            ? .again(after: wait) : .givenUp(pause: asked.map { min($0, Self.retryAfterMost) } ?? wait)
    }
}
