// What became of each line item, and why nothing was bid. The outcomes stand in the order of the pipeline: a line
// item with several creatives, offered several pods, has the outcome that got furthest, and only that one, so
// that the counts of all outcomes add up to the line items of the catalog.
public import OpenRTB
public import Units

public enum LineItemOutcome: UInt8, CaseIterable, Comparable, Sendable {
    /// Nobody was asked: the request as a whole could not be bid on.
    case request = 0
    /// The index took it: its status, targeting, flight, or a block by advertiser or category.
    case targeting = 1
    /// Refused before it could compete: nobody has opened an account for its campaign.
    case noAccount = 22
    /// Its campaign has nothing left to spend, or not now.
    case budget = 2
    /// There is money, and the lease has run out under which it may be spent.
    case fenced = 23
    /// There is money, and the journal does not have its mark yet: a node that just started, or a disk that is slow.
    case unmarked = 21
    case pacing = 3
    /// It was shown to the viewer, or at the viewer's address, as often as its caps allow.
    case capByUser = 4
    case capByHousehold = 5
    /// It has a cap, and nothing by which the viewer could be counted may be used.
    case capUncountable = 6
    /// There is no rate between its currency and the response's.
    case currency = 7
    case worthless = 8
    /// No slot takes ads of its medium.
    case medium = 9
    case duration = 10
    /// The request, the publisher or the inventory refuses the creative.
    case blocked = 11
    /// None of its files is what the slot plays, or no version of VAST that the slot reads can carry it.
    case media = 12
    /// The slot is sold on deals alone, or the deal it asks for cannot be bid on here.
    case deal = 13
    case floor = 14
    /// It brings less for its cost than a unit of its campaign's money must bring now.
    case underPrice = 24
    /// Each creative that fits was shown to the viewer as often as a cap allows.
    case capByCreative = 15
    /// The viewer saw it in an earlier break, and the settings do not let it be seen again.
    case seenEarlier = 16
    /// More valuable ads filled the list that goes into the pod's search.
    case crowdedOut = 17
    /// Others are worth more in the pod, or share with it what a pod must not share.
    case outbid = 18
    /// It would have won, and its budget could not put the price aside.
    case unreserved = 19
    case won = 20

    public static func < (a: LineItemOutcome, b: LineItemOutcome) -> Bool { a.rank < b.rank }

    /// In the order of the cases, which is not that of their numbers: what came later stands where it belongs.
    private var rank: UInt8 {
        switch self {
        case .noAccount: 4 * Self.budget.rawValue - 1
        case .fenced: 4 * Self.budget.rawValue + 1
        case .unmarked: 4 * Self.budget.rawValue + 2
        case .underPrice: 4 * Self.floor.rawValue + 1
        default: 4 * rawValue
        }
    }

    public static let count = allCases.count

    /// Of a line item that was found and did not win.
    var isOfFound: Bool { self > .targeting && self < .won }

    /// It could have won, had others not been worth more.
    var isLostToOthers: Bool { self == .crowdedOut || self == .outbid }

    /// For the table that people read.
    public var sentence: String {
        switch self {
        case .request: "not asked, as nothing could be bid on this request"
        case .targeting: "not for this request"
        case .budget: "its campaign has no money at hand: spent, or set aside"
        case .noAccount: "no account is open for its campaign: its issuer has none, or has not named it yet"
        case .fenced: "its campaign's money is behind a lease that has run out: its issuer is silent"
        case .unmarked: "its campaign's money waits for the journal"
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
        case .underPrice: "it brings less than its campaign's money is to bring"
        case .capByCreative: "its creative was shown to the viewer as often as its cap allows"
        case .seenEarlier: "the viewer saw it in an earlier break"
        case .crowdedOut: "not among the most valuable that a pod considers"
        case .outbid: "others are worth more, or may not share the pod with it"
        case .unreserved: "its budget could not put the price aside"
        case .won: "won"
        }
    }
}

