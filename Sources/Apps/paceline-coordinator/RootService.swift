// What the root's thread runs: a reactor with the database, the holders' server and the operators' server on it.
import CatalogWire
import Commands
import DecisionJournal
import HTTP
import Kernel
import Ledger
import LedgerWire
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Made and used on its own thread only.
final class RootService: DaemonService {
    let reactor: Reactor
    private let context: CoordinatorContext
    private let pool: PostgresPool
    /// For questions of operators and of pages that are open: however long they take, who writes has connections of its own.
    private let readPool: PostgresPool
    private let root: Root
    private let funding: CatalogFunding
    private let bulletins: [PublicationKind: Bulletin]
    private let publications: PublicationRoutes
    private let listener: PostgresListener
    private let tokens: Tokens
    private let scheduled: ScheduledWatch
    private let regions: FleetRegions
    private let probes: RegionProbes
    private let events: EventRoutes
    private let holders: Server
    private let operators: Server
    private var cut = 0

    /// A batch of two thousand messages, each some hundred bytes.
    private static let bodyBytes = 1024 * 1024
    /// A whole catalog that is imported, or a package of models.
    private static let changeBytes = max(CatalogDraft.textMost, ModelPackage.bytesMost)
    private static let connectionsMost = 1_024
    /// Longer than an answer may take that waits for a failover of the database.
    static let heldTimeout = Interval.seconds(30)

    init(_ context: CoordinatorContext) throws(Failure) {
        self.context = context
        let block = context.metrics.addShard()
        do {
            var limits = ReactorLimits()
            limits.streams =
                2 * (Self.connectionsMost + Server.displacedMost)
                + context.settings.regions.reduce(0) { $0 + $1.probes.count }
            reactor = try Reactor(
                .automatic, limits: limits, metrics: ReactorMetrics(context.keys.reactor, block))
        } catch {
            throw Failure("the root's I/O could not be set up: \(error)")
        }
        var seeds = SystemRandomNumberGenerator()
        pool = PostgresPool(
            try context.databaseOptions(), on: reactor, seed: seeds.next(),
            metrics: PostgresMetrics(context.keys.postgres, block))
        // A pool sets its gauges, so that each has a block.
        readPool = PostgresPool(
            try context.databaseOptions(connections: CoordinatorContext.readingConnections), on: reactor,
            seed: seeds.next(),
            metrics: PostgresMetrics(context.keys.postgres, context.metrics.addShard()))
        root = try Root(context, pool, RootMetrics(context.keys.root, block))
        var limits = ServerLimits()
        limits.connections = Self.connectionsMost
        limits.bodyBytes = Self.bodyBytes
        limits.heldTimeout = Self.heldTimeout
        limits.firstByteTimeout = Self.heldTimeout + .seconds(5)
        funding = CatalogFunding(context, root, pool)
        let catalog = Bulletin(context, root, pool, .catalog)
        let models = Bulletin(context, root, pool, .models)
        let bulletins: [PublicationKind: Bulletin] = [.catalog: catalog, .models: models]
        self.bulletins = bulletins
        catalog.onNews = { [funding] in funding.heard($0, $1) }
        let tokens = Tokens(context, root, pool)
        self.tokens = tokens
        listener = PostgresListener(
            try context.databaseOptions(),
            [Tokens.channel] + PublicationKind.allCases.map(Bulletin.channel), on: reactor,
            seed: seeds.next())
        let desk = ChangeDesk(context, root, pool, bulletins)
        scheduled = ScheduledWatch(
            context, root, pool, desk, ScheduledMetrics(context.keys.scheduled, block))
        let pacing = FleetPacing(context, root)
        let watch = ModelWatch(context, root, models, desk)
        let questions = QuestionDesk(context, root, pacing, on: reactor)
        regions = FleetRegions(context, root, pool, pacing)
        probes = try RegionProbes(context, root, regions, on: reactor, seed: seeds.next())
        desk.inTurn = { [regions] in regions.inTurn($0, $1) }
        desk.onRegions = { [regions] in regions.made($0, version: $1) }
        let holderRoutes = HolderRoutes(
            context.settings.holders, context.health, root,
            pacing: { [regions] in
                regions.met($0.holder)
                return pacing.heard($0)
            },
            models: { watch.heard($0) }, region: { [regions] in regions.heard($0) },
            questions: { questions.heard($0) })
        events = EventRoutes(readPool, context.log)
        let console = try context.settings.consoleDirectory.map { folder throws(Failure) in
            try ConsoleFiles(folder)
        }
        let adminRoutes = AdminRoutes(
            context, root, pacing, pool, AdminReads(readPool), funding, bulletins, desk, watch, regions,
            questions, tokens, events, console, LimitedMetrics(context.keys.limited, block))
        publications = PublicationRoutes(
            [(.catalog, catalog), (.models, models)], holders: context.settings.holders, on: reactor,
            behind: holderRoutes)
        for bulletin in bulletins.values { bulletin.tell = { [publications] in publications.tell() } }
        holders = Server(
            reactor: reactor, limits: limits,
            responder: publications,
            metrics: ServerMetrics(context.keys.holders, block))
        limits.bodyBytes = Self.changeBytes
        operators = Server(
            reactor: reactor, limits: limits, responder: adminRoutes,
            metrics: ServerMetrics(context.keys.admin, block))
        let tracer = context.traces?.tracer(block)
        (holders.tracer, operators.tracer) = (tracer, tracer)
        holderRoutes.server = holders
        publications.server = holders
        adminRoutes.server = operators
        desk.server = operators
        for (index, listener) in context.settings.listen.enumerated() {
            try holders.listenAlone(
                listener.address, listener.port, "listen[\(index)]", context.certificates)
        }
        let admin = context.settings.admin
        try operators.listenAlone(admin.address, admin.port, "admin", context.certificates)
        for pool in [pool, readPool] {
            pool.onNotice = { [log = context.log] in
                log.warning("the database says", ["notice": .string("\($0)")])
            }
            pool.onTrouble = { [log = context.log] in
                log.warning("no connection to the database", ["cause": .string("\($0)")])
            }
            pool.start()
        }
        root.start()
        listener.onListening = { for bulletin in bulletins.values { bulletin.lookSoon() } }
        listener.onNotification = { heard in
            if heard.channel == Tokens.channel { return tokens.look() }
            for (kind, bulletin) in bulletins where heard.channel == Bulletin.channel(kind) {
                bulletin.lookSoon()
            }
        }
        listener.start()
        for bulletin in bulletins.values { bulletin.start() }
        tokens.start()
        scheduled.start()
        regions.start()
        probes.start()
        try funding.start()
    }

    func run() -> Int {
        do {
            try reactor.run()
        } catch {
            context.log.critical("the kernel ended the root's I/O", ["cause": .error(error)])
            cut += holders.connectionCount + operators.connectionCount
        }
        return cut
    }

    func drain(within limit: Interval) {
        _ = reactor.timer(at: reactor.now + limit) { [self] in
            cut += holders.abandon() + operators.abandon()
            reactor.stop()
        }
        listener.end()
        for bulletin in bulletins.values { bulletin.end() }
        publications.leave()
        events.leave()
        holders.drain { [self] in
            root.stop { [self] in operators.drain { [self] in reactor.stop() } }
        }
    }
}
