// What an operator may choose about TLS. Ciphers are not among it: only forward-secret AEAD suites exist
// here.

/// Where credentials come from. Files are read when a context is made and again on each reload.
public enum CredentialSource: Sendable, Equatable {
    /// A path to a PEM file.
    case file(String)
    /// PEM text in memory.
    case pem([UInt8])
}

/// The certificates that a peer's chain must end in.
public enum TrustAnchors: Sendable, Equatable {
    /// Those of the operating system.
    case system
    /// Those in this PEM source, and no others.
    case authorities(CredentialSource)
}

/// Whether the peer has to show a certificate. A certificate that is shown is always verified, but for
/// `.none`.
public enum PeerVerification: Sendable, Equatable {
    /// Servers do not ask; clients take whatever certificate comes, which only suits tests.
    case none
    /// Servers ask, and a client without a certificate is let in as nobody. For clients the same as
    /// `.required`.
    case optional
    /// Without a certificate that the trust anchors vouch for there is no connection.
    case required
}

/// A version of the protocol. Older ones are broken and not offered.
public enum TLSVersion: String, Sendable, Comparable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"

    public static func < (a: TLSVersion, b: TLSVersion) -> Bool { a.rawValue < b.rawValue }
}

/// The settings of one context: the same for a server's listener and for a client, with other defaults.
public struct TLSConfiguration: Sendable, Equatable {
    /// The certificate shown to the peer, followed by the intermediates that lead to a root. Servers need
    /// one.
    public var certificate: CredentialSource?
    /// The private key of the certificate, not encrypted. May be the same file as the certificate.
    public var key: CredentialSource?
    public var trust: TrustAnchors
    public var verification: PeerVerification
    public var minimumVersion: TLSVersion
    public var maximumVersion: TLSVersion
    /// Protocols of the application (ALPN) in order of preference; none means that none is negotiated.
    public var protocols: [String]
    /// Whether a returning client may skip the certificates by a ticket of an earlier connection.
    public var resumption: Bool

    public init(
        certificate: CredentialSource?, key: CredentialSource?, trust: TrustAnchors,
        verification: PeerVerification, minimumVersion: TLSVersion = .tls12,
        maximumVersion: TLSVersion = .tls13,
        protocols: [String] = [], resumption: Bool = true
    ) {
        self.certificate = certificate
        self.key = key
        self.trust = trust
        self.verification = verification
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.protocols = protocols
        self.resumption = resumption
    }

    /// A server that shows a certificate. With client authorities it asks clients for theirs.
    public static func server(
        certificate: CredentialSource, key: CredentialSource, clientAuthorities: CredentialSource? = nil,
        verification: PeerVerification? = nil, protocols: [String] = ["http/1.1"]
    ) -> TLSConfiguration {
        TLSConfiguration(
            certificate: certificate, key: key, trust: clientAuthorities.map { .authorities($0) } ?? .system,
            verification: verification ?? (clientAuthorities == nil ? .none : .required), protocols: protocols
        )
    }

    /// A client that verifies servers, and shows a certificate of its own where it has one.
    public static func client(
        trust: TrustAnchors = .system, certificate: CredentialSource? = nil, key: CredentialSource? = nil,
        protocols: [String] = ["http/1.1"]
    ) -> TLSConfiguration {
        TLSConfiguration(
            certificate: certificate, key: key, trust: trust, verification: .required, protocols: protocols)
    }
}
