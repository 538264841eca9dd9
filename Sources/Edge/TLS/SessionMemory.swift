// A client's memory of earlier sessions, so that the next connection to the same server skips the
// certificates.
import COpenSSL
import Synchronization

/// Shared by all of a context's connections.
final class SessionMemory: Sendable {
    /// A node talks to a handful of servers. At the limit an arbitrary one is forgotten: it costs a full
    /// handshake.
    private static let serverLimit = 256
    /// Tickets of TLS 1.3 are used once, so several connections that start together each need their own.
    private static let sessionLimit = 8

    private let sessions = Mutex<[String: [RememberedSession]]>([:])

    /// Takes over the reference that OpenSSL hands to its callback.
    func remember(_ session: OpaquePointer, of server: String) {
        let remembered = RememberedSession(taking: session)
        sessions.withLock { sessions in
            if sessions.count >= SessionMemory.serverLimit, sessions[server] == nil {
                _ = sessions.popFirst()
            }
            var held = sessions[server] ?? []
            if !remembered.isForOneUse { held.removeAll() }
            if held.count == SessionMemory.sessionLimit { held.removeFirst() }
            held.append(remembered)
            sessions[server] = held
        }
    }

    /// The newest session, which is forgotten where it may be used only once.
    func session(of server: String) -> RememberedSession? {
        sessions.withLock { sessions in
            guard let newest = sessions[server]?.last else { return nil }
            if newest.isForOneUse { sessions[server]?.removeLast() }
            return newest
        }
    }
}

/// Freed with its last holder. OpenSSL counts references atomically and does not change a finished session.
final class RememberedSession: @unchecked Sendable {
    let session: OpaquePointer

    init(taking session: OpaquePointer) { self.session = session }

    /// OpenSSL itself makes a session of TLS 1.3 unusable after it was resumed, as the standard recommends.
    var isForOneUse: Bool { SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION }

    deinit { SSL_SESSION_free(session) }
}
