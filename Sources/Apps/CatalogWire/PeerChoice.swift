// Which of some peers is asked next: the one that answered last, for as long as it does; else the next one, and one that has
// failed not before its pause is over, which grows and is never quite the same for two who ask.
internal import Units

struct PeerChoice {
    private struct Peer {
        var failures = 0
        /// Not asked before.
        var restsUntil = Instant(nanoseconds: .min)
    }

    private var peers: [Peer]
    private(set) var current: Int
    private var random: Randomness

    /// The pause after a first failure; it doubles up to the longest.
    static let firstPause = Interval.milliseconds(200)
    /// Whoever comes back is heard of within this time, and a hundred who ask one that is away are ten requests a second.
    static let longestPause = Interval.seconds(10)

    /// Begins with any of them: they have as many who ask.
    init(count: Int, seed: UInt64) {
        precondition(count > 0, "somebody has to be asked")
        peers = Array(repeating: Peer(), count: count)
        random = Randomness(seed: seed)
        current = Int(random.next(below: UInt64(count)))
    }

    /// Who is asked next, and not before when.
    mutating func next(at now: Instant) -> (peer: Int, at: Instant) {
        let order = peers.indices.map { (current + $0) % peers.count }
        let ready = order.first { peers[$0].restsUntil <= now }
        let soonest = order.min { peers[$0].restsUntil < peers[$1].restsUntil }
        current = ready ?? soonest ?? current
        return (current, max(peers[current].restsUntil, now))
    }

    mutating func answered(_ peer: Int) { peers[peer] = Peer() }

    mutating func failed(_ peer: Int, at now: Instant) {
        let doublings = min(peers[peer].failures, 10)
        peers[peer].failures += 1
        let pause = min(Self.firstPause.nanoseconds << doublings, Self.longestPause.nanoseconds)
        // At least half of it, so that it is a pause.
        let part = Int64(random.next(below: UInt64(pause / 2)))
        rest(peer, until: now + Interval(nanoseconds: pause / 2 + part))
    }

    /// It has answered, and is not asked again at once.
    mutating func rest(_ peer: Int, until time: Instant) {
        peers[peer].restsUntil = time
        current = (peer + 1) % peers.count
    }
}
