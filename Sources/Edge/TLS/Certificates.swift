// Certificates and keys from PEM, checked as far as they can be without a peer: readable, matching, in order,
// and valid today. Holds OpenSSL's objects; nothing here leaves the module.
import COpenSSL
import Kernel
import Units

/// One X.509 certificate, freed with its last holder.
final class Certificate {
    let x509: OpaquePointer

    /// Takes over the caller's reference.
    init(taking x509: OpaquePointer) { self.x509 = x509 }

    deinit { X509_free(x509) }

    var notAfter: Instant { instant(X509_get0_notAfter(x509)) }
    var notBefore: Instant { instant(X509_get0_notBefore(x509)) }

    /// Seconds since 1970 of OpenSSL's two textual time formats. A date beyond our range is the distant
    /// future.
    private func instant(_ time: UnsafePointer<ASN1_TIME>?) -> Instant {
        let epoch = ASN1_TIME_set(nil, 0)
        defer { ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return Instant(nanoseconds: 0) }
        let (nanoseconds, overflow) = (Int64(days) * 86_400 + Int64(seconds))
            .multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .distantFuture : Instant(nanoseconds: nanoseconds)
    }
}

/// A credential's bytes, with the place to name when they turn out wrong.
struct PEM {
    /// Larger than any sane chain or bundle of roots (Debian's whole bundle is 220 KB), small enough to read
    /// at once.
    static let byteLimit = 4 * 1024 * 1024

    let bytes: [UInt8]
    let place: String

    init(_ source: CredentialSource, as role: String) throws(TLSConfigurationError) {
        switch source {
        case .pem(let bytes):
            self.bytes = bytes
            self.place = "the \(role) given in memory"
        case .file(let path):
            do throws(FileFailure) {
                self.bytes = try Kernel.contents(of: path, limit: PEM.byteLimit)
            } catch {
                throw TLSConfigurationError(
                    .unreadable, in: path, "the \(role) cannot be read: \(error.cause)",
                    advice: "check the path, and that the service's user may read it")
            }
            self.place = path
        }
    }

    /// Every certificate in the text, in its order. Other kinds of blocks, such as the key, are passed over.
    func certificates(as role: String) throws(TLSConfigurationError) -> [Certificate] {
        ERR_clear_error()
        let found = bytes.withUnsafeBytes { text -> [Certificate] in
            let bio = BIO_new_mem_buf(text.baseAddress, Int32(text.count))
            defer { BIO_free(bio) }
            var found: [Certificate] = []
            while let x509 = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(Certificate(taking: x509)) }
            return found
        }
        // Reading ends at the end of the text, which OpenSSL reports as "no start line"; anything else is
        // damage.
        let end = ERR_peek_last_error()
        guard ERR_GET_REASON(end) == PEM_R_NO_START_LINE else {
            throw TLSConfigurationError(
                .notPEM, in: place, "the \(role) is cut short or damaged after certificate \(found.count)",
                advice: "write the whole PEM text again")
        }
        ERR_clear_error()
        if found.isEmpty {
            throw TLSConfigurationError(
                .missing, in: place, "no certificate is in it",
                advice: "it must be PEM text with BEGIN CERTIFICATE lines")
        }
        return found
    }

    /// The first private key in the text, to be freed by the caller.
    func privateKey() throws(TLSConfigurationError) -> OpaquePointer {
        ERR_clear_error()
        var askedForPassword = false
        let key = bytes.withUnsafeBytes { text in
            let bio = BIO_new_mem_buf(text.baseAddress, Int32(text.count))
            defer { BIO_free(bio) }
            return withUnsafeMutablePointer(to: &askedForPassword) { asked in
                // A daemon has nobody to ask for a password: it notes that it was asked, and gives none.
                PEM_read_bio_PrivateKey(
                    bio, nil,
                    { _, _, _, asked in
                        asked?.assumingMemoryBound(to: Bool.self).pointee = true
                        return -1
                    }, asked)
            }
        }
        if let key { return key }
        if askedForPassword {
            throw TLSConfigurationError(
                .encryptedKey, in: place, "the private key is encrypted",
                advice: "decrypt it with `openssl pkey` and protect it by file permissions instead")
        }
        if !String(decoding: bytes, as: UTF8.self).contains("PRIVATE KEY-----") {
            throw TLSConfigurationError(
                .missing, in: place, "no private key is in it",
                advice: "it must be PEM text with a BEGIN PRIVATE KEY line")
        }
        throw TLSConfigurationError(
            .notPEM, in: place, "the private key is cut short or damaged",
            advice: "write the whole PEM text again")
    }
}

/// A certificate with its intermediates and its key, checked against each other and against the clock.
struct Credential: ~Copyable {
    let chain: [Certificate]
    let key: OpaquePointer

    init(_ certificate: CredentialSource, _ key: CredentialSource, at now: Instant)
        throws(TLSConfigurationError)
    {
        let pem = try PEM(certificate, as: "certificate")
        let chain = try pem.certificates(as: "certificate")
        for (index, certificate) in chain.enumerated() {
            try certificate.requireValid(
                at: now, in: pem.place, as: index == 0 ? "certificate" : "intermediate")
        }
        for (issued, issuer) in zip(chain, chain.dropFirst())
        where X509_check_issued(issuer.x509, issued.x509) != X509_V_OK {
            throw TLSConfigurationError(
                .chainOutOfOrder, in: pem.place, "a certificate is not followed by the one that issued it",
                advice: "put the server's own certificate first, then each issuer in turn")
        }
        let keyPEM = try PEM(key, as: "private key")
        let privateKey = try keyPEM.privateKey()
        if X509_check_private_key(chain[0].x509, privateKey) != 1 {
            EVP_PKEY_free(privateKey)
            throw TLSConfigurationError(
                .keyMismatch, in: keyPEM.place, "the key does not match the certificate in \(pem.place)",
                advice: "install the pair that belongs together")
        }
        self.chain = chain
        self.key = privateKey
    }

    deinit { EVP_PKEY_free(key) }
}

extension Certificate {
    func requireValid(at now: Instant, in place: String, as role: String) throws(TLSConfigurationError) {
        if notAfter < now {
            throw TLSConfigurationError(
                .expired(notAfter), in: place,
                "the \(role) expired on \(Certificate.text(X509_get0_notAfter(x509)))",
                advice: "install a renewed one")
        }
        if now < notBefore {
            let date = Certificate.text(X509_get0_notBefore(x509))
            throw TLSConfigurationError(
                .notYetValid(notBefore), in: place, "the \(role) is not valid before \(date)",
                advice: "check this machine's clock, or wait")
        }
    }

    /// A date as OpenSSL prints it, such as "Nov 20 19:06:50 2026 GMT".
    static func text(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        let longest = 64
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: longest) { buffer in
            guard ASN1_TIME_print(bio, time) == 1 else { return "an unreadable date" }
            let count = BIO_gets(bio, buffer.baseAddress, Int32(longest))
            return count > 0 ? String(cString: buffer.baseAddress.unsafelyUnwrapped) : "an unreadable date"
        }
    }
}
