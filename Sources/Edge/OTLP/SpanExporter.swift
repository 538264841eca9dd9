// Sends what was recorded to a collector, by OTLP over HTTP: on a thread of its own, one request at a time, from rings that
// it empties. No thread that records waits for it.
public import HTTP
public import Kernel
import Reactor
import Synchronization
public import TLS
public import Telemetry
import Tracing
public import Units

public struct SpanExporterOptions: Sendable {
    public var collector: Endpoint
    public var path = "/v1/traces"
    /// What is said of the process.
    public var resource: [(key: String, value: String)] = []
    public var version = ""
    /// Records of one ring.
    public var ringSpans = 1_024
    /// Records of one request.
    public var batchSpans = 512
    /// How often rings are looked at, unless a whole batch was there.
    public var pause = Interval.seconds(1)
    /// For an answer.
    public var timeout = Interval.seconds(10)
    /// How long one batch is tried.
    public var retry = Interval.seconds(60)

    public init(_ collector: Endpoint) { self.collector = collector }
}

/// Shared by all threads: those that record ask for a ring, the main one starts and ends it.
public final class SpanExporter: Sendable {
    private struct Shared {
        var rings: [SpanRing] = []
        var remote: ReactorRemote?
    }

    public let options: SpanExporterOptions
    fileprivate let keys: TraceMetricKeys
    fileprivate let log: Log
    private let context: (@Sendable () -> TLSContext)?
    private let shared = Mutex(Shared())
    private let place = Place()

    /// Used on the thread that sends only.
    private final class Place: @unchecked Sendable {
        var sending: Sending?
    }

    /// - Parameter context: asked for each connection, where the collector is reached by TLS.
    public init(
        _ options: SpanExporterOptions, _ keys: TraceMetricKeys, _ log: Log,
        context: (@Sendable () -> TLSContext)? = nil
    ) {
        (self.options, self.keys, self.log, self.context) = (options, keys, log, context)
    }

    /// For one more thread that records.
    public func addRing() -> SpanRing {
        let ring = SpanRing(capacity: options.ringSpans)
        shared.withLock { $0.rings.append(ring) }
        return ring
    }

    fileprivate func take(into records: inout [SpanRecord]) {
        let rings = shared.withLock { $0.rings }
        for ring in rings where records.count < options.batchSpans {
            ring.take(into: &records, most: options.batchSpans - records.count)
        }
    }

    /// Starts the thread, which runs until `finish`.
    public func start() throws(Errno) {
        let started = try Kernel.blockingEventDescriptor()
        let outcome = Outcome()
        try Thread(name: "traces") { [self] in run(started, outcome) }.detach()
        Kernel.awaitSignal(started)
        Kernel.close(started)
        if let failure = outcome.failure.withLock({ $0 }) { throw failure }
    }

    private final class Outcome: Sendable {
        let failure = Mutex<Errno?>(nil)
    }

    private func run(_ started: Descriptor, _ outcome: Outcome) {
        var isRunning = false
        do {
            var limits = ReactorLimits()
            limits.streams = 8
            limits.outputBytes = 16 * 1024 * 1024
            let reactor = try Reactor(.poller, limits: limits)
            var bounds = ClientLimits()
            bounds.connectionsPerEndpoint = 1
            bounds.responseBytes = 1024 * 1024
            let client = Client(reactor: reactor, limits: bounds, atEachConnection: context)
            place.sending = Sending(self, client)
            shared.withLock { $0.remote = reactor.remote }
            place.sending?.look()
            isRunning = true
            Kernel.signal(started)
            try reactor.run()
        } catch {
            if isRunning {
                log.critical(
                    "the kernel ended a thread's I/O; spans are not sent any more", ["cause": .error(error)])
            } else {
                outcome.failure.withLock { $0 = error }
                Kernel.signal(started)
            }
        }
        place.sending = nil
    }

    /// Sends what is recorded, for at most so long, and ends the thread. What is left then is counted as lost.
    public func finish(within limit: Interval) {
        guard let remote = shared.withLock({ $0.remote }), let done = try? Kernel.blockingEventDescriptor()
        else { return }
        let isPosted = remote.post { [place] reactor in
            guard let sending = place.sending else { return Kernel.signal(done) }
            sending.finish(within: limit) {
                reactor.stop()
                Kernel.signal(done)
            }
        }
        // Its thread has its own limit, which is looked at in each of its turns.
        if isPosted {
            let most = Int32(clamping: (limit + .seconds(1)).wholeMilliseconds)
            _ = Kernel.awaitSignal(done, withinMilliseconds: most)
        }
    }
}

/// The batch that is on its way, and what follows it.
private final class Sending {
    private let exporter: SpanExporter
    private let client: Client
    private let encoding: OTLPTraces
    private var random: Randomness
    private var batch: [SpanRecord] = []
    private var tries: ExportTries?
    /// When the batch was taken out of the rings.
    private var takenAt: Instant
    /// Nothing is sent before: a collector has asked for it.
    private var pausedUntil: Instant
    /// Spans are lost just now, which is logged when it begins and when it ends.
    private var isTroubled = false
    private var finished: (() -> Void)?

