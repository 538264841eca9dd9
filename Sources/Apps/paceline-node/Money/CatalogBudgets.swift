// What a catalog says of money: its campaigns' budgets, the accounts that they are spent from, and what one
// impression of each line item may cost.
import Catalog
import Decision
import Ledger
import Units

/// Made off the shards' threads, for one shard.
struct CatalogBudgets {
    /// By campaign. Another one from another day on.
    var accounts: [AccountIndex?]
    /// How many openings that takes in.
    let openings: UInt64
    /// By line item, what one impression may cost; zero where it bids nothing.
    let prices: [Micros]

    /// By campaign's id, its row.
    let rows: [String: Int]

    init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings, _ ledger: NodeLedger) {
        rows = Dictionary(
            uniqueKeysWithValues: (0..<snapshot.campaignCount).map { (snapshot.id(.campaigns, at: $0), $0) })
        prices = Self.prices(snapshot, settings)
        (accounts, openings) = ledger.accounts(of: snapshot)
    }

    private static func prices(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings) -> [Micros] {
        (0..<snapshot.lineItemCount).map { row in
            ImpressionPrice.one(ofThousand: settings.worth(ofLineItem: row, in: snapshot) ?? .zero)
        }
    }

    static func terms(of snapshot: CatalogSnapshot, _ settings: DecisionSettings) -> [CampaignTerms] {
        var highest = [Micros](repeating: .zero, count: snapshot.campaignCount)
        for (row, price) in prices(snapshot, settings).enumerated() {
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
