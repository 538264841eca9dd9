// A simulated broker: Core's broker, and what it keeps on its disk for an audit: what each of its sessions was granted.
import Ledger
import Units

/// One of a kind in a world. As a value it was copied whole wherever one field behind its ledger was looked at, a sixth of
/// all the time of a run.
final class Broker: Sleeper {
    /// What an audit asks for. Durable before a grant is used.
    struct Epoch {
        let session: LedgerSession
        var granted = [Micros](repeating: .zero, count: WorldShape.accountCount)
        var returned = [Micros](repeating: .zero, count: WorldShape.accountCount)
        var leaves: [LeafKey] = []
        /// How it is renewed next, where an audit asks.
        var renewal: RenewalChain.Request?

        var presented: Presentation.Session {
            let sums = granted.indices.map {
                Presentation.Sum(AccountIndex(UInt32($0)), granted: granted[$0], returned: returned[$0])
            }
            return Presentation.Session(session, sums: sums, leaves: leaves, renewal: renewal)
        }
    }

    /// All that its journal has.
    struct Memory {
        let ledger: BrokerLedger
        let epochs: [Epoch]
    }

    /// What the fleet file says of it.
    enum Role { case spare, serving, leaving, gone }

    let index: Int
    var role = Role.serving
    var clock: MachineClock
    var generation: UInt32 = 0
    var isUp = true
    var pausedUntil: Int64 = 0
    /// Its counting clock stands still until then; what it misses is in the clock already.
    var asleepUntil: Int64 = 0
    var wallAhead: Int64 = 0
    /// An operator ends it in order, and it is done by then; zero where nobody does.
    var leavesAt: Int64 = 0
    var ledger: BrokerLedger?
    var starts: UInt64 = 0
    var epochs: [Epoch] = []
    /// The coordinator that is taken for the leader, and when it last said something.
    var leader = 0
    var heardAt: Int64 = 0
    /// The first that it said since, which waits for an answer.
    var askedAt: Int64 = -1
    var openedAt: Int64 = 0
    var removedAt: Int64 = 0
    /// Of a mutant that adds up what nodes say.
    var sum = Micros.zero
    var ticks = 0
    /// The last timeline that was audited, and the last that it presented to.
    var audit: UInt32 = 0
    var presentedTo: UInt32 = 0
    /// While it is down, the session in its journal; and what somebody copied of that earlier.
    var kept: BrokerLedger?
    var copy: Memory?
    /// The machine was reset while it slept: what its clock says means something else than before.
    var isRebooted = false
    /// What its journal has is older than what this boot of the machine knows that it wrote.
    var isRestored = false
    /// It cannot answer an audit for what was before.
    var hasForgotten = false

    init(index: Int, clock: MachineClock) {
        self.index = index
        self.clock = clock
    }

    var start: UInt64 { starts << 8 | UInt64(index) }
}

extension World {
    func regionBrokers(_ region: Int) -> Range<Int> {
        region * shape.brokersPerRegion..<(region + 1) * shape.brokersPerRegion
    }

    func servingBrokers(_ region: Int) -> [Int] {
        regionBrokers(region).filter { brokers[$0].role == .serving }
    }

    func someBroker(of region: Int) -> Int {
        let serving = servingBrokers(region)
        return serving[Int(random.next(below: UInt64(serving.count)))]
    }

    /// Those that an audit asks: all in the fleet file, leaving ones too.
    var fleetFile: UInt64 {
        brokers.reduce(0) { $0 | ($1.role == .serving || $1.role == .leaving ? 1 << UInt64($1.index) : 0) }
    }

    /// An operator takes a broker out, and another machine takes its place. It gives nothing any more; for what it gave it
    /// answers until all of that is closed.
    func removeBroker(_ index: Int) -> Bool {
        let region = index / shape.brokersPerRegion
        guard let spare = regionBrokers(region).first(where: { brokers[$0].role == .spare }) else {
            return false
        }
        brokers[index].role = has(.removedBrokerForgotten) ? .gone : .leaving
        brokers[index].removedAt = now
        brokers[index].ledger = nil
        brokers[spare].role = .serving
        startBroker(spare)
        return true
    }

    /// Closed, and the horizon is behind it: the machine may go.
    func dismissBrokers(_ book: GrantBook) {
        for index in brokers.indices where brokers[index].role == .leaving {
            let wait = (WorldShape.brokerLease + WorldShape.horizon).nanoseconds
            guard now > brokers[index].removedAt + wait, book.missing == 0 else { continue }
            let isOver = book.children.indices.allSatisfy {
                Int(book.children[$0].holder.rawValue) != index || book.isOver($0)
                    || book.children[$0].isPresumed
            }
            guard isOver else { continue }
            brokers[index].role = .gone
            brokers[index].epochs = []
            coverage.note(.brokerGone)
        }
    }

