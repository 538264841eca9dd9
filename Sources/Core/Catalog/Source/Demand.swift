// Who pays, and for what as a whole: advertisers and their campaigns.
public import Documents
public import Units

/// Whoever the ads are for.
public struct Advertiser: CatalogEntity {
    public var id = ""
    public var name = ""
    /// What exchanges call `adomain`, and what their block lists name.
    public var domains: [String] = []
    public var categories: [String] = []

    public init() {}

    package static let schema = Schema<Self>(
        "advertiser",
        [
            .required("id", \.id, .identifier, "What campaigns and creatives call it."),
            .required("name", \.name, .words, "For people."),
            .required(
                "domains", \.domains, .list(of: .domain, count: 1...16),
                "The domains that ads lead to: what exchanges and publishers block by."),
            .defaulted(
                "categories", \.categories, .list(of: .words, count: 0...64),
                "Content categories of all of the advertiser's ads, beside those of each creative."),
        ])
}

/// Money to be spent towards a goal, in a flight.
public struct Campaign: CatalogEntity {
    public enum Pacing: String, CaseIterable, Sendable { case even, traffic, frontloaded, asap }
    public enum Goal: String, CaseIterable, Sendable { case cpm, cpc, cpcv, cpa }

    public var id = ""
    public var advertiser = ""
    public var name = ""
    public var paused = false
    public var currency = CurrencyCode.usd
    public var flight = Flight()
    public var lifetimeBudget = Micros.zero
    public var dailyBudget: Micros?
    public var dayStartsAtMinutes = 0
    public var pacing = Pacing.even
    public var goal = Goal.cpm
    public var goalValue = Micros.zero

    public init() {}

    package static let schema = Schema<Self>(
        "campaign",
        [
            .required("id", \.id, .identifier, "What line items call it."),
            .required("advertiser", \.advertiser, .identifier, "The id of the advertiser who pays."),
            .required("name", \.name, .words, "For people."),
            .defaulted(
                "paused", \.paused, .bool,
                "Of a paused campaign nothing wins. A snapshot has it as its line items, each of them paused."
            ),
            .defaulted("currency", \.currency, .currency, "The currency of all money of this campaign."),
            .required("flight", \.flight, .object, "When it may spend."),
            .required(
                "lifetimeBudget", \.lifetimeBudget, .money(Micros(1)...Micros.mostMoney),
                "What it may spend in its whole flight."),
            .optional(
                "dailyBudget", \.dailyBudget, .money(Micros(1)...Micros.mostMoney),
                "What it may spend in a day; without it, only the lifetime budget bounds a day."),
            .defaulted(
                "dayStartsAtMinutes", \.dayStartsAtMinutes, .integer(-840...840, unit: "minutes"),
                "Where the campaign's day starts, as its time zone's offset from UTC."),
            .defaulted(
                "pacing", \.pacing, .choice,
                "even: the same in every hour. traffic: as traffic comes. frontloaded: the first days get more. "
                    + "asap: as fast as it goes."),
            .required("goal", \.goal, .choice, "What the advertiser pays for."),
            .required(
                "goalValue", \.goalValue, .money(Micros(1)...Micros.mostMoney),
                "What one of it is worth: for cpm, of a thousand impressions."),
        ],
        rules: [
            Rule("`dailyBudget` is not more than `lifetimeBudget`.") { campaign, objections in
                if let daily = campaign.dailyBudget, daily > campaign.lifetimeBudget {
                    objections.refuse(
                        "dailyBudget", found: "\(daily)",
                        allowed: "at most the lifetimeBudget, which is \(campaign.lifetimeBudget)")
                }
            }
        ])
}

/// From an instant on, up to and not including another.
public struct Flight: DocumentObject, Equatable {
    public var start = Instant(nanoseconds: 0)
    public var end = Instant.distantFuture

    public init() {}

    package static let schema = Schema<Self>(
        "flight",
        [
            .required("start", \.start, .timestamp, "The first instant of the flight."),
            .required("end", \.end, .timestamp, "The first instant after the flight."),
        ],
        rules: [
            Rule("`end` is later than `start`.") { flight, objections in
                if flight.end <= flight.start {
                    objections.refuse(
                        "end", found: Timestamp.text(flight.end),
                        allowed: "later than start, which is \(Timestamp.text(flight.start))")
                }
            }
        ])
}
