// The natural logarithm of a Float, rounded to the nearest one.

enum SingleLogarithm {
    static func log(_ value: Float) -> Float {
        // value = significand · 2^exponent, with the significand near 1, so that the series is short.
        var (exponent, significand) = (Double(value.exponent), Double(value.significand))
        if significand > 1.4142135623730951 {
            significand /= 2
            exponent += 1
        }
        // log(s) = 2 · artanh((s − 1) / (s + 1)); the argument is below 0.172, so 24 terms are far below a Double's last place.
        let ratio = (significand - 1) / (significand + 1)
        let square = ratio * ratio
        var sum = 0.0
        for term in stride(from: 47, through: 1, by: -2) { sum = sum * square + 1 / Double(term) }
        return Float(exponent * 0.6931471805599453 + 2 * ratio * sum)
    }
}
