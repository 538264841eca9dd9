// What one shard's ads were predicted to do, and what they did: counted when their time is over, goal by goal.
import Decision
import Kernel
import Notices
import Telemetry
import Units

struct CalibrationMetricKeys: Sendable {
    /// By goal.
    let shown: [CounterKey]
    let expected: [CounterKey]
    let happened: [CounterKey]

    init(in catalogue: inout MetricsCatalogue) {
        func keys(_ name: String, _ help: String) -> [CounterKey] {
            PredictedGoal.allCases.map {
                catalogue.counter(name, help: help, labels: ["goal": "\($0)"])
            }
        }
        shown = keys(
            "paceline_model_judged_total",
            "Ads that were shown and that a model had predicted for, a while ago.")
        expected = keys(
            "paceline_model_expected_thousandths_total",
            "The sum of what was predicted for them, in thousandths.")
        happened = keys(
            "paceline_model_happened_total", "Those of them of which what was predicted was told.")
    }

    /// Of all shards, since the start.
    func count(_ goal: PredictedGoal, in metrics: Metrics) -> CalibrationCount {
        let place = Int(goal.rawValue)
        return CalibrationCount(
            shown: metrics.value(of: shown[place]),
            expected: Double(metrics.value(of: expected[place])) / 1_000,
            happened: metrics.value(of: happened[place]))
    }
}

/// Used on its shard's thread only.
final class ShardCalibration {
    private var memory: CalibrationMemory
    private var version: UInt64?
    private let shown: [Counter]
    private let expected: [Counter]
    private let happened: [Counter]

    init(_ patience: Interval, _ keys: CalibrationMetricKeys, _ shard: ShardMetrics) {
        memory = CalibrationMemory(patience: patience)
        shown = keys.shown.map { shard.counter($0) }
        expected = keys.expected.map { shard.counter($0) }
        happened = keys.happened.map { shard.counter($0) }
    }

    /// Nothing that other models predicted is counted as of these.
    func take(_ version: UInt64?) {
        guard version != self.version else { return }
        self.version = version
        memory.forget()
    }

    /// Nobody tells of an action, so that nothing could be said of it.
    func sold(_ number: UInt64, _ prediction: AdPrediction, at now: Instant) {
        guard prediction.goal != .action else { return }
        memory.sold(number, prediction, at: now)
        count()
    }

    func note(_ taken: TakenNotice) {
        let number = AdNumber(decision: taken.notice.decision, ad: Int(taken.notice.ad)).rawValue
        switch taken.event {
        case .imp: memory.shown(number)
        case .complete: memory.happened(.completedView, number)
        case .click: memory.happened(.click, number)
        default: return
        }
    }

    /// What has become known goes into the metrics.
    private func count() {
        // By number: `allCases` would make an array for each ad.
        for place in shown.indices {
            guard let goal = PredictedGoal(rawValue: UInt8(place)) else { continue }
            let counted = memory.counted(goal)
            shown[place].add(Int(counted.shown) - shown[place].value)
            expected[place].add(Int(counted.expected * 1_000) - expected[place].value)
            happened[place].add(Int(counted.happened) - happened[place].value)
        }
    }
}
