// How long what comes to a reactor waits before it is handled. The kernel does not say when it came, and hands over a few
// completions at a time, however many wait; so a reactor now and then signals itself, and sees how long that takes.
import Kernel
import Units

struct Pulse {
    /// Often enough to see a queue of milliseconds, and a thousandth of what a core does.
    private static let interval = Interval.milliseconds(1)

    /// An event descriptor, which waits in line with the sockets.
    let event: Descriptor
    /// When the one that is under way was sent.
    private var sent: Instant?
    private var lastSent: Instant
    private var lastReturned: Instant
    private var took = Interval.zero

    init(at now: Instant) throws(Errno) {
        event = try Kernel.eventDescriptor()
        lastSent = now - Self.interval
        lastReturned = now
    }

    /// Called at the beginning of a turn; sends one where it is time to.
    mutating func send(at now: Instant) {
        guard sent == nil, now - lastSent >= Self.interval else { return }
        sent = now
        lastSent = now
        Kernel.signal(event)
    }

    /// For how long the one that came back was under way.
    mutating func returned(at now: Instant) -> Interval? {
        guard let sent else { return nil }
        took = now - sent
        lastReturned = now
        self.sent = nil
        return took
    }

    /// What the last one took, or the one under way has taken until now. What was measured says nothing any more where
    /// the reactor has slept since.
    func waiting(at now: Instant) -> Interval {
        let last = now - lastReturned <= took + Self.interval * 4 ? took : .zero
        return max(last, sent.map { now - $0 } ?? .zero)
    }
}
