// From a pod problem to what the search works on. Costs what a few hundred steps of the search cost, and spares
// it thousands.
import Units

/// What the preparation needs besides the model, in the order in which candidates were added.
struct PodDraft: ~Copyable {
    var ranks = FixedTable(64, repeating: PodRank())
    var count = 0
    /// Candidates that each segment takes.
    var eligible = FixedTable(16, repeating: UInt64(0))
    var cliques = FixedTable(64, repeating: UInt64(0))
    var cliqueCount = 0
    /// Those that some pod may need: see `keepUndominated`.
    var kept: UInt64 = 0
    /// Segments that take each candidate, a bit each.
    var takers = FixedTable(64, repeating: UInt32(0))
    /// Where each candidate came from in the order of the search.
    var order = FixedTable(64, repeating: 0)
    var place = FixedTable(64, repeating: 0)
}

extension PodModel {
    mutating func prepare(_ problem: borrowing PodProblem, _ draft: inout PodDraft) {
        admit(problem, &draft)
        draft.setWorths(&shifts)
        draft.setPremiums(problem, shifts)
        draft.setConflicts(problem)
        draft.keepUndominated()
        draft.setCliques()
        setTime(problem, &draft)
        sort(&draft)
        setGroups(problem, draft)
        setBounds()
    }

    /// Takes over who may stand anywhere.
    private mutating func admit(_ problem: borrowing PodProblem, _ draft: inout PodDraft) {
        segmentCount = problem.segmentCount
        draft.count = 0
        for segment in 0..<segmentCount { draft.eligible[segment] = 0 }
        for index in 0..<problem.candidateCount where !problem.isWithdrawn(index) {
            let candidate = problem.candidates[index]
            let (value, reason) = problem.exclusionEverywhere(of: candidate)
            guard reason == nil else { continue }
            let bit: UInt64 = 1 << UInt64(draft.count)
            var takers: UInt32 = 0
            for segment in 0..<segmentCount where problem.allows(candidate, in: segment) {
                draft.eligible[segment] |= bit
                takers |= 1 << UInt32(segment)
            }
            guard takers != 0 else { continue }
            draft.takers[draft.count] = takers
            var rank = PodRank()
            rank.candidate = index
            rank.value = value
            rank.tier = candidate.tier
            rank.seconds = candidate.seconds
            draft.ranks[draft.count] = rank
            draft.count += 1
        }
        setDurations(draft)
    }

    private mutating func setDurations(_ draft: borrowing PodDraft) {
        durationCount = 0
        for i in 0..<draft.count {
            let seconds = draft.ranks[i].seconds
            var at = durationCount
            while at > 0, durations[at - 1] > seconds { at -= 1 }
            if at > 0, durations[at - 1] == seconds { continue }
            var move = durationCount
            while move > at {
                durations[move] = durations[move - 1]
                move -= 1
            }
            durations[at] = seconds
            durationCount += 1
        }
    }

    /// Puts candidates in the order of their reduced worth; of equal ones the one that was added first.
    private mutating func sort(_ draft: inout PodDraft) {
        count = 0
        for i in bits(of: draft.kept) {
            let worth = draft.ranks[i].worth - secondPrice * Worth(draft.ranks[i].seconds)
            draft.ranks[i].reduced = worth
            var at = count
            count += 1
            while at > 0, draft.ranks[draft.order[at - 1]].reduced < worth {
                draft.order[at] = draft.order[at - 1]
                at -= 1
            }
            draft.order[at] = i
        }
        for i in 0..<count { draft.place[draft.order[i]] = i }
        for i in 0..<count {
            ranks[i] = draft.ranks[draft.order[i]]
            ranks[i].conflicts = draft.permuted(ranks[i].conflicts)
            ranks[i].adjacent = draft.permuted(ranks[i].adjacent)
        }
        hasAdjacency = false
        for i in 0..<count where ranks[i].adjacent != 0 { hasAdjacency = true }
        for i in 0..<durationCount { within[i] = 0 }
        for i in 0..<count {
            for at in 0..<durationCount where ranks[i].seconds <= durations[at] {
                within[at] |= 1 << UInt64(i)
            }
        }
    }

