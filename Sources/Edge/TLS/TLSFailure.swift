// Why a connection failed, sorted so that it can be counted, with text for the log.
import COpenSSL

/// The end of one connection's TLS. The session is of no more use; what it still has to send is an alert.
public struct TLSFailure: Error, CustomStringConvertible, Sendable, Equatable {
    /// The kinds, as metrics label them.
    public enum Reason: String, CaseIterable, Sendable {
        case plainHTTP, notTLS
        case noSharedVersion, noSharedCipher, noSharedProtocol
        case certificateRequired, untrusted, expired, notYetValid, wrongName
        case corruptedRecord, truncated, handshakeTooLarge, outputUnread
        case peerAlert, protocolViolation, outOfMemory
    }

    public let reason: Reason
    public let description: String

    init(_ reason: Reason, _ description: String) {
        self.reason = reason
        self.description = description
    }

    /// Sorts what OpenSSL left on the thread's error queue after a call on `ssl` failed.
    /// `firstByte`: of the whole connection, because OpenSSL knows only some methods of plain HTTP.
    init(queuedAfter ssl: OpaquePointer, firstByte: UInt8) {
        let errors = LibraryErrors.take()
        let reason = Reason(errors.reason, spokeText: firstByte >= 0x41 && firstByte <= 0x5A)
        switch reason {
        case .untrusted:
            self = TLSFailure(verification: SSL_get_verify_result(ssl))
        case .plainHTTP:
            self.init(reason, "the peer spoke plain HTTP to a TLS port; it must use https://")
        case .certificateRequired:
            self.init(reason, "the client showed no certificate, and one is required")
        case .peerAlert:
            self.init(reason, "the peer refused: \(errors.text)")
        default:
            self.init(reason, errors.text.isEmpty ? "the connection broke inside TLS" : errors.text)
        }
    }

    private init(verification result: Int) {
        let text = X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "error \(result)"
        let reason: Reason =
            switch Int32(truncatingIfNeeded: result) {
            case X509_V_ERR_CERT_HAS_EXPIRED: .expired
            case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH,
                X509_V_ERR_APPLICATION_VERIFICATION:
                .wrongName
            default: .untrusted
            }
        if Int32(truncatingIfNeeded: result) == X509_V_ERR_APPLICATION_VERIFICATION {
            self.init(reason, "the peer's certificate does not carry the identity that was expected")
        } else {
            self.init(reason, "the peer's certificate was refused: \(text)")
        }
    }
}

extension TLSFailure.Reason {
    fileprivate init(_ reason: Int32, spokeText: Bool) {
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: self = .plainHTTP
        // What is not TLS reads as a record with an unknown version; text that starts with a capital is a
        // method.
        case SSL_R_WRONG_VERSION_NUMBER: self = spokeText ? .plainHTTP : .notTLS
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
            SSL_R_UNKNOWN_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_VERSION_TOO_LOW:
            self = .noSharedVersion
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SUITABLE_GROUPS:
            self = .noSharedCipher
        case SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
            self = .noSharedProtocol
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: self = .certificateRequired
        case SSL_R_CERTIFICATE_VERIFY_FAILED: self = .untrusted
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_BAD_RECORD_TYPE,
            SSL_R_ENCRYPTED_LENGTH_TOO_LONG,
            SSL_R_PACKET_LENGTH_TOO_LONG:
            self = .corruptedRecord
        case SSL_R_EXCESSIVE_MESSAGE_SIZE: self = .handshakeTooLarge
        // OpenSSL numbers an alert that it received as 1,000 and the alert's own number.
        case 1_000...1_255: self = .peerAlert
        default: self = .protocolViolation
        }
    }
}
