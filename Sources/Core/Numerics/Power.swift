// x to the power of y: the exponential of y times the logarithm, which is known to 80 bits, so that the
// product still has as many as the exponential needs. Special values as IEEE 754 has them.
extension Double {
    public static func pow(_ x: Double, _ y: Double) -> Double {
        if y == 0 || x == 1 { return 1 }
        if x.isNaN || y.isNaN { return .nan }
        let size = x.magnitude
        if y.magnitude == .infinity {
            if size == 1 { return 1 }
            return (size > 1) == (y > 0) ? .infinity : 0
        }
        let isWhole = y.rounded(.towardZero) == y
        let isOdd = isWhole && (y * 0.5).rounded(.towardZero) != y * 0.5
        let isNegative = isOdd && x.sign == .minus
        if size == 0 || size == .infinity {
            let result: Double = (size == 0) == (y < 0) ? .infinity : 0
            return isNegative ? -result : result
        }
        if x < 0, !isWhole { return .nan }
        let result = power(of: size, y)
        return isNegative ? -result : result
    }

    /// For positive and finite x and any finite y but zero.
    private static func power(of x: Double, _ y: Double) -> Double {
        if x == 1 { return 1 }
        // The logarithm is at least 2^-53 and at most 2^10: beyond, nothing is left but the extremes.
        if y.magnitude > 0x1p65 { return (x > 1) == (y > 0) ? .infinity : 0 }
        if y.magnitude < 0x1p-65 { return 1 }
        let logarithm = Logarithm.of(x).natural.precise
        let product = Pair.product(logarithm.high, y)
        let tail = product.low + logarithm.low * y
        let sum = Pair.ordered(product.high, tail)
        guard sum.high.magnitude < 746 else { return sum.high > 0 ? .infinity : 0 }
        return Exponential(sum.high, tail: sum.low).value
    }

    /// The square root, to the nearest Double: every processor has it so.
    @inlinable public static func squareRoot(_ x: Double) -> Double { x.squareRoot() }
}
