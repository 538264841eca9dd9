// What an ad is sold for. Where an exchange asks us, we say what we bid, and the exchange makes the price; where a
// player or a stitcher asks, the auction is ours: among our own ads we make the price (docs/decisions/0028).
internal import Auction
internal import Catalog
internal import OpenRTB
public import Units

/// How a slot, or a deal on it, is sold.
enum SaleRule: UInt8 {
    case firstPrice, secondPrice
    /// At the deal's floor.
    case fixed

    /// An exchange's own rule, from 500 on, is not ours to know: what is bid there is what it is worth.
    init(openRTB at: Int32) {
        self =
            at == AuctionType.firstPrice ? .firstPrice : at == AuctionType.fixedPrice ? .fixed : .secondPrice
    }

    init(_ auction: Catalog.Deal.Auction) {
        switch auction {
        case .firstPrice: self = .firstPrice
        case .secondPrice: self = .secondPrice
        case .fixed: self = .fixed
        }
    }
}

/// The price of one ad, and how it came about. All for a thousand impressions, in the response's currency.
public struct AdSale: Hashable, Sendable {
    /// Numbers are given once: journals hold them. The first five are those of `Cleared.Basis`.
    public enum Basis: UInt8, CaseIterable, Sendable {
        case ownBid = 0
        case nextBid = 1
        case hardFloor = 2
        case softFloor = 3
        case belowSoftFloor = 4
        /// The deal's fixed price.
        case fixed = 5
        /// A sponsorship or a guaranteed line item pays what was agreed on, whoever competes.
        case agreed = 6
        /// Less than what it is worth to it, as bids at such a price were seen to win.
        case shaded = 7
    }

    /// The most that it may cost: so much is put aside.
    public var bid = Micros.zero
    /// What is bid at an exchange; in our own auction, what is paid.
    public var price = Micros.zero
    public var basis = Basis.ownBid
    /// The least price in its place.
    public var floor = Micros.zero
    public var softFloor: Micros?
    /// In our own auction, the line item whose bid is the next one.
    public var rival: Int?
    /// What it is worth to who pays: the bid, before it was shaded.
    public var worth = Micros.zero
    /// The chance of winning that a shaded bid rests on, in millionths.
    public var winChance: Int64?
    /// Where the bid may be shaded, the market that its outcome teaches of.
    public var market: UInt64?
}

extension DecisionWorkspace {
    /// The price of a pod's ad in its place. The candidate's deal is that of the slot already, and its price what it
    /// bids.
    mutating func sell<State: DecisionState & ~Copyable>(
        _ candidate: RankedCandidate, at position: Int, of solution: PodSolution,
        _ request: borrowing BidRequest, _ state: inout State
    ) -> AdSale {
        let slot = solution[position].segment
        var sale = AdSale(bid: candidate.price, price: candidate.price)
        sale.worth = candidate.most
        let rule: SaleRule
        if let deal = candidate.deal {
            rule = deals[deal].rule
            sale.floor = floor(of: deal, seconds: candidate.seconds, request) ?? .zero
            sale.softFloor = deals[deal].soft
        } else {
            rule = saleRule
            sale.floor = slots[slot].segment.floors.price(seconds: candidate.seconds)
            sale.softFloor = slots[slot].segment.floors.soft
        }
        guard rule != .fixed || candidate.deal == nil else {
            sale.basis = .fixed
            return sale
        }
        if !isSeller, rule == .firstPrice, mayShade(candidate) { shade(&sale, candidate, request, &state) }
        guard isSeller, rule == .secondPrice else { return sale }
        guard candidate.tier == .open else {
            sale.basis = .agreed
            return sale
        }
        let rival = problem.rival(of: position, in: solution)
        var next: Micros?
        if let rival { next = needed(toBeat: ranked[rival].value, candidate) }
        let cleared = Clearing(.secondPrice).clear(
            bid: sale.bid, next: next, hard: sale.floor, soft: sale.softFloor)
        guard let cleared, let basis = AdSale.Basis(rawValue: cleared.by.rawValue) else { return sale }
        sale.price = cleared.price
        sale.basis = basis
        if let rival { sale.rival = ranked[rival].lineItem }
        return sale
    }

    /// The line item says so, or the publisher, or the settings; the last two of open line items alone, as what is
    /// guaranteed is to be won.
    mutating func mayShade(_ candidate: RankedCandidate) -> Bool {
        if let own = snapshot.lineItemShading(candidate.lineItem) { return own }
        guard candidate.tier == .open else { return false }
        return place.publisher.flatMap { snapshot.publisherShading($0) } ?? settings.shadesBids
    }

    private mutating func shade<State: DecisionState & ~Copyable>(
        _ sale: inout AdSale, _ candidate: RankedCandidate, _ request: borrowing BidRequest,
        _ state: inout State
    ) {
        let market = market(of: candidate, request)
        let answer = state.shade(
            BidToShade(lineItem: candidate.lineItem, market: market, value: sale.bid, floor: sale.floor))
        answers.note(answer, value: sale.bid)
        sale.market = market
        let price = answer.bounded(value: sale.bid, floor: sale.floor)
        guard price < sale.bid else { return }
        (sale.bid, sale.price, sale.basis, sale.winChance) = (price, price, .shaded, answer.winChance)
    }

    /// A deal is a market of its own; else a publisher's slots of one medium are.
    private mutating func market(of candidate: RankedCandidate, _ request: borrowing BidRequest) -> UInt64 {
        // FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        take(demand.creatives[candidate.creative].format)
        take(candidate.deal == nil ? 0 : 1)
        let name = request[candidate.deal.map { deals[$0].deal.id } ?? request.inventory.publisher.id]
        for at in 0..<name.byteCount { take(name.byte(at)) }
        return hash
    }

    /// What the candidate must bid to rank as high: more than the rival's rank where what the viewer saw or the price of
    /// its budget lowers its own, and less where its budget is given way to.
    private mutating func needed(toBeat worth: Micros, _ candidate: RankedCandidate) -> Micros {
        // Where it costs what it is worth, all that makes its rank another one than its bid goes with the bid.
        let handicap = candidate.costsItsWorth ? .zero : candidate.handicap
        let whole = candidate.most - handicap
        guard whole != candidate.value || handicap != .zero, candidate.value > .zero else { return worth }
        let product = Int128(worth.rawValue) * Int128(whole.rawValue)
        let (quotient, rest) = product.quotientAndRemainder(dividingBy: Int128(candidate.value.rawValue))
        let needed = quotient + (rest > 0 ? 1 : 0) + Int128(handicap.rawValue)
        return Micros(Int64(clamping: max(needed, 0)))
    }
}
