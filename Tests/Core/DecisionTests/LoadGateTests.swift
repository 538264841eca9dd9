// LoadGate against queues that are worked off by a clock of the test's own: what waits, what is let through, how soon
// it is over.
import Decision
import Testing
import Units

/// A shard in virtual time. Requests arrive evenly, and are taken up one after the other: decided where the gate lets
/// them through, else turned away.
private struct VirtualShard {
    var gate = LoadGate()
    var clock = Instant(nanoseconds: 1_000_000_000)
    /// When each waiting request arrived, and whether it is live.
    var waiting: [(at: Instant, isLive: Bool)] = []
    let decides: Interval
    let turnsAway: Interval
    /// The first of them that still waits.
    private var first = 0
    private var next = Instant(nanoseconds: 1_000_000_000)
    private var count = 0

    var waits: [Interval] = []
    var waitsOfRefused: [Interval] = []
    var live = (decided: 0, refused: 0)
    var others = (decided: 0, refused: 0)

    init(decides: Interval, turnsAway: Interval) {
        self.decides = decides
        self.turnsAway = turnsAway
    }

    mutating func forget() {
        (waits, waitsOfRefused, live, others) = ([], [], (0, 0), (0, 0))
    }

    /// Runs for so long with a request every so often; every so many is live.
    mutating func run(for time: Interval, every: Interval, liveOneIn: Int = 0) {
        let end = clock + time
        next = max(next, clock)
        while clock < end {
            arrive(until: clock, every, liveOneIn)
            if first == waiting.count {
                // Nothing to do until the next arrival.
                clock = next
                arrive(until: clock, every, liveOneIn)
            }
            let request = waiting[first]
            first += 1
            let refusal = gate.refusal(
                at: clock, waiting: clock - request.at, patience: { nil }, isLive: { request.isLive })
            clock = clock + (refusal == nil ? decides : turnsAway)
            if refusal == nil { gate.decided(took: decides - turnsAway) }
            note(request, refusal)
        }
    }

    private mutating func arrive(until now: Instant, _ every: Interval, _ liveOneIn: Int) {
        while next <= now {
            count += 1
            waiting.append((next, liveOneIn > 0 && count % liveOneIn == 0))
            next = next + every
        }
    }

    private mutating func note(_ request: (at: Instant, isLive: Bool), _ refusal: LoadGate.Refusal?) {
        if refusal == nil {
            waits.append(clock - request.at)
        } else {
            waitsOfRefused.append(clock - request.at)
        }
        if request.isLive {
            if refusal == nil { live.decided += 1 } else { live.refused += 1 }
        } else {
            if refusal == nil { others.decided += 1 } else { others.refused += 1 }
        }
    }

    func p99(_ waits: [Interval]) -> Interval {
        let sorted = waits.sorted()
        return sorted.isEmpty ? .zero : sorted[sorted.count * 99 / 100]
    }
}

@Suite struct LoadGateTests {
    /// Thirty microseconds for a decision and five for a refusal: 33,333 a second are all that can be decided.
    private func shard() -> VirtualShard {
        VirtualShard(decides: .microseconds(30), turnsAway: .microseconds(5))
    }

    @Test func lessThanCapacityIsAllDecided() {
        var shard = shard()
        shard.run(for: .seconds(2), every: .microseconds(33))
        #expect(shard.others.refused == 0 && !shard.gate.isOverloaded)
    }

    @Test func aBurstIsWorkedOff() {
        var shard = shard()
        // A thousand at once, 30 ms of work, and then nothing for a while.
        shard.run(for: .milliseconds(1), every: Interval(nanoseconds: 1_000))
        shard.run(for: .milliseconds(500), every: .milliseconds(1))
        #expect(shard.others.refused == 0 && !shard.gate.isOverloaded)
        #expect(shard.waits.max() ?? .zero > .milliseconds(20))
    }

    @Test(arguments: [2, 3] as [Int64])
    func overloadCostsNeitherGoodputNorPatience(_ times: Int64) {
        var shard = shard()
        shard.run(for: .seconds(1), every: Interval(nanoseconds: 30_000 / times))
        #expect(shard.gate.isOverloaded)
        shard.forget()
        shard.run(for: .seconds(2), every: Interval(nanoseconds: 30_000 / times))
        // What turning the rest away leaves of the time is decided in.
        let share = Double(shard.others.decided) / 2 / 33_333
        #expect(share > 0.48, "\(share) of capacity")
        #expect(shard.p99(shard.waits) < .milliseconds(50), "\(shard.p99(shard.waits))")
        #expect(shard.p99(shard.waitsOfRefused) < .milliseconds(50))
    }

    /// From calm to three times the capacity: what has gathered when the gate closes is worked off, and does not stand.
    @Test func theBeginningCostsNoPatience() {
        var shard = shard()
        shard.run(for: .seconds(1), every: .microseconds(60))
        shard.forget()
        shard.run(for: .seconds(5), every: .microseconds(10))
        let share = Double(shard.others.decided) / 5 / 33_333
        #expect(share > 0.5, "\(share) of capacity")
        #expect(shard.p99(shard.waits) < .milliseconds(45), "\(shard.p99(shard.waits))")
        #expect(shard.p99(shard.waitsOfRefused) < .milliseconds(45), "\(shard.p99(shard.waitsOfRefused))")
    }

    /// More than could even be turned away: what waits is bounded by the limit, and something is decided.
    @Test func moreThanCanBeTurnedAway() {
        var shard = shard()
        shard.run(for: .seconds(1), every: .microseconds(4))
        shard.forget()
        shard.run(for: .seconds(1), every: .microseconds(4))
        #expect(shard.others.decided + shard.others.refused > 30_000)
    }

    @Test func itIsOverSoonAfter() {
        var shard = shard()
        shard.run(for: .seconds(2), every: .microseconds(10))
        shard.run(for: .milliseconds(300), every: .microseconds(60))
        #expect(!shard.gate.isOverloaded)
        shard.forget()
        shard.run(for: .seconds(1), every: .microseconds(60))
        #expect(shard.others.refused == 0 && shard.p99(shard.waits) < .milliseconds(1))
    }

    @Test func liveBreaksGoFirst() {
        var shard = shard()
        // A third of three times the capacity is live: just what could be decided if nothing was turned away.
        shard.run(for: .seconds(1), every: .microseconds(10), liveOneIn: 6)
        shard.forget()
        shard.run(for: .seconds(2), every: .microseconds(10), liveOneIn: 6)
        let all = shard.live.decided + shard.live.refused
        #expect(shard.live.decided * 100 > all * 90, "\(shard.live)")
        #expect(shard.others.decided > 0 && shard.others.refused > shard.others.decided, "\(shard.others)")
    }

    @Test func whatWaitedTooLongIsTurnedAwayAtOnce() {
        var gate = LoadGate()
        let now = Instant(nanoseconds: 5_000_000_000)
        func ask(_ waited: Interval, _ patience: Interval?) -> LoadGate.Refusal? {
            gate.refusal(
                at: now, waiting: waited, patience: { patience }, isLive: { true })
        }
        #expect(ask(.milliseconds(99), nil) == nil && ask(.milliseconds(100), nil) == .late)
        #expect(
            ask(.milliseconds(20), .milliseconds(20)) == .late
                && ask(.milliseconds(19), .milliseconds(20)) == nil)
        #expect(ask(.milliseconds(200), .milliseconds(240)) == nil)
        // No time at all is for the decision to refuse, which says so with its reason.
        #expect(ask(.zero, .milliseconds(-10)) == nil)
    }
}