    func startBroker(_ index: Int) {
        brokers[index].isUp = true
        brokers[index].pausedUntil = 0
        brokers[index].starts += 1
        brokers[index].ledger = nil
        brokers[index].heardAt = now
        brokers[index].askedAt = now - 1
        startTicking(firstBroker + index, within: 300)
        note("broker \(index) starts")
        if brokers[index].isRestored { foundRestoredBroker(index) }
        // Now and then an operator has it begin another one.
        if let kept = brokers[index].kept, !chance(1, of: ranges.freshStarts) { resume(index, kept) }
        brokers[index].kept = nil
        brokers[index].isRebooted = false
    }

    func crashBroker(_ index: Int) {
        note("broker \(index) ends")
        brokers[index].isUp = false
        brokers[index].leavesAt = 0
        // Ended while the machine stands still, it has not seen that; and now and then it is the machine that was reset.
        if brokers[index].asleepUntil > now { brokers[index].isRebooted = brokers[index].generation % 2 == 0 }
        brokers[index].clock.missed -= max(brokers[index].asleepUntil - now, 0)
        brokers[index].asleepUntil = 0
        brokers[index].generation += 1
        brokers[index].kept = brokers[index].ledger
        brokers[index].ledger = nil
    }

    var brokerLimits: BrokerLimits {
        var limits = BrokerLimits(
            window: WorldShape.window, reserve: Micros(shape.highest * 4), idle: .seconds(8))
        limits.aheadSeconds = aheadSeconds
        return limits
    }

    /// What a machine that slept, or whose clock somebody set, does before anything else.
    private func readBrokerClocks(_ index: Int) {
        let wall = brokers[index].clock.wall(now)
        let ahead = wall.nanoseconds - brokers[index].clock.now(now).nanoseconds
        guard abs(ahead - brokers[index].wallAhead) > 10_000_000 else { return }
        brokers[index].wallAhead = ahead
        tellBroker(index, .turned(wall: wall))
    }

    /// An operator's word to end in order: what no node has goes back, nodes are declined, and some time later the process ends.
    func stopBroker(_ index: Int, at time: Int64) {
        brokers[index].leavesAt = time
        var effects: [BrokerEffect] = []
        let clock = brokers[index].clock
        brokers[index].ledger?.release(at: clock.now(now), &effects)
        follow(index, effects)
    }

    /// Where nothing comes back for a while, perhaps another one leads.
    func sayToRoot(_ index: Int, _ message: Message) {
        if case .giveBack = message {
            // It is not answered.
            if has(.returnsForgotten) { return }
        } else if brokers[index].askedAt < brokers[index].heardAt {
            brokers[index].askedAt = now
        }
        send(message, from: firstBroker + index, to: brokers[index].leader)
    }

    /// Somebody copies its journal once in ten seconds.
    private static let ticksOfACopy = 33

    func tickBroker(_ index: Int) {
        guard brokers[index].isUp, brokers[index].role == .serving else { return }
        if brokers[index].leavesAt > 0, now >= brokers[index].leavesAt {
            readBrokerClocks(index)
            crashBroker(index)
            return schedule(.start, firstBroker + index, after: restartDelay())
        }
        schedule(.tick, firstBroker + index, after: Int64(random.next(in: 270...330)) * 1_000_000)
        readBrokerClocks(index)
        brokers[index].ticks += 1
        if brokers[index].ticks % Self.ticksOfACopy == 0, let ledger = brokers[index].ledger {
            brokers[index].copy = Broker.Memory(ledger: ledger, epochs: brokers[index].epochs)
        }
        if brokers[index].askedAt >= brokers[index].heardAt, now - brokers[index].askedAt > 2_500_000_000 {
            brokers[index].leader = (brokers[index].leader + 1) % shape.coordinators
            brokers[index].askedAt = now
        }
        guard let lease = brokers[index].ledger?.lease else {
            return sayToRoot(index, .openBroker(start: brokers[index].start))
        }
        let time = brokers[index].clock.now(now)
        let isLeased = lease.fence.nanoseconds > 0
        let isRefused = now - brokers[index].openedAt > WorldShape.brokerLease.nanoseconds
        if lease.isOver(at: time) && (isLeased || isRefused) {
            // Nothing renews it, or never has: a tail may have taken the session itself. A new one, with nothing of it.
            coverage.note(lease.isBroken ? .brokerBroken : .brokerFenced)
            brokers[index].starts += 1
            brokers[index].ledger = nil
            return
        }
        tellBroker(index, .turned(wall: brokers[index].clock.wall(now)))
        if brokers[index].ticks % 7 == 0 { sayReturns(index) }
    }

