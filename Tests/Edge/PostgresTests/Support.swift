// One server for all tests that do it no harm, and what they share.
import Foundation
import Kernel
import PostgresServer
import Reactor
import Testing
import Units

@testable import Postgres

let hasPostgres = postgresPrograms != nil
let needs: Comment = "Postgres is not here; apt has it as postgresql"

enum Shared {
    /// Ended by `atexit`, as nothing of a test run outlives all tests.
    nonisolated(unsafe) static let server: Result<PostgresServer, any Error> = {
        let result = Result { try PostgresServer() }
        atexit {
            if case .success(let server) = Shared.server {
                server.stop(); try? FileManager.default.removeItem(at: server.folder)
            }
        }
        return result
    }()
}

func sharedServer() throws -> PostgresServer { try Shared.server.get() }

func options(_ server: PostgresServer, port: UInt16? = nil) -> PostgresOptions {
    let address = SocketAddress(literal: "127.0.0.1", port: port ?? server.port)!
    return PostgresOptions(place: .address(address), database: "postgres", user: "postgres")
}

/// A pool on a reactor that the test turns.
final class Bench {
    let reactor: Reactor
    let pool: PostgresPool
    var troubles: [PostgresFailure] = []
    var notices: [PostgresError] = []

    init(
        _ options: PostgresOptions, _ driver: DriverChoice = .automatic,
        route: ((Reactor) -> PostgresRoute)? = nil
    ) throws {
        reactor = try Reactor(driver)
        pool = PostgresPool(options, on: reactor, route: route?(reactor), seed: 1)
        pool.onTrouble = { [unowned self] in troubles.append($0) }
        pool.onNotice = { [unowned self] in notices.append($0) }
        pool.start()
    }

    deinit { pool.end() }

    /// Turns the reactor until what is begun calls back; fails after twenty seconds.
    func wait<Value>(
        at location: SourceLocation = #_sourceLocation, _ begin: (@escaping (Value) -> Void) -> Void
    ) throws -> Value {
        var result: Value?
        begin { result = $0 }
        let limit = Kernel.monotonicNow() + .seconds(20)
        while result == nil, Kernel.monotonicNow() < limit {
            try reactor.turn(until: Kernel.monotonicNow() + .milliseconds(20))
        }
        return try #require(result, "it never called back", sourceLocation: location)
    }

    func turn(for time: Interval) throws {
        let end = Kernel.monotonicNow() + time
        while Kernel.monotonicNow() < end { try reactor.turn(until: end) }
    }

    func run(_ batch: PostgresBatch, within limit: Interval = .seconds(10)) throws -> PostgresOutcome {
        try wait { done in pool.run(batch, within: limit, done) }
    }

    @discardableResult
    func run(_ text: String, within limit: Interval = .seconds(10)) throws -> PostgresOutcome {
        try wait { done in pool.run(PostgresStatement(text), within: limit, done) }
    }

    func session() throws -> PostgresSession {
        let result: Result<PostgresSession, PostgresFailure> = try wait { done in
            pool.session(within: .seconds(10), done)
        }
        return try result.get()
    }
}

extension PostgresOutcome {
    /// The rows, where it is done.
    func rows(at location: SourceLocation = #_sourceLocation) throws -> [PostgresRows] {
        guard case .done(let rows) = self else {
            Issue.record("\(self)", sourceLocation: location)
            throw failure ?? .rolledBack
        }
        return rows
    }

    var word: String {
        switch self {
        case .done: "done"
        case .refused: "refused"
        case .unknown: "unknown"
        }
    }

    var state: String? { if case .server(let error)? = failure { error.state } else { nil } }
}
