// The curves that models end in: the logistic function and the hyperbolic tangent, as quotients of pairs, so
// that nothing cancels and the result is rounded once.
extension Double {
    /// 1 / (1 + e^-x).
    public static func sigmoid(_ x: Double) -> Double {
        guard x.magnitude < 64 else {
            // e^-64 is less than half of the last place of 1.
            return x > 0 ? 1 : exp(x)
        }
        let power = Exponential(-x.magnitude).pair
        let one = Pair.ordered(1, power.high)
        return Pair.quotient(x < 0 ? power : Pair(1, 0), Pair(one.high, one.low + power.low))
    }

    /// The hyperbolic tangent.
    public static func tanh(_ x: Double) -> Double {
        let size = x.magnitude
        // 2e^-44 is less than half of the last place of 1; x³/3 is less than that of a small x.
        if size >= 22 { return x > 0 ? 1 : -1 }
        if !(size >= 0x1p-28) { return x }
        let above = Exponential(2 * size).lessOne
        let sum = Pair.ordered(above.high > 2 ? above.high : 2, above.high > 2 ? 2 : above.high)
        let result = Pair.quotient(above, Pair(sum.high, sum.low + above.low))
        return x < 0 ? -result : result
    }
}
