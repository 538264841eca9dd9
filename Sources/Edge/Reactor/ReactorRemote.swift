// How other threads reach a reactor: they post functions, and it runs them on its own thread.
import Kernel
import Synchronization

/// May be shared with any thread, and outlives its reactor: what is posted after the end is not run.
public final class ReactorRemote: Sendable {
    private let posted = Mutex<[@Sendable (Reactor) -> Void]>([])
    private let limit: Int
    let event: Descriptor

    init(limit: Int) throws(Errno) {
        self.limit = limit
        event = try Kernel.eventDescriptor()
    }

    deinit { Kernel.close(event) }

    /// Runs a function on the reactor's thread, soon. False where too many wait already.
    @discardableResult
    public func post(_ body: @escaping @Sendable (Reactor) -> Void) -> Bool {
        let (accepted, first) = posted.withLock { posted in
            guard posted.count < limit else { return (false, false) }
            posted.append(body)
            return (true, posted.count == 1)
        }
        if first { Kernel.signal(event) }
        return accepted
    }

    /// Exchanges what was posted for an empty list, whose room the next ones then have: in steady state nothing is
    /// allocated.
    func take(into bodies: inout [@Sendable (Reactor) -> Void]) {
        precondition(bodies.isEmpty, "what was taken before is run first")
        posted.withLock { swap(&$0, &bodies) }
    }
}
