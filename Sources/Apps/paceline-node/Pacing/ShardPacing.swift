// Pacing as a shard's decisions see it: the newest table, and what is counted for the next one.
import Decision
import Pacing
import Reactor
import Synchronization
import Units

/// One for each shard, used on its thread only. A question costs a few loads and stores.
final class ShardPacing {
    private var table = PacingTable(version: 0, shares: [])
    private var rows: [CatalogPacing.Row]
    private var decision: UInt64 = 0
    private let all: UnsafeMutablePointer<PacingCell>

    /// That of a campaign that the thread has not come to yet.
    private static let first = PacingShare(rawValue: RegionPacer.firstShare)
    /// It competes for its first requests without a lot: as many cost little, and whoever tries a node sees an ad.
    private static let undrawn: UInt64 = 10

    init(_ pacing: NodePacing, _ catalog: CatalogPacing, shard: Int, _ reactor: Reactor) {
        rows = catalog.rows
        all = pacing.cell(of: NodePacing.allRequests, shard)
        pacing.attach(self, of: shard, reactor.remote)
    }

    func take(_ catalog: CatalogPacing) { rows = catalog.rows }

    /// Between two requests. Where none comes any more, the last one holds: it says what to spend as well as ever
    /// but for what has changed since, and the ledger bounds what may be spent.
    func take(_ next: PacingTable) {
        if next.version > table.version { table = next }
    }

    func begin() {
        decision &+= 1
        all.pointee.addArrival()
    }

    func admission(ofCampaign campaign: Int) -> PacingShare {
        let row = rows[campaign]
        guard let cell = row.cell else { return .all }
        if cell.pointee.decision != decision {
            cell.pointee.decision = decision
            cell.pointee.addArrival()
        }
        if cell.pointee.arrivals.load(ordering: .relaxed) <= Self.undrawn { return .all }
        return row.place < table.shares.count ? PacingShare(rawValue: table.shares[row.place]) : Self.first
    }

    /// Put aside for an ad whose answer leaves.
    func spent(campaign: Int, _ amount: Micros) {
        rows[campaign].cell?.pointee.add(authorised: amount.rawValue)
    }
}
