// A client's memory of earlier sessions, so that the next connection to the same server skips the certificates.
import COpenSSL
import Synchronization

/// Shared by all of a context's connections. Keeps the newest session of each server.
final class SessionMemory: Sendable {
    /// A node talks to a handful of servers. At the limit an arbitrary one is forgotten: it costs a full handshake.
    private static let serverLimit = 256

    private let sessions = Mutex<[String: RememberedSession]>([:])

    /// Takes over the reference that OpenSSL hands to its callback.
    func remember(_ session: OpaquePointer, of server: String) {
        let remembered = RememberedSession(taking: session)
        sessions.withLock { sessions in
            if sessions.count >= SessionMemory.serverLimit, sessions[server] == nil { _ = sessions.popFirst() }
            sessions[server] = remembered
        }
    }

    func session(of server: String) -> RememberedSession? {
        sessions.withLock { $0[server] }
    }
}

/// Freed with its last holder. OpenSSL counts references atomically and does not change a finished session.
final class RememberedSession: @unchecked Sendable {
    let session: OpaquePointer

    init(taking session: OpaquePointer) { self.session = session }

    deinit { SSL_SESSION_free(session) }
}
