// OpenSSL's SSL_CTX: how policy and credentials are put into it. Only TLSContext makes one.
import COpenSSL
import Units

/// Owns the SSL_CTX, which lives until its last connection is gone.
final class SSLContext {
    let pointer: OpaquePointer

    init(_ role: TLSContext.Role) throws(TLSConfigurationError) {
        ERR_clear_error()
        guard let pointer = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw TLSConfigurationError(
                .settingRefused, in: "OpenSSL", "it does not start",
                advice: "check its installation and openssl.cnf")
        }
        self.pointer = pointer
    }

    deinit { SSL_CTX_free(pointer) }

    /// Versions, ciphers, groups and modes.
    func applyPolicy(_ configuration: TLSConfiguration) throws(TLSConfigurationError) {
        // Only suites with forward secrecy and authenticated encryption. AES-128 first: it takes ten rounds
        // where AES-256 takes fourteen, and no attack tells them apart.
        let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        let suites12 = "ECDHE+AES128+AESGCM:ECDHE+AES256+AESGCM:ECDHE+CHACHA20"
        guard configuration.minimumVersion <= configuration.maximumVersion,
            openssl_ctx_set_min_version(pointer, configuration.minimumVersion.number) == 1,
            openssl_ctx_set_max_version(pointer, configuration.maximumVersion.number) == 1,
            SSL_CTX_set_ciphersuites(pointer, suites13) == 1, SSL_CTX_set_cipher_list(pointer, suites12) == 1,
            openssl_ctx_set_groups(pointer, "X25519:P-256:P-384") == 1
        else {
            throw TLSConfigurationError(
                .settingRefused, in: "OpenSSL", "it refuses the versions, ciphers or groups wanted here",
                advice: "check that openssl.cnf does not forbid them")
        }
        var options =
            openssl_op_no_renegotiation | openssl_op_no_compression | openssl_op_server_preference
            | openssl_op_prioritise_chacha
        if !configuration.resumption { options |= openssl_op_no_ticket }
        SSL_CTX_set_options(pointer, options)
        // An idle connection gives its two record buffers back, 17 KB each; that costs 60 ns a record. The
        // chain is sent as it was configured: OpenSSL would otherwise look for the issuers again at every
        // handshake, in the trust store and on the disk.
        _ = openssl_ctx_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN))
        openssl_ctx_set_max_chain_bytes(pointer, TLSContext.peerChainByteLimit)
        // A client that wants a second ticket gets one when it resumes: the usual two cost time at every
        // handshake.
        _ = SSL_CTX_set_num_tickets(pointer, configuration.resumption ? 1 : 0)
        _ = SSL_CTX_set_timeout(pointer, TLSContext.ticketLifetimeSeconds)
        SSL_CTX_set_verify(pointer, configuration.verifyMode, nil)
    }

    /// Installs our own certificate, and says when it expires.
    func use(
        _ configuration: TLSConfiguration, _ role: TLSContext.Role, at now: Instant
    ) throws(TLSConfigurationError) -> Instant? {
        guard let certificate = configuration.certificate, let key = configuration.key else {
            if role == .client && configuration.certificate == nil && configuration.key == nil { return nil }
            throw TLSConfigurationError(
                .missing, in: "the TLS settings", "the certificate or its key is not given",
                advice: "give both, each as a path")
        }
        let credential = try Credential(certificate, key, at: now)
        var installed =
            SSL_CTX_use_certificate(pointer, credential.chain[0].x509) == 1
            && SSL_CTX_use_PrivateKey(pointer, credential.key) == 1
        for intermediate in credential.chain.dropFirst() where installed {
            installed = openssl_ctx_add_chain(pointer, intermediate.x509) == 1
        }
        guard installed else {
            throw TLSConfigurationError(
                .settingRefused, in: "the TLS settings", "OpenSSL refuses the certificate",
                advice: "use an ECDSA P-256 or RSA key of 2048 bits or more, signed with SHA-256 or better")
        }
        return credential.chain.map(\.notAfter).min()
    }

    /// Installs the anchors, with a fingerprint that differs where they differ.
    func trust(
        _ configuration: TLSConfiguration, _ role: TLSContext.Role, at now: Instant
    ) throws(TLSConfigurationError) -> (expires: Instant?, fingerprint: [UInt8]) {
        if configuration.verification == .none { return (nil, []) }
        guard case .authorities(let source) = configuration.trust else {
            guard SSL_CTX_set_default_verify_paths(pointer) == 1 else {
                throw TLSConfigurationError(
                    .missing, in: "the system's trust store", "it cannot be read",
                    advice: "install ca-certificates")
            }
            return (nil, [])
        }
        let pem = try PEM(source, as: "authorities' file")
        let authorities = try pem.certificates(as: "authorities' file")
        // While authorities are rotated an expired one may stay, but not alone.
        let valid = authorities.filter { $0.notBefore <= now && now <= $0.notAfter }
        if valid.isEmpty { try authorities[0].requireValid(at: now, in: pem.place, as: "authority") }
        let store = SSL_CTX_get_cert_store(pointer)
        for authority in authorities {
            var added = X509_STORE_add_cert(store, authority.x509) == 1
            if role == .server && added { added = SSL_CTX_add_client_CA(pointer, authority.x509) == 1 }
            guard added else {
                throw TLSConfigurationError(
                    .settingRefused, in: pem.place, "OpenSSL refuses an authority's certificate",
                    advice: "use certificates of authorities only")
            }
        }
        return (authorities.map(\.notAfter).min(), pem.bytes)
    }

    /// Ties callbacks to `context`, and tickets to what `scope` stands for: a ticket that was given under
    /// other authorities proves nothing, so it is not taken after a reload has changed them.
    func bind(scope: [UInt8], of context: TLSContext) {
        var digest = [UInt8](repeating: 0, count: 32)
        let scope =
            scope + [context.verification == .required ? 2 : context.verification == .optional ? 1 : 0]
        let digested = EVP_Q_digest(nil, "SHA256", nil, scope, scope.count, &digest, nil)
        precondition(digested == 1, "OpenSSL has no SHA-256")
        SSL_CTX_set_session_id_context(pointer, digest, UInt32(digest.count))

        SSL_CTX_set_ex_data(pointer, 0, Unmanaged.passUnretained(context).toOpaque())
        // OpenSSL's own cache stays off: tickets need none on the server, and SessionMemory is the client's.
        let callbackOnly =
            SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE | SSL_SESS_CACHE_NO_INTERNAL_LOOKUP
        openssl_ctx_set_cache_mode(pointer, Int(context.memory == nil ? SSL_SESS_CACHE_OFF : callbackOnly))
        if context.tickets != nil { SSL_CTX_set_tlsext_ticket_key_evp_cb(pointer, ticketCallback) }
        if context.memory != nil { SSL_CTX_sess_set_new_cb(pointer, newSessionCallback) }
        let protocols = context.protocols.bytes
        if protocols.isEmpty { return }
        switch context.role {
        case .server: SSL_CTX_set_alpn_select_cb(pointer, protocolCallback, nil)
        case .client: SSL_CTX_set_alpn_protos(pointer, protocols.baseAddress, UInt32(protocols.count))
        }
    }
}

