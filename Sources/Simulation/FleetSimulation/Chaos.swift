// What goes wrong in a simulated fleet: faults of the machines, the database and the operators, by the ranges of its scenario; and
// how everything is healed.
import Fleet
import Ledger
import Units

extension World {
    /// Now and then it takes longer than anybody waits for.
    func restartDelay() -> Int64 {
        let delay = Int64(random.next(in: ranges.restartMilliseconds)) * 1_000_000
        return chance(1, of: ranges.longRestarts) ? delay * ranges.longRestartTimes : delay
    }
    private func cutTime() -> Int64 { now + Int64(random.next(in: ranges.cutMilliseconds)) * 1_000_000 }
    private func stopTime() -> Int64 { now + Int64(random.next(in: ranges.stopMilliseconds)) * 1_000_000 }
    private func pauseTime() -> Int64 { now + Int64(random.next(in: ranges.pauseMilliseconds)) * 1_000_000 }

    /// The next fault of the seed: when it comes, what it is and whom it hits follows from its number alone.
    func injectFault() {
        guard !isHealing else { return }
        schedule(.fault, 0, after: Int64(random.next(in: ranges.faultMilliseconds)) * 1_000_000)
        guard now < end - Int64(ranges.quietMilliseconds) * 1_000_000 else { return }
        let number = faultNumber
        faultNumber += 1
        if isCanary, now > end / 2 { return plantCanary(number) }
        let whole = ranges.weights.reduce(0, +)
        guard whole > 0 else { return }
        var draw = random.next(below: whole)
        if let only, !only.contains(number) { return }
        for fault in Fault.allCases {
            let weight = ranges.weights[Int(fault.rawValue)]
            guard draw >= weight else {
                guard !ranges.without.contains(fault), let target = inject(fault) else { return }
                coverage.note(fault)
                return tell(number, fault.name, target)
            }
            draw -= weight
        }
    }

    private func tell(_ number: Int, _ name: String, _ target: String) {
        injected.append(
            InjectedFault(number: number, milliseconds: now / 1_000_000, name: name, target: target))
        note("FAULT \(number) \(name) \(target)")
    }

    private func someNode() -> Int { Int(random.next(below: UInt64(nodes.count))) }
    private func someBroker() -> Int { Int(random.next(below: UInt64(brokers.count))) }
    private func someCoordinator() -> Int { Int(random.next(below: UInt64(coordinators.count))) }
    private func until(_ time: Int64) -> String { "until \(time / 1_000_000) ms" }

    /// Does it, and says whom it hits; nil where there is nobody to be hit.
    private func inject(_ fault: Fault) -> String? {
        switch fault {
        case .nodeCrash, .nodeDestroyed, .nodePause, .clockSuspended, .clockJump, .diskSlow, .diskFull,
            .syncFailed, .journalShipped, .journalRestored, .nodeClone, .nodeStop, .noticesUnreached:
            let index = someNode()
            guard nodes[index].isUp, let how = harmNode(index, fault) else { return nil }
            return "node \(index) \(how)"
        case .brokerCrash, .brokerPause, .brokerRemoved, .brokerRestored, .clone, .brokerClockJump,
            .brokerSuspended, .brokerStop:
            let index = someBroker()
            guard brokers[index].role == .serving, brokers[index].isUp, let how = harmBroker(index, fault)
            else {
                return nil
            }
            return "broker \(index) \(how)"
        case .coordinatorCrash, .coordinatorPause, .coordinatorClockJump, .coordinatorSuspended:
            let index = someCoordinator()
            guard coordinators[index].isUp else { return nil }
            return "coordinator \(index) \(harmCoordinator(index, fault))"
        case .linkCut, .linkCutOneWay, .linkClogged: return harmLink(fault)
        case .primaryCrash, .tailLost, .zombiePrimary, .replicationStalled, .etcdAway:
            return harmDatabase(fault)
        case .budgetCut, .budgetRaised, .pause, .refund, .flightEnd: return operate(fault)
        case .forgery: return forge()
        case .drain:
            let region = Int(random.next(below: UInt64(regions.count)))
            drain(region)
            return "region \(region)"
        case .messageLost, .messageDoubled, .messageLate, .tailTorn, .clockDrift, .billLate, .billTwice,
            .billNever, .billAboveReserved, .orphan:
            return nil
        }
    }

