// A node's pacing: once a second it takes what the shards have counted and what the ledger has left, asks the node's
// pacer for each campaign's share of the requests, and hands the shards a new table. Where the money comes from a coordinator,
// that plans for all its nodes; else the node plans for itself.
import Commands
import Decision
import Kernel
import Ledger
import LedgerWire
import Pacing
import Reactor
import Synchronization
import Telemetry
import Units

/// Shared by all threads.
final class NodePacing: Sendable {
    /// The place of what belongs to no campaign.
    static let allRequests = 0
    static let turnPause = Interval.seconds(1)

    /// What operators are told.
    struct Shown: Sendable {
        var standing = RegionPacer.Standing()
        var turnedAt: Instant?
        var version: UInt64 = 0
        /// When a coordinator was heard last; nil where none directs this node.
        var heardAt: Instant?
        var rows: [PacingRow] = []
    }

    /// A shard's part, for functions that run on its thread. No other thread looks into it.
    private final class Place: @unchecked Sendable { weak var pacing: ShardPacing? }

    private struct State {
        /// By campaign; 0 is not given to any.
        var places: [String: Int] = [:]
        var cells: [PacingCells]
        var remotes: [ReactorRemote?]
        /// A catalog's terms that the thread has not taken yet.
        var next: [PacedCampaign]?
        var shown = Shown()
        /// What came of words to the coordinator, until the thread takes it.
        var heard: IssuerLink.PacingOutcome?
    }

    private let state: Mutex<State>
    private let shards: [Place]

    var shardCount: Int { shards.count }

    init(shards: Int) {
        self.shards = (0..<shards).map { _ in Place() }
        var cells = Array(repeating: PacingCells(), count: shards)
        for shard in cells.indices { cells[shard].grow(to: 1) }
        state = Mutex(State(cells: cells, remotes: Array(repeating: nil, count: shards)))
    }

    // MARK: From other threads

    /// Where campaigns stand, and a shard's cells there.
    func places(of campaigns: [String], _ shard: Int) -> [(
        place: Int, cell: UnsafeMutablePointer<PacingCell>
    )] {
        let cells = state.withLock { state in
            for campaign in campaigns where state.places[campaign] == nil {
                state.places[campaign] = state.places.count + 1
            }
            for shard in state.cells.indices { state.cells[shard].grow(to: state.places.count + 1) }
            return (campaigns.map { state.places[$0] ?? Self.allRequests }, state.cells[shard])
        }
        return cells.0.map { ($0, cells.1[$0]) }
    }

    func cell(of place: Int, _ shard: Int) -> UnsafeMutablePointer<PacingCell> {
        state.withLock { $0.cells[shard] }[place]
    }

    func attach(_ pacing: ShardPacing, of shard: Int, _ remote: ReactorRemote) {
        shards[shard].pacing = pacing
        state.withLock { $0.remotes[shard] = remote }
    }

    /// A catalog's terms, from the next turn on.
    func change(_ terms: [PacedCampaign]) { state.withLock { $0.next = terms } }

    var shown: Shown { state.withLock { $0.shown } }

    func heard(_ outcome: IssuerLink.PacingOutcome) { state.withLock { $0.heard = outcome } }

    // MARK: The pacing's thread

    func takeHeard() -> IssuerLink.PacingOutcome? {
        state.withLock { state in
            defer { state.heard = nil }
            return state.heard
        }
    }

    /// Starts the thread, which runs as long as the process.
    func start(_ money: NodeMoney, _ directory: String, _ log: Log) throws(Failure) {
        let run = PacingRun(self, money, ForecastFile(in: directory, log))
        do {
            try Thread(name: "pacing") {
                while true {
                    Kernel.sleep(for: Self.turnPause)
                    run.turn()
                }
            }.detach()
        } catch {
            throw Failure("the pacing's thread could not start: \(error)")
        }
    }

    func takeNext() -> (terms: [PacedCampaign], places: [Int])? {
        state.withLock { state in
            guard let next = state.next else { return nil }
            state.next = nil
            return (next, next.map { state.places[$0.terms.id] ?? Self.allRequests })
        }
    }

    /// What all shards have counted, by place.
    func counted(_ places: [Int]) -> [(
        arrivals: UInt64, undrawn: UInt64, authorised: Int64, values: ValueCounts
    )] {
        let cells = state.withLock { $0.cells }
        return places.map { place in
            cells.reduce((0, 0, 0, ValueCounts())) { sum, shard in
                let cell = shard[place]
                return (
                    sum.0 &+ cell.pointee.arrivals.load(ordering: .relaxed),
                    sum.1 &+ cell.pointee.undrawn.load(ordering: .relaxed),
                    sum.2 &+ cell.pointee.authorised.load(ordering: .relaxed),
                    sum.3 + cell.pointee.values
                )
            }
        }
    }

    /// Of all shards' requests, those of which the kinds were counted.
    var sampled: UInt64 {
        state.withLock { $0.cells }.reduce(0) {
            $0 &+ $1[Self.allRequests].pointee.sampled.load(ordering: .relaxed)
        }
    }

    /// What all shards have counted of each kind of place, by place of the campaign.
    func kinds(_ places: [Int]) -> [PlaceCounts.Arrivals] {
        let cells = state.withLock { $0.cells }
        return places.map { place in
            var all = PlaceCounts.Arrivals(kinds: OfferedPlaces.kinds)
            for shard in cells {
                for kind in 0..<OfferedPlaces.kinds {
                    all.targeted[kind] &+= shard[place].pointee.kinds[kind].load(ordering: .relaxed)
                    all.payable[kind] &+= shard[place].pointee.payable[kind].load(ordering: .relaxed)
                }
            }
            return all
        }
    }

    /// A shard that has no room for it now has the next one in a second.
    func publish(_ table: PacingTable, _ shown: Shown) {
        let remotes = state.withLock { state in
            state.shown = shown
            return state.remotes
        }
        for (remote, place) in zip(remotes, shards) {
            _ = remote?.post { _ in place.pacing?.take(table) }
        }
    }
}

/// One campaign, for operators.
struct PacingRow: Sendable {
    let campaign: String
    let mode: PacingMode
    /// The share of the requests that it competes for.
    let share: Double
    /// What a unit of its budget must bring; nil where no price holds it.
    let price: Double?
    /// Of its plan until its window's end: what was to be spent by now and was not.
    let behind: Double
    let isPlanned: Bool
}
