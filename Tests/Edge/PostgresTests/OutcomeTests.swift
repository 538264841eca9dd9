// The outcomes of a commit against a real server: cut at every byte, killed, terminated, late, warned.
import Foundation
import Glibc
import Kernel
import PostgresServer
import Testing
import Units

@testable import Postgres

@Suite(.enabled(if: hasPostgres, needs), .serialized)
struct OutcomeTests {
    static let insert = PostgresStatement("insert into marks values ($1)", .int8)

    private func mark(_ id: Int64) -> PostgresBatch {
        var batch = PostgresBatch()
        batch.add(Self.insert, .int8(id))
        return batch
    }

    private func isThere(_ server: PostgresServer, _ id: Int64) throws -> Bool {
        try server.psql("select count(*) from marks where id = \(id)").output == "1"
    }

    /// A pool of one connection, which has prepared what the test uses.
    private func warmBench(_ server: PostgresServer, port: UInt16? = nil) throws -> Bench {
        var options = options(server, port: port)
        options.connections = 1
        options.pauseLeast = .milliseconds(1)
        options.pauseMost = .milliseconds(5)
        let bench = try Bench(options)
        try server.psql("create table if not exists marks (id int8 primary key)")
        try server.psql("delete from marks")
        _ = try bench.run(mark(0)).rows()
        return bench
    }

    /// Never "done" unless the row is there, never "refused" when it is.
    @Test func cutAtEveryByteOfTheAnswer() throws {
        let server = try sharedServer()
        let proxy = try CutProxy(to: server.port)
        let bench = try warmBench(server, port: proxy.port)
        proxy.cut(after: nil)
        _ = try bench.run(mark(1)).rows()
        let whole = proxy.count
        #expect(whole > 40, "BEGIN, INSERT and COMMIT are answered")
        var words: [String: Int] = [:]
        for bytes in 0...whole {
            let id = Int64(100 + bytes)
            proxy.cut(after: nil)
            // A fresh connection has prepared nothing: so that the answer has the same bytes each time.
            _ = try bench.run(mark(10_000 + id)).rows()
            proxy.cut(after: bytes)
            let outcome = try bench.run(mark(id))
            proxy.cut(after: nil)
            words[outcome.word, default: 0] += 1
            switch outcome {
            case .done: #expect(try isThere(server, id), "\(bytes) bytes: done and not there")
            case .refused: #expect(try !isThere(server, id), "\(bytes) bytes: refused and there")
            case .unknown: break
            }
        }
        // The COMMIT is whole six bytes before the end: 'Z', its length and a letter follow.
        #expect(words == ["unknown": whole - 6, "done": 7])
    }

    @Test func cutInsideATransactionIsRefused() throws {
        let server = try sharedServer()
        let proxy = try CutProxy(to: server.port)
        let bench = try warmBench(server, port: proxy.port)
        let session = try bench.session()
        var open = PostgresBatch(begins: true, commits: false)
        open.add(Self.insert, .int8(5))
        proxy.cut(after: 0)
        let outcome: PostgresOutcome = try bench.wait { session.run(open, within: .seconds(5), $0) }
        proxy.cut(after: nil)
        #expect(outcome.word == "refused")
        #expect(try !isThere(server, 5))
    }

