// The loop of one shard: waits for completions, hands them to streams, listeners and files, turns the timers
// and runs what other threads posted. One thread makes it, runs it and touches what it serves.
import Glibc
public import Kernel
import Telemetry
public import Units

/// Bounds of one reactor. Each is reached in the open: refused, counted, never grown past.
public struct ReactorLimits: Sendable {
    /// Streams at once. Further connections are accepted and closed at once.
    public var streams = 16_384
    /// Output memory of all streams together.
    public var outputBytes = 256 * 1024 * 1024
    /// Timers beside those of the streams.
    public var timers = 1024
    /// What other threads may post before the reactor comes round.
    public var posts = 65_536
    /// File operations in flight.
    public var fileOperations = 4096
    /// Descriptors of other libraries that are watched for readiness.
    public var watches = 256
    /// For so long a turn that finds nothing looks again before its thread sleeps, while something comes as soon as
    /// that. Waking a thread costs more than most requests; a shard with little to do sleeps all the same.
    public var spin = Interval.zero

    public init() {}
}

public final class Reactor {
    public let limits: ReactorLimits
    public let driverName: String
    /// Why the shard runs on epoll although io_uring was preferred.
    public let fallback: Errno?
    /// The way in for other threads.
    public let remote: ReactorRemote
    /// What was posted, while it is run; empty otherwise.
    private var taken: [@Sendable (Reactor) -> Void] = []
    public let metrics: ReactorMetrics
    /// The time at the start of this turn: fresh enough for every deadline, and free.
    public private(set) var now: Instant

    let driver: Driver
    let chunks: ChunkPool
    private var wheel: TimerWheel

    /// Every slot's stream, held by hand: see `Driver` on what counting references costs here.
    private let streams: UnsafeMutablePointer<Unmanaged<Stream>?>
    private var generations: [UInt32]
    private var freeSlots: [Int]
    private var endedStreams: [Stream] = []

    /// A function in a structure: as an element by itself it would be wrapped anew each time that it is stored.
    private struct TimerBody { let call: () -> Void }
    private var timers: [TimerBody?]
    private var freeTimers: [Int]

    private var listeners: [Listener] = []
    private var files: FileOperations
    var watches: WatchTable

    private var afterHandling: [() -> Void] = []
    private var isLastWanted = false
    private var afterTurns: [() -> Void] = []

    /// A shard whose turns are shorter has no queue; a pulse would only wake it once more.
    private static let longTurn = Interval.microseconds(250)
    /// Measures for how long things wait.
    private var pulse: Pulse

    private var running = false
    /// Whether what is done now is followed by the functions of `afterEachTurn` before anything is waited for.
    public private(set) var isHandling = false
    /// Whether the next turn's wait is likely to be short: the last turn took no longer than a spin, or twice that
    /// where it slept, as waking up is a good part of so short a sleep. A spin in vain is not followed by another.
    private var isWorthSpinning = false

    /// Made on the thread that will run it: io_uring serves one thread only.
    public init(
        _ choice: DriverChoice = .automatic, limits: ReactorLimits = ReactorLimits(),
        metrics: ReactorMetrics = .unobserved()
    ) throws(Errno) {
        self.limits = limits
        self.metrics = metrics
        remote = try ReactorRemote(limit: limits.posts)
        (driver, fallback) = try Driver.make(choice, streams: limits.streams, wake: remote.event)
        driverName = driver.name
        chunks = ChunkPool(limitBytes: limits.outputBytes)
        now = Kernel.monotonicNow()
        pulse = try Pulse(at: now)
        wheel = TimerWheel(timers: limits.streams + limits.timers, now: now)
        streams = .allocate(capacity: limits.streams)
        streams.initialize(repeating: nil, count: limits.streams)
        generations = Array(repeating: 0, count: limits.streams)
        freeSlots = Array((0..<limits.streams).reversed())
        timers = Array(repeating: nil, count: limits.timers)
        freeTimers = Array((0..<limits.timers).reversed())
        files = FileOperations(limit: limits.fileOperations)
        watches = WatchTable(limit: limits.watches)
        driver.wake(remote.event, Token(.wake, 0))
        driver.wake(pulse.event, Token(.wake, Reactor.pulseIndex))
    }

    deinit {
        for slot in 0..<limits.streams { streams[slot]?.release() }
        streams.deallocate()
        driver.release()
        Kernel.close(pulse.event)
    }

    public var streamCount: Int { limits.streams - freeSlots.count }
    public var outputChunksInUse: Int { chunks.inUse }

    // MARK: The loop

    /// Serves until `stop`. Fails only where the kernel takes its basic service away.
    public func run() throws(Errno) {
        running = true
        while running { try turn() }
    }

