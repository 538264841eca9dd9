// Sets of up to 64 candidates as words of bits, and slots counted in the bytes of one.

/// The numbers of the bits that are set, ascending.
struct PodBits: Sequence, IteratorProtocol {
    var rest: UInt64

    @inline(__always) mutating func next() -> Int? {
        guard rest != 0 else { return nil }
        let bit = rest.trailingZeroBitCount
        rest &= rest &- 1
        return bit
    }

    /// The set of the first so many.
    static func first(_ count: Int) -> UInt64 { count == 64 ? ~0 : 1 << UInt64(count) - 1 }
}

@inline(__always) func bits(of set: UInt64) -> PodBits { PodBits(rest: set) }

/// Whether so many ads can each have a slot, asked without assigning any: by Hall's theorem they can where, for
/// every set of kinds of slots, no more ads are confined to the set than it has slots. Three kinds make seven
/// sets; byte n of a word counts for the set whose members are the bits of n. Kinds beyond the third are counted
/// together, which only makes a bound looser.
enum PodCapacity {
    static let buckets = 3
    /// The top bit of each byte: a borrow takes it away, and that is how a lack of slots shows.
    static let none: UInt64 = 0x8080_8080_8080_8080

    /// What a slot of a kind adds: one in every set that has the kind.
    static func slot(in bucket: Int) -> UInt64 {
        var word: UInt64 = 0
        for set in 1..<8 where set >> bucket & 1 == 1 { word |= 1 << UInt64(8 * set) }
        return word
    }

    /// What an ad takes that may stand in these kinds: one in every set that contains them all.
    static func demand(of kinds: Int) -> UInt64 {
        var word: UInt64 = 0
        for set in 1..<8 where kinds & ~set == 0 { word |= 1 << UInt64(8 * set) }
        return word
    }
}
