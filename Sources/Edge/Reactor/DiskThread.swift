// Files under epoll: no readiness exists for them, so one thread does the waiting, and completions come back
// to the shard. The ring needs none of this.
import Glibc
import Kernel
import Synchronization
import Units

/// A thread that writes and synchronises in the order it was asked. Started with the first order.
final class DiskThread: Sendable {
    enum Order: @unchecked Sendable {
        // The bytes stay where they are until the completion: that is the contract of `Reactor.write`.
        case write(Descriptor, UnsafeRawBufferPointer, Int64)
        case synchronise(Descriptor)

        mutating func shorten(to most: Int) {
            if case .write(let descriptor, let bytes, let offset) = self {
                self = .write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(most)), offset)
            }
        }
    }

    private struct State {
        var orders: [(order: Order, token: Token, delay: Interval)] = []
        var outcomes: [(Token, Int)] = []
        var running = false
        var stopping = false
    }

    private let state = Mutex(State())
    private let wake: Descriptor
    private let work: Descriptor

    init(wake: Descriptor) throws(Errno) {
        self.wake = wake
        work = try Kernel.blockingEventDescriptor()
    }

    /// - Parameter delay: how late a test wants the disk to be.
    func submit(_ order: Order, _ token: Token, after delay: Interval = .zero) {
        let start = state.withLock { state in
            state.orders.append((order, token, delay))
            defer { state.running = true }
            return !state.running
        }
        if start { startThread() }
        Kernel.signal(work)
    }

    func collect(_ body: (Token, Int) -> Void) {
        let outcomes = state.withLock { state in
            defer { state.outcomes.removeAll(keepingCapacity: true) }
            return state.outcomes
        }
        for (token, result) in outcomes { body(token, result) }
    }

    func stop() {
        let running = state.withLock { state in
            state.stopping = true
            return state.running
        }
        if running { Kernel.signal(work) } else { Kernel.close(work) }
    }

    private func startThread() {
        do {
            // The thread keeps itself alive until it was stopped and has done all it was given.
            let thread = try Thread(name: "disk") { [self] in run() }
            thread.detach()
        } catch {
            fail(with: error)
        }
    }

    /// Without a thread every order fails, and whoever gave it decides.
    private func fail(with error: Errno) {
        state.withLock { state in
            state.running = false
            state.outcomes += state.orders.map { ($0.token, -Int(error.code)) }
            state.orders.removeAll()
        }
        Kernel.signal(wake)
    }

    private func run() {
        while true {
            Kernel.awaitSignal(work)
            let (orders, stopping) = state.withLock { state in
                defer { state.orders.removeAll(keepingCapacity: true) }
                return (state.orders, state.stopping)
            }
            for (order, token, delay) in orders {
                let result: Int
                if delay > .zero { Kernel.sleep(for: delay) }
                switch order {
                case .write(let descriptor, let bytes, let offset):
                    result = Kernel.write(descriptor, bytes, at: offset)
                case .synchronise(let descriptor):
                    result = Kernel.synchronise(descriptor)
                }
                state.withLock { $0.outcomes.append((token, result)) }
                Kernel.signal(wake)
            }
            if stopping {
                Kernel.close(work)
                return
            }
        }
    }
}