    private func sayReturns(_ index: Int) {
        guard let session = brokers[index].ledger?.session else { return }
        for row in 0..<WorldShape.accountCount {
            let account = AccountIndex(UInt32(row))
            guard let known = brokers[index].ledger?.presentation(account), known.returned > .zero else {
                continue
            }
            sayToRoot(index, .giveBack(session, account, known.returned))
        }
    }

    func tellBroker(_ index: Int, _ event: BrokerEvent) {
        guard brokers[index].ledger != nil else { return }
        if case .turned = event {} else { events += 1 }
        var effects: [BrokerEffect] = []
        let time = brokers[index].clock.now(now)
        brokers[index].ledger?.handle(event, at: time, &effects)
        checkKnown(index, behind: event)
        follow(index, effects)
    }

    private func follow(_ index: Int, _ effects: [BrokerEffect]) {
        guard let session = brokers[index].ledger?.session else { return }
        let me = firstBroker + index
        events += effects.count
        for effect in effects {
            switch effect {
            case .renew(let request):
                coverage.note(.renew as Coverage.BrokerKind)
                sayToRoot(index, .renew(session, request))
            case .request(let account, let upTo):
                coverage.note(.request as Coverage.BrokerKind)
                sayToRoot(index, .request(session, account, upTo))
            case .giveBack(let account, let sum):
                coverage.note(.giveBack)
                if let epoch = brokers[index].epochs.lastIndex(where: { $0.session == session }) {
                    brokers[index].epochs[epoch].returned[account.row] = sum
                }
                sayToRoot(index, .giveBack(session, account, sum))
            case .register(let node, _):
                coverage.note(.register)
                sayToRoot(index, .register(LeafKey(root: session, node: node)))
            case .lease(let node, let request, let length, let next):
                coverage.note(.lease)
                checkLease(index, node)
                send(
                    .nodeLeased(audit: brokers[index].audit, node, request: request, length, next: next),
                    from: me,
                    to: firstNode + Node.index(of: node))
            case .grant(let node, let account, let upTo, let isLast):
                coverage.note(.grant as Coverage.BrokerKind)
                grow(given: upTo, to: node, account)
                send(
                    .nodeGranted(node, account, upTo: upTo, isLast: isLast), from: me,
                    to: firstNode + Node.index(of: node))
            case .acknowledgeReturn(let node, let account, let sum):
                send(.nodeReturn(node, account, sum), from: me, to: firstNode + Node.index(of: node))
            case .recall(let node, let account):
                coverage.note(.recall as Coverage.BrokerKind)
                send(.nodeRecall(node, account), from: me, to: firstNode + Node.index(of: node))
            case .refuse(let node):
                coverage.note(.refuse)
                send(.nodeRefused(node), from: me, to: firstNode + Node.index(of: node))
            case .cloneFound: coverage.note(.cloneFound)
            case .refused(let reason, _): coverage.note(reason)
            case .move(let movement):
                coverage.note(movement)
                checkBroker(index, movement.account)
            }
        }
    }

