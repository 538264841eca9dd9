// The exponential. 2^(k/4096) comes from two tables, k being chosen so that what is left of the argument is
// at most 2^-13; a short series gives the rest. The leading parts of the tables have 26 bits, so that their
// product is exact, and the result is rounded once: it is the nearest Double but for about two in ten
// thousand arguments.
import CSIMD

/// e^x as 2^scale × (high + low) × (1 + rest), where rest = restHigh + restLow is below 2^-13.
struct Exponential {
    var scale: Int64
    var high: Double
    var low: Double
    var restHigh: Double
    var restLow: Double

    /// The nearest whole number, for numbers below 2^51, as what it adds to the last bits of this.
    static let rounder = 0x1.8p52

    /// e^(x + tail), for |x| below 746 and a tail of at most its last place.
    @inline(__always) init(_ x: Double, tail: Double = 0) {
        let rounded = x * CSIMD_EXP_STEPS + Exponential.rounder
        let steps = rounded - Exponential.rounder
        // Exact: the leading part of a step has 30 bits and there are less than 2^23 steps.
        let near = x - steps * CSIMD_EXP_STEP_HIGH
        let rest = Pair.sum(near, tail - steps * CSIMD_EXP_STEP_LOW)
        self.init(steps: rounded, rest: rest.high, tail: rest.low)
    }

    /// 2^x, for |x| below 1,100.
    @inline(__always) init(binary x: Double) {
        let rounded = x * 4096 + Exponential.rounder
        let left = x - (rounded - Exponential.rounder) * 0x1p-12
        self.init(steps: rounded, rest: left * CSIMD_LN2, tail: 0)
    }

    @inline(__always) private init(steps rounded: Double, rest r: Double, tail: Double) {
        let k = Int64(bitPattern: rounded.bitPattern << 13) >> 13
        let coarse = csimd_exp2_coarse(k >> 6)
        let fine = csimd_exp2_fine(k)
        scale = k >> 12
        high = coarse.high * fine.high
        low = coarse.high * fine.low + coarse.low * fine.high + coarse.low * fine.low
        let fourth = 0x1.5555555555555p-5 + r * 0x1.1111111111111p-7
        let series = r * r * (0.5 + r * (0x1.5555555555555p-3 + r * fourth))
        let sum = Pair.ordered(r, series + tail)
        restHigh = sum.high
        restLow = sum.low
    }

    /// What is to be added to `high` for e^x without its scale.
    @inline(__always) var addend: Double { low + (high + low) * restHigh }

    /// 2^n for n from -1022 to 1023.
    @inline(__always) static func power(_ n: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: n &+ 1023) << 52)
    }

    /// The one rounding, at whatever scale.
    @inline(__always) var value: Double {
        if scale >= -1021 && scale <= 1022 { return (high + addend) * Exponential.power(scale) }
        return extreme
    }

    /// Where the result may overflow, or is subnormal and has fewer bits: then 1 is added to it in the place
    /// of 2^-1022, so that the sum is rounded where the result's last bit is.
    @inline(never) private var extreme: Double {
        if scale > 0 { return (high + addend) * 0x1p1022 * Exponential.power(scale - 1022) }
        let sum = Pair.ordered(high, addend)
        let lift = Exponential.power(scale + 1022)
        let part = Pair(sum.high * lift, sum.low * lift)
        if part.high >= 1 { return (part.high + part.low) * 0x1p-1022 }
        let lifted = Pair.ordered(1, part.high)
        return ((lifted.high + (lifted.low + part.low)) - 1) * 0x1p-1022
    }

    /// e^x as a pair, for scales that make ordinary numbers.
    @inline(__always) var pair: Pair {
        let unit = Exponential.power(scale)
        let sum = Pair.ordered(high, addend)
        return Pair(sum.high * unit, sum.low * unit)
    }

    /// e^x - 1 as a pair, precise however small it is, for scales that make ordinary numbers.
    @inline(__always) var lessOne: Pair {
        let unit = Exponential.power(scale)
        let whole = Pair.sum(high * unit, -1)
        let wholeLow = low * unit + whole.low
        let sum = Pair.sum(whole.high, restHigh)
        let low = sum.low + (wholeLow + (restLow + (whole.high + wholeLow) * restHigh))
        return Pair.ordered(sum.high, low)
    }
}

extension Double {
    /// e^x. Above 709.78 it is infinite, below -745.13 zero.
    public static func exp(_ x: Double) -> Double {
        guard x.magnitude < 746 else {
            return x.isNaN ? x : x > 0 ? .infinity : 0
        }
        return Exponential(x).value
    }

    /// 2^x, exact where x is a whole number.
    public static func exp2(_ x: Double) -> Double {
        guard x.magnitude < 1100 else {
            return x.isNaN ? x : x > 0 ? .infinity : 0
        }
        return Exponential(binary: x).value
    }

    /// e^x - 1, precise for small x too.
    public static func expm1(_ x: Double) -> Double {
        // Below, e^x - 1 is nearer to -1 than to any other Double; above, nearer to e^x than half its last
        // place.
        if x < -40 { return -1 }
        if !(x < 64) { return exp(x) }
        // x²/2 is less than half of the last place.
        if x.magnitude < 0x1p-54 { return x }
        let pair = Exponential(x).lessOne
        return pair.high + pair.low
    }
}
