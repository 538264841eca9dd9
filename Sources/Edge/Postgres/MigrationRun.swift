// Brings a database up to date. Several coordinators may do so at once: each step is made under one lock, and whoever
// comes second finds it made.
import Reactor
public import Units

/// Applies what is missing, one migration after the other, each in a transaction with the line that remembers it. What
/// cannot have its locks soon gives way to the traffic, and tries again; so does what has an unknown outcome, as the line
/// says whether it is done. Alive until it calls back.
public final class MigrationRun {
    private let migrations: [Migration]
    private let pool: PostgresPool
    private let deadline: Instant
    private let done: (Result<[String], MigrationFailure>) -> Void
    private var applied: [String] = []

    /// A statement that waits for a lock holds up all that come after it; so much of that nobody notices.
    private static let lockTimeout = "1s"
    private static let pause = Interval.milliseconds(300)
    /// "paceline" as a number: one lock for all migrations of a database.
    private static let lock: Int64 = 0x7061_6365_6C69_6E65

    /// - Parameter done: gets the names that this run has applied.
    public static func apply(
        _ migrations: [Migration], to pool: PostgresPool, within limit: Interval,
        _ done: @escaping (Result<[String], MigrationFailure>) -> Void
    ) {
        MigrationRun(migrations, pool, pool.reactor.now + limit, done).step(0)
    }

    private init(
        _ migrations: [Migration], _ pool: PostgresPool, _ deadline: Instant,
        _ done: @escaping (Result<[String], MigrationFailure>) -> Void
    ) {
        self.migrations = migrations
        self.pool = pool
        self.deadline = deadline
        self.done = done
    }

    private static let setTimeout = PostgresStatement("SELECT set_config('lock_timeout', $1, true)", .text)
    private static let takeLock = PostgresStatement("SELECT pg_advisory_xact_lock($1)", .int8)
    /// Named with its schema: a migration may make another one that comes first, such as the one called as the role is.
    private static let makeTable = PostgresStatement(
        """
        CREATE TABLE IF NOT EXISTS public.paceline_migrations (number int4 PRIMARY KEY, name text NOT NULL,
        digest bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
        """)
    private static let read = PostgresStatement(
        "SELECT number, name, digest FROM public.paceline_migrations ORDER BY number")
    private static let remember = PostgresStatement(
        "INSERT INTO public.paceline_migrations (number, name, digest) VALUES ($1, $2, $3)", .int4, .text,
        .bytea)

    private var left: Interval { max(deadline - pool.reactor.now, .milliseconds(1)) }

    private func step(_ index: Int) {
        guard index < migrations.count else { return done(.success(applied)) }
        pool.session(within: left) { [self] result in
            switch result {
            case .failure(let failure): done(.failure(.timedOut(migrations[index].name, failure)))
            case .success(let session): open(index, session)
            }
        }
    }

    private func open(_ index: Int, _ session: PostgresSession) {
        var batch = PostgresBatch(begins: true, commits: false)
        batch.add(Self.setTimeout, .text(Self.lockTimeout))
        batch.add(Self.takeLock, .int8(Self.lock))
        batch.add(Self.makeTable)
        session.run(batch, within: left) { [self] outcome in
            guard case .done = outcome else { return again(index, session, outcome) }
            // Prepared when the table is there.
            var question = PostgresBatch(begins: false, commits: false)
            question.add(Self.read)
            session.run(question, within: left) { [self] outcome in
                guard case .done(let answers) = outcome else { return again(index, session, outcome) }
                decide(index, session, answers[0])
            }
        }
    }

    private func decide(_ index: Int, _ session: PostgresSession, _ rows: PostgresRows) {
        let migration = migrations[index]
        var isApplied = false
        do {
            for row in rows {
                let number: Int = try row.read(0)
                let name: String = try row.read(1)
                if let ours = migrations.first(where: { $0.number == number }) {
                    guard try row.read(2) == ours.digest else { return done(.failure(.changed(ours.name))) }
                } else if number < migrations[migrations.count - 1].number {
                    return done(.failure(.missing(name)))
                }
                if number == migration.number { isApplied = true }
            }
        } catch {
            return done(.failure(.unreadable("the table paceline_migrations is not ours: \(error)")))
        }
        if isApplied {
            return finish(index, session, PostgresBatch(begins: false, commits: true), isNew: false)
        }
        session.runScript(migration.text, within: left) { [self] outcome in
            guard case .done = outcome else { return again(index, session, outcome) }
            var batch = PostgresBatch(begins: false, commits: true)
            batch.add(
                Self.remember, .int4(Int32(migration.number)), .text(migration.name), .bytea(migration.digest)
            )
            finish(index, session, batch, isNew: true)
        }
    }

    private func finish(_ index: Int, _ session: PostgresSession, _ batch: PostgresBatch, isNew: Bool) {
        session.run(batch, within: left) { [self] outcome in
            guard case .done = outcome else { return again(index, session, outcome) }
            session.giveBack()
            if isNew { applied.append(migrations[index].name) }
            step(index + 1)
        }
    }

    /// Another try, where that may help and there is time for it.
    private func again(_ index: Int, _ session: PostgresSession, _ outcome: PostgresOutcome) {
        session.giveBack()
        guard let failure = outcome.failure else { return }
        guard failure.isRetryable else { return done(.failure(.refused(migrations[index].name, failure))) }
        let next = pool.reactor.now + Self.pause
        guard next < deadline, pool.reactor.timer(at: next, { [self] in step(index) }) != nil else {
            return done(.failure(.timedOut(migrations[index].name, failure)))
        }
    }
}
