// Which client certificates may do what at a coordinator's admin API, in its settings.
public import Documents

extension CoordinatorSettings {
    /// What somebody may do: each role all that those before it may.
    public enum Role: String, CaseIterable, Sendable {
        case viewer
        case operator_ = "operator"
        case trafficker
        case admin
    }

    /// Of one certificate, or of all below an address.
    public struct CertificateRole: DocumentObject, Equatable {
        public internal(set) var certificate = ""
        public internal(set) var role = Role.viewer

        package init() {}

        /// Whether a certificate with these alternative names is meant: what of it is, for the audit log.
        public func name(uris: [String], names: [String]) -> String? {
            guard certificate.contains("://") else {
                return names.contains(certificate) ? "certificate \(certificate)" : nil
            }
            guard certificate.hasSuffix("/*") else { return uris.first { $0 == certificate } }
            let start = certificate.dropLast()
            return uris.first { $0.hasPrefix(start) && $0.utf8.count > start.utf8.count }
        }
    }
}

extension CoordinatorSettings.CertificateRole {
    package static let schema = Schema<Self>(
        "coordinator.roles[]",
        [
            .required(
                "certificate", \.certificate, .certificateName, example: "spiffe://ads.example/people/alice",
                "A URI among the certificate's alternative names, or a DNS name; a URI that ends in /* is all below it."
            ),
            .required("role", \.role, .choice, example: .viewer, "What whoever shows it may do."),
        ])
}

extension Kind where Value == String {
    /// What authorities have looked at: the common name they need not.
    fileprivate static var certificateName: Kind {
        .text(
            TextForm(
                name:
                    "a URI such as spiffe://ads.example/people/alice or spiffe://ads.example/people/*, or a DNS name, of at most 256 bytes",
                pattern: "^[!-)+-~]{1,256}$|^[a-z]+://[!-)+-.0-~][!-)+-~]*/[*]$"),
            read: { text in
                let isPattern = text.contains("://") && text.hasSuffix("/*") && !text.hasSuffix("//*")
                let body = isPattern ? text.dropLast(1) : text[...]
                let isPlain = body.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "*") }
                return (1...256).contains(text.utf8.count) && isPlain ? text : nil
            }, show: { $0 })
    }
}
