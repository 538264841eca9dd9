// What it takes a decision to say which places it has and who targets them: for none, for one in sixty-four, and for each.
import AllocationCounter
import BenchKit
import Catalog
import Decision
import Units

/// Counts by campaign as a node's shard does.
private struct CountingState: DecisionState {
    private struct Cell {
        var decision: UInt64 = 0
        var kinds = OfferedPlaces.Each<UInt64>(repeating: 0)
        var payable = OfferedPlaces.Each<UInt64>(repeating: 0)
    }

    let placesSample: PlacesSample
    private(set) var eligible = 0
    private(set) var sampled = 0
    private var decision: UInt64 = 0
    private var kind = 0
    private var cells: [Cell]

    init(_ sample: PlacesSample, campaigns: Int) {
        placesSample = sample
        cells = Array(repeating: Cell(), count: campaigns)
    }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) { decision &+= 1 }
    mutating func offered(_ places: OfferedPlaces) {
        kind = places.kind
        sampled += 1
    }
    mutating func couldCompete(campaign: Int, pays: Bool) {
        if pays { cells[campaign].payable[kind] &+= 1 }
        guard cells[campaign].decision != decision else { return }
        cells[campaign].decision = decision
        cells[campaign].kinds[kind] &+= 1
        eligible += 1
    }
    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? { nil }
    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        .unseen
    }
    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer { .reserved(.none) }
    mutating func release(_ reservation: Reservation) {}
}

enum PlacesCost {
    private static let rounds = 8

    static func note(_ catalog: [UInt8], lineItems: Int) throws {
        let snapshot = try CatalogSnapshot(copying: catalog)
        var decider = Decider(snapshot)
        var stream = GeneratedBidRequests(lineItems: lineItems, seed: 1)
        let requests = (0..<512).map { _ in stream.next() }
        let clock = ContinuousClock()
        for (name, sample) in [("none", PlacesSample.none), ("one in 64", .init(oneIn: 64)), ("each", .all)] {
            var state = CountingState(sample, campaigns: snapshot.campaignCount)
            var best = Double.infinity
            for round in 0..<rounds {
                let allocated = allocations_of_thread()
                let start = clock.now
                for index in requests.indices {
                    let request = requests[index]
                    let seed = UInt64(round * requests.count + index)
                    _ = try decider.decide(
                        request.bytes.span.bytes, at: request.at, seed: seed, state: &state)
                }
                best = min(best, (clock.now - start) / .microseconds(1) / Double(requests.count))
                let more = allocations_of_thread() - allocated
                guard round == 0 || more == 0 else { throw Impossible("\(more) allocations") }
            }
            Bench.note(
                "  places told of \(name): \(Int(best * 1_000)) ns a decision; \(state.sampled) of "
                    + "\(rounds * requests.count), \(state.sampled > 0 ? state.eligible / state.sampled : 0) campaigns each"
            )
        }
    }
}