extension TLSVersion {
    var number: Int32 { self == .tls12 ? TLS1_2_VERSION : TLS1_3_VERSION }
}

extension TLSConfiguration {
    fileprivate var verifyMode: Int32 {
        switch verification {
        case .none: SSL_VERIFY_NONE
        case .optional: SSL_VERIFY_PEER
        case .required: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
        }
    }
}

/// The context of a connection. Sessions hold their context, so it is alive whenever OpenSSL calls back.
private func context(of ssl: OpaquePointer?) -> TLSContext? {
    guard let data = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0) else { return nil }
    return Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
}

private func ticketCallback(
    ssl: OpaquePointer?, name: UnsafeMutablePointer<UInt8>?, iv: UnsafeMutablePointer<UInt8>?,
    cipher: OpaquePointer?, mac: OpaquePointer?, sealing: Int32
) -> Int32 {
    guard let tickets = context(of: ssl)?.tickets, let name, let iv, let cipher, let mac else { return -1 }
    if sealing == 1 { return tickets.seal(name, iv, cipher, mac) }
    // A ticket of TLS 1.3 is used once, so a client that comes back needs the next one.
    return tickets.open(name, iv, cipher, mac, renewing: SSL_version(ssl) == TLS1_3_VERSION)
}

/// Keeps a session that the server handed out; 1 means that its reference was taken over.
private func newSessionCallback(ssl: OpaquePointer?, session: OpaquePointer?) -> Int32 {
    guard let memory = context(of: ssl)?.memory, let session, let server = TLSSession.of(ssl)?.server else {
        return 0
    }
    memory.remember(session, of: server.key)
    return 1
}

/// Picks the first of our protocols that the client also speaks, and refuses a client that speaks none of
/// them.
private func protocolCallback(
    ssl: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    chosenCount: UnsafeMutablePointer<UInt8>?, offered: UnsafePointer<UInt8>?, offeredCount: UInt32,
    unused: UnsafeMutableRawPointer?
) -> Int32 {
    let offer = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
    guard let ours = context(of: ssl)?.protocols, let chosen, let chosenCount,
        let name = ours.choose(from: offer, count: chosenCount)
    else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen.pointee = name
    return SSL_TLSEXT_ERR_OK
}
