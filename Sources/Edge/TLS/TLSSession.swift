// One connection's TLS, as an engine: ciphertext in, plaintext out, and back. It owns no socket, reads no
// clock and waits for nothing; deadlines are the caller's.
import COpenSSL
import Kernel

/// Used by one thread. Buffers are lent for the length of a call and never kept.
public final class TLSSession {
    public enum ReadOutcome: Sendable, Equatable {
        /// This much plaintext was written; there may be more.
        case bytes(Int)
        /// All input is used up, and more is needed.
        case wantsInput
        /// Ciphertext waits for room and must go out first: call again with a fresh output.
        case outputFull
        /// The peer said that it has sent everything.
        case closed
        /// It is over; `failure` says why.
        case failed
    }

    public enum WriteOutcome: Sendable, Equatable {
        /// So much of the plaintext was sealed. Where that is not all, the output is full.
        case sealed(Int)
        case failed
    }

    /// Bytes that a peer may send before it is established: its largest chain, and as much for all the rest.
    public static let handshakeByteLimit = 2 * TLSContext.peerChainByteLimit
    /// Plaintext in one record, by the standard.
    public static let recordBytes = 16 * 1024
    /// What a record adds to its plaintext at the most: header, explicit nonce or content type, tag.
    public static let recordOverhead = 29
    /// A record is cut to what is left of an output only where at least this much of it still goes there:
    /// smaller ones cost more than a fresh output.
    private static let cutBytes = 4096
    /// In an output that is fresh a record may be as small as this, rather than to wait in memory of our own.
    private static let leastBytes = 512

    public let context: TLSContext
    /// The handshake is complete and the peer verified: plaintext may flow.
    public private(set) var isEstablished = false
    /// Whether a ticket took the place of the certificates. Known once established.
    public private(set) var isResumed = false
    public private(set) var failure: TLSFailure?

    let server: ExpectedServer?
    private let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<Wire>
    private var peerClosed = false
    private var closing = false

    /// The server's end of a connection.
    public convenience init(server context: TLSContext) throws(TLSFailure) {
        precondition(context.role == .server, "a client's context cannot serve")
        try self.init(context, nil)
        SSL_set_accept_state(ssl)
    }

    /// The client's end of a connection to `server`. Its first message is sent by `start`.
    public convenience init(client context: TLSContext, to server: ExpectedServer) throws(TLSFailure) {
        precondition(context.role == .client, "a server's context cannot connect")
        try self.init(context, server)
        SSL_set_connect_state(ssl)
        guard server.apply(to: ssl, verifying: context.verification != .none) else {
            throw TLSFailure(queuedAfter: ssl, firstByte: 0)
        }
        if let remembered = context.memory?.session(of: server.key) {
            SSL_set_session(ssl, remembered.session)
        }
    }

    private init(_ context: TLSContext, _ server: ExpectedServer?) throws(TLSFailure) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.ssl.pointer) else {
            throw TLSFailure(.outOfMemory, "no memory for another connection")
        }
        let wire = UnsafeMutablePointer<Wire>.allocate(capacity: 1)
        wire.initialize(to: Wire())
        guard let bio = Wire.bio(over: wire) else {
            SSL_free(ssl)
            wire.deallocate()
            throw TLSFailure(.outOfMemory, "no memory for another connection")
        }
        SSL_set_bio(ssl, bio, bio)
        self.context = context
        self.server = server
        self.ssl = ssl
        self.wire = wire
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        // Otherwise OpenSSL forbids to resume a session whose connection was simply dropped.
        if failure == nil { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        SSL_free(ssl)
        wire.pointee.free()
        wire.deallocate()
    }

    /// The session of a callback's SSL.
    static func of(_ ssl: OpaquePointer?) -> TLSSession? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSSession>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Ciphertext waits in the session because an output was too small: `flush` it into another one. To be
    /// asked after every call that took an output, whatever it returned: the peer may be waiting for just
    /// these bytes.
    public var hasPendingOutput: Bool { !wire.pointee.spill.isEmpty }

    /// Sends a client's first message.
    public func start(_ output: inout TLSOutput) {
        var nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        lend(&nothing, &output) { _ = shakeHands() }
    }

    /// Moves what waits into the output; true when nothing is left.
    public func flush(_ output: inout TLSOutput) -> Bool {
        wire.pointee.drain(&output)
        return !hasPendingOutput
    }

    /// Takes ciphertext from the front of `input`, writes what it holds to `plaintext`, and whatever has to
    /// be answered to `output`. Call it until it wants input, which means that all of it was taken. Who stops
    /// earlier gives the rest of `input` again, or lets the session `keep` it.
    public func read(
        _ input: inout UnsafeRawBufferPointer, into plaintext: UnsafeMutableRawBufferPointer,
        _ output: inout TLSOutput
    ) -> ReadOutcome {
        precondition(!plaintext.isEmpty, "without room for plaintext no input is ever used up")
        if failure != nil { return .failed }
        if peerClosed { return .closed }
        return lend(&input, &output) {
            // A peer that makes us answer and does not read the answers gets no further.
            if hasPendingOutput { return .outputFull }
            if !isEstablished, let outcome = shakeHands() { return outcome }
            return open(into: plaintext)
        }
    }

    /// Seals plaintext into the output: whole records as long as they fit, and at least one.
    public func write(_ plaintext: UnsafeRawBufferPointer, _ output: inout TLSOutput) -> WriteOutcome {
        precondition(
            isEstablished || failure != nil, "nothing may be written before the handshake is complete")
        precondition(!closing, "nothing may be written after the end was announced")
        if failure != nil { return .failed }
        var nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let isFresh = output.count == 0
        return lend(&nothing, &output) {
            if hasPendingOutput { return .sealed(0) }
            let fitting = TLSSession.sealable(plaintext.count, in: wire.pointee.room, isFresh: isFresh)
            if fitting == 0 { return .sealed(0) }
            ERR_clear_error()
            var sealed = 0
            guard SSL_write_ex(ssl, plaintext.baseAddress, fitting, &sealed) == 1 else {
                fail()
                return .failed
            }
            return .sealed(sealed)
        }
    }

    /// Tells the peer that nothing more will come.
    public func close(_ output: inout TLSOutput) {
        guard failure == nil, isEstablished, !closing else { return }
        closing = true
        var nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        lend(&nothing, &output) {
            ERR_clear_error()
            if SSL_shutdown(ssl) < 0 { fail() }
        }
    }

    /// Copies ciphertext that is to be read later, before anything newer. False where more than the limit would be
    /// kept: the caller went on receiving although it could not take more, and has to drop the connection.
    public func keep(_ rest: UnsafeRawBufferPointer, limit: Int) -> Bool {
        wire.pointee.keep(rest, limit: limit)
    }

    /// The transport has ended, and all of its bytes were read. Without the peer's word that it was finished,
    /// somebody may have cut it.
    public func endOfInput() -> ReadOutcome {
        if failure != nil { return .failed }
        if peerClosed { return .closed }
        failure = TLSFailure(
            .truncated,
            isEstablished ? "the peer closed without saying so" : "the peer left during the handshake")
        return .failed
    }
}

