// A shard's decisions as spans: when each of their parts began and ended, and what came of them. A decision that is not
// recorded costs a look at one flag for each part.
import Decision
import Kernel
import OpenRTB
import Telemetry
import Tracing
import Units

/// One for each shard, used on its thread only. Allocates nothing once it is made.
final class ShardTracing {
    private enum Part {
        case features
        case scoring(PredictedGoal)
    }

    private let recorder: SpanRecorder
    /// Whether the decision at hand is recorded.
    private(set) var isRecording = false
    private var start: SpanStart?
    private var arrived = Instant(nanoseconds: 0)
    private var began = Instant(nanoseconds: 0)
    private var read: Instant?
    private var reserving: Instant?
    /// Where the last part before the auction ended.
    private var asked = Instant(nanoseconds: 0)
    private var parts: InlineArray<6, (part: Part, from: Instant, to: Instant)>
    private var partCount = 0

    init(_ recorder: SpanRecorder) {
        self.recorder = recorder
        let never = Instant(nanoseconds: 0)
        parts = InlineArray(repeating: (.features, never, never))
    }

    /// - Parameters:
    ///   - lot: the decision's seed.
    ///   - arrived: when the request came in.
    func begin(_ traceparent: RawSpan?, lot: UInt64, arrived: Instant, at now: Instant) {
        start = recorder.begin(traceparent, lot: lot, at: now)
        isRecording = start != nil
        guard isRecording else { return }
        (self.arrived, began) = (arrived, now)
        (read, reserving, partCount) = (nil, nil, 0)
    }

    /// The trace of the decision at hand, where it is recorded.
    var trace: TraceID? { start?.trace }

    // MARK: Parts, as the decision asks its state

    /// The request is read, and the walk begins. A decision that is made again keeps its first times.
    func noteRead() {
        guard isRecording, read == nil else { return }
        asked = Kernel.monotonicNow()
        read = asked
    }

    func noteHydrated(from: Instant) { add(.features, from: from, to: Kernel.monotonicNow()) }
    func noteScored(_ goal: PredictedGoal, from: Instant, to: Instant) {
        guard isRecording else { return }
        add(.scoring(goal), from: from, to: to)
    }

    private func add(_ part: Part, from: Instant, to: Instant) {
        asked = to
        guard partCount < parts.count else { return }
        parts[partCount] = (part, from, to)
        partCount += 1
    }

    /// The first ad of the answer is paid for: what stands where is known.
    func noteReserving() {
        guard isRecording, reserving == nil else { return }
        reserving = Kernel.monotonicNow()
    }

    // MARK: The end

    /// - Parameter answered: when the answer was written; what follows is its record.
    func end(_ decision: Decision, _ format: AnswerFormat, answered: Instant, at now: Instant) {
        finish(format, at: now) { record, wall in
            if let read {
                record.add("read", from: wall(began), to: wall(read))
                for index in 0..<partCount {
                    let (part, from, to) = parts[index]
                    switch part {
                    case .features: record.add("features", from: wall(from), to: wall(to))
                    case .scoring(let goal): record.add("scoring", goal.word, from: wall(from), to: wall(to))
                    }
                }
                let sold = reserving ?? answered
                record.add("auction", from: wall(asked), to: wall(sold))
                record.add("answer", from: wall(sold), to: wall(answered))
                record.add("record", from: wall(answered), to: wall(now))
            }
            record.say("paceline.decision", .digits(decision.id))
            if let reason = decision.noBid {
                record.say("paceline.outcome", .text("no_bid"))
                record.say("paceline.reason", .text(reason.label))
            } else {
                record.say("paceline.outcome", .text("bid"))
            }
            record.say("paceline.ads", .number(Int64(decision.trace.ads)))
            if decision.isTest { record.say("paceline.test", .flag(true)) }
        }
    }

    /// The request was none that can be decided.
    func endRefused(_ format: AnswerFormat, at now: Instant) {
        finish(format, at: now) { record, _ in record.say("paceline.outcome", .text("refused")) }
    }

    /// A request that was not even read, as its shard had no time for it.
    func noteTurnedAway(
        _ traceparent: RawSpan?, _ refusal: LoadGate.Refusal, _ format: AnswerFormat, lot: UInt64,
        arrived: Instant, at now: Instant
    ) {
        begin(traceparent, lot: lot, arrived: arrived, at: now)
        finish(format, at: now) { record, _ in
            record.say("paceline.outcome", .text("turned_away"))
            record.say("paceline.reason", .text(refusal.label))
        }
    }

    private func finish(
        _ format: AnswerFormat, at now: Instant, _ say: (inout SpanRecord, (Instant) -> Instant) -> Void
    ) {
        guard let start else { return }
        self.start = nil
        isRecording = false
        // All parts are measured by the clock that is never set, and shown by the wall's.
        let offset = Kernel.wallNow().nanoseconds - Kernel.monotonicNow().nanoseconds
        func wall(_ time: Instant) -> Instant { Instant(nanoseconds: time.nanoseconds + offset) }
        let isBid = format == .openrtb
        var record = SpanRecord(start, .server, isBid ? "POST" : "GET", start: wall(arrived))
        record.detail = isBid ? "/openrtb2/bid" : "/vast"
        record.end = wall(now)
        record.say("http.request.method", .text(record.name))
        record.say("http.route", .text(record.detail))
        if arrived < began { record.add("wait", from: wall(arrived), to: wall(began)) }
        say(&record, wall)
        recorder.end(record)
    }
}

extension PredictedGoal {
    fileprivate var word: StaticString {
        switch self {
        case .click: "click"
        case .completedView: "completed_view"
        case .action: "action"
        }
    }
}
