// The full score: those that the early rank put first and that fit some slot are given features, predicted for in one
// batch for each goal, and only then have a price (docs/decisions/0041).
internal import Auction
internal import Catalog
internal import Features
internal import OpenRTB
internal import Units

extension DecisionWorkspace {
    /// Takes the creatives of a line item that fit as candidates without a price. Nil where some do: what becomes of
    /// the line item is not known yet.
    mutating func pend<State: DecisionState & ~Copyable>(
        _ lineItem: Int, _ request: borrowing BidRequest, _ state: inout State
    ) -> LineItemOutcome? {
        let row = demand.lineItems[lineItem]
        guard exchange.rate(from: row.currency) != nil else { return .currency }
        let goal = scoring.plan?.goals[lineItem].goal
        guard goal != nil || row.worth.map({ $0 > .zero }) ?? false else { return .worthless }
        var pending = PendingCandidate()
        pending.goal = goal
        pending.candidate.lineItem = lineItem
        pending.candidate.campaign = Int(row.campaign)
        pending.candidate.advertiser = Int(row.advertiser)
        pending.candidate.tier = row.tier
        pending.asksForDeal = row.asksForSomeDeal && asksForDeal(lineItem)
        let creatives = row.creatives.range
        var furthest = LineItemOutcome.medium
        var isPending = false
        for place in creatives {
            pending.candidate.creative = snapshot.creative(inList: place)
            var outcome = fitSlots(&pending.candidate, hasOthers: creatives.count > 1, request)
            if outcome == .crowdedOut {
                pending.standing = standing(of: pending.candidate, &state)
                if pending.standing == .capped { outcome = .capByCreative }
            }
            if outcome == .crowdedOut {
                isPending = scoring.pending.append(pending) || isPending
            }
            furthest = max(furthest, outcome)
        }
        return isPending ? nil : furthest
    }

    var isPendingFull: Bool { scoring.pending.count == scoring.pending.capacity }

    /// Gives the pending candidates of a pod their price, and ranks them.
    mutating func score<State: DecisionState & ~Copyable>(
        _ request: borrowing BidRequest, seed: UInt64, _ state: inout State, _ trace: inout DecisionTrace
    ) {
        guard scoring.pending.count > 0 else { return }
        let before = scoring.scored.count
        takeRows()
        if scoring.scored.count > 0 { fillRequest(request, trace.permissions, &state) }
        hydrate(from: before, &state)
        for goal in 0..<scoring.goals.count {
            if let goal = PredictedGoal(rawValue: UInt8(goal)) {
                scoring.findGroups(of: goal, from: before)
                for index in 0..<scoring.asked.count {
                    predict(goal, scoring.asked[index], from: before, request, &state)
                }
            }
        }
        for index in 0..<scoring.pending.count {
            let outcome = value(scoring.pending[index], seed, request, &state)
            outcomes.raise(scoring.pending[index].candidate.lineItem, to: outcome)
        }
        scoring.pending.removeAll()
    }

    /// The request's row, once for all pods.
    private mutating func fillRequest<State: DecisionState & ~Copyable>(
        _ request: borrowing BidRequest, _ permissions: Permissions, _ state: inout State
    ) {
        guard !scoring.isFilled, let plan = scoring.plan else { return }
        scoring.isFilled = true
        let features = plan.models.features
        plan.requests.fill(0, of: &scoring.request, from: request, permissions, at: scoring.now)
        let mayKnow = permissions.allows(.personalisation) && permissions.allows(.identifiers)
        let identifier = ViewerKeys.identifier(request)
        let address = ViewerKeys.address(request.device, request)
        let content = request.inventory.content.id
        ask(.user, mayKnow, identifier?.text, identifier?.text.byteCount ?? 0, features, request, &state)
        ask(.household, mayKnow, address?.text, address?.length ?? 0, features, request, &state)
        let title = content.isEmpty ? nil : content
        ask(.content, true, title, content.byteCount, features, request, &state)
    }

    private mutating func ask<State: DecisionState & ~Copyable>(
        _ entity: FeatureEntity, _ isAllowed: Bool, _ name: Text?, _ length: Int,
        _ features: CompiledFeatures, _ request: borrowing BidRequest, _ state: inout State
    ) {
        let layout = features.layout(of: entity)
        guard layout.bytes > 0 else { return }
        guard isAllowed else { return scoring.request.fillForbidden(0, layout) }
        guard let name else { return scoring.request.fillUnknown(0, layout) }
        let ask = scoring.request.askCount
        let key = CompiledFeatures.key(request[name].extracting(0..<length))
        scoring.request.ask(for: entity, key: key, row: 0)
        state.hydrate(&scoring.request, asks: ask..<ask + 1, layout, at: seconds)
    }

    private var seconds: UInt32 { UInt32(clamping: scoring.now.nanoseconds / 1_000_000_000) }

    /// A row for each pending candidate that something is predicted for: the one that an earlier pod gave it, or a
    /// new one.
    private mutating func takeRows() {
        for index in 0..<scoring.pending.count {
            guard let goal = scoring.pending[index].goal else { continue }
            let (item, creative) = (
                scoring.pending[index].candidate.lineItem, scoring.pending[index].candidate.creative
            )
            let group = scoring.plan?.goals[item].group ?? 0
            scoring.pending[index].row =
                scoring.row(lineItem: item, creative: creative)
                ?? scoring.add(lineItem: item, creative: creative, goal, group: group)
        }
    }

