// Where every campaign's money is, as operators see it.
public import Units

/// A campaign's money, and that of the account that is spent from today.
public struct CampaignMoney: Hashable, Sendable {
    public let campaign: String
    /// Nil where its budget is no longer in the catalog.
    public let currency: CurrencyCode?
    /// Its budget is no longer in the catalog; what was spent of it is.
    public let isGone: Bool
    public let lifetime: Places
    /// What the catalog allows in all; nil where it no longer has the campaign.
    public let allowed: Micros?
    /// Nil where the campaign has no budget for days.
    public let day: Places?
    public let today: BudgetDay?
    /// Nothing is to be had of it now.
    public let isSpent: Bool
    /// Why an issuer on another machine gives nothing of it; nil where it may, or where it is here.
    public let trouble: IssuerSession.Trouble?
    /// The most that can still be spent, whatever becomes of the budget: what is granted or in suspense.
    public var stillBillable: Micros { lifetime.granted + lifetime.suspense }
}

extension LocalIssuer {
    /// In the order of their ids.
    public func money() -> [CampaignMoney] {
        campaigns.indices.map { money(of: $0) }.sorted { $0.campaign < $1.campaign }
    }

    func money(of row: Int) -> CampaignMoney {
        let campaign = campaigns[row]
        var lifetime = Places()
        lifetime.settled = campaign.past.settled
        lifetime.presumed = campaign.past.presumed
        lifetime.late = campaign.past.late
        for account in campaign.accounts { lifetime += accounts[account].places }
        lifetime.close(over: campaign.terms?.lifetime ?? lifetime.committed)
        var day: Places?
        if let daily = campaign.terms?.daily, let current = campaign.current {
            var places = accounts[current].places
            // A day has what its own budget allows and the campaign still has to give.
            places.close(over: min(daily, places.committed + lifetime.free))
            if places.committed > daily { places.close(over: daily) }
            day = places
        }
        return CampaignMoney(
            campaign: campaign.id, currency: campaign.terms?.currency, isGone: campaign.terms == nil,
            lifetime: lifetime, allowed: campaign.terms?.lifetime, day: day,
            today: campaign.current.flatMap { accounts[$0].name.day },
            isSpent: lifetime.free <= .zero || (day?.free ?? .max) <= .zero, trouble: nil)
    }

    /// The account that a campaign's line items spend from; nil where the catalog does not have it.
    public func current(_ campaign: String) -> AccountIndex? {
        rows[campaign].flatMap { campaigns[$0].current }.map { AccountIndex(UInt32($0)) }
    }
}
