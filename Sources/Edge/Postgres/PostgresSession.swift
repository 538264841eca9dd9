// A connection that is lent: for transactions of several round trips, scripts and COPY.
import Reactor
public import Units

/// Given back by `giveBack`, or when nobody holds it any more; a transaction that is open then is rolled back.
public final class PostgresSession {
    private let connection: PostgresConnection
    private let pool: PostgresPool
    private var isGivenBack = false

    init(_ connection: PostgresConnection, of pool: PostgresPool) {
        self.connection = connection
        self.pool = pool
    }

    deinit { giveBack() }

    public func giveBack() {
        guard !isGivenBack else { return }
        isGivenBack = true
        pool.giveBack(connection)
    }

    /// Runs a batch; the next one may be sent when it has called back.
    public func run(
        _ batch: PostgresBatch, within limit: Interval, _ done: @escaping (PostgresOutcome) -> Void
    ) {
        guard !isGivenBack else { return done(.refused(.misuse("the session was given back"))) }
        pool.perform(batch, on: connection, by: pool.reactor.now + limit, done)
    }

    /// Runs a text of any number of statements; without a transaction around it is one by itself. No rows come back.
    public func runScript(
        _ text: String, within limit: Interval, _ done: @escaping (PostgresOutcome) -> Void
    ) {
        script(text, nil, nil, limit, done)
    }

    /// Sends rows by `COPY … FROM STDIN (FORMAT binary)`.
    public func copy(
        _ rows: PostgresCopyRows, into statement: String, within limit: Interval,
        _ done: @escaping (PostgresOutcome) -> Void
    ) {
        script(statement, rows, nil, limit, done)
    }

    /// Takes what `COPY … TO STDOUT` gives, piece by piece; in text form each piece is a row.
    public func copy(
        from statement: String, within limit: Interval, to sink: @escaping ([UInt8]) -> Void,
        _ done: @escaping (PostgresOutcome) -> Void
    ) {
        script(statement, nil, sink, limit, done)
    }

    private func script(
        _ text: String, _ source: PostgresCopyRows?, _ sink: (([UInt8]) -> Void)?, _ limit: Interval,
        _ done: @escaping (PostgresOutcome) -> Void
    ) {
        guard !isGivenBack, connection.state == .ready || connection.state == .inTransaction else {
            return done(.refused(.misuse("the session is \(connection.state)")))
        }
        guard connection.setDeadline(pool.reactor.now + limit) else {
            return done(.refused(.misuse("the reactor has no timer left for a deadline")))
        }
        connection.sendScript(text, from: source, to: sink) { [connection, pool] outcome in
            connection.clearDeadline()
            done(pool.counted(outcome))
        }
    }
}
