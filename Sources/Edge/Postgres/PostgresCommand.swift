// The database for commands: the same pool with one connection and a loop of its own, and functions that wait.
import Reactor
public import Units

/// Used by the thread that made it only.
public final class PostgresCommand {
    private let reactor: Reactor
    private let pool: PostgresPool

    public init(_ options: PostgresOptions) throws {
        var limits = ReactorLimits()
        limits.streams = 1
        limits.timers = 8
        reactor = try Reactor(.poller, limits: limits)
        var options = options
        options.connections = 1
        pool = PostgresPool(options, on: reactor, seed: UInt64(truncatingIfNeeded: reactor.now.nanoseconds))
        pool.start()
    }

    deinit { pool.end() }

    public func run(_ batch: PostgresBatch, within limit: Interval) throws -> PostgresOutcome {
        try wait { pool, done in pool.run(batch, within: limit, done) }
    }

    public func run(
        _ statement: PostgresStatement, _ values: PostgresValue..., within limit: Interval
    ) throws -> PostgresOutcome {
        var batch = PostgresBatch(begins: false, commits: false)
        batch.add(statement, values: values)
        return try run(batch, within: limit)
    }

    /// Turns the loop until what is begun calls back.
    public func wait<Value>(
        _ begin: (PostgresPool, _ done: @escaping (Value) -> Void) -> Void
    ) throws -> Value {
        var result: Value?
        begin(pool) { result = $0 }
        while true {
            if let result { return result }
            try reactor.turn()
        }
    }
}
