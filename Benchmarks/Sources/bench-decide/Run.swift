// One catalog with its stream of requests: what each decision takes, and what it allocates, which must be nothing.
import AllocationCounter
import BenchKit
import Catalog
import Decision
import Units

/// In microseconds. The first two have a value for each round; the tails are over all of them.
struct Timing {
    var p50: [Double] = []
    var p99: [Double] = []
    /// The median of the requests that ask for six ads.
    var breaks: [Double] = []
    var p999 = 0.0
    /// The same quantile of a loop that only adds, made as long as the median decision: what of the tail is the
    /// machine's.
    var spin = 0.0
}

struct Run: ~Copyable {
    private let requests: [GeneratedBidRequests.One]
    private var decider: Decider
    private let clock = ContinuousClock()
    private var survivors: [Int] = []
    private var considered: [Int] = []
    private var candidates: [Int] = []
    private var answers: [Int] = []
    private var bids = 0

    init(_ catalog: [UInt8], lineItems: Int, requests count: Int) throws {
        var stream = GeneratedBidRequests(lineItems: lineItems, seed: 1)
        try self.init(catalog, (0..<count).map { _ in stream.next() })
    }

    init(_ catalog: [UInt8], _ requests: [GeneratedBidRequests.One]) throws {
        self.requests = requests
        let count = requests.count
        let sizes = requests.map(\.bytes.count)
        let share = requests.count { $0.slots > 1 } * 100 / count
        Bench.note(
            "  requests of \(sizes.min() ?? 0) to \(sizes.max() ?? 0) bytes, \(share) % for breaks of six")
        decider = Decider(try CatalogSnapshot(copying: catalog))
    }

    mutating func measure(rounds: Int) throws -> Timing {
        try warmUp()
        var timing = Timing()
        var all: [Double] = []
        var spins: [Double] = []
        var turns = 1_000
        for _ in 0..<rounds {
            var times: [Double] = []
            var breaks: [Double] = []
            times.reserveCapacity(requests.count)
            breaks.reserveCapacity(requests.count)
            let allocated = allocations_of_thread()
            for index in requests.indices {
                let request = requests[index]
                let start = clock.now
                _ = try decider.decide(request.bytes.span.bytes, at: request.at, seed: UInt64(index))
                let taken = (clock.now - start) / .microseconds(1)
                times.append(taken)
                if request.slots > 1 { breaks.append(taken) }
            }
            let more = allocations_of_thread() - allocated
            guard more == 0 else { throw Impossible("\(more) allocations in \(requests.count) requests") }
            times.sort()
            timing.p50.append(times[times.count / 2])
            timing.p99.append(times[times.count * 99 / 100])
            timing.breaks.append(median(breaks))
            all += times
            turns = turnsOfSpin(taking: times[times.count / 2], turns)
            for _ in requests { spins.append(spin(turns)) }
        }
        all.sort()
        spins.sort()
        timing.p999 = all[all.count * 999 / 1_000]
        timing.spin = spins[spins.count * 999 / 1_000]
        return timing
    }

    /// Over all requests and rounds, without the clock's own time.
    mutating func meanMicroseconds(rounds: Int) throws -> Double {
        try warmUp()
        let start = clock.now
        for _ in 0..<rounds {
            for index in requests.indices {
                let request = requests[index]
                _ = try decider.decide(request.bytes.span.bytes, at: request.at, seed: UInt64(index))
            }
        }
        return (clock.now - start) / .microseconds(1) / Double(rounds * requests.count)
    }

    var meanAnswerBytes: Int { answers.reduce(0, +) / max(answers.count, 1) }

    /// Once through all requests, which also says what they come to.
    private mutating func warmUp() throws {
        for index in requests.indices {
            let request = requests[index]
            let decision = try decider.decide(
                request.bytes.span.bytes, at: request.at, seed: UInt64(index))
            survivors.append(decision.trace.retrieved)
            considered.append(decision.trace.considered)
            candidates.append(decision.trace.candidates)
            answers.append(decision.byteCount)
            if decision.isBid { bids += 1 }
        }
        guard bids * 2 > requests.count else {
            throw Impossible("\(bids) bids on \(requests.count) requests")
        }
    }

    /// So many turns of the loop that they take as long.
    private func turnsOfSpin(taking microseconds: Double, _ before: Int) -> Int {
        let taken = median((0..<101).map { _ in spin(before) })
        return max(1, Int(Double(before) * microseconds / max(taken, 0.01)))
    }

    private func spin(_ turns: Int) -> Double {
        var numbers = SplitMix64(state: UInt64(turns))
        var sum: UInt64 = 0
        let start = clock.now
        for _ in 0..<turns { sum &+= numbers.next() }
        let taken = (clock.now - start) / .microseconds(1)
        precondition(sum != 1, "the sum is looked at, so that the loop is not left out")
        return taken
    }

    func describe(_ name: String) {
        func middle(_ values: [Int]) -> Int { Int(median(values.map(Double.init))) }
        Bench.note(
            "  \(name): \(middle(survivors)) line items match in the median, \(middle(considered)) are looked at, "
                + "\(middle(candidates)) creatives compete; \(bids) of \(requests.count) requests get a bid, of "
                + "\(middle(answers)) bytes; 0 allocations")
    }
}
