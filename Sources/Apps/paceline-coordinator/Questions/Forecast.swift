// What nodes' samples (`ForecastSample`) say of a campaign that is not published: places a day, what they cost, and whether its budget can be spent there. Traffic
// is taken to go on as it was in what the samples go back over, which the answer says.
import Commands
import Documents
import Serving
import Units

struct Forecast {
    private struct Region {
        let name: String

        init(name: String) { self.name = name }

        /// A day, of all requests, and the range in which the sample leaves it.
        var places = 0.0
        var least = 0.0
        var most = 0.0
        /// By day of the week, from Monday.
        var weekdays = [Double](repeating: 0, count: 7)
        var requestsPerSecond = 0.0
        var decided = 0.0
        var found = 0.0
        var contested = 0.0
        var priced = 0.0
        var prices = 0.0
        var viewers = 0.0
        var seconds = 0.0
    }

    private let terms: ForecastDraft.Terms
    private let samples: [ForecastSample]
    private let regions: [Region]
    private let silent: Int

    /// Requests of a sample below which a day of the week of its own says nothing.
    private static let weekdayLeast = 50.0
    private static let secondsPerDay = 86_400.0
    private static let daysMost = 400

    init(_ terms: ForecastDraft.Terms, _ samples: [ForecastSample], silent: Int) {
        (self.terms, self.samples, self.silent) = (terms, samples, silent)
        let names = Set(samples.map(\.region)).sorted()
        regions = names.map { name in
            var region = Region(name: name)
            for sample in samples where sample.region == name { Self.add(sample, to: &region) }
            return region
        }
    }

    private static func add(_ sample: ForecastSample, to region: inout Region) {
        region.requestsPerSecond += sample.perSecond
        region.decided += sample.decided
        region.found += sample.requests
        region.contested += sample.contested
        region.priced += sample.priced
        region.prices += sample.prices
        region.seconds = max(region.seconds, sample.seconds)
        region.viewers += viewers(sample)
        guard sample.decided > 0 else { return }
        let daily = sample.perSecond * secondsPerDay
        let share = sample.places / sample.decided
        region.places += daily * share
        // Places in one request come and go together: the range is that of requests.
        let perRequest = sample.requests > 0 ? sample.places / sample.requests : 1
        let (low, high) = range(of: sample.requests, in: sample.decided)
        region.least += daily * low * perRequest
        region.most += daily * high * perRequest
        for (day, one) in sample.weekdays.enumerated() {
            region.weekdays[day] += daily * (one.decided >= weekdayLeast ? one.places / one.decided : share)
        }
    }

    /// Wilson's, of 95 in 100.
    static func range(of found: Double, in all: Double) -> (low: Double, high: Double) {
        guard all > 0 else { return (0, 1) }
        let z = 1.96
        let (part, scale) = (found / all, 1 + z * z / all)
        let middle = (part + z * z / (2 * all)) / scale
        let half = z / scale * (part * (1 - part) / all + z * z / (4 * all * all)).squareRoot()
        return (max(0, middle - half), min(1, middle + half))
    }

    /// How many viewers there are at least behind those that a sample met: Chao's estimate by those met once and twice.
    private static func viewers(_ sample: ForecastSample) -> Double {
        guard sample.viewers > 0 else { return 0 }
        let unmet = sample.once * (sample.once - 1) / (2 * (sample.twice + 1))
        // Those that may not be counted are as many to a place as the others.
        return (sample.viewers + unmet) * sample.requests / max(sample.countable, 1)
    }

    // MARK: Days

    private struct Day {
        let date: String
        let part: Double
        let places: Double
        let spend: Double
    }

    private var price: Double? {
        let priced = regions.reduce(0) { $0 + $1.priced }
        guard priced > 0 else { return nil }
        return regions.reduce(0) { $0 + $1.prices } / priced
    }

    /// Each day of the flight, in UTC, with what caps leave of what could be shown and what that would cost, within the budget of a day.
    private func days(_ capShare: Double) -> [Day] {
        let length = 86_400_000_000_000
        var days: [Day] = []
        var start = terms.flight.lowerBound.nanoseconds
        while start < terms.flight.upperBound.nanoseconds, days.count < Self.daysMost {
            let number = Int64((Double(start) / Double(length)).rounded(.down))
            let end = min((number + 1) * Int64(length), terms.flight.upperBound.nanoseconds)
            let part = Double(end - start) / Double(length)
            let places = regions.reduce(0) { $0 + $1.weekdays[Int((number + 3) % 7)] } * part * capShare
            let most = terms.daily.map { Double($0.rawValue) / 1e6 } ?? .infinity
            let spend = min(places * (price ?? 0) / 1_000, most)
            days.append(Day(date: Self.date(number), part: part, places: places, spend: spend))
            start = end
        }
        return days
    }

