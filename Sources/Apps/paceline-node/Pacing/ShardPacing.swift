// Pacing as a shard's decisions see it: the newest table, and what is counted for the next one.
import Auction
import Decision
import Pacing
import Reactor
import Synchronization
import Units

/// One for each shard, used on its thread only. A question costs a few loads and stores.
final class ShardPacing {
    private var table = PacingTable(version: 0, entries: [])
    private var rows: [CatalogPacing.Row]
    private var decision: UInt64 = 0
    /// Of the places that the decision at hand fills, where it is sampled.
    private var kind = 0
    private(set) var placesSample = PlacesSample.all
    /// The decision with which the period began.
    private var periodDecision: UInt64 = 0
    /// What may be put aside until the next table is counted from the beginning of a period: from a table, or, where no newer one
    /// comes, again and again.
    private var period: UInt64 = 0
    private var periodStart = Instant(nanoseconds: .min)
    private var seen: UInt64 = 0
    /// No table allows its opening twice.
    private var isFresh = true
    /// Longer than a table takes to come.
    private static let periodMost = NodePacing.turnPause + NodePacing.turnPause
    private let all: UnsafeMutablePointer<PacingCell>

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

    func begin(at now: Instant) {
        decision &+= 1
        all.pointee.addArrival()
        // A clock that was set back begins another one, too.
        guard seen != table.version || now >= periodStart + Self.periodMost || now < periodStart else {
            return
        }
        placesSample = PlacesSample(oneIn: Self.oneIn(decisions: decision &- periodDecision))
        periodDecision = decision
        isFresh = seen != table.version || periodStart.nanoseconds == .min
        (period, periodStart, seen) = (period &+ 1, now, table.version)
    }

    /// About sixteen decisions of a period say what they offer; of many, one in sixty-four.
    static func oneIn(decisions: UInt64) -> Int {
        var number = 1
        while number < 64, UInt64(number) * 16 < decisions { number *= 2 }
        return number
    }

    func offered(_ places: OfferedPlaces) {
        kind = places.kind
        all.pointee.addSampled()
        all.pointee.add(places.count, ofKind: kind)
    }

    /// Whoever targets the request, whether anybody looks at it, and whether it has money, or not.
    func couldCompete(_ campaign: Int, pays: Bool) {
        guard let cell = rows[campaign].cell else { return }
        if cell.pointee.sampledDecision != decision {
            cell.pointee.sampledDecision = decision
            cell.pointee.add(1, ofKind: kind)
        }
        if pays, cell.pointee.payableDecision != decision {
            cell.pointee.payableDecision = decision
            cell.pointee.addPayable(ofKind: kind)
        }
    }

    func admission(ofCampaign campaign: Int) -> PacingShare {
        let row = rows[campaign]
        guard let cell = row.cell else { return .all }
        let entry = (row.place < table.entries.count ? table.entries[row.place] : nil) ?? row.first
        let isFirstQuestion = cell.pointee.decision != decision
        if isFirstQuestion {
            cell.pointee.decision = decision
            cell.pointee.addArrival()
        }
        let authorised = cell.pointee.authorised.load(ordering: .relaxed)
        if cell.pointee.period != period {
            cell.pointee.period = period
            cell.pointee.authorisedBefore = authorised
        }
        // It is put aside behind the decision: all questions of one have the same answer.
        let spent = authorised - cell.pointee.authorisedBefore
        switch entry.answer(spent: spent, isFresh: isFresh) {
        case .undrawn:
            if isFirstQuestion { cell.pointee.addUndrawn() }
            return .all
        case .drawn(let share): return PacingShare(rawValue: share)
        }
    }

    /// What a unit of the campaign's money must bring. Where no newer table comes the last price holds, as the share does.
    func price(ofCampaign campaign: Int, for offer: BudgetOffer) -> BudgetPrice {
        let row = rows[campaign]
        guard let cell = row.cell else { return .one }
        cell.pointee.add(valued: ValueCounts.level(value: offer.value, cost: offer.cost))
        guard row.place < table.entries.count, let entry = table.entries[row.place] else { return .one }
        return BudgetPrice(entry.price)
    }

    var leastPrice: BudgetPrice { table.leastPrice }

    /// Put aside for an ad whose answer leaves.
    func spent(campaign: Int, _ amount: Micros) {
        rows[campaign].cell?.pointee.add(authorised: amount.rawValue)
    }
}
