// What a catalog says of its campaigns' money, in the ledger's words.
public import Catalog
public import Decision
public import Ledger
public import Units

extension DecisionSettings {
    /// By line item, what one impression may cost; zero where it bids nothing.
    public func impressionPrices(_ snapshot: CatalogSnapshot) -> [Micros] {
        (0..<snapshot.lineItemCount).map { row in
            ImpressionPrice.one(ofThousand: worth(ofLineItem: row, in: snapshot) ?? .zero)
        }
    }

    /// By campaign, in the catalog's order.
    public func campaignTerms(_ snapshot: CatalogSnapshot) -> [CampaignTerms] {
        var highest = [Micros](repeating: .zero, count: snapshot.campaignCount)
        for (row, price) in impressionPrices(snapshot).enumerated() {
            let campaign = snapshot.campaign(ofLineItem: row)
            highest[campaign] = max(highest[campaign], price)
        }
        return highest.indices.map { row in
            let campaign = snapshot.campaign(at: row)
            return CampaignTerms(
                campaign: snapshot.id(.campaigns, at: row), lifetime: campaign.lifetimeBudget,
                daily: campaign.dailyBudget, dayStartsAtMinutes: campaign.dayStartsAtMinutes,
                highest: highest[row], currency: campaign.currency)
        }
    }
}

extension CatalogSnapshot {
    /// By campaign, its flight, which is that of its line items together; of one without line items it never begins.
    public var campaignFlights: [(start: Instant, end: Instant)] {
        var flights = [(start: Instant, end: Instant)](
            repeating: (.distantFuture, Instant(nanoseconds: .min)), count: campaignCount)
        for row in 0..<lineItemCount {
            let one = lineItem(at: row)
            flights[one.campaign].start = min(flights[one.campaign].start, one.flightStart)
            flights[one.campaign].end = max(flights[one.campaign].end, one.flightEnd)
        }
        return flights
    }
}
