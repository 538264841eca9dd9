// What a node counts of models: for whom each tier predicted, why a better one did not, what profiles knew, and how
// long models take.
import Decision
import Features
import Telemetry
import Units

struct ModelMetricKeys: Sendable {
    /// By goal and tier.
    let candidates: [CounterKey]
    /// By goal, tier and reason.
    let falls: [CounterKey]
    let known: CounterKey
    let unknown: CounterKey
    /// By the number of what stands behind a value.
    let values: [CounterKey]
    /// By goal.
    let time: [HistogramKey]

    init(in catalogue: inout MetricsCatalogue) {
        var candidates: [CounterKey] = []
        var falls: [CounterKey] = []
        for goal in PredictedGoal.allCases {
            for tier in ScoringTier.allCases {
                candidates.append(
                    catalogue.counter(
                        "paceline_model_candidates_total",
                        help:
                            "Candidates of decisions, by what was predicted for them and which tier did it.",
                        labels: ["goal": "\(goal)", "tier": "\(tier)"]))
                guard tier != .prior else { continue }
                for reason in TierFall.allCases {
                    falls.append(
                        catalogue.counter(
                            "paceline_model_falls_total",
                            help:
                                "Decisions in which a goal's predictions fell below this tier, by the reason.",
                            labels: ["goal": "\(goal)", "tier": "\(tier)", "reason": "\(reason)"]))
                }
            }
        }
        (self.candidates, self.falls) = (candidates, falls)
        func profiles(_ known: String) -> CounterKey {
            catalogue.counter(
                "paceline_model_profiles_total",
                help: "Profiles that decisions asked for, by whether anything was known.",
                labels: ["known": known])
        }
        (known, unknown) = (profiles("yes"), profiles("no"))
        values = FeatureCode.allCases.map {
            catalogue.counter(
                "paceline_model_values_total",
                help:
                    "Values that models were given, by what stands behind them, in one decision of \(ModelMetrics.valuesOneIn).",
                labels: ["code": "\($0)"])
        }
        time = PredictedGoal.allCases.map {
            catalogue.histogram(
                "paceline_model_seconds", help: "What a decision waits for one goal's model.",
                labels: ["goal": "\($0)"])
        }
    }
}

extension ModelMetricKeys {
    /// Candidates of a goal that something was predicted for, and those of the full tier: of all shards, since the start.
    func candidates(_ goal: PredictedGoal, in metrics: Metrics) -> (all: UInt64, full: UInt64) {
        let tiers = ScoringTier.allCases.map {
            metrics.value(of: candidates[Int(goal.rawValue) * 3 + Int($0.rawValue)])
        }
        return (tiers.reduce(0, +), tiers[0])
    }
}

/// One shard's.
struct ModelMetrics {
    private let candidates: [Counter]
    private let falls: [Counter]
    private let known: Counter
    private let unknown: Counter
    private let time: [Histogram]
    private let values: [Counter]
    private var decisions = 0

    /// To look at every value of a decision takes a microsecond or two.
    static let valuesOneIn = 16

    init(_ keys: ModelMetricKeys, _ shard: ShardMetrics) {
        candidates = keys.candidates.map { shard.counter($0) }
        falls = keys.falls.map { shard.counter($0) }
        known = shard.counter(keys.known)
        unknown = shard.counter(keys.unknown)
        time = keys.time.map { shard.histogram($0) }
        values = keys.values.map { shard.counter($0) }
    }

    func note(_ use: ModelUse, took: Interval) { time[Int(use.goal.rawValue)].record(took) }

    mutating func count(_ decider: borrowing Decider) {
        // By number: `allCases` would make an array for each decision.
        for goal in 0..<UInt8(3) {
            for tier in 0..<UInt8(3) {
                guard let goal = PredictedGoal(rawValue: goal), let tier = ScoringTier(rawValue: tier) else {
                    continue
                }
                let count = decider.predicted(goal, tier)
                if count > 0 { candidates[Int(goal.rawValue) * 3 + Int(tier.rawValue)].add(count) }
                guard let reason = decider.fall(of: goal, tier) else { continue }
                let place = (Int(goal.rawValue) * 2 + Int(tier.rawValue)) * 4 + Int(reason.rawValue) - 1
                falls[place].add()
            }
        }
        decisions &+= 1
        if decisions % Self.valuesOneIn == 1 {
            let counts = decider.valuesByCode
            for code in counts.indices where counts[code] > 0 { values[code].add(counts[code]) }
        }
        let asked = decider.profilesAsked
        if asked.known > 0 { known.add(asked.known) }
        if asked.all > asked.known { unknown.add(asked.all - asked.known) }
    }
}
