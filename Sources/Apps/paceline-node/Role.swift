// Whom one thread of a node serves, and within which bounds.
import HTTP
import Reactor
import Settings
import Units

enum Role: Sendable, Equatable, CustomStringConvertible {
    /// Requests, together with the node's other shards.
    case shard(Int)
    /// Operators: health and metrics. A scrape takes as long as dozens of requests, and delays none here.
    case operators

    /// A few scrapers, probes and people. None of them waits for a request's connection to become free.
    static let operatorsMost = 64
    /// Descriptors that requests leave to them, and to files such as new certificates.
    static let descriptorsLeft = operatorsMost + 16
    /// Operators ask, and send nothing along.
    private static let operatorsBodyBytes = 16 * 1024
    /// Several scrapes of a node with many listeners; then one who asks again first has to read.
    private static let operatorsOutputBytes = 512 * 1024

    /// To look through the journals of all shards for a decision; a shard's is read within seconds.
    private static let operatorsHeldTimeout = Interval.seconds(60)

    /// The thread's name too, of which the kernel keeps 15 bytes.
    var description: String {
        switch self {
        case .shard(let index): "shard-\(index)"
        case .operators: "operators"
        }
    }

    func reactorLimits(_ settings: NodeSettings) -> ReactorLimits {
        var limits = ReactorLimits()
        switch self {
        case .shard:
            limits.streams = settings.limits.connectionsPerShard + Server.displacedMost
            limits.outputBytes = settings.limits.outputBytesPerShard
            limits.spin = settings.spin
        case .operators:
            limits.streams = Role.operatorsMost + Server.displacedMost
            limits.outputBytes = Role.operatorsMost * Role.operatorsOutputBytes
        }
        return limits
    }

    func serverLimits(_ settings: NodeSettings.Limits) -> ServerLimits {
        var limits = ServerLimits()
        limits.requestsPerConnection = settings.requestsPerConnection
        limits.headTimeout = settings.headTimeout
        limits.handshakeTimeout = settings.headTimeout
        limits.bodyTimeout = settings.bodyTimeout
        limits.firstByteTimeout = settings.firstByteTimeout
        limits.idleTimeout = settings.idleTimeout
        limits.writeTimeout = settings.writeTimeout
        switch self {
        case .shard:
            limits.head.headBytesMax = settings.headBytes
            limits.head.startLineBytesMax = min(limits.head.startLineBytesMax, settings.headBytes)
            limits.head.fieldCountMax = settings.headerCount
            limits.connections = settings.connectionsPerShard
            limits.bodyBytes = settings.bodyBytes
            limits.outputBytesPerConnection = settings.outputBytesPerConnection
            limits.pendingBytes = settings.pendingBytesPerShard
        case .operators:
            limits.connections = Role.operatorsMost
            limits.bodyBytes = Role.operatorsBodyBytes
            limits.heldTimeout = Role.operatorsHeldTimeout
            limits.outputBytesPerConnection = Role.operatorsOutputBytes / 2
            limits.pendingBytes = Role.operatorsMost * (limits.head.headBytesMax + Role.operatorsBodyBytes)
        }
        return limits
    }
}
