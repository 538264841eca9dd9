// A simulated decision node: Core's holders over a disk that may fail, with a session for each broker that it takes money from.
import Ledger
import Units

/// A shard's holder, where arrays can hold it.
final class Desk {
    var holder: ShardHolder
    let session: LedgerSession
    let shard: Int

    init(_ session: LedgerSession, _ shard: Int, _ reach: NoticeReach, _ reachLimits: ReachLimits?) {
        var limits = ShardLimits()
        limits.reservations = 512
        limits.grace = WorldShape.grace + Node.graceMargin
        limits.reach = reachLimits
        holder = ShardHolder(session: session, shard: UInt32(shard), limits: limits, reach: reach)
        self.session = session
        self.shard = shard
    }
}

/// A session with a broker.
struct Lane {
    enum State: UInt8 { case written, opening, live, ended }
    let session: LedgerSession
    /// By its number among all brokers.
    let broker: Int
    var state = State.written
    /// Which of the shards' journals do not have its record for good yet.
    var missing: Set<Int>
    /// The record of it in each of them, and when it was begun.
    let numbers: [Int]
    let begunAt: Int64
    var holder: Holder
    let desks: [Desk]
    var chain: RenewalChain
    var returned = [Micros](repeating: .zero, count: WorldShape.accountCount)
    /// What was asked for and not answered, by account: it is said again, since the answer may have been given and lost.
    var asked = [Micros](repeating: .zero, count: WorldShape.accountCount)
}

/// What the journal knows of a session that some issuer waits to hear of.
struct Evidence {
    let session: LedgerSession
    var blocks = SettlementBlocks()
    /// The shards' journals have to be durable up to here before a closing is read from them; nil while they are spent
    /// from.
    var endedAt: [Int]?
    var closed = [Closing?](repeating: nil, count: WorldShape.accountCount)
    /// Accounts that were opened under it, by bits: of all others the issuer hears that there is nothing.
    var opened: UInt64 = 0
    var isEndHeard = false
    var isDone = false
    /// What is not acknowledged is said again, ever less often.
    var pause: Int64 = 500_000_000
    var nextAt: Int64 = 0

    mutating func change() {
        isDone = false
        pause = 500_000_000
        nextAt = 0
    }
}

struct Node: Sleeper {
    let index: Int
    let region: Int
    var clock: MachineClock
    var generation: UInt32 = 0
    var isUp = false
    var pausedUntil: Int64 = 0
    /// Its counting clock stands still until then; what it misses is in the clock already.
    var asleepUntil: Int64 = 0
    /// An operator ends it in order, and it is done by then; zero where nobody does.
    var leavesAt: Int64 = 0
    /// A journal for each shard.
    var disks: [Disk]
    /// By shard, how much of its journal was durable when somebody made a copy, and how much was as this boot of the machine
    /// knows beside its disks.
    var copied = [Int](repeating: 0, count: WorldShape.shards)
    var witnessed = [Int](repeating: 0, count: WorldShape.shards)
    var isFull = false
    var slowUntil: Int64 = 0
    var replay = LedgerReplay()
    var evidence: [Evidence] = []
    var lanes: [Lane] = []
    /// By shard, what earlier starts left; empty while it is down.
    var estate: [Desk] = []
    var sessions: UInt64 = 0
    var ticks = 0
    var window = 2
    /// Bills of other nodes' ads, until the root has them.
    var claims: [Claim] = []
    /// Those that the root has, as far as no tail took them.
    var claimsHeard: [Claim] = []
    /// Ads of its own whose bills came when the ring of reservations had gone round behind them: what another node says of them stays a
    /// claim at the root.
    var forgotten: Set<ReservationKey> = []
    var claimTurn = 0
    /// Of a mutant: closings that somebody read from a copy, and says until they are taken.
    var shipped: [(key: LeafKey, closing: Closing)] = []
    /// Sessions up to this one went with a machine that is no more.
    var lostUpTo: UInt64 = 0
    var brokerTurn = 0
    var wallAhead: Int64 = 0
    var audit: UInt32 = 0
    /// What it knows of its notice addresses, and what of that is on its disk.
    var reach = NoticeReach()
    var reachKept = NoticeReach()
    /// Until then nobody can reach them.
    var unreachedUntil: Int64 = 0
    var outages: [Outage] = []

