// What shards count for pacing: for each campaign a cell of each shard, which that shard alone writes and the pacing's
// thread reads. A campaign keeps its place for as long as the process runs, whatever catalogs come.
import Auction
import Decision
import Pacing
import Synchronization

struct PacingCell: ~Copyable {
    /// Decisions in which the campaign could have competed.
    let arrivals = Atomic<UInt64>(0)
    /// Of these, the ones for which no lot was drawn.
    let undrawn = Atomic<UInt64>(0)
    /// Micros that were put aside for its ads.
    let authorised = Atomic<Int64>(0)
    /// What it could have bought brings for what it costs: see `ValueCounts`.
    let valued = Atomic<UInt64>(0)
    let levels = Atomic<Int64>(0)
    let squares = Atomic<Int64>(0)
    /// Of the sampled requests, those that the campaign could have competed for, by the kind of their places; of all requests, the places.
    let kinds = OfferedPlaces.Each<Atomic<UInt64>> { _ in Atomic(0) }
    /// Of the campaign's, those whose floors it can pay.
    let payable = OfferedPlaces.Each<Atomic<UInt64>> { _ in Atomic(0) }
    /// Of all requests, those that were sampled.
    let sampled = Atomic<UInt64>(0)
    /// The last decisions that are counted in `kinds`, and in `payable`. The shard's own.
    var sampledDecision: UInt64 = 0
    var payableDecision: UInt64 = 0
    /// The last decision that is counted: of several line items only the first one counts. The shard's own.
    var decision: UInt64 = 0
    /// The last of the shard's periods in which it was asked for, and what was authorised by then. The shard's own.
    var period: UInt64 = 0
    var authorisedBefore: Int64 = 0

    /// One writer: no other one's addition can come in between.
    func addArrival() {
        arrivals.store(arrivals.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func addUndrawn() {
        undrawn.store(undrawn.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func addSampled() {
        sampled.store(sampled.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func add(_ count: Int, ofKind kind: Int) {
        let before = kinds[kind].load(ordering: .relaxed)
        kinds[kind].store(before &+ UInt64(count), ordering: .relaxed)
    }

    func addPayable(ofKind kind: Int) {
        payable[kind].store(payable[kind].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    func add(authorised amount: Int64) {
        authorised.store(authorised.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }
}

extension PacingCell {
    func add(valued level: Int64) {
        valued.store(valued.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        levels.store(levels.load(ordering: .relaxed) &+ level, ordering: .relaxed)
        squares.store(squares.load(ordering: .relaxed) &+ level &* level, ordering: .relaxed)
    }

    /// The three may be of two moments, of which one is an offer later: it is nothing among thousands.
    var values: ValueCounts {
        var values = ValueCounts()
        values.count = valued.load(ordering: .relaxed)
        values.sum = levels.load(ordering: .relaxed)
        values.squares = squares.load(ordering: .relaxed)
        return values
    }
}

/// Cells of one shard. They are never freed: a shard may be in the middle of a decision with any of them.
struct PacingCells: @unchecked Sendable {
    private static let chunk = 1_024
    private var chunks: [UnsafeMutablePointer<PacingCell>] = []

    /// Makes room up to a place.
    mutating func grow(to count: Int) {
        while chunks.count * Self.chunk < count {
            let cells = UnsafeMutablePointer<PacingCell>.allocate(capacity: Self.chunk)
            for place in 0..<Self.chunk { (cells + place).initialize(to: PacingCell()) }
            chunks.append(cells)
        }
    }

    subscript(_ place: Int) -> UnsafeMutablePointer<PacingCell> {
        chunks[place / Self.chunk] + place % Self.chunk
    }
}

/// What the pacing's thread says once a second, for all campaigns: never changed, and let go when no shard has it.
final class PacingTable: Sendable {
    let version: UInt64
    /// By the campaigns' places; nil for one that the thread has not come to yet.
    let entries: [PaceEntry?]
    /// No entry's is less.
    let leastPrice: BudgetPrice

    init(version: UInt64, entries: [PaceEntry?]) {
        (self.version, self.entries) = (version, entries)
        leastPrice = entries.reduce(.one) { min($0, BudgetPrice($1?.price ?? 1)) }
    }
}
