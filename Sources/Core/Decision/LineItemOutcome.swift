// What became of each line item, and why nothing was bid. The outcomes stand in the order of the pipeline: a line
// item with several creatives, offered several pods, has the outcome that got furthest, and only that one, so
// that the counts of all outcomes add up to the line items of the catalog.
public import OpenRTB
public import Units

public enum LineItemOutcome: UInt8, CaseIterable, Comparable, Sendable {
    /// Nobody was asked: the request as a whole could not be bid on.
    case request
    /// The index took it: its status, targeting, flight, or a block by advertiser or category.
    case targeting
    /// Refused before it could compete: its campaign has nothing left to spend, or not now.
    case budget
    case pacing
    /// It was shown to the viewer, or at the viewer's address, as often as its caps allow.
    case capByUser
    case capByHousehold
    /// It has a cap, and nothing by which the viewer could be counted may be used.
    case capUncountable
    /// There is no rate between its currency and the response's.
    case currency
    case worthless
    /// No slot takes ads of its medium.
    case medium
    case duration
    /// The request, the publisher or the inventory refuses the creative.
    case blocked
    /// None of its files is what the slot plays, or no version of VAST that the slot reads can carry it.
    case media
    /// The slot is sold on deals alone, or the deal it asks for cannot be bid on here.
    case deal
    case floor
    /// Each creative that fits was shown to the viewer as often as a cap allows.
    case capByCreative
    /// The viewer saw it in an earlier break, and the settings do not let it be seen again.
    case seenEarlier
    /// More valuable ads filled the list that goes into the pod's search.
    case crowdedOut
    /// Others are worth more in the pod, or share with it what a pod must not share.
    case outbid
    /// It would have won, and its budget could not put the price aside.
    case unreserved
    case won

    public static func < (a: LineItemOutcome, b: LineItemOutcome) -> Bool { a.rawValue < b.rawValue }

    public static let count = allCases.count

    /// For the table that people read.
    public var sentence: String {
        switch self {
        case .request: "not asked, as nothing could be bid on this request"
        case .targeting: "not for this request"
        case .budget: "its campaign has no money at hand: spent, set aside, or waiting for the journal"
        case .pacing: "its campaign spends as fast as it is to"
        case .capByUser: "shown to the viewer as often as its cap allows"
        case .capByHousehold: "shown to the household as often as its cap allows"
        case .capUncountable: "it has a cap, and the viewer may not be counted"
        case .currency: "no rate to the request's currency"
        case .medium: "no slot for its medium"
        case .duration: "no slot takes its duration"
        case .blocked: "its creative is refused by request, publisher or inventory"
        case .media: "no file that the slot plays"
        case .deal: "the slot is for deals, or its deal cannot be bid on"
        case .worthless: "worth nothing by its goal"
        case .floor: "below the floor"
        case .capByCreative: "its creative was shown to the viewer as often as its cap allows"
        case .seenEarlier: "the viewer saw it in an earlier break"
        case .crowdedOut: "not among the most valuable that a pod considers"
        case .outbid: "others are worth more, or may not share the pod with it"
        case .unreserved: "its budget could not put the price aside"
        case .won: "won"
        }
    }
}

/// Why nothing was bid: OpenRTB's number where it has one, else one of ours, which start at 500.
public enum NoBid: Int32, CaseIterable, Sendable {
    /// OpenRTB's 15: the time given is over before an answer can be there.
    case insufficientTime = 15
    case seatNotAllowed = 500
    case noCurrency = 501
    /// Native ads are not answered; and in a VAST document, no banners.
    case noSlot = 502
    /// More values of interest than a query has room for.
    case tooManyValues = 503
    case nothingTargeted = 504
    case noCreativeFits = 505
    case noDeal = 506
    case belowFloor = 507
    case podNotFilled = 508
    /// The answer is larger than the memory for it.
    case answerTooLarge = 509
    case noBudget = 510
    case capped = 511

    public var sentence: String {
        switch self {
        case .insufficientTime: "the request leaves no time to answer"
        case .seatNotAllowed: "our seat may not bid"
        case .noCurrency: "no currency of the request has a rate"
        case .noSlot: "no slot that can be bid on"
        case .tooManyValues: "more values than a query has room for"
        case .nothingTargeted: "no line item is for this request"
        case .noCreativeFits: "no creative fits a slot"
        case .noDeal: "no deal of the request may be bid on"
        case .belowFloor: "all bids are below their floors"
        case .podNotFilled: "no ad could be placed"
        case .answerTooLarge: "the answer is larger than its memory"
        case .noBudget: "no budget for what could be bid"
        case .capped: "the viewer saw all that could be bid as often as is allowed"
        }
    }

    /// The reason, where this is the furthest that a line item got.
    init(furthest outcome: LineItemOutcome) {
        switch outcome {
        case .request, .targeting: self = .nothingTargeted
        case .budget, .pacing, .unreserved: self = .noBudget
        case .capByUser, .capByHousehold, .capUncountable, .capByCreative, .seenEarlier: self = .capped
        case .currency: self = .noCurrency
        case .medium, .duration, .blocked, .media: self = .noCreativeFits
        case .deal: self = .noDeal
        case .worthless, .floor: self = .belowFloor
        case .crowdedOut, .outbid, .won: self = .podNotFilled
        }
    }
}

/// What a decision came to, in numbers.
public struct DecisionTrace: Sendable {
    public internal(set) var lineItems = 0
    public internal(set) var retrieved = 0
    /// Line items whose creatives were looked at, over all pods.
    public internal(set) var considered = 0
    /// The index was asked.
    var wasAsked = false
    var counts = InlineArray<21, Int>(repeating: 0)
    /// Creatives of line items that went into the search of some pod.
    public internal(set) var candidates = 0
    public internal(set) var pods = 0
    public internal(set) var ads = 0
    public internal(set) var steps = 0
    /// Slots that were not offered: native ones, banners in a VAST document, those without a rate for their floor, or beyond a pod's bounds.
    public internal(set) var slotsLeftOut = 0
    /// Pods whose search stopped before its end; their bound says how far from the best they may be.
    public internal(set) var podsUnproven = 0
    public internal(set) var permissions = Permissions()

    /// How many line items ended so.
    public subscript(_ outcome: LineItemOutcome) -> Int { counts[Int(outcome.rawValue)] }

    /// Over all outcomes; always the line items of the catalog.
    public var accounted: Int {
        var sum = 0
        for index in counts.indices { sum += counts[index] }
        return sum
    }
}

/// The answer's size and what it is.
public struct Decision: Sendable {
    /// Nil for a bid.
    public internal(set) var noBid: NoBid?
    public internal(set) var byteCount = 0
    /// What the journal and the answer call it: its seed.
    public internal(set) var id: UInt64 = 0
    /// Of all its prices.
    public internal(set) var currency = CurrencyCode.usd
    public internal(set) var trace = DecisionTrace()

    public var isBid: Bool { noBid == nil }
    public var name: HexNumber { HexNumber(id) }
}

/// What an answer is written as.
public enum AnswerFormat: String, CaseIterable, Sendable {
    case openrtb
    /// The ads of the request's first pod as one VAST document, for players and stitchers.
    case vast
}
