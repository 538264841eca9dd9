// Limits, fair waiting, deadlines, and what becomes of a server that goes away and comes back.
import HTTP
import Kernel
import PostgresServer
import Reactor
import Testing
import Units

@testable import Postgres

@Suite(.enabled(if: hasPostgres, needs), .serialized)
struct PoolTests {
    @Test func waitersAreServedInTheirOrder() throws {
        let server = try sharedServer()
        var options = options(server)
        options.connections = 2
        options.waiting = 20
        let bench = try Bench(options)
        var order: [Int] = []
        var refused: [PostgresFailure] = []
        let slow = PostgresStatement("select pg_sleep(0.03)")
        for index in 0..<25 {
            bench.pool.run(slow, within: .seconds(10)) { outcome in
                if let failure = outcome.failure { refused.append(failure) } else { order.append(index) }
            }
        }
        #expect(refused == Array(repeating: .tooManyWait, count: 5), "at once, as none is connected yet")
        try bench.turn(for: .milliseconds(1_500))
        #expect(order.sorted() == Array(0..<20))
        for (place, index) in order.enumerated() { #expect(abs(place - index) <= 1, "two work side by side") }
        #expect(bench.pool.connectionCount == 2)
    }

    @Test func whoWaitsTooLongHearsWhy() throws {
        let server = try sharedServer()
        var options = options(server)
        options.connections = 1
        let bench = try Bench(options)
        let session = try bench.session()
        let begun = Kernel.monotonicNow()
        let outcome = try bench.run("select 1", within: .milliseconds(150))
        #expect(outcome.failure == .noConnection("all 1 are in use"))
        #expect(Kernel.monotonicNow() - begun < .milliseconds(600))
        session.giveBack()
        #expect(try bench.run("select 1").word == "done")
        options.place = .address(SocketAddress(literal: "127.0.0.1", port: try PostgresServer.freePort())!)
        let nobody = try Bench(options)
        guard case .noConnection(let why)? = try nobody.run("select 1", within: .milliseconds(300)).failure
        else {
            Issue.record("nobody is there")
            return
        }
        #expect(why.contains("refused"), "\(why)")
    }

    @Test func aSessionLetGoIsRolledBack() throws {
        let server = try sharedServer()
        try server.psql("drop table if exists let_go; create table let_go (id int8)")
        var options = options(server)
        options.connections = 1
        let bench = try Bench(options)
        do {
            let session = try bench.session()
            var batch = PostgresBatch(begins: true, commits: false)
            batch.add(PostgresStatement("insert into let_go values (1)"))
            let outcome: PostgresOutcome = try bench.wait { session.run(batch, within: .seconds(5), $0) }
            #expect(outcome.word == "done")
        }
        #expect(try bench.run("select count(*) from let_go").rows()[0][0].read(0, as: Int.self) == 0)
        #expect(bench.pool.connectionCount == 1)
        #expect(bench.troubles.isEmpty, "by a rollback, not by ending the connection")
    }

    @Test func aServerThatWentComesBack() throws {
        let server = try PostgresServer()
        var options = options(server)
        options.connections = 2
        let bench = try Bench(options)
        _ = try bench.run("select 1").rows()
        server.kill()
        try bench.turn(for: .milliseconds(300))
        #expect(!bench.pool.isAvailable)
        #expect(!bench.troubles.isEmpty)
        try server.start()
        #expect(try bench.run("select 1", within: .seconds(8)).word == "done")
        // A backend terminated while idle: noticed before anybody gets it.
        try server.psql(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'paceline'")
        try bench.turn(for: .milliseconds(300))
        #expect(try bench.run("select 1").word == "done")
    }

    @Test func aServerThatTakesNoWritesIsRefused() throws {
        let server = try sharedServer()
        var options = options(server)
        options.settings = [("default_transaction_read_only", "on")]
        let bench = try Bench(options)
        let outcome = try bench.run("select 1", within: .milliseconds(500))
        guard case .noConnection(let why)? = outcome.failure else {
            Issue.record("\(outcome)")
            return
        }
        #expect(why.contains("takes no writes"), "\(why)")
    }

    /// A stand-in for Patroni's REST: the members' answers as a test wants them, by our own HTTP server.
    @Test func patroniSaysWhoIsPrimary() throws {
        let (first, second) = (try PostgresServer(), try sharedServer())
        let answers = Answers()
        let bench = try Bench(options(first)) { reactor in
            let members = [first, second].enumerated().map { index, server in
                let address = try! answers.serve(index, on: reactor)
                return PatroniMember(
                    patroni: Endpoint(address: address, authority: "\(address)"),
                    place: .address(SocketAddress(literal: "127.0.0.1", port: server.port)!))
            }
            return .patroni(members, asking: Client(reactor: reactor))
        }
        let port = "select current_setting('port')"
        #expect(try bench.run(port).rows()[0][0].read(0, as: String.self) == "\(first.port)")
        // The first is primary no more, and goes on taking writes as if it were: it is left within two looks.
        answers.primary = 1
        try bench.turn(for: .milliseconds(4_500))
        #expect(try bench.run(port).rows()[0][0].read(0, as: String.self) == "\(second.port)")
        answers.primary = nil
        try bench.turn(for: .milliseconds(2_500))
        #expect(try bench.run(port).word == "done", "nobody is primary: what stands is kept")
    }
}

/// Members of a Patroni cluster that answer what the test says.
final class Answers {
    var primary: Int? = 0

    final class Member: Stream {
        var isPrimary: () -> Bool = { false }

        override func received(_ bytes: UnsafeRawBufferPointer) {
            let status = isPrimary() ? "200 OK" : "503 Service Unavailable"
            let text = "HTTP/1.1 \(status)\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
            _ = Array(text.utf8).withUnsafeBytes { write($0) }
            finish()
        }
        override func peerFinished() { finish() }
    }

    func serve(_ index: Int, on reactor: Reactor) throws -> SocketAddress {
        let listener = try reactor.listen(on: SocketAddress(literal: "127.0.0.1", port: 0)!) {
            [unowned self] in
            let member = Member(reactor: reactor)
            member.isPrimary = { self.primary == index }
            return member
        }
        return listener.address
    }
}
