// A server that is kept in reach: connects, and connects again after a pause that grows with each failure.
import HTTP
import Kernel
import Reactor
import TLS
import Units

/// waiting → connecting → ready → waiting …; from any of them → ended. Used on its reactor's thread only.
final class RedisLink {
    private let server: RedisServer
    private unowned let reactor: Reactor
    private let scratch = TransportScratch()
    private var connection: RedisConnection?
    private var randomness: Randomness
    private var failures = 0
    private var isEnded = false
    private var timer: TimerHandle?
    private(set) var isReady = false

    var onReady: () -> Void = {}
    var onAnswer: (RESPReader, [UInt8]) -> Void = { _, _ in }
    /// The connection is gone; what was asked and not answered may or may not have been done.
    var onLost: (RedisFailure) -> Void = { _ in }

    /// - Parameter seed: for the pauses, so that nodes that lost one server do not all come back at once.
    init(_ server: RedisServer, on reactor: Reactor, seed: UInt64) {
        self.server = server
        self.reactor = reactor
        randomness = Randomness(seed: seed)
    }

    func start() { connect() }

    func end() {
        isEnded = true
        isReady = false
        if let timer { reactor.cancel(timer) }
        timer = nil
        connection?.end(.cut)
    }

    func ask(_ commands: RESPCommands, within limit: Interval? = nil) -> Bool {
        guard isReady, let connection else { return false }
        return connection.ask(commands, within: limit)
    }

    /// What came is of no use: begins anew.
    func abandon(_ failure: RedisFailure) { connection?.end(failure) }

    private func connect() {
        timer = nil
        guard !isEnded else { return }
        let connection = RedisConnection(server, reactor, scratch) { [weak self] in self?.take($0) }
        if let tls = server.tls {
            do {
                connection.use(try TLSSession(client: tls.context, to: tls.server))
            } catch {
                return lost(.tls("\(error)"))
            }
        }
        do {
            try reactor.connect(connection, to: server.address)
        } catch {
            return lost(.notConnected)
        }
        connection.setDeadline(reactor.now + server.timeout)
        self.connection = connection
    }

    private func take(_ told: RedisConnection.Told) {
        switch told {
        case .ready:
            isReady = true
            onReady()
        case .answered(let reader, let bytes):
            // It serves: what went wrong before is over.
            failures = 0
            onAnswer(reader, bytes)
        case .closed(let failure):
            connection = nil
            lost(failure)
        }
    }

    private func lost(_ failure: RedisFailure) {
        isReady = false
        guard !isEnded else { return }
        onLost(failure)
        let doubled = server.pauseLeast.nanoseconds << Int64(min(failures, 16))
        let pause = min(doubled, server.pauseMost.nanoseconds)
        failures += 1
        // Between half of it and all of it.
        let drawn = pause / 2 + Int64(randomness.next(below: UInt64(pause / 2 + 1)))
        timer = reactor.timer(at: reactor.now + Interval(nanoseconds: drawn)) { [weak self] in self?.connect()
        }
    }
}
