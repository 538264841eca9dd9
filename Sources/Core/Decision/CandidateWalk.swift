// Goes through the line items that were found, those that promise most first, and ranks their creatives for one pod;
// stops where none of those that are left could come among the candidates (docs/decisions/0025).
internal import Auction
internal import Catalog
internal import OpenRTB
internal import Units

/// Where a walk stopped, and so what became of those that it did not look at.
enum WalkEnd {
    /// There was nobody left.
    case done
    /// All that are left are worth less than the last candidate.
    case full
    /// All that are left are worth less than the lowest floor.
    case floor
    /// It looked at as many as it may.
    case bound

    var outcome: LineItemOutcome { self == .floor ? .floor : .crowdedOut }
}

extension DecisionWorkspace {
    /// What one walk may look at: some tenths of a millisecond, where nothing fits that promises much. Beyond them
    /// the candidates are the best of those that were looked at, and need not be the best of all.
    static let consideredMost = 1_024
    /// Beside these, so many that bring less than their campaigns' money is to bring: those behind them, that promise less, may
    /// well take part.
    static let underPriceMost = 1_024
    /// So many are looked at even where all of them are below the lowest floor, so that the true reasons of the best
    /// are known.
    static let consideredLeast = 64
    /// Candidates for a lone slot: one wins, and the others are there to be explained.
    static let candidatesOfOne = 16

    /// Fills `ranked` for the slots at hand.
    mutating func walk<State: DecisionState & ~Copyable>(
        _ request: borrowing BidRequest, seed: UInt64, _ state: inout State, _ trace: inout DecisionTrace
    ) -> WalkEnd {
        ranked.removeAll()
        rankedMost = problem.positionCount == 1 ? Self.candidatesOfOne : Self.candidates
        let least = leastFloor(request)
        var left = Self.consideredMost
        var spared = Self.underPriceMost
        let first = early.first(ofFound: trace.retrieved)
        for number in first..<early.classCount {
            var block: Int? = 0
            while let from = block {
                batch.removeAll()
                block = early.take(
                    upTo: number, without: number > first ? number - 1 : nil, from: from, found: scratch,
                    into: &batch)
                while let place = batch.next() {
                    let item = early.lineItem(at: place)
                    guard left > 0 else { return .bound }
                    switch standing(
                        of: item, left <= Self.consideredMost - Self.consideredLeast ? least : .zero)
                    {
                    case .done: break
                    case let end:
                        // Of a class that is taken in pieces the next piece may promise more.
                        guard block == nil else {
                            batch.removeAll()
                            continue
                        }
                        return end
                    }
                    left -= 1
                    trace.considered += 1
                    let refusal = refusal(of: item, &state)
                    if scoring.isOn {
                        // What fits has no price yet, and so no outcome.
                        let outcome = refusal ?? pend(item, request, &state)
                        if let outcome { outcomes.raise(item, to: outcome) }
                    } else {
                        let outcome = refusal ?? consider(item, seed: seed, request, &state)
                        outcomes.raise(item, to: outcome)
                        if outcome == .underPrice, spared > 0 { (left, spared) = (left + 1, spared - 1) }
                    }
                }
            }
        }
        return .done
    }

    /// Whether this line item and all behind it can be passed over: `done` where they cannot.
    private mutating func standing(of item: Int, _ least: Micros) -> WalkEnd {
        // What a model may say of somebody the early rank does not know.
        if scoring.isOn { return isPendingFull ? .full : .done }
        let isFull = ranked.count == rankedMost
        guard isFull || least > .zero else { return .done }
        let row = demand.lineItems[item]
        let tier = row.tier
        if isFull, tier > ranked[ranked.count - 1].tier { return .full }
        guard let most = mostWorth(row) else { return .done }
        if isFull, tier == ranked[ranked.count - 1].tier, raised(most) < ranked[ranked.count - 1].value {
            return .full
        }
        // A later priority starts anew with what is worth most.
        return most < least && tier == .open ? .floor : .done
    }

    /// What this line item and those behind it, of its priority, are worth at most in the response's currency. The
    /// order is by whole micros of the base currency, rounded down; nil where that says nothing.
    mutating func mostWorth(_ row: KnownLineItem) -> Micros? {
        guard let worth = row.worth, let base = exchange.toBase(worth, from: row.currency),
            base.rawValue < .max
        else { return nil }
        return exchange.fromBase(Micros(base.rawValue + 1))
    }

    /// No slot and no deal of the pod takes less.
    mutating func leastFloor(_ request: borrowing BidRequest) -> Micros {
        var least = Micros(.max)
        for index in 0..<slots.count where !slots[index].isPrivate {
            least = min(least, slots[index].least)
        }
        for index in 0..<deals.count where deals[index].isOpen {
            // The catalog's own floor holds beside the request's, which may be lower for some length.
            least = min(least, deals[index].least)
        }
        return least
    }
}
