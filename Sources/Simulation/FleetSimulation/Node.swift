// A simulated decision node: Core's holders over a disk that may fail, with a session for each broker that it takes money from.
import Ledger
import Units

/// A shard's holder, where arrays can hold it.
final class Desk {
    var holder: ShardHolder
    let session: LedgerSession

    init(_ session: LedgerSession) {
        var limits = ShardLimits()
        limits.reservations = 512
        limits.grace = WorldShape.grace + Node.graceMargin
        holder = ShardHolder(session: session, shard: 0, limits: limits)
        self.session = session
    }
}

/// A session with a broker.
struct Lane {
    enum State: UInt8 { case written, opening, live, ended }
    let session: LedgerSession
    /// By its number among all brokers.
    let broker: Int
    var state = State.written
    /// The record of it in the journal, and when it was begun.
    let number: Int
    let begunAt: Int64
    var holder: Holder
    let desk: Desk
    var chain: RenewalChain
    var returned = [Micros](repeating: .zero, count: WorldShape.accountCount)
}

/// What the journal knows of a session that some issuer waits to hear of.
struct Evidence {
    let session: LedgerSession
    var blocks = SettlementBlocks()
    /// The journal has to be durable up to here before a closing is read from it; nil while it is spent from.
    var endedAt: Int?
    var closed = [Closing?](repeating: nil, count: WorldShape.accountCount)
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

struct Node {
    let index: Int
    let region: Int
    var clock: MachineClock
    var generation: UInt32 = 0
    var isUp = false
    var pausedUntil: Int64 = 0
    /// Its counting clock stands still until then; what it misses is in the clock already.
    var asleepUntil: Int64 = 0
    var disk = Disk()
    var replay = LedgerReplay()
    var evidence: [Evidence] = []
    var lanes: [Lane] = []
    var estate: Desk?
    var sessions: UInt64 = 0
    var ticks = 0
    var window = 2
    /// Bills of other nodes' ads, until the root has them.
    var claims: [Claim] = []
    /// Those that the root has, as far as no tail took them.
    var claimsHeard: [Claim] = []
    var claimTurn = 0
    /// Sessions up to this one went with a machine that is no more.
    var lostUpTo: UInt64 = 0
    var brokerTurn = 0
    var wallAhead: Int64 = 0
    var audit: UInt32 = 0

    /// The node's clock may be ahead of the exchange's by so much of a hold and a grace.
    static let graceMargin = Interval.milliseconds(200)

    init(index: Int, region: Int, clock: MachineClock) {
        self.index = index
        self.region = region
        self.clock = clock
    }

    static func index(of session: LedgerSession) -> Int { Int(session.rawValue & 0xFF) }

    mutating func nextSession() -> LedgerSession {
        sessions += 1
        return LedgerSession(sessions << 8 | UInt64(index))
    }

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
        fold(index)
        let now = nodes[index].clock.now(self.now)
        let session = nodes[index].nextSession()
        let opening = nodes[index].replay.opening(
            for: session, at: now, grace: WorldShape.grace, overlapping: true)
        let desk = Desk(session)
        desk.holder.adopt(
            open: opening.open.compactMap { one in
                Node.indices[one.name].map {
                    FormerReservation(key: one.key, account: $0, amount: one.amount, expires: one.expires)
                }
            }, settled: has(.settledForgotten) ? [] : opening.settled,
            doubts: opening.doubts.compactMap { doubt in
                Node.indices[doubt.name].map {
                    Doubt(
                        key: DoubtKey(
                            session: doubt.writer.session, shard: doubt.writer.shard, account: $0),
                        amount: doubt.amount, until: doubt.until)
                }
            }, recorded: opening.recorded)
        nodes[index].estate = desk
        _ = nodes[index].disk.append(DiskEntry(writer: session, what: .estate, time: now))
        for account in Node.spent {
            tell(desk, index, .opened(account, highest: Micros(shape.highest)))
            tell(desk, index, .closed(account))
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
        nodes[index].lanes.removeAll()
        nodes[index].estate = nil
        let lost = nodes[index].disk.tear(&random)
        if lost > 0 { coverage.note(.tailTorn) }
        fold(index)
        for at in nodes[index].evidence.indices where nodes[index].evidence[at].endedAt == nil {
            nodes[index].evidence[at].endedAt = nodes[index].disk.count
        }
        forgetUnsettled(of: index)
    }

