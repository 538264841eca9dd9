// Brings the ledger's tables to this version: each migration once, whoever comes first, and none that was changed since.
public import Postgres
internal import Units

public enum MigrationFailure: Error, Sendable, CustomStringConvertible {
    case database(PostgresFailure)
    /// What ran there under this number is another text.
    case changed(number: Int64, name: String)
    /// The tables are of a later version than this program.
    case newer(Int64)

    public var description: String {
        switch self {
        case .database(let failure): "the ledger's tables could not be brought to this version: \(failure)"
        case .changed(let number, let name):
            "migration \(number) (\(name)) ran here with another text; this program is not of that database's line"
        case .newer(let number):
            "the ledger's tables are at migration \(number), which this program does not know; start a newer one"
        }
    }
}

extension LedgerStore {
    /// One transaction: coordinators that start at once wait for each other, and the later finds all done.
    public static func migrate(_ pool: PostgresPool, _ done: @escaping (MigrationFailure?) -> Void) {
        pool.session(within: .seconds(10)) { taken in
            switch taken {
            case .failure(let failure): done(.database(failure))
            case .success(let session):
                Migrating(session: session, done: done).begin()
            }
        }
    }

    /// One run, held by what it waits for.
    private final class Migrating {
        private let session: PostgresSession
        private let done: (MigrationFailure?) -> Void
        private var left = LedgerSchema.migrations[...]

        init(session: PostgresSession, done: @escaping (MigrationFailure?) -> Void) {
            self.session = session
            self.done = done
        }

        private func end(_ failure: MigrationFailure?) {
            session.giveBack()
            done(failure)
        }

        private static let limit = Interval.seconds(60)

        func begin() {
            var batch = PostgresBatch(begins: true, commits: false)
            batch.add(PostgresStatement("select pg_advisory_xact_lock(hashtext('paceline.migrations'))"))
            batch.add(PostgresStatement("create schema if not exists paceline"))
            batch.add(
                PostgresStatement(
                    """
                    create table if not exists paceline.migrations (
                        number bigint primary key, name text not null, hash text not null,
                        at timestamptz not null default now())
                    """))
            session.run(batch, within: Self.limit) { self.look($0) }
        }

        private func look(_ outcome: PostgresOutcome) {
            if let failure = outcome.failure { return end(.database(failure)) }
            var batch = PostgresBatch(begins: false, commits: false)
            batch.add(PostgresStatement("select number, hash from paceline.migrations order by number"))
            for one in LedgerSchema.migrations {
                batch.add(PostgresStatement("select md5($1)", .text), .text(one.text))
            }
            session.run(batch, within: Self.limit) { outcome in
                guard case .done(let found) = outcome else {
                    return self.end(.database(outcome.failure ?? .lost("no answer")))
                }
                do {
                    try self.compare(found)
                } catch {
                    self.end(.database(.misuse("\(error)")))
                }
            }
        }

        private func compare(_ found: [PostgresRows]) throws(PostgresMismatch) {
            for row in found[0] {
                let number: Int64 = try row.read(0)
                guard let known = LedgerSchema.migrations.firstIndex(where: { $0.number == number }) else {
                    return end(.newer(number))
                }
                guard try row.read(1, as: String.self) == found[known + 1][0].read(0, as: String.self) else {
                    return end(.changed(number: number, name: LedgerSchema.migrations[known].name))
                }
                left = LedgerSchema.migrations[(known + 1)...]
            }
            next()
        }

        private func next() {
            guard let one = left.popFirst() else {
                return session.run(PostgresBatch(begins: false, commits: true), within: Self.limit) {
                    self.end($0.failure.map { .database($0) })
                }
            }
            session.runScript(one.text, within: Self.limit) { outcome in
                if let failure = outcome.failure { return self.end(.database(failure)) }
                var batch = PostgresBatch(begins: false, commits: false)
                batch.add(
                    PostgresStatement(
                        "insert into paceline.migrations (number, name, hash) values ($1, $2, md5($3))",
                        .int8,
                        .text, .text), .int8(Int64(one.number)), .text(one.name), .text(one.text))
                self.session.run(batch, within: Self.limit) { outcome in
                    if let failure = outcome.failure { return self.end(.database(failure)) }
                    self.next()
                }
            }
        }
    }
}
