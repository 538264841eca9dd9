// A fleet in one process under one seed and a virtual clock: coordinators, a database, brokers, nodes with disks, a network and
// an exchange. The machines are Core's own; here is only what they run on, and what goes wrong with it.
import Fleet
import Ledger
import Units

/// How a world is built and how long it runs.
struct WorldShape {
    var coordinators = 3
    /// The last one is a spare, until an operator takes out another.
    var brokersPerRegion = 3
    var regions = 2
    var nodesPerRegion = 2
    var seconds = 112
    /// Requests that come to the whole fleet in a second.
    var requestsPerSecond = 54
    var highest: Int64 = 100

    /// Of a node, each with a journal of its own.
    static let shards = 2
    static let accountCount = 6
    static let otherCurrency = CurrencyCode("EUR") ?? .usd
    /// A node's lease: the autonomy window.
    static let window = Interval.seconds(20)
    /// Of a broker's: the window, two renewal periods, and margins.
    static let brokerLease = Interval.seconds(28)
    static let leadership = Interval.seconds(6)
    /// Nothing is waited for longer than this behind a fence.
    static let horizon = Interval.seconds(30)
    /// How long after a bid's expiry the exchange still bills.
    static let grace = Interval.seconds(6)
    /// The same where nobody could reach the holder's notice addresses meanwhile.
    static let lastBill = Interval.seconds(20)
    /// Between two proofs that somebody could at most so much passes.
    static let reachGap = Interval.seconds(4)
    static let holdMost = Interval.seconds(12)
}

final class World {
    let seed: UInt64
    let shape: WorldShape
    let ranges: FaultRanges
    let mutant: Mutant?
    let rules: LedgerRules
    let isCanary: Bool
    /// Which faults come, by their numbers; nil for all.
    let only: Set<Int>?
    var faultNumber = 0
    var injected: [InjectedFault] = []
    /// For the event that is handled.
    var random: Randomness
    private var drawnFor: UInt64 = 0
    private var drawn: UInt64 = 0
    var now: Int64 = 0
    let end: Int64
    var queue = EventQueue()
    var pool = MessagePool()
    var network: Network
    var coordinators: [Coordinator] = []
    var database = Database()
    var brokers: [Broker] = []
    var nodes: [Node] = []
    var exchange = Exchange()
    var truth: Truth
    var coverage = Coverage()
    var hash: UInt64
    var events = 0
    var dispatched = 0
    var violation: String?
    var trace: [String] = []
    let isTraced: Bool
    /// The operators' word on budgets, as they know it.
    var budgets: [Micros]
    var windowCount = 3
    /// What brokers keep ready besides their reserve: so many seconds of what their nodes take.
    var aheadSeconds: Int64 = 0
    var isHealing = false
    var regions: [RegionMachine] = []
    lazy var isDrained = [Bool](repeating: false, count: shape.regions)
    /// A mutant reads a journal whose records the world knows.
    var isReadAnew = false
    var shardEffects: [ShardEffect] = []
    var batches: [Batch] = []
    var presentations: [[Broker.Epoch]] = []

    init(
        seed: UInt64, shape: WorldShape, ranges: FaultRanges, mutant: Mutant?, isCanary: Bool,
        only: Set<Int>?,
        isTraced: Bool
    ) {
        self.seed = seed
        self.shape = shape
        self.ranges = ranges
        self.mutant = mutant
        self.isCanary = isCanary
        self.only = only
        self.isTraced = isTraced
        rules = Mutant.rules(without: mutant)
        random = Randomness(seed: seed)
        hash = seed
        end = Int64(shape.seconds) * 1_000_000_000
        network = Network(
            actors: shape.coordinators + shape.regions * (shape.brokersPerRegion + shape.nodesPerRegion) + 4)
        budgets = [Micros](repeating: .zero, count: WorldShape.accountCount)
        truth = Truth(accounts: WorldShape.accountCount)
        build()
    }

    // MARK: Who is who

    var firstBroker: Int { shape.coordinators }
    var firstNode: Int { firstBroker + shape.regions * shape.brokersPerRegion }
    var firstServer: Int { firstNode + shape.regions * shape.nodesPerRegion }
    var etcd: Int { firstServer + 3 }