    /// Calls a function at the end of every turn, for the reactor's whole life: for what gathers during a turn
    /// and leaves at once, such as the records of a journal.
    public func afterEachTurn(_ body: @escaping () -> Void) { afterTurns.append(body) }

    /// Calls a function when all that a turn brings has been handled, in turns in which `wantsLast` is said: for what lets
    /// that go before it. What it does is still a part of the turn, as `isHandling` says.
    public func lastInTurns(_ body: @escaping () -> Void) { afterHandling.append(body) }

    /// Something lets the rest of this turn go before it.
    public func wantsLast() { isLastWanted = true }

    /// Ends `run` after the current turn. From other threads: `remote.post { $0.stop() }`.
    public func stop() { running = false }

    /// One turn: waits until something happens or the deadline comes, and handles all of it.
    public func turn(until deadline: Instant? = nil) throws(Errno) {
        let timer = wheel.nextTurn
        let wanted = deadline.map { deadline in timer.map { min($0, deadline) } ?? deadline } ?? timer
        let before = now
        let handled = Kernel.monotonicNow()
        try driver.wait(until: wanted, spin: isWorthSpinning ? limits.spin : .zero, from: handled)
        now = Kernel.monotonicNow()
        metrics.turnTime.record(handled - before)
        if handled - before >= Reactor.longTurn { pulse.send(at: now) }
        isWorthSpinning = now - before <= (isWorthSpinning ? limits.spin : limits.spin * 2)
        metrics.turns.add()
        isHandling = true
        var completions = 0
        while let completion = driver.next() {
            completions &+= 1
            dispatch(completion)
        }
        metrics.completions.add(completions)
        while let timer = wheel.takeDue(now: now) { fire(timer) }
        if isLastWanted {
            isLastWanted = false
            for index in afterHandling.indices { afterHandling[index]() }
        }
        isHandling = false
        for index in afterTurns.indices { afterTurns[index]() }
        releaseEnded()
        metrics.open.set(streamCount)
        metrics.chunks.set(chunks.inUse)
    }

    @inline(__always)
    private func dispatch(_ completion: Completion) {
        let token = completion.token
        switch token.kind {
        case .receive, .send, .connect:
            guard let stream = streams[token.index] else {
                preconditionFailure("a completion for a stream that is gone: \(token)")
            }
            stream._withUnsafeGuaranteedRef { $0.complete(completion) }
        case .accept: listeners.first { $0.index == token.index }?.complete(completion)
        case .wake:
            if token.index == Reactor.pulseIndex { takePulse() } else { runPosted() }
        case .write, .synchronise:
            // Called when the table is free again: who waited may well begin the next operation.
            let done = files.take(completion.token)
            done?(completion.failure.map { .failure($0) } ?? .success(Int(completion.result)))
        case .watch: watches.take(token)?(Readiness(completion))
        case .cancel: break
        }
    }

    private static let pulseIndex = 1

    private func takePulse() {
        if let waited = pulse.returned(at: Kernel.monotonicNow()) { metrics.waiting.record(waited) }
        driver.wake(pulse.event, Token(.wake, Reactor.pulseIndex))
    }

    /// For how long what comes to this reactor waits before it is handled, as was measured last.
    public func waitingTime(at now: Instant) -> Interval { pulse.waiting(at: now) }

    private func runPosted() {
        remote.take(into: &taken)
        driver.wake(remote.event, Token(.wake, 0))
        for index in taken.indices { taken[index](self) }
        taken.removeAll(keepingCapacity: true)
    }
}

// MARK: - Streams

extension Reactor {
    /// Serves an accepted socket with a stream; false where the shard is full, and the socket is closed then.
    func adopt(_ descriptor: Descriptor, _ stream: Stream) {
        place(stream, descriptor)
        stream.start()
    }

    var isFull: Bool { freeSlots.isEmpty }

    /// Nil where it has ended, or another one has its slot.
    public func stream(at place: ConnectionPlace) -> Stream? {
        guard (0..<limits.streams).contains(Int(place.slot)),
            let stream = streams[Int(place.slot)]?.takeUnretainedValue(),
            stream.generation == place.generation
        else { return nil }
        return stream
    }

    /// Connects a stream to a peer; it hears `opened` or `closed(.notConnected)`.
    public func connect(_ stream: Stream, to address: SocketAddress) throws(Errno) {
        guard !isFull else { throw .noDescriptors }
        place(stream, try Kernel.streamSocket(family: address.family))
        stream.connect(to: address)
    }

    private func place(_ stream: Stream, _ descriptor: Descriptor) {
        guard let slot = freeSlots.popLast() else {
            preconditionFailure("checked by the caller: a slot is free")
        }
        generations[slot] = (generations[slot] + 1) & Token.generations
        streams[slot] = .passRetained(stream)
        stream.attach(descriptor, slot: slot, generation: generations[slot])
    }

