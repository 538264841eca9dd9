// What has changed, for pages that are open: server-sent events, each answer of which is held until there is something to say. What there
// is to say is in the database, so that any coordinator goes on where another one has ended.
import HTTP
import Postgres
import Reactor
import Serving
import Telemetry
import Units

/// Used on the root's thread only. While nobody listens nothing is asked of the database; else it is asked once a second, whoever listens.
final class EventRoutes {
    /// Numbers that only grow, each of which stands for all that its event is about.
    struct State: Equatable {
        static let names = ["leader", "catalog", "models", "audit", "ledger"]
        var numbers: [Int64]

        init(_ numbers: [Int64]) { self.numbers = numbers }

        /// As it was told; nil where it is no id of ours.
        init?(id: String) {
            let parts = id.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
            guard parts.count == Self.names.count, !parts.contains(where: { ($0 ?? -1) < 0 }) else {
                return nil
            }
            numbers = parts.compactMap { $0 }
        }

        var id: String { numbers.map { "\($0)" }.joined(separator: ".") }

        /// What is new since then, as events.
        func events(since seen: State?) -> String {
            var text = ""
            for (index, name) in Self.names.enumerated() where seen?.numbers[index] != numbers[index] {
                text += "id: \(id)\nevent: \(name)\ndata: {\"number\": \"\(numbers[index])\"}\n\n"
            }
            return text
        }
    }

    private struct Listener {
        let place: AnswerPlace
        let seen: State?
        let until: Instant
    }

    private let pool: PostgresPool
    private let log: Log
    private var listeners: [Listener] = []
    private var known: (state: State, at: Instant)?
    private var isTurning = false
    private var isLeaving = false
    weak var server: Server?

    /// As many pages as a house has open. One more is answered at once that there is nothing new, and asks again.
    static let listenersMost = 128
    /// Less than an answer may be held.
    static let hold = Interval.seconds(25)
    private static let turn = Interval.seconds(1)
    private static let limit = Interval.seconds(5)
    private static let question = PostgresStatement(
        """
        select (select epoch from paceline.leadership),
            (select coalesce(max(number), 0) from paceline.catalog_versions),
            (select coalesce(max(number), 0) from paceline.model_turns)
                + (select coalesce(max(number), 0) from paceline.model_packages),
            (select coalesce(max(ordinal), 0) from paceline.audit),
            (select coalesce(sum(version), 0)::bigint from paceline.accounts)
        """)

    init(_ pool: PostgresPool, _ log: Log) { (self.pool, self.log) = (pool, log) }

    private var now: Instant { pool.reactor.now }

    func listen(_ request: borrowing Request, _ response: inout Response) {
        var seen: State?
        if let id = request.text("last-event-id") {
            seen = State(id: id)
            guard seen != nil else {
                return response.malformed("Last-Event-ID", "the id of an event, such as 1.7.2.34.567")
            }
        }
        if let known, now - known.at < Self.turn, known.state != seen {
            return Self.write(known.state.events(since: seen), &response)
        }
        guard !isLeaving, listeners.count < Self.listenersMost else { return Self.write("", &response) }
        response.isHeld = true
        listeners.append(Listener(place: request.place, seen: seen, until: now + Self.hold))
        if !isTurning { look() }
    }

    /// Nobody is held any more.
    func leave() {
        isLeaving = true
        answerAll()
    }

    private func answerAll() {
        let all = listeners
        listeners = []
        for one in all { answer(one, "") }
    }

    private func look() {
        isTurning = true
        pool.run(Self.question, within: Self.limit) { [weak self] in self?.saw($0) }
    }

    private func saw(_ outcome: PostgresOutcome) {
        // A database that does not answer has changed nothing that anybody could look at.
        if case .done(let found) = outcome {
            do {
                known = (
                    State(try (0..<State.names.count).map { try found[0][0].read($0, as: Int64.self) }), now
                )
            } catch {
                log.error("what has changed could not be read", ["cause": .error(error)])
            }
        }
        // Who is answered may ask again before the next one is.
        let all = listeners
        listeners = []
        for one in all {
            if let known, now - known.at < Self.turn, known.state != one.seen {
                answer(one, known.state.events(since: one.seen))
            } else if now >= one.until {
                answer(one, "")
            } else {
                listeners.append(one)
            }
        }
        guard !listeners.isEmpty else {
            isTurning = false
            return
        }
        if pool.reactor.timer(at: now + Self.turn, { [weak self] in self?.look() }) == nil {
            isTurning = false
            answerAll()
        }
    }

    private func answer(_ one: Listener, _ events: String) {
        server?.answer(one.place) { Self.write(events, &$0) }
    }

    private static func write(_ events: String, _ response: inout Response) {
        response.contentType = "text/event-stream"
        response.header("cache-control", "no-store")
        response.write("retry: 1000\n\n")
        response.write(events.isEmpty ? ": nothing new\n\n" : events)
    }
}
