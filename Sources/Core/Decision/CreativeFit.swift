// Which slots of a pod a creative may stand in, and for how much. A pod's search knows durations and floors; all else
// is decided here, slot by slot.
internal import Auction
internal import Catalog
internal import OpenRTB
internal import Units

/// A creative of a line item that may be placed.
struct RankedCandidate {
    var lineItem = 0
    var campaign = 0
    var advertiser = 0
    var creative = 0
    /// Among the deals offered, that of the first slot which it may stand in; nil in the open auction.
    var deal: Int?
    /// Slots that may hold it, a bit each.
    var slots: UInt32 = 0
    var seconds: Int32 = 0
    var tier = PriorityTier.open
    var value = Micros.zero
    /// What it may cost at most: its value before what the viewer saw lowers that.
    var most = Micros.zero
    /// What its cost is to bring beyond itself, by the price of its budget: it ranks by so much less than it is worth.
    var handicap = Micros.zero
    /// It costs what it is worth, so that another bid would have another handicap.
    var costsItsWorth = false
    /// What is bid, in the first slot which it may stand in.
    var price = Micros.zero
    /// Decides between equals, by the seed, so that none of them is always first.
    var lot: UInt64 = 0

    func goesBefore(_ other: borrowing RankedCandidate) -> Bool {
        if tier != other.tier { return tier < other.tier }
        if value != other.value { return value > other.value }
        if lot != other.lot { return lot < other.lot }
        return (lineItem, creative) < (other.lineItem, other.creative)
    }
}

extension RawSpan {
    /// Whether an address is fetched in the clear.
    var isPlainHTTP: Bool { starts(with: "http://", anyCase: true) }
}

extension CreativeRow {
    /// Encoders end on a frame and on a packet of sound: so much beyond a whole second is not a second more.
    private static let tailMilliseconds = 100

    /// How long it plays in whole seconds, as requests count.
    var seconds: Int32 {
        if milliseconds == 0 { return Self.bannerSeconds }
        let whole = milliseconds / 1_000
        return Int32(milliseconds % 1_000 > Self.tailMilliseconds || whole == 0 ? whole + 1 : whole)
    }

    /// A banner takes no time. Places are searched by time, so it and its slot are taken to have this much.
    static let bannerSeconds: Int32 = 1
}

extension DecisionWorkspace {
    /// Ranks the creatives of a line item for the pod at hand; how far the best of them got.
    mutating func consider<State: DecisionState & ~Copyable>(
        _ lineItem: Int, seed: UInt64, _ request: borrowing BidRequest, _ state: inout State
    ) -> LineItemOutcome {
        let row = demand.lineItems[lineItem]
        guard let rate = exchange.rate(from: row.currency) else { return .currency }
        guard let worth = row.worth, worth > .zero else { return .worthless }
        guard let value = rate == .one ? worth : rate.convert(worth, for: .bid), value > .zero else {
            return .worthless
        }
        var candidate = RankedCandidate()
        candidate.lineItem = lineItem
        candidate.campaign = Int(row.campaign)
        candidate.advertiser = Int(row.advertiser)
        candidate.tier = row.tier
        candidate.value = value
        // What would fall off the list again need not be looked at.
        guard mayEnter(candidate.tier, atMost: raised(value)) else { return .crowdedOut }
        let asks = row.asksForSomeDeal && asksForDeal(lineItem)
        let creatives = row.creatives.range
        var furthest = LineItemOutcome.medium
        for place in creatives {
            candidate.creative = snapshot.creative(inList: place)
            candidate.deal = nil
            candidate.value = value
            candidate.handicap = .zero
            candidate.costsItsWorth = false
            var outcome = fit(&candidate, asksForDeal: asks, hasOthers: creatives.count > 1, request)
            if outcome == .crowdedOut { outcome = holdToPrice(&candidate, request, &state) }
            if outcome == .crowdedOut { outcome = weigh(&candidate, &state) }
            furthest = max(furthest, outcome)
            guard outcome == .crowdedOut else { continue }
            var lots = SplitMix64(state: seed ^ UInt64(lineItem) << 32 ^ UInt64(candidate.creative))
            candidate.lot = lots.next()
            rank(candidate)
        }
        return furthest
    }

    /// Whether a candidate of this worth could come among those that are ranked; equals may, by lot.
    private mutating func mayEnter(_ tier: PriorityTier, atMost value: Micros) -> Bool {
        guard ranked.count == rankedMost else { return true }
        let last = ranked.count - 1
        if tier != ranked[last].tier { return tier < ranked[last].tier }
        return value >= ranked[last].value
    }

    /// Crowded out means that it fits: it is, until the final list has it.
    private mutating func fit(
        _ candidate: inout RankedCandidate, asksForDeal: Bool, hasOthers: Bool,
        _ request: borrowing BidRequest
    ) -> LineItemOutcome {
        let outcome = fitSlots(&candidate, hasOthers: hasOthers, request)
        return outcome == .crowdedOut ? price(&candidate, asksForDeal: asksForDeal, request) : outcome
    }

    /// Whether some slot takes it, whatever it is worth.
    mutating func fitSlots(
        _ candidate: inout RankedCandidate, hasOthers: Bool, _ request: borrowing BidRequest
    ) -> LineItemOutcome {
        let fit = kindFit(ofCreative: candidate.creative, request)
        guard fit.slots != 0 else { return fit.outcome }
        candidate.seconds = demand.creatives[candidate.creative].seconds
        candidate.slots = fit.slots
        return isRefused(candidate.creative, hasOthers, request) ? .blocked : .crowdedOut
    }

