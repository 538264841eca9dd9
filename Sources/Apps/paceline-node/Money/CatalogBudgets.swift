// What a catalog says of money to one shard: the accounts that its campaigns are spent from, and what one impression of
// each line item may cost.
import Catalog
import Decision
import Ledger
import Serving
import Units

/// Made off the shards' threads, for one shard.
struct CatalogBudgets {
    /// By campaign. Another one from another day on.
    var accounts: [AccountIndex?]
    /// How many openings that takes in.
    let openings: UInt64
    /// By line item, what one impression may cost; zero where it bids nothing.
    let prices: [Micros]

    /// Whose accounts these are.
    let session: LedgerSession
    /// By campaign's id, its row.
    let rows: [String: Int]

    init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings, _ ledger: NodeLedger) {
        rows = Dictionary(
            uniqueKeysWithValues: (0..<snapshot.campaignCount).map { (snapshot.id(.campaigns, at: $0), $0) })
        prices = settings.impressionPrices(snapshot)
        session = ledger.session
        (accounts, openings) = ledger.accounts(of: snapshot)
    }
}
