// Money of the request and the catalog in the currency of the response.
internal import Auction
internal import Units

/// A rate that was looked up.
struct KnownRate {
    /// No currency's code is zero.
    var from: UInt32 = 0
    var rate: ExchangeRate?
}

struct Exchange: ~Copyable {
    /// Currencies whose rates are at hand. Line items, deals and floors of one request have two or three.
    private static let knownMost = 8

    private let rates: DecisionBox<CurrencyTable>
    private let base: CurrencyCode
    var currency: CurrencyCode
    /// Rates that were asked for. A look at the table copies the whole of it, and divides.
    private var known = FixedTable(Self.knownMost, repeating: KnownRate())
    private var toBase = FixedTable(Self.knownMost, repeating: KnownRate())
    private var fromBase: ExchangeRate?

    init(_ table: CurrencyTable) {
        rates = DecisionBox(table)
        base = table.base
        currency = table.base
        fromBase = .one
    }

    /// Whether an answer may be in this currency.
    func has(_ currency: CurrencyCode) -> Bool {
        currency == base || rates.value.rate(from: base, to: currency) != nil
    }

    mutating func answer(in currency: CurrencyCode) {
        guard currency != self.currency else { return }
        self.currency = currency
        for place in 0..<known.count { known[place].from = 0 }
        fromBase = rates.value.rate(from: base, to: currency)
    }

    /// What an amount is at least in the base currency, in whole micros: the order of the early rank.
    mutating func toBase(_ amount: Micros, from packed: UInt32) -> Micros? {
        let place = Self.place(of: packed)
        if toBase[place].from != packed { toBase[place] = look(packed, to: base) }
        guard let rate = toBase[place].rate else { return nil }
        return rate == .one ? amount : rate.convert(amount, for: .bid)
    }

    /// What an amount of the base currency is at most in the response's.
    func fromBase(_ amount: Micros) -> Micros? {
        guard let rate = fromBase else { return nil }
        return rate == .one ? amount : rate.convert(amount, for: .floor)
    }

    @inline(__always)
    mutating func rate(from packed: UInt32) -> ExchangeRate? {
        let place = Self.place(of: packed)
        if known[place].from != packed { known[place] = look(packed, to: currency) }
        return known[place].rate
    }

    mutating func convert(_ amount: Micros, from packed: UInt32, for use: AmountUse) -> Micros? {
        guard let rate = rate(from: packed) else { return nil }
        return rate == .one ? amount : rate.convert(amount, for: use)
    }

    /// Of three letters the last two tell currencies apart well enough.
    @inline(__always)
    private static func place(of packed: UInt32) -> Int {
        Int(truncatingIfNeeded: packed ^ packed &>> 8) & (knownMost - 1)
    }

    @inline(never)
    private func look(_ packed: UInt32, to currency: CurrencyCode) -> KnownRate {
        let rate = CurrencyCode(rawValue: packed).flatMap { rates.value.rate(from: $0, to: currency) }
        return KnownRate(from: packed, rate: rate)
    }
}