    private static func date(_ day: Int64) -> String {
        String(TimeText.utc(Instant(nanoseconds: day * 86_400_000_000_000)).prefix(10))
    }

    // MARK: Caps

    /// Viewers of less than a cap's window are not all that it would meet.
    private var knownCaps: [ForecastDraft.Terms.Cap] {
        return terms.caps.filter { seconds >= Double($0.window.nanoseconds) / 1e9 }
    }

    /// What caps let through of the places in their window, by the one that binds most; 1 where none does.
    private func capped(_ places: Double) -> (share: Double, cap: ForecastDraft.Terms.Cap?) {
        let isKnown = Set(knownCaps.map(\.lineItem)).count == terms.lineItems.count
        guard terms.isCapped, isKnown, viewers > 0 else { return (1, nil) }
        // One line item after the other: what one of several may not show another may.
        var byLineItem: [String: (share: Double, cap: ForecastDraft.Terms.Cap)] = [:]
        for cap in knownCaps {
            let days = Double(cap.window.nanoseconds) / 86_400e9
            let most = viewers * Double(cap.impressions)
            let share = places * days > 0 ? min(1, most / (places * days)) : 1
            if byLineItem[cap.lineItem].map({ share < $0.share }) ?? true {
                byLineItem[cap.lineItem] = (share, cap)
            }
        }
        guard let least = byLineItem.values.max(by: { $0.share < $1.share }) else { return (1, nil) }
        let sum = min(1, byLineItem.values.reduce(0) { $0 + $1.share })
        return (sum, sum < 1 ? least.cap : nil)
    }

    // MARK: Saying it

    private var decided: Double { samples.reduce(0) { $0 + $1.decided } }
    private var found: Double { regions.reduce(0) { $0 + $1.found } }
    private var viewers: Double { regions.reduce(0) { $0 + $1.viewers } }
    private var seconds: Double { regions.map(\.seconds).max() ?? 0 }

    var tree: JSONTree {
        let (places, least, most) = regions.reduce((0.0, 0.0, 0.0)) {
            ($0.0 + $1.places, $0.1 + $1.least, $0.2 + $1.most)
        }
        let capped = capped(places)
        let days = days(capped.share)
        let all = days.reduce(0) { $0 + $1.places }
        let lifetime = Double(terms.lifetime.rawValue) / 1e6
        let spent = Double(terms.spent.rawValue) / 1e6
        let left = max(0, lifetime - spent)
        let spend = min(days.reduce(0) { $0 + $1.spend }, left)
        let ranges = decided > 0 && places > 0 ? (least / places, most / places) : (0, 0)
        return [
            "campaign": .string(terms.campaign), "currency": .string(terms.currency),
            "flight": [
                "start": .string(TimeText.utc(terms.flight.lowerBound)),
                "end": .string(TimeText.utc(terms.flight.upperBound)),
            ],
            "lineItems": .array(terms.lineItems.map { .string($0) }),
            "samples": Self.number(decided), "found": Self.number(found),
            "placesADay": Self.number(places), "placesADayLeast": Self.number(least),
            "placesADayMost": Self.number(most),
            "places": Self.number(all), "placesLeast": Self.number(all * ranges.0),
            "placesMost": Self.number(all * ranges.1),
            "price": price.map { Self.real($0) } ?? .null,
            "budget": JSONTree(.number(terms.lifetime.description)),
            "spent": JSONTree(.number(terms.spent.description)), "spend": Self.real(spend),
            "viewersAtLeast": Self.number(viewers),
            "capShare": Self.real(capped.share),
            "regions": .array(regions.map(Self.tree)),
            "days": .array(
                days.map {
                    [
                        "date": .string($0.date), "part": Self.real($0.part),
                        "places": Self.number($0.places),
                        "spend": Self.real($0.spend),
                    ]
                }),
            "outcomes": .array(outcomes),
            "warnings": .array(
                warnings(spend: spend, left, capped.cap, capped.share, places).map { .string($0) }),
        ]
    }

    private static func tree(_ one: Region) -> JSONTree {
        [
            "region": .string(one.name), "requestsPerSecond": real(one.requestsPerSecond),
            "samples": number(one.decided), "found": number(one.found), "placesADay": number(one.places),
            "placesADayLeast": number(one.least), "placesADayMost": number(one.most),
            "contestedShare": one.found > 0 ? real(one.contested / one.found) : .null,
            "price": one.priced > 0 ? real(one.prices / one.priced) : .null,
            "sampledSeconds": number(one.seconds),
        ]
    }

