// A state that answers as another one did when the decision was first made, and the same for another catalog.
public import Auction
public import Catalog
public import Features
public import Units

/// Answers in the order in which they were given: for the same decision once more.
public struct RecordedState: DecisionState {
    private let answers: RecordedAnswers
    private let profiles: [RecordedProfile]
    public let recalled: RecalledViewer?
    private var (used, fall, profile) = (0, 0, 0)
    private var (found, refusal, question, standing, reservation) = (0, 0, 0, 0, 0)
    private var (offered, shading) = (0, 0)
    private var share = 0
    private var (priced, price) = (0, 0)
    /// The line item at hand was held back by pacing: the decision draws its lot again.
    private var heldBack: PacingShare?
    /// The decision asked for more than was answered then, so it is not the same one.
    public private(set) var wasAskedMore = false
    /// What was answered, by what it was about.
    public private(set) var said = SaidByRow()

    /// Nil where the record has not all answers.
    public init?(_ record: RecordedDecision) {
        guard let answers = record.answers else { return nil }
        self.answers = answers
        profiles = record.models?.profiles ?? []
        recalled = record.viewer
    }

    public mutating func begin(_ viewer: ViewerKeys, at now: Instant) {
        (found, refusal, question, standing, reservation) = (0, 0, 0, 0, 0)
        (offered, shading) = (0, 0)
        (share, heldBack) = (0, nil)
        (priced, price) = (0, 0)
        (used, fall, profile) = (0, 0, 0)
        (wasAskedMore, said) = (false, SaidByRow())
        said.leastPrice = answers.leastPrice
    }

    public var leastPrice: BudgetPrice { answers.leastPrice }

    public mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        defer { priced += 1 }
        guard price < answers.prices.count, answers.prices[price].question == priced else { return .one }
        defer { price += 1 }
        said.prices[campaign] = answers.prices[price].answer
        return answers.prices[price].answer
    }

    public mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        defer { found += 1 }
        guard refusal < answers.refusals.count, answers.refusals[refusal].question == found else {
            return nil
        }
        defer { refusal += 1 }
        let answer = answers.refusals[refusal].answer
        said.refusals[lineItem] = answer
        guard answer == .pacing else { return answer }
        let known = share < answers.shares.count ? answers.shares[share] : PacingShare.none
        share += 1
        // Whom nothing lets through is not asked about any more.
        guard known != .none else { return answer }
        heldBack = known
        return nil
    }

    public mutating func admission(ofCampaign campaign: Int) -> PacingShare {
        defer { heldBack = nil }
        return heldBack ?? .all
    }

    public mutating func standing(
        ofCreative creative: Int, lineItem: Int, advertiser: Int
    ) -> CreativeStanding {
        defer { question += 1 }
        guard standing < answers.standings.count, answers.standings[standing].question == question else {
            return .unseen
        }
        defer { standing += 1 }
        said.standings[creative] = answers.standings[standing].answer
        return answers.standings[standing].answer
    }

    public mutating func shade(_ bid: BidToShade) -> ShadedBid {
        defer { offered += 1 }
        guard shading < answers.shadings.count, answers.shadings[shading].question == offered else {
            return ShadedBid(price: bid.value, winChance: nil)
        }
        defer { shading += 1 }
        said.shadings[bid.lineItem] = answers.shadings[shading].answer
        return answers.shadings[shading].answer
    }

    public mutating func hydrate(
        _ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32
    ) {
        for ask in asks {
            let known = profile < profiles.count ? profiles[profile] : nil
            guard let known, known.answers(rows[ask: ask], layout) else {
                wasAskedMore = true
                rows.answerUnknown(ask: ask, layout)
                continue
            }
            profile += 1
            said.profiles[ProfileName(known.entity, known.key)] = known
            known.fill(&rows, ask: ask, layout)
        }
    }

    public mutating func fall(of use: ModelUse) -> TierFall? {
        defer { used += 1 }
        guard fall < answers.falls.count, answers.falls[fall].question == used else { return nil }
        defer { fall += 1 }
        return answers.falls[fall].answer
    }

    public mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        guard reservation < answers.reservations.count else {
            wasAskedMore = true
            return .reserved(.none)
        }
        defer { reservation += 1 }
        if case .refused(let refusal) = answers.reservations[reservation] {
            said.unpaid[ad.lineItem] = refusal
        }
        return answers.reservations[reservation]
    }

    public mutating func release(_ reservation: Reservation) {}
}

