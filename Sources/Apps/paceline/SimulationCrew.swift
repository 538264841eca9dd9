// Seeds shared out among threads: each takes the next one, and what came of all of them is put together.
import FleetSimulation
import Kernel
import Synchronization

/// What many seeds came to.
struct SimulationTally {
    var events = 0
    var counted = 0
    var coverage = Coverage()
    /// Of all seeds' hashes, whichever came first: the same seeds give the same one on every machine.
    var hash: UInt64 = 0
    /// Those that broke something, in the order of their seeds.
    var broken: [(seed: UInt64, violation: String)] = []

    mutating func add(_ result: SeedResult) {
        events += result.events
        if result.counts { counted += 1 }
        coverage.add(result.coverage)
        hash ^= result.hash
        if let violation = result.violation { broken.append((result.seed, violation)) }
    }
}

enum SimulationCrew {
    private final class Shared: Sendable {
        let next: Mutex<UInt64>
        let tally = Mutex(SimulationTally())
        init(_ first: UInt64) { next = Mutex(first) }
    }

    /// Runs the seeds of a range; where one is enough, no further one is begun behind the first that broke something.
    static func run(
        _ seeds: Range<UInt64>, threads: Int, isOneEnough: Bool = false,
        _ body: @escaping @Sendable (UInt64) -> SeedResult?
    ) -> SimulationTally {
        let shared = Shared(seeds.lowerBound)
        let work: @Sendable () -> Void = {
            while true {
                let seed = shared.next.withLock { next -> UInt64? in
                    guard next < seeds.upperBound else { return nil }
                    defer { next += 1 }
                    return next
                }
                guard let seed, let result = body(seed) else { return }
                let isEnough = shared.tally.withLock { tally in
                    tally.add(result)
                    return isOneEnough && !tally.broken.isEmpty
                }
                if isEnough { return }
            }
        }
        // The others are a help and no need: without them the seeds are run all the same.
        var others: [Joined] = []
        for index in 1..<max(threads, 1) {
            if let thread = try? Thread(name: "seeds-\(index)", work) { others.append(Joined(thread)) }
        }
        work()
        for other in others { other.join() }
        return shared.tally.withLock { tally in
            tally.broken.sort { $0.seed < $1.seed }
            return tally
        }
    }

    /// A thread where an array can hold it.
    private final class Joined {
        private var thread: Thread?
        init(_ thread: consuming Thread) { self.thread = consume thread }
        func join() {
            guard let thread = thread.take() else { return }
            thread.join()
        }
    }
}
