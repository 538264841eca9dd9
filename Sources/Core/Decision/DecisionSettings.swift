// What a decision goes by beside the request and the catalog: who we are, what foreign money is worth, and what
// is believed of clicks, views and actions as long as no model says better.
public import Auction
public import OpenRTB
public import Units

public struct DecisionSettings: Sendable {
    /// The seat that bids, as exchanges know it.
    public var seat = "paceline"
    /// Our number on the TCF's global vendor list. Zero is nobody's: no consent string then consents to us.
    public var vendor: VendorID = 0
    /// Rates for campaigns, floors and requests in several currencies. Without a rate nothing is converted.
    public var currencies: CurrencyTable
    public var priors = GoalPriors()
    /// Steps that each pod's search may take.
    public var podSteps = PodLimits.steps

    /// Creatives of one pod that models predict for: those that the early rank puts first. As many as a pod compares.
    public var scoredMost = PodLimits.candidates
    /// Twice as many find out what the early rank misjudges, for twice the time.
    public static let scoredRange = 1...2 * PodLimits.candidates

    /// What becomes of an ad that the viewer saw in an earlier break, and of another of its advertiser: half the
    /// worth for the same film again, and nothing for the same advertiser, whose caps are in the catalog.
    public var seenCreative = DiversityRule.penalise(500_000)
    public var seenAdvertiser = DiversityRule.ignore
    /// What the first and the last place of a break are worth beyond an ad's value, in millionths of it, up to
    /// `PodLimits.premium`. Nothing, until somebody knows better.
    public var firstPremium: Int64 = 0
    public var lastPremium: Int64 = 0
    /// Whether bids are shaded where the winner pays his bid, and neither line item nor publisher says otherwise. Not
    /// without a word from who pays: a bid below the value wins less.
    public var shadesBids = false
    /// Goes into the viewers' keys, so that a key says nothing to who does not have it. One for a fleet.
    public var viewerSalt: UInt64 = 0

    /// Where notices of ads go. Nil or without its key: nobody tells us, and answers have the catalog's own
    /// addresses only.
    public var notices: NoticeAddresses?

    /// What of a request's `tmax` is the network's.
    public var network = Interval.zero

    public init() { currencies = CurrencyTable(base: .usd) }
}

/// How often an impression leads to what a campaign pays for: one number for all traffic, until models tell
/// impressions apart. They are assumptions to start from, not measurements of anybody's traffic, and a line
/// item with a `bid` does not depend on them.
public struct GoalPriors: Hashable, Sendable {
    /// In millionths. One click in a thousand: screens without a pointer have few.
    public var click: Int64 = 1_000
    /// Nine views of ten to the end: ads in a stream can rarely be skipped.
    public var completedView: Int64 = 900_000
    /// One action in twenty thousand.
    public var action: Int64 = 50

    public init() {}

    public init(click: Int64, completedView: Int64, action: Int64) {
        let range: ClosedRange<Int64> = 0...1_000_000
        precondition(
            range.contains(click) && range.contains(completedView) && range.contains(action),
            "a prior is a share in millionths")
        self.click = click
        self.completedView = completedView
        self.action = action
    }
}
