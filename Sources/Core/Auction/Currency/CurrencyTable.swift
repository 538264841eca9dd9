// The rates that a snapshot holds: every currency against one base, and so every one against every other.
public import Units

/// Rates of up to `limit` currencies. A value of fixed size: looking a rate up allocates nothing.
public struct CurrencyTable: Sendable {
    /// Five times the currencies that exchanges bid in; ISO 4217 has 180, most of which nobody quotes.
    public static let limit = 64

    private struct Entry: Sendable {
        var currency: CurrencyCode
        /// Units of the base for one unit of the currency.
        var rate: ExchangeRate
    }

    public let base: CurrencyCode
    private var entries: InlineArray<64, Entry>
    public private(set) var count = 1

    public init(base: CurrencyCode) {
        self.base = base
        entries = InlineArray(repeating: Entry(currency: base, rate: .one))
    }

    /// Sets what one unit of a currency is worth in the base. False, and nothing changes, where the table is
    /// full, or the currency is the base and the rate is not one.
    public mutating func set(_ currency: CurrencyCode, worth rate: ExchangeRate) -> Bool {
        if currency == base { return rate == .one }
        for i in 0..<count where entries[i].currency == currency {
            entries[i].rate = rate
            return true
        }
        guard count < Self.limit else { return false }
        entries[count] = Entry(currency: currency, rate: rate)
        count += 1
        return true
    }

    /// The currencies that have a rate, and what one unit of each is worth in the base, which is the first.
    public subscript(_ index: Int) -> (currency: CurrencyCode, worth: ExchangeRate) {
        precondition(index >= 0 && index < count, "there is no such rate")
        return (entries[index].currency, entries[index].rate)
    }

    /// What one unit of `from` is worth in `to`, exactly. Nil where a currency has no rate: money is never
    /// converted by a guess.
    public func rate(from: CurrencyCode, to: CurrencyCode) -> ExchangeRate? {
        if from == to { return .one }
        guard let source = worth(of: from), let target = worth(of: to) else { return nil }
        return source.then(target.inverse)
    }

    public func convert(_ amount: Micros, from: CurrencyCode, to: CurrencyCode, for use: AmountUse) -> Micros?
    {
        rate(from: from, to: to)?.convert(amount, for: use)
    }

    private func worth(of currency: CurrencyCode) -> ExchangeRate? {
        // By a span: an element of the array itself would be read by copying all of it.
        let entries = entries.span
        for i in 0..<count where entries[i].currency == currency { return entries[i].rate }
        return nil
    }
}
