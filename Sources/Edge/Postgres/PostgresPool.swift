// The connections to one database: a few, kept and lent in turn. Whoever waits is served in the order of coming, and waits
// for no longer than said.
public import Reactor
import Telemetry
public import Units

/// Used on its reactor's thread only. Nothing here waits; each function calls back once.
public final class PostgresPool {
    private struct Waiter {
        var deadline: Instant
        var since: Instant
        var done: (Result<PostgresConnection, PostgresFailure>) -> Void
    }

    public let reactor: Reactor
    public let options: PostgresOptions
    let metrics: PostgresMetrics
    private let route: PostgresRoute
    private var place: PostgresPlace?
    private var all: [PostgresConnection] = []
    private var idle: [PostgresConnection] = []
    private var waiters: [Waiter] = []
    private var waitersTimer: TimerHandle?
    private var pauseTimer: TimerHandle?
    private var isFinding = false
    private var isEnded = false
    private var failures = 0
    private var lastFailure = "none was made yet"
    private var randomness: Randomness

    /// Each warning and other notice of the server.
    public var onNotice: (PostgresError) -> Void = { _ in }
    /// Each failure to connect, for the log.
    public var onTrouble: (PostgresFailure) -> Void = { _ in }

    /// - Parameters:
    ///   - route: where the server is; the options' own place where there is none.
    ///   - seed: for the pauses, so that those who lost one server do not all come back at once.
    public init(
        _ options: PostgresOptions, on reactor: Reactor, route: PostgresRoute? = nil, seed: UInt64,
        metrics: PostgresMetrics = .unobserved()
    ) {
        precondition(options.connections > 0, "a pool without connections")
        self.options = options
        self.reactor = reactor
        self.metrics = metrics
        self.route = route ?? .fixed(options.place)
        randomness = Randomness(seed: seed)
    }

    /// Connects once, so that what is wrong is known before somebody waits.
    public func start() {
        connectMore()
        watchRoute()
    }

    /// Ends all connections, and all waits.
    public func end() {
        isEnded = true
        for timer in [waitersTimer, pauseTimer, routeTimer] { if let timer { reactor.cancel(timer) } }
        waitersTimer = nil
        pauseTimer = nil
        routeTimer = nil
        for waiter in waiters { waiter.done(.failure(.noConnection("the pool has ended"))) }
        waiters = []
        for connection in all { connection.end(.lost("the pool has ended")) }
    }

    /// Whether a connection stands.
    public var isAvailable: Bool { all.contains { $0.state != .connecting && $0.state != .closed } }
    public var connectionCount: Int { all.count }
    public var waitingCount: Int { waiters.count }

    // MARK: Asking

    /// Runs a batch on any connection, waiting and all by the deadline; one that comes at the deadline ends its connection.
    public func run(
        _ batch: PostgresBatch, within limit: Interval, _ done: @escaping (PostgresOutcome) -> Void
    ) {
        guard batch.begins == batch.commits else {
            return done(.refused(.misuse("a transaction of several batches needs a session")))
        }
        let deadline = reactor.now + limit
        take(by: deadline) { [self] taken in
            switch taken {
            case .failure(let failure): done(counted(.refused(failure)))
            case .success(let connection):
                perform(batch, on: connection, by: deadline) { [self] outcome in
                    giveBack(connection)
                    done(outcome)
                }
            }
        }
    }

    /// A single statement, which the server commits by itself.
    public func run(
        _ statement: PostgresStatement, _ values: PostgresValue..., within limit: Interval,
        _ done: @escaping (PostgresOutcome) -> Void
    ) {
        var batch = PostgresBatch(begins: false, commits: false)
        batch.add(statement, values: values)
        run(batch, within: limit, done)
    }

    /// Lends a connection until the session is given back or let go.
    public func session(
        within limit: Interval, _ done: @escaping (Result<PostgresSession, PostgresFailure>) -> Void
    ) {
        take(by: reactor.now + limit) { [self] taken in
            done(taken.map { PostgresSession($0, of: self) })
        }
    }

    func perform(
        _ batch: PostgresBatch, on connection: PostgresConnection, by deadline: Instant,
        _ done: @escaping (PostgresOutcome) -> Void
    ) {
        guard connection.setDeadline(deadline) else {
            return done(counted(.refused(.misuse("the reactor has no timer left for a deadline"))))
        }
        metrics.statements.add(batch.count)
        let begun = reactor.now
        connection.send(batch) { [self] outcome in
            connection.clearDeadline()
            metrics.time.record(reactor.now - begun)
            // A COMMIT that is not answered in time is how a primary shows that it was put aside: its standby is gone.
            if batch.commits, case .unknown(.timedOut) = outcome { doubtIdle() }
            done(counted(outcome))
        }
    }

    func counted(_ outcome: PostgresOutcome) -> PostgresOutcome {
        metrics.count(outcome)
        return outcome
    }

    // MARK: Lending

