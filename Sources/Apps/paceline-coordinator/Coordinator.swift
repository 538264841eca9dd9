// One coordinator's life: start its thread, watch over it, reload certificates, drain. It runs on the main thread.
import Commands
import HTTP
import Kernel
import Postgres
import Reactor
import Serving
import Settings
import Synchronization
import Telemetry
import TLS
import Units

/// What both threads share.
final class CoordinatorContext: Sendable {
    let settings: CoordinatorSettings
    let version: String
    let log: Log
    let health = Health(awaiting: ["database", "listeners"])
    let metrics: Metrics
    let keys: CoordinatorKeys
    let certificates: Certificates
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
        log.register(in: &catalogue)
        certificates.register(in: &catalogue)
        catalogue.addProcessMetrics()
        metrics = catalogue.freeze()
    }

    func databaseOptions() throws(Failure) -> PostgresOptions {
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
        // One writes, one watches the row, the others answer questions.
        options.connections = 6
        return options
    }
}

struct CoordinatorKeys: Sendable {
    let reactor: ReactorMetricKeys
    let holders: ServerMetricKeys
    let admin: ServerMetricKeys
    let postgres: PostgresMetricKeys
    let root: RootMetricKeys

    init(in catalogue: inout MetricsCatalogue) {
        reactor = ReactorMetricKeys(in: &catalogue)
        holders = ServerMetricKeys(in: &catalogue, server: "holders")
        admin = ServerMetricKeys(in: &catalogue, server: "admin")
        postgres = PostgresMetricKeys(in: &catalogue)
        root = RootMetricKeys(in: &catalogue)
    }
}

struct Coordinator: ~Copyable {
    static let stop = [Kernel.interruptSignal, Kernel.terminateSignal]
    static let signals = stop + [Kernel.hangUpSignal]

    private let context: CoordinatorContext
    private let notifier = ServiceNotifier()

    /// What the root's thread tells of itself.
    private final class Running: @unchecked Sendable {
        let state = Mutex<(started: Result<ReactorRemote, Failure>?, cut: Int?)>((nil, nil))
        /// Used on the root's thread only.
        var service: RootService?
    }

    init(_ settings: CoordinatorSettings, version: String) throws(Failure) {
        context = try CoordinatorContext(settings, version: version)
    }

    /// Serves until told to stop. True where everything in flight has finished in time.
    consuming func run() throws(Failure) -> Bool {
        let running = Running()
        let remote = try Coordinator.start(context, running)
        context.health.set("listeners", .ready)
        context.log.info(
            "serving",
            [
                "coordinator": .string(context.settings.name),
                "listeners": .string(
                    context.settings.listen.map { "\($0.address):\($0.port)" }.joined(separator: " ")),
                "admin": .string("\(context.settings.admin.address):\(context.settings.admin.port)"),
            ])
        tell { notifier throws(NotifyFailure) in try notifier.ready() }
        while true {
            let signal = Kernel.nextSignal(of: Coordinator.signals, withinMilliseconds: 1_000)
            if let signal, Coordinator.stop.contains(signal) { break }
            context.certificates.reload(evenUnchanged: signal == Kernel.hangUpSignal, context.log)
            if running.state.withLock({ $0.cut }) != nil { return false }
        }
        let drain = context.settings.drain
        context.log.notice("draining", ["noticeMilliseconds": .integer(Int(drain.notice.wholeMilliseconds))])
        context.health.set("drain", .notReady("the coordinator is leaving"))
        tell { notifier throws(NotifyFailure) in try notifier.stopping() }
        _ = Kernel.nextSignal(of: Coordinator.stop, withinMilliseconds: Int(drain.notice.wholeMilliseconds))
        let limit = max(drain.timeout - drain.notice, .zero)
        _ = remote.post { _ in running.service?.drain(within: limit) }
        while true {
            if let cut = running.state.withLock({ $0.cut }) {
                context.log.info("stopped", ["connectionsCut": .integer(cut)])
                return cut == 0
            }
            _ = Kernel.nextSignal(of: Coordinator.stop, withinMilliseconds: 5)
        }
    }

    private static func start(
        _ context: CoordinatorContext, _ running: Running
    ) throws(Failure) -> ReactorRemote {
        do {
            let signal = try Kernel.blockingEventDescriptor()
            try Thread(name: "root") {
                do throws(Failure) {
                    let service = try RootService(context)
                    running.service = service
                    running.state.withLock { $0.started = .success(service.reactor.remote) }
                    Kernel.signal(signal)
                    let cut = service.run()
                    running.service = nil
                    running.state.withLock { $0.cut = cut }
                } catch {
                    running.state.withLock { $0.started = .failure(error) }
                    Kernel.signal(signal)
                }
            }.detach()
            Kernel.awaitSignal(signal)
            Kernel.close(signal)
        } catch {
            throw Failure("the root's thread could not start: \(error)")
        }
        switch running.state.withLock({ $0.started }) {
        case .success(let remote): return remote
        case .failure(let failure): throw failure
        case nil: throw Failure("the root's thread ended before it served")
        }
    }

    private func tell(_ body: (ServiceNotifier) throws(NotifyFailure) -> Void) {
        do {
            try body(notifier)
        } catch {
            context.log.warning("the supervisor could not be told", ["cause": .error(error)])
        }
    }
}
