// What all connections of a listener or of a client have in common: credentials, trust and policy, as
// OpenSSL's SSL_CTX. Immutable once made, so any number of threads may share one; a reload makes another.
import COpenSSL
import Kernel
public import Units

public final class TLSContext: @unchecked Sendable {
    public enum Role: Sendable { case server, client }

    /// How long a ticket is good for. Short enough that a client certificate that was revoked or has expired
    /// does not outlive it for long, and less than `TicketKeys.rotation`.
    public static let ticketLifetimeSeconds = 2 * 3600
    /// Bytes of certificates that a peer may send. Ten times a usual chain, a third of OpenSSL's own limit.
    static let peerChainByteLimit = 32 * 1024

    public let role: Role
    /// When the first certificate of our own chain expires; nil for a client that shows none.
    public let certificateExpires: Instant?
    /// When the first of the peers' authorities expires; nil where the system's are trusted.
    public let authoritiesExpire: Instant?

    let ssl: SSLContext
    let verification: PeerVerification
    let tickets: TicketKeys?
    let memory: SessionMemory?
    let protocols: ProtocolList

    /// Reads the sources and checks them as far as they can be without a peer.
    /// - Parameter tickets: shared by the contexts whose clients may resume on each other.
    public init(
        _ role: Role, _ configuration: TLSConfiguration, tickets: TicketKeys = TicketKeys()
    ) throws(TLSConfigurationError) {
        let ssl = try SSLContext(role)
        let now = Kernel.wallNow()
        protocols = try ProtocolList(configuration.protocols)
        try ssl.applyPolicy(configuration)
        certificateExpires = try ssl.use(configuration, role, at: now)
        let trust = try ssl.trust(configuration, role, at: now)
        authoritiesExpire = trust.expires
        self.role = role
        self.ssl = ssl
        self.verification = configuration.verification
        self.tickets = role == .server && configuration.resumption ? tickets : nil
        self.memory = role == .client && configuration.resumption ? SessionMemory() : nil
        ssl.bind(scope: trust.fingerprint, of: self)
    }
}