    /// Whether some slot that takes it takes it at its value. The search asks the floor of each.
    mutating func price(
        _ candidate: inout RankedCandidate, asksForDeal: Bool, _ request: borrowing BidRequest
    ) -> LineItemOutcome {
        candidate.most = candidate.value
        candidate.price = candidate.value
        if asksForDeal { return priceOnDeal(&candidate, request) }
        let fit = kindFit(ofCreative: candidate.creative, request)
        candidate.slots = fit.openSlots
        guard fit.openSlots != 0 else { return .deal }
        return candidate.price >= fit.floor ? .crowdedOut : .floor
    }

    /// Whether the slot refuses one of the creative's attributes.
    mutating func refuses(
        _ slot: Int, _ creative: KnownCreative, _ request: borrowing BidRequest
    ) -> Bool {
        let refused = request[slots[slot].refusedAttributes]
        if refused.isEmpty { return false }
        for place in creative.attributes.range {
            let attribute = Int32(snapshot.attribute(inList: place))
            for index in refused.indices where refused[index] == attribute { return true }
        }
        return false
    }

    mutating func plays(
        _ slot: Int, _ creative: KnownCreative, _ request: borrowing BidRequest
    ) -> Bool {
        if slots[slot].medium == Self.banner, let banner = request.imps[slots[slot].imp].banner {
            return mayExpand(creative, banner, request)
                && bannerFile(of: creative, banner, needsHTTPS: slots[slot].needsHTTPS, request) != nil
        }
        if creative.tag != nil {
            // What the other server's ad is, only that server knows.
            return slots[slot].wrapper != nil && (creative.hasSecureTag || !slots[slot].needsHTTPS)
        }
        guard slots[slot].version != nil else { return false }
        for media in creative.media.range where demand.fits(media, slots[slot]) { return true }
        return false
    }
}

// Deals and floors.
extension DecisionWorkspace {
    mutating func asksForDeal(_ lineItem: Int) -> Bool {
        guard deals.count > 0 else { return false }
        for index in 0..<deals.count where snapshot.asks(lineItem: lineItem, for: deals[index].value) {
            return true
        }
        return false
    }

    /// Keeps the slots that have a deal which the line item asks for and can pay. A deal's floors hold instead of the
    /// slot's own.
    private mutating func priceOnDeal(
        _ candidate: inout RankedCandidate, _ request: borrowing BidRequest
    ) -> LineItemOutcome {
        var furthest = LineItemOutcome.deal
        var rest = candidate.slots
        while let index = rest.takeLowest() {
            let terms = terms(of: candidate, in: index, request)
            if let deal = terms.deal {
                if candidate.deal == nil { (candidate.deal, candidate.price) = (deal, terms.price) }
            } else {
                if terms.isBelowFloor { furthest = .floor }
                candidate.slots &= ~(1 << UInt32(index))
            }
        }
        return candidate.deal == nil ? furthest : .crowdedOut
    }

    /// The first deal of a slot that the line item asks for and can pay, with what is bid on it.
    mutating func terms(
        of candidate: borrowing RankedCandidate, in slot: Int, _ request: borrowing BidRequest
    ) -> (deal: Int?, price: Micros, isBelowFloor: Bool) {
        var isBelowFloor = false
        for index in slots[slot].deals {
            guard deals[index].isOpen, snapshot.asks(lineItem: candidate.lineItem, for: deals[index].value),
                isAllowed(advertiser: candidate.advertiser, request[deals[index].deal.wadomain], request),
                let floor = floor(of: index, seconds: candidate.seconds, request)
            else { continue }
            if candidate.most >= floor {
                return (index, deals[index].rule == .fixed ? floor : candidate.most, false)
            }
            isBelowFloor = true
        }
        return (nil, .zero, isBelowFloor)
    }

    /// The least price of a deal for an ad of this length: the request's or the catalog's, whichever is higher, and of a price
    /// that was agreed on the request's. Nil where it cannot be said in the response's currency.
    mutating func floor(of deal: Int, seconds: Int32, _ request: borrowing BidRequest) -> Micros? {
        deals[deal].rate.convert(request.floor(of: deals[deal].deal, seconds: seconds), for: .floor)
            .map { max($0, deals[deal].least) }
    }

    private mutating func isAllowed(
        advertiser: Int, _ domains: Span<Text>, _ request: borrowing BidRequest
    ) -> Bool {
        if domains.isEmpty { return true }
        for place in snapshot.advertiserDomains(advertiser) {
            let own = snapshot.bytes(snapshot.advertiserDomain(at: place))
            for index in domains.indices where request[domains[index]].isSame(own) { return true }
        }
        return false
    }

    /// Puts a candidate in its place. The last one falls off a full list: a pod's search takes the most valuable.
    mutating func rank(_ candidate: RankedCandidate) {
        if ranked.count == rankedMost {
            guard candidate.goesBefore(ranked[ranked.count - 1]) else { return }
            ranked.removeLast()
        }
        var at = ranked.count
        _ = ranked.append(candidate)
        while at > 0, candidate.goesBefore(ranked[at - 1]) {
            ranked[at] = ranked[at - 1]
            at -= 1
        }
        ranked[at] = candidate
    }
}

extension GoalPriors {
    /// What a thousand impressions are worth to the line item, in its campaign's currency. Nil beyond 64 bits.
    func worth(_ lineItem: LineItemRow, _ campaign: CampaignRow) -> Micros? {
        if let bid = lineItem.bid { return bid }
        let goal = lineItem.goalValue ?? campaign.goalValue
        let share: Int64
        switch campaign.goal {
        // The goal of a cpm campaign is a thousand impressions already.
        case .cpm: return goal
        case .cpc: share = click
        case .cpcv: share = completedView
        case .cpa: share = action
        }
        return Int64(exactly: Int128(goal.rawValue) * Int128(share) / 1_000).map { Micros($0) }
    }
}
