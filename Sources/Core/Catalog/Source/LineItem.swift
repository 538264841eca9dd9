// What competes in an auction: a line item with its targeting, its price and its limits.
public import Documents
public import Units

public struct LineItem: CatalogEntity {
    public enum Priority: String, CaseIterable, Sendable { case sponsorship, guaranteed, open }

    public var id = ""
    public var campaign = ""
    public var name = ""
    public var paused = false
    public var flight: Flight?
    public var priority = Priority.open
    public var guaranteedImpressions: Int64?
    public var bid: Micros?
    public var goalValue: Micros?
    public var bidShading: Bool?
    public var frequencyCaps: [FrequencyCap] = []
    public var separation: [String] = []
    public var creatives: [String] = []
    public var targeting: TargetingObject?

    public init() {}

    /// Who may see it.
    public var expression: Targeting { targeting?.expression ?? .everyone }

    package static let schema = Schema<Self>(
        "line item",
        [
            .required("id", \.id, .identifier, "What journals, reports and commands call it."),
            .required("campaign", \.campaign, .identifier, "The id of the campaign whose money it spends."),
            .required("name", \.name, .words, "For people."),
            .defaulted("paused", \.paused, .bool, "A paused line item wins nothing."),
            .optional(
                "flight", \.flight, .object,
                "When it may win, within its campaign's flight; without it, in all of that."),
            .defaulted(
                "priority", \.priority, .choice,
                "sponsorship before guaranteed before open: a lower one competes for what the higher ones left."
            ),
            .optional(
                "guaranteedImpressions", \.guaranteedImpressions, .integer(1...1_000_000_000_000),
                "How many impressions its flight must deliver."),
            .optional(
                "bid", \.bid, .money(Micros(1)...Micros.mostMoney),
                "A fixed price for a thousand impressions, in the campaign's currency."),
            .optional(
                "goalValue", \.goalValue, .money(Micros(1)...Micros.mostMoney),
                "What one of the campaign's goal is worth to this line item, where not the campaign's goalValue."
            ),
            .optional(
                "bidShading", \.bidShading, .bool,
                "Whether it bids less than it is worth, where the winner pays his bid and enough was seen; without it, as the publisher or the settings say."
            ),
            .defaulted(
                "frequencyCaps", \.frequencyCaps, .list(of: .object, count: 0...8),
                "How often it may be seen; each of them must hold."),
            .defaulted(
                "separation", \.separation, .list(of: .words, count: 0...8),
                "Words for what must not share a pod: no two ads with the same word do."),
            .required(
                "creatives", \.creatives, .list(of: .identifier, count: 1...64),
                "The ids of the creatives that it may show."),
            .optional("targeting", \.targeting, .targeting, "Who may see it; without it, everybody."),
        ],
        rules: [
            Rule("`bid` and `goalValue` do not stand together.") { item, objections in
                if item.bid != nil, item.goalValue != nil {
                    objections.refuse(
                        "goalValue", found: "a goalValue beside a bid", allowed: "one of the two")
                }
            },
            Rule("`guaranteedImpressions` stands with the priority guaranteed or sponsorship.") {
                item, objections in
                if item.guaranteedImpressions != nil, item.priority == .open {
                    objections.refuse(
                        "guaranteedImpressions", found: "guaranteed impressions with the priority open",
                        allowed: "the priority guaranteed or sponsorship")
                }
            },
        ])
}

/// So many impressions in a window that ends now.
public struct FrequencyCap: DocumentObject, Equatable {
    public enum Subject: String, CaseIterable, Sendable {
        /// The viewer, the viewer's household, or the viewer by creative.
        case user, household, creative
    }

    public var by = Subject.user
    public var impressions = 1
    /// Nil is the life of the campaign.
    public var windowMinutes: Int?

    public init() {}

    package static let schema = Schema<Self>(
        "frequency cap",
        [
            .required(
                "by", \.by, .choice, "Whose impressions are counted; creative counts each apart, by user."),
            .required("impressions", \.impressions, .integer(1...10_000), "The most that are allowed."),
            .optional(
                "windowMinutes", \.windowMinutes, .integer(1...527_040, unit: "minutes"),
                "The length of the window, up to a year; without it, the life of the campaign."),
        ])
}
