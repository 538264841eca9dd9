// One coordinator: what its threads share, and its life.
import Commands
import HTTP
import Kernel
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units
import TLS

/// What both threads share.
final class CoordinatorContext: Sendable {
    let settings: CoordinatorSettings
    let version: String
    let log: Log
    let health = Health(awaiting: ["database", "listeners"])
    let metrics: Metrics
    let keys: CoordinatorKeys
    let certificates: Certificates
    /// Nil where nobody collects them.
    let traces: DaemonTraces?
    let audit = AuditView()
    let regions = RegionView()
    /// What the database is told with every connection; nil where it asks for none.
    let password: String?
    /// This start, of which there is one in the world: nanoseconds of the wall clock, and some bits that are drawn.
    let start: UInt64

    init(_ settings: CoordinatorSettings, version: String) throws(Failure) {
        self.settings = settings
        self.version = version
        var seeds = SystemRandomNumberGenerator()
        let wall = UInt64(bitPattern: Kernel.wallNow().nanoseconds)
        start = (wall & ~0xFFFF | seeds.next() & 0xFFFF) & UInt64(Int64.max)
        log = Log(
            to: .standardError(identifier: "paceline-coordinator", format: LogFormat(settings.log.format)),
            level: LogLevel(settings.log.level),
            rate: LogRate(burst: settings.log.burstPerSite, interval: settings.log.perSiteInterval))
        certificates = try Certificates(DaemonSettings.coordinator(settings).certificates)
        if let file = settings.database.passwordFile {
            let bytes = try InputFile.read(file, limit: 4_096)
            password = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        } else {
            password = nil
        }
        var catalogue = MetricsCatalogue()
        keys = CoordinatorKeys(in: &catalogue)
        traces = try settings.traces.map { [log] traces throws(Failure) in
            try DaemonTraces(
                traces, daemon: "paceline-coordinator", name: settings.name, region: nil, version: version,
                in: &catalogue, log)
        }
        log.register(in: &catalogue)
        certificates.register(in: &catalogue)
        catalogue.addProcessMetrics()
        audit.register(in: &catalogue, settings.holders)
        regions.register(in: &catalogue, settings.regions)
        metrics = catalogue.freeze()
    }

    /// For questions of operators and of pages: one adds up all movements, two are for all that is answered at once.
    static let readingConnections = 3

    /// Of those that are for the leader: one writes, one watches the row, the others are for changes and for what nodes are told.
    static let leadingConnections = 6

    func databaseOptions(connections: Int = leadingConnections) throws(Failure) -> PostgresOptions {
        let database = settings.database
        guard let socket = SocketAddress(literal: database.address.description, port: database.port) else {
            throw Failure("database.address: \(database.address) is not an address of this system")
        }
        var options = PostgresOptions(place: .address(socket), database: database.name, user: database.user)
        options.password = password
        options.application = "paceline-coordinator"
        if let authority = database.authorityFile, let server = database.serverName {
            options.tls = .verified(authority: authority, server: server)
        }
        // A batch waits for no lock longer than this: it is sent again.
        options.settings = [("lock_timeout", "1s"), ("synchronous_commit", "on"), ("timezone", "UTC")]
        options.connections = connections
        return options
    }
}

struct CoordinatorKeys: Sendable {
    let reactor: ReactorMetricKeys
    let holders: ServerMetricKeys
    let admin: ServerMetricKeys
    let postgres: PostgresMetricKeys
    let root: RootMetricKeys
    let scheduled: ScheduledMetricKeys
    let limited: LimitedMetricKeys

    init(in catalogue: inout MetricsCatalogue) {
        reactor = ReactorMetricKeys(in: &catalogue)
        holders = ServerMetricKeys(in: &catalogue, server: "holders")
        admin = ServerMetricKeys(in: &catalogue, server: "admin")
        postgres = PostgresMetricKeys(in: &catalogue)
        root = RootMetricKeys(in: &catalogue)
        scheduled = ScheduledMetricKeys(in: &catalogue)
        limited = LimitedMetricKeys(in: &catalogue)
    }
}

struct Coordinator: ~Copyable {
    private let context: CoordinatorContext

    init(_ settings: CoordinatorSettings, version: String) throws(Failure) {
        context = try CoordinatorContext(settings, version: version)
    }

    /// Serves until told to stop. True where everything in flight has finished in time.
    consuming func run() throws(Failure) -> Bool {
        let settings = context.settings
        try context.traces?.start()
        defer { context.traces?.finish() }
        return try DaemonLife(
            "coordinator", settings.name, listen: settings.listen, admin: settings.admin,
            drain: settings.drain,
            context.log, context.health, context.certificates
        ).run(thread: "root") { [context] () throws(Failure) in try RootService(context) }
    }
}
