// Stands between a client and a real server, and cuts the connection after so many bytes of what the server says.
import Glibc
import Kernel
import PostgresServer
import Synchronization

/// One connection after the other, each on a thread of its own. Counts the server's bytes from when it is told to.
final class CutProxy: Sendable {
    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private struct State {
        /// Bytes that are still let through from the server; negative for all.
        var room = -1
        var counted = 0
    }
    private let state = Mutex(State())

    init(to target: UInt16) throws {
        self.target = target
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) + getsockname(listener, $0, &length)
            }
        }
        guard result == 0, listen(listener, 16) == 0 else {
            throw PostgresServerFailure(description: "no listener")
        }
        port = UInt16(bigEndian: address.sin_port)
        try startThread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let self else { break }
                self.serve(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// From now on only so many of the server's bytes pass; nil for all of them.
    func cut(after bytes: Int?) { state.withLock { $0 = State(room: bytes ?? -1) } }
    /// The server's bytes since then.
    var count: Int { state.withLock { $0.counted } }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func serve(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(target)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(client)
            close(server)
            return
        }
        do {
            try startThread { [self] in
                pass(from: client, to: server, cuts: false)
            }
            try startThread { [self] in
                pass(from: server, to: client, cuts: true)
                shutdown(client, Int32(SHUT_RDWR))
                shutdown(server, Int32(SHUT_RDWR))
                usleep(50_000)
                close(client)
                close(server)
            }
        } catch {}
    }

    private func pass(from: Int32, to: Int32, cuts: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else { break }
            let allowed =
                !cuts
                ? count
                : state.withLock { state in
                    state.counted += count
                    guard state.room >= 0 else { return count }
                    defer { state.room -= min(state.room, count) }
                    return min(state.room, count)
                }
            if allowed > 0, send(to, buffer, allowed, Int32(MSG_NOSIGNAL)) < allowed { break }
            if allowed < count { return }
        }
        shutdown(to, Int32(SHUT_WR))
    }
}

private func startThread(_ body: @escaping @Sendable () -> Void) throws {
    let thread = try Thread(name: "proxy", body)
    thread.detach()
}
