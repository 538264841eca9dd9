// What a decision is told of the world beside its request, catalog, settings, time and seed: whether a line item may
// spend, what the viewer has seen, and whether the money for an ad can be put aside. Each answer is noted with the
// decision (`StateAnswers`), so that it can be decided again where none of it exists any more.
public import Auction
public import Features
public import Notices
public import OpenRTB
public import Units

/// Answers a decision's questions, in the order of the pipeline. Places are rows of the decision's own catalog: who
/// keeps counters or accounts under other names keeps a table of them for each catalog. An answer must not wait for
/// anything; it allocates nothing.
public protocol DecisionState: ~Copyable {
    /// Before the first question of a decision. Keys that privacy does not permit are not there.
    mutating func begin(_ viewer: ViewerKeys, at now: Instant)

    /// The decisions of which it is told what they offer, and to whom; never those of test requests.
    var placesSample: PlacesSample { get }

    /// What the request offers, told once, before who could compete for it, when all but the answer is done.
    mutating func offered(_ places: OfferedPlaces)

    /// A campaign that targets the request, once for each of its line items that do, and whether that may be worth the least floor.
    mutating func couldCompete(campaign: Int, pays: Bool)

    /// Why a line item may not compete at all; nil where it may. Asked once, when it is first looked at:
    /// of what was found those that promise most come first, and the others may never be looked at.
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal?

    /// For what share of the requests a campaign may compete now, so that it spends no faster than is planned. Asked of
    /// each line item that nothing else refuses, and not for test requests, which spend nothing; the decision draws.
    mutating func admission(ofCampaign campaign: Int) -> PacingShare

    /// What a unit of a campaign's money must bring now. Asked once in a decision for each campaign with a creative that
    /// fits and can pay, with what that one brings and costs; not for test requests. One where nothing is asked.
    mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice

    /// No campaign's money must bring less than this. Asked once, before any price is.
    var leastPrice: BudgetPrice { get }

    /// What the viewer knows of a creative that fits some slot. Asked once in each pod where it fits.
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding

    /// What to bid instead of what an ad is worth, in an auction in which the winner pays his bid. Asked for each ad
    /// of a pod that may be shaded, before its price is put aside; the answer's price is held to the ad's bounds.
    mutating func shade(_ bid: BidToShade) -> ShadedBid

    /// Fills rows with what profiles of one kind of thing say at this time: one for each of these asks. Each is
    /// answered once, with what is known or that nothing is.
    mutating func hydrate(
        _ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32)

    /// Why a model is not to be asked; nil where it is. Asked for each goal of a pod and those of its campaigns that
    /// have models of their own, the best tier first.
    mutating func fall(of use: ModelUse) -> TierFall?

    /// The model was asked; what it took is what the next answers may go by.
    mutating func used(_ use: ModelUse)

    /// Puts aside what an ad may cost. Asked for each ad of a pod, in the order in which they are shown; not asked for
    /// the ads of a test request.
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer

    /// The ad of this reservation, which put something aside, is not in the answer after all.
    mutating func release(_ reservation: Reservation)

    /// Who the viewer was when the decision was made first: what was kept of the request may not say it any more. Nil
    /// for a decision that is made for the first time.
    var recalled: RecalledViewer? { get }
}

extension DecisionState where Self: ~Copyable {
    public var recalled: RecalledViewer? { nil }

    /// Nobody plans: nobody counts what there is.
    public var placesSample: PlacesSample { .none }
    public mutating func offered(_ places: OfferedPlaces) {}
    public mutating func couldCompete(campaign: Int, pays: Bool) {}

    /// Nobody plans: all campaigns are as fast as they go.
    public mutating func admission(ofCampaign campaign: Int) -> PacingShare { .all }

    /// Nobody plans: money must bring itself.
    public mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice { .one }
    public var leastPrice: BudgetPrice { .one }

    /// Nobody keeps profiles.
    public mutating func hydrate(
        _ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32
    ) {
        for ask in asks { rows.answerUnknown(ask: ask, layout) }
    }

