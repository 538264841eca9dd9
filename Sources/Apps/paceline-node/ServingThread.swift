// One serving thread as the main thread sees it: started, asked whether it turns, drained, waited for.
import Commands
import Kernel
import Reactor
import Synchronization
import Units

final class ServingThread: Sendable {
    typealias Started = Result<(driver: String, fallback: Errno?), Failure>

    private struct State {
        var started: Started?
        var remote: ReactorRemote?
        var abandoned: Int?
    }

    /// The service itself, for functions that run on its thread. No other thread looks into it.
    private final class Place: @unchecked Sendable { var service: Service? }

    let role: Role
    private let context: NodeContext
    private let state = Mutex(State())
    private let place = Place()
    private let lastTurn = Atomic<Int64>(0)
    private let lastAsked = Atomic<Int64>(0)

    init(_ role: Role, _ context: NodeContext) {
        self.role = role
        self.context = context
    }

    /// Starts the thread, and waits until it serves or has failed.
    func start(core: Int?) -> Started {
        let signal: Descriptor
        do {
            signal = try Kernel.blockingEventDescriptor()
            try Thread(name: "\(role)", core: core) { [self] in
                serve { outcome in
                    state.withLock { $0.started = outcome }
                    Kernel.signal(signal)
                }
            }.detach()
        } catch {
            return .failure(Failure("\(role) could not start: \(error)"))
        }
        Kernel.awaitSignal(signal)
        Kernel.close(signal)
        return state.withLock { $0.started } ?? .failure(Failure("\(role) ended before it served"))
    }

    private func serve(_ started: (Started) -> Void) {
        let service: Service
        do {
            service = try Service(role, context)
        } catch {
            return started(.failure(error))
        }
        place.service = service
        defer { place.service = nil }
        state.withLock { $0.remote = service.reactor.remote }
        started(.success((service.reactor.driverName, service.reactor.fallback)))
        let abandoned = service.run()
        state.withLock { $0.abandoned = abandoned }
    }

    func stop() { post { $0.stop() } }

    func drain(within limit: Interval) {
        post { [place] _ in place.service?.drain(within: limit) }
    }

    /// Waits for the end, which the drain's limit bounds, and says how many connections had to be cut.
    func join() -> Int {
        while true {
            if let abandoned = state.withLock({ $0.abandoned }) { return abandoned }
            _ = Kernel.nextSignal(of: Signals.stop, withinMilliseconds: 5)
        }
    }

    /// Asks the thread for a sign of life, and says whether it has failed to give one for too long, or ended.
    func isStandingStill(for limit: Interval) -> Bool {
        if state.withLock({ $0.abandoned }) != nil { return true }
        let now = Kernel.monotonicNow()
        let turned = lastTurn.load(ordering: .relaxed)
        let asked = lastAsked.load(ordering: .relaxed)
        let isAnswered = turned >= asked
        if isAnswered { lastAsked.store(now.nanoseconds, ordering: .relaxed) }
        // Asked again each time, as a thread with too much before it takes no question. An answer is as old as its
        // question: the turn's own time may be from before one that came in its middle, and would never answer it.
        post { [self] _ in lastTurn.store(now.nanoseconds, ordering: .relaxed) }
        return !isAnswered && now - Instant(nanoseconds: asked) > limit
    }

    /// Hands a shard its next catalog; false where too much waits for the shard already.
    func take(_ exchange: CatalogExchange) -> Bool {
        state.withLock { $0.remote }?.post { [place] _ in place.service?.take(exchange) } ?? false
    }

    func post(_ body: @escaping @Sendable (Reactor) -> Void) {
        _ = state.withLock { $0.remote }?.post(body)
    }
}