// MARK: - What was agreed. Meaningful once established.
extension TLSSession {
    public var version: TLSVersion { SSL_version(ssl) == TLS1_3_VERSION ? .tls13 : .tls12 }

    /// The cipher suite by its standard name.
    public var cipher: String {
        SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
    }

    /// The application's protocol, nil where none was negotiated.
    public var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        guard let name, count > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// The peer by its verified certificate; nil where it showed none or none was asked for. Read it once per
    /// connection: it is parsed anew each time.
    public var peer: TLSPeer? {
        guard isEstablished, context.verification != .none else { return nil }
        return SSL_get0_peer_certificate(ssl).map { TLSPeer($0) }
    }
}

// MARK: - Driving OpenSSL
extension TLSSession {
    @inline(__always)
    private func lend<Result>(
        _ input: inout UnsafeRawBufferPointer, _ output: inout TLSOutput, _ body: () -> Result
    ) -> Result {
        wire.pointee.lend(input, &output)
        defer { wire.pointee.takeBack(&input, &output) }
        return body()
    }

    /// Nil once the handshake is complete, else what keeps it from that.
    private func shakeHands() -> ReadOutcome? {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return establish() }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ where wire.pointee.taken > TLSSession.handshakeByteLimit:
            failure = TLSFailure(.handshakeTooLarge, "the peer's handshake does not end")
            return .failed
        case SSL_ERROR_WANT_READ:
            return .wantsInput
        case SSL_ERROR_ZERO_RETURN:
            peerClosed = true
            return .closed
        default:
            fail()
            return .failed
        }
    }

    private func establish() -> ReadOutcome? {
        isResumed = SSL_session_reused(ssl) == 1
        // A ticket says that the certificate was good when it was given out; it may have expired since.
        if isResumed, context.verification != .none, let certificate = SSL_get0_peer_certificate(ssl),
            X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0
        {
            failure = TLSFailure(
                .expired, "the peer's certificate has expired since the session that it resumes")
            return .failed
        }
        isEstablished = true
        // OpenSSL does not tell of a ticket of TLS 1.2 that the server renewed while it took the old one.
        if isResumed, version == .tls12, let memory = context.memory, let server,
            let session = SSL_get1_session(ssl)
        {
            memory.remember(session, of: server.key)
        }
        return nil
    }

    /// Fills `plaintext` from as many records as are there.
    private func open(into plaintext: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        var total = 0
        while total < plaintext.count, wire.pointee.hasInput || SSL_pending(ssl) > 0 {
            ERR_clear_error()
            var opened = 0
            let target = plaintext.baseAddress?.advanced(by: total)
            if SSL_read_ex(ssl, target, plaintext.count - total, &opened) == 1 {
                total += opened
                continue
            }
            switch SSL_get_error(ssl, 0) {
            case SSL_ERROR_WANT_READ: break
            case SSL_ERROR_ZERO_RETURN: peerClosed = true
            default: fail()
            }
            break
        }
        if total > 0 { return .bytes(total) }
        if failure != nil { return .failed }
        return peerClosed ? .closed : .wantsInput
    }

    /// How much plaintext to seal now. Nothing, where what is left of a begun output is not worth a record.
    private static func sealable(_ count: Int, in room: Int, isFresh: Bool) -> Int {
        let whole = recordBytes + recordOverhead
        let records = room / whole
        let rest = count - records * recordBytes
        if rest <= 0 { return count }
        let left = room - records * whole - recordOverhead
        if left >= min(rest, cutBytes) { return records * recordBytes + min(rest, left) }
        if records > 0 { return records * recordBytes }
        if !isFresh { return 0 }
        // A fresh output is all that the caller has. If it is tiny, a record is sealed of which the rest
        // waits.
        return left >= leastBytes ? left : min(count, recordBytes)
    }

    private func fail() {
        failure =
            wire.pointee.hasOverflowed
            ? TLSFailure(.outputUnread, "the peer asks for answers and does not read them")
            : TLSFailure(queuedAfter: ssl, firstByte: wire.pointee.firstByte)
    }
}
