// A pod problem as the search sees it: candidates in the order in which they promise most, every rule between
// them as a word of bits, and interchangeable slots as one group.

internal import Units

/// A value of all tiers in one integer: an earlier tier's part stands above all that the later ones can add
/// up to.
typealias Worth = Int128

/// Slots that take the same candidates, or one dynamic part of a pod.
struct PodGroup {
    /// Candidates that may stand here, by rank.
    var eligible: UInt64 = 0
    var capacity = 0
    var isDynamic = false
    /// For all ads of a dynamic part together; the longest eligible ad for each slot.
    var seconds: Int32 = 0
    /// What a slot is charged for.
    var price: Worth = 0
    /// Which part of the capacity word its slots are counted in, and one of them there.
    var bucket = 0
    var slot: UInt64 = 0
}

/// A candidate as the search sees it.
struct PodRank {
    var candidate = 0
    var value: Int64 = 0
    var tier = PriorityTier.open
    var seconds: Int32 = 0
    var worth: Worth = 0
    /// What its seconds cost in a dynamic part, and its worth less what it costs where that is least.
    var time: Worth = 0
    var reduced: Worth = 0
    /// What the first and the last place would add.
    var first: Worth = 0
    var last: Worth = 0
    /// The most that they would add for this candidate and all that follow.
    var firstBeyond: Worth = 0
    var lastBeyond: Worth = 0
    /// Candidates that may not be in the same pod; not stand beside it.
    var conflicts: UInt64 = 0
    var adjacent: UInt64 = 0
    /// Candidates of which any two conflict, this one among them: a pod holds one of them at most.
    var clique: UInt64 = 0
    /// What any of its clique takes from the capacity word.
    var demand: UInt64 = 0
}

struct PodModel: ~Copyable {
    var ranks = FixedTable(64, repeating: PodRank())
    var count = 0
    var groups = FixedTable(16, repeating: PodGroup())
    var groupCount = 0
    var groupOfSegment = FixedTable(16, repeating: 0)
    var segmentCount = 0
    /// The groups of the first and of the last segment.
    var opening = 0
    var closing = 0
    /// Distinct durations, ascending, and the candidates that are no longer than each.
    var durations = FixedTable(64, repeating: Int32(0))
    var within = FixedTable(64, repeating: UInt64(0))
    var durationCount = 0
    /// The price of a second of the pod's time, and what all of its time is worth at that price.
    var secondPrice: Worth = 0
    var timeWorth: Worth = 0
    /// Slots that are left, by sets of buckets: see `PodCapacity`.
    var capacity: UInt64 = 0
    /// How far a tier's digit is shifted in a worth.
    var shifts = InlineArray<3, Int>(repeating: 0)
    var hasAdjacency = false
    /// Nobody minds beside whom he stands, and no place is worth more than another.
    var arePlacesAlike = false

    /// Bits of one tier: sixteen of the highest values at four times their worth.
    static let tierBits = 42

    /// The values that a worth is made of, or that bound it where it is itself a bound.
    func score(_ worth: Worth) -> PodScore {
        var present = InlineArray<3, Bool>(repeating: false)
        for i in 0..<count { present[Int(ranks[i].tier.rawValue)] = true }
        var score = PodScore()
        var rest = worth
        for number in 0..<3 where present[number] {
            guard let tier = PriorityTier(rawValue: UInt8(number)) else { continue }
            let shift = Worth(shifts[number])
            let part = rest >> shift
            score[tier] = Micros(Int64(clamping: part))
            rest -= part << shift
        }
        return score
    }
}