    init(_ exporter: SpanExporter, _ client: Client) {
        (self.exporter, self.client) = (exporter, client)
        encoding = OTLPTraces(
            resource: exporter.options.resource, scope: "paceline", version: exporter.options.version)
        pausedUntil = client.reactor.now
        takenAt = pausedUntil
        var seeds = SystemRandomNumberGenerator()
        random = Randomness(seed: seeds.next())
    }

    private var now: Instant { client.reactor.now }
    private var options: SpanExporterOptions { exporter.options }

    /// Looks into the rings, and again after a pause.
    func look() {
        guard batch.isEmpty, tries == nil else { return }
        guard now >= pausedUntil else { return wait(pausedUntil - now) { [unowned self] in look() } }
        exporter.take(into: &batch)
        guard !batch.isEmpty else {
            if finished != nil { return end() }
            return wait(options.pause) { [unowned self] in look() }
        }
        takenAt = now
        tries = ExportTries(at: takenAt, within: options.retry)
        send()
    }

    private func wait(_ time: Interval, _ body: @escaping () -> Void) {
        // The reactor has a thousand timers, and this thread uses three.
        let timer = client.reactor.timer(at: now + time, body)
        precondition(timer != nil, "the thread that sends spans has no timer left")
    }

    private func send() {
        var request = ClientRequest(.post, options.collector, options.path)
        request.headers = [
            ("content-type", "application/x-protobuf"), ("user-agent", "paceline/\(options.version)"),
        ]
        request.body = encoding.request(batch)
        client.send(request, deadline: now + options.timeout) { [unowned self] in heard($0) }
    }

    private func heard(_ result: Result<ClientResponse, ClientFailure>) {
        switch result {
        case .success(let response):
            let outcome = ExportOutcome(
                status: response.status, retryAfter: response.header("retry-after").flatMap(Self.interval))
            switch outcome {
            case .taken: taken(response.body)
            case .refused:
                let text = String(decoding: response.body.prefix(200), as: UTF8.self)
                lose(.refused, "it answers \(response.status): \(text)")
            case .later(let asked): later(asked, "it answers \(response.status)")
            }
        case .failure(let failure): later(nil, "\(failure)")
        }
    }

    /// Seconds, or a date (RFC 9110 §10.2.3).
    private static func interval(_ text: String) -> Interval? {
        if let seconds = Int64(text) {
            return (0...86_400).contains(seconds) ? .seconds(seconds) : .seconds(86_400)
        }
        guard let date = HTTPDate.seconds(text) else { return nil }
        let left = date - Kernel.wallNow().nanoseconds / 1_000_000_000
        return .seconds(min(max(left, 0), 86_400))
    }

    private func taken(_ body: [UInt8]) {
        let all = OTLPTraces.count(batch)
        let answer = OTLPAnswer(body)
        let rejected = answer.map { min(max(Int($0.rejected), 0), all) } ?? 0
        exporter.keys.exported.add(all - rejected)
        if rejected > 0 {
            exporter.keys.lost(.rejected).add(rejected)
            exporter.log.warning(
                "the collector has not taken all spans",
                ["rejected": .integer(rejected), "cause": .string(answer?.message ?? "")])
        }
        if isTroubled {
            isTroubled = false
            exporter.log.notice(
                "the collector takes spans again", ["collector": .string("\(options.collector)")])
        }
        next()
    }

    private func later(_ asked: Interval?, _ cause: String) {
        guard finished == nil, var tries else { return lose(.stopped, cause) }
        let next = tries.next(asked, at: now, lot: random.nextUnit())
        self.tries = tries
        switch next {
        case .again(let pause): wait(pause) { [unowned self] in again() }
        case .givenUp(let pause):
            pausedUntil = now + pause
            lose(.unavailable, cause)
        }
    }

    /// Unless the batch was given up meanwhile.
    private func again() {
        if !batch.isEmpty { send() }
    }

    private func lose(_ loss: SpanLoss, _ cause: String) {
        let count = OTLPTraces.count(batch)
        exporter.keys.lost(loss).add(count)
        if !isTroubled {
            isTroubled = true
            exporter.log.warning(
                "spans are lost: the collector does not take them",
                [
                    "collector": .string("\(options.collector)"), "reason": .string(loss.rawValue),
                    "spans": .integer(count), "cause": .string(cause),
                ])
        }
        next()
    }

    private func next() {
        // Else a fast collector would be asked for every few records, as often as it answers.
        let due = batch.count < options.batchSpans ? takenAt + options.pause : now
        batch.removeAll(keepingCapacity: true)
        tries = nil
        guard finished == nil, now < due else { return look() }
        wait(due - now) { [unowned self] in look() }
    }

    // MARK: The end

    func finish(within limit: Interval, _ done: @escaping () -> Void) {
        finished = done
        wait(limit) { [unowned self] in end() }
        if batch.isEmpty {
            pausedUntil = now
            look()
        }
    }

    private func end() {
        guard let finished else { return }
        self.finished = nil
        var left = batch
        batch.removeAll()
        while true {
            exporter.take(into: &left)
            if left.isEmpty { break }
            exporter.keys.lost(.stopped).add(OTLPTraces.count(left))
            left.removeAll()
        }
        finished()
    }
}