    /// The node's clock may be ahead of the exchange's by so much of a hold and a grace.
    static let graceMargin = Interval.milliseconds(200)

    init(index: Int, region: Int, clock: MachineClock) {
        disks = [Disk](repeating: Disk(), count: WorldShape.shards)
        self.index = index
        self.region = region
        self.clock = clock
    }

    static func index(of session: LedgerSession) -> Int { Int(session.rawValue & 0xFF) }

    mutating func nextSession() -> LedgerSession {
        sessions += 1
        return LedgerSession(sessions << 8 | UInt64(index))
    }

    /// One of its journals ends before what was durable in it: it is an older copy.
    var isRestored: Bool { zip(disks, witnessed).contains { $0.count < $1 } }
    func hasLost(_ session: LedgerSession) -> Bool { session.rawValue >> 8 <= lostUpTo }
    func lane(_ session: LedgerSession) -> Int? { lanes.lastIndex { $0.session == session } }
    func known(_ session: LedgerSession) -> Int? { evidence.lastIndex { $0.session == session } }

    static let names: [AccountName] = [
        AccountName(campaign: "a"), AccountName(campaign: "b"),
        AccountName(campaign: "b", day: BudgetDay(number: 0)),
        AccountName(campaign: "b", day: BudgetDay(number: 1)),
        AccountName(campaign: "b", day: BudgetDay(number: 2)), AccountName(campaign: "c"),
    ]
    static let indices = Dictionary(
        uniqueKeysWithValues: names.enumerated().map { ($1, AccountIndex(UInt32($0))) })
    /// Those that are spent from: a lifetime account with windows only funds them.
    static let spent: [AccountIndex] = [0, 2, 3, 4, 5].map { AccountIndex($0) }
}

extension World {
    // MARK: Starting and ending

    func startNode(_ index: Int) {
        nodes[index].isUp = true
        nodes[index].pausedUntil = 0
        nodes[index].lanes.removeAll()
        nodes[index].reach = nodes[index].reachKept
        if nodes[index].isRestored { foundRestored(index) }
        fold(index)
        let now = nodes[index].clock.now(self.now)
        let session = nodes[index].nextSession()
        let opening = nodes[index].replay.opening(
            for: session, at: now, grace: WorldShape.grace, hold: WorldShape.holdMost,
            overlapping: true)
        nodes[index].estate = (0..<WorldShape.shards).map { shard in
            let desk = Desk(session, shard, nodes[index].reach, reachLimits)
            desk.holder.adopt(
                open: opening.open.filter { Int($0.key.shard) == shard }.compactMap { one in
                    Node.indices[one.name].map { one.former(of: $0) }
                },
                settled: has(.settledForgotten) ? [] : opening.settled.filter { Int($0.shard) == shard },
                doubts: opening.doubts.filter { Int($0.writer.shard) == shard }.compactMap { doubt in
                    Node.indices[doubt.name].map {
                        Doubt(
                            key: DoubtKey(
                                session: doubt.writer.session, shard: doubt.writer.shard, account: $0),
                            amount: doubt.amount, until: doubt.until)
                    }
                }, recorded: opening.recorded)
            _ = nodes[index].disks[shard].append(DiskEntry(writer: session, what: .estate, time: now))
            return desk
        }
        for desk in nodes[index].estate {
            for account in Node.spent {
                tell(desk, index, .opened(account, highest: Micros(shape.highest)))
                tell(desk, index, .closed(account))
            }
        }
        openLane(index)
        startTicking(firstNode + index, within: 100)
        note("node \(index) starts")
    }