    private func harmNode(_ index: Int, _ fault: Fault) -> String? {
        switch fault {
        case .nodeCrash:
            let delay = restartDelay()
            crashNode(index)
            schedule(.start, firstNode + index, after: delay)
            return until(now + delay)
        case .nodeDestroyed:
            let delay = restartDelay()
            destroyNode(index)
            schedule(.start, firstNode + index, after: delay)
            return until(now + delay)
        case .noticesUnreached:
            let time = cutTime()
            cutNotices(index, until: time)
            return "hears no notices \(until(time))"
        case .nodePause:
            nodes[index].pausedUntil = max(nodes[index].pausedUntil, pauseTime())
            return until(nodes[index].pausedUntil)
        case .clockSuspended:
            let wakes = max(nodes[index].pausedUntil, pauseTime())
            nodes[index].sleep(until: wakes, at: now)
            return until(wakes)
        case .clockJump:
            // A jump that takes back to the tenth of a second what the machine slept nobody could see.
            guard nodes[index].asleepUntil <= now else { return nil }
            return jump(&nodes[index].clock)
        case .nodeClone:
            // A machine that was restored from another one's memory of an earlier moment.
            guard let lane = nodes[index].lanes.last(where: { $0.state == .live }) else { return nil }
            let time = nodes[index].clock.now(now)
            send(
                .nodeRenew(lane.session, .init(id: random.next() | 1 << 63, nonce: 2, sentAt: time)),
                from: firstNode + index, to: firstBroker + lane.broker)
            return "goes on twice"
        case .nodeStop:
            guard nodes[index].leavesAt == 0 else { return nil }
            nodes[index].leavesAt = stopTime()
            for lane in nodes[index].lanes.indices { endLane(index, lane) }
            return until(nodes[index].leavesAt)
        case .diskSlow:
            nodes[index].slowUntil = pauseTime()
            return until(nodes[index].slowUntil)
        case .diskFull:
            nodes[index].isFull.toggle()
            return nodes[index].isFull ? "has no room" : "has room again"
        case .syncFailed:
            let shard = Int(random.next(below: UInt64(nodes[index].disks.count)))
            nodes[index].disks[shard].isFailed = true
            return "shard \(shard)"
        case .journalRestored:
            guard restoreJournals(index) else { return nil }
            let delay = restartDelay()
            schedule(.start, firstNode + index, after: delay)
            return "has an older copy of its journals, \(until(now + delay))"
        default:
            // Somebody reads a copy of its journals while it goes on.
            shipJournals(index)
            return "as it is"
        }
    }

    private func harmBroker(_ index: Int, _ fault: Fault) -> String? {
        switch fault {
        case .brokerCrash:
            let delay = restartDelay()
            crashBroker(index)
            schedule(.start, firstBroker + index, after: delay)
            return until(now + delay)
        case .brokerPause:
            brokers[index].pausedUntil = max(brokers[index].pausedUntil, pauseTime())
            return until(brokers[index].pausedUntil)
        case .brokerRemoved: return removeBroker(index) ? "leaves the fleet" : nil
        case .brokerRestored:
            guard restoreBroker(index) else { return nil }
            let delay = restartDelay()
            schedule(.start, firstBroker + index, after: delay)
            return "has an older copy of its journal, \(until(now + delay))"
        case .brokerSuspended:
            let wakes = max(brokers[index].pausedUntil, pauseTime())
            brokers[index].sleep(until: wakes, at: now)
            return until(wakes)
        case .brokerClockJump: return jump(&brokers[index].clock)
        case .brokerStop:
            guard brokers[index].leavesAt == 0 else { return nil }
            stopBroker(index, at: stopTime())
            return until(brokers[index].leavesAt)
        default:
            guard let session = brokers[index].ledger?.session else { return nil }
            let time = brokers[index].clock.now(now)
            sayToRoot(index, .renew(session, .init(id: random.next() | 1 << 63, nonce: 2, sentAt: time)))
            return "goes on twice"
        }
    }

    private func harmCoordinator(_ index: Int, _ fault: Fault) -> String {
        switch fault {
        case .coordinatorCrash:
            let delay = restartDelay()
            crashCoordinator(index)
            schedule(.start, index, after: delay)
            return until(now + delay)
        case .coordinatorSuspended:
            let wakes = max(coordinators[index].pausedUntil, pauseTime())
            coordinators[index].sleep(until: wakes, at: now)
            return until(wakes)
        case .coordinatorClockJump: return jump(&coordinators[index].clock)
        default:
            coordinators[index].pausedUntil = max(coordinators[index].pausedUntil, pauseTime())
            return until(coordinators[index].pausedUntil)
        }
    }

    /// Somebody sets the clock on its wall.
    private func jump(_ clock: inout MachineClock) -> String {
        let jump = Int64(random.next(in: ranges.jumpMilliseconds))
        clock.wallSet += jump * 1_000_000
        return "by \(jump) ms"
    }

