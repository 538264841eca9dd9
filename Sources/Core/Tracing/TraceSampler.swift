// Which calls are recorded: those whose caller records them, as far as a rate lets it, and a share of those that nobody
// asked about. The time and the lots come in as values.
public import Units

/// Where a span that is recorded stands.
public struct SpanStart: Equatable, Sendable {
    public let trace: TraceID
    public let span: SpanID
    /// `none` where the trace begins here.
    public let parent: SpanID

    public init(trace: TraceID, span: SpanID, parent: SpanID) {
        (self.trace, self.span, self.parent) = (trace, span, parent)
    }

    /// For those that are called from it.
    public var context: TraceContext { TraceContext(trace: trace, span: span, isSampled: true) }

    /// A span below this one, by its number there.
    public func child(_ number: Int) -> SpanID {
        var lots = SplitMix64(state: span.rawValue &+ UInt64(truncatingIfNeeded: number))
        return SpanID(lots.next() | 1)
    }
}

public enum Sampling: Equatable, Sendable {
    case recorded(SpanStart)
    case notRecorded
    /// The caller records it, and more of that came than is let through.
    case overRate
}

/// One for each thread that records.
public struct TraceSampler: Sendable {
    /// Lots below it are recorded.
    private let threshold: UInt64
    private let isAll: Bool
    private let parentsPerSecond: Int64
    /// What callers may still have recorded, in billionths, and as of when. A second's worth at most: what may come at once.
    private var allowance: Int64
    private var allowedAt: Instant

    private static let one: Int64 = 1_000_000_000

    /// - Parameters:
    ///   - ratio: of the traces that begin here, from 0 to 1.
    ///   - parentsPerSecond: spans that callers may have recorded.
    public init(ratio: Double, parentsPerSecond: Int, at now: Instant) {
        precondition((0...1).contains(ratio), "a ratio lies between 0 and 1, not at \(ratio)")
        precondition((0...1_000_000).contains(parentsPerSecond), "a rate lies between 0 and a million")
        isAll = ratio >= 1
        threshold = isAll ? .max : UInt64(ratio * 0x1p64)
        self.parentsPerSecond = Int64(parentsPerSecond)
        allowance = self.parentsPerSecond * Self.one
        allowedAt = now
    }

    /// - Parameters:
    ///   - parent: what the caller says; nil where it says nothing that is valid.
    ///   - lot: drawn for this call alone. The ids follow from it.
    public mutating func decide(_ parent: TraceContext?, lot: UInt64, at now: Instant) -> Sampling {
        guard let parent else {
            // By multiplication, so that the lots of those that are recorded look like any others.
            guard isAll || lot &* 0x9E37_79B9_7F4A_7C15 < threshold else { return .notRecorded }
            var lots = SplitMix64(state: lot ^ Self.idsOf)
            return .recorded(
                SpanStart(
                    trace: TraceID(high: lots.next(), low: lots.next() | 1), span: SpanID(lots.next() | 1),
                    parent: .none))
        }
        guard parent.isSampled else { return .notRecorded }
        guard takesOne(at: now) else { return .overRate }
        var lots = SplitMix64(state: lot ^ Self.idsOf)
        return .recorded(
            SpanStart(trace: parent.trace, span: SpanID(lots.next() | 1), parent: parent.span))
    }

    private static let idsOf: UInt64 = 0x7472_6163_6573_2121

    /// Under a clock that was set back nothing is added.
    private mutating func takesOne(at now: Instant) -> Bool {
        let most = parentsPerSecond * Self.one
        let passed = min(max((now - allowedAt).nanoseconds, 0), Self.one)
        allowance = min(most, allowance + passed * parentsPerSecond)
        allowedAt = now
        guard allowance >= Self.one else { return false }
        allowance -= Self.one
        return true
    }
}
