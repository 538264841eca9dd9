// The error function: its value and its slope at the nearest multiple of 1/32 come from tables, and the step
// from there is a series of the slope, e^(-2ch - h²), by its own recurrence.
import CSIMD

extension Double {
    /// 2/√π times the integral of e^-t² from 0 to x.
    public static func erf(_ x: Double) -> Double {
        let size = x.magnitude
        // 1 - erf(6) is less than half of the last place of 1.
        if size >= 6 { return x > 0 ? 1 : -1 }
        if x == 0 || x.isNaN { return x }
        // The products of tiny numbers would lose bits: they are made larger by a power of two for the time
        // being.
        if size < 0x1p-60 {
            let slope = csimd_erf_slope(0)
            let product = Pair.product(x * 0x1p200, slope.high)
            return (product.high + (product.low + x * 0x1p200 * slope.low)) * 0x1p-200
        }
        let rounded = size * 32 + Exponential.rounder
        let c = (rounded - Exponential.rounder) * 0x1p-5
        let h = size - c
        let index = Int64(bitPattern: rounded.bitPattern << 13) >> 13
        let value = csimd_erf_value(index)
        let slope = csimd_erf_slope(index)

        // Σ g[n] h^n / (n + 1), without its first term, where g[n + 1] = (-2c g[n] - 2h g[n - 1]) / (n + 1).
        var before = 1.0
        var term = -2 * c * h
        var series = term * 0.5
        for n in 1...10 {
            let next = (-2 * c * h * term - 2 * h * h * before) * reciprocals[n + 1]
            before = term
            term = next
            series += term * reciprocals[n + 2]
        }
        let step = Pair.product(slope.high, h)
        let sum = Pair.ordered(value.high, step.high)
        let low = (value.low + step.low) + (slope.low * h + step.high * series)
        let result = sum.high + (sum.low + low)
        return x < 0 ? -result : result
    }
}

/// 1/n, to the nearest Double.
private let reciprocals: InlineArray<13, Double> = [
    0, 1, 0.5, 1.0 / 3, 0.25, 1.0 / 5, 1.0 / 6, 1.0 / 7, 0.125, 1.0 / 9, 1.0 / 10, 1.0 / 11, 1.0 / 12,
]
