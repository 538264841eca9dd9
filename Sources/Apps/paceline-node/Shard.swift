// One shard: a reactor with the server for requests on it and, on the first shard, the one for operators.
import Commands
import HTTP
import Kernel
import Reactor
import Settings
import Telemetry
import Units

/// Made and used on its own thread only.
final class Shard {
    /// Kept for operators, who most want to look when clients have taken every other connection: a few
    /// scrapers, probes and people.
    static let adminConnections = 64

    let reactor: Reactor
    private let context: NodeContext
    private let requests: Server
    private let admin: Server?
    /// Nil where the settings have none.
    private let journal: NodeJournal?
    private var abandoned = 0
    private var drainDeadline = Instant.distantFuture
    private var requestsEnded = false
    private var othersEnded = false

    init(index: Int, context: NodeContext) throws(Failure) {
        self.context = context
        let settings = context.settings
        let block = context.metrics.addShard()
        var limits = ReactorLimits()
        limits.streams = settings.limits.connectionsPerShard + (index == 0 ? Shard.adminConnections : 0)
        do {
            reactor = try Reactor(
                DriverChoice(settings.reactor), limits: limits,
                metrics: ReactorMetrics(context.keys.reactor, block))
        } catch {
            throw Failure("the shard's I/O could not be set up (\(settings.reactor.rawValue)): \(error)")
        }
        journal = try NodeJournal(shard: index, context: context, reactor: reactor, metrics: block)
        requests = Server(
            reactor: reactor,
            limits: ServerLimits(settings.limits, connections: settings.limits.connectionsPerShard),
            responder: RequestRoutes(context, reactor, journal),
            metrics: ServerMetrics(context.keys.requests, block))
        admin =
            index > 0
            ? nil
            : Server(
                reactor: reactor, limits: ServerLimits(settings.limits, connections: Shard.adminConnections),
                responder: AdminRoutes(context, reactor), metrics: ServerMetrics(context.keys.admin, block))
        for (index, listener) in settings.listen.enumerated() {
            try Shard.listen(requests, listener.address, listener.port, "listen[\(index)]", context)
        }
        if let admin {
            try Shard.listen(admin, settings.admin.address, settings.admin.port, "admin", context)
        }
        journal?.noteStart(context, driver: reactor.driverName)
    }

    private static func listen(
        _ server: Server, _ address: IPAddress, _ port: UInt16, _ path: String, _ context: NodeContext
    ) throws(Failure) {
        guard let socket = SocketAddress(literal: address.description, port: port) else {
            throw Failure("\(path): \(address) is not an address of this system")
        }
        do {
            try server.listen(on: socket, credentials: context.certificates["\(path).tls"])
        } catch {
            throw Failure("\(path): could not listen on \(socket): \(error)")
        }
    }

    /// Serves until drained. Answers how many connections had to be cut.
    func run() -> Int {
        do {
            try reactor.run()
        } catch {
            context.log.critical("the kernel ended a shard's I/O", ["cause": .error(error)])
            context.health.set("shards", .failed("the kernel ended a shard's I/O: \(error)"))
            abandoned += requests.connectionCount
        }
        return abandoned
    }

    /// Ends the server for requests; the one for operators shows how it goes until `leave`.
    func drain(within limit: Interval) {
        let deadline = reactor.now + limit
        drainDeadline = deadline
        _ = reactor.timer(at: deadline) { [self] in abandoned += requests.abandon() }
        let began = reactor.now
        journal?.noteDrain(connections: requests.connectionCount, limit: limit)
        requests.drain { [self] in
            requestsEnded = true
            journal?.noteDrained(cut: abandoned, took: Kernel.monotonicNow() - began)
            endIfLast()
        }
    }

    /// All other shards have ended.
    func leave() {
        othersEnded = true
        endIfLast()
    }

    private func endIfLast() {
        guard requestsEnded else { return }
        guard let admin else { return end() }
        guard othersEnded else { return }
        admin.drain { [self] in end() }
        // Scrapers keep their connections; nothing of theirs is worth waiting for.
        _ = reactor.timer(at: min(reactor.now + Shard.adminGrace, drainDeadline)) { _ = admin.abandon() }
    }

    /// The last word is the journal's, if its disk lets it.
    private func end() {
        guard let journal else { return reactor.stop() }
        _ = reactor.timer(at: max(drainDeadline, reactor.now + Shard.adminGrace)) { [self] in reactor.stop() }
        journal.noteStop(cut: abandoned) { [self] in reactor.stop() }
    }

    private static let adminGrace = Interval.seconds(1)
}

extension DriverChoice {
    fileprivate init(_ reactor: NodeSettings.Reactor) {
        switch reactor {
        case .auto: self = .automatic
        case .ioUring: self = .ring
        case .epoll: self = .poller
        }
    }
}

extension ServerLimits {
    fileprivate init(_ settings: NodeSettings.Limits, connections: Int) {
        self.init()
        self.connections = connections
        head.headBytesMax = settings.headBytes
        head.startLineBytesMax = min(head.startLineBytesMax, settings.headBytes)
        head.fieldCountMax = settings.headerCount
        bodyBytes = settings.bodyBytes
        requestsPerConnection = settings.requestsPerConnection
        headTimeout = settings.headTimeout
        handshakeTimeout = settings.headTimeout
        bodyTimeout = settings.bodyTimeout
        idleTimeout = settings.idleTimeout
        writeTimeout = settings.writeTimeout
        outputBytesPerConnection = settings.outputBytesPerConnection
    }
}
