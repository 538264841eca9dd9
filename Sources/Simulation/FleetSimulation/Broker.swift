// A simulated broker: Core's broker, and what it keeps on its disk for an audit: what each of its sessions was granted.
import Ledger
import Units

struct Broker {
    /// What an audit asks for. Durable before a grant is used.
    struct Epoch {
        let session: LedgerSession
        var granted = [Micros](repeating: .zero, count: WorldShape.accountCount)
        var returned = [Micros](repeating: .zero, count: WorldShape.accountCount)
        var leaves: [LeafKey] = []
    }

    let index: Int
    var clock: MachineClock
    var generation: UInt32 = 0
    var isUp = true
    var pausedUntil: Int64 = 0
    var ledger: BrokerLedger?
    var starts: UInt64 = 0
    var epochs: [Epoch] = []
    /// The coordinator that is taken for the leader, and when it last said something.
    var leader = 0
    var heardAt: Int64 = 0
    var openedAt: Int64 = 0
    var ticks = 0
    /// The last timeline that it presented to.
    var audit: UInt32 = 0

    var start: UInt64 { starts << 8 | UInt64(index) }
}

extension World {
    func startBroker(_ index: Int) {
        brokers[index].isUp = true
        brokers[index].pausedUntil = 0
        brokers[index].starts += 1
        brokers[index].ledger = nil
        brokers[index].heardAt = now
        startTicking(firstBroker + index, within: 300)
        note("broker \(index) starts")
    }

    func crashBroker(_ index: Int) {
        note("broker \(index) ends")
        brokers[index].isUp = false
        brokers[index].generation += 1
        brokers[index].ledger = nil
    }

    func sayToRoot(_ index: Int, _ message: Message) {
        send(message, from: firstBroker + index, to: brokers[index].leader)
    }

    func tickBroker(_ index: Int) {
        guard brokers[index].isUp else { return }
        schedule(.tick, firstBroker + index, after: Int64(random.next(in: 270...330)) * 1_000_000)
        brokers[index].ticks += 1
        if now - brokers[index].heardAt > 2_500_000_000 {
            // Perhaps another one leads.
            brokers[index].leader = (brokers[index].leader + 1) % shape.coordinators
            brokers[index].heardAt = now
        }
        guard let ledger = brokers[index].ledger else {
            sayToRoot(index, .openBroker(start: brokers[index].start))
            return
        }
        let time = brokers[index].clock.now(now)
        let isLeased = ledger.lease.fence.nanoseconds > 0
        let isRefused = now - brokers[index].openedAt > WorldShape.brokerLease.nanoseconds
        if ledger.lease.isOver(at: time) && (isLeased || isRefused) {
            // Nothing renews it, or never has: a tail may have taken the session itself. A new one, with nothing of it.
            brokers[index].starts += 1
            brokers[index].ledger = nil
            return
        }
        tellBroker(index, .turned(wall: brokers[index].clock.wall(now)))
        if brokers[index].ticks % 7 == 0 { sayReturns(index) }
    }

    private func sayReturns(_ index: Int) {
        guard let ledger = brokers[index].ledger else { return }
        for row in 0..<WorldShape.accountCount {
            let account = AccountIndex(UInt32(row))
            let known = ledger.presentation(account)
            if known.returned > .zero { sayToRoot(index, .giveBack(ledger.session, account, known.returned)) }
        }
    }

    func tellBroker(_ index: Int, _ event: BrokerEvent) {
        guard brokers[index].ledger != nil else { return }
        events += 1
        var effects: [BrokerEffect] = []
        let time = brokers[index].clock.now(now)
        brokers[index].ledger?.handle(event, at: time, &effects)
        guard let session = brokers[index].ledger?.session else { return }
        let me = firstBroker + index
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
        let session = brokers[index].ledger?.session
        switch envelope.message {
        // From the root.
        case .opened(let start, let opened):
            guard brokers[index].ledger == nil, start == brokers[index].start else { return }
            let limits = BrokerLimits(
                window: WorldShape.window, reserve: Micros(shape.highest * 4), idle: .seconds(8))
            brokers[index].ledger = BrokerLedger(
                session: opened, accounts: bookAccounts,
                chain: RenewalChain(nonce: 0, firstID: opened.rawValue << 20 | 1), limits: limits,
                rules: rules)
            brokers[index].openedAt = now
            let former = brokers[index].epochs.last
            brokers[index].epochs.append(.init(session: opened))
            if has(.standbyInheritsFree), let former {
                for row in former.granted.indices {
                    let upTo = former.granted[row] - former.returned[row]
                    tellBroker(index, .granted(AccountIndex(UInt32(row)), upTo: upTo, isLast: false))
                }
            }
            tellBroker(index, .turned(wall: brokers[index].clock.wall(now)))
        case .leased(let of, let id, let length, let next):
            guard of == session else { return }
            tellBroker(index, .renewed(request: id, for: length, next: next))
            checkBrokerFence(index)
        case .granted(let of, let account, let upTo, let isLast):
            guard of == session else { return }
            if let epoch = brokers[index].epochs.lastIndex(where: { $0.session == of }) {
                brokers[index].epochs[epoch].granted[account.row] = max(
                    brokers[index].epochs[epoch].granted[account.row], upTo)
            }
            checkDelivered(of, account, upTo)
            tellBroker(index, .granted(account, upTo: upTo, isLast: isLast))
        case .registered(let key):
            guard key.root == session else { return }
            if let epoch = brokers[index].epochs.lastIndex(where: { $0.session == session }),
                !brokers[index].epochs[epoch].leaves.contains(key)
            {
                brokers[index].epochs[epoch].leaves.append(key)
            }
            tellBroker(index, .registered(key.node))
        case .presentDue(let timeline): present(index, timeline, to: from)
        case .hasBlock(let key, _, _), .hasClosing(let key, _, _), .forwardClaim(let key, _):
            send(
                envelope.message, from: firstBroker + index, to: firstNode + Node.index(of: key.node))
        case .hasClaim:
            // To whoever claimed it, which the key does not say: all nodes of the region are told.
            for node in nodes.indices where nodes[node].region == index / shape.brokersPerRegion {
                send(envelope.message, from: firstBroker + index, to: firstNode + node)
            }
        // From nodes.
        case .nodeOpen(let node): tellBroker(index, .nodeOpened(node, HolderNumber(UInt8(index))))
        case .nodeRenew(let node, let request):
            tellBroker(index, .nodeRenewed(node, request, next: random.next() | 1))
        case .nodeRequest(let node, let account, let upTo):
            tellBroker(index, .nodeRequested(node, account, upTo: upTo))
        case .nodeReturn(let node, let account, let sum):
            tellBroker(index, .nodeReturned(node, account, sum))
        case .block(let key, let block):
            tellBroker(index, .settled(key, block))
            sayToRoot(index, envelope.message)
        case .closing(let key, let closing):
            tellBroker(index, .closed(key, closing))
            sayToRoot(index, envelope.message)
        case .claim(let key, let claim):
            tellBroker(index, .claimed(key, claim))
            sayToRoot(index, envelope.message)
        default: break
        }
    }

    /// Tells an audit of all sessions that there ever were, those that are over too.
    private func present(_ index: Int, _ timeline: UInt32, to coordinator: Int) {
        brokers[index].audit = max(brokers[index].audit, timeline)
        let me = firstBroker + index
        presentations.append(brokers[index].epochs)
        send(.presented(timeline: timeline, presentations.count - 1), from: me, to: coordinator)
    }
}
