// The network of a simulated fleet: each message may be lost, come twice, late, or after a later one; each link may be cut, one
// way or both, or hold everything back for a while.
import Units

struct Network {
    private let actors: Int
    /// By sender and receiver: nothing passes until then.
    private var cutUntil: [Int64]
    private var cloggedUntil: [Int64]

    init(actors: Int) {
        self.actors = actors
        cutUntil = [Int64](repeating: 0, count: actors * actors)
        cloggedUntil = cutUntil
    }

    mutating func cut(_ from: Int, _ to: Int, until: Int64) {
        cutUntil[from * actors + to] = max(cutUntil[from * actors + to], until)
    }
    mutating func clog(_ from: Int, _ to: Int, until: Int64) {
        cloggedUntil[from * actors + to] = max(cloggedUntil[from * actors + to], until)
    }
    mutating func heal() {
        for link in cutUntil.indices {
            cutUntil[link] = 0
            cloggedUntil[link] = 0
        }
    }
    func isCut(_ from: Int, _ to: Int, at now: Int64) -> Bool { cutUntil[from * actors + to] > now }
    func clog(_ from: Int, _ to: Int) -> Int64 { cloggedUntil[from * actors + to] }
}

extension World {
    /// Puts a message on its way. Nobody is told what becomes of it.
    func send(_ message: Message, from: Int, to: Int) {
        if network.isCut(from, to, at: now) { return }
        if !isHealing, chance(ranges.lossShare, of: 10_000) {
            coverage.note(.messageLost)
            return
        }
        post(message, from: from, to: to)
        if !isHealing, chance(ranges.doubleShare, of: 10_000) {
            coverage.note(.messageDoubled)
            post(message, from: from, to: to)
        }
    }

    private func post(_ message: Message, from: Int, to: Int) {
        var delay = Int64(random.next(in: ranges.delayMilliseconds)) * 1_000_000
        if !isHealing, chance(ranges.lateShare, of: 10_000) {
            coverage.note(.messageLate)
            delay += Int64(random.next(in: ranges.lateMilliseconds)) * 1_000_000
        }
        delay = max(delay, network.clog(from, to) - now)
        let place = pool.put(Envelope(from: UInt16(from), to: UInt16(to), message: message))
        queue.put(Event(kind: .message, actor: UInt16(to), generation: 0, value: place), at: now + delay)
    }
}