    func hearAtBroker(_ index: Int, _ envelope: Envelope) {
        let from = Int(envelope.from)
        if from < firstBroker {
            brokers[index].heardAt = now
            brokers[index].leader = from
        }
        guard brokers[index].role == .serving else {
            if brokers[index].role == .leaving, case .presentDue(let timeline) = envelope.message {
                present(index, timeline, to: from)
            }
            return
        }
        // A process that is being ended has no ear for nodes.
        if brokers[index].leavesAt > 0, from >= firstNode { return }
        readBrokerClocks(index)
        let session = brokers[index].ledger?.session
        switch envelope.message {
        // From the root.
        case .opened(let start, let opened):
            guard brokers[index].ledger == nil, start == brokers[index].start else { return }
            brokers[index].ledger = BrokerLedger(
                session: opened, accounts: bookAccounts,
                chain: RenewalChain(nonce: 0, firstID: opened.rawValue << 20 | 1), limits: brokerLimits,
                rules: rules)
            brokers[index].openedAt = now
            let former = brokers[index].epochs.last
            brokers[index].epochs.append(.init(session: opened))
            if has(.standbyInheritsFree), let former {
                for row in former.granted.indices {
                    let upTo = former.granted[row] - former.returned[row]
                    tellBroker(
                        index,
                        .granted(AccountIndex(UInt32(row)), upTo: upTo, isLast: false, timeline: .max))
                }
            }
            tellBroker(index, .turned(wall: brokers[index].clock.wall(now)))
        case .leased(let audit, let of, let id, let length, let next):
            brokers[index].audit = max(brokers[index].audit, audit)
            guard of == session else { return }
            tellBroker(index, .renewed(request: id, for: length, next: next))
            coverage.note(.brokerLeased)
            checkBrokerFence(index)
        case .granted(let of, let account, let upTo, let isLast, let timeline):
            guard of == session, isTaken(index, timeline) else { return }
            if let epoch = brokers[index].epochs.lastIndex(where: { $0.session == of }) {
                brokers[index].epochs[epoch].granted[account.row] = max(
                    brokers[index].epochs[epoch].granted[account.row], upTo)
            }
            checkDelivered(of, account, upTo)
            tellBroker(index, .granted(account, upTo: upTo, isLast: isLast, timeline: timeline))
        case .registered(let key, let timeline):
            guard key.root == session, isTaken(index, timeline) else { return }
            if let epoch = brokers[index].epochs.lastIndex(where: { $0.session == session }),
                !brokers[index].epochs[epoch].leaves.contains(key)
            {
                brokers[index].epochs[epoch].leaves.append(key)
            }
            tellBroker(index, .registered(key.node, timeline: timeline))
        case .presentDue(let timeline): present(index, timeline, to: from)
        case .hasBlock(let key, _, _), .hasClosing(let key, _, _), .hasEnd(let key, _),
            .forwardClaim(let key, _):
            send(
                envelope.message, from: firstBroker + index, to: firstNode + Node.index(of: key.node))
        case .hasClaim:
            // To whoever claimed it, which the key does not say: all nodes of the region are told.
            for node in nodes.indices where nodes[node].region == index / shape.brokersPerRegion {
                send(envelope.message, from: firstBroker + index, to: firstNode + node)
            }
        // From nodes.
        case .nodeOpen(let node):
            // It belongs to a session of this broker that is over: the root may have lost that, and would take it for this one's.
            let isFormer = brokers[index].epochs.contains { epoch in
                epoch.session != session && epoch.leaves.contains { $0.node == node }
            }
            guard !isFormer else { return send(.nodeRefused(node), from: firstBroker + index, to: from) }
            tellBroker(index, .nodeOpened(node, HolderNumber(UInt8(index))))
        case .nodeRenew(let node, let request):
            if has(.renewedAtTheStandby), brokers[index].ledger?.nodes.contains(node) == false {
                let message = Message.nodeLeased(
                    audit: 0, node, request: request.id, WorldShape.window, next: random.next() | 1)
                return send(message, from: firstBroker + index, to: from)
            }
            tellBroker(index, .nodeRenewed(node, request, next: random.next() | 1))
        case .nodeRequest(let node, let account, let upTo):
            tellBroker(index, .nodeRequested(node, account, upTo: upTo))
        case .nodeReturn(let node, let account, let sum):
            tellBroker(index, .nodeReturned(node, account, sum))
            if has(.returnedFreesAtTheRoot), let ledger = brokers[index].ledger {
                let known = ledger.presentation(account).returned
                sayToRoot(index, .giveBack(ledger.session, account, known + sum))
            }
        case .block(let key, let block):
            guard forwards(index, key) else { return }
            tellBroker(index, .settled(key, block))
            if has(.summedByTheBroker) {
                brokers[index].sum += block.paid
                var summed = block
                summed.paid = brokers[index].sum
                return sayToRoot(index, .block(key, summed))
            }
            sayToRoot(index, envelope.message)
        case .closing(let key, let closing):
            guard forwards(index, key) else { return }
            tellBroker(index, .closed(key, closing))
            sayToRoot(index, envelope.message)
        case .end(let key, _):
            guard forwards(index, key) else { return }
            sayToRoot(index, envelope.message)
        case .claim(let key, let claim):
            guard forwards(index, key) else { return }
            tellBroker(index, .claimed(key, claim))
            sayToRoot(index, envelope.message)
        default: break
        }
    }

    private func forwards(_ index: Int, _ key: LeafKey) -> Bool {
        !has(.standbyRefusesUnknown) || brokers[index].ledger?.nodes.contains(key.node) == true
    }

    /// What is kept for audits follows the same rule as the machine: behind one nothing of an older timeline.
    private func isTaken(_ index: Int, _ timeline: UInt32) -> Bool {
        timeline >= brokers[index].presentedTo || !rules.keep(.promisesEndWithTheirTimeline)
    }

    /// Tells an audit of all sessions that there ever were, those that are over too.
    private func present(_ index: Int, _ timeline: UInt32, to coordinator: Int) {
        brokers[index].audit = max(brokers[index].audit, timeline)
        brokers[index].presentedTo = max(brokers[index].presentedTo, timeline)
        tellBroker(index, .presented(timeline: timeline))
        let me = firstBroker + index
        var epochs = brokers[index].epochs
        if let ledger = brokers[index].ledger,
            let live = epochs.lastIndex(where: { $0.session == ledger.session })
        {
            let place = ledger.renewal
            epochs[live].renewal = RenewalChain.Request(
                id: place.id, nonce: place.nonce, sentAt: Instant(nanoseconds: 0))
        }
        presentations.append(epochs)
        send(.presented(timeline: timeline, presentations.count - 1), from: me, to: coordinator)
    }
}
