// From a probability to money, exactly: no rounding but the last, and no floating-point operation.
internal import Units

extension Micros {
    /// What a thousand impressions are worth whose goal is reached with this probability, rounded down. Nil beyond 64
    /// bits, and for what is no probability.
    static func worth(ofThousand goal: Micros, at probability: Double) -> Micros? {
        guard probability >= 0, probability <= 1, goal >= .zero else { return nil }
        guard probability > 0 else { return .zero }
        // A probability is a whole number below 2^53 times a power of two; below the smallest normal number it is
        // worth nothing.
        guard probability.isNormal else { return .zero }
        let digits = probability.significandBitPattern | 1 << 52
        // At most 2^63 · 2^10 · 2^53.
        let product = Int128(goal.rawValue) * 1_000 * Int128(digits)
        let shift = 52 - Int(probability.exponent)
        return shift > 126 ? .zero : Int64(exactly: product >> Int128(shift)).map { Micros($0) }
    }
}