    /// There is always time.
    public mutating func fall(of use: ModelUse) -> TierFall? { nil }
    public mutating func used(_ use: ModelUse) {}

    /// Who has seen no outcome knows nothing better than the value.
    public mutating func shade(_ bid: BidToShade) -> ShadedBid {
        ShadedBid(price: bid.value, winChance: nil)
    }
}

/// What an ad is worth and what it costs, for a thousand impressions and in one currency.
public struct BudgetOffer: Hashable, Sendable {
    /// What it brings: its prediction times what its goal is worth.
    public var value: Micros
    /// The least that it can be had for, as far as the request says it; else the most that it may cost.
    public var cost: Micros

    public init(value: Micros, cost: Micros) { (self.value, self.cost) = (value, cost) }
}

/// A model that is to predict for some candidates.
public struct ModelUse: Hashable, Sendable {
    /// Its number in the set.
    public var model: Int
    public var goal: PredictedGoal
    public var tier: ScoringTier
    public var candidates: Int
    /// How long the exchange waits, the network left out; nil where it does not say.
    public var patience: Interval?

    public init(
        model: Int, goal: PredictedGoal, tier: ScoringTier, candidates: Int, patience: Interval?
    ) {
        (self.model, self.goal, self.tier) = (model, goal, tier)
        (self.candidates, self.patience) = (candidates, patience)
    }
}

/// A bid that may be lower than what its ad is worth. All for a thousand impressions, in the response's currency.
public struct BidToShade: Hashable, Sendable {
    public var lineItem: Int
    /// Who sells: bids of one market compete with the same others.
    public var market: UInt64
    public var value: Micros
    public var floor: Micros
}

/// What a recorded decision knew of its viewer, as far as a record may say it.
public struct RecalledViewer: Hashable, Sendable {
    public var permissions: Permissions
    public var keys: ViewerKeys
    /// Which of the catalog's places finer than a city he was in, by their values there; nil where the request says it.
    public var places: [UInt32]?
    /// By the ads' numbers, whom their tokens named; none where `keys` say it.
    public var sealed: [SealedViewer]

    public init(
        permissions: Permissions, keys: ViewerKeys, places: [UInt32]? = nil, sealed: [SealedViewer] = []
    ) {
        (self.permissions, self.keys) = (permissions, keys)
        (self.places, self.sealed) = (places, sealed)
    }
}

