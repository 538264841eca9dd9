// Where a daemon listens, and the certificates that it shows there. The files are named here and never read:
// whoever starts the daemon reads them.
public import Documents
public import Units

/// A socket on which requests come in.
public struct ListenerSettings: DocumentObject, Equatable {
    public internal(set) var address = IPAddress.loopback
    public internal(set) var port: UInt16 = 0
    /// Plain HTTP where there is none.
    public internal(set) var tls: TLSSettings?

    package init() {}

    package static let schema = Schema<Self>(
        "listener",
        [
            .required(
                "address", \.address, .address, example: .everywhere,
                "The address to bind: 0.0.0.0 or :: is every one."),
            .required("port", \.port, .integer(1...65_535), example: 8080, "The TCP port."),
            .optional("tls", \.tls, .object, "Without it, plain HTTP."),
        ])
}

/// The socket of those who operate the daemon.
public struct AdminSettings: DocumentObject, Equatable {
    public internal(set) var address = IPAddress.loopback
    public internal(set) var port: UInt16 = 9900
    public internal(set) var tls: TLSSettings?

    package init() {}

    package static let schema = Schema<Self>(
        "admin",
        [
            .defaulted(
                "address", \.address, .address, "The address to bind.",
                because: "Metrics tell what is spent: they leave the machine only where somebody says so."),
            .defaulted(
                "port", \.port, .integer(1...65_535), "The TCP port.",
                because: "Near the ports of Prometheus exporters, and used by none that runs beside a node."),
            .optional("tls", \.tls, .object, "Without it, plain HTTP."),
        ])
}

/// Certificates, and what is asked of the peer's.
public struct TLSSettings: DocumentObject, Equatable {
    /// Whether a peer must show a certificate that `clientCAFile` vouches for.
    public enum ClientCertificate: String, CaseIterable, Sendable {
        case none
        /// A peer may show none; one that it shows must be good.
        case optional
        case required
    }

    public enum Version: String, CaseIterable, Sendable {
        case v12 = "1.2"
        case v13 = "1.3"
    }

    public internal(set) var certificateFile = ""
    public internal(set) var keyFile = ""
    public internal(set) var clientCAFile: String?
    public internal(set) var clientCertificate = ClientCertificate.none
    public internal(set) var minimumVersion = Version.v12
    /// How often the files are looked at for a change.
    public internal(set) var reload = Interval.seconds(60)

    package init() {}

    package static let schema = Schema<Self>(
        "tls",
        [
            .required(
                "certificateFile", \.certificateFile, .absolutePath, example: "/etc/paceline/node.crt",
                "The certificate, then those between it and the root, in PEM."),
            .required(
                "keyFile", \.keyFile, .absolutePath, example: "/etc/paceline/node.key",
                "The certificate's private key, in PEM."),
            .optional(
                "clientCAFile", \.clientCAFile, .absolutePath,
                "The authorities whose client certificates are accepted, in PEM."),
            .defaulted(
                "clientCertificate", \.clientCertificate, .choice,
                "Whether a peer is asked for a certificate, and whether it must show one.",
                because: "Exchanges and browsers have none."),
            .defaulted(
                "minimumVersion", \.minimumVersion, .choice, "The oldest version of TLS that is spoken.",
                because: "Many exchanges still come with 1.2; what is older is broken."),
            .defaulted(
                "reloadSeconds", \.reload, .seconds(1...86_400),
                "How often the files are looked at. Changed ones are taken without a restart.",
                because:
                    "Looking costs three system calls, and certificates are renewed weeks before their end."),
        ],
        rules: [
            Rule(
                "`clientCertificate` is `none` without a `clientCAFile`, and asks for one with it."
            ) {
                tls, objections in
                let asks = tls.clientCertificate != .none
                if asks, tls.clientCAFile == nil {
                    objections.refuse(
                        "clientCertificate",
                        found: "\"\(tls.clientCertificate.rawValue)\" without a clientCAFile",
                        allowed: "\"none\", or a clientCAFile beside it")
                } else if !asks, tls.clientCAFile != nil {
                    objections.refuse(
                        "clientCAFile", found: "authorities for certificates that no peer is asked for",
                        allowed: "beside a clientCertificate of \"optional\" or \"required\"")
                }
            }
        ])
}
