// The logarithm. Two tables bring the mantissa within 2^-13 of 1, by factors of so few bits that what is left
// is exact; their logarithms have leading parts whose sums are exact, and a short series gives the rest. The
// result is rounded once: it is the nearest Double but for about two in ten thousand arguments.
import CSIMD

/// log(x) as whole + log(1 + rest), where rest = restHigh + restLow is below 2^-13.
struct Logarithm {
    /// The power of two that was taken out.
    var exponent: Double
    var whole: Double
    var wholeLow: Double
    var restHigh: Double
    var restLow: Double

    /// log(x + tail) - exponent × log(2), for ordinary positive x and a tail of at most its last place.
    /// - Parameter lift: is added to the exponent, for an x that was scaled.
    @inline(__always) init(_ x: Double, tail: Double = 0, lift: Int64 = 0) {
        let bits = x.bitPattern
        let above = bits &- 0x3FE6_9000_0000_0000
        let scale = Int64(bitPattern: above) >> 52
        let z = Double(bitPattern: bits &- (above & 0xFFF0_0000_0000_0000))
        let coarse = csimd_log_coarse(Int64(bitPattern: above >> 45))
        let rounded = (z * coarse.inverse - 1) * 8192 + Exponential.rounder
        let steps = rounded - Exponential.rounder
        let fine = csimd_log_fine(Int64(bitPattern: rounded.bitPattern << 13) >> 13)
        // A factor of 24 bits, and 29 of the mantissa's: the products are exact, and so is the difference.
        let factor = coarse.inverse * (1 - steps * 0x1p-13)
        let zHigh = Double(bitPattern: z.bitPattern & 0xFFFF_FFFF_FF00_0000)
        var rest = Pair.sum(zHigh * factor - 1, (z - zHigh) * factor)
        if tail != 0, scale < 1000 {
            let low = rest.low
            rest = Pair.sum(rest.high, tail * Exponential.power(-scale) * factor)
            rest.low += low
        }
        exponent = Double(scale &+ lift)
        whole = coarse.high + fine.high
        wholeLow = coarse.low + fine.low
        restHigh = rest.high
        restLow = rest.low
    }

    /// With the power of two.
    @inline(__always) var natural: Logarithm {
        var copy = self
        copy.whole = exponent * CSIMD_LN2_HIGH + whole
        copy.wholeLow = exponent * CSIMD_LN2_LOW + wholeLow
        return copy
    }

    /// As a sum of two, of which the first is rounded once from the whole.
    @inline(__always) var pair: Pair {
        let r = restHigh
        let series = r * r * (-0.5 + r * (0x1.5555555555555p-2 + r * (-0.25 + r * 0x1.999999999999ap-3)))
        let sum = Pair.ordered(whole, r)
        return Pair(sum.high, sum.low + (restLow + (series + wholeLow)))
    }

    /// The same to 80 bits, for what is multiplied afterwards.
    @inline(__always) var precise: Pair {
        let r = restHigh
        let square = Pair.product(r, r)
        let cubic =
            r * square.high
            * (0x1.5555555555555p-2 + r * (-0.25 + r * (0x1.999999999999ap-3 - r * 0x1.5555555555555p-3)))
        let sum = Pair.ordered(whole, r)
        let second = Pair.ordered(sum.high, -0.5 * square.high)
        let low = (restLow - r * restLow - 0.5 * square.low) + (cubic + wholeLow)
        return Pair.ordered(second.high, (sum.low + second.low) + low)
    }

    /// For positive and finite x, subnormal ones too.
    @inline(__always) static func of(_ x: Double) -> Logarithm {
        x < .leastNormalMagnitude ? Logarithm(x * 0x1p54, lift: -54) : Logarithm(x)
    }

    /// What is no positive and finite number has its logarithm from here.
    @inline(never) static func special(_ x: Double) -> Double {
        x == 0 ? -.infinity : x > 0 ? x : .nan
    }
}

extension Double {
    /// The natural logarithm; of zero minus infinity, of negative numbers no number.
    public static func log(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return Logarithm.special(x) }
        let pair = Logarithm.of(x).natural.pair
        return pair.high + pair.low
    }

    /// The logarithm to base 2, exact for powers of two.
    public static func log2(_ x: Double) -> Double {
        guard x > 0, x < .infinity else { return Logarithm.special(x) }
        let logarithm = Logarithm.of(x)
        let mantissa = logarithm.pair
        let natural = Pair.ordered(mantissa.high, mantissa.low)
        let scaled = Pair.product(natural.high, CSIMD_LOG2E_HIGH)
        let low = natural.high * CSIMD_LOG2E_LOW + natural.low * CSIMD_LOG2E_HIGH
        let sum = Pair.ordered(logarithm.exponent, scaled.high)
        return sum.high + (sum.low + (scaled.low + low))
    }

    /// log(1 + x), precise for small x too.
    public static func log1p(_ x: Double) -> Double {
        guard x > -1, x < .infinity else { return x == -1 ? -.infinity : x > 0 ? x : .nan }
        // x²/2 is less than half of the last place.
        if x.magnitude < 0x1p-54 { return x }
        let sum = Pair.sum(1, x)
        let pair = Logarithm(sum.high, tail: sum.low).natural.pair
        return pair.high + pair.low
    }
}
