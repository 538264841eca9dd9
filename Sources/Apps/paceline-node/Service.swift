// What one thread of a node runs: a reactor with one server on it, a shard's for requests or the operators'.
import Commands
import HTTP
import Kernel
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Made and used on its own thread only.
final class Service {
    let reactor: Reactor
    private let context: NodeContext
    private let server: Server
    /// A shard's, where the settings have one.
    private let journal: NodeJournal?
    /// A shard's, where the settings have a catalog.
    private let decisions: ShardDecisions?
    private let frequency: ShardFrequency?
    private var abandoned = 0

    init(_ role: Role, _ context: NodeContext) throws(Failure) {
        self.context = context
        let settings = context.settings
        let block = context.metrics.addShard()
        do {
            reactor = try Reactor(
                DriverChoice(settings.reactor), limits: role.reactorLimits(settings),
                metrics: ReactorMetrics(context.keys.reactor, block))
        } catch {
            throw Failure("\(role): its I/O could not be set up (\(settings.reactor.rawValue)): \(error)")
        }
        let limits = role.serverLimits(settings.limits)
        switch role {
        case .shard(let index):
            journal = try NodeJournal(shard: index, context: context, reactor: reactor, metrics: block)
            frequency = context.shardFrequency(index, journal, reactor, metrics: block)
            decisions = context.shardDecisions(
                index, reactor, metrics: block, frequency, journal)
            let notices = context.shardNotices(
                index, decisions, frequency, journal, reactor, metrics: block)
            server = Server(
                reactor: reactor, limits: limits,
                responder: RequestRoutes(context, reactor, journal, decisions, notices),
                metrics: ServerMetrics(context.keys.requests, block))
            notices?.server = server
            for (index, listener) in settings.listen.enumerated() {
                try listen(
                    listener.address, listener.port, "listen[\(index)]", leaving: Role.descriptorsLeft)
            }
            journal?.noteStart(context, driver: reactor.driverName)
        case .operators:
            journal = nil
            decisions = nil
            frequency = nil
            let routes = AdminRoutes(context, reactor)
            server = Server(
                reactor: reactor, limits: limits, responder: routes,
                metrics: ServerMetrics(context.keys.admin, block))
            routes.explain?.attach(server)
            server.tracer = context.traces?.tracer(block)
            try listen(settings.admin.address, settings.admin.port, "admin")
        }
    }

    func take(_ exchange: CatalogExchange) { decisions?.take(exchange) }

    private func listen(
        _ address: IPAddress, _ port: UInt16, _ path: String, leaving: Int = 0
    ) throws(Failure) {
        guard let socket = SocketAddress(literal: address.description, port: port) else {
            throw Failure("\(path): \(address) is not an address of this system")
        }
        do {
            try server.listen(
                on: socket, credentials: context.certificates["\(path).tls"], leaving: leaving)
        } catch {
            throw Failure("\(path): could not listen on \(socket): \(error)")
        }
    }

    /// Serves until drained. Answers how many connections had to be cut.
    func run() -> Int {
        do {
            try reactor.run()
        } catch {
            // Whoever watches the threads sees that this one ended.
            context.log.critical("the kernel ended a thread's I/O", ["cause": .error(error)])
            abandoned += server.connectionCount
        }
        return abandoned
    }

    /// Finishes what is in flight, for at most so long, and ends `run`.
    func drain(within limit: Interval) {
        let began = reactor.now
        let deadline = began + limit
        _ = reactor.timer(at: deadline) { [self] in abandoned += server.abandon() }
        journal?.noteDrain(connections: server.connectionCount, limit: limit)
        server.drain { [self] in
            journal?.noteDrained(cut: abandoned, took: Kernel.monotonicNow() - began)
            end(by: deadline)
        }
    }

    /// For a disk that is at work when the last connection has ended at the last moment.
    private static let journalGrace = Interval.seconds(1)

    /// The last word is the journal's, if its disk lets it.
    private func end(by deadline: Instant) {
        frequency?.end()
        decisions?.shading.end()
        decisions?.money.end()
        guard let journal else { return reactor.stop() }
        let latest = max(deadline, reactor.now + Service.journalGrace)
        _ = reactor.timer(at: latest) { [self] in reactor.stop() }
        journal.noteStop(cut: abandoned) { [self] in
            decisions?.money.reportLast()
            reactor.stop()
        }
    }
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
