// What a campaign's money must bring, asked of the state once a decision, and what it makes of a candidate: whether it
// takes part, and what it ranks by. What is bid stays what the buyer said (docs/decisions/0075).
public import Auction
internal import Catalog
internal import OpenRTB
internal import Units

/// The price of a campaign's budget, and in which decision it was asked.
struct AskedPrice {
    var decision: UInt32 = 0
    var price = BudgetPrice.one
}

/// The prices of budgets that were asked in the decision at hand, by the campaign's row.
struct AskedBudgets: ~Copyable {
    private var asked: DecisionTable<AskedPrice>
    /// Counts decisions; none has the first number.
    private var decision: UInt32 = 0

    init(campaigns: Int) { asked = .filled(max(campaigns, 1), with: AskedPrice()) }

    mutating func removeAll() {
        decision &+= 1
        guard decision == 0 else { return }
        // Once in four billion decisions the numbers start anew.
        for campaign in 0..<asked.count { asked[campaign].decision = 0 }
        decision = 1
    }

    /// Nil where it was not asked yet.
    @inline(__always)
    func price(of campaign: Int) -> BudgetPrice? {
        asked[campaign].decision == decision ? asked[campaign].price : nil
    }

    mutating func keep(_ price: BudgetPrice, of campaign: Int) {
        asked[campaign] = AskedPrice(decision: decision, price: price)
    }
}

/// What a candidate was held to: for people to see.
public struct BudgetQuote: Hashable, Sendable {
    public let offer: BudgetOffer
    public let price: BudgetPrice
    /// It brings less, and a lot let it take part.
    public let isByLot: Bool

    public var sentence: String {
        "it brings \(offer.value) for \(offer.cost), and a unit of its campaign's money is to bring \(text)"
    }

    /// To thousandths.
    public var text: String {
        let thousandths = Int64((price.number * 1_000).rounded())
        let rest = String(thousandths.magnitude % 1_000)
        let zeros = String(repeating: "0", count: 3 - rest.count)
        return "\(thousandths < 0 ? "-" : "")\(thousandths.magnitude / 1_000).\(zeros)\(rest)"
    }
}

extension DecisionWorkspace {
    /// Before anybody ranks: by how much one may rank higher than it is worth.
    mutating func takeLeastPrice<State: DecisionState & ~Copyable>(of state: inout State) {
        answers.leastPrice = isPaced ? min(state.leastPrice, .one) : .one
        raise = Int64(BudgetPrice.one.rawValue) - Int64(answers.leastPrice.rawValue)
    }

    /// The most that a candidate of this worth may rank by: nothing costs more than it is worth.
    @inline(__always)
    mutating func raised(_ worth: Micros) -> Micros {
        guard raise > 0 else { return worth }
        return Micros(
            Int64(clamping: Int128(worth.rawValue) + (Int128(worth.rawValue) * Int128(raise)) >> 20 + 1))
    }

    /// Whether a candidate that can pay for its place brings what its campaign's money is to bring, and what it ranks by.
    mutating func holdToPrice<State: DecisionState & ~Copyable>(
        _ candidate: inout RankedCandidate, _ request: borrowing BidRequest, _ state: inout State
    ) -> LineItemOutcome {
        guard isPaced else { return .crowdedOut }
        let leastCost = leastCost(of: candidate, request)
        let offer = BudgetOffer(value: candidate.most, cost: leastCost ?? candidate.most)
        let price = price(ofCampaign: candidate.campaign, offer, &state)
        guard price != .one else { return .crowdedOut }
        let lot = PacingShare.marginLot(decision: seed, campaign: candidate.campaign)
        let rank = price.rank(value: offer.value, cost: offer.cost, lot: lot)
        if report != nil { quote(offer, price, candidate, takesPart: rank != nil) }
        guard let rank else { return .underPrice }
        candidate.handicap = candidate.most - rank
        candidate.costsItsWorth = leastCost == nil
        candidate.value = rank
        return .crowdedOut
    }

    private mutating func quote(
        _ offer: BudgetOffer, _ price: BudgetPrice, _ candidate: RankedCandidate, takesPart: Bool
    ) {
        let isUnder =
            Int128(offer.value.rawValue) << 20 < Int128(price.rawValue) * Int128(offer.cost.rawValue)
        let quote = BudgetQuote(offer: offer, price: price, isByLot: takesPart && isUnder)
        report?.quotes[candidate.lineItem, default: [:]][candidate.creative] = quote
    }

    private mutating func price<State: DecisionState & ~Copyable>(
        ofCampaign campaign: Int, _ offer: BudgetOffer, _ state: inout State
    ) -> BudgetPrice {
        if let known = budgets.price(of: campaign) { return known }
        let price = max(state.price(ofCampaign: campaign, for: offer), answers.leastPrice)
        answers.note(price: price)
        budgets.keep(price, of: campaign)
        return price
    }

    /// For a thousand impressions: what is agreed on or bid where that is what is paid; where somebody else's bid makes
    /// the price, or ours may be shaded to near it, the floor, and where there is none, the most that it may cost. Nil where that
    /// is what it is worth, whatever that is.
    private mutating func leastCost(of candidate: RankedCandidate, _ request: borrowing BidRequest) -> Micros?
    {
        let rule = candidate.deal.map { deals[$0].rule } ?? saleRule
        switch rule {
        case .firstPrice where isSeller || !mayShade(candidate): return nil
        case .fixed: return candidate.price
        case .firstPrice, .secondPrice:
            // In our own auction these pay what they bid.
            if isSeller, candidate.tier != .open { return nil }
            let floor: Micros
            if let deal = candidate.deal {
                floor = self.floor(of: deal, seconds: candidate.seconds, request) ?? .zero
            } else {
                floor = kindFit(ofCreative: candidate.creative, request).floor
            }
            return floor > .zero ? min(floor, candidate.most) : nil
        }
    }
}
