// What is said between an issuer and the holder of its money: counters that only grow, so that what comes twice, late
// or in another order does no harm.
public import Units

/// What the catalog says of a campaign's money.
public struct CampaignTerms: Hashable, Sendable {
    public var campaign: String
    public var lifetime: Micros
    public var daily: Micros?
    /// Where its days start, as an offset from UTC.
    public var dayStartsAtMinutes: Int
    /// The most that one impression of its line items may cost.
    public var highest: Micros
    public var currency: CurrencyCode

    public init(
        campaign: String, lifetime: Micros, daily: Micros?, dayStartsAtMinutes: Int, highest: Micros,
        currency: CurrencyCode = .usd
    ) {
        self.currency = currency
        self.campaign = campaign
        self.lifetime = lifetime
        self.daily = daily
        self.dayStartsAtMinutes = dayStartsAtMinutes
        self.highest = highest
    }
}

/// What a session's holder says of an account.
public struct HolderReport: Hashable, Sendable {
    public var account = AccountIndex(0)
    public var settled = Micros.zero
    public var returned = Micros.zero
    public var late = Micros.zero
    public var former = FormerSums()

    public init(account: AccountIndex) { self.account = account }
}

public enum IssuerEvent: Sendable {
    /// All campaigns of the catalog that is served from now on.
    case termsChanged([CampaignTerms])
    /// The holder could use so much in all.
    case requested(AccountIndex, upTo: Micros)
    case reported(HolderReport)
    case renewalAsked(sentAt: Instant)
    case turned
}

public enum IssuerEffect: Hashable, Sendable {
    /// The account is spent from now on, at most so much for one impression.
    case open(AccountIndex, AccountName, highest: Micros)
    /// Its day is over, or its campaign has gone.
    case close(AccountIndex)
    /// - isLast: more is wanted than there is.
    case grant(AccountIndex, upTo: Micros, isLast: Bool)
    case lease(sentAt: Instant, for: Interval)
    /// A bill of this node's own came to another one, which claimed it: the shard that has its money takes it in.
    case bill(ReservationKey, AccountIndex, Micros, reserved: Micros)
}

/// The five places of an account's money, which always add up: what a budget cut could not take back is overhang.
public struct Places: Hashable, Sendable {
    public var budget = Micros.zero
    public var overhang = Micros.zero
    public var free = Micros.zero
    public var granted = Micros.zero
    public var settled = Micros.zero
    public var suspense = Micros.zero
    public var presumed = Micros.zero
    /// Billed outside the budget; none of the five.
    public var late = Micros.zero

    public var committed: Micros { granted + settled + suspense + presumed }

    /// Free and overhang follow from the rest: never both positive.
    mutating func close(over budget: Micros) {
        self.budget = budget
        free = max(budget - committed, .zero)
        overhang = max(committed - budget, .zero)
    }

    static func += (a: inout Places, b: Places) {
        a.granted += b.granted
        a.settled += b.settled
        a.suspense += b.suspense
        a.presumed += b.presumed
        a.late += b.late
    }
}