    private func build() {
        let scale = Int64(shape.seconds) * Int64(shape.requestsPerSecond)
        // Money is scarce towards the end: about half of what could be spent.
        budgets[0] = Micros(scale * Int64(random.next(in: 8...22)))
        budgets[1] = Micros(scale * Int64(random.next(in: 8...22)))
        for window in 2..<2 + windowCount { budgets[window] = Micros(scale * Int64(random.next(in: 3...10))) }
        aheadSeconds = Int64(random.next(in: 0...4))
        // A budget that is too small for every holder.
        budgets[5] = Micros(shape.highest * Int64(random.next(in: 1...6)))
        database.primary.book = GrantBook(bookAccounts, rules: rules)
        for (row, budget) in budgets.enumerated() {
            var effects: [BookEffect] = []
            let account = AccountIndex(UInt32(row))
            database.primary.book.handle(
                .budgetChanged(account, to: budget, in: bookAccounts[row].currency), &effects)
            for case .move(let movement) in effects { truth.moved(movement) }
            truth.raise(account, to: budget)
        }
        database.settle()
        regions = (0..<shape.regions).map { _ in
            RegionMachine(at: Instant(nanoseconds: 1_700_000_000_000_000_000), limits: Self.regionLimits)
        }
        for index in 0..<shape.coordinators {
            coordinators.append(Coordinator(rules: rules, clock: drawClock()))
            startTicking(index, within: 200)
        }
        for index in 0..<shape.regions * shape.brokersPerRegion {
            brokers.append(Broker(index: index, clock: drawClock()))
            if index % shape.brokersPerRegion == shape.brokersPerRegion - 1 {
                brokers[index].role = .spare
                brokers[index].isUp = false
            } else {
                startTicking(firstBroker + index, within: 300)
            }
        }
        for index in 0..<shape.regions * shape.nodesPerRegion {
            nodes.append(Node(index: index, region: index / shape.nodesPerRegion, clock: drawClock()))
            startNode(index)
        }
        schedule(.request, 0, after: 500_000_000)
        schedule(.fault, 0, after: Int64(random.next(in: ranges.faultMilliseconds)) * 1_000_000)
    }

    var bookAccounts: [GrantBook.Account] {
        // The campaign that is too small for all is another country's.
        (0..<WorldShape.accountCount).map { row in
            let account = AccountIndex(UInt32(row))
            return .init(
                parent: Truth.parent(account), currency: row == 5 ? WorldShape.otherCurrency : .usd,
                highest: Micros(shape.highest))
        }
    }

    private func drawClock() -> MachineClock {
        var clock = MachineClock()
        clock.drift = Int64(random.next(in: ranges.driftMillionths))
        if clock.drift != 0 { coverage.note(.clockDrift) }
        clock.offset = 1_700_000_000_000_000_000 + Int64(random.next(in: 0...5_000)) * 1_000_000
        return clock
    }

    func startTicking(_ actor: Int, within milliseconds: Int) {
        schedule(.tick, actor, after: Int64(random.next(in: 1...milliseconds)) * 1_000_000)
    }

    /// Drawn even where there is none, so that the draws behind it stay the same.
    func chance(_ share: UInt64, of whole: UInt64) -> Bool { random.next(below: whole) < share }

    func generation(_ actor: Int) -> UInt32 {
        if actor < firstBroker { return coordinators[actor].generation }
        if actor < firstNode { return brokers[actor - firstBroker].generation }
        if actor < firstServer { return nodes[actor - firstNode].generation }
        return 0
    }

    func schedule(_ kind: Event.Kind, _ actor: Int, _ value: Int = 0, after delay: Int64) {
        queue.put(
            Event(kind: kind, actor: UInt16(actor), generation: generation(actor), value: value),
            at: now + max(delay, 0))
    }

    // MARK: Running

    /// Runs to the end of the faults, heals, and sees that everything comes together again.
    func run() {
        advance(to: end)
        guard violation == nil else { return }
        heal()
        // Looked at from time to time: what has come together stays so, as nothing happens to it any more.
        var unfinished: String?
        for part in 1...Self.looks {
            advance(to: end + healing * Int64(part) / Self.looks)
            guard violation == nil else { return }
            unfinished = self.unfinished()
            if unfinished == nil { break }
        }
        // Everything has closed by now: what is said in its name changes nothing either.
        if unfinished == nil, ranges.weights[Int(Fault.forgery.rawValue)] > 0,
            !ranges.without.contains(.forgery)
        {
            _ = forge()
            unfinished = self.unfinished()
        }
        checkAll(database.primary)
        if let unfinished { violate(unfinished) }
    }

