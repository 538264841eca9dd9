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
        var shown = [[PacedCampaign.Shown]](repeating: [], count: snapshot.campaignCount)
        for row in 0..<snapshot.lineItemCount {
            let lineItem = snapshot.lineItem(at: row)
            if lineItem.priority != .open { promised[lineItem.campaign] = true }
            guard lineItem.status == .ready else { continue }
            shown[lineItem.campaign].append(
                PacedCampaign.Shown(
                    start: lineItem.flightStart, end: lineItem.flightEnd,
                    eligibility: eligibility(ofLineItem: row, lineItem, in: snapshot)))
        }
        return budgets.enumerated().map { row, budget in
            PacedCampaign(
                terms: PacedTerms(
                    id: budget.campaign, start: flights[row].start, end: flights[row].end,
                    mode: PacingMode(snapshot.campaign(at: row).pacing), lifetime: budget.lifetime,
                    daily: budget.daily, price: budget.highest,
                    isGuaranteed: promised[row]), dayStartsAtMinutes: budget.dayStartsAtMinutes,
                shown: shown[row])
        }
    }

    /// A number of what decides for which requests a line item can compete: whom it targets, and what it can pay.
    private static func eligibility(
        ofLineItem row: Int, _ lineItem: LineItemRecord, in snapshot: CatalogSnapshot
    ) -> UInt64 {
        // FNV-1a.
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        func add(_ number: Int64) {
            for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        for byte in String(copying: snapshot.utf8(snapshot.lineItemTargeting(row))).utf8 { add(byte) }
        let campaign = snapshot.campaign(at: lineItem.campaign)
        add(lineItem.bid?.rawValue ?? -1)
        add((lineItem.goalValue ?? campaign.goalValue).rawValue)
        return state
    }
}

struct PacedCampaign: Sendable {
    /// A line item that is not paused and has an approved creative.
    struct Shown: Sendable {
        let start: Instant
        let end: Instant
        let eligibility: UInt64
    }

    let terms: PacedTerms
    let dayStartsAtMinutes: Int
    let shown: [Shown]
    /// Of all that can be shown, in whatever order, whether its flight has begun or not.
    let eligibility: UInt64

    init(terms: PacedTerms, dayStartsAtMinutes: Int, shown: [Shown]) {
        (self.terms, self.dayStartsAtMinutes, self.shown) = (terms, dayStartsAtMinutes, shown)
        // As a set: who has the same targeting twice can compete for nothing more by it.
        eligibility = Set(shown.map(\.eligibility)).sorted().reduce(0) { ($0 ^ $1) &* 0x9E37_79B9_7F4A_7C15 }
    }

    /// Some line item can be shown now.
    func runs(at now: Instant) -> Bool { shown.contains { $0.start <= now && now < $0.end } }
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
