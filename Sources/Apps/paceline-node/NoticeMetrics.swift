// What a node counts of notices: each in `paceline_notices_total` once, by its event and what became of it.
import Notices
import Telemetry
import Units

/// What became of a notice.
enum NoticeOutcome: String, CaseIterable {
    case counted, duplicate
    /// There was no room to remember it.
    case full
    /// The shard whose ad it is had too many waiting, or its journal did not take it.
    case busy
    case malformed, foreign, forged
    case wrongEvent = "wrong_event"
    case stale
    /// Of an ad that answered a test request.
    case test
    /// A bill of an ad whose session this node has never had: nothing here could pay it.
    case elsewhere
    /// A bill of another node's ad, on its way to the account's issuer.
    case claimed

    init(_ verdict: NoticeVerdict) {
        switch verdict {
        case .first: self = .counted
        case .duplicate: self = .duplicate
        case .full: self = .full
        }
    }

    init(_ refusal: NoticeRefusal) {
        switch refusal {
        case .malformed: self = .malformed
        case .foreign: self = .foreign
        case .forged: self = .forged
        case .wrongEvent: self = .wrongEvent
        case .stale: self = .stale
        }
    }

    var place: Int {
        switch self {
        case .counted: 0
        case .duplicate: 1
        case .full: 2
        case .busy: 3
        case .malformed: 4
        case .foreign: 5
        case .forged: 6
        case .wrongEvent: 7
        case .stale: 8
        case .test: 9
        case .elsewhere: 10
        case .claimed: 11
        }
    }
}

struct NoticeMetricKeys: Sendable {
    /// By event, then by outcome.
    let notices: [CounterKey]
    let prices: [CounterKey]
    let remembered: GaugeKey
    let clicksWithoutPage: CounterKey

    init(in catalogue: inout MetricsCatalogue) {
        notices = NoticeEvent.allCases.flatMap { event in
            NoticeOutcome.allCases.map { outcome in
                catalogue.counter(
                    "paceline_notices_total",
                    help: "Notices of exchanges and players, by event and what became of them.",
                    labels: ["event": event.name, "outcome": outcome.rawValue])
            }
        }
        prices = PriceBasis.allCases.map { basis in
            catalogue.counter(
                "paceline_notice_prices_total",
                help:
                    "Prices of what was billed, by how they could be taken; all but `stated` are the highest.",
                labels: ["basis": "\(basis)"])
        }
        remembered = catalogue.gauge(
            "paceline_notice_ads_remembered", help: "Ads of which it is remembered what was counted.")
        clicksWithoutPage = catalogue.counter(
            "paceline_clicks_without_page_total",
            help: "Clicks on ads whose creative has no page in the catalog in use.")
    }
}

/// One shard's.
struct NoticeMetrics {
    private let notices: [Counter]
    private let prices: [Counter]
    let remembered: Gauge
    let clicksWithoutPage: Counter

    init(_ keys: NoticeMetricKeys, _ shard: ShardMetrics) {
        notices = keys.notices.map { shard.counter($0) }
        prices = keys.prices.map { shard.counter($0) }
        remembered = shard.gauge(keys.remembered)
        clicksWithoutPage = shard.counter(keys.clicksWithoutPage)
    }

    func count(_ event: NoticeEvent, _ outcome: NoticeOutcome) {
        notices[Int(event.rawValue) * NoticeOutcome.allCases.count + outcome.place].add()
    }

    func count(_ basis: PriceBasis) { prices[Int(basis.rawValue)].add() }
}