    /// The machine and its disk are gone; another one takes its place, with nothing.
    func destroyNode(_ index: Int) {
        crashNode(index)
        nodes[index].disk = Disk()
        nodes[index].replay = LedgerReplay()
        nodes[index].evidence.removeAll()
        nodes[index].claims.removeAll()
        nodes[index].claimsHeard.removeAll()
        nodes[index].lostUpTo = nodes[index].sessions
        forgetUnsettled(of: index)
    }

    private func openLane(_ index: Int) {
        let live = nodes[index].lanes.filter { $0.state != .ended }
        guard live.count < 2 else { return }
        // The region's brokers in turn, the active one first.
        let turn = nodes[index].brokerTurn
        nodes[index].brokerTurn += 1
        let broker = nodes[index].region * shape.brokersPerRegion + turn % shape.brokersPerRegion
        guard !live.contains(where: { $0.broker == broker }) else { return }
        let session = nodes[index].nextSession()
        let now = nodes[index].clock.now(self.now)
        let number = nodes[index].disk.append(DiskEntry(writer: session, what: .session, time: now))
        nodes[index].lanes.append(
            Lane(
                session: session, broker: broker, number: Int(number), begunAt: self.now,
                holder: Holder(session: session, shards: 1, rules: rules), desk: Desk(session),
                chain: RenewalChain(nonce: 0, firstID: session.rawValue << 20 | 1)))
        synchronise(index)
    }

    /// Nothing more is spent under it: what is idle goes under closings, and the journal may be read.
    func endLane(_ index: Int, _ at: Int) {
        guard nodes[index].lanes[at].state != .ended else { return }
        nodes[index].lanes[at].state = .ended
        for account in Node.spent { tell(nodes[index].lanes[at].desk, index, .closed(account)) }
        tell(nodes[index].lanes[at].desk, index, .turned)
        let session = nodes[index].lanes[at].session
        note("node \(index) ends session \(session.rawValue)")
        endEvidence(index, session)
        synchronise(index)
    }

    private func endEvidence(_ index: Int, _ session: LedgerSession) {
        guard let known = nodes[index].known(session) else { return }
        nodes[index].evidence[known].endedAt = nodes[index].disk.count
        nodes[index].evidence[known].change()
    }

    // MARK: The journal

    func synchronise(_ index: Int) {
        guard nodes[index].isUp, !nodes[index].disk.isSyncing,
            nodes[index].disk.durable < nodes[index].disk.count
        else { return }
        nodes[index].disk.isSyncing = true
        var took = Int64(random.next(in: 500...6_000)) * 1_000
        if nodes[index].disk.slowUntil > now { took += Int64(random.next(in: 50...2_000)) * 1_000_000 }
        schedule(.synced, firstNode + index, nodes[index].disk.count, after: took)
    }

    func synced(_ actor: Int, _ count: Int) {
        let index = actor - firstNode
        guard nodes[index].isUp else { return }
        readClocks(index)
        nodes[index].disk.isSyncing = false
        if nodes[index].disk.isFailed {
            nodes[index].disk.isFailed = false
            coverage.note(.syncFailed)
            if has(.fsyncRetried) {
                // The second sync says that all is well; the pages are gone.
                tellDurable(index, count)
                return
            }
            // That journal has ended: the node leaves, and starts anew behind what is known to be there.
            crashNode(index)
            schedule(.start, actor, after: restartDelay())
            return
        }
        nodes[index].disk.durable = max(nodes[index].disk.durable, count)
        fold(index)
        tellDurable(index, count)
        synchronise(index)
    }