    /// What became of its line items over all samples, as shares of them.
    private var outcomes: [JSONTree] {
        var sums: [String: (why: String, lineItems: Double)] = [:]
        for outcome in samples.flatMap(\.outcomes) {
            sums[outcome.name, default: (outcome.why, 0)].lineItems += outcome.lineItems
        }
        let all = max(1, sums.values.reduce(0) { $0 + $1.lineItems })
        return sums.sorted { ($1.value.lineItems, $0.key) < ($0.value.lineItems, $1.key) }.map {
            [
                "outcome": .string($0.key), "why": .string($0.value.why),
                "share": Self.real($0.value.lineItems / all),
            ]
        }
    }

    private func warnings(
        spend: Double, _ left: Double, _ cap: ForecastDraft.Terms.Cap?, _ capShare: Double,
        _ places: Double
    ) -> [String] {
        var all: [String] = []
        if decided == 0 {
            all.append("no node has a recorded request to decide again, so nothing can be said")
        } else if found == 0 {
            all.append(
                "none of \(Int(decided)) sampled requests could have been served: see what took its line items"
            )
        } else if found < 30 {
            all.append("only \(Int(found)) of the samples could have been served: the range is wide")
        }
        if seconds < Self.secondsPerDay, decided > 0 {
            all.append(
                "the samples go back over \(Self.length(seconds)) only: other hours of a day and days of a week may have other traffic"
            )
        }
        if price == nil, found > 0 {
            all.append(
                "the places are sold in another currency than the campaign's: what it would spend is not known"
            )
        } else if found > 0, left == 0 {
            all.append(
                "its budget of \(terms.lifetime) \(terms.currency) is spent already: nothing is left for the rest of its flight"
            )
        } else if found > 0, spend < 0.99 * left {
            let of =
                terms.spent > .zero
                ? "what is left of its budget, \(Self.text(left))" : "its budget of \(Self.text(left))"
            all.append(
                "of \(of) \(terms.currency) about \(Self.text(spend)) would be spent in \(terms.spent > .zero ? "the rest of its" : "this") flight"
            )
        }
        if let cap {
            all.append(
                "frequency caps bind: the viewers that are known of leave \(Int((100 * capShare).rounded())) of 100 places, by \(cap.impressions) in \(cap.window.nanoseconds / 60_000_000_000) minutes of \(cap.lineItem)"
            )
        }
        if found > 0, knownCaps.count < terms.caps.count {
            all.append(
                "whether frequency caps bind is not known: the samples go back over less than their windows")
        }
        let length = Double((terms.flight.upperBound - terms.flight.lowerBound).nanoseconds) / 86_400e9
        if length > Double(Self.daysMost) {
            all.append("of its flight the first \(Self.daysMost) days are counted")
        }
        let contested = regions.reduce(0) { $0 + $1.contested }
        if found > 0, contested < found / 2 {
            all.append(
                "in \(Int((100 * (1 - contested / found)).rounded())) of 100 requests that it could serve all that is shown there now is worth as much or more"
            )
        }
        if silent > 0 {
            all.append(
                "\(silent) node\(silent == 1 ? " has" : "s have") not answered, and nothing is counted for \(silent == 1 ? "it" : "them")"
            )
        }
        if samples.contains(where: \.isCut) { all.append("a node was too busy for its whole sample") }
        let (journals, unread) = samples.reduce((0.0, 0.0)) { ($0.0 + $1.journals, $0.1 + $1.unread) }
        if unread > 0 {
            all.append(
                "of \(Int(unread)) of \(Int(journals)) journals too little was read in the time: their traffic is taken to be as that of the others of their node"
            )
        }
        if terms.leftOut > 0 {
            all.append(
                "floors and blocks of \(terms.leftOut) inventory entries were left out: the catalog has too many to ask about"
            )
        }
        if terms.isPaused { all.append("the campaign is paused: this is what it could do if it were not") }
        return all
    }

    private static func length(_ seconds: Double) -> String {
        if seconds < 90 { return "\(Int(seconds.rounded())) seconds" }
        if seconds < 5_400 { return "\(Int((seconds / 60).rounded())) minutes" }
        return "\(Int((seconds / 3_600).rounded())) hours"
    }
    private static func text(_ amount: Double) -> String {
        Micros(Int64((min(max(amount, 0), 9e12) * 100).rounded()) * 10_000).description
    }
    /// What is not finite has no digits; no sample that is taken leads to it.
    private static func number(_ value: Double) -> JSONTree {
        value.isFinite ? .number(Int64(min(max(value, 0), 9e15).rounded())) : .null
    }
    private static func real(_ value: Double) -> JSONTree {
        value.isFinite ? JSONTree(.number("\((min(max(value, 0), 9e12) * 1e6).rounded() / 1e6)")) : .null
    }
}
