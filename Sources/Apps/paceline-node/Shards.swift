// The shards of a node: threads that each own a reactor, its servers and its metrics. All start, or none
// does.
import Commands
import HTTP
import Journal
import Kernel
import Reactor
import Settings
import Synchronization
import Telemetry
import Units

/// The metrics of every shard.
struct ShardKeys: Sendable {
    let reactor: ReactorMetricKeys
    let requests: ServerMetricKeys
    let admin: ServerMetricKeys
    /// Nil where nothing is journaled.
    let journal: JournalMetricKeys?

    init(in catalogue: inout MetricsCatalogue, journal: Bool) {
        reactor = ReactorMetricKeys(in: &catalogue)
        requests = ServerMetricKeys(in: &catalogue, server: "requests")
        admin = ServerMetricKeys(in: &catalogue, server: "admin")
        self.journal = journal ? JournalMetricKeys(in: &catalogue) : nil
    }
}

/// The main thread's view of its shards.
struct Shards: ~Copyable {
    private var threads: [ShardThread] = []
    let driver: String
    let fallback: Errno?

    init(count: Int, context: NodeContext) throws(Failure) {
        let cores = Kernel.usableCores()
        var first: (driver: String, fallback: Errno?)?
        for index in 0..<count {
            let thread = ShardThread(index: index, context: context)
            // More shards than cores cannot each have one; then the kernel's scheduler does better than we.
            let core = count <= cores.count ? cores[index] : nil
            switch thread.start(core: core) {
            case .success(let info): first = first ?? info
            case .failure(let failure):
                for thread in threads { thread.stop() }
                throw failure
            }
            threads.append(thread)
        }
        driver = first?.driver ?? "none"
        fallback = first?.fallback
    }

    /// A shard that has not turned for this long, although it was asked to.
    func standingStill(for limit: Interval) -> Int? {
        threads.first { $0.isStandingStill(for: limit) }?.index
    }

    /// Ends all shards, and says how many connections had to be cut.
    consuming func drain(within limit: Interval) -> Int {
        for thread in threads { thread.drain(within: limit) }
        // The first one serves operators, and so it is the last to leave.
        let cut = threads.dropFirst().reduce(0) { $0 + $1.join() }
        threads.first?.leave()
        return cut + (threads.first?.join() ?? 0)
    }
}

/// One shard's thread as the main thread sees it.
final class ShardThread: Sendable {
    typealias Started = Result<(driver: String, fallback: Errno?), Failure>

    private struct State {
        var started: Started?
        var remote: ReactorRemote?
        var abandoned: Int?
    }

    /// The shard itself, for functions that run on its thread. No other thread looks into it.
    private final class Place: @unchecked Sendable { var shard: Shard? }

    let index: Int
    private let context: NodeContext
    private let state = Mutex(State())
    private let place = Place()
    private let lastTurn = Atomic<Int64>(0)
    private let lastAsked = Atomic<Int64>(0)

    init(index: Int, context: NodeContext) {
        self.index = index
        self.context = context
    }

    /// Starts the thread, and waits until it serves or has failed.
    func start(core: Int?) -> Started {
        let signal: Descriptor
        do {
            signal = try Kernel.blockingEventDescriptor()
            try Thread(name: "shard-\(index)", core: core) { [self] in
                serve { outcome in
                    state.withLock { $0.started = outcome }
                    Kernel.signal(signal)
                }
            }.detach()
        } catch {
            return .failure(Failure("shard \(index) could not start: \(error)"))
        }
        Kernel.awaitSignal(signal)
        Kernel.close(signal)
        return state.withLock { $0.started } ?? .failure(Failure("shard \(index) ended before it served"))
    }

    private func serve(_ started: (Started) -> Void) {
        let shard: Shard
        do {
            shard = try Shard(index: index, context: context)
        } catch {
            return started(.failure(error))
        }
        place.shard = shard
        defer { place.shard = nil }
        state.withLock { $0.remote = shard.reactor.remote }
        started(.success((shard.reactor.driverName, shard.reactor.fallback)))
        let abandoned = shard.run()
        state.withLock { $0.abandoned = abandoned }
    }

    func stop() { post { $0.stop() } }

    func drain(within limit: Interval) {
        post { [place] _ in place.shard?.drain(within: limit) }
    }

    func leave() {
        post { [place] _ in place.shard?.leave() }
    }

    /// Waits for the end; the drain's limit bounds the wait.
    func join() -> Int {
        while true {
            if let abandoned = state.withLock({ $0.abandoned }) { return abandoned }
            _ = Kernel.nextSignal(of: Signals.stop, withinMilliseconds: 5)
        }
    }

    /// Asks the shard for a sign of life, and says whether it has failed to give one for too long.
    func isStandingStill(for limit: Interval) -> Bool {
        let now = Kernel.monotonicNow()
        let turned = lastTurn.load(ordering: .relaxed)
        let asked = lastAsked.load(ordering: .relaxed)
        if asked == 0 || turned >= asked {
            lastAsked.store(now.nanoseconds, ordering: .relaxed)
            post { [self] reactor in lastTurn.store(reactor.now.nanoseconds, ordering: .relaxed) }
            return false
        }
        return now - Instant(nanoseconds: asked) > limit
    }

    private func post(_ body: @escaping @Sendable (Reactor) -> Void) {
        _ = state.withLock { $0.remote }?.post(body)
    }
}
