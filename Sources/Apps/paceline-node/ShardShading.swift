// What a shard learns of the bids that it shades: what it bid, and what exchanges tell of it. What is known of a market
// is journaled now and then, and a start goes on from there.
import Auction
import Decision
import Journal
import Kernel
import Notices
import OpenRTB
import Settings
import Telemetry
import Units

struct ShadingMetricKeys: Sendable {
    /// By the outcome's number.
    let outcomes: [CounterKey]
    let markets: GaugeKey

    init(in catalogue: inout MetricsCatalogue) {
        outcomes = ShadingMemory.Outcome.allCases.map { outcome in
            catalogue.counter(
                "paceline_shading_outcomes_total",
                help: "Bids that may be shaded, by what was told of them in time.",
                labels: ["outcome": "\(outcome)"])
        }
        markets = catalogue.gauge(
            "paceline_shading_markets",
            help: "Publishers and deals of which a shard has seen outcomes of bids.")
    }
}

/// Used on its shard's thread only.
final class ShardShading {
    /// A market is journaled so often while it changes: half a kilobyte each time.
    private static let pause = Interval.seconds(30)

    private var memory: ShadingMemory
    private let journal: NodeJournal
    private let outcomes: [Counter]
    private let markets: Gauge

    /// - Parameter known: what earlier starts had seen, by market.
    init(
        _ settings: NodeSettings.Decision, _ journal: NodeJournal, _ known: [UInt64: BidShading],
        _ keys: ShadingMetricKeys, _ shard: ShardMetrics
    ) {
        memory = ShadingMemory(patience: settings.bidOutcomeWithin)
        for (market, shading) in known { memory.restore(shading, of: market) }
        self.journal = journal
        outcomes = keys.outcomes.map { shard.counter($0) }
        markets = shard.gauge(keys.markets)
        markets.set(memory.marketCount)
    }

    func shade(_ bid: BidToShade) -> ShadedBid {
        memory.bid(value: bid.value, floor: bid.floor, in: bid.market)
    }

    /// A bid is in the answer.
    func sent(_ number: UInt64, price: Micros, in market: UInt64, at now: Instant) {
        let before = memory.taken
        memory.sent(number, price: price, in: market, at: now)
        for place in outcomes.indices { outcomes[place].add(Int(memory.taken[place] &- before[place])) }
        markets.set(memory.marketCount)
        if let changed = memory.nextChanged(at: now, pause: Self.pause, looks: 1) { write(changed) }
    }

    /// The shard ends: what it knows is kept. What it bid of late, and nobody told of yet, teaches nothing.
    func end() {
        let now = Kernel.wallNow()
        while let changed = memory.nextChanged(at: now, pause: .zero, looks: .max) { write(changed) }
    }

    private func write(_ changed: (market: UInt64, shading: BidShading)) {
        journal.append(.shadingMarket, .sample) {
            ShadingPayload.put(changed.market, changed.shading, into: &$0)
        }
    }

    func note(_ taken: TakenNotice) {
        let outcome: ShadingMemory.Outcome
        switch taken.event {
        case .win, .bill, .imp: outcome = .won
        case .loss: outcome = LossReason.isByPrice(taken.reason) ? .lost : .void
        default: return
        }
        let number = AdNumber(decision: taken.notice.decision, ad: Int(taken.notice.ad)).rawValue
        memory.told(number, outcome, minimum: taken.minimum)
    }
}
