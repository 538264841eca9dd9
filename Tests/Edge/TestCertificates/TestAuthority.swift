// Certificates for tests, made in memory when a test runs: an authority, and what it issues. They exist
// nowhere else, so none can expire in the repository or be trusted by accident.
import COpenSSL

/// The key of a test certificate.
public enum TestKey: Sendable {
    case ecdsa
    case rsa2048
}

/// A certificate with its key, as PEM text.
public struct TestCertificate: Sendable {
    /// The certificate, followed by its intermediates.
    public let chain: [UInt8]
    public let key: [UInt8]
    /// The same key under the password "secret".
    public let encryptedKey: [UInt8]
}

/// An authority: a root, or one below another. Used by one test at a time.
public final class TestAuthority {
    private let x509: OpaquePointer
    private let key: OpaquePointer
    private let above: TestAuthority?

    private static let day = 86_400

    public init(_ name: String = "Test root", under above: TestAuthority? = nil) {
        key = TestAuthority.makeKey(.ecdsa)
        self.above = above
        x509 = TestAuthority.sign(
            name, key, by: above.map { ($0.x509, $0.key) },
            [(NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign")],
            validFrom: -TestAuthority.day, until: 365 * TestAuthority.day)
    }

    deinit {
        X509_free(x509)
        EVP_PKEY_free(key)
    }

    /// The authority's own certificate.
    public var certificate: [UInt8] { pem { PEM_write_bio_X509($0, x509) } }

    /// - Parameters:
    ///   - alternatives: subject alternative names, such as "DNS:localhost", "IP:127.0.0.1", "URI:spiffe://a/b".
    ///   - validFrom: seconds from now.
    ///   - until: seconds from now.
    public func issue(
        _ name: String, _ alternatives: [String], key kind: TestKey = .ecdsa, validFrom: Int = -86_400,
        until: Int = 30 * 86_400
    ) -> TestCertificate {
        let leafKey = TestAuthority.makeKey(kind)
        defer { EVP_PKEY_free(leafKey) }
        var extensions: [(Int32, String)] = [
            (NID_basic_constraints, "critical,CA:FALSE"), (NID_ext_key_usage, "serverAuth,clientAuth"),
        ]
        if !alternatives.isEmpty {
            extensions.append((NID_subject_alt_name, alternatives.joined(separator: ",")))
        }
        let leaf = TestAuthority.sign(
            name, leafKey, by: (x509, key), extensions, validFrom: validFrom, until: until)
        defer { X509_free(leaf) }
        var chain = pem { PEM_write_bio_X509($0, leaf) }
        var issuer = self
        while let above = issuer.above {
            chain += issuer.certificate
            issuer = above
        }
        return TestCertificate(
            chain: chain, key: pem { PEM_write_bio_PKCS8PrivateKey($0, leafKey, nil, nil, 0, nil, nil) },
            encryptedKey: pem {
                PEM_write_bio_PKCS8PrivateKey($0, leafKey, EVP_aes_256_cbc(), "secret", 6, nil, nil)
            })
    }

    private static func makeKey(_ kind: TestKey) -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_id(kind == .ecdsa ? EVP_PKEY_EC : EVP_PKEY_RSA, nil)
        defer { EVP_PKEY_CTX_free(context) }
        require(EVP_PKEY_keygen_init(context))
        switch kind {
        case .ecdsa: require(EVP_PKEY_CTX_set_group_name(context, "P-256"))
        case .rsa2048: require(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048))
        }
        var key: OpaquePointer?
        require(EVP_PKEY_keygen(context, &key))
        return key!
    }

    private static func sign(
        _ name: String, _ key: OpaquePointer, by issuer: (x509: OpaquePointer, key: OpaquePointer)?,
        _ extensions: [(Int32, String)], validFrom: Int, until: Int
    ) -> OpaquePointer {
        let x509 = X509_new()!
        require(X509_set_version(x509, 2))  // which means the third version
        let serial = BN_new()
        require(BN_rand(serial, 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY))
        _ = BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509))
        BN_free(serial)
        X509_gmtime_adj(X509_getm_notBefore(x509), validFrom)
        X509_gmtime_adj(X509_getm_notAfter(x509), until)
        require(X509_set_pubkey(x509, key))
        let subject = X509_get_subject_name(x509)
        require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0))
        require(X509_set_issuer_name(x509, issuer.map { X509_get_subject_name($0.x509) } ?? subject))
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.x509 ?? x509, x509, nil, nil, 0)
        for (kind, value) in extensions {
            let made = X509V3_EXT_conf_nid(nil, &context, kind, value)
            require(X509_add_ext(x509, made, -1))
            X509_EXTENSION_free(made)
        }
        precondition(
            X509_sign(x509, issuer?.key ?? key, EVP_sha256()) > 0, "could not sign a test certificate")
        return x509
    }

    private func pem(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        TestAuthority.require(write(bio))
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        TestAuthority.require(BIO_read(bio, &bytes, Int32(bytes.count)) == bytes.count ? 1 : 0)
        return bytes
    }

    private static func require(_ result: Int32) {
        precondition(result == 1, "OpenSSL could not make a test certificate")
    }
}