    private func harmLink(_ fault: Fault) -> String {
        let one = Int(random.next(below: UInt64(etcd + 1)))
        let other = Int(random.next(below: UInt64(etcd + 1)))
        let time = cutTime()
        switch fault {
        case .linkCut:
            // One machine from all others, or from one.
            guard !chance(1, of: ranges.pairCuts) else {
                network.cut(one, other, until: time)
                network.cut(other, one, until: time)
                return "\(name(one)) from \(name(other)) \(until(time))"
            }
            for actor in 0...etcd {
                network.cut(one, actor, until: time)
                network.cut(actor, one, until: time)
            }
        case .linkCutOneWay: for actor in 0...etcd { network.cut(one, actor, until: time) }
        default: for actor in 0...etcd { network.clog(one, actor, until: time) }
        }
        return "\(name(one)) \(until(time))"
    }

    private func name(_ actor: Int) -> String {
        if actor < firstBroker { return "coordinator \(actor)" }
        if actor < firstNode { return "broker \(actor - firstBroker)" }
        if actor < firstServer { return "node \(actor - firstNode)" }
        return actor < etcd ? "server \(actor - firstServer)" : "etcd"
    }

    // MARK: The database

    private func harmDatabase(_ fault: Fault) -> String? {
        let away = Int64(random.next(in: ranges.awayMilliseconds)) * 1_000_000
        switch fault {
        case .primaryCrash, .tailLost, .zombiePrimary:
            guard !database.isDown else { return nil }
            if fault == .zombiePrimary { database.zombie = (database.server, database.primary) }
            database.isDown = true
            // The next one is known when the old lease in etcd has ended.
            let next = max(now + away, database.etcdAwayUntil + 1)
            queue.put(
                Event(kind: .start, actor: UInt16(etcd), generation: 0, value: fault == .tailLost ? 1 : 0),
                at: next)
            return "server \(database.server) \(until(next))"
        case .replicationStalled: database.stalledUntil = now + away
        default: database.etcdAwayUntil = now + away
        }
        return until(now + away)
    }

    // MARK: Operators

    private func operate(_ fault: Fault) -> String? {
        let row = Int(random.next(below: UInt64(WorldShape.accountCount)))
        let share = Int64(random.next(in: ranges.cutHundredths))
        let account = AccountIndex(UInt32(row))
        guard
            let leader = coordinators.indices.first(where: {
                coordinators[$0].isLeader && coordinators[$0].isUp
            })
        else { return nil }
        func say(_ event: BookEvent) { coordinators[leader].waiting.append(.book(event, replyTo: -1)) }
        let currency = bookAccounts[row].currency
        switch fault {
        case .budgetCut, .budgetRaised:
            let percent = fault == .budgetCut ? 100 - share : 100 + share * 3 / 5 + 1
            budgets[row] = Micros(budgets[row].rawValue * percent / 100)
            truth.raise(account, to: budgets[row])
            say(.budgetChanged(account, to: budgets[row], in: currency))
            return "account \(row) to \(budgets[row].rawValue)"
        case .pause:
            let isPaused = !database.primary.book.accounts[row].isPaused
            say(.paused(account, isPaused))
            return "account \(row) \(isPaused ? "stops" : "goes on")"
        case .flightEnd:
            // Not the lifetime of all windows: too little would happen behind it.
            guard row != 1 else { return nil }
            say(.flightEnded(account))
            return "of account \(row)"
        default:
            let known = database.primary.book.accounts[row]
            let amount = Micros(min(share, ranges.refundMost))
            guard row != 1, known.settled > amount else { return nil }
            say(.refunded(account, number: known.refunds + 1, amount, in: currency))
            return "\(amount.rawValue) of account \(row)"
        }
    }

    /// What no ledger can know: somebody spends beside it. The alarm must ring.
    private func plantCanary(_ number: Int) {
        if let only, !only.contains(number) { return }
        tell(number, "canary", "spends beside the ledger")
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
        for index in brokers.indices { brokers[index].leavesAt = 0 }
        for index in nodes.indices {
            nodes[index].leavesAt = 0
            nodes[index].isFull = false
            nodes[index].slowUntil = 0
            nodes[index].unreachedUntil = 0
            for shard in nodes[index].disks.indices { nodes[index].disks[shard].isFailed = false }
            if !nodes[index].isUp {
                nodes[index].generation += 1
                startNode(index)
            }
        }
        for region in regions.indices where isDrained[region] { drain(region) }
        for index in brokers.indices where !brokers[index].isUp && brokers[index].role == .serving {
            startBroker(index)
        }
        for index in coordinators.indices {
            if !coordinators[index].isUp { startCoordinator(index) }
        }
    }
}
