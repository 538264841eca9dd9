// What is counted of pacing: on each shard who was held back, of the node how its campaigns stand.
import Decision
import Kernel
import Pacing
import Telemetry
import Units

struct PacingMetricKeys: Sendable {
    fileprivate let heldBack: CounterKey
    fileprivate let underPrice: CounterKey

    init(in catalogue: inout MetricsCatalogue) {
        heldBack = catalogue.counter(
            "paceline_pacing_held_back_total",
            help: "Line items whose campaign was not drawn for a request, as it spends as fast as it is to.")
        underPrice = catalogue.counter(
            "paceline_pacing_under_price_total",
            help:
                "Line items that would have brought less for their cost than their campaign's money is to bring."
        )
    }
}

/// One shard's.
struct PacingMetrics {
    private let heldBack: Counter
    private let underPrice: Counter

    init(_ keys: PacingMetricKeys, _ block: ShardMetrics) {
        heldBack = block.counter(keys.heldBack)
        underPrice = block.counter(keys.underPrice)
    }

    func count(_ decision: Decision) {
        heldBack.add(decision.trace[.pacing])
        underPrice.add(decision.trace[.underPrice])
    }
}

extension NodePacing {
    private static let states: [(name: String, count: @Sendable (RegionPacer.Standing) -> Int)] = [
        ("held", \.held), ("free", \.free), ("behind", \.behind), ("idle", \.idle),
    ]

    /// - Parameter pacing: nil before the ledger is open.
    static func register(
        in catalogue: inout MetricsCatalogue, _ pacing: @escaping @Sendable () -> NodePacing?
    ) {
        for (state, count) in states {
            catalogue.computedGauge(
                "paceline_pacing_campaigns",
                help:
                    "Campaigns by how they stand to their plans: held to them, competing for every request, "
                    + "behind for a quarter of an hour although they do, or without a plan now.",
                labels: ["state": state]
            ) { pacing().map { Double(count($0.shown.standing)) } }
        }
        catalogue.computedGauge(
            "paceline_pacing_age_seconds",
            help:
                "How old the shares are that shards decide by; a second where all is well. They hold until newer ones come.",
            unit: .seconds
        ) { pacing()?.shown.turnedAt.map { Double((Kernel.monotonicNow() - $0).nanoseconds) / 1e9 } }
        catalogue.computedGauge(
            "paceline_pacing_word_age_seconds",
            help:
                "How long ago the coordinator that directs this node's pacing was heard; the node goes on by its part of the "
                + "plan. There is none where the node plans for itself.",
            unit: .seconds
        ) { pacing()?.shown.heardAt.map { Double((Kernel.monotonicNow() - $0).nanoseconds) / 1e9 } }
    }
}
