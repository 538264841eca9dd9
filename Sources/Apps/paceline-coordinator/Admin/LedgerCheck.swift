// Whether balances are what all movements come to. The database reads every movement for it, so that it is asked once at a time, and its
// answer is good for a minute, whoever asks meanwhile. An answer that did not come is not kept.
import HTTP
import Postgres
import Serving
import Units

/// Used on the root's thread only.
final class LedgerCheck {
    private let reads: AdminReads
    private var known: (text: String, at: Instant)?
    private var waiting: [AnswerPlace] = []

    static let kept = Interval.seconds(60)
    /// As many as pages may be open; one more is told to ask again.
    static let waitingMost = EventRoutes.listenersMost

    init(_ reads: AdminReads) { self.reads = reads }

    func show(_ request: borrowing Request, _ response: inout Response) {
        if let known, reads.now - known.at < Self.kept {
            return Self.write(known.text, since: reads.now - known.at, &response)
        }
        guard waiting.count < Self.waitingMost else {
            response.header("retry-after", "1")
            return response.problem(.serviceUnavailable, "too many wait for the movements to be added up")
        }
        response.isHeld = true
        waiting.append(request.place)
        guard waiting.count == 1 else { return }
        // Of when it was asked: what has moved since is not in it.
        let asked = reads.now
        reads.find(LedgerQueries.imbalances, []) { [weak self] found in self?.heard(found, asked) }
    }

    private func heard(_ found: Result<PostgresRows, AdminReads.Silence>, _ asked: Instant) {
        let all = waiting
        waiting = []
        var text: Result<String, AdminReads.Silence> = .failure(.init(why: "no rows"))
        switch found {
        case .success(let rows):
            do {
                let read: String = try rows[0].read(0)
                text = .success(read)
                known = (read, asked)
            } catch {
                text = .failure(.init(why: "\(error)"))
            }
        case .failure(let silence): text = .failure(silence)
        }
        for place in all {
            reads.server?.answer(place) { [reads] response in
                switch text {
                case .success(let text): Self.write(text, since: reads.now - asked, &response)
                case .failure(let silence): silence.write(&response)
                }
            }
        }
    }

    private static func write(_ text: String, since age: Interval, _ response: inout Response) {
        response.contentType = "application/json"
        response.header("age", "\(age.wholeMilliseconds / 1_000)".utf8.span.bytes)
        response.write(text + "\n")
    }
}
