// Waiting for readiness: epoll, and the event descriptor by which one thread wakes another.
public import CLinux
import Glibc

extension Kernel {
    public static func pollSet() throws(Errno) -> Descriptor {
        Descriptor(try require(.poll) { Int(epoll_create1(Int32(EPOLL_CLOEXEC))) })
    }

    public enum PollChange: Sendable { case add, modify, remove }

    public static func poll(
        _ set: Descriptor, _ change: PollChange, _ descriptor: Descriptor, events: UInt32, token: UInt64
    ) throws(Errno) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: token))
        let operation =
            switch change {
            case .add: EPOLL_CTL_ADD
            case .modify: EPOLL_CTL_MOD
            case .remove: EPOLL_CTL_DEL
            }
        try require(.poll) { Int(epoll_ctl(set, operation, descriptor, &event)) }
    }

    /// Waits for readiness; 0 where the time is over or a signal came, a negative errno where it failed.
    public static func wait(
        _ set: Descriptor, _ events: UnsafeMutableBufferPointer<epoll_event>, timeoutMilliseconds: Int32
    ) -> Int {
        guard let first = events.baseAddress else { return 0 }
        let result = Int(epoll_wait(set, first, Int32(events.count), timeoutMilliseconds))
        if result < 0 { return errno == EINTR ? 0 : -Int(errno) }
        return result
    }

    public static func eventDescriptor() throws(Errno) -> Descriptor {
        Descriptor(try require(.open) { Int(eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))) })
    }

    /// One that a thread of its own waits on.
    public static func blockingEventDescriptor() throws(Errno) -> Descriptor {
        Descriptor(try require(.open) { Int(eventfd(0, Int32(EFD_CLOEXEC))) })
    }

    /// Waits until the event descriptor was signalled at least once, and takes all its signals.
    public static func awaitSignal(_ event: Descriptor) {
        var count: UInt64 = 0
        withUnsafeMutableBytes(of: &count) { _ = read(event, into: $0) }
    }

    /// The same for at most so long; false where nobody signalled.
    public static func awaitSignal(_ event: Descriptor, withinMilliseconds milliseconds: Int32) -> Bool {
        var wanted = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&wanted, 1, milliseconds) > 0 else { return false }
        awaitSignal(event)
        return true
    }

    /// Wakes whoever waits on the event descriptor. Full means that a wake-up waits there already.
    public static func signal(_ event: Descriptor) {
        var one: UInt64 = 1
        // Not a write that a test may make fail: whoever waits would wait for ever.
        withUnsafeBytes(of: &one) {
            while Glibc.write(event, $0.baseAddress, 8) < 0, errno == EINTR {}
        }
    }
}
