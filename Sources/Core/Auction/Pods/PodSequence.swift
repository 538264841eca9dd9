// The order of a pod's ads: who opens it, who closes it, and nobody beside whom it may not stand.
internal import Units

/// Ads in the order in which they are shown.
struct PodArrangement {
    var ranks = InlineArray<16, UInt8>(repeating: 0)
    var segments = InlineArray<16, UInt8>(repeating: 0)
    var count = 0
    /// The positions that get the premiums; -1 for none.
    var firstPaid = -1
    var lastPaid = -1
}

/// Puts the ads of one part in order. All of its methods are mutating: Swift 6.3 gives others a copy of the whole.
struct PodSequence {
    private(set) var best = PodArrangement()
    /// What the places of `best` add.
    private(set) var premium: Worth = 0
    /// The steps ran out, and an order may exist that was not found.
    private(set) var isCut = false

    private var ranks = InlineArray<16, UInt8>(repeating: 0)
    private var groups = InlineArray<16, UInt8>(repeating: 0)
    private let count: Int
    /// Slots in each group that may stay empty, and the ads of each, a bit each.
    private var spare = InlineArray<16, Int8>(repeating: 0)
    private var ads = InlineArray<16, UInt32>(repeating: 0)
    /// No order gains more than this.
    private let mostPremium: Worth
    private var trial = PodArrangement()
    /// Which of the ads must open and close the pod; -1: nobody does.
    private var opener = -1
    private var closer = -1

    init(_ trail: borrowing PodTrail, _ model: borrowing PodModel) {
        count = trail.count
        mostPremium = trail.part.first + trail.part.last
        for ad in 0..<count {
            (ranks[ad], groups[ad]) = (trail.ranks[ad], trail.groups[ad])
            ads[Int(groups[ad])] |= 1 &<< UInt32(ad)
        }
        for group in 0..<model.groupCount { spare[group] = Int8(trail.slots[group]) }
    }

    /// The order with the highest premiums, if they are more than `least`. Pairs of who opens and who closes are
    /// tried; the others follow as they may.
    mutating func arrange(
        above least: Worth, steps: inout Int, limit: Int, _ model: borrowing PodModel
    ) -> Bool {
        var most = least
        var isFound = false
        let (opening, closing) = (model.opening, model.closing)
        for first in -1..<count where mayTake(first, opening, model) {
            for last in -1..<count where mayTake(last, closing, model) {
                let isLone = first == last && first >= 0
                guard !isLone || (count == 1 && model.segmentCount == 1) else { continue }
                let opened = first >= 0 ? model.ranks[Int(ranks[first])].first : 0
                let closed = last >= 0 ? model.ranks[Int(ranks[last])].last : 0
                let worth = isLone ? max(opened, closed) : opened + closed
                guard worth > most else { continue }
                (opener, closer) = (first, last)
                trial.count = 0
                let isPlaced =
                    model.hasAdjacency ? place(0, in: 0, placed: 0, &steps, limit, model) : placeAll(model)
                guard isPlaced else {
                    if isCut { return isFound }
                    continue
                }
                (most, premium, isFound) = (worth, worth, true)
                best = trial
                let paysFirst = first >= 0 && opened > 0 && (!isLone || opened >= closed)
                let paysLast = last >= 0 && closed > 0 && !(isLone && paysFirst)
                best.firstPaid = paysFirst ? 0 : -1
                best.lastPaid = paysLast ? count - 1 : -1
                if most >= mostPremium { return true }
            }
        }
        return isFound
    }

    /// Whether an ad may be the one at that end of the pod; -1: whether the end may stay empty.
    private mutating func mayTake(_ ad: Int, _ group: Int, _ model: borrowing PodModel) -> Bool {
        if ad >= 0 { return Int(groups[ad]) == group }
        return model.groups[group].isDynamic ? waiting(in: group, 0) == 0 : spare[group] > 0
    }

    /// Fills segment after segment where nobody minds his neighbours: a group's ads stand in its segments as they come.
    private mutating func placeAll(_ model: borrowing PodModel) -> Bool {
        var left = ads
        var ends: UInt32 = 0
        if opener >= 0 { ends |= 1 &<< UInt32(opener) }
        if closer >= 0 { ends |= 1 &<< UInt32(closer) }
        for segment in 0..<model.segmentCount {
            let group = model.groupOfSegment[segment]
            let (isFirst, isLast) = (segment == 0, segment == model.segmentCount - 1)
            if isFirst, opener >= 0 {
                put(opener, segment)
                left[group] &= ~(1 &<< UInt32(opener))
            }
            if model.groups[group].isDynamic || !(isFirst || isLast) {
                var room = model.groups[group].isDynamic ? count : 1
                while room > 0, left[group] & ~ends != 0 {
                    let ad = (left[group] & ~ends).trailingZeroBitCount
                    put(ad, segment)
                    left[group] &= ~(1 &<< UInt32(ad))
                    room -= 1
                }
            }
            if isLast, closer >= 0, closer != opener { put(closer, segment) }
        }
        return trial.count == count
    }

    private mutating func put(_ ad: Int, _ segment: Int) {
        trial.ranks[trial.count] = ranks[ad]
        trial.segments[trial.count] = UInt8(segment)
        trial.count += 1
    }

    /// Fills segment after segment; `placed` has a bit for each ad that has its place, `inSegment` counts those
    /// of the segment at hand.
    private mutating func place(
        _ segment: Int, in inSegment: Int, placed: UInt32, _ steps: inout Int, _ limit: Int,
        _ model: borrowing PodModel
    ) -> Bool {
        guard segment < model.segmentCount else { return placed == 1 << UInt32(count) - 1 }
        guard steps < limit else {
            isCut = true
            return false
        }
        steps += 1
        let group = model.groupOfSegment[segment]
        let isLastSegment = segment == model.segmentCount - 1
        let isDynamic = model.groups[group].isDynamic
        let waiting = waiting(in: group, placed)
        if isDynamic ? waiting == 0 : inSegment == 1 {
            return place(segment + 1, in: 0, placed: placed, &steps, limit, model)
        }
        for ad in 0..<count where placed >> UInt32(ad) & 1 == 0 && Int(groups[ad]) == group {
            let opens = segment == 0 && inSegment == 0
            let closes = isLastSegment && (!isDynamic || waiting == 1)
            guard opens == (ad == opener), closes == (ad == closer), isFree(Int(ranks[ad]), model) else {
                continue
            }
            put(ad, segment)
            if place(segment, in: inSegment + 1, placed: placed | 1 << UInt32(ad), &steps, limit, model) {
                return true
            }
            trial.count -= 1
            if isCut { return false }
        }
        // A slot may stay empty where its group has more slots than ads, unless somebody is to open or close
        // the pod in it.
        guard !isDynamic, spare[group] > 0, segment > 0 || opener < 0, !isLastSegment || closer < 0 else {
            return false
        }
        spare[group] -= 1
        defer { spare[group] += 1 }
        return place(segment + 1, in: 0, placed: placed, &steps, limit, model)
    }

    private mutating func waiting(in group: Int, _ placed: UInt32) -> Int {
        (ads[group] & ~placed).nonzeroBitCount
    }

    /// Whether the ad may follow the one before it. An empty slot between two ads does not part them: the
    /// player may close the gap.
    private mutating func isFree(_ rank: Int, _ model: borrowing PodModel) -> Bool {
        guard trial.count > 0 else { return true }
        return model.ranks[Int(trial.ranks[trial.count - 1])].adjacent >> UInt64(rank) & 1 == 0
    }
}
