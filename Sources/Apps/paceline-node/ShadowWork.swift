// The thread that asks shadows: it runs where nothing else wants the core, within a budget, and what finds no time is left
// out. No decision waits for it.
import Commands
import Decision
import Kernel
import Settings
import Synchronization
import Telemetry
import Units

/// Shared by all threads. Queues come from the loading thread, and go when their shard has other models.
final class ShadowWork: Sendable {
    private struct Held {
        weak var queue: ShadowQueue?
    }

    private let settings: ModelSettings
    private let queues = Mutex<[Held]>([])

    /// How long the thread sleeps when there is nothing to do: shards do not wake it, which would cost them a system
    /// call. With no shadows it looks less often.
    private static let pause = Interval.milliseconds(5)
    private static let longPause = Interval.milliseconds(250)

    init(_ settings: ModelSettings) { self.settings = settings }

    /// A queue for one shard; nil where there is nothing to ask.
    func queue(for plan: ScoringPlan) -> ShadowQueue? {
        guard !plan.models.shadows.isEmpty, settings.shadowOneIn > 0 else { return nil }
        let queue = ShadowQueue(plan, oneIn: settings.shadowOneIn)
        queues.withLock { queues in
            queues.removeAll { $0.queue == nil }
            queues.append(Held(queue: queue))
        }
        return queue
    }

    /// Runs for as long as the process does.
    func start(_ keys: ShadowMetricKeys, in metrics: Metrics) throws(Failure) {
        do {
            try Thread(name: "shadows") { [self] in
                Kernel.takeOnlyIdleTime()
                run(ShadowMetrics(keys, metrics.addShard()))
            }.detach()
        } catch {
            throw Failure("the shadows' thread could not start: \(error)")
        }
    }

    private func run(_ metrics: ShadowMetrics) -> Never {
        var budget = ShadowBudget(
            millisecondsPerSecond: settings.shadowMilliseconds, at: Kernel.monotonicNow())
        while true {
            let now = queues.withLock { $0.compactMap(\.queue) }
            // One of each in turn, so that no shard takes the time of the others.
            var isAny = false
            for queue in now where queue.askNext({ ask(&$0, &$1, &budget, metrics) }) { isAny = true }
            if !isAny { Kernel.sleep(for: now.isEmpty ? Self.longPause : Self.pause) }
        }
    }

    private func ask(
        _ sample: inout ShadowSample, _ scorer: inout ShadowScorer, _ budget: inout ShadowBudget,
        _ metrics: ShadowMetrics
    ) {
        let count = sample.plan.models.shadows.count
        // Not always the first ones, where there is time for some.
        let first = Int(sample.number % UInt64(count))
        for turn in 0..<count {
            let shadow = (first + turn) % count
            let candidates = sample.count(for: shadow)
            guard candidates > 0 else { continue }
            guard budget.allows(at: Kernel.monotonicNow()) else {
                metrics.skipped.add()
                continue
            }
            // Of its own time: it is put aside whenever anything else wants the core.
            let before = Kernel.threadTime()
            scorer.score(&sample, by: shadow)
            let took = Kernel.threadTime() - before
            budget.spent(took)
            metrics.note(sample.plan.models.shadows[shadow].served.goal, candidates, took: took)
        }
    }
}

struct ShadowMetricKeys: Sendable {
    /// A shard's.
    let behind: CounterKey
    let recorded: CounterKey
    /// The thread's.
    let budget: CounterKey
    /// By goal.
    let candidates: [CounterKey]
    let time: [HistogramKey]

    init(in catalogue: inout MetricsCatalogue) {
        func skipped(_ reason: String) -> CounterKey {
            catalogue.counter(
                "paceline_model_shadow_skipped_total",
                help:
                    "What shadows were not asked: whole decisions of the sample while they were behind, and by each of them where their time was over.",
                labels: ["reason": reason])
        }
        (behind, budget) = (skipped("behind"), skipped("budget"))
        recorded = catalogue.counter(
            "paceline_model_shadow_records_total", help: "Decisions whose shadows went into the journal.")
        candidates = PredictedGoal.allCases.map {
            catalogue.counter(
                "paceline_model_shadow_candidates_total",
                help: "Candidates that shadows predicted for, each shadow counted by itself.",
                labels: ["goal": "\($0)"])
        }
        time = PredictedGoal.allCases.map {
            catalogue.histogram(
                "paceline_model_shadow_seconds",
                help: "Processor time of one shadow for the candidates of one decision.",
                labels: ["goal": "\($0)"])
        }
    }
}

/// The thread's own cells.
struct ShadowMetrics {
    let skipped: Counter
    private let candidates: [Counter]
    private let time: [Histogram]

    init(_ keys: ShadowMetricKeys, _ block: ShardMetrics) {
        skipped = block.counter(keys.budget)
        candidates = keys.candidates.map { block.counter($0) }
        time = keys.time.map { block.histogram($0) }
    }

    func note(_ goal: PredictedGoal, _ count: Int, took: Interval) {
        candidates[Int(goal.rawValue)].add(count)
        time[Int(goal.rawValue)].record(took)
    }
}