    private func tellDurable(_ index: Int, _ count: Int) {
        for at in nodes[index].lanes.indices {
            tell(nodes[index].lanes[at].desk, index, .durable(upTo: UInt64(count)))
            if nodes[index].lanes[at].state == .written, nodes[index].lanes[at].number <= count {
                nodes[index].lanes[at].state = .opening
                sayOpen(index, at)
            }
        }
        if let estate = nodes[index].estate { tell(estate, index, .durable(upTo: UInt64(count))) }
    }

    private func sayOpen(_ index: Int, _ at: Int) {
        let lane = nodes[index].lanes[at]
        send(.nodeOpen(lane.session), from: firstNode + index, to: firstBroker + lane.broker)
    }

    /// Takes what is durable into what is known.
    func fold(_ index: Int) {
        while nodes[index].disk.folded < nodes[index].disk.durable {
            let entry = nodes[index].disk.entries[nodes[index].disk.folded]
            nodes[index].disk.folded += 1
            let writer = ShardSession(session: entry.writer, shard: 0)
            switch entry.what {
            case .session, .estate:
                for (row, name) in Node.names.enumerated() {
                    nodes[index].replay.opened(AccountIndex(UInt32(row)), name, by: writer)
                }
                if case .session = entry.what {
                    nodes[index].evidence.append(Evidence(session: entry.writer))
                    if let lane = nodes[index].lane(entry.writer), nodes[index].lanes[lane].state == .ended {
                        endEvidence(index, entry.writer)
                    }
                }
            case .claim(let claim): claimedDurably(index, claim)
            case .record(let record):
                noteMark(record, entry.writer)
                nodes[index].replay.take(record, by: writer, at: entry.time)
                if case .settled(let settlement) = record {
                    if let known = nodes[index].known(settlement.key.session) {
                        nodes[index].evidence[known].blocks.take(settlement)
                        nodes[index].evidence[known].change()
                    }
                    settledDurably(settlement)
                } else if case .released(let release) = record {
                    releasedDurably(release)
                }
            }
        }
    }

    /// Appends what a desk orders to be written; false where the disk has no room for it.
    private func write(_ desk: Desk, _ index: Int, _ record: LedgerRecord) -> UInt64? {
        if nodes[index].disk.isFull {
            // Room for bills is set aside before.
            switch record {
            case .settled, .released, .closed, .presumed: break
            case .mark, .reserved: return nil
            }
        }
        return nodes[index].disk.append(
            DiskEntry(
                writer: desk.session, what: .record(record), time: nodes[index].clock.now(now)))
    }

    // MARK: The shard

    func tell(_ desk: Desk, _ index: Int, _ event: ShardEvent) {
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
                nodes[index].disk.entries.removeLast()
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
            tellHolder(index, lane, .asked(shard: 0, account, upTo: upTo))
        case .report(let report):
            coverage.note(.report as Coverage.ShardKind)
            guard let lane = nodes[index].lane(desk.session) else { return }
            tellHolder(index, lane, .reported(shard: 0, report))
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
        events += 1
        var effects: [HolderEffect] = []
        nodes[index].lanes[lane].holder.handle(event, at: nodes[index].clock.now(now), &effects)
        let me = firstNode + index
        for effect in effects {
            let desk = nodes[index].lanes[lane].desk
            let session = nodes[index].lanes[lane].session
            let broker = firstBroker + nodes[index].lanes[lane].broker
            switch effect {
            case .open(let account, _, let highest): tell(desk, index, .opened(account, highest: highest))
            case .close(let account): tell(desk, index, .closed(account))
            case .moveFence(let until):
                coverage.note(.moveFence)
                checkNodeFence(index, lane)
                tell(desk, index, .fenceMoved(to: until))
            case .lowerFence(let until):
                coverage.note(.lowerFence)
                tell(desk, index, .fenceLowered(to: until))
            case .allow(_, let account, let upTo, let isLast):
                coverage.note(.allow)
                tell(desk, index, .allowed(account, upTo: upTo, isLast: isLast))
            case .recall(_, let account):
                coverage.note(.recall as Coverage.HolderKind)
                tell(desk, index, .recalled(account))
            case .request(let account, let upTo):
                coverage.note(.request as Coverage.HolderKind)
                send(.nodeRequest(session, account, upTo), from: me, to: broker)
            case .report(let report):
                coverage.note(.report as Coverage.HolderKind)
                let row = report.account.row
                if report.returned > nodes[index].lanes[lane].returned[row] {
                    send(.nodeReturn(session, report.account, report.returned), from: me, to: broker)
                }
            case .renew:
                coverage.note(.renew as Coverage.HolderKind)
                guard nodes[index].lanes[lane].state == .live else { continue }
                let request = nodes[index].lanes[lane].chain.request(at: nodes[index].clock.now(now))
                send(.nodeRenew(session, request), from: me, to: broker)
            }
        }
    }

