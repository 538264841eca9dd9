// A server of the Redis protocol as its client knows it, and why there is no talking to one.
public import Kernel
public import TLS
public import Units

public struct RedisServer: Sendable {
    public var address: SocketAddress
    /// Nil for the server's default user.
    public var user: String?
    public var password: String?
    /// With whom TLS is spoken, and whom the certificate has to name; nil for plain bytes.
    public var tls: (context: TLSContext, server: ExpectedServer)?
    /// For the connection, and for each answer.
    public var timeout = Interval.seconds(2)
    /// The first wait after a failure; each failure doubles it.
    public var pauseLeast = Interval.milliseconds(100)
    public var pauseMost = Interval.seconds(5)

    public init(address: SocketAddress) { self.address = address }
}

/// Why a connection is of no more use.
public enum RedisFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case notConnected
    case tls(String)
    case timedOut
    case cut
    /// The server answers with an error, in its own words.
    case refused(String)
    /// What came is not the protocol, or not an answer to what was asked.
    case garbage(String)
    /// More was to be sent than this side has memory for.
    case noMemory

    public var description: String {
        switch self {
        case .notConnected: "no connection; is the server running and reachable?"
        case .tls(let why): why
        case .timedOut: "no answer in time"
        case .cut: "the connection was cut"
        case .refused(let why): "the server says: \(why)"
        case .garbage(let why): "what came is no answer: \(why)"
        case .noMemory: "no memory for what is to be sent"
        }
    }

    /// For metrics.
    public var label: String {
        switch self {
        case .notConnected: "not_connected"
        case .tls: "tls"
        case .timedOut: "timed_out"
        case .cut: "cut"
        case .refused: "refused"
        case .garbage: "garbage"
        case .noMemory: "no_memory"
        }
    }

    public static let labels = [
        "not_connected", "tls", "timed_out", "cut", "refused", "garbage", "no_memory",
    ]
}