    func noteEnded(_ stream: Stream) {
        guard !stream.isNotedEnded else { return }
        stream.isNotedEnded = true
        endedStreams.append(stream)
    }

    /// At the end of a turn, so that no stream disappears under a function of its own.
    private func releaseEnded() {
        if endedStreams.isEmpty { return }
        var index = 0
        while index < endedStreams.count {
            let stream = endedStreams[index]
            index += 1
            stream.isNotedEnded = false
            guard !stream.isBusy, stream.slot >= 0 else { continue }
            let slot = stream.slot
            wheel.cancel(slot)
            streams[slot]?.release()
            streams[slot] = nil
            freeSlots.append(slot)
            metrics.ended(stream.end ?? .finished).add()
            stream.detach()
        }
        endedStreams.removeAll(keepingCapacity: true)
        for listener in listeners { listener.resume() }
    }

    @inline(__always)
    func ensureDeadline(of stream: Stream, by instant: Instant) {
        guard stream.slot >= 0 else { return }
        if !wheel.isScheduled(stream.slot) || wheel.deadline(of: stream.slot) > instant {
            wheel.schedule(stream.slot, at: instant)
        }
    }
}

// MARK: - Timers

/// A timer of a reactor, until it fires or is cancelled.
public struct TimerHandle: Sendable { fileprivate let index: Int }

extension Reactor {
    /// Calls a function once, at the instant or up to a millisecond later. Nil where all timers are in use.
    public func timer(at instant: Instant, _ body: @escaping () -> Void) -> TimerHandle? {
        guard let index = freeTimers.popLast() else { return nil }
        timers[index] = TimerBody(call: body)
        wheel.schedule(limits.streams + index, at: instant)
        return TimerHandle(index: index)
    }

    /// Forgets a timer that has not fired yet.
    public func cancel(_ timer: TimerHandle) {
        guard timers[timer.index] != nil else { return }
        wheel.cancel(limits.streams + timer.index)
        timers[timer.index] = nil
        freeTimers.append(timer.index)
    }

    private func fire(_ timer: Int) {
        if timer < limits.streams {
            guard let stream = streams[timer]?.takeUnretainedValue(), stream.isOpen else { return }
            // Deadlines move later without touching the wheel, so the wheel may come too early.
            if stream.currentDeadline > now {
                if stream.currentDeadline != .distantFuture {
                    wheel.schedule(timer, at: stream.currentDeadline)
                }
            } else {
                stream.deadlinePassed()
            }
            return
        }
        let index = timer - limits.streams
        let body = timers[index]
        timers[index] = nil
        freeTimers.append(index)
        body?.call()
    }
}

// MARK: - Listeners and files

extension Reactor {
    /// Listens and makes a stream of every connection. The factory may answer nil to refuse one.
    ///
    /// - Parameter leaving: descriptors that this listener leaves for others of the process.
    public func listen(
        on address: SocketAddress, leaving: Int = 0, _ make: @escaping () -> Stream?
    ) throws(Errno) -> Listener {
        let listener = try Listener(
            address: address, index: listeners.count, leaving: leaving, reactor: self, make)
        listeners.append(listener)
        listener.resume()
        return listener
    }

    /// Writes bytes at an offset of a file. The bytes stay where they are until `done`, which gets the count
    /// that was written (it may be short) or the error.
    public func write(
        _ bytes: UnsafeRawBufferPointer, to file: Descriptor, at offset: Int64,
        _ done: @escaping (Result<Int, Errno>) -> Void
    ) {
        guard let token = files.begin(.write, done) else { return done(.failure(.again)) }
        driver.write(file, bytes, at: offset, token)
    }

    /// Makes what was written durable. A failure is final for the file.
    public func synchronise(_ file: Descriptor, _ done: @escaping (Result<Int, Errno>) -> Void) {
        guard let token = files.begin(.synchronise, done) else { return done(.failure(.again)) }
        driver.synchronise(file, token)
    }
}

/// File operations in flight and who waits for them.
struct FileOperations {
    private var waiting: [((Result<Int, Errno>) -> Void)?]
    private var free: [Int]

    init(limit: Int) {
        waiting = Array(repeating: nil, count: limit)
        free = Array((0..<limit).reversed())
    }

    /// Nil where as many are in flight as may be.
    mutating func begin(_ kind: Token.Kind, _ done: @escaping (Result<Int, Errno>) -> Void) -> Token? {
        guard let index = free.popLast() else { return nil }
        waiting[index] = done
        return Token(kind, index)
    }

    /// Who waits for it, which is done.
    mutating func take(_ token: Token) -> ((Result<Int, Errno>) -> Void)? {
        let done = waiting[token.index]
        waiting[token.index] = nil
        free.append(token.index)
        return done
    }
}
