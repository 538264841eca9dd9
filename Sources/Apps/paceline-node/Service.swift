// What one thread of a node runs: a reactor with one server on it, a shard's for requests or the operators'.
import Commands
import HTTP
import Kernel
import Reactor
import Settings
import Telemetry
import Units

/// Made and used on its own thread only.
final class Service {
    let reactor: Reactor
    private let context: NodeContext
    private let server: Server
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
        case .shard:
            server = Server(
                reactor: reactor, limits: limits, responder: RequestRoutes(context, reactor),
                metrics: ServerMetrics(context.keys.requests, block))
            for (index, listener) in settings.listen.enumerated() {
                try listen(
                    listener.address, listener.port, "listen[\(index)]", leaving: Role.descriptorsLeft)
            }
        case .operators:
            server = Server(
                reactor: reactor, limits: limits, responder: AdminRoutes(context, reactor),
                metrics: ServerMetrics(context.keys.admin, block))
            try listen(settings.admin.address, settings.admin.port, "admin")
        }
    }

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
        _ = reactor.timer(at: reactor.now + limit) { [self] in abandoned += server.abandon() }
        server.drain { [self] in reactor.stop() }
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
