// Numbers of twice a Double's precision: the sum of two of them, of which the second is what rounding took
// from the first. Everything here is exact where it says so, by the rules of IEEE 754 alone: no fused
// operation, which not every machine has.

/// `high + low`, where `low` is at most half a unit in the last place of `high`.
struct Pair {
    var high: Double
    var low: Double

    @inline(__always) init(_ high: Double, _ low: Double) {
        self.high = high
        self.low = low
    }

    /// a + b, exactly.
    @inline(__always) static func sum(_ a: Double, _ b: Double) -> Pair {
        let s = a + b
        let bOfS = s - a
        return Pair(s, (a - (s - bOfS)) + (b - bOfS))
    }

    /// a + b, exactly, where a is not the smaller one or is zero.
    @inline(__always) static func ordered(_ a: Double, _ b: Double) -> Pair {
        let s = a + b
        return Pair(s, b - (s - a))
    }

    /// a × b, exactly, as long as neither is above 2^996 and the product is not near the subnormal ones.
    @inline(__always) static func product(_ a: Double, _ b: Double) -> Pair {
        let (aHigh, aLow) = halves(a)
        let (bHigh, bLow) = halves(b)
        let p = a * b
        return Pair(p, ((aHigh * bHigh - p) + aHigh * bLow + aLow * bHigh) + aLow * bLow)
    }

    /// Two parts of 26 bits each (Veltkamp).
    @inline(__always) private static func halves(_ a: Double) -> (Double, Double) {
        let spread = a * 0x1.0000002p27
        let high = spread - (spread - a)
        return (high, a - high)
    }

    /// To the nearest Double, but for a few in ten thousand of the cases near a tie.
    @inline(__always) static func quotient(_ a: Pair, _ b: Pair) -> Double {
        let q = a.high / b.high
        let p = product(q, b.high)
        let rest = ((a.high - p.high) - p.low) + (a.low - q * b.low)
        return q + rest / b.high
    }
}
