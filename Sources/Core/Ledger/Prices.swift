// From what is bid to what is set aside and paid. Bids are for a thousand impressions, the ledger counts single
// ones: this is the only place where the one becomes the other.
public import Units

public enum ImpressionPrice {
    /// The price of one impression at this price for a thousand, in the same currency: rounded up to the next
    /// micro, so that a thousand of them never cost more than was set aside.
    public static func one(ofThousand price: Micros) -> Micros {
        precondition(price >= .zero, "a price is not negative")
        let (whole, rest) = price.rawValue.quotientAndRemainder(dividingBy: 1_000)
        return Micros(whole + (rest > 0 ? 1 : 0))
    }

    /// What is paid of a reservation, in its account's currency, where an auction asked this much of what was
    /// bid: rounded up, in the ratio of the two, which stand in the exchange's currency. So the rate between
    /// the currencies is the one of the reservation. More than was bid pays more than was set aside, and
    /// `settle` says what becomes of that.
    ///
    /// Nil where a price is negative, nothing was bid, or the amount does not fit.
    public static func paid(of reserved: Micros, asked: Micros, bid: Micros) -> Micros? {
        guard bid > .zero, asked >= .zero, reserved >= .zero else { return nil }
        let product = Int128(reserved.rawValue) * Int128(asked.rawValue)
        let (quotient, rest) = product.quotientAndRemainder(dividingBy: Int128(bid.rawValue))
        return Int64(exactly: quotient + (rest > 0 ? 1 : 0)).map { Micros($0) }
    }
}
