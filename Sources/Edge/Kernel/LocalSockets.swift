// Datagrams to sockets of the same machine, as journald and systemd take them, and what a descriptor leads
// to.
import CLinux
import Glibc
public import Units

/// The address of a Unix socket: a path, or `@name` in the abstract namespace.
public struct LocalAddress: Sendable {
    private let storage: sockaddr_un
    private let length: socklen_t

    /// Nil where the address is empty, relative, or longer than the 108 bytes that the kernel has for it.
    public init?(_ text: String) {
        var bytes = Array(text.utf8)
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count > 1, bytes.count < room, !bytes.contains(0) else { return nil }
        switch bytes[0] {
        case UInt8(ascii: "@"): bytes[0] = 0
        case UInt8(ascii: "/"): bytes.append(0)
        default: return nil
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        storage = address
        length = socklen_t((MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2) + bytes.count)
    }

    func withPointer<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

/// What a descriptor leads to.
public struct DescriptorStamp: Sendable {
    public enum Kind: Sendable { case file, pipe, device, socket, other }

    public let kind: Kind
    public let device: UInt64
    public let inode: UInt64
}

extension Kernel {
    /// A Unix datagram socket. A send waits for room at the most this long; zero means not at all.
    public static func datagramSocket(sendTimeout: Interval) throws(Errno) -> Descriptor {
        var type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        if sendTimeout == .zero { type |= Int32(SOCK_NONBLOCK.rawValue) }
        let descriptor = Descriptor(try require(.socket) { Int(socket(AF_UNIX, type, 0)) })
        if sendTimeout > .zero {
            let (seconds, rest) = sendTimeout.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
            var time = timeval(tv_sec: Int(seconds), tv_usec: Int(rest / 1_000))
            do {
                try require(.option) {
                    let size = socklen_t(MemoryLayout<timeval>.size)
                    return Int(setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size))
                }
            } catch {
                close(descriptor)
                throw error
            }
        }
        return descriptor
    }

    /// Sends one datagram; its length, or a negative errno.
    public static func send(
        _ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, to address: LocalAddress
    ) -> Int {
        pass(.send) {
            address.withPointer {
                sendto(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL), $0, $1)
            }
        }
    }

    /// Sends what a connected socket has room for right now, whatever the socket's own mode.
    public static func sendNow(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer) -> Int {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        return move(.send, bytes.count) { Glibc.send(descriptor, bytes.baseAddress, $0, flags) }
    }

    /// Whether a write would find room right now.
    public static func isWritable(_ descriptor: Descriptor) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return pass(.poll) { Int(Glibc.poll(&request, 1, 0)) } == 1 && request.revents & Int16(POLLOUT) != 0
    }

    public static func stamp(of descriptor: Descriptor) throws(Errno) -> DescriptorStamp {
        var info = stat()
        try require(.stat) { Int(fstat(descriptor, &info)) }
        let kind: DescriptorStamp.Kind =
            switch info.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFIFO: .pipe
            case S_IFCHR: .device
            case S_IFSOCK: .socket
            default: .other
            }
        return DescriptorStamp(kind: kind, device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    }

    public static func isTerminal(_ descriptor: Descriptor) -> Bool { isatty(descriptor) == 1 }
}
