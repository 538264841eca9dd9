// The part of a pod that a search is at: who is in it, one behind the other, and what is left. Ads are added at its end
// and taken away there, so that a step of the search copies no more than a few numbers.
internal import Units

/// What a part of a pod comes to.
struct PodPart {
    /// Slots that are left: see `PodCapacity`.
    var capacity: UInt64 = 0
    var worth: Worth = 0
    var reduced: Worth = 0
    /// The most that the first and the last place add for one of the ads.
    var first: Worth = 0
    var last: Worth = 0
}

struct PodTrail: ~Copyable {
    fileprivate(set) var count = 0
    fileprivate(set) var ranks = FixedTable(PodLimits.positions, repeating: UInt8(0))
    fileprivate(set) var groups = FixedTable(PodLimits.positions, repeating: UInt8(0))
    /// What is left in each group.
    fileprivate(set) var slots = FixedTable(PodLimits.segments, repeating: 0)
    fileprivate(set) var seconds = FixedTable(PodLimits.segments, repeating: Int32(0))
    /// What the first so many ads come to.
    fileprivate var parts = FixedTable(PodLimits.positions + 1, repeating: PodPart())

    var part: PodPart { parts[count] }
}

/// All of these are mutating methods of the solver: Swift 6.3 gives others a copy of the whole solver, and what a method
/// of the trail is given of the model a copy of the whole model.
extension PodSolver {
    mutating func start() {
        for group in 0..<model.groupCount {
            trail.slots[group] = model.groups[group].capacity
            trail.seconds[group] = model.groups[group].seconds
        }
        trail.count = 0
        trail.parts[0] = PodPart(capacity: model.capacity)
    }

    @inline(__always)
    mutating func takes(_ rank: Int, in group: Int) -> Bool {
        trail.slots[group] > 0 && model.groups[group].eligible &>> UInt64(rank) & 1 == 1
            && model.ranks[rank].seconds <= trail.seconds[group]
    }

    /// Candidates that still fit somewhere, of those in a set.
    @inline(__always)
    mutating func fitting(_ free: UInt64) -> UInt64 {
        var fitting: UInt64 = 0
        for group in 0..<model.groupCount where trail.slots[group] > 0 {
            let eligible = model.groups[group].eligible
            // Who may stand in a slot is no longer than it.
            fitting |=
                model.groups[group].isDynamic ? eligible & noLonger(than: trail.seconds[group]) : eligible
        }
        return free & fitting
    }

    @inline(__always)
    mutating func noLonger(than seconds: Int32) -> UInt64 {
        var index = model.durationCount
        while index > 0 {
            index -= 1
            if model.durations[index] <= seconds { return model.within[index] }
        }
        return 0
    }

    mutating func add(_ rank: Int, to group: Int) {
        let count = trail.count
        (trail.ranks[count], trail.groups[count]) = (
            UInt8(truncatingIfNeeded: rank), UInt8(truncatingIfNeeded: group)
        )
        trail.slots[group] -= 1
        var part = trail.parts[count]
        part.capacity &-= model.groups[group].slot
        part.worth += model.ranks[rank].worth
        part.reduced += model.ranks[rank].worth
        if model.groups[group].isDynamic {
            part.reduced -= model.ranks[rank].time
            trail.seconds[group] -= model.ranks[rank].seconds
        } else {
            part.reduced -= model.groups[group].price
        }
        if group == model.opening { part.first = max(part.first, model.ranks[rank].first) }
        if group == model.closing { part.last = max(part.last, model.ranks[rank].last) }
        trail.count = count + 1
        trail.parts[count + 1] = part
    }

    mutating func removeLast() {
        trail.count -= 1
        let group = Int(trail.groups[trail.count])
        trail.slots[group] += 1
        if model.groups[group].isDynamic {
            trail.seconds[group] += model.ranks[Int(trail.ranks[trail.count])].seconds
        }
    }
}
