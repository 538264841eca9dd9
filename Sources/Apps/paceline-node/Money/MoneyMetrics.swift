// What is counted of money: on each shard what was refused and billed, of the node where the money is.
import Kernel
import Ledger
import Telemetry
import Units

/// On the shards.
struct MoneyMetricKeys: Sendable {
    fileprivate let refusals: [CounterKey]
    fileprivate let unwritten: CounterKey
    fileprivate let settled: CounterKey
    fileprivate let late: CounterKey
    fileprivate let kept: GaugeKey

    init(in catalogue: inout MetricsCatalogue) {
        refusals = BudgetRefusal.allCases.map { refusal in
            catalogue.counter(
                "paceline_budget_refusals_total",
                help: "Line items that could not be paid for, by reason, each time one was asked about.",
                labels: ["reason": "\(refusal)"])
        }
        unwritten = catalogue.counter(
            "paceline_budget_unwritten_total",
            help: "Decisions that became no-bids because the journal could not take what they set aside.")
        settled = catalogue.counter(
            "paceline_settlements_total", help: "Bills that were taken.", labels: ["late": "no"])
        late = catalogue.counter(
            "paceline_settlements_total", help: "Bills that were taken.", labels: ["late": "yes"])
        kept = catalogue.gauge(
            "paceline_reservations_kept",
            help: "Ads whose time is over and whose money is kept, as nobody reached the notices' addresses "
                + "meanwhile: their bills may be on the way until the exchange's last.")
    }
}

/// One shard's.
struct MoneyMetrics {
    private let refusals: [Counter]
    private let unwritten: Counter
    private let settled: Counter
    private let late: Counter
    let kept: Gauge

    init(_ keys: MoneyMetricKeys, _ block: ShardMetrics) {
        refusals = keys.refusals.map { block.counter($0) }
        unwritten = block.counter(keys.unwritten)
        settled = block.counter(keys.settled)
        late = block.counter(keys.late)
        kept = block.gauge(keys.kept)
    }

    func count(_ refusal: BudgetRefusal) { refusals[Int(refusal.rawValue)].add() }
    func countUnwritten() { unwritten.add() }
    func count(_ record: SettlementRecord) { (record.late > .zero ? late : settled).add() }
}