    private mutating func setGroups(_ problem: borrowing PodProblem, _ draft: borrowing PodDraft) {
        groupCount = 0
        for segment in 0..<segmentCount {
            let eligible = draft.permuted(draft.eligible[segment])
            let isDynamic = problem.segments[segment].capacity > 1
            var group = 0
            while group < groupCount,
                isDynamic || groups[group].isDynamic || groups[group].eligible != eligible
            { group += 1 }
            groupOfSegment[segment] = group
            if group == groupCount {
                groups[group] = PodGroup(
                    eligible: eligible, isDynamic: isDynamic,
                    seconds: seconds(of: segment, eligible: draft.eligible[segment], problem, draft),
                    bucket: min(group, PodCapacity.buckets - 1),
                    slot: PodCapacity.slot(in: min(group, PodCapacity.buckets - 1)))
                groupCount += 1
            }
            groups[group].capacity += problem.segments[segment].capacity
        }
        opening = segmentCount > 0 ? groupOfSegment[0] : 0
        closing = segmentCount > 0 ? groupOfSegment[segmentCount - 1] : 0
    }

    /// The time of a segment that its candidates can use: all of their durations are multiples of some number,
    /// and so is every sum of them.
    private func seconds(
        of segment: Int, eligible: UInt64, _ problem: borrowing PodProblem, _ draft: borrowing PodDraft
    ) -> Int32 {
        var divisor: Int32 = 0
        var longest: Int32 = 0
        for i in bits(of: eligible) {
            var (a, b) = (divisor, draft.ranks[i].seconds)
            longest = max(longest, b)
            while b > 0 { (a, b) = (b, a % b) }
            divisor = a
        }
        guard divisor > 0 else { return 0 }
        let (capacity, total) = (problem.segments[segment].capacity, problem.segments[segment].totalSeconds)
        guard capacity > 1 else { return longest }
        // More than its ads can fill is of no use either.
        let useful = min(Int64(total), Int64(longest) * Int64(capacity))
        return Int32(useful / Int64(divisor) * Int64(divisor))
    }

    /// The price of a second at which the relaxed problem's bound is least: the two sets of ads whose lines
    /// meet there are the best below the price and above it (Dantzig, Wolfe).
    private mutating func setTime(_ problem: borrowing PodProblem, _ draft: inout PodDraft) {
        secondPrice = 0
        var time: Int64 = 0
        for segment in 0..<segmentCount {
            draft.eligible[segment] &= draft.kept
            time += Int64(seconds(of: segment, eligible: draft.eligible[segment], problem, draft))
        }
        var over = draft.relaxed(at: 0, positions: problem.positionCount)
        var under = PodRelaxed()
        if over.seconds > time {
            // Each round replaces one of the two lines by a steeper or flatter one; a dozen is more than was
            // ever needed, and any price gives a true bound.
            for _ in 0..<12 {
                secondPrice = (over.worth - under.worth) / Worth(over.seconds - under.seconds)
                let met = draft.relaxed(at: secondPrice, positions: problem.positionCount)
                if met.worth - secondPrice * Worth(met.seconds)
                    <= over.worth - secondPrice * Worth(over.seconds)
                {
                    break
                }
                if met.seconds > time { over = met } else { under = met }
            }
        }
        timeWorth = secondPrice * Worth(time)
    }

    /// What depends on the final order: cliques, what they take, and the premiums of all that follow.
    private mutating func setBounds() {
        var uncovered = PodBits.first(count)
        while uncovered != 0 {
            let i = uncovered.trailingZeroBitCount
            let clique = clique(of: i, among: uncovered, ranks)
            uncovered &= ~clique
            var buckets = 0
            for group in 0..<groupCount where groups[group].eligible & clique != 0 {
                buckets |= 1 << groups[group].bucket
            }
            let demand = PodCapacity.demand(of: buckets)
            for member in bits(of: clique) {
                ranks[member].clique = clique
                ranks[member].demand = demand
            }
        }
        capacity = PodCapacity.none
        for group in 0..<groupCount {
            capacity += UInt64(groups[group].capacity) * groups[group].slot
        }
        // Only who may open or close the pod gets anything for it.
        var (first, last): (Worth, Worth) = (0, 0)
        for i in stride(from: count - 1, through: 0, by: -1) {
            if groups[opening].eligible >> UInt64(i) & 1 == 0 { ranks[i].first = 0 }
            if groups[closing].eligible >> UInt64(i) & 1 == 0 { ranks[i].last = 0 }
            first = max(first, ranks[i].first)
            last = max(last, ranks[i].last)
            ranks[i].firstBeyond = first
            ranks[i].lastBeyond = last
        }
    }
}