    @Test(arguments: [false, true]) func killedWhileItCommits(_ bySignal: Bool) throws {
        // A standby that never comes makes COMMIT wait for ever.
        let server = try PostgresServer(["synchronous_standby_names=nobody"])
        try server.psql("set synchronous_commit = local; create table marks (id int8 primary key)")
        var options = options(server)
        options.connections = 1
        let bench = try Bench(options)
        var outcome: PostgresOutcome?
        bench.pool.run(mark(1), within: .seconds(15)) { outcome = $0 }
        try bench.turn(for: .milliseconds(300))
        #expect(outcome == nil, "it waits for the standby")
        if bySignal {
            server.kill()
            try bench.turn(for: .milliseconds(500))
            #expect(outcome?.word == "unknown", "\(String(describing: outcome))")
            guard case .lost? = outcome?.failure else {
                Issue.record("the server said nothing")
                return
            }
            try server.start()
            #expect(try server.psql("select count(*) from marks").output == "1", "and it had been written")
        } else {
            // Terminated: the server says so in a warning and then in a fatal error.
            try server.psql(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'paceline'")
            try bench.turn(for: .milliseconds(500))
            #expect(outcome?.word == "unknown", "\(String(describing: outcome))")
        }
    }

    /// The lesson of the fact page: `INSERT 0 1` and a warning, and the row was gone later.
    @Test func aCancelledWaitForTheStandbyIsUnknown() throws {
        let server = try PostgresServer(["synchronous_standby_names=nobody"])
        try server.psql("set synchronous_commit = local; create table marks (id int8 primary key)")
        let bench = try Bench(options(server))
        for (id, batch) in [
            (1, mark(1)),
            (
                2,
                {
                    var b = PostgresBatch(begins: false, commits: false); b.add(Self.insert, .int8(2));
                    return b
                }()
            ),
        ] {
            var outcome: PostgresOutcome?
            bench.pool.run(batch, within: .seconds(15)) { outcome = $0 }
            try bench.turn(for: .milliseconds(300))
            try server.psql(
                "select pg_cancel_backend(pid) from pg_stat_activity where application_name = 'paceline'")
            try bench.turn(for: .milliseconds(300))
            #expect(outcome?.word == "unknown", "\(id): \(String(describing: outcome))")
            guard case .warned? = outcome?.failure else {
                Issue.record("\(id): \(String(describing: outcome))")
                continue
            }
        }
    }

    @Test func aDeadlineClosesTheSocketAndCancelsNothing() throws {
        let server = try PostgresServer(["synchronous_standby_names=nobody"])
        try server.psql("set synchronous_commit = local; create table marks (id int8 primary key)")
        let bench = try Bench(options(server))
        let before = Kernel.monotonicNow()
        let outcome = try bench.run(mark(1), within: .milliseconds(400))
        #expect(outcome.word == "unknown")
        #expect(outcome.failure == .timedOut)
        #expect(Kernel.monotonicNow() - before < .milliseconds(900))
        try bench.turn(for: .milliseconds(300))
        let waiting = try server.psql("select count(*) from pg_stat_activity where wait_event = 'SyncRep'")
            .output
        #expect(waiting == "1", "the server still waits, as nobody has cancelled it")
    }

    @Test func conflictsAreRefusedAndRetryable() throws {
        let server = try sharedServer()
        let bench = try warmBench(server)
        var options = options(server)
        options.connections = 2
        options.settings = [("default_transaction_isolation", "serializable"), ("lock_timeout", "200ms")]
        let two = try Bench(options)
        let a = try two.session()
        let b = try two.session()
        let read = PostgresStatement("select count(*) from marks")
        func begin(_ session: PostgresSession, _ id: Int64) throws -> PostgresOutcome {
            var batch = PostgresBatch(begins: true, commits: false)
            batch.add(read)
            batch.add(Self.insert, .int8(id))
            return try two.wait { session.run(batch, within: .seconds(5), $0) }
        }
        func commit(_ session: PostgresSession) throws -> PostgresOutcome {
            try two.wait { session.run(PostgresBatch(begins: false, commits: true), within: .seconds(5), $0) }
        }
        _ = try begin(a, 71).rows()
        _ = try begin(b, 72).rows()
        #expect(try commit(a).word == "done")
        let second = try commit(b)
        #expect(second.word == "refused")
        #expect(second.state == "40001")
        #expect(second.failure?.isRetryable == true)
        #expect(try !isThere(server, 72))
        let duplicate = try bench.run(mark(71))
        #expect(duplicate.state == "23505")
        #expect(duplicate.failure?.isRetryable == false)
        #expect(try bench.run(mark(73)).word == "done", "the connection is used on after a refusal")
    }
}