    /// What the catalog and the profiles say of the new rows.
    private mutating func hydrate<State: DecisionState & ~Copyable>(from first: Int, _ state: inout State) {
        guard let plan = scoring.plan, first < scoring.scored.count else { return }
        for row in first..<scoring.scored.count {
            plan.lineItems.fill(row, of: &scoring.rows, from: Int(scoring.scored[row].lineItem))
            plan.creatives.fill(row, of: &scoring.rows, from: Int(scoring.scored[row].creative))
        }
        ask(.lineItem, plan.lineItems.keys, from: first, &state) { $0.lineItem }
        ask(.creative, plan.creatives.keys, from: first, &state) { $0.creative }
    }

    /// What the profiles say of the new rows' entities, whose keys stand in the order of the catalog's rows; none where the
    /// schema has nothing of them.
    private mutating func ask<State: DecisionState & ~Copyable>(
        _ entity: FeatureEntity, _ keys: [UInt64], from first: Int, _ state: inout State,
        _ row: (ScoredRow) -> UInt32
    ) {
        guard let plan = scoring.plan, !keys.isEmpty else { return }
        let start = scoring.rows.askCount
        for at in first..<scoring.scored.count {
            scoring.rows.ask(for: entity, key: keys[Int(row(scoring.scored[at]))], row: at)
        }
        let layout = plan.models.features.layout(of: entity)
        state.hydrate(&scoring.rows, asks: start..<scoring.rows.askCount, layout, at: seconds)
    }

    /// Predicts for the new rows of a group by the best tier that is there, has time and makes sense.
    private mutating func predict<State: DecisionState & ~Copyable>(
        _ goal: PredictedGoal, _ group: UInt32, from first: Int, _ request: borrowing BidRequest,
        _ state: inout State
    ) {
        guard let plan = scoring.plan else { return }
        scoring.batch.removeAll()
        for row in first..<scoring.scored.count
        where scoring.scored[row].goal == goal && scoring.scored[row].group == group {
            _ = scoring.batch.append(UInt32(truncatingIfNeeded: row))
        }
        let (place, group) = (Int(goal.rawValue), Int(group))
        let count = scoring.batch.count
        guard count > 0 else { return }
        let patience = request.tmax.map { Interval.milliseconds(Int64($0)) - settings.network }
        while scoring.tiers[group] < .prior {
            let tier = scoring.tiers[group]
            let fall: TierFall?
            if let model = plan.groups[group][tier] {
                let use = ModelUse(
                    model: model, goal: goal, tier: tier, candidates: count, patience: patience)
                let refusal = state.fall(of: use)
                answers.note(fall: refusal)
                fall = refusal ?? (scoring.predict(by: model, tier) ? nil : .senseless)
                if refusal == nil { state.used(use) }
            } else {
                fall = .missing
            }
            guard let fall else { break }
            scoring.goals[place].falls[Int(tier.rawValue)] = fall
            scoring.tiers[group] = tier == .full ? .distilled : .prior
        }
        let tier = scoring.tiers[group]
        scoring.goals[place].candidates[Int(tier.rawValue)] += count
        guard tier == .prior else { return }
        for index in 0..<count {
            let row = Int(scoring.batch[index])
            scoring.scored[row].probability = plan.models.priors[place]
        }
    }

    /// What a pending candidate is worth, and how far it got.
    private mutating func value<State: DecisionState & ~Copyable>(
        _ pending: PendingCandidate, _ seed: UInt64, _ request: borrowing BidRequest, _ state: inout State
    ) -> LineItemOutcome {
        var candidate = pending.candidate
        let row = demand.lineItems[candidate.lineItem]
        guard let rate = exchange.rate(from: row.currency) else { return .currency }
        guard let worth = worth(of: pending), worth > .zero,
            let value = rate == .one ? worth : rate.convert(worth, for: .bid), value > .zero
        else { return .worthless }
        candidate.value = value
        let outcome = price(&candidate, asksForDeal: pending.asksForDeal, request)
        guard outcome == .crowdedOut else { return outcome }
        let held = holdToPrice(&candidate, request, &state)
        guard held == .crowdedOut else { return held }
        let lowered = lower(&candidate, by: pending.standing)
        guard lowered == .crowdedOut else { return lowered }
        var lots = SplitMix64(state: seed ^ UInt64(candidate.lineItem) << 32 ^ UInt64(candidate.creative))
        candidate.lot = lots.next()
        rank(candidate)
        return .crowdedOut
    }

    /// For a thousand impressions, in the campaign's currency.
    private mutating func worth(of pending: PendingCandidate) -> Micros? {
        let known = demand.lineItems[pending.candidate.lineItem].worth
        guard let plan = scoring.plan, pending.goal != nil else { return known }
        // Without a row, and where only the settings have a prior, it is worth what it is without models.
        guard let row = pending.row, let probability = scoring.scored[row].probability else { return known }
        return .worth(ofThousand: plan.goals[pending.candidate.lineItem].value, at: probability)
    }
}
