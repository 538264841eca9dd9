// What goes wrong in a simulated fleet: faults of the machines, the database and the operators, by the ranges of its scenario; and
// how everything is healed.
import Fleet
import Ledger
import Units

extension World {
    func restartDelay() -> Int64 { Int64(random.next(in: ranges.restartMilliseconds)) * 1_000_000 }
    private func cutTime() -> Int64 { now + Int64(random.next(in: ranges.cutMilliseconds)) * 1_000_000 }
    private func pauseTime() -> Int64 { now + Int64(random.next(in: ranges.pauseMilliseconds)) * 1_000_000 }

    func injectFault() {
        guard !isHealing else { return }
        schedule(.fault, 0, after: Int64(random.next(in: ranges.faultMilliseconds)) * 1_000_000)
        guard now < end - Int64(ranges.quietMilliseconds) * 1_000_000 else { return }
        if isCanary, now > end / 2 { return plantCanary() }
        let whole = ranges.weights.reduce(0, +)
        guard whole > 0 else { return }
        var draw = random.next(below: whole)
        for fault in Fault.allCases {
            let weight = ranges.weights[Int(fault.rawValue)]
            if draw < weight { return inject(fault) }
            draw -= weight
        }
    }

    private func someNode() -> Int { Int(random.next(below: UInt64(nodes.count))) }
    private func someBroker() -> Int { Int(random.next(below: UInt64(brokers.count))) }
    private func someCoordinator() -> Int { Int(random.next(below: UInt64(coordinators.count))) }

    private func inject(_ fault: Fault) {
        note("FAULT \(fault)")
        switch fault {
        case .linkCut, .linkCutOneWay, .linkClogged: harmLink(fault)
        case .nodeCrash:
            let index = someNode()
            guard nodes[index].isUp else { return }
            crashNode(index)
            schedule(.start, firstNode + index, after: restartDelay())
        case .nodeDestroyed:
            let index = someNode()
            guard nodes[index].isUp else { return }
            lostMachines += 1
            destroyNode(index)
            schedule(.start, firstNode + index, after: restartDelay())
        case .nodePause:
            let index = someNode()
            guard nodes[index].isUp else { return }
            nodes[index].pausedUntil = max(nodes[index].pausedUntil, pauseTime())
        case .clockSuspended:
            // The machine sleeps, and its counting clock with it.
            let index = someNode()
            guard nodes[index].isUp else { return }
            let until = max(nodes[index].pausedUntil, pauseTime())
            nodes[index].clock.missed += until - max(nodes[index].asleepUntil, now)
            nodes[index].pausedUntil = until
            nodes[index].asleepUntil = until
        case .clockJump:
            let index = someNode()
            nodes[index].clock.wallSet += Int64(random.next(in: -60_000...60_000)) * 1_000_000
        case .brokerCrash:
            let index = someBroker()
            guard brokers[index].isUp else { return }
            crashBroker(index)
            schedule(.start, firstBroker + index, after: restartDelay())
        case .brokerPause:
            let index = someBroker()
            brokers[index].pausedUntil = max(brokers[index].pausedUntil, pauseTime())
        case .coordinatorCrash:
            let index = someCoordinator()
            guard coordinators[index].isUp else { return }
            crashCoordinator(index)
            schedule(.start, index, after: restartDelay())
        case .coordinatorPause:
            let index = someCoordinator()
            coordinators[index].pausedUntil = max(coordinators[index].pausedUntil, pauseTime())
        case .diskSlow: nodes[someNode()].disk.slowUntil = pauseTime()
        case .diskFull:
            let index = someNode()
            nodes[index].disk.isFull.toggle()
        case .syncFailed:
            nodes[someNode()].disk.isFailed = true
            return
        case .primaryCrash, .tailLost, .zombiePrimary, .replicationStalled, .etcdAway: harmDatabase(fault)
        case .budgetCut, .budgetRaised, .pause, .refund: operate(fault)
        case .forgery: forge()
        case .clone:
            // A machine that was restored from another one's memory of an earlier moment.
            let index = someBroker()
            guard let session = brokers[index].ledger?.session else { return }
            sayToRoot(
                index,
                .renew(
                    session,
                    .init(id: random.next() | 1 << 63, nonce: 2, sentAt: brokers[index].clock.now(now))))
        case .drain: drain(Int(random.next(below: UInt64(regions.count))))
        default: return
        }
        coverage.note(fault)
    }

    private func harmLink(_ fault: Fault) {
        let (one, other) = (
            Int(random.next(below: UInt64(etcd + 1))), Int(random.next(below: UInt64(etcd + 1)))
        )
        let until = cutTime()
        switch fault {
        case .linkCut:
            // One machine from all others, or from one.
            if chance(1, of: 2) {
                for actor in 0...etcd {
                    network.cut(one, actor, until: until)
                    network.cut(actor, one, until: until)
                }
            } else {
                network.cut(one, other, until: until)
                network.cut(other, one, until: until)
            }
        case .linkCutOneWay: for actor in 0...etcd { network.cut(one, actor, until: until) }
        default: for actor in 0...etcd { network.clog(one, actor, until: until) }
        }
    }

    // MARK: The database

