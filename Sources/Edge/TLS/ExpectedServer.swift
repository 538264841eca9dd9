// Whom a client wants to reach, and how the server has to prove that it is the one.
import COpenSSL

public struct ExpectedServer: Sendable, Hashable {
    private enum Proof: Hashable, Sendable {
        case host
        case uri(String)
    }

    /// The host's name or IP address as the client knows it.
    public let host: String
    private let proof: Proof
    /// Tells apart servers whose sessions must not be resumed on each other.
    let key: String

    /// The certificate has to carry this DNS name, or this address where it is one.
    public static func host(_ host: String) -> ExpectedServer {
        ExpectedServer(host: host, proof: .host, key: host)
    }

    /// The certificate has to carry this URI, wherever the server is: for services whose names in the network
    /// say nothing about who they are.
    public static func identity(_ uri: String, at host: String) -> ExpectedServer {
        ExpectedServer(host: host, proof: .uri(uri), key: "\(host) \(uri)")
    }

    /// False where OpenSSL refuses the name.
    func apply(to ssl: OpaquePointer, verifying: Bool) -> Bool {
        let parameters = SSL_get0_param(ssl)
        let isAddress = a2i_IPADDRESS(host).map { ASN1_OCTET_STRING_free($0) } != nil
        // Addresses are not sent as server names: the standard forbids it.
        if !isAddress, openssl_set_server_name(ssl, host) != 1 { return false }
        guard verifying else { return true }
        switch proof {
        case .uri:
            SSL_set_verify(ssl, SSL_VERIFY_PEER, verifyIdentity)
            return true
        case .host where isAddress:
            return X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1
        case .host:
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            return SSL_set1_host(ssl, host) == 1
        }
    }

    fileprivate func isProven(by certificate: OpaquePointer) -> Bool {
        guard case .uri(let uri) = proof else { return true }
        return AlternativeNames(certificate).uris.contains(uri)
    }
}

/// Called for each certificate of the chain; depth 0 is the server's own.
private func verifyIdentity(verified: Int32, store: OpaquePointer?) -> Int32 {
    guard verified == 1, X509_STORE_CTX_get_error_depth(store) == 0 else { return verified }
    let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()).map {
        OpaquePointer($0)
    }
    if let expected = TLSSession.of(ssl)?.server, let certificate = X509_STORE_CTX_get_current_cert(store),
        expected.isProven(by: certificate)
    {
        return 1
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
    return 0
}
