// The serving threads of a node: its shards, and one for operators. All start, or none does.
import Commands
import HTTP
import Journal
import Kernel
import Reactor
import Redis
import Settings
import Telemetry
import Units

/// The metrics of every serving thread, each of which has cells of its own for them.
struct ServingKeys: Sendable {
    let reactor: ReactorMetricKeys
    let requests: ServerMetricKeys
    let admin: ServerMetricKeys
    /// Nil where nothing is journaled.
    let journal: JournalMetricKeys?
    /// Nil where nothing is decided.
    let decisions: DecisionMetricKeys?
    let frequency: FrequencyMetricKeys?
    /// Nil where nothing is shared with other nodes.
    let shared: RedisMetricKeys?
    /// Nil where nobody tells of ads.
    let notices: NoticeMetricKeys?
    let money: MoneyMetricKeys?
    let shading: ShadingMetricKeys?
    let pacing: PacingMetricKeys?
    /// Nil where nothing is predicted.
    let models: ModelMetricKeys?
    let calibration: CalibrationMetricKeys?
    let shadows: ShadowMetricKeys?
    /// Nil where nobody feeds profiles.
    let feed: ProfileFeedKeys?

    init(
        in catalogue: inout MetricsCatalogue, journal: Bool, decisions: Bool, models: ModelSettings?,
        shared: Bool,
        notices: Bool
    ) {
        reactor = ReactorMetricKeys(in: &catalogue)
        requests = ServerMetricKeys(in: &catalogue, server: "requests")
        admin = ServerMetricKeys(in: &catalogue, server: "admin")
        self.decisions = decisions ? DecisionMetricKeys(in: &catalogue) : nil
        frequency = decisions ? FrequencyMetricKeys(in: &catalogue) : nil
        self.shared = decisions && shared ? RedisMetricKeys(in: &catalogue) : nil
        self.notices = notices ? NoticeMetricKeys(in: &catalogue) : nil
        money = decisions ? MoneyMetricKeys(in: &catalogue) : nil
        shading = decisions ? ShadingMetricKeys(in: &catalogue) : nil
        pacing = decisions ? PacingMetricKeys(in: &catalogue) : nil
        self.models = models != nil ? ModelMetricKeys(in: &catalogue) : nil
        calibration = models != nil ? CalibrationMetricKeys(in: &catalogue) : nil
        shadows = models != nil ? ShadowMetricKeys(in: &catalogue) : nil
        feed = models?.shared != nil ? ProfileFeedKeys(in: &catalogue) : nil
        self.journal = journal ? JournalMetricKeys(in: &catalogue) : nil
    }
}

/// The main thread's view of them.
struct ServingThreads: ~Copyable {
    let operators: ServingThread
    let shards: [ServingThread]
    let driver: String
    let fallback: Errno?

    /// For an operators' connection that is at hand when all else has ended: nothing of theirs is worth more.
    private static let operatorsGrace = Interval.seconds(1)

    init(shards count: Int, _ context: NodeContext) throws(Failure) {
        operators = ServingThread(.operators, context)
        shards = (0..<count).map { ServingThread(.shard($0), context) }
        // More shards than cores cannot each have one; then the kernel's scheduler does better than we.
        let cores = context.cores
        let shardCores = (0..<count).map { count <= cores.count ? cores[$0] : nil }
        var driver = "none"
        var fallback: Errno?
        var started: [ServingThread] = []
        // Operators first: whoever asks while the shards start hears that the node is not ready.
        let operatorsCore = cores.count > count ? cores[count] : nil
        for (thread, core) in [(operators, operatorsCore)] + zip(shards, shardCores) {
            switch thread.start(core: core) {
            case .success(let info): (driver, fallback) = (info.driver, fallback ?? info.fallback)
            case .failure(let failure):
                for thread in started { thread.stop() }
                throw failure
            }
            started.append(thread)
        }
        self.driver = driver
        self.fallback = fallback
    }

    /// One whose thread has ended, or has not turned for this long although it was asked to.
    func standingStill(for limit: Interval) -> Role? {
        if operators.isStandingStill(for: limit) { return operators.role }
        return shards.first { $0.isStandingStill(for: limit) }?.role
    }

    /// Ends the shards, then the operators' thread, which shows until then how it goes. Answers how many
    /// connections of clients had to be cut.
    consuming func drain(within limit: Interval) -> Int {
        let deadline = Kernel.monotonicNow() + limit
        for shard in shards { shard.drain(within: limit) }
        let cut = shards.reduce(0) { $0 + $1.join() }
        let left = max(deadline - Kernel.monotonicNow(), .zero)
        operators.drain(within: min(left, ServingThreads.operatorsGrace))
        _ = operators.join()
        return cut
    }
}
