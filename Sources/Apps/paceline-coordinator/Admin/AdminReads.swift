// Questions of operators that the database answers: any coordinator asks it, whichever leads.
import Documents
import HTTP
import Postgres
import Reactor
import Serving
import Units

/// Used on the root's thread only.
final class AdminReads {
    private let pool: PostgresPool
    weak var server: Server?

    init(_ pool: PostgresPool) { self.pool = pool }

    /// Answers with a list that a statement gives as JSON, under its name.
    func list(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ name: String?, _ place: AnswerPlace,
        _ response: inout Response
    ) {
        response.isHeld = true
        ask(statement, values, place) { rows, response in
            let text: String = try rows[0].read(0)
            response.contentType = "application/json"
            response.write(name.map { "{\"\($0)\": \(text)}\n" } ?? text + "\n")
        }
    }

    /// The newest first; the next page is before the last one of this.
    func page(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ name: String, _ limit: Int64,
        _ place: AnswerPlace, _ response: inout Response
    ) {
        response.isHeld = true
        ask(statement, values, place) { rows, response in
            let (text, last): (String, Int64?) = (try rows[0].read(0), try rows[0].read(1))
            let isFull = try rows[0].read(2, as: Int64.self) == limit
            response.contentType = "application/json"
            response.write(
                "{\"\(name)\": \(text), \"next\": \(isFull ? last.map { "\"\($0)\"" } ?? "null" : "null")}\n")
        }
    }

    func ask(
        _ statement: PostgresStatement, _ values: [PostgresValue], _ place: AnswerPlace,
        _ body: @escaping (PostgresRows, inout Response) throws -> Void
    ) {
        find(statement, values) { [weak self] found in
            self?.server?.answer(place) { response in
                switch found {
                case .failure(let silence): silence.write(&response)
                case .success(let rows):
                    do {
                        try body(rows, &response)
                    } catch {
                        response.problem(.internalServerError, "\(error)")
                    }
                }
            }
        }
    }

    var now: Instant { pool.reactor.now }

    /// Why the database has not answered.
    struct Silence: Error {
        let why: String

        func write(_ response: inout Response) {
            response.problem(
                .serviceUnavailable, "the database does not answer", [.init("detail", .string(why))])
        }
    }

    /// The rows of a statement, for who answers with them himself.
    func find(
        _ statement: PostgresStatement, _ values: [PostgresValue],
        _ done: @escaping (Result<PostgresRows, Silence>) -> Void
    ) {
        var batch = PostgresBatch(begins: false, commits: false)
        batch.add(statement, values: values)
        pool.run(batch, within: .seconds(20)) { outcome in
            guard case .done(let found) = outcome else {
                return done(.failure(Silence(why: outcome.failure.map { "\($0)" } ?? "no answer")))
            }
            done(.success(found[0]))
        }
    }
}
