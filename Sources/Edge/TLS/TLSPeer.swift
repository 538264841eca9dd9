// Who is at the other end, as its verified certificate says.
import COpenSSL
public import Units

/// What a handler may know of the peer. Only made from a certificate that the trust anchors vouch for.
public struct TLSPeer: Sendable, Equatable {
    /// URIs of the subject alternative name: the identity of a service, such as `spiffe://fleet/node/7`.
    public let uris: [String]
    /// DNS names of the subject alternative name.
    public let names: [String]
    /// For logs. It identifies nobody: authorities do not have to check it.
    public let commonName: String?
    /// In hexadecimal, as authorities print it.
    public let serial: String
    public let notAfter: Instant

    init(_ x509: OpaquePointer) {
        let alternatives = AlternativeNames(x509)
        uris = alternatives.uris
        names = alternatives.names
        commonName = TLSPeer.commonName(x509)
        let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nil)
        let digits = BN_bn2hex(number)
        serial = digits.map { String(cString: $0) } ?? ""
        CRYPTO_free(digits, #file, #line)
        BN_free(number)
        X509_up_ref(x509)
        notAfter = Certificate(taking: x509).notAfter
    }

    private static func commonName(_ x509: OpaquePointer) -> String? {
        let subject = X509_get_subject_name(x509)
        let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
        guard index >= 0 else { return nil }
        var utf8: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)))
        guard count >= 0, let utf8 else { return nil }
        defer { CRYPTO_free(utf8, #file, #line) }
        return String(decoding: UnsafeBufferPointer(start: utf8, count: Int(count)), as: UTF8.self)
    }
}

/// The subject alternative names that mean something here.
struct AlternativeNames {
    private(set) var uris: [String] = []
    private(set) var names: [String] = []

    init(_ x509: OpaquePointer) {
        guard let raw = X509_get_ext_d2i(x509, NID_subject_alt_name, nil, nil) else { return }
        let all = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(all) }
        for index in 0..<openssl_names_count(all) {
            var kind: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(openssl_names_at(all, index), &kind) else { continue }
            guard kind == GEN_URI || kind == GEN_DNS else { continue }
            let string = UnsafePointer(value.assumingMemoryBound(to: ASN1_STRING.self))
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
            // Both kinds are ASCII by their standards; a NUL inside is an old trick to fool prefix
            // comparisons.
            guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            if kind == GEN_URI { uris.append(text) } else { names.append(text) }
        }
    }
}
