// A request that says it is a test is answered like any other, and nothing of it is ever billed or counted.
import Decision
import Foundation
import Notices
import OpenRTB
import Testing
import Units

/// Knows of everything that is put aside or given back.
private struct CountingState: DecisionState {
    var reserved = 0
    var released = 0
    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        reserved += 1
        return .reserved(
            Reservation(session: 7, sequence: UInt64(reserved), mark: 1, window: 3, seconds: 600))
    }
    mutating func release(_ reservation: Reservation) { released += 1 }
}

@Suite struct TestRequestTests {
    private static let test = Demo.request.replacingOccurrences(
        of: "\"at\": 1,", with: "\"at\": 1, \"test\": 1,")

    /// What one request came to, with its record.
    private func decide(
        _ request: String, _ format: AnswerFormat
    ) throws -> (state: CountingState, decision: Decision, answer: String, record: RecordedDecision) {
        var decider = Decider(Demo.snapshot, settings: NoticeTests.settings())
        var state = CountingState()
        var recorder = DecisionRecorder()
        let bytes = Array(request.utf8)
        let decision = try decider.decide(
            bytes.span.bytes, at: Demo.evening, seed: 9, format: format, state: &state)
        recorder.record(
            decision, of: bytes.span.bytes, by: decider,
            RecordedContext(
                now: Demo.evening, seed: 9, format: format, catalog: 1, settings: 2, keepsRequest: true))
        let record = try RecordedDecision(recorder.bytes)
        let answer = decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        return (state, decision, answer, record)
    }

    private func notices(_ answer: String) throws -> [Notice] {
        try answer.matches(of: /\?t=([A-Za-z0-9_-]{128})/).map {
            try NoticeTests.keys.open(String($0.output.1).utf8Span.span.raw).notice
        }
    }

    @Test(arguments: AnswerFormat.allCases) func aTestIsAnsweredAndTakesNothing(_ format: AnswerFormat) throws
    {
        let real = try decide(Demo.request, format)
        #expect(real.state.reserved == 3 && !real.decision.isTest && !real.record.isTest)
        #expect(try notices(real.answer).allSatisfy { !$0.isTest && $0.session == 7 && $0.viewer != 0 })

        try #require(Self.test != Demo.request)
        let test = try decide(Self.test, format)
        #expect(test.decision.trace.ads == 3 && test.state.reserved == 0 && test.state.released == 0)
        #expect(test.decision.isTest && test.record.isTest)
        #expect(test.record.ads.allSatisfy { $0.reservation == .none })
        let found = try notices(test.answer)
        #expect(!found.isEmpty && found.allSatisfy { $0.isTest && $0.session == 0 })
        #expect(found.allSatisfy { $0.viewer == 0 && $0.household == 0 && $0.highest > .zero })
        // Nothing is held, so the answer does not say for how long.
        #expect(real.answer.contains("\"exp\":600") == (format == .openrtb))
        #expect(!test.answer.contains("\"exp\""))
    }

    @Test func aTestIsMadeAgainFromItsRecord() throws {
        let test = try decide(Self.test, .openrtb)
        var state = try #require(RecordedState(test.record))
        var decider = Decider(Demo.snapshot, settings: NoticeTests.settings())
        _ = try decider.decide(
            test.record.request.span.bytes, at: test.record.now, seed: test.record.id, state: &state)
        #expect(decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == test.answer)
        #expect(!state.wasAskedMore)
    }
}
