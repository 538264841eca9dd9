// Sockets: addresses, and the calls that make, tune, use and end them.
import CLinux
public import Glibc

/// An IPv4 or IPv6 address with its port, ready for the kernel.
public struct SocketAddress: Sendable, CustomStringConvertible {
    private(set) var storage = sockaddr_storage()
    public private(set) var length: socklen_t

    /// From a literal such as `127.0.0.1` or `::1`; nil where it is neither. Names are not looked up here.
    public init?(literal: String, port: UInt16) {
        var v4 = sockaddr_in()
        var v6 = sockaddr_in6()
        if inet_pton(AF_INET, literal, &v4.sin_addr) == 1 {
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: v4, as: sockaddr_in.self) }
        } else if inet_pton(AF_INET6, literal, &v6.sin6_addr) == 1 {
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: v6, as: sockaddr_in6.self) }
        } else {
            return nil
        }
    }

    /// From a host name by the system's resolver, which may block: for commands and for start-up.
    public init?(resolving host: String, port: UInt16) {
        if let literal = SocketAddress(literal: host, port: port) {
            self = literal
            return
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else { return nil }
        defer { freeaddrinfo(first) }
        length = first.pointee.ai_addrlen
        guard let address = first.pointee.ai_addr, Int(length) <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
    }

    init(storage: sockaddr_storage, length: socklen_t) {
        self.storage = storage
        self.length = length
    }

    public var family: Int32 { Int32(storage.ss_family) }

    public var port: UInt16 {
        withUnsafeBytes(of: storage) { bytes in
            UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
    }

    public var description: String { family == AF_INET6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The address alone, as a literal.
    public var host: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let offset = family == AF_INET ? 4 : 8
        withUnsafeBytes(of: storage) { bytes in
            _ = inet_ntop(family, bytes.baseAddress.map { $0 + offset }, &text, socklen_t(INET6_ADDRSTRLEN))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Lends the address as the kernel wants it.
    public func withPointer<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

extension SocketAddress: Hashable {
    public static func == (a: SocketAddress, b: SocketAddress) -> Bool {
        a.withBytes { a in b.withBytes { b in a.elementsEqual(b) } }
    }

    public func hash(into hasher: inout Hasher) { withBytes { hasher.combine(bytes: $0) } }

    private func withBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
        withUnsafeBytes(of: storage) { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(length)])) }
    }

    /// The kernel's view of an address that lies at `place` and stays there.
    public static func parts(
        of place: UnsafeMutablePointer<SocketAddress>
    ) -> (UnsafePointer<sockaddr>, socklen_t) {
        let raw = UnsafeRawPointer(place) + (MemoryLayout<SocketAddress>.offset(of: \.storage) ?? 0)
        return (raw.assumingMemoryBound(to: sockaddr.self), place.pointee.length)
    }
}

extension Kernel {
    /// A non-blocking TCP socket.
    public static func streamSocket(family: Int32) throws(Errno) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return Descriptor(try require(.socket) { Int(socket(family, type, 0)) })
    }

    /// Two sockets connected to each other.
    public static func socketPair() throws(Errno) -> (Descriptor, Descriptor) {
        var pair: (Int32, Int32) = (-1, -1)
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try require(.socket) {
            withUnsafeMutablePointer(to: &pair) {
                $0.withMemoryRebound(to: Int32.self, capacity: 2) { Int(socketpair(AF_UNIX, type, 0, $0)) }
            }
        }
        return pair
    }

    /// A non-blocking listener. A shared one shares its port with the listeners of other shards.
    public static func listen(
        on address: SocketAddress, backlog: Int32, shared: Bool = true
    ) throws(Errno) -> Descriptor {
        let descriptor = try streamSocket(family: address.family)
        do {
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if shared { try set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
            if address.family == AF_INET6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            try require(.bind) { address.withPointer { Int(bind(descriptor, $0, $1)) } }
            try require(.listen) { Int(Glibc.listen(descriptor, backlog)) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// The next connection that waits, or a negative errno.
    public static func accept(_ listener: Descriptor) -> Int {
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return pass(.accept) { linux_accept(listener, flags) }
    }

    public static func connect(_ descriptor: Descriptor, to address: SocketAddress) -> Int {
        pass(.connect) { address.withPointer { Int(Glibc.connect(descriptor, $0, $1)) } }
    }

    public static func receive(_ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        move(.receive, buffer.count) { recv(descriptor, buffer.baseAddress, $0, 0) }
    }

    /// Whether the peer has ended the connection and all that it sent was taken. Does not wait.
    public static func hasEnded(_ descriptor: Descriptor) -> Bool {
        var byte: UInt8 = 0
        return move(.receive, 1) {
            recv(descriptor, &byte, $0, Int32(MSG_PEEK | MSG_DONTWAIT))
        }
            == 0
    }

    public static func send(_ descriptor: Descriptor, _ message: UnsafeMutablePointer<msghdr>) -> Int {
        if Faults.armed, let fault = Faults.take(.send) {
            switch fault {
            case .fail(let error): return -Int(error.code)
            case .short(let most): shorten(message, to: most)
            case .late(let time): sleep(for: time)
            }
        }
        return pass(.send) { sendmsg(descriptor, message, Int32(MSG_NOSIGNAL)) }
    }

    /// Cuts a message to its first bytes, as a socket does that has little room.
    public static func shorten(_ message: UnsafeMutablePointer<msghdr>, to bytes: Int) {
        guard message.pointee.msg_iovlen > 0, let pieces = message.pointee.msg_iov else { return }
        message.pointee.msg_iovlen = 1
        pieces.pointee.iov_len = min(pieces.pointee.iov_len, bytes)
    }

    public static func shutdown(_ descriptor: Descriptor, _ direction: ShutdownDirection) {
        _ = Glibc.shutdown(descriptor, direction.rawValue)
    }

    public static func localAddress(of descriptor: Descriptor) throws(Errno) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try require(.option) {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Int(getsockname(descriptor, $0, &length))
                }
            }
        }
        return SocketAddress(storage: storage, length: length)
    }

    /// Who is at the other end; nil where it is gone.
    public static func peerAddress(of descriptor: Descriptor) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = pass(.option) {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Int(getpeername(descriptor, $0, &length))
                }
            }
        }
        return result < 0 ? nil : SocketAddress(storage: storage, length: length)
    }

    /// The error that a socket kept for us, such as the outcome of a connect.
    public static func pendingError(of descriptor: Descriptor) -> Errno? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let result = pass(.option) { Int(getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)) }
        if result < 0 { return Errno(Int32(-result)) }
        return code == 0 ? nil : Errno(code)
    }

    /// Small answers leave at once, and do not wait for the peer to acknowledge what went before.
    public static func tuneStream(_ descriptor: Descriptor) {
        // A failure is harmless: the connection works without it, only later.
        try? set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    static func set(_ descriptor: Descriptor, _ level: Int32, _ name: Int32, _ value: Int32) throws(Errno) {
        var value = value
        try require(.option) {
            Int(setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size)))
        }
    }
}

public enum ShutdownDirection: Sendable {
    case sending, both

    var rawValue: Int32 {
        switch self {
        case .sending: Int32(SHUT_WR)
        case .both: Int32(SHUT_RDWR)
        }
    }
}
