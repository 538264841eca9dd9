// What the state has to say: before line items compete, whether they may spend and be seen; once a pod's ads are
// found, whether their money can be put aside.
internal import Auction
internal import Catalog
internal import OpenRTB
internal import Units

extension DecisionWorkspace {
    /// Searches for one pod's ads: the last of them leaves places empty rather than search again. Line items with
    /// nothing left were refused before the first, so a second search is rare and a third hardly ever needed.
    static let searchesMost = 3

    /// Asks whether a line item may compete, when it is first looked at: nil where it may. In a later pod it is what
    /// it was.
    mutating func refusal<State: DecisionState & ~Copyable>(
        of lineItem: Int, _ state: inout State
    ) -> LineItemOutcome? {
        if let known = outcomes[lineItem] { return known < .currency ? known : nil }
        let campaign = Int(truncatingIfNeeded: demand.lineItems[lineItem].campaign)
        var refusal = state.refusal(ofLineItem: lineItem, campaign: campaign)
        if refusal == nil, isPaced {
            refusal = draw(lineItem, campaign, state.admission(ofCampaign: campaign))
        } else if refusal == .pacing {
            refusal = draw(lineItem, campaign, .none)
        }
        answers.note(refusal: refusal)
        if let cap = refusal?.cap { report?.caps[lineItem] = cap }
        return refusal?.outcome
    }

    /// Whether its campaign is among those that pacing lets through to this request: each refusal by pacing comes with
    /// the share that it was by.
    private mutating func draw(_ lineItem: Int, _ campaign: Int, _ share: PacingShare) -> StateRefusal? {
        guard share != .all else { return nil }
        let lot = PacingShare.lot(decision: seed, campaign: campaign)
        guard !share.admits(lot) else { return nil }
        answers.note(share: share)
        report?.lots[lineItem] = DrawnLot(share: share, lot: lot)
        return .pacing
    }

    /// What the viewer knows of a creative that fits: lowers its worth or takes it out.
    mutating func weigh<State: DecisionState & ~Copyable>(
        _ candidate: inout RankedCandidate, _ state: inout State
    ) -> LineItemOutcome { lower(&candidate, by: standing(of: candidate, &state)) }

    mutating func standing<State: DecisionState & ~Copyable>(
        of candidate: borrowing RankedCandidate, _ state: inout State
    ) -> CreativeStanding {
        let standing = state.standing(
            ofCreative: candidate.creative, lineItem: candidate.lineItem, advertiser: candidate.advertiser)
        answers.note(standing: standing)
        return standing
    }

    mutating func lower(_ candidate: inout RankedCandidate, by standing: CreativeStanding) -> LineItemOutcome
    {
        let rule: DiversityRule
        switch standing {
        case .unseen: return .crowdedOut
        case .capped: return .capByCreative
        case .advertiserSeen: rule = settings.seenAdvertiser
        case .creativeSeen: rule = settings.seenCreative
        }
        guard let lowered = rule.lowered(candidate.value), lowered > .zero else { return .seenEarlier }
        candidate.value = lowered
        return .crowdedOut
    }

    /// Finds the pod's ads and puts their prices aside. An ad whose budget refuses is withdrawn, and the pod is
    /// searched again without it.
    mutating func solve<State: DecisionState & ~Copyable>(
        _ pod: Int, _ request: borrowing BidRequest, _ state: inout State, _ trace: inout DecisionTrace
    ) -> PodSolution {
        compete()
        var solution = PodSolution()
        for search in 1...Self.searchesMost {
            solution = solver.solve(problem, steps: settings.podSteps)
            trace.steps += solution.steps
            let before = wins.count
            let refused = reserve(solution, pod, request, &state, &trace)
            for index in 0..<ranked.count where refused >> UInt64(index) & 1 == 1 { problem.withdraw(index) }
            guard refused != 0, search < Self.searchesMost else { break }
            while wins.count > before {
                release(wins[wins.count - 1], &state)
                outcomes.set(wins[wins.count - 1].candidate.lineItem, .outbid)
                wins.removeLast()
                trace.ads -= 1
            }
        }
        if !solution.isProven { trace.podsUnproven += 1 }
        return solution
    }

    /// The ads that could not be paid for, as a set of candidates.
    private mutating func reserve<State: DecisionState & ~Copyable>(
        _ solution: PodSolution, _ pod: Int, _ request: borrowing BidRequest, _ state: inout State,
        _ trace: inout DecisionTrace
    ) -> UInt64 {
        var refused: UInt64 = 0
        // An answer that is full takes no further pod.
        guard wins.count + solution.count <= wins.capacity else { return 0 }
        for position in 0..<solution.count {
            let placement = solution[position]
            var candidate = ranked[placement.candidate]
            if candidate.deal != nil {
                let terms = terms(of: candidate, in: placement.segment, request)
                (candidate.deal, candidate.price) = (terms.deal, terms.price)
            }
            let sale = sell(candidate, at: position, of: solution, request, &state)
            var answer = ReservationAnswer.reserved(.none)
            // A test is never billed: it takes nobody's money, and promises no viewer anything.
            if !request.test {
                answer = reserve(candidate, sale, &state)
                answers.note(answer)
            }
            switch answer {
            case .reserved(let reservation):
                win(
                    candidate, slot: placement.segment, sale, reservation,
                    cost: cost(of: candidate, at: sale.price) ?? .zero, pod, &trace)
            case .refused:
                refused |= 1 << UInt64(placement.candidate)
                outcomes.raise(ranked[placement.candidate].lineItem, to: .unreserved)
            }
        }
        return refused
    }

    /// What one impression costs at a price, in the campaign's own money. The rate was there when the ad was ranked.
    private mutating func cost(of candidate: RankedCandidate, at price: Micros) -> Micros? {
        let currency = snapshot.campaignRow(candidate.campaign).currency
        guard let rate = exchange.rate(from: currency),
            let thousand = rate == .one ? price : rate.inverse.convert(price, for: .floor)
        else { return nil }
        return Micros(thousand.rawValue / 1_000 + (thousand.rawValue % 1_000 > 0 ? 1 : 0))
    }

    private mutating func reserve<State: DecisionState & ~Copyable>(
        _ candidate: RankedCandidate, _ sale: AdSale, _ state: inout State
    ) -> ReservationAnswer {
        guard let most = cost(of: candidate, at: sale.bid) else { return .refused(.budget) }
        return state.reserve(
            AdToReserve(
                lineItem: candidate.lineItem, campaign: candidate.campaign, creative: candidate.creative,
                most: most, price: sale.bid, number: AdNumber(decision: seed, ad: wins.count).rawValue,
                market: sale.market,
                prediction: scoring.sold(lineItem: candidate.lineItem, creative: candidate.creative)))
    }

    /// What was put aside for ads that are not in the answer.
    mutating func release<State: DecisionState & ~Copyable>(unwritten all: Bool, _ state: inout State) {
        for index in 0..<wins.count where all || !wins[index].isWritten { release(wins[index], &state) }
    }

    private mutating func release<State: DecisionState & ~Copyable>(_ win: Win, _ state: inout State) {
        if win.reservation != .none { state.release(win.reservation) }
    }
}
