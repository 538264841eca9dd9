// Which of the two drivers serves a shard, and one face for both.
import CLinux
import CURing
import Glibc
import Kernel
import Units

/// Which way of doing I/O a shard should take.
public enum DriverChoice: String, Sendable, CaseIterable {
    /// io_uring where the kernel lets us, else epoll.
    case automatic = "auto"
    case ring = "io_uring"
    case poller = "epoll"
}

/// The driver at work. A plain switch: it costs a predicted branch, where an existential costs four times
/// that. It holds the object by hand, from `make` until the reactor's end calls `release`, because counting
/// references at every send and receive costs as much as the HTTP grammar.
enum Driver {
    case ring(Unmanaged<Ring>)
    case poller(Unmanaged<Poller>)

    /// Receive buffers of one shard. 256 of 8 KB: a burst from every one of a few hundred busy connections
    /// fits, and a whole request of the common sizes fits one buffer.
    static let receiveBuffers = 256
    static let receiveBufferBytes = 8 * 1024

    /// - Returns: the driver, and why it is not the ring where the ring was preferred.
    static func make(
        _ choice: DriverChoice, streams: Int, wake: Descriptor
    ) throws(Errno) -> (Driver, fallback: Errno?) {
        var fallback: Errno?
        if choice != .poller {
            do {
                let ring = try Ring(
                    buffers: receiveBuffers, bufferBytes: receiveBufferBytes, streams: streams)
                try ring.probe()
                return (.ring(.passRetained(ring)), nil)
            } catch {
                if choice == .ring { throw error }
                fallback = error
            }
        }
        return (.poller(.passRetained(try Poller(bufferBytes: 64 * 1024, wake: wake))), fallback)
    }

    var name: String {
        switch self {
        case .ring(let ring): "io_uring (\(ring.takeUnretainedValue().features))"
        case .poller: "epoll"
        }
    }

    @inline(__always)
    func next() -> Completion? {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.next() }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.next() }
        }
    }

    @inline(__always)
    func wait(until deadline: Instant?, spin: Interval, from now: Instant) throws(Errno) {
        switch self {
        case .ring(let ring): try ring.takeUnretainedValue().wait(until: deadline, spin: spin, from: now)
        case .poller(let poller):
            try poller.takeUnretainedValue().wait(until: deadline, spin: spin, from: now)
        }
    }

    /// Makes a stream's descriptor known, from before its first order until `forget`.
    func keep(_ descriptor: Descriptor, slot: Int) {
        if case .ring(let ring) = self { ring._withUnsafeGuaranteedRef { $0.keep(descriptor, slot: slot) } }
    }

    func forget(slot: Int) {
        if case .ring(let ring) = self { ring._withUnsafeGuaranteedRef { $0.forget(slot: slot) } }
    }

    func accept(_ listener: Descriptor, _ token: Token) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.accept(listener, token) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.accept(listener, token) }
        }
    }

    func receive(_ descriptor: Descriptor, _ token: Token) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.receive(descriptor, token) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.receive(descriptor, token) }
        }
    }

    @inline(__always)
    func send(_ descriptor: Descriptor, message: UnsafeMutablePointer<msghdr>, _ token: Token) {
        switch self {
        case .ring(let ring):
            if message.pointee.msg_iovlen == 1, let piece = message.pointee.msg_iov {
                let bytes = UnsafeRawBufferPointer(
                    start: piece.pointee.iov_base, count: piece.pointee.iov_len)
                ring._withUnsafeGuaranteedRef { $0.send(descriptor, bytes, token) }
            } else {
                ring._withUnsafeGuaranteedRef { $0.send(descriptor, message: message, token) }
            }
        case .poller(let poller):
            poller._withUnsafeGuaranteedRef { $0.send(descriptor, message: message, token) }
        }
    }

    /// The address stays where it is until the completion.
    func connect(_ descriptor: Descriptor, _ address: UnsafeMutablePointer<SocketAddress>, _ token: Token) {
        switch self {
        case .ring(let ring):
            let (pointer, length) = SocketAddress.parts(of: address)
            ring._withUnsafeGuaranteedRef { $0.connect(descriptor, pointer, length, token) }
        case .poller(let poller):
            poller._withUnsafeGuaranteedRef { $0.connect(descriptor, address.pointee, token) }
        }
    }

    func wake(_ event: Descriptor, _ token: Token) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.wake(event, token) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.wake(event, token) }
        }
    }

    func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64, _ token: Token) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.write(descriptor, bytes, at: offset, token) }
        case .poller(let poller):
            poller._withUnsafeGuaranteedRef { $0.write(descriptor, bytes, at: offset, token) }
        }
    }

    func synchronise(_ descriptor: Descriptor, _ token: Token) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.synchronise(descriptor, token) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.synchronise(descriptor, token) }
        }
    }

    /// Ends an accept or receive.
    func cancel(_ operation: Token, on descriptor: Descriptor) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.cancel(operation) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.cancel(operation, on: descriptor) }
        }
    }

    /// Completes once, with what of the readiness has come; a failure is a negative errno.
    func watch(_ descriptor: Descriptor, for wanted: Readiness, _ token: Token) {
        switch self {
        case .ring(let ring):
            ring._withUnsafeGuaranteedRef { $0.watch(descriptor, events: wanted.rawValue, token) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.watch(descriptor, for: wanted, token) }
        }
    }

    /// Ends a watch, which completes once more. The descriptor may be closed right after.
    func unwatch(_ descriptor: Descriptor, _ token: Token) {
        switch self {
        case .ring(let ring): ring._withUnsafeGuaranteedRef { $0.cancel(token) }
        case .poller(let poller): poller._withUnsafeGuaranteedRef { $0.unwatch(descriptor, token) }
        }
    }

    /// Makes everything that is in flight on a socket complete soon.
    func abandon(_ descriptor: Descriptor) {
        Kernel.shutdown(descriptor, .both)
        if case .poller(let poller) = self { poller._withUnsafeGuaranteedRef { $0.forget(descriptor) } }
    }

    /// Ends the driver's life, with the reactor's.
    func release() {
        switch self {
        case .ring(let ring): ring.release()
        case .poller(let poller): poller.release()
        }
    }
}
