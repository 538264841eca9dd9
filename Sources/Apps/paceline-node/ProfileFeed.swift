// The thread that takes changes of profiles from a stream that nodes share, and puts them into the files that requests
// read. No request waits for it or for the server, and a server that is away is said and tried again.
import Commands
import Decision
import Features
import Kernel
import Reactor
import Redis
import Settings
import Store
import Synchronization
import Telemetry
import Units

struct ProfileFeedKeys: Sendable {
    fileprivate let stream: RedisMetricKeys
    /// By outcome.
    fileprivate let changes: [CounterKey]

    init(in catalogue: inout MetricsCatalogue) {
        stream = RedisMetricKeys(in: &catalogue, prefix: "paceline_profile_feed")
        changes = FedChange.allCases.map {
            catalogue.counter(
                "paceline_profile_changes_total",
                help: "Changes of profiles from the feed, by what became of them.",
                labels: ["outcome": $0.rawValue])
        }
    }
}

/// What became of an entry.
private enum FedChange: String, CaseIterable {
    case applied, late, ahead, unknown
    /// Of another schema, or nothing that this version understands.
    case foreign
    /// Sent twice, or in the file already.
    case repeated

    init(_ outcome: ProfileOutcome) {
        switch outcome {
        case .applied: self = .applied
        case .late: self = .late
        case .ahead: self = .ahead
        case .unknown: self = .unknown
        }
    }
}

/// On a thread of its own, for as long as the process runs.
final class ProfileFeed {
    private let sets: ModelSets
    private let server: RedisServer
    private let settings: ModelSettings.Shared
    private let metrics: RedisMetrics
    private let changes: [Counter]
    private let health: Health
    private let log: Log
    private let reactor: Reactor
    /// Whose profiles are fed.
    private var models: NodeModels
    private var stream: SharedStream?
    /// Of each writer, what was heard last: what was sent twice counts once.
    private var heard: [UInt64: UInt64] = [:]

    /// Writers are starts of programs that publish; what further ones send twice is taken twice.
    private static let writersMost = 4_096
    /// How often files note how far the stream was read, where nothing of it concerned them, and it is looked whether
    /// others are served.
    private static let pause = Interval.seconds(1)

    static func start(
        _ sets: ModelSets, _ settings: ModelSettings.Shared, _ keys: ProfileFeedKeys, in metrics: Metrics,
        _ health: Health, _ log: Log
    ) throws(Failure) {
        let server = try RedisServer(settings, "models.shared")
        do {
            try Thread(name: "profiles") {
                let block = metrics.addShard()
                do {
                    let feed = try ProfileFeed(sets, server, settings, keys, block, health, log)
                    feed.begin()
                    feed.wait()
                    try feed.reactor.run()
                } catch {
                    health.set("profiles", .notice("profiles are not fed: \(error)"))
                    log.error("profiles are not fed any more", ["cause": .string("\(error)")])
                }
            }.detach()
        } catch {
            throw Failure("the profiles' thread could not start: \(error)")
        }
    }

    private init(
        _ sets: ModelSets, _ server: RedisServer, _ settings: ModelSettings.Shared, _ keys: ProfileFeedKeys,
        _ block: ShardMetrics, _ health: Health, _ log: Log
    ) throws(Errno) {
        (self.sets, self.server, self.settings) = (sets, server, settings)
        (self.health, self.log) = (health, log)
        metrics = RedisMetrics(keys.stream, block)
        changes = keys.changes.map { block.counter($0) }
        models = sets.awaitServing()
        var limits = ReactorLimits()
        // Two connections, and their next ones.
        (limits.streams, limits.outputBytes, limits.timers) = (16, 1 << 20, 64)
        (limits.fileOperations, limits.posts) = (16, 64)
        reactor = try Reactor(.automatic, limits: limits)
    }

    private var stores: [ProfileStore] { models.profiles.compactMap { $0 } }

    /// Reads on from where the file stands that knows least.
    private func begin() {
        stream?.end()
        models = sets.serving ?? models
        let place = stores.map(\.fed).min() ?? .start
        var options = SharedStreamOptions()
        options.key = settings.stream
        options.entryBytes = SharedChange.byteCount
        options.from = StreamPlace(milliseconds: place.milliseconds, sequence: place.sequence)
        // Nothing is appended.
        (options.waitingMost, options.inFlightMost) = (1, 1)
        let seed = UInt64(bitPattern: Kernel.wallNow().nanoseconds)
        let stream = SharedStream(server, options, on: reactor, seed: seed, metrics: metrics)
        stream.onEntry = { [unowned self] place, bytes in
            changes[
                index(
                    of: take(bytes, at: FeedPlace(milliseconds: place.milliseconds, sequence: place.sequence))
                )
            ]
            .add()
        }
        stream.onState = { [unowned self] in tell($0) }
        self.stream = stream
        stream.start()
    }

    private func index(of outcome: FedChange) -> Int {
        FedChange.allCases.firstIndex(of: outcome) ?? 0
    }

    private func take(_ bytes: RawSpan, at place: FeedPlace) -> FedChange {
        guard let shared = SharedChange(bytes), let entity = shared.change.entity,
            shared.schema == models.served.features.shortFingerprint,
            let store = models.profiles[Int(entity.number)]
        else { return .foreign }
        if let last = heard[shared.writer], shared.sequence <= last { return .repeated }
        if heard[shared.writer] != nil || heard.count < Self.writersMost {
            heard[shared.writer] = shared.sequence
        }
        guard place > store.fed else { return .repeated }
        let outcome = store.apply(shared.change, toldAt: shared.told)
        store.noteFed(place)
        return FedChange(outcome)
    }

    private func wait() {
        _ = reactor.timer(at: reactor.now + Self.pause) { [unowned self] in
            let serving = sets.serving ?? models
            if serving.profiles.elementsEqual(models.profiles, by: { $0 === $1 }) {
                models = serving
                if let place = stream?.place {
                    let noted = FeedPlace(milliseconds: place.milliseconds, sequence: place.sequence)
                    for store in stores { store.noteFed(noted) }
                }
            } else {
                // Other files may know less, and other schemas mean other entries.
                heard = [:]
                begin()
            }
            wait()
        }
    }

    private func tell(_ state: SharedStream.State) {
        let name = "\(settings.address):\(settings.port)"
        switch state {
        case .connecting: break
        case .available:
            log.notice("profiles are fed", ["server": .string(name), "stream": .string(settings.stream)])
            health.set("profiles", .ready)
        case .absent(let failure):
            // Decisions go on with what profiles say until it is back, and their values grow stale by the schema's rules.
            log.warning(
                "the feed of profiles is not in reach, and they stay as they are",
                ["server": .string(name), "cause": .string("\(failure)")])
            health.set("profiles", .notice("stay as they are: \(name): \(failure)"))
        }
    }
}