    /// The process ends at once.
    func crashNode(_ index: Int) {
        guard nodes[index].isUp else { return }
        note("node \(index) ends")
        nodes[index].isUp = false
        nodes[index].generation += 1
        nodes[index].clock.missed -= max(nodes[index].asleepUntil - now, 0)
        nodes[index].asleepUntil = 0
        for lane in nodes[index].lanes where lane.state != .ended { coverage.note(.crashed) }
        nodes[index].lanes.removeAll()
        nodes[index].estate = []
        nodes[index].leavesAt = 0
        let isWhole = ranges.without.contains(.tailTorn)
        for shard in nodes[index].disks.indices
        where nodes[index].disks[shard].tear(&random, isWhole: isWhole) > 0 {
            coverage.note(.tailTorn)
        }
        fold(index)
        for at in nodes[index].evidence.indices where nodes[index].evidence[at].endedAt == nil {
            nodes[index].evidence[at].endedAt = nodes[index].disks.map(\.count)
        }
        forgetUnsettled(of: index)
    }

    /// The machine and its disk are gone; another one takes its place, with nothing.
    func destroyNode(_ index: Int) {
        crashNode(index)
        loseJournals(index)
    }

    func openLane(_ index: Int) {
        let live = nodes[index].lanes.filter { $0.state != .ended }
        guard live.count < 2 else { return }
        // The region's brokers in turn, the active one first.
        let serving = servingBrokers(nodes[index].region)
        let broker = serving[nodes[index].brokerTurn % serving.count]
        nodes[index].brokerTurn += 1
        guard !live.contains(where: { $0.broker == broker }) else { return }
        let session = nodes[index].nextSession()
        let now = nodes[index].clock.now(self.now)
        let numbers = nodes[index].disks.indices.map {
            Int(nodes[index].disks[$0].append(DiskEntry(writer: session, what: .session, time: now)))
        }
        nodes[index].lanes.append(
            Lane(
                session: session, broker: broker, missing: Set(nodes[index].disks.indices), numbers: numbers,
                begunAt: self.now, holder: Holder(session: session, shards: WorldShape.shards, rules: rules),
                desks: nodes[index].disks.indices.map { Desk(session, $0, nodes[index].reach, reachLimits) },
                chain: RenewalChain(nonce: 0, firstID: session.rawValue << 20 | 1)))
        coverage.note(.begun)
        synchronise(index)
    }

    /// Nothing more is spent under it: what is idle goes under closings, and the journal may be read.
    func endLane(_ index: Int, _ at: Int) {
        guard nodes[index].lanes[at].state != .ended else { return }
        turn(index, at, to: .ended)
        for desk in nodes[index].lanes[at].desks {
            for account in Node.spent { tell(desk, index, .closed(account)) }
            tell(desk, index, .turned)
        }
        let session = nodes[index].lanes[at].session
        note("node \(index) ends session \(session.rawValue)")
        endEvidence(index, session)
        synchronise(index)
    }

    func endEvidence(_ index: Int, _ session: LedgerSession) {
        guard let known = nodes[index].known(session) else { return }
        nodes[index].evidence[known].endedAt = nodes[index].disks.map(\.count)
        nodes[index].evidence[known].change()
    }

    // MARK: The shard

    func tell(_ desk: Desk, _ index: Int, _ event: ShardEvent) {
        // That some time has passed is not counted.
        switch event {
        case .turned, .reportDue, .ended: break
        default: events += 1
        }
        var effects: [ShardEffect] = []
        swap(&effects, &shardEffects)
        desk.holder.handle(event, at: nodes[index].clock.now(now), &effects)
        var at = 0
        while at < effects.count {
            follow(desk, index, effects[at])
            at += 1
        }
        effects.removeAll(keepingCapacity: true)
        swap(&effects, &shardEffects)
    }