    private func harmDatabase(_ fault: Fault) {
        let away = Int64(random.next(in: 500...9_000)) * 1_000_000
        switch fault {
        case .primaryCrash, .tailLost:
            guard !database.isDown else { return }
            database.isDown = true
            // The next one is known when the old lease in etcd has ended.
            queue.put(
                Event(
                    kind: .start, actor: UInt16(etcd), generation: 0, value: fault == .tailLost ? 1 : 0),
                at: max(now + away, database.etcdAwayUntil + 1))
        case .zombiePrimary:
            guard !database.isDown else { return }
            database.zombie = (database.server, database.primary)
            database.isDown = true
            queue.put(
                Event(kind: .start, actor: UInt16(etcd), generation: 0, value: 0),
                at: max(now + away, database.etcdAwayUntil + 1))
        case .replicationStalled: database.stalledUntil = now + away
        default: database.etcdAwayUntil = now + away
        }
    }

    /// Somebody says what no machine of ours says. All of it is refused, and changes nothing.
    private func forge() {
        let leader = coordinators.indices.first { coordinators[$0].isLeader && coordinators[$0].isUp }
        guard let leader, let leaf = database.primary.book.leaves.last else { return }
        func say(_ event: BookEvent) { coordinators[leader].waiting.append(.book(event, replyTo: -1)) }
        let session = leaf.key.root
        say(.requested(session, AccountIndex(0), upTo: Micros(-1)))
        say(.requested(session, AccountIndex(99), upTo: Micros(1)))
        say(.returned(session, AccountIndex(0), .max))
        let none = SettlementBlock(account: AccountIndex(0), shard: 0, number: 0, mask: 0, paid: .max)
        say(.settled(leaf.key, none))
        say(
            .settled(
                leaf.key, SettlementBlock(account: AccountIndex(0), shard: 9, number: 0, mask: 1, paid: .max))
        )
        for child in database.primary.book.children where child.isFenced {
            guard let closed = database.primary.book.leaves.last(where: { $0.key.root == child.session })
            else {
                continue
            }
            say(.closed(closed.key, Closing(account: AccountIndex(0), drawn: .zero, freed: .max)))
        }
        say(.refunded(AccountIndex(0), number: 9_999, Micros(1)))
        // A token that nobody signed.
        for index in nodes.indices where nodes[index].isUp {
            guard let lane = nodes[index].lanes.last else { continue }
            let key = ReservationKey(session: lane.session, shard: 0, sequence: 1 << 40)
            if lane.desk.holder.settle(key, Micros(1)) == .unknown { coverage.note(.unknown) }
        }
    }

    // MARK: Operators

    private func operate(_ fault: Fault) {
        let row = [0, 1, 2, 3, 4, 5][Int(random.next(below: 6))]
        let account = AccountIndex(UInt32(row))
        guard
            let leader = coordinators.indices.first(where: {
                coordinators[$0].isLeader && coordinators[$0].isUp
            })
        else { return }
        func say(_ event: BookEvent) { coordinators[leader].waiting.append(.book(event, replyTo: -1)) }
        switch fault {
        case .budgetCut:
            let budget = Micros(budgets[row].rawValue * Int64(random.next(in: 50...99)) / 100)
            budgets[row] = budget
            say(.budgetChanged(account, to: budget))
        case .budgetRaised:
            let budget = Micros(budgets[row].rawValue * Int64(random.next(in: 101...130)) / 100)
            budgets[row] = budget
            truth.raise(account, to: budget)
            say(.budgetChanged(account, to: budget))
        case .pause: say(.paused(account, !database.primary.book.accounts[row].isPaused))
        default:
            let known = database.primary.book.accounts[row]
            guard row != 1, known.settled > Micros(10) else { return }
            say(.refunded(account, number: known.refunds + 1, Micros(Int64(random.next(in: 1...10)))))
        }
    }

    /// What no ledger can know: somebody spends beside it. The alarm must ring.
    private func plantCanary() {
        for row in truth.ceilings.indices where row != 1 {
            truth.promise(AccountIndex(UInt32(row)), LedgerSession(0), truth.ceilings[row])
            checkPromised(AccountIndex(UInt32(row)))
        }
    }

    /// An operator takes a region out, or gives it back.
    private func drain(_ region: Int) {
        isDrained[region].toggle()
        let spare = regions.indices.reduce(0) { $0 + ($1 == region ? 0 : regions[$1].share) }
        let time = Instant(nanoseconds: 1_700_000_000_000_000_000 + now)
        tellRegion(region, .drainAsked(isDrained[region]), time, spare)
    }

    // MARK: Healing

    /// Nobody can be woken before its time: pauses end by themselves.
    func heal() {
        note("HEALING")
        isHealing = true
        network.heal()
        database.etcdAwayUntil = 0
        database.stalledUntil = 0
        database.zombie = nil
        if database.isDown { promote(losingTail: false) }
        for index in nodes.indices {
            nodes[index].disk.isFull = false
            nodes[index].disk.isFailed = false
            nodes[index].disk.slowUntil = 0
            if !nodes[index].isUp {
                nodes[index].generation += 1
                startNode(index)
            }
        }
        for region in regions.indices where isDrained[region] { drain(region) }
        for index in brokers.indices {
            if !brokers[index].isUp { startBroker(index) }
        }
        for index in coordinators.indices {
            if !coordinators[index].isUp { startCoordinator(index) }
        }
    }
}
