// Each way in which a batch can end, as a table: what came, in its order, and what may be said of it.
import Testing

@testable import Postgres

struct ConversationTests {
    static func error(_ state: String, _ severity: String = "ERROR") -> PostgresError {
        PostgresError(severity: severity, state: state, message: "m")
    }

    struct Ending: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var commit: Conversation.Commit
        var events: [Conversation.Event]
        var word: String
    }

    static let lost = Conversation.Event.lost("cut")
    static let warning = Conversation.Event.warned(error("01000", "WARNING"))
    static let endings: [Ending] = [
        .init(
            testDescription: "committed", commit: .explicit,
            events: [.commitReached, .committed(tag: "COMMIT"), .synchronised(.none)], word: "done"),
        .init(
            testDescription: "cut before COMMIT's answer", commit: .explicit, events: [.commitReached, lost],
            word: "unknown"),
        .init(
            testDescription: "cut before COMMIT's turn", commit: .explicit, events: [lost], word: "unknown"),
        .init(
            testDescription: "cut right after the answer", commit: .explicit,
            events: [.commitReached, .committed(tag: "COMMIT"), lost], word: "done"),
        .init(
            testDescription: "session ended right after the answer", commit: .explicit,
            events: [.commitReached, .committed(tag: "COMMIT"), .failed(error("57P01", "FATAL"))],
            word: "done"),
        .init(
            testDescription: "warned, then cut after the answer", commit: .explicit,
            events: [.commitReached, warning, .committed(tag: "COMMIT"), lost], word: "unknown"),
        .init(
            testDescription: "warned while committing", commit: .explicit,
            events: [.commitReached, warning, .committed(tag: "COMMIT"), .synchronised(.none)],
            word: "unknown"),
        .init(
            testDescription: "warned by a statement before", commit: .explicit,
            events: [warning, .commitReached, .committed(tag: "COMMIT"), .synchronised(.none)], word: "done"),
        .init(
            testDescription: "a notice while committing", commit: .explicit,
            events: [
                .commitReached, .warned(error("00000", "NOTICE")), .committed(tag: "COMMIT"),
                .synchronised(.none),
            ], word: "done"),
        .init(
            testDescription: "answered by a rollback", commit: .explicit,
            events: [.commitReached, .committed(tag: "ROLLBACK"), .synchronised(.none)], word: "refused"),
        .init(
            testDescription: "a rollback, then cut", commit: .explicit,
            events: [.commitReached, .committed(tag: "ROLLBACK"), lost], word: "refused"),
        .init(
            testDescription: "a statement failed", commit: .explicit,
            events: [.failed(error("23505")), .synchronised(.failed)], word: "refused"),
        .init(
            testDescription: "a statement failed, then cut", commit: .explicit,
            events: [.failed(error("23505")), lost], word: "refused"),
        .init(
            testDescription: "COMMIT failed to serialize", commit: .explicit,
            events: [.commitReached, .failed(error("40001")), .synchronised(.none)], word: "refused"),
        .init(
            testDescription: "COMMIT deadlocked", commit: .explicit,
            events: [.commitReached, .failed(error("40P01")), .synchronised(.none)], word: "refused"),
        .init(
            testDescription: "terminated", commit: .explicit,
            events: [.commitReached, .failed(error("57P01", "FATAL"))],
            word: "unknown"),
        .init(
            testDescription: "crash elsewhere", commit: .explicit,
            events: [.commitReached, .failed(error("57P02", "WARNING"))],
            word: "unknown"),
        .init(
            testDescription: "starting up", commit: .explicit,
            events: [.commitReached, .failed(error("57P03", "FATAL"))],
            word: "unknown"),
        .init(
            testDescription: "connection failure", commit: .explicit,
            events: [.commitReached, .failed(error("08006"))],
            word: "unknown"),
        .init(
            testDescription: "completion unknown", commit: .explicit,
            events: [.commitReached, .failed(error("40003"))],
            word: "unknown"),
        .init(
            testDescription: "without a state", commit: .explicit,
            events: [.commitReached, .failed(error("", ""))],
            word: "unknown"),
        .init(
            testDescription: "deadline", commit: .explicit, events: [.commitReached, .deadlinePassed],
            word: "unknown"),
        .init(testDescription: "inside a transaction, cut", commit: .none, events: [lost], word: "refused"),
        .init(
            testDescription: "inside a transaction, deadline", commit: .none, events: [.deadlinePassed],
            word: "refused"),
        .init(
            testDescription: "inside a transaction, warned", commit: .none,
            events: [warning, .synchronised(.open)],
            word: "done"),
        .init(testDescription: "by itself", commit: .implicit, events: [.synchronised(.none)], word: "done"),
        .init(testDescription: "by itself, cut", commit: .implicit, events: [lost], word: "unknown"),
        .init(
            testDescription: "by itself, warned", commit: .implicit, events: [warning, .synchronised(.none)],
            word: "unknown"),
        .init(
            testDescription: "by itself, failed", commit: .implicit,
            events: [.failed(error("23505")), .synchronised(.none)], word: "refused"),
    ]

    @Test(arguments: endings) func ends(_ ending: Ending) {
        var conversation = Conversation()
        var effects = conversation.handle(.connected) + conversation.handle(.sent(ending.commit))
        for event in ending.events { effects += conversation.handle(event) }
        let words = effects.compactMap { effect -> String? in
            switch effect {
            case .finish(.done): "done"
            case .finish(.refused): "refused"
            case .finish(.unknown): "unknown"
            case .close: nil
            }
        }
        #expect(words == [ending.word], "exactly one verdict")
    }

    /// Whatever comes in whatever order, there is one verdict, and it is never "done" without COMMIT's own answer.
    @Test func anyOrder() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SystemRandomNumberGenerator()
        let events: [Conversation.Event] = [
            .commitReached, .committed(tag: "COMMIT"), .committed(tag: "ROLLBACK"),
            .failed(Self.error("40001")),
            .failed(Self.error("57P01", "FATAL")), Self.warning, .synchronised(.none), .synchronised(.failed),
            .deadlinePassed, Self.lost,
        ]
        for _ in 0..<20_000 {
            var conversation = Conversation()
            _ = conversation.handle(.connected) + conversation.handle(.sent(.explicit))
            var verdicts: [Conversation.Verdict] = []
            var committed = false
            for _ in 0..<6 where conversation.state == .busy {
                guard let event = events.randomElement(using: &generator) else { continue }
                if event == .committed(tag: "COMMIT") { committed = true }
                for case .finish(let verdict) in conversation.handle(event) { verdicts.append(verdict) }
            }
            #expect(verdicts.count <= 1, "seed \(seed)")
            if verdicts.first == .done { #expect(committed) }
        }
    }
}
