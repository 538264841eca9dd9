// The pod with the highest value, by branch and bound (docs/decisions/0012). Ads are taken in the order of what
// they promise; a branch is left as soon as a relaxation of all that could still be added shows that it cannot
// beat the best pod so far. Steps are counted, not time, so that the same problem gives the same pod anywhere.
import Units

/// Solves one problem after another in memory of its own: a shard keeps one. Allocates nothing.
public struct PodSolver: ~Copyable {
    var model = PodModel()
    var trail = PodTrail()
    private var draft = PodDraft()
    var stepLimit = 0
    var steps = 0
    var best: Worth = 0
    var bestPod = PodArrangement()
    /// The most that anything could be worth that was not looked at.
    private var open: Worth = 0
    private var isOut = false

    public init() {}

    /// The best pod found within so many steps, always feasible, and a proven bound on every other. A problem
    /// without segments or without an ad that fits has the empty pod as its answer.
    public mutating func solve(_ problem: borrowing PodProblem, steps limit: Int = PodLimits.steps)
        -> PodSolution
    {
        if problem.positionCount == 1 { return problem.lone() }
        model.prepare(problem, &draft)
        (stepLimit, steps, best, open, isOut) = (max(limit, 0), 0, 0, 0, false)
        bestPod = PodArrangement()
        if model.count > 0 {
            start()
            let all = fitting(PodBits.first(model.count))
            // A pod to start from, so that there is one however early the search must stop.
            fill(all)
            stepLimit -= stepLimit / Self.polishShare
            explore(all)
            stepLimit = max(limit, 0)
            if isOut { polish() }
        }
        return solution()
    }

    /// Adds ad after ad to a part of a pod, in the order of their promise, each where it leaves the others the most room,
    /// and takes them away again.
    mutating func fill(_ candidates: UInt64) {
        let count = trail.count
        var free = candidates
        while free != 0 {
            let rank = free.trailingZeroBitCount
            add(rank, to: narrowestGroup(for: rank))
            free = fitting(free & ~model.ranks[rank].conflicts & ~(1 << UInt64(rank)))
            // Without neighbours to mind every part of the pod can be put in order, and none is worth more than the whole.
            if free == 0 || model.hasAdjacency { consider() }
        }
        while trail.count > count { removeLast() }
    }

    private mutating func narrowestGroup(for rank: Int) -> Int {
        var narrowest = -1
        var fewest = 65
        for group in 0..<model.groupCount where takes(rank, in: group) {
            let count = model.groups[group].eligible.nonzeroBitCount
            if count < fewest { (narrowest, fewest) = (group, count) }
        }
        precondition(narrowest >= 0, "an ad that fits nowhere was offered")
        return narrowest
    }

    /// Everything that adds to the part at hand some of the free candidates.
    private mutating func explore(_ candidates: UInt64) {
        var free = candidates
        while free != 0 {
            guard !isOut, steps < stepLimit else { return leave(free) }
            steps += 1
            guard bound(free, above: best) > best else { return }
            let rank = free.trailingZeroBitCount
            let own: UInt64 = 1 &<< UInt64(rank)
            let rest = free & ~model.ranks[rank].conflicts & ~own
            for group in 0..<model.groupCount where takes(rank, in: group) {
                if isIdle(group, for: rank, free) { continue }
                add(rank, to: group)
                consider()
                explore(fitting(rest))
                removeLast()
                if isOut { return leave(hasGroup(for: rank, after: group) ? free : free & ~own) }
            }
            free &= ~own
        }
    }

    /// Whether an ad need not be tried in this group, as there is a free slot of another one that takes it, and whoever
    /// comes to stand there could change places with it: any pod with the ad here is then worth as much with the ad
    /// there. Neighbours and the places that open and close the pod are not compared, so not without them.
    private mutating func isIdle(_ group: Int, for rank: Int, _ free: UInt64) -> Bool {
        guard model.arePlacesAlike, model.groupCount > 1 else { return false }
        let here = model.groups[group].eligible & free
        for other in 0..<model.groupCount
        where other != group && !model.groups[other].isDynamic {
            let there = model.groups[other].eligible & free
            guard there & ~here == 0, takes(rank, in: other) else { continue }
            if model.groups[group].isDynamic {
                // What comes here instead must not take more time.
                if there & ~noLonger(than: model.ranks[rank].seconds) == 0 { return true }
            } else if there != here || other < group {
                return true
            }
        }
        return false
    }

    private mutating func hasGroup(for rank: Int, after group: Int) -> Bool {
        for next in group + 1..<max(group + 1, model.groupCount) where takes(rank, in: next) {
            return true
        }
        return false
    }

    /// Goes no further here; what could have been found counts for the bound.
    private mutating func leave(_ free: UInt64) {
        isOut = true
        if free != 0 { open = max(open, bound(free, above: .max)) }
    }

    /// No pod that adds free candidates, of which there are some, to the part at hand is worth more. Counts no further
    /// than `enough`.
    ///
    /// What the part has, and the time of the whole pod at its price, and the reduced worth of as many of the
    /// best free candidates as there are slots for, of each clique one at most, and the best premiums that are
    /// in reach. Every pod is such a choice with a price of time at most equal to what its seconds cost.
    private mutating func bound(_ free: UInt64, above enough: Worth) -> Worth {
        let best = free.trailingZeroBitCount
        let part = trail.part
        let (opens, closes) = (trail.slots[model.opening] > 0, trail.slots[model.closing] > 0)
        var sum = model.timeWorth + part.reduced
        sum += opens ? max(part.first, model.ranks[best].firstBeyond) : part.first
        sum += closes ? max(part.last, model.ranks[best].lastBeyond) : part.last
        var rest = free
        var capacity = part.capacity
        while rest != 0 {
            if sum > enough { return sum }
            let rank = rest.trailingZeroBitCount
            guard model.ranks[rank].reduced > 0 else { break }
            rest &= ~model.ranks[rank].clique
            let left = capacity &- model.ranks[rank].demand
            // A byte that had no slot left has borrowed its top bit: the ad finds none.
            guard left & PodCapacity.none == PodCapacity.none else { continue }
            capacity = left
            sum += model.ranks[rank].reduced
        }
        return sum
    }

    /// Keeps the pod at hand if it is the best so far and its ads can be put in an order.
    mutating func consider() {
        let part = trail.part
        guard part.worth + part.first + part.last > best else { return }
        var sequence = PodSequence(trail, model)
        let found = sequence.arrange(above: best - part.worth, steps: &steps, limit: stepLimit, model)
        if found {
            best = part.worth + sequence.premium
            bestPod = sequence.best
        }
        if sequence.isCut {
            isOut = true
            open = max(open, part.worth + part.first + part.last)
        }
    }

    private func solution() -> PodSolution {
        var solution = PodSolution()
        for position in 0..<bestPod.count {
            let rank = model.ranks[Int(bestPod.ranks[position])]
            var value = rank.value
            // The premiums are whole values of the ad's tier.
            let shift = Worth(model.shifts[Int(rank.tier.rawValue)])
            if position == bestPod.firstPaid { value += Int64(rank.first >> shift) }
            if position == bestPod.lastPaid { value += Int64(rank.last >> shift) }
            solution.append(
                PodPlacement(
                    candidate: rank.candidate, segment: Int(bestPod.segments[position]), value: Micros(value)),
                rank.tier)
        }
        solution.bound = max(solution.score, model.score(max(best, open)))
        solution.steps = steps
        return solution
    }
}