/// How many line items ended so, by the outcome's number.
public typealias OutcomeCounts = InlineArray<25, Int>

/// Why nothing was bid: OpenRTB's number where it has one, else one of ours, which start at 500.
public enum NoBid: Int32, CaseIterable, Sendable {
    /// OpenRTB's 15: the time given is over before an answer can be there.
    case insufficientTime = 15
    case seatNotAllowed = 500
    /// Of an amount that had to be compared: of the request, of its floors, of the place's, or of most line items.
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
    /// 512 to 514 are of overload, before a request is looked at: `LoadGate`.
    case noMoneyYet = 515

    public var sentence: String {
        switch self {
        case .insufficientTime: "the request leaves no time to answer"
        case .seatNotAllowed: "our seat may not bid"
        case .noCurrency: "a currency has no rate: of the request, its floors, the place's or the line items'"
        case .noSlot: "no slot that can be bid on"
        case .tooManyValues: "more values than a query has room for"
        case .nothingTargeted: "no line item is for this request"
        case .noCreativeFits: "no creative fits a slot"
        case .noDeal: "no deal of the request may be bid on"
        case .belowFloor: "all bids are below their floors"
        case .podNotFilled: "no ad could be placed"
        case .answerTooLarge: "the answer is larger than its memory"
        case .noBudget: "no budget for what could be bid"
        case .noMoneyYet: "the money for what could be bid waits for the journal"
        case .capped: "the viewer saw all that could be bid as often as is allowed"
        }
    }

    /// Why none of the line items that were found won, by how many of them ended how: the reason of most of them; of two
    /// that are as many, the one whose line items got further. Who only lost to others does not count where anybody
    /// ended otherwise: those others did not win either.
    init(mostOf counts: OutcomeCounts) {
        // By number: `allCases` would make an array for each no-bid.
        var sums = InlineArray<14, Int>(repeating: 0)
        for number in counts.indices {
            guard let outcome = LineItemOutcome(rawValue: UInt8(number)), outcome.isOfFound else { continue }
            if !outcome.isLostToOthers { sums[NoBid(outcome).place] += counts[number] }
        }
        self = .podNotFilled
        var (most, furthest) = (0, LineItemOutcome.request)
        for number in counts.indices where counts[number] > 0 {
            guard let outcome = LineItemOutcome(rawValue: UInt8(number)), outcome.isOfFound else { continue }
            let reason = NoBid(outcome)
            let sum = sums[reason.place]
            guard sum > most || sum > 0 && sum == most && outcome > furthest else { continue }
            (self, most, furthest) = (reason, sum, outcome)
        }
    }

    /// What a line item that ended so says.
    private init(_ outcome: LineItemOutcome) {
        switch outcome {
        case .request, .targeting: self = .nothingTargeted
        case .noAccount, .budget, .fenced, .pacing, .underPrice, .unreserved: self = .noBudget
        case .unmarked: self = .noMoneyYet
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
    var counts = OutcomeCounts(repeating: 0)
    /// Creatives of line items that went into the search of some pod.
    public internal(set) var candidates = 0
    public internal(set) var pods = 0
    public internal(set) var ads = 0
    public internal(set) var steps = 0
    /// Slots that were not offered: native ones, banners in a VAST document, those without a rate for their floor, or beyond a pod's bounds.
    public internal(set) var slotsLeftOut = 0
    /// Of them, those whose floors are in a currency without a rate.
    var slotsWithoutRate = 0
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
    /// The request was a test: nothing was put aside for its ads, and their notices bill nothing.
    public internal(set) var isTest = false

    public var isBid: Bool { noBid == nil }
    public var name: HexNumber { HexNumber(id) }
}

/// What an answer is written as.
public enum AnswerFormat: String, CaseIterable, Sendable {
    case openrtb
    /// The ads of the request's first pod as one VAST document, for players and stitchers.
    case vast
}
