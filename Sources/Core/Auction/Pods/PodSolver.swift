// The pod with the highest value, by branch and bound (docs/decisions/0012). Ads are taken in the order of what
// they promise; a branch is left as soon as a relaxation of all that could still be added shows that it cannot
// beat the best pod so far. Steps are counted, not time, so that the same problem gives the same pod anywhere.
import Units

/// Solves one problem after another in memory of its own: a shard keeps one. Allocates nothing.
public struct PodSolver: ~Copyable {
    var model = PodModel()
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
            seed()
            var root = PodNode()
            root.start(model)
            stepLimit -= stepLimit / Self.polishShare
            explore(root, model.fitting(PodBits.first(model.count), root.room))
            stepLimit = max(limit, 0)
            if isOut { polish() }
        }
        return solution()
    }

    /// A pod to start from, so that there is one however early the search must stop: ad after ad in the order
    /// of their promise, each where it leaves the others the most room.
    private mutating func seed() {
        var node = PodNode()
        node.start(model)
        fill(node, model.fitting(PodBits.first(model.count), node.room))
    }

    /// Adds ad after ad to a part of a pod.
    mutating func fill(_ part: PodNode, _ candidates: UInt64) {
        var node = part
        var free = candidates
        while free != 0 {
            let rank = free.trailingZeroBitCount
            let group = narrowestGroup(for: rank, node)
            node.add(rank, to: group, model)
            free = model.fitting(free & ~model.ranks[rank].conflicts & ~(1 << UInt64(rank)), node.room)
            consider(node)
        }
    }

    private mutating func narrowestGroup(for rank: Int, _ node: borrowing PodNode) -> Int {
        var narrowest = -1
        var fewest = 65
        for group in 0..<model.groupCount where node.takes(rank, in: group, model) {
            let count = model.groups[group].eligible.nonzeroBitCount
            if count < fewest { (narrowest, fewest) = (group, count) }
        }
        precondition(narrowest >= 0, "an ad that fits nowhere was offered")
        return narrowest
    }

    /// Everything that adds to a node some of the free candidates.
    private mutating func explore(_ node: PodNode, _ candidates: UInt64) {
        var free = candidates
        while free != 0 {
            guard !isOut, steps < stepLimit else { return leave(node, free) }
            steps += 1
            guard bound(node, free, above: best) > best else { return }
            let rank = free.trailingZeroBitCount
            let own: UInt64 = 1 << UInt64(rank)
            let rest = free & ~model.ranks[rank].conflicts & ~own
            for group in 0..<model.groupCount where node.takes(rank, in: group, model) {
                var child = node
                child.add(rank, to: group, model)
                consider(child)
                explore(child, model.fitting(rest, child.room))
                if isOut { return leave(node, hasGroup(for: rank, after: group, node) ? free : free & ~own) }
            }
            free &= ~own
        }
    }

    private mutating func hasGroup(for rank: Int, after group: Int, _ node: borrowing PodNode) -> Bool {
        for next in group + 1..<max(group + 1, model.groupCount) where node.takes(rank, in: next, model) {
            return true
        }
        return false
    }

    /// Goes no further here; what could have been found counts for the bound.
    private mutating func leave(_ node: borrowing PodNode, _ free: UInt64) {
        isOut = true
        if free != 0 { open = max(open, bound(node, free, above: .max)) }
    }

    /// No pod that adds free candidates, of which there are some, to the node is worth more. Counts no further
    /// than `enough`.
    ///
    /// What the node has, and the time of the whole pod at its price, and the reduced worth of as many of the
    /// best free candidates as there are slots for, of each clique one at most, and the best premiums that are
    /// in reach. Every pod is such a choice with a price of time at most equal to what its seconds cost.
    private mutating func bound(_ node: borrowing PodNode, _ free: UInt64, above enough: Worth) -> Worth {
        let best = free.trailingZeroBitCount
        let (opens, closes) = (node.room.slots[model.opening] > 0, node.room.slots[model.closing] > 0)
        var sum = model.timeWorth + node.reduced
        sum += opens ? max(node.first, model.ranks[best].firstBeyond) : node.first
        sum += closes ? max(node.last, model.ranks[best].lastBeyond) : node.last
        var rest = free
        var capacity = node.capacity
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

    /// Keeps the node's pod if it is the best so far and its ads can be put in an order.
    mutating func consider(_ node: borrowing PodNode) {
        guard node.worth + node.first + node.last > best else { return }
        var sequence = PodSequence(node, model)
        let found = sequence.arrange(above: best - node.worth, steps: &steps, limit: stepLimit, model)
        if found {
            best = node.worth + sequence.premium
            bestPod = sequence.best
        }
        if sequence.isCut {
            isOut = true
            open = max(open, node.worth + node.first + node.last)
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

/// A part of a pod: who is in it and what is left.
struct PodNode {
    var room = PodRoom()
    var capacity: UInt64 = 0
    var worth: Worth = 0
    var reduced: Worth = 0
    /// The most that the first and the last place add for one of the ads.
    var first: Worth = 0
    var last: Worth = 0
    var ranks = InlineArray<16, UInt8>(repeating: 0)
    var groups = InlineArray<16, UInt8>(repeating: 0)
    var count = 0

    mutating func start(_ model: borrowing PodModel) {
        for group in 0..<model.groupCount {
            room.slots[group] = Int8(model.groups[group].capacity)
            room.seconds[group] = model.groups[group].seconds
        }
        capacity = model.capacity
    }

    @inline(__always)
    func takes(_ rank: Int, in group: Int, _ model: borrowing PodModel) -> Bool {
        room.slots[group] > 0 && model.groups[group].eligible >> UInt64(rank) & 1 == 1
            && model.ranks[rank].seconds <= room.seconds[group]
    }

    @inline(__always)
    mutating func add(_ rank: Int, to group: Int, _ model: borrowing PodModel) {
        room.slots[group] -= 1
        capacity &-= model.groups[group].slot
        worth += model.ranks[rank].worth
        reduced += model.ranks[rank].reduced
        if model.groups[group].isDynamic {
            room.seconds[group] -= model.ranks[rank].seconds
        } else {
            // The time that an ad leaves of its slot is of no use to any other.
            let rest = model.groups[group].seconds - model.ranks[rank].seconds
            reduced -= model.secondPrice * Worth(rest)
        }
        if group == model.opening { first = max(first, model.ranks[rank].first) }
        if group == model.closing { last = max(last, model.ranks[rank].last) }
        ranks[count] = UInt8(rank)
        groups[count] = UInt8(group)
        count += 1
    }
}
