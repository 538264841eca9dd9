// COPY both ways, notices and notifications, TLS, migrations.
import Foundation
import Glibc
import Kernel
import PostgresServer
import Reactor
import TestCertificates
import Testing
import Units

@testable import Postgres

@Suite(.enabled(if: hasPostgres, needs), .serialized)
struct StreamTests {
    @Test func tenThousandRowsInAndOut() throws {
        let server = try sharedServer()
        try server.psql("drop table if exists copied; create table copied (id int8 primary key, name text)")
        let bench = try Bench(options(server))
        let session = try bench.session()
        let rows = PostgresCopyRows()
        for id in 0..<10_000 {
            #expect(
                rows.add(
                    .int8(Int64(id)),
                    id % 2 == 0 ? .null : .text("row \(id) " + String(repeating: "x", count: id % 500))))
        }
        let copy = "copy copied (id, name) from stdin (format binary)"
        let outcome: PostgresOutcome = try bench.wait {
            session.copy(rows, into: copy, within: .seconds(10), $0)
        }
        #expect(outcome.word == "done")
        #expect(
            try server.psql("select count(*), sum(id), count(name) from copied").output
                == "10000|49995000|5000")
        var out: [UInt8] = []
        let back: PostgresOutcome = try bench.wait {
            session.copy(
                from: "copy copied to stdout (format csv)", within: .seconds(10), to: { out += $0 }, $0)
        }
        #expect(back.word == "done")
        let text = String(decoding: out, as: UTF8.self)
        #expect(
            text.trimmingCharacters(in: .newlines)
                == (try server.psql("copy copied to stdout (format csv)").output))
        // Refused: the same rows again, and a COPY that nobody feeds; the session is used on.
        let again = PostgresCopyRows()
        _ = again.add(.int8(5), .null)
        let refused: PostgresOutcome = try bench.wait {
            session.copy(again, into: copy, within: .seconds(10), $0)
        }
        #expect(refused.state == "23505")
        let unfed: PostgresOutcome = try bench.wait { session.runScript(copy, within: .seconds(10), $0) }
        #expect(unfed.word == "refused")
        let last: PostgresOutcome = try bench.wait {
            session.runScript("select 1; select 2", within: .seconds(10), $0)
        }
        #expect(last.word == "done")
        #expect(bench.pool.connectionCount == 1)
    }

    @Test func noticesAreHeard() throws {
        let bench = try Bench(options(try sharedServer()))
        #expect(try bench.run("do $$ begin raise notice 'hear, %', 42; end $$").word == "done")
        #expect(bench.notices.map(\.message) == ["hear, 42"])
    }

    @Test func notificationsAreHeard() throws {
        let server = try sharedServer()
        let reactor = try Reactor()
        let listener = PostgresListener(options(server), ["a \"b\""], on: reactor, seed: 1)
        var heard: [String] = []
        var times = 0
        listener.onNotification = { heard.append("\($0.channel): \($0.payload)") }
        listener.onListening = { times += 1 }
        listener.start()
        func turn() throws {
            let end = Kernel.monotonicNow() + .milliseconds(400)
            while Kernel.monotonicNow() < end { try reactor.turn(until: end) }
        }
        try turn()
        try server.psql("select pg_notify('a \"b\"', 'one')")
        try turn()
        #expect(heard == ["a \"b\": one"])
        try server.psql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%'")
        try turn()
        #expect(times == 2, "it listens again, and says so")
        try server.psql("select pg_notify('a \"b\"', 'two')")
        try turn()
        #expect(heard.last == "a \"b\": two")
        listener.end()
    }

    /// Plain bytes are refused by the server; another name, another authority and no TLS by us.
    @Test func connectionsUnderTLS() throws {
        let authority = TestAuthority()
        let certificate = authority.issue("db", ["DNS:db.test"])
        let server = try PostgresServer(
            ["ssl=on", "ssl_ca_file=root.crt"],
            files: [
                "server.crt": String(decoding: certificate.chain, as: UTF8.self),
                "server.key": String(decoding: certificate.key, as: UTF8.self),
                "root.crt": String(decoding: authority.certificate, as: UTF8.self),
            ],
            access: """
                local all all trust
                hostssl all all 127.0.0.1/32 cert map=everybody
                """,
            maps: "everybody client postgres")
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let path = folder.appending(path: name).path()
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            _ = chmod(path, 0o600)
            return path
        }
        let client = authority.issue("client", ["DNS:client"])
        let ours = try write("authority", authority.certificate)
        var good = options(server)
        good.tls = .verified(authority: ours, server: "db.test")
        good.certificate = (try write("chain", client.chain), try write("key", client.key))
        for driver in [DriverChoice.ring, .poller] {
            let bench = try Bench(good, driver)
            let row = try bench.run(
                "select ssl, version, repeat('x', 300000) from pg_stat_ssl where pid = pg_backend_pid()"
            )
            .rows()[0][0]
            #expect(try row.read(0, as: Bool.self))
            #expect(try row.read(1, as: String.self) == "TLSv1.3")
            #expect(try row.read(2, as: String.self).utf8.count == 300_000)
            #expect(
                try bench.run("select 1").word == "done", "what libpq holds back in its own buffer is seen")
        }
        func reason(_ options: PostgresOptions) throws -> String {
            try Bench(options).run("select 1", within: .milliseconds(800)).failure.map { "\($0)" } ?? "done"
        }
        var other = good
        other.tls = .verified(authority: ours, server: "another.test")
        #expect(try reason(other).contains("does not match"))
        other.tls = .verified(
            authority: try write("stranger", TestAuthority("Stranger").certificate), server: "db.test")
        #expect(try reason(other).contains("certificate verify failed"))
        other = good
        other.certificate = nil
        #expect(try reason(other).contains("certificate"))
        other.tls = .off
        #expect(try reason(other).contains("no encryption"))
    }

    private static func migration(_ name: String, _ text: String) -> Migration {
        Migration(name: name, text: text)!
    }

    @Test func migrations() throws {
        let server = try PostgresServer()
        let (one, two) = (try Bench(options(server)), try Bench(options(server)))
        let first = [
            Self.migration("0001-a.sql", "create table a (id int8 primary key); insert into a values (1);"),
            Self.migration("0002-b.sql", "alter table a add column name text; select pg_sleep(0.3);"),
        ]
        // Two at once, each on a loop of its own that is turned in turn.
        var results: [[String]] = []
        var failures: [MigrationFailure] = []
        for bench in [one, two] {
            MigrationRun.apply(first, to: bench.pool, within: .seconds(10)) { result in
                switch result {
                case .success(let names): results.append(names)
                case .failure(let failure): failures.append(failure)
                }
            }
        }
        let limit = Kernel.monotonicNow() + .seconds(10)
        while results.count + failures.count < 2, Kernel.monotonicNow() < limit {
            for bench in [one, two] { try bench.turn(for: .milliseconds(10)) }
        }
        #expect(failures.isEmpty, "\(failures)")
        #expect(results.flatMap { $0 }.sorted() == ["0001-a.sql", "0002-b.sql"], "each once")
        #expect(try server.psql("select * from a").output == "1|")
        func apply(_ all: [Migration], within limit: Interval = .seconds(10)) throws -> String {
            let result: Result<[String], MigrationFailure> = try one.wait {
                MigrationRun.apply(all, to: one.pool, within: limit, $0)
            }
            switch result {
            case .success(let names): return names.joined(separator: ",")
            case .failure(let failure): return "\(failure)"
            }
        }
        #expect(try apply(first) == "")
        #expect(
            try apply([Self.migration("0001-a.sql", "create table a ()"), first[1]])
                == "migration 0001-a.sql was applied with another text; restore the file, and put the change into a new one"
        )
        #expect(
            try apply([first[1]])
                == "migration 0001-a.sql was applied to the database and is not among this version's files")
        #expect(try apply([first[0]]) == "", "a former version beside the new one's schema")
        let bad = Self.migration("0003-c.sql", "create table c (id int8); select 1/0;")
        #expect(
            try apply(first + [bad])
                == "migration 0003-c.sql: the database says: ERROR 22012: division by zero")
        #expect(try server.psql("select to_regclass('c') is null").output == "t", "nothing of it is left")
        // Somebody reads the table all the time: the migration gives way, and is not done in time.
        let session = try two.session()
        var read = PostgresBatch(begins: true, commits: false)
        read.add(PostgresStatement("select * from a"))
        let open: PostgresOutcome = try two.wait { session.run(read, within: .seconds(5), $0) }
        #expect(open.word == "done")
        let alter = Self.migration("0003-d.sql", "alter table a add column more int8")
        #expect(
            try apply(first + [alter], within: .seconds(3)).hasPrefix(
                "migration 0003-d.sql was not applied in time"))
        session.giveBack()
        try two.turn(for: .milliseconds(100))
        #expect(try apply(first + [alter]) == "0003-d.sql")
    }

    @Test func migrationFilesOfAFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ name: String) throws {
            try Data("select 1".utf8).write(to: folder.appending(path: name))
        }
        #expect(throws: MigrationFailure.self) { try Migration.read(folder.path()) }
        for name in ["0010-b.sql", "0002-a.sql", "notes.txt"] { try write(name) }
        #expect(try Migration.read(folder.path()).map(\.name) == ["0002-a.sql", "0010-b.sql"])
        try write("2-c.sql")
        #expect(throws: MigrationFailure.self) { try Migration.read(folder.path()) }
        #expect(throws: MigrationFailure.self) { try Migration.read("/nowhere") }
    }

    @Test func commandsWait() throws {
        let command = try PostgresCommand(options(try sharedServer()))
        let outcome = try command.run(
            PostgresStatement("select $1 * 2", .int8), .int8(21), within: .seconds(5))
        #expect(try outcome.rows()[0][0].read(0, as: Int.self) == 42)
    }
}
