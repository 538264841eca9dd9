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
    /// Which of the durations each candidate has, and the candidates of each duration.
    var duration = FixedTable(64, repeating: UInt8(0))
    var lasting = FixedTable(64, repeating: UInt64(0))
    /// By duration, the segments that take it, the least price in each of them, and the highest of these.
    private var segmentsTaking = FixedTable(64, repeating: UInt32(0))
    private var least = FixedTable(64 * PodLimits.segments, repeating: Micros.zero)
    private var leastEverywhere = FixedTable(64, repeating: Micros.zero)
    /// Time of each segment that its candidates can use.
    var seconds = FixedTable(PodLimits.segments, repeating: Int32(0))
    /// What a slot is charged, now and before it was changed last, and what each candidate is.
    var charge = FixedTable(PodLimits.segments, repeating: Int32(0))
    var chargeBefore = FixedTable(PodLimits.segments, repeating: Int32(0))
    var charged = FixedTable(64, repeating: Int32(0))
    /// Who was chosen last where nothing but time was asked.
    var chosen = FixedTable(PodLimits.positions, repeating: 0)
    var chosenCount = 0
    /// What decides the order of the search, who has which, how many come before it, and so everybody's place.
    var keys = FixedTable(64, repeating: Worth(0))
    var order = FixedTable(64, repeating: 0)
    var before = FixedTable(64, repeating: UInt8(0))
    var place = FixedTable(64, repeating: 0)

    /// A segment's floors are worked out once for each duration that there is, and not for each candidate.
    mutating func setPrices(
        _ problem: borrowing PodProblem, _ durations: borrowing FixedTable<Int32>, _ count: Int
    ) {
        for duration in 0..<count {
            let seconds = durations[duration]
            var taking: UInt32 = 0
            var highest = Micros.min
            if seconds <= PodLimits.seconds {
                for segment in 0..<problem.segmentCount
                where problem.segments[segment].allows(seconds: seconds) {
                    taking |= 1 &<< UInt32(segment)
                    let price = problem.segments[segment].floors.price(seconds: seconds)
                    least[duration * PodLimits.segments + segment] = price
                    highest = max(highest, price)
                }
            }
            leastEverywhere[duration] = highest
            segmentsTaking[duration] = taking
            lasting[duration] = 0
        }
    }

    /// The segments that take a candidate of this duration at its price.
    @inline(__always)
    func takers(of price: Micros, among segments: UInt32, _ duration: Int) -> UInt32 {
        let taking = segmentsTaking[duration] & segments
        if price >= leastEverywhere[duration] { return taking }
        var takers: UInt32 = 0
        for segment in bits(of: UInt64(taking))
        where price >= least[duration * PodLimits.segments + segment] {
            takers |= 1 &<< UInt32(segment)
        }
        return takers
    }
}

extension PodDraft {
    mutating func admit(_ ranks: UInt64, to segments: UInt32) {
        for segment in bits(of: UInt64(segments)) { eligible[segment] |= ranks }
    }
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
        setDurations(problem)
        draft.setPrices(problem, durations, durationCount)
        draft.count = 0
        for segment in 0..<segmentCount { draft.eligible[segment] = 0 }
        // Candidates with the same takers mostly follow one another: their segments are told of them together.
        var alike: (takers: UInt32, ranks: UInt64) = (0, 0)
        for index in 0..<problem.candidateCount where !problem.isWithdrawn(index) {
            let seconds = problem.candidates[index].seconds
            var duration = 0
            while durations[duration] < seconds { duration += 1 }
            let takers = draft.takers(
                of: problem.candidates[index].price, among: problem.candidates[index].segments, duration)
            guard takers != 0 else { continue }
            let (value, reason) = problem.exclusionEverywhere(of: problem.candidates[index])
            guard reason == nil else { continue }
            let place = draft.count
            let bit: UInt64 = 1 &<< UInt64(place)
            if takers != alike.takers {
                draft.admit(alike.ranks, to: alike.takers)
                alike = (takers, 0)
            }
            alike.ranks |= bit
            draft.takers[place] = takers
            draft.duration[place] = UInt8(truncatingIfNeeded: duration)
            draft.lasting[duration] |= bit
            draft.ranks[place].candidate = index
            draft.ranks[place].value = value
            draft.ranks[place].tier = problem.candidates[index].tier
            draft.ranks[place].seconds = seconds
            draft.ranks[place].conflicts = 0
            draft.ranks[place].adjacent = 0
            (draft.ranks[place].first, draft.ranks[place].last) = (0, 0)
            draft.count += 1
        }
        draft.admit(alike.ranks, to: alike.takers)
    }

    private mutating func setDurations(_ problem: borrowing PodProblem) {
        durationCount = 0
        for index in 0..<problem.candidateCount {
            let seconds = problem.candidates[index].seconds
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
            draft.ranks[i].reduced = draft.ranks[i].worth &- secondPrice &* Worth(draft.charged[i])
            draft.ranks[i].time = secondPrice &* Worth(draft.ranks[i].seconds)
            draft.keys[count] = draft.ranks[i].reduced
            draft.order[count] = i
            count += 1
        }
        draft.setPlaces(count)
        hasAdjacency = false
        for index in 0..<durationCount { within[index] = 0 }
        for i in bits(of: draft.kept) {
            let place = draft.place[i]
            ranks[place] = draft.ranks[i]
            ranks[place].conflicts = draft.permuted(draft.ranks[i].conflicts)
            if draft.ranks[i].adjacent != 0 {
                ranks[place].adjacent = draft.permuted(draft.ranks[i].adjacent)
                if ranks[place].adjacent != 0 { hasAdjacency = true }
            }
            within[Int(draft.duration[i])] |= 1 &<< UInt64(place)
        }
        for index in 1..<max(durationCount, 1) { within[index] |= within[index - 1] }
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
                    seconds: draft.seconds[segment],
                    price: isDynamic ? 0 : secondPrice &* Worth(draft.charge[segment]),
                    bucket: min(group, PodCapacity.buckets - 1),
                    slot: PodCapacity.slot(in: min(group, PodCapacity.buckets - 1)))
                groupCount += 1
            }
            groups[group].capacity += problem.segments[segment].capacity
        }
        opening = segmentCount > 0 ? groupOfSegment[0] : 0
        closing = segmentCount > 0 ? groupOfSegment[segmentCount - 1] : 0
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
        arePlacesAlike = !hasAdjacency && first == 0 && last == 0
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
            ranks[i].worth = Worth(ranks[i].value) &<< Worth(shifts[Int(ranks[i].tier.rawValue)])
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

    /// Every two are compared, without a branch: three of four such branches of a sort would be guessed as often as
    /// not. Where time has no price they mostly come in their order.
    mutating func setPlaces(_ count: Int) {
        var isInOrder = true
        for i in 1..<max(count, 1) where keys[i] > keys[i - 1] { isInOrder = false }
        for i in 0..<count { before[i] = isInOrder ? UInt8(truncatingIfNeeded: i) : 0 }
        for i in 0..<(isInOrder ? 0 : count) {
            let key = keys[i]
            var own = before[i]
            for j in i + 1..<max(count, i + 1) {
                let isMore: UInt8 = keys[j] > key ? 1 : 0
                own &+= isMore
                before[j] &+= 1 &- isMore
            }
            before[i] = own
        }
        for at in 0..<count { place[order[at]] = Int(before[at]) }
    }

    /// A set of candidates in the order of the search.
    func permuted(_ set: UInt64) -> UInt64 {
        var permuted: UInt64 = 0
        for i in bits(of: set & kept) { permuted |= 1 << UInt64(place[i]) }
        return permuted
    }
}
