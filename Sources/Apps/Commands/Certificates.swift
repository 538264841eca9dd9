// What a listener's settings say about certificates, as the TLS edge wants to hear it.
public import Settings
public import TLS

extension TLSConfiguration {
    /// A server with these settings. The files are read when a context is made of it.
    public init(_ settings: TLSSettings) {
        let verification: PeerVerification =
            switch settings.clientCertificate {
            case .none: .none
            case .optional: .optional
            case .required: .required
            }
        self = .server(
            certificate: .file(settings.certificateFile), key: .file(settings.keyFile),
            clientAuthorities: settings.clientCAFile.map { .file($0) }, verification: verification)
        minimumVersion =
            switch settings.minimumVersion {
            case .v12: .tls12
            case .v13: .tls13
            }
    }
}

extension TLSSettings {
    /// What a daemon would refuse to start on: files that are missing, expired, or do not belong together.
    public var problemOnDisk: String? {
        do {
            _ = try TLSContext(.server, TLSConfiguration(self))
            return nil
        } catch {
            return "\(error)"
        }
    }
}