/// Why a line item may not compete, or an ad not be paid for. Numbers are given once: journals hold them. The low half
/// is the reason, the high half which of the line item's caps it is, where it is one.
public struct StateRefusal: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    public let rawValue: UInt8

    /// Nil for a number that is no refusal.
    public init?(rawValue: UInt8) {
        guard let reason = Reason(rawValue: rawValue & 15), rawValue >> 4 < (reason.isCap ? 8 : 1) else {
            return nil
        }
        self.rawValue = rawValue
    }

    private init(_ reason: Reason, cap place: Int = 0) {
        // A line item has at most eight caps.
        rawValue = reason.rawValue | UInt8(truncatingIfNeeded: min(max(place, 0), 7)) << 4
    }

    private enum Reason: UInt8 {
        case budget = 1
        case pacing = 2
        case capByUser = 3
        case capByHousehold = 4
        case capUncountable = 5
        case unmarked = 6
        case noAccount = 7
        case fenced = 8

        var isCap: Bool { self == .capByUser || self == .capByHousehold || self == .capUncountable }
    }

    /// Nothing is left to spend of its campaign's budget, in all or for the day.
    public static let budget = StateRefusal(.budget)
    /// There is money, but not for use: the journal does not have its mark yet.
    public static let unmarked = StateRefusal(.unmarked)
    /// No account is open for its campaign: its issuer has none, or has not been asked yet, or its day is over.
    public static let noAccount = StateRefusal(.noAccount)
    /// There is money, and its issuer has been silent for so long that nobody may spend it.
    public static let fenced = StateRefusal(.fenced)
    /// Its campaign spends as fast as it is to.
    public static let pacing = StateRefusal(.pacing)
    /// Its cap at this place among its caps holds.
    public static func capByUser(_ place: Int) -> StateRefusal { StateRefusal(.capByUser, cap: place) }
    public static func capByHousehold(_ place: Int) -> StateRefusal {
        StateRefusal(.capByHousehold, cap: place)
    }
    /// It has a cap, and the viewer has no key that it could be counted by.
    public static func capUncountable(_ place: Int) -> StateRefusal {
        StateRefusal(.capUncountable, cap: place)
    }

    /// One of each reason.
    public static let allCases = [
        budget, unmarked, noAccount, fenced, pacing, capByUser(0), capByHousehold(0), capUncountable(0),
    ]

    private var reason: Reason {
        guard let reason = Reason(rawValue: rawValue & 15) else {
            preconditionFailure("checked where it was made: a refusal has a reason")
        }
        return reason
    }

    /// Which of the line item's caps holds; nil where it is none.
    var cap: Int? { reason.isCap ? Int(rawValue >> 4) : nil }

    /// Where a line item ends that is refused so.
    var outcome: LineItemOutcome {
        switch reason {
        case .budget: .budget
        case .unmarked: .unmarked
        case .noAccount: .noAccount
        case .fenced: .fenced
        case .pacing: .pacing
        case .capByUser: .capByUser
        case .capByHousehold: .capByHousehold
        case .capUncountable: .capUncountable
        }
    }
}

/// What the viewer knows of a creative. Numbers are given once: journals hold them.
public enum CreativeStanding: UInt8, CaseIterable, Sendable {
    case unseen = 0
    /// Another creative of its advertiser was shown in an earlier break.
    case advertiserSeen = 1
    case creativeSeen = 2
    /// It was shown as often as a cap by creative allows.
    case capped = 3
}

/// An ad that is to be bid, and the most that showing it once can cost.
public struct AdToReserve: Hashable, Sendable {
    public var lineItem: Int
    public var campaign: Int
    public var creative: Int
    /// For one impression, in the campaign's currency, at the rate of this moment. Rounded up.
    public var most: Micros
    /// What is bid for a thousand, in the response's currency.
    public var price: Micros
    /// By which its notices name it.
    public var number: UInt64
    /// Of a bid that may be shaded, the market that its outcome teaches of.
    public var market: UInt64?
    /// Where a model of some tier predicted what it is worth.
    public var prediction: AdPrediction?
}

/// Money put aside for one ad, by the name that its bill comes back with.
public struct Reservation: Hashable, Sendable, BitwiseCopyable {
    /// Whose money it is, which of its reservations this is, and under which mark: all zero where nobody counts.
    public var session: UInt64
    public var sequence: UInt64
    public var mark: UInt64
    /// Which of the campaign's windows pays, by its holder's own number.
    public var window: UInt32
    /// How long it is held: the bid's `exp`.
    public var seconds: UInt32

    public init(session: UInt64, sequence: UInt64, mark: UInt64, window: UInt32, seconds: UInt32) {
        self.session = session
        self.sequence = sequence
        self.mark = mark
        self.window = window
        self.seconds = seconds
    }

    /// Nothing was put aside, since nobody counts, or since the request is a test.
    public static let none = Reservation(session: 0, sequence: 0, mark: 0, window: 0, seconds: 0)
}

public enum ReservationAnswer: Hashable, Sendable {
    case reserved(Reservation)
    case refused(StateRefusal)
}

/// Budgets without end, and a viewer who has seen nothing: for trying out a catalog.
public struct FreeState: DecisionState {
    public init() {}

    public mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    public mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    public mutating func standing(
        ofCreative creative: Int, lineItem: Int, advertiser: Int
    ) -> CreativeStanding { .unseen }
    public mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    public mutating func release(_ reservation: Reservation) {}
}
