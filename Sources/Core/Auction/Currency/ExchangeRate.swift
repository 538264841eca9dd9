// Exact conversion of money: a rate is a fraction, the product has 128 bits, and what the result is for says
// which way the last micro is rounded.
public import Units

/// What a converted amount is for. It decides the rounding, so that no rounding ever works against who pays.
public enum AmountUse: Sendable {
    /// What we offer: rounded down, so that no offer exceeds what was decided.
    case bid
    /// What a seller asks at least: rounded up, so that a bid that meets it here meets it there.
    case floor
    /// What a buyer is charged: rounded down, so that nobody is charged more than the price.
    case payment
}

/// How many units of one currency a unit of another is worth: an exact, positive fraction.
public struct ExchangeRate: Hashable, Sendable {
    public let numerator: UInt64
    public let denominator: UInt64

    @inlinable public static var one: ExchangeRate { ExchangeRate(trusted: 1, 1) }

    @inlinable init(trusted numerator: UInt64, _ denominator: UInt64) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// Kept in lowest terms. Nil where either part is zero, or exceeds 63 bits in lowest terms.
    public init?(_ numerator: UInt64, per denominator: UInt64 = 1) {
        self.init(wide: UInt128(numerator), UInt128(denominator))
    }

    private init?(wide numerator: UInt128, _ denominator: UInt128) {
        guard numerator > 0, denominator > 0 else { return nil }
        let divisor = greatestCommonDivisor(numerator, denominator)
        guard let upper = Int64(exactly: numerator / divisor),
            let lower = Int64(exactly: denominator / divisor)
        else { return nil }
        self.init(trusted: UInt64(upper), UInt64(lower))
    }

    /// The most digits that a decimal rate may have: with them, the rate between any two currencies of a
    /// table fits as well.
    public static let mostDigits = 9

    /// A decimal as rates are published: `1.0837`, `0.00652`. Nil for anything else: signs, exponents, zero,
    /// more than nine digits after the leading zeros, or more than nine decimals.
    public init?(decimal text: String) {
        var digits: UInt64 = 0
        var scale: UInt64 = 1
        var (significant, decimals, whole) = (0, 0, 0)
        var hasPoint = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: ".") {
                guard !hasPoint, whole > 0 else { return nil }
                hasPoint = true
                continue
            }
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            if significant > 0 || digit > 0 { significant += 1 }
            if hasPoint { decimals += 1 } else { whole += 1 }
            guard significant <= Self.mostDigits, decimals <= Self.mostDigits else { return nil }
            digits = digits * 10 + UInt64(digit)
            if hasPoint { scale *= 10 }
        }
        guard whole > 0, !hasPoint || decimals > 0 else { return nil }
        self.init(digits, per: scale)
    }

    /// The rate the other way.
    public var inverse: ExchangeRate { ExchangeRate(trusted: denominator, numerator) }

    /// This rate, and then another. Nil where the exact product does not fit.
    public func then(_ next: ExchangeRate) -> ExchangeRate? {
        ExchangeRate(
            wide: UInt128(numerator) * UInt128(next.numerator),
            UInt128(denominator) * UInt128(next.denominator))
    }

    /// The amount in the other currency. Nil where it does not fit in 64 bits of micros.
    public func convert(_ amount: Micros, for use: AmountUse) -> Micros? {
        // Both factors are below 2^63 in magnitude, so the product fits in 127 bits.
        let product = Int128(amount.rawValue) * Int128(numerator)
        var (quotient, rest) = product.quotientAndRemainder(dividingBy: Int128(denominator))
        switch use {
        case .floor: if rest > 0 { quotient += 1 }
        case .bid, .payment: if rest < 0 { quotient -= 1 }
        }
        return Int64(exactly: quotient).map { Micros($0) }
    }
}

private func greatestCommonDivisor(_ a: UInt128, _ b: UInt128) -> UInt128 {
    var (a, b) = (a, b)
    while b > 0 { (a, b) = (b, a % b) }
    return a
}