/// Answers by rows of a catalog.
public struct SaidByRow: Sendable {
    var refusals: [Int: StateRefusal] = [:]
    var standings: [Int: CreativeStanding] = [:]
    var unpaid: [Int: StateRefusal] = [:]
    var shadings: [Int: ShadedBid] = [:]
    var prices: [Int: BudgetPrice] = [:]
    var leastPrice = BudgetPrice.one
    /// These are named by their keys, which all catalogs share.
    var profiles: [ProfileName: RecordedProfile] = [:]

    public init() {}

    /// Nothing is known of line items, and of profiles what the record has.
    public init(profilesOf record: RecordedDecision) {
        for known in record.models?.profiles ?? [] { profiles[ProfileName(known.entity, known.key)] = known }
    }
}

/// The same answers about whatever has the same id in another catalog. What that one has beside is refused nothing.
public struct SupposedState: DecisionState {
    private var said = SaidByRow()
    public let recalled: RecalledViewer?

    public init(_ said: SaidByRow, of record: RecordedDecision, through rows: CatalogRows) {
        // Places are numbers of the other catalog.
        recalled = RecalledViewer(permissions: record.permissions, keys: record.viewerKeys)
        self.said.profiles = said.profiles
        for (row, refusal) in said.refusals {
            if let other = rows.lineItems[row] { self.said.refusals[other] = refusal }
        }
        for (row, refusal) in said.unpaid {
            if let other = rows.lineItems[row] { self.said.unpaid[other] = refusal }
        }
        for (row, shading) in said.shadings {
            if let other = rows.lineItems[row] { self.said.shadings[other] = shading }
        }
        for (row, price) in said.prices {
            if let other = rows.campaigns[row] { self.said.prices[other] = price }
        }
        self.said.leastPrice = said.leastPrice
        for (row, standing) in said.standings {
            if let other = rows.creatives[row] { self.said.standings[other] = standing }
        }
    }

    /// Of line items that did not exist then.
    public init(profilesOf record: RecordedDecision) {
        recalled = RecalledViewer(permissions: record.permissions, keys: record.viewerKeys)
        said = SaidByRow(profilesOf: record)
    }

    public mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}
    public mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        said.refusals[lineItem]
    }
    public mutating func standing(
        ofCreative creative: Int, lineItem: Int, advertiser: Int
    ) -> CreativeStanding { said.standings[creative] ?? .unseen }
    /// A campaign's money is to bring what it was to bring then.
    public mutating func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        said.prices[campaign] ?? .one
    }
    public var leastPrice: BudgetPrice { said.leastPrice }
    /// What won then would win now: the price stays, within what the ad is worth with the other catalog.
    public mutating func shade(_ bid: BidToShade) -> ShadedBid {
        said.shadings[bid.lineItem] ?? ShadedBid(price: bid.value, winChance: nil)
    }
    /// Of whom nobody asked then, nothing is known now.
    public mutating func hydrate(
        _ rows: inout FeatureRows, asks: Range<Int>, _ layout: ProfileLayout, at now: UInt32
    ) {
        for ask in asks {
            let name = ProfileName(rows[ask: ask].entity, rows[ask: ask].key)
            if let known = said.profiles[name], known.answers(rows[ask: ask], layout) {
                known.fill(&rows, ask: ask, layout)
            } else {
                rows.answerUnknown(ask: ask, layout)
            }
        }
    }

    public mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        said.unpaid[ad.lineItem].map { .refused($0) } ?? .reserved(.none)
    }
    public mutating func release(_ reservation: Reservation) {}
}

/// Which rows of two catalogs are of one id.
public struct CatalogRows: Sendable {
    /// From rows of the first to rows of the second.
    public let lineItems: [Int: Int]
    public let campaigns: [Int: Int]
    public let creatives: [Int: Int]

    public init(from first: CatalogSnapshot, to second: CatalogSnapshot) {
        lineItems = Self.rows(
            first.lineItemCount, { first.id(.lineItems, at: $0) }, second.lineItemCount,
            { second.id(.lineItems, at: $0) })
        campaigns = Self.rows(
            first.campaignCount, { first.id(.campaigns, at: $0) }, second.campaignCount,
            { second.id(.campaigns, at: $0) })
        creatives = Self.rows(
            first.creativeCount, { first.id(.creatives, at: $0) }, second.creativeCount,
            { second.id(.creatives, at: $0) })
    }

    private static func rows(
        _ count: Int, _ id: (Int) -> String, _ otherCount: Int, _ otherID: (Int) -> String
    ) -> [Int: Int] {
        var byID: [String: Int] = [:]
        for row in 0..<otherCount { byID[otherID(row)] = row }
        var rows: [Int: Int] = [:]
        for row in 0..<count {
            if let other = byID[id(row)] { rows[row] = other }
        }
        return rows
    }
}
