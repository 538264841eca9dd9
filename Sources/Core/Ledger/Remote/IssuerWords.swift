// What the holder of a node's money says to an issuer on another machine, and what that answers. Every saying is a counter
// that grows or has a key, so one that got no answer is said again.
public import Units

/// Accounts are numbered as the issuer numbers them, who is asked for that by name.
public enum IssuerSaying: Hashable, Sendable {
    /// Which number an account has. Without a currency none is asked for: what is already spent has one.
    case find(AccountName, CurrencyCode?)
    case open(start: UInt64)
    case register(LeafKey)
    case renew(LedgerSession, RenewalChain.Request)
    case request(LedgerSession, AccountIndex, upTo: Micros)
    case giveBack(LedgerSession, AccountIndex, Micros)
    case settle(LeafKey, SettlementBlock)
    case claim(LeafKey, Claim)
    case close(LeafKey, Closing)
    /// There are no other accounts than these, of which there are closings.
    case end(LeafKey, [AccountIndex])
    /// Nothing: whoever answers says whether an audit waits for this holder.
    case look
    case present(HolderPresentation)
    /// All that is known was presented to this audit.
    case presented(mark: UInt32)
}

/// One of the answers to a saying; most have one.
public enum IssuerWord: Hashable, Sendable {
    /// With the most that one reservation of it may cost.
    case found(AccountIndex, CurrencyCode, highest: Micros)
    case opened(LedgerSession)
    case registered(LeafKey)
    case leased(LedgerSession, request: UInt64, Interval, next: UInt64)
    /// All that the session was ever granted.
    case granted(LedgerSession, AccountIndex, upTo: Micros, isLast: Bool)
    case returned(LedgerSession, AccountIndex, Micros)
    case settled
    /// Nothing more is to be heard of this bill.
    case claimed
    /// The claim is counted. Whoever set its money aside takes it in by its key.
    case forward(LeafKey, Claim)
    case closed
    /// It is on its way to the root: whoever says it again hears what that says.
    case taken
    case presented
    case refused(IssuerRefusal)
}

/// Why an issuer does not take a saying, by the name that its protocol has for it.
public enum IssuerRefusal: String, CaseIterable, Sendable {
    case unknownSession, unknownLeaf, unknownAccount, negative, otherCurrency, notOneLifetime, beyondGranted
    case forgedBlock, forgedClosing, beforeTheFence, behindClaims, fenced, cloned, anotherRefund
    /// The session's lease has run out, or the issuer may give none at the moment.
    case leaseOver
    /// The session is with another issuer of the same root: that one is asked again.
    case elsewhere
    /// A lost tail may have taken what this is about, and not everybody has presented yet: it is said again.
    case audited
    /// One that this version does not know.
    case other

    public init(named name: String) { self = Self(rawValue: name) ?? .other }

    /// The session will never be renewed.
    var endsTheSession: Bool {
        switch self {
        case .unknownSession, .fenced, .cloned: true
        default: false
        }
    }
}

extension CampaignTerms {
    /// The account that is spent from at an instant, never of an earlier day than the last one: a clock that was set back
    /// does not give a day its budget twice.
    func account(at now: Instant, notBefore last: BudgetDay?) -> AccountName {
        guard daily != nil else { return AccountName(campaign: campaign) }
        let today = BudgetDay(now, startsAtMinutes: dayStartsAtMinutes)
        return AccountName(campaign: campaign, day: max(today, last ?? today))
    }
}
