// Which calls are recorded, and when a batch of them is tried again.
import Testing
import Units

@testable import Tracing

private let start = Instant(nanoseconds: 5_000_000_000)

private let caller = TraceContext(
    trace: TraceID(high: 1, low: 2), span: SpanID(3), isSampled: true)

@Suite struct TraceSamplerTests {
    private static func share(_ ratio: Double, seed: UInt64) -> Double {
        var sampler = TraceSampler(ratio: ratio, parentsPerSecond: 0, at: start)
        var random = Randomness(seed: seed)
        let all = 200_000
        let recorded = (0..<all).filter { _ in
            if case .recorded = sampler.decide(nil, lot: random.next(), at: start) { true } else { false }
        }
        return Double(recorded.count) / Double(all)
    }

    @Test(arguments: [0, 0.01, 0.5, 1]) func aShareOfThoseThatNobodyAskedAbout(_ ratio: Double) {
        let seed = UInt64.random(in: 0 ... .max)
        let share = Self.share(ratio, seed: seed)
        // Six deviations of a share of 200,000.
        let bound = 6 * (ratio * (1 - ratio) / 200_000).squareRoot()
        #expect(abs(share - ratio) <= bound, "seed \(seed): \(share)")
    }

    @Test func aCallerThatDoesNotRecordIsNotRecorded() {
        var sampler = TraceSampler(ratio: 1, parentsPerSecond: 1_000, at: start)
        var other = caller
        other.isSampled = false
        #expect(sampler.decide(other, lot: 7, at: start) == .notRecorded)
    }

    @Test func aCallersTraceIsGoneOnWith() throws {
        var sampler = TraceSampler(ratio: 0, parentsPerSecond: 2, at: start)
        guard case .recorded(let place) = sampler.decide(caller, lot: 7, at: start) else {
            Issue.record("not recorded")
            return
        }
        #expect(place.trace == caller.trace && place.parent == caller.span)
        #expect(place.span != caller.span && place.span != .none)
        #expect(place.context.isSampled && place.context.span == place.span)
        #expect(Set((0..<12).map { place.child($0) } + [place.span]).count == 13)
    }

    @Test func callersHaveARate() {
        var sampler = TraceSampler(ratio: 0, parentsPerSecond: 10, at: start)
        func recorded(_ count: Int, at now: Instant) -> Int {
            (0..<count).reduce(0) { sum, lot in
                switch sampler.decide(caller, lot: UInt64(lot), at: now) {
                case .recorded: return sum + 1
                case .overRate: return sum
                case .notRecorded:
                    Issue.record("neither recorded nor counted")
                    return sum
                }
            }
        }
        #expect(recorded(50, at: start) == 10)
        #expect(recorded(50, at: start + .milliseconds(250)) == 2)
        // What nobody used for long is a second's worth, and a clock that goes back gives nothing.
        #expect(recorded(50, at: start + .seconds(1_000)) == 10)
        #expect(recorded(50, at: start) == 0)
    }

    @Test func idsDiffer() {
        var sampler = TraceSampler(ratio: 1, parentsPerSecond: 0, at: start)
        var random = Randomness(seed: 1)
        var traces: Set<TraceID> = []
        for _ in 0..<10_000 {
            guard case .recorded(let place) = sampler.decide(nil, lot: random.next(), at: start) else {
                continue
            }
            #expect(place.parent == .none && place.trace.isValid && place.span != .none)
            traces.insert(place.trace)
        }
        #expect(traces.count == 10_000)
    }

    /// OTLP 1.x, “OTLP/HTTP Response”.
    @Test(arguments: 100...599) func onlyFourStatusesAreTriedAgain(_ status: Int) {
        let outcome = ExportOutcome(status: status, retryAfter: .seconds(3))
        switch status {
        case 200..<300: #expect(outcome == .taken)
        case 429, 502, 503, 504: #expect(outcome == .later(after: .seconds(3)))
        default: #expect(outcome == .refused)
        }
    }

    @Test func pausesGrowUntilItIsGivenUp() {
        var tries = ExportTries(at: start, within: .seconds(60))
        var now = start
        var pauses: [Interval] = []
        while case .again(let pause) = tries.next(nil, at: now, lot: 0.5) {
            pauses.append(pause)
            now = now + pause
        }
        #expect(
            pauses.prefix(4) == [.milliseconds(375), .milliseconds(750), .milliseconds(1_500), .seconds(3)])
        #expect(pauses.count == 7 && now <= start + .seconds(60))
    }

    @Test func aCollectorSaysWhen() {
        var tries = ExportTries(at: start, within: .seconds(60))
        #expect(tries.next(.seconds(7), at: start, lot: 0) == .again(after: .seconds(7)))
        // Less than the own pause is no reason to come earlier.
        #expect(tries.next(.zero, at: start, lot: 1) == .again(after: .seconds(1)))
        #expect(tries.next(.seconds(61), at: start, lot: 0) == .givenUp(pause: .seconds(61)))
        #expect(tries.next(.seconds(99_999), at: start, lot: 0) == .givenUp(pause: .seconds(3_600)))
    }
}

@Suite struct OTLPAnswerTests {
    @Test(
        arguments: [
            ([], 0, ""), ([0x0A, 0x00], 0, ""), ([0x0A, 0x02, 0x08, 0x05], 5, ""),
            ([0x0A, 0x05, 0x08, 0x96, 0x01, 0x12, 0x00], 150, ""),
            ([0x0A, 0x05, 0x08, 0x01, 0x12, 0x01, 0x78], 1, "x"),
            // Fields of later versions.
            ([0x12, 0x01, 0x00, 0x0A, 0x02, 0x08, 0x05], 5, ""),
            ([0x0D, 0, 0, 0, 0, 0x11, 0, 0, 0, 0, 0, 0, 0, 0], 0, ""),
        ] as [([UInt8], Int64, String)])
    func whatItSaysIsRead(_ bytes: [UInt8], rejected: Int64, message: String) throws {
        let answer = try #require(OTLPAnswer(bytes))
        #expect(answer.rejected == rejected && answer.message == message)
    }

    @Test(
        arguments: [[0x0A], [0x0A, 0x05, 0x08], [0x00, 0x00], [0x0B], [0x0A, 0x02, 0x08, 0x80], [0xFF]]
            as [[UInt8]])
    func otherBytesAreNone(_ bytes: [UInt8]) { #expect(OTLPAnswer(bytes) == nil) }
}
