// Seeded randomness: the same seed gives the same numbers on every machine and in every version. Core draws
// no seed itself; one comes in from outside, and each part that needs its own stream splits one off.

/// xoshiro256**, by David Blackman and Sebastiano Vigna, seeded by SplitMix64. Not for secrets.
public struct Randomness: RandomNumberGenerator, Hashable, Sendable {
    @usableFromInline var s0: UInt64
    @usableFromInline var s1: UInt64
    @usableFromInline var s2: UInt64
    @usableFromInline var s3: UInt64

    @inlinable public init(seed: UInt64) {
        var seeds = SplitMix64(state: seed)
        s0 = seeds.next()
        s1 = seeds.next()
        s2 = seeds.next()
        s3 = seeds.next()
    }

    @inlinable public mutating func next() -> UInt64 {
        let result = ((s1 &* 5) << 7 | (s1 &* 5) >> 57) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = s3 << 45 | s3 >> 19
        return result
    }

    /// A generator of its own, that shares nothing with what this one gives from here on but this draw.
    @inlinable public mutating func split() -> Randomness { Randomness(seed: next()) }

    /// A whole number from zero up to, and not including, the bound; every one is equally likely.
    @inlinable public mutating func next(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "there is no number below zero")
        // The high half of draw × bound; draws whose low half falls in the uneven rest are thrown away
        // (Lemire).
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let rest = (0 &- bound) % bound
            while product.low < rest { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    /// A whole number in the range; every one is equally likely.
    @inlinable public mutating func next(in range: ClosedRange<Int>) -> Int {
        let width = UInt64(bitPattern: Int64(range.upperBound)) &- UInt64(bitPattern: Int64(range.lowerBound))
        let draw = width == .max ? next() : next(below: width + 1)
        return Int(truncatingIfNeeded: UInt64(bitPattern: Int64(range.lowerBound)) &+ draw)
    }

    /// A Double from 0 up to, and not including, 1: a multiple of 2^-53.
    @inlinable public mutating func nextUnit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

/// SplitMix64, by Guy Steele, Doug Lea and Christine Flood: turns one seed into many that look unlike it.
public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable {
    public var state: UInt64

    @inlinable public init(state: UInt64) { self.state = state }

    @inlinable public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