    // MARK: Turns

    /// Before anything is done behind a wait.
    func readClocks(_ index: Int) {
        let wall = nodes[index].clock.wall(now)
        let ahead = wall.nanoseconds - nodes[index].clock.now(now).nanoseconds
        guard abs(ahead - nodes[index].wallAhead) > 10_000_000 else { return }
        nodes[index].wallAhead = ahead
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            tellHolder(
                index, at,
                .clocksRead(
                    wall: wall,
                    tolerance: Interval(
                        nanoseconds: SessionLease.margin(of: WorldShape.window).nanoseconds / 2)))
        }
    }

    func tickNode(_ index: Int) {
        guard nodes[index].isUp else { return }
        schedule(.tick, firstNode + index, after: Int64(random.next(in: 120...170)) * 1_000_000)
        nodes[index].ticks += 1
        readClocks(index)
        let ticks = nodes[index].ticks
        let now = nodes[index].clock.now(self.now)
        turnWindow(index)
        for at in nodes[index].lanes.indices {
            let desk = nodes[index].lanes[at].desk
            switch nodes[index].lanes[at].state {
            case .live:
                if nodes[index].lanes[at].holder.lease.isOver(at: now) {
                    endLane(index, at)
                } else {
                    tellHolder(index, at, .turned)
                }
            case .opening:
                if ticks % 8 == 0 { sayOpen(index, at) }
                if self.now - nodes[index].lanes[at].begunAt > 10_000_000_000 { endLane(index, at) }
            case .written, .ended: break
            }
            tell(desk, index, .turned)
            if ticks % 3 == 0 { tell(desk, index, .reportDue) }
        }
        if let estate = nodes[index].estate { tell(estate, index, .turned) }
        synchronise(index)
        if ticks % 10 == 0 {
            sayAgain(index)
            sendEvidence(index)
            // A second session before the first one ends, where its broker does not answer.
            let isSafe = nodes[index].lanes.contains {
                $0.state == .live && $0.holder.fence > now + .seconds(12)
            }
            if !isSafe { openLane(index) }
        }
    }

    /// What was returned and is not known to have come is said again.
    private func sayAgain(_ index: Int) {
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            let lane = nodes[index].lanes[at]
            for account in Node.spent {
                let sum = lane.holder.returned(account)
                if sum > lane.returned[account.row] {
                    send(
                        .nodeReturn(lane.session, account, sum), from: firstNode + index,
                        to: firstBroker + lane.broker)
                }
            }
        }
    }

    private func turnWindow(_ index: Int) {
        let span = end / Int64(windowCount)
        let window = 2 + min(Int(now / span), windowCount - 1)
        guard window != nodes[index].window else { return }
        let former = AccountIndex(UInt32(nodes[index].window))
        nodes[index].window = window
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            tellHolder(index, at, .closed(former))
            openAccount(index, at, AccountIndex(UInt32(window)))
        }
    }

    func openAccount(_ index: Int, _ lane: Int, _ account: AccountIndex) {
        tellHolder(
            index, lane, .opened(account, Node.names[account.row], highest: Micros(shape.highest)))
    }
}
