// Draws of the normal distribution, by its quantiles: Peter Acklam's rational approximation, good to nine digits.
internal import Numerics
internal import Units

enum Normal {
    static func draw(_ draws: inout Randomness) -> Double { quantile(draws.nextUnit() + 0x1p-54) }

    static func quantile(_ share: Double) -> Double {
        if share < 0.02425 { return tail((-2 * Double.log(max(share, 1e-300))).squareRoot()) }
        if share > 1 - 0.02425 { return -tail((-2 * Double.log(max(1 - share, 1e-17))).squareRoot()) }
        let q = share - 0.5
        let r = q * q
        let a = ((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r
        let above = ((a + 1.383577518672690e+02) * r - 3.066479806614716e+01) * r + 2.506628277459239e+00
        let b = ((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r
        let below = ((b + 6.680131188771972e+01) * r - 1.328068155288572e+01) * r + 1
        return above * q / below
    }

    private static func tail(_ q: Double) -> Double {
        let c = ((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838e+00) * q
        let above = ((c - 2.549732539343734e+00) * q + 4.374664141464968e+00) * q + 2.938163982698783e+00
        let d = ((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996e+00) * q
        return above / ((d + 3.754408661907416e+00) * q + 1)
    }
}
