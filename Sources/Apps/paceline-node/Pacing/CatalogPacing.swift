// What a catalog says of pacing: each campaign's terms, and where a shard finds its cells.
import Catalog
import Decision
import Ledger
import Pacing
import Serving
import Units

/// Made off the shards' threads, for one shard.
struct CatalogPacing {
    struct Row {
        /// Nil for a campaign that runs as fast as it goes.
        let cell: UnsafeMutablePointer<PacingCell>?
        let place: Int
        /// What holds before the pacing's thread has come to the campaign.
        let first: PaceEntry
    }

    /// By campaign.
    let rows: [Row]

    /// - terms: of its campaigns, in their order.
    init(_ snapshot: CatalogSnapshot, _ terms: [CampaignTerms], _ pacing: NodePacing, shard: Int) {
        rows = pacing.places(of: (0..<snapshot.campaignCount).map { snapshot.id(.campaigns, at: $0) }, shard)
            .enumerated().map { row, place in
                let isPaced = snapshot.campaign(at: row).pacing != .asap
                return Row(
                    cell: isPaced ? place.cell : nil, place: place.place,
                    first: Self.first(terms[row]))
            }
    }

    private static func first(_ terms: CampaignTerms) -> PaceEntry {
        let opening = RegionPacer.firstOpening(price: terms.highest).rawValue
        return PaceEntry(share: RegionPacer.firstShare, opening: opening, most: opening)
    }

    static func terms(of snapshot: CatalogSnapshot, _ budgets: [CampaignTerms]) -> [PacedCampaign] {
        let flights = snapshot.campaignFlights
        var promised = [Bool](repeating: false, count: snapshot.campaignCount)
        for row in 0..<snapshot.lineItemCount {
            let lineItem = snapshot.lineItem(at: row)
            if lineItem.priority != .open { promised[lineItem.campaign] = true }
        }
        return budgets.enumerated().map { row, budget in
            PacedCampaign(
                terms: PacedTerms(
                    id: budget.campaign, start: flights[row].start, end: flights[row].end,
                    mode: PacingMode(snapshot.campaign(at: row).pacing), lifetime: budget.lifetime,
                    daily: budget.daily, price: budget.highest,
                    isGuaranteed: promised[row]), dayStartsAtMinutes: budget.dayStartsAtMinutes
            )
        }
    }
}

struct PacedCampaign: Sendable {
    let terms: PacedTerms
    let dayStartsAtMinutes: Int
}

extension PacingMode {
    init(_ pacing: Campaign.Pacing) {
        self =
            switch pacing {
            case .even: .even
            case .traffic: .traffic
            case .frontloaded: .frontloaded
            case .asap: .asap
            }
    }
}