    private static let looks: Int64 = 20

    /// Within this after the last fault everything has come together: the longest pause, the longest lease, the
    /// horizon, and some turns.
    var healing: Int64 {
        let pause = Interval.milliseconds(
            Int64(ranges.pauseMilliseconds.upperBound - ranges.quietMilliseconds))
        return (pause + WorldShape.brokerLease + WorldShape.horizon + WorldShape.window).nanoseconds
            + 40_000_000_000
    }

    private func advance(to time: Int64) {
        while violation == nil, let next = queue.next() {
            if next.time > time {
                queue.put(next.event, at: next.time)
                break
            }
            now = next.time
            dispatch(next.event)
        }
        now = max(now, time)
    }

    /// What is drawn in an event follows from the seed and from what, whom and when it is, and from nothing that happened
    /// before: where a fault is left out, what it does not touch stays as it was.
    private func drawAnew(_ event: Event) {
        let place = UInt64(event.kind.rawValue) << 56 ^ UInt64(event.actor) << 40 ^ UInt64(bitPattern: now)
        drawn = place == drawnFor ? drawn + 1 : 0
        drawnFor = place
        random = Randomness(seed: (seed ^ place) &* 0xD6E8_FEB8_6659_FD93 &+ drawn)
    }

    private func dispatch(_ event: Event) {
        dispatched += 1
        drawAnew(event)
        let actor = Int(event.actor)
        mix(UInt64(event.kind.rawValue) << 48 ^ UInt64(event.actor) << 32 ^ UInt64(bitPattern: now))
        switch event.kind {
        case .message:
            let envelope = pool.look(event.value)
            let to = Int(envelope.to)
            if let wake = wakes(to) {
                queue.put(event, at: wake)
                return
            }
            deliver(pool.take(event.value))
        case .request: request()
        case .exchange: exchangeActs(event.value)
        case .fault: injectFault()
        case .start: start(actor, event)
        case .tick, .synced:
            guard event.generation == generation(actor) else { return }
            if let wake = wakes(actor) {
                queue.put(event, at: wake)
                return
            }
            if event.kind == .synced { synced(actor, event.value) } else { tick(actor) }
        case .replicated: replicated(actor, event.value)
        }
    }

    /// When a paused machine goes on; nil where it runs.
    private func wakes(_ actor: Int) -> Int64? {
        let until =
            actor < firstBroker
            ? coordinators[actor].pausedUntil
            : actor < firstNode
                ? brokers[actor - firstBroker].pausedUntil
                : actor < firstServer ? nodes[actor - firstNode].pausedUntil : 0
        return until > now ? until : nil
    }

    private func tick(_ actor: Int) {
        if actor < firstBroker {
            tickCoordinator(actor)
        } else if actor < firstNode {
            tickBroker(actor - firstBroker)
        } else {
            tickNode(actor - firstNode)
        }
    }

    private func start(_ actor: Int, _ event: Event) {
        if actor == etcd {
            // The old lease in etcd has ended.
            if database.isDown { promote(losingTail: event.value == 1) }
            return
        }
        guard event.generation == generation(actor) else { return }
        if actor < firstBroker {
            startCoordinator(actor)
        } else if actor < firstNode {
            startBroker(actor - firstBroker)
        } else {
            startNode(actor - firstNode)
        }
    }

    private func deliver(_ envelope: Envelope) {
        let to = Int(envelope.to)
        if to < firstBroker {
            if coordinators[to].isUp { hearAtRoot(to, envelope) }
        } else if to < firstNode {
            if brokers[to - firstBroker].isUp { hearAtBroker(to - firstBroker, envelope) }
        } else if to < firstServer {
            if nodes[to - firstNode].isUp { hearAtNode(to - firstNode, envelope) }
        } else if to < etcd {
            hearAtDatabase(to - firstServer, envelope)
        } else {
            hearAtEtcd(envelope)
        }
    }

    func mix(_ value: UInt64) {
        hash = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
    }

    func note(_ text: @autoclosure () -> String) {
        if isTraced { trace.append("\(now / 1_000_000) ms  \(text())") }
    }

    func violate(_ text: String) {
        guard violation == nil else { return }
        violation = "at \(now / 1_000_000) ms, event \(dispatched): \(text)"
        note("VIOLATED \(text)")
    }
}
