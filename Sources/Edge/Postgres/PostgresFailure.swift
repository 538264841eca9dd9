// Why there is no answer, or another one than was hoped for; and the three outcomes of what writes.

/// What the server says went wrong, in its own words.
public struct PostgresError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `ERROR`, `FATAL`, `PANIC`, `WARNING` and the like, in English whatever the server's language.
    public var severity: String
    /// Five characters by the SQL standard's table; empty where the error is not the server's.
    public var state: String
    public var message: String
    public var detail: String
    public var constraint: String

    public init(
        severity: String, state: String, message: String, detail: String = "", constraint: String = ""
    ) {
        self.severity = severity
        self.state = state
        self.message = message
        self.detail = detail
        self.constraint = constraint
    }

    public var description: String {
        let head = state.isEmpty ? message : "\(severity) \(state): \(message)"
        return detail.isEmpty ? head : "\(head) (\(detail))"
    }

    /// Whether it says nothing about what was under way: the session ends, or the connection.
    var endsSession: Bool {
        state.isEmpty || severity == "FATAL" || severity == "PANIC" || state.hasPrefix("08")
            || state.hasPrefix("57P") || state == "40003"
    }

    /// Serialization failure, deadlock and a lock that was not to be had in time: the same again may go well.
    var isRetryable: Bool { state == "40001" || state == "40P01" || state == "55P03" }

    /// The session's prepared statements are not what this side takes them for.
    var spoilsStatements: Bool { state == "26000" || state == "0A000" || state == "42P05" }
}

public enum PostgresFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// As many callers wait as may wait. Nothing was sent.
    case tooManyWait
    /// No connection became free in time; the text says why where none can be made. Nothing was sent.
    case noConnection(String)
    /// The server refused a statement, and with it what belongs together with it.
    case server(PostgresError)
    /// The connection ended.
    case lost(String)
    /// The deadline came first; the connection was closed.
    case timedOut
    /// COMMIT was answered by a rollback, as a statement before had failed.
    case rolledBack
    /// The server committed, but warned: a standby may not have it.
    case warned(PostgresError)
    /// What was asked for does not fit the statement, the session or the bounds. Nothing was sent.
    case misuse(String)

    public var description: String {
        switch self {
        case .tooManyWait: "too many wait for a database connection already"
        case .noConnection(let why): "no database connection in time: \(why)"
        case .server(let error): "the database says: \(error)"
        case .lost(let why): "the database connection ended: \(why)"
        case .timedOut: "no answer of the database in time; the connection was closed"
        case .rolledBack: "the transaction was rolled back, as a statement of it had failed"
        case .warned(let error): "the database warned while it committed: \(error)"
        case .misuse(let why): "not sent to the database: \(why)"
        }
    }

    /// Whether doing the same again may go well. Of an unknown outcome only with the same idempotency key.
    public var isRetryable: Bool {
        switch self {
        case .server(let error): error.isRetryable || error.endsSession
        case .tooManyWait, .noConnection, .lost, .timedOut, .warned: true
        case .rolledBack, .misuse: false
        }
    }

    /// For metrics.
    public var label: String {
        switch self {
        case .tooManyWait: "too_many_wait"
        case .noConnection: "no_connection"
        case .server(let error): error.isRetryable ? "conflict" : "server"
        case .lost: "lost"
        case .timedOut: "timed_out"
        case .rolledBack: "rolled_back"
        case .warned: "warned"
        case .misuse: "misuse"
        }
    }

    public static let labels = [
        "too_many_wait", "no_connection", "conflict", "server", "lost", "timed_out", "rolled_back", "warned",
        "misuse",
    ]
}

/// How a batch ended.
public enum PostgresOutcome: Sendable {
    /// All of it is done and, where it commits, is committed. The rows of each statement.
    case done([PostgresRows])
    /// Surely none of it is committed.
    case refused(PostgresFailure)
    /// Some of it may be committed, may yet be, or may be lost with the server. Only repeating it with the same idempotency
    /// key, until that is done, settles the matter (ledger rule 6).
    case unknown(PostgresFailure)

    public var failure: PostgresFailure? {
        switch self {
        case .done: nil
        case .refused(let failure), .unknown(let failure): failure
        }
    }
}
