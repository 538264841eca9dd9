// One broker's life: start its thread, watch over it, reload certificates, drain. It runs on the main thread.
import Commands
import HTTP
import Journal
import Kernel
import LedgerWire
import Reactor
import Serving
import Settings
import Synchronization
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
    let link: IssuerLink
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
        var catalogue = MetricsCatalogue()
        keys = BrokerKeys(in: &catalogue)
        log.register(in: &catalogue)
        certificates.register(in: &catalogue)
        catalogue.addProcessMetrics()
        BrokerMetrics.register(in: &catalogue, view, link)
        metrics = catalogue.freeze()
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
    static let stop = [Kernel.interruptSignal, Kernel.terminateSignal]
    static let signals = stop + [Kernel.hangUpSignal]

    private let context: BrokerContext
    private let notifier = ServiceNotifier()

    /// What the desk's thread tells of itself.
    private final class Running: @unchecked Sendable {
        let state = Mutex<(started: Result<ReactorRemote, Failure>?, cut: Int?)>((nil, nil))
        /// Used on the desk's thread only.
        var service: BrokerService?
    }

    init(_ settings: BrokerSettings, version: String) throws(Failure) {
        context = try BrokerContext(settings, version: version)
    }

    /// Serves until told to stop. True where everything in flight has finished in time.
    consuming func run() throws(Failure) -> Bool {
        let running = Running()
        try context.link.start()
        let remote = try Broker.start(context, running)
        context.health.set("listeners", .ready)
        context.log.info(
            "serving",
            [
                "broker": .string(context.settings.name),
                "listeners": .string(
                    context.settings.listen.map { "\($0.address):\($0.port)" }.joined(separator: " ")),
                "admin": .string("\(context.settings.admin.address):\(context.settings.admin.port)"),
            ])
        tell { notifier throws(NotifyFailure) in try notifier.ready() }
        while true {
            let signal = Kernel.nextSignal(of: Broker.signals, withinMilliseconds: 1_000)
            if let signal, Broker.stop.contains(signal) { break }
            context.certificates.reload(evenUnchanged: signal == Kernel.hangUpSignal, context.log)
            if running.state.withLock({ $0.cut }) != nil { return false }
        }
        let drain = context.settings.drain
        context.log.notice("draining", ["noticeMilliseconds": .integer(Int(drain.notice.wholeMilliseconds))])
        context.health.set("drain", .notReady("the broker is leaving"))
        tell { notifier throws(NotifyFailure) in try notifier.stopping() }
        _ = Kernel.nextSignal(of: Broker.stop, withinMilliseconds: Int(drain.notice.wholeMilliseconds))
        let limit = max(drain.timeout - drain.notice, .zero)
        _ = remote.post { _ in running.service?.drain(within: limit) }
        while true {
            if let cut = running.state.withLock({ $0.cut }) {
                context.log.info("stopped", ["connectionsCut": .integer(cut)])
                return cut == 0
            }
            _ = Kernel.nextSignal(of: Broker.stop, withinMilliseconds: 5)
        }
    }

    private static func start(_ context: BrokerContext, _ running: Running) throws(Failure) -> ReactorRemote {
        do {
            let signal = try Kernel.blockingEventDescriptor()
            try Thread(name: "desk") {
                do throws(Failure) {
                    let service = try BrokerService(context)
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
            throw Failure("the desk's thread could not start: \(error)")
        }
        switch running.state.withLock({ $0.started }) {
        case .success(let remote): return remote
        case .failure(let failure): throw failure
        case nil: throw Failure("the desk's thread ended before it served")
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
