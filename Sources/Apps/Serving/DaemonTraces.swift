// A daemon's traces: from its settings to the thread that sends, and what its threads record with.
public import Commands
public import HTTP
internal import Kernel
internal import OTLP
public import Settings
internal import TLS
public import Telemetry
internal import Tracing
public import Units

/// Shared by all threads of the daemon.
public struct DaemonTraces: Sendable {
    private let settings: TraceSettings
    private let keys: TraceMetricKeys
    private let exporter: SpanExporter

    /// What spans may take at most when a daemon has drained, before it ends.
    private static let finishing = Interval.seconds(2)
    /// What they have in any case: a collector of the same host takes a batch in less.
    private static let finishingLeast = Interval.milliseconds(200)

    /// - Parameters:
    ///   - daemon: as `service.name`.
    ///   - name: which of them, as `service.instance.id`.
    public init(
        _ settings: TraceSettings, daemon: String, name: String, region: String?, version: String,
        in catalogue: inout MetricsCatalogue, _ log: Log
    ) throws(Failure) {
        guard let address = SocketAddress(literal: settings.address.description, port: settings.port) else {
            throw Failure("traces.address: \(settings.address) is not an address of this system")
        }
        self.settings = settings
        keys = TraceMetricKeys(in: &catalogue)
        var options = SpanExporterOptions(
            Endpoint(
                address: address, authority: "\(address)",
                server: settings.tls.map { ExpectedServer.host($0.serverName) }))
        options.path = settings.path
        options.version = version
        options.resource =
            [
                ("service.name", daemon), ("service.namespace", "paceline"), ("service.instance.id", name),
                ("service.version", version),
            ] + (region.map { [("paceline.region", $0)] } ?? [])
        options.ringSpans = settings.ringSpans
        options.batchSpans = settings.batchSpans
        options.pause = settings.flush
        options.timeout = settings.timeout
        options.retry = settings.retry
        let credentials = try settings.tls.map { tls throws(Failure) in
            try ClientCredentials(
                authorities: tls.authorityFile, certificate: tls.certificateFile, key: tls.keyFile,
                at: "traces")
        }
        exporter = SpanExporter(options, keys, log, context: credentials?.context(for: "traces", log))
    }

    /// What a thread decides and takes down with.
    public func recorder(_ shard: ShardMetrics) -> SpanRecorder {
        SpanRecorder(
            TraceSampler(
                ratio: settings.ratio, parentsPerSecond: settings.parentsPerSecond,
                at: Kernel.monotonicNow()),
            exporter.addRing(), keys, shard)
    }

    /// For servers of which a whole thread's are recorded.
    public func tracer(_ shard: ShardMetrics) -> ServerTracer {
        var seeds = SystemRandomNumberGenerator()
        return ServerTracer(recorder(shard), seed: seeds.next())
    }

    /// Starts the thread that sends.
    public func start() throws(Failure) {
        do {
            try exporter.start()
        } catch {
            throw Failure("the thread that sends traces could not start: \(error)")
        }
    }

    /// Sends what is left, as far as there is time for it.
    ///
    /// - Parameter left: of the daemon's own time to end, where that is counted.
    public func finish(within left: Interval? = nil) {
        exporter.finish(within: min(max(left ?? Self.finishing, Self.finishingLeast), Self.finishing))
    }
}
