// What the desk's thread runs: a reactor with the journal, the nodes' server and the operators' server on it.
import CatalogWire
import Commands
import HTTP
import Journal
import Kernel
import LedgerWire
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Made and used on its own thread only.
final class BrokerService: DaemonService {
    let reactor: Reactor
    private let context: BrokerContext
    private let issuer: BrokerIssuer
    private let publications: PublicationRoutes
    private let nodes: Server
    private let operators: Server
    private var cut = 0

    /// Two thousand messages, each some hundred bytes.
    private static let bodyBytes = 1024 * 1024
    /// Some of each of 64 nodes, and of who else looks.
    private static let connectionsMost = 512
    /// An answer waits for the disk, or for something else to be published.
    private static let heldTimeout = PublicationQuestion.longestWait + .seconds(5)

    init(_ context: BrokerContext) throws(Failure) {
        self.context = context
        let block = context.metrics.addShard()
        do {
            var limits = ReactorLimits()
            limits.streams = 2 * (Self.connectionsMost + Server.displacedMost)
            reactor = try Reactor(
                .automatic, limits: limits, metrics: ReactorMetrics(context.keys.reactor, block))
        } catch {
            throw Failure("the desk's I/O could not be set up: \(error)")
        }
        issuer = try BrokerIssuer(
            context, on: reactor, metrics: JournalMetrics(context.keys.journal, block))
        var limits = ServerLimits()
        limits.connections = Self.connectionsMost
        limits.bodyBytes = Self.bodyBytes
        limits.heldTimeout = Self.heldTimeout
        limits.firstByteTimeout = Self.heldTimeout + .seconds(5)
        let pacing = PaceRelay(context.link, on: reactor)
        let region = RegionRelay()
        let nodeRoutes = HolderRoutes(
            context.settings.holders, context.health, issuer, region: { region.answer($0) }, relay: pacing)
        publications = PublicationRoutes(
            context.relays.map { ($0.kind, $0) }, holders: context.settings.holders, on: reactor,
            behind: nodeRoutes)
        nodes = Server(
            reactor: reactor, limits: limits, responder: publications,
            metrics: ServerMetrics(context.keys.nodes, block))
        operators = Server(
            reactor: reactor, limits: limits, responder: BrokerRoutes(context),
            metrics: ServerMetrics(context.keys.admin, block))
        let tracer = context.traces?.tracer(block)
        (nodes.tracer, operators.tracer) = (tracer, tracer)
        nodeRoutes.server = nodes
        pacing.server = nodes
        publications.server = nodes
        for (index, listener) in context.settings.listen.enumerated() {
            try nodes.listenAlone(
                listener.address, listener.port, "listen[\(index)]", context.certificates)
        }
        let admin = context.settings.admin
        try operators.listenAlone(admin.address, admin.port, "admin", context.certificates)
        issuer.onBroken = { [weak self] in self?.reactor.stop() }
        issuer.start()
        try region.start(context.link)
        for relay in context.relays { try relay.start(wake: publications.wake) }
    }

    func run() -> Int {
        do {
            try reactor.run()
        } catch {
            context.log.critical("the kernel ended the desk's I/O", ["cause": .error(error)])
            cut += nodes.connectionCount + operators.connectionCount
        }
        return cut
    }

    func drain(within limit: Interval) {
        _ = reactor.timer(at: reactor.now + limit) { [self] in
            cut += nodes.abandon() + operators.abandon()
            reactor.stop()
        }
        publications.leave()
        nodes.drain { [self] in
            issuer.stop { [self] in operators.drain { [self] in reactor.stop() } }
        }
    }
}
