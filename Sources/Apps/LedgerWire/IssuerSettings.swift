// Where an issuer is, and as whom it is asked: of a node's settings and of a broker's alike.
public import Settings
public import Units

public struct IssuerSettings: Sendable {
    public let holder: String
    public let coordinators: [LedgerSettings.Coordinator]
    public let timeout: Interval
    public let tls: LedgerSettings.TLS?

    public init(_ issuer: LedgerSettings.Issuer) {
        holder = issuer.holder
        coordinators = issuer.coordinators
        timeout = issuer.timeout
        tls = issuer.tls
    }

    public init(_ root: BrokerSettings.Root) {
        holder = root.holder
        coordinators = root.coordinators
        timeout = root.timeout
        tls = root.tls
    }
}