    private func follow(_ desk: Desk, _ index: Int, _ effect: ShardEffect) {
        events += 1
        switch effect {
        case .write(let record):
            guard let number = write(desk, index, record) else { return tell(desk, index, .refused(record)) }
            noteRecord(record)
            mix(number)
            if has(.markAfterUse), case .mark = record {
                // It is used first, and comes to the disk with what follows.
                nodes[index].disks[desk.shard].entries.removeLast()
                tell(desk, index, .written(record, at: number))
                tell(desk, index, .durable(upTo: number))
                _ = write(desk, index, record)
                return
            }
            tell(desk, index, .written(record, at: number))
            if has(.checkBeforeDurable) { tell(desk, index, .durable(upTo: number)) }
        case .commit: synchronise(index)
        case .ask(let account, let upTo):
            coverage.note(.ask as Coverage.ShardKind)
            guard let lane = nodes[index].lane(desk.session) else { return }
            tellHolder(index, lane, .asked(shard: desk.shard, account, upTo: upTo))
        case .report(let report):
            coverage.note(.report as Coverage.ShardKind)
            grow(report, of: desk)
            guard let lane = nodes[index].lane(desk.session) else { return }
            tellHolder(index, lane, .reported(shard: desk.shard, report))
        }
    }

    func noteRecord(_ record: LedgerRecord) {
        switch record {
        case .mark: coverage.note(.mark)
        case .reserved: coverage.note(.reserved)
        case .settled: coverage.note(.settled)
        case .released: coverage.note(.released)
        case .closed: coverage.note(.closed)
        case .presumed: break
        }
    }

    // MARK: The node's holder

    func tellHolder(_ index: Int, _ lane: Int, _ event: HolderEvent) {
        guard nodes[index].lanes[lane].state != .ended else { return }
        var effects: [HolderEffect] = []
        nodes[index].lanes[lane].holder.handle(event, at: nodes[index].clock.now(now), &effects)
        if case .turned = event {} else { events += 1 }
        events += effects.count
        let me = firstNode + index
        for effect in effects {
            let desks = nodes[index].lanes[lane].desks
            let session = nodes[index].lanes[lane].session
            let broker = firstBroker + nodes[index].lanes[lane].broker
            switch effect {
            case .open(let account, _, let highest):
                for desk in desks { tell(desk, index, .opened(account, highest: highest)) }
            case .close(let account): for desk in desks { tell(desk, index, .closed(account)) }
            case .moveFence(let until):
                coverage.note(.moveFence)
                coverage.note(.nodeLeased)
                checkNodeFence(index, lane)
                let until = rules.keep(.fenceIsChecked) ? until : .distantFuture
                for desk in desks { tell(desk, index, .fenceMoved(to: until)) }
            case .lowerFence(let until):
                coverage.note(.lowerFence)
                for desk in desks { tell(desk, index, .fenceLowered(to: until)) }
            case .allow(let shard, let account, let upTo, let isLast):
                coverage.note(.allow)
                tell(desks[shard], index, .allowed(account, upTo: upTo, isLast: isLast))
            case .recall(let shard, let account):
                coverage.note(.recall as Coverage.HolderKind)
                tell(desks[shard], index, .recalled(account))
            case .request(let account, let upTo):
                coverage.note(.request as Coverage.HolderKind)
                nodes[index].lanes[lane].asked[account.row] = upTo
                send(.nodeRequest(session, account, upTo), from: me, to: broker)
            case .report(let report):
                coverage.note(.report as Coverage.HolderKind)
                let row = report.account.row
                grow(returned: report.returned, by: session, report.account)
                if report.returned > nodes[index].lanes[lane].returned[row] {
                    send(.nodeReturn(session, report.account, report.returned), from: me, to: broker)
                }
            case .renew:
                coverage.note(.renew as Coverage.HolderKind)
                guard nodes[index].lanes[lane].state == .live else { continue }
                let request = nodes[index].lanes[lane].chain.request(at: nodes[index].clock.now(now))
                send(.nodeRenew(session, request), from: me, to: broker)
                if has(.renewedAtTheStandby) {
                    let other = firstBroker + someBroker(of: nodes[index].region)
                    send(.nodeRenew(session, request), from: me, to: other)
                }
            }
        }
    }
}
