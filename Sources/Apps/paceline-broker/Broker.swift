// One broker: what its threads share, and its life.
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

/// What all its threads share.
final class BrokerContext: Sendable {
    let settings: BrokerSettings
    let version: String
    let log: Log
    let health = Health(awaiting: ["root", "listeners"])
    let metrics: Metrics
    let keys: BrokerKeys
    let certificates: Certificates
    /// Nil where nobody collects them.
    let traces: DaemonTraces?
    let link: IssuerLink
    /// One for each kind; none where nothing that is published is handed on.
    let relays: [PublicationRelay]
    let view = BrokerView()
    /// This start, by the wall clock: a session of it has a number that no other has.
    let start: UInt64

    init(_ settings: BrokerSettings, version: String) throws(Failure) {
        self.settings = settings
        self.version = version
        start = UInt64(bitPattern: Kernel.wallNow().nanoseconds) & UInt64(Int64.max)
        log = Log(
            to: .standardError(identifier: "paceline-broker", format: LogFormat(settings.log.format)),
            level: LogLevel(settings.log.level),
            rate: LogRate(burst: settings.log.burstPerSite, interval: settings.log.perSiteInterval))
        certificates = try Certificates(DaemonSettings.broker(settings).certificates)
        link = try IssuerLink(IssuerSettings(settings.root), at: "root", log)
        var relays: [PublicationRelay] = []
        if let catalog = settings.catalog {
            for kind in PublicationKind.allCases {
                relays.append(try PublicationRelay(kind, settings, catalog, health, log))
            }
        }
        self.relays = relays
        var catalogue = MetricsCatalogue()
        keys = BrokerKeys(in: &catalogue)
        traces = try settings.traces.map { [log] traces throws(Failure) in
            try DaemonTraces(
                traces, daemon: "paceline-broker", name: settings.name, region: nil, version: version,
                in: &catalogue, log)
        }
        log.register(in: &catalogue)
        certificates.register(in: &catalogue)
        catalogue.addProcessMetrics()
        BrokerMetrics.register(in: &catalogue, view, link)
        for relay in relays { relay.follower.register(in: &catalogue) }
        metrics = catalogue.freeze()
        if let traces { link.record(by: traces.recorder(metrics.addShard())) }
    }
}

struct BrokerKeys: Sendable {
    let reactor: ReactorMetricKeys
    let nodes: ServerMetricKeys
    let admin: ServerMetricKeys
    let journal: JournalMetricKeys

    init(in catalogue: inout MetricsCatalogue) {
        reactor = ReactorMetricKeys(in: &catalogue)
        nodes = ServerMetricKeys(in: &catalogue, server: "nodes")
        admin = ServerMetricKeys(in: &catalogue, server: "admin")
        journal = JournalMetricKeys(in: &catalogue)
    }
}

struct Broker: ~Copyable {
    private let context: BrokerContext

    init(_ settings: BrokerSettings, version: String) throws(Failure) {
        context = try BrokerContext(settings, version: version)
    }

    /// Serves until told to stop. True where everything in flight has finished in time.
    consuming func run() throws(Failure) -> Bool {
        try context.traces?.start()
        defer { context.traces?.finish() }
        try context.link.start()
        let settings = context.settings
        return try DaemonLife(
            "broker", settings.name, listen: settings.listen, admin: settings.admin, drain: settings.drain,
            context.log, context.health, context.certificates
        ).run(thread: "desk") { [context] () throws(Failure) in try BrokerService(context) }
    }
}