    private func take(
        by deadline: Instant, _ done: @escaping (Result<PostgresConnection, PostgresFailure>) -> Void
    ) {
        guard !isEnded else { return done(.failure(.noConnection("the pool has ended"))) }
        if waiters.isEmpty, let connection = idle.popLast() {
            metrics.waited.record(.zero)
            return done(.success(connection))
        }
        guard waiters.count < options.waiting else { return done(.failure(.tooManyWait)) }
        waiters.append(Waiter(deadline: deadline, since: reactor.now, done: done))
        metrics.waiting.set(waiters.count)
        watchWaiters()
        connectMore()
    }

    func giveBack(_ connection: PostgresConnection) {
        switch connection.state {
        case .closed: return
        case .ready where !connection.isSpoilt && !isEnded: lend(connection)
        case .inTransaction, .failed:
            guard connection.setDeadline(reactor.now + options.connectTimeout) else { return }
            connection.rollBack { [weak self, weak connection] _ in
                guard let self, let connection else { return }
                connection.clearDeadline()
                self.giveBack(connection)
            }
        case .ready: connection.end(.lost("it is lent no more"))
        default: connection.end(.lost("it was given back while it was \(connection.state)"))
        }
    }

    private func lend(_ connection: PostgresConnection) {
        guard !waiters.isEmpty else {
            idle.append(connection)
            return
        }
        let waiter = waiters.removeFirst()
        metrics.waiting.set(waiters.count)
        metrics.waited.record(reactor.now - waiter.since)
        waiter.done(.success(connection))
    }

    private func watchWaiters() {
        if let waitersTimer { reactor.cancel(waitersTimer) }
        waitersTimer = nil
        guard let soonest = waiters.map(\.deadline).min() else { return }
        waitersTimer = reactor.timer(at: soonest) { [weak self] in
            guard let self else { return }
            waitersTimer = nil
            let late = waiters.filter { $0.deadline <= self.reactor.now }
            waiters.removeAll { $0.deadline <= self.reactor.now }
            metrics.waiting.set(waiters.count)
            watchWaiters()
            let why = isAvailable ? "all \(options.connections) are in use" : lastFailure
            for waiter in late { waiter.done(.failure(.noConnection(why))) }
        }
        if waitersTimer == nil {
            let stranded = waiters
            waiters = []
            for waiter in stranded { waiter.done(.failure(.noConnection("the reactor has no timer left"))) }
        }
    }

    // MARK: Connecting

    /// One at a time: a server that is coming back is not stormed.
    private func connectMore() {
        guard !isEnded, !isFinding, pauseTimer == nil, all.count < options.connections,
            !all.contains(where: { $0.state == .connecting }), all.isEmpty || !waiters.isEmpty
        else { return }
        isFinding = true
        route.find(reactor.now + options.connectTimeout) { [weak self] found in
            guard let self, !isEnded else { return }
            isFinding = false
            switch found {
            case .failure(let failure): failed(failure)
            case .success(let place): connect(to: place)
            }
        }
    }

    private func connect(to place: PostgresPlace) {
        if let former = self.place, former != place { leave() }
        self.place = place
        var options = options
        options.place = place
        let connection = PostgresConnection(options, on: reactor)
        all.append(connection)
        connection.onNotice = { [weak self] in self?.onNotice($0) }
        connection.onReady = { [weak self, unowned connection] in
            guard let self else { return }
            failures = 0
            metrics.connected.add()
            metrics.connections.set(all.count)
            lend(connection)
            connectMore()
        }
        connection.onClosed = { [weak self, unowned connection] in self?.lost(connection, $0) }
        connection.start()
    }

    private func lost(_ connection: PostgresConnection, _ failure: PostgresFailure) {
        all.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
        metrics.connections.set(all.count)
        metrics.lost.add()
        guard !isEnded else { return }
        failed(failure)
    }

    private func failed(_ failure: PostgresFailure) {
        lastFailure = failure.description
        onTrouble(failure)
        guard pauseTimer == nil else { return }
        let doubled = options.pauseLeast.nanoseconds << Int64(min(failures, 16))
        let pause = min(doubled, options.pauseMost.nanoseconds)
        failures += 1
        // Between half of it and all of it.
        let drawn = pause / 2 + Int64(randomness.next(below: UInt64(pause / 2 + 1)))
        pauseTimer = reactor.timer(at: reactor.now + Interval(nanoseconds: drawn)) { [weak self] in
            self?.pauseTimer = nil
            self?.connectMore()
        }
    }

    // MARK: Where the server is

    private var routeTimer: TimerHandle?

    /// A connection to a server that is primary no more may stay open for ever.
    private func watchRoute() {
        guard !isEnded, route.mayChange else { return }
        routeTimer = reactor.timer(at: reactor.now + PostgresRoute.lookAgain) { [weak self] in
            guard let self else { return }
            routeTimer = nil
            route.find(reactor.now + PostgresRoute.lookAgain) { [weak self] found in
                guard let self, !isEnded else { return }
                if case .success(let place) = found, let former = self.place, former != place {
                    leave()
                    connectMore()
                }
                watchRoute()
            }
        }
    }

    /// What is idle ends; what is lent ends when it comes back.
    private func leave() {
        for connection in all { connection.spoil() }
        doubtIdle()
    }

    /// Whoever comes next gets a connection that the route chose anew.
    private func doubtIdle() {
        let doubtful = idle
        idle = []
        for connection in doubtful { connection.end(.lost("another connection's answer did not come")) }
    }
}
