// Where a Postgres server is, who we are to it, and the bounds of talking with it.
public import Kernel
public import Units

/// One server. Names are not looked up here, as that would block the reactor: whoever starts resolves them.
public enum PostgresPlace: Hashable, Sendable, CustomStringConvertible {
    case address(SocketAddress)
    /// A folder with the server's Unix socket, and the port that names it.
    case folder(String, port: UInt16)

    public var description: String {
        switch self {
        case .address(let address): address.description
        case .folder(let path, let port): "\(path):\(port)"
        }
    }
}

/// How a connection is kept from others' eyes. There is no way of trying TLS and going on without.
public enum PostgresTLS: Hashable, Sendable {
    /// Plain bytes: for a Unix socket, or a network that is a machine's own.
    case off
    /// The server's certificate comes from this authority, a file, and names the server so.
    case verified(authority: String, server: String)
}

public struct PostgresOptions: Sendable {
    public var place: PostgresPlace
    public var database: String
    public var user: String
    public var password: String?
    public var tls = PostgresTLS.off
    /// Files with the certificate, and its key, by which the server knows us.
    public var certificate: (chain: String, key: String)?
    public var application = "paceline"
    /// Settings of each session, such as `lock_timeout`.
    public var settings: [(name: String, value: String)] = []
    /// A server that takes no writes is refused, as a standby or a primary that was put aside is.
    public var mustTakeWrites = true

    /// Connecting, with TLS, the password and the first question.
    public var connectTimeout = Interval.seconds(5)
    /// The server keeps slots for its own replication: all pools together stay below `max_connections` by more than that.
    public var connections = 8
    /// Callers that wait for a connection; one more is told at once that too many do.
    public var waiting = 1_024
    /// Prepared statements of a connection. They are the program's own texts, so that more is a defect: a text that is
    /// put together from values.
    public var statements = 512
    /// The first wait after a failure; each further failure doubles it.
    public var pauseLeast = Interval.milliseconds(50)
    public var pauseMost = Interval.seconds(2)

    public init(place: PostgresPlace, database: String, user: String) {
        self.place = place
        self.database = database
        self.user = user
    }
}