/// A set around a candidate of which any two conflict, grown while there is a candidate that conflicts with all.
private func clique(of i: Int, among uncovered: UInt64, _ ranks: borrowing FixedTable<PodRank>) -> UInt64 {
    var clique: UInt64 = 1 << UInt64(i)
    var open = uncovered & ranks[i].conflicts
    while open != 0 {
        let next = open.trailingZeroBitCount
        clique |= 1 << UInt64(next)
        open &= ranks[next].conflicts
    }
    return clique
}

/// What a set of ads is worth and how long it takes.
struct PodRelaxed {
    var worth: Worth = 0
    var seconds: Int64 = 0
}

extension PodDraft {
    mutating func setWorths(_ shifts: inout InlineArray<3, Int>) {
        var present = InlineArray<3, Bool>(repeating: false)
        for i in 0..<count { present[Int(ranks[i].tier.rawValue)] = true }
        var shift = 0
        for tier in stride(from: 2, through: 0, by: -1) {
            shifts[tier] = shift
            if present[tier] { shift += PodModel.tierBits }
        }
        for i in 0..<count {
            ranks[i].worth = Worth(ranks[i].value) << Worth(shifts[Int(ranks[i].tier.rawValue)])
        }
    }

    mutating func setPremiums(_ problem: borrowing PodProblem, _ shifts: borrowing InlineArray<3, Int>) {
        guard problem.firstPremium > 0 || problem.lastPremium > 0 else { return }
        for i in 0..<count {
            let shift = Worth(shifts[Int(ranks[i].tier.rawValue)])
            ranks[i].first = Worth(problem.premium(problem.firstPremium, of: ranks[i].value)) << shift
            ranks[i].last = Worth(problem.premium(problem.lastPremium, of: ranks[i].value)) << shift
        }
    }

    /// Any partition into cliques will do to find the price of time.
    mutating func setCliques() {
        cliqueCount = 0
        var uncovered = kept
        while uncovered != 0 {
            let clique = clique(of: uncovered.trailingZeroBitCount, among: uncovered, ranks)
            uncovered &= ~clique
            cliques[cliqueCount] = clique
            cliqueCount += 1
        }
    }

    /// The best ads at a price of time, one of each clique at most, where nothing else is asked.
    func relaxed(at price: Worth, positions: Int) -> PodRelaxed {
        var best = InlineArray<16, Worth>(repeating: 0)
        var chosen = InlineArray<16, Int>(repeating: 0)
        var found = 0
        for clique in 0..<cliqueCount {
            var most: Worth = 0
            var which = -1
            for i in bits(of: cliques[clique]) {
                let reduced = ranks[i].worth - price * Worth(ranks[i].seconds)
                if reduced > most { (most, which) = (reduced, i) }
            }
            guard which >= 0, found < positions || most > best[found - 1] else { continue }
            var at = found < positions ? found : found - 1
            if found < positions { found += 1 }
            while at > 0, best[at - 1] < most {
                best[at] = best[at - 1]
                chosen[at] = chosen[at - 1]
                at -= 1
            }
            best[at] = most
            chosen[at] = which
        }
        var sum = PodRelaxed()
        for at in 0..<found {
            sum.worth += ranks[chosen[at]].worth
            sum.seconds += Int64(ranks[chosen[at]].seconds)
        }
        return sum
    }

    /// A set of candidates in the order of the search.
    func permuted(_ set: UInt64) -> UInt64 {
        var permuted: UInt64 = 0
        for i in bits(of: set & kept) { permuted |= 1 << UInt64(place[i]) }
        return permuted
    }
}
