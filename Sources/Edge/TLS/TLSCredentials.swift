// The context that new connections use, replaced while the service runs when its files change. A replacement
// that does not hold up is refused, and the last good one stays.
import Kernel
import Synchronization
public import Units

/// Shared by all shards. Connections keep the context that they were made with.
public final class TLSCredentials: Sendable {
    private struct Published {
        var context: TLSContext
        var stamps: [String: FileStamp]
    }

    public let role: TLSContext.Role
    public let configuration: TLSConfiguration
    private let tickets: TicketKeys
    private let published: Mutex<Published>

    public init(
        _ role: TLSContext.Role, _ configuration: TLSConfiguration, tickets: TicketKeys = TicketKeys()
    ) throws(TLSConfigurationError) {
        self.role = role
        self.configuration = configuration
        self.tickets = tickets
        let stamps = TLSCredentials.stamps(of: configuration)
        published = Mutex(
            Published(context: try TLSContext(role, configuration, tickets: tickets), stamps: stamps))
    }

    /// For the next connection. Takes a lock for an instant: once per connection, not per request.
    public var current: TLSContext { published.withLock { $0.context } }

    /// When the first certificate of our own chain expires, for a metric.
    public var certificateExpires: Instant? { current.certificateExpires }
    public var authoritiesExpire: Instant? { current.authoritiesExpire }

    /// Whether a file differs from what is in use. A few calls of stat: cheap enough for every few seconds.
    /// Stays true after a refused reload, so that the second half of a pair that is replaced in two steps is
    /// noticed.
    public func changedOnDisk() -> Bool {
        let now = TLSCredentials.stamps(of: configuration)
        return published.withLock { $0.stamps != now }
    }

    /// Reads the files again. On an error nothing has changed.
    public func reload() throws(TLSConfigurationError) {
        // Taken before reading: a file that changes meanwhile differs from its stamp, and is read again.
        let stamps = TLSCredentials.stamps(of: configuration)
        let context = try TLSContext(role, configuration, tickets: tickets)
        published.withLock { $0 = Published(context: context, stamps: stamps) }
    }

    private static func stamps(of configuration: TLSConfiguration) -> [String: FileStamp] {
        var sources = [configuration.certificate, configuration.key]
        if case .authorities(let source) = configuration.trust { sources.append(source) }
        var stamps: [String: FileStamp] = [:]
        for case .file(let path)? in sources {
            // A file that is gone for the moment has no stamp, which differs from any.
            stamps[path] = try? Kernel.stamp(of: path)
        }
        return stamps
    }
}
