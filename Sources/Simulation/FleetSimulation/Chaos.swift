// What goes wrong in a simulated fleet: faults of the machines, the database and the operators, by the ranges of its scenario; and
// how everything is healed.
import Fleet
import Ledger
import Units

extension World {
    /// Now and then it takes longer than anybody waits for.
    func restartDelay() -> Int64 {
        let delay = Int64(random.next(in: ranges.restartMilliseconds)) * 1_000_000
        return chance(1, of: 8) ? delay * 6 : delay
    }
    private func cutTime() -> Int64 { now + Int64(random.next(in: ranges.cutMilliseconds)) * 1_000_000 }
    private func pauseTime() -> Int64 { now + Int64(random.next(in: ranges.pauseMilliseconds)) * 1_000_000 }

    /// The next fault of the seed: when it comes, what it is and whom it hits follows from its number alone.
    func injectFault() {
        guard !isHealing else { return }
        schedule(.fault, 0, after: Int64(random.next(in: ranges.faultMilliseconds)) * 1_000_000)
        guard now < end - Int64(ranges.quietMilliseconds) * 1_000_000 else { return }
        let number = faultNumber
        faultNumber += 1
        if isCanary, now > end / 2 { return plantCanary() }
        let whole = ranges.weights.reduce(0, +)
        guard whole > 0 else { return }
        var draw = random.next(below: whole)
        if let only, !only.contains(number) { return }
        for fault in Fault.allCases {
            let weight = ranges.weights[Int(fault.rawValue)]
            guard draw >= weight else {
                guard !ranges.without.contains(fault), let target = inject(fault) else { return }
                coverage.note(fault)
                injected.append(
                    InjectedFault(number: number, milliseconds: now / 1_000_000, fault: fault, target: target)
                )
                return note("FAULT \(number) \(fault.name) \(target)")
            }
            draw -= weight
        }
    }

    private func someNode() -> Int { Int(random.next(below: UInt64(nodes.count))) }
    private func someBroker() -> Int { Int(random.next(below: UInt64(brokers.count))) }
    private func someCoordinator() -> Int { Int(random.next(below: UInt64(coordinators.count))) }
    private func until(_ time: Int64) -> String { "until \(time / 1_000_000) ms" }

    /// Does it, and says whom it hits; nil where there is nobody to be hit.
    private func inject(_ fault: Fault) -> String? {
        switch fault {
        case .nodeCrash, .nodeDestroyed, .nodePause, .clockSuspended, .clockJump, .diskSlow, .diskFull,
            .syncFailed, .journalShipped, .journalRestored:
            let index = someNode()
            guard nodes[index].isUp, let how = harmNode(index, fault) else { return nil }
            return "node \(index) \(how)"
        case .brokerCrash, .brokerPause, .brokerRemoved, .brokerRestored, .clone:
            let index = someBroker()
            guard brokers[index].role == .serving, brokers[index].isUp, let how = harmBroker(index, fault)
            else {
                return nil
            }
            return "broker \(index) \(how)"
        case .coordinatorCrash:
            let index = someCoordinator()
            guard coordinators[index].isUp else { return nil }
            crashCoordinator(index)
            schedule(.start, index, after: restartDelay())
            return "coordinator \(index)"
        case .coordinatorPause:
            let index = someCoordinator()
            coordinators[index].pausedUntil = max(coordinators[index].pausedUntil, pauseTime())
            return "coordinator \(index) \(until(coordinators[index].pausedUntil))"
        case .linkCut, .linkCutOneWay, .linkClogged: return harmLink(fault)
        case .primaryCrash, .tailLost, .zombiePrimary, .replicationStalled, .etcdAway:
            return harmDatabase(fault)
        case .budgetCut, .budgetRaised, .pause, .refund, .flightEnd: return operate(fault)
        case .forgery: return forge()
        case .drain:
            let region = Int(random.next(below: UInt64(regions.count)))
            drain(region)
            return "region \(region)"
        case .messageLost, .messageDoubled, .messageLate, .tailTorn, .clockDrift, .commitUnknown, .billLate,
            .billTwice, .billNever, .billAboveReserved, .orphan:
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
        case .nodePause:
            nodes[index].pausedUntil = max(nodes[index].pausedUntil, pauseTime())
            return until(nodes[index].pausedUntil)
        case .clockSuspended:
            // The machine sleeps, and its counting clock with it.
            let wakes = max(nodes[index].pausedUntil, pauseTime())
            nodes[index].clock.missed += wakes - max(nodes[index].asleepUntil, now)
            nodes[index].pausedUntil = wakes
            nodes[index].asleepUntil = wakes
            return until(wakes)
        case .clockJump:
            let jump = Int64(random.next(in: -60_000...60_000))
            nodes[index].clock.wallSet += jump * 1_000_000
            return "by \(jump) ms"
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
        default:
            // A machine that was restored from another one's memory of an earlier moment.
            guard let session = brokers[index].ledger?.session else { return nil }
            let time = brokers[index].clock.now(now)
            sayToRoot(index, .renew(session, .init(id: random.next() | 1 << 63, nonce: 2, sentAt: time)))
            return "goes on twice"
        }
    }

    private func harmLink(_ fault: Fault) -> String {
        let one = Int(random.next(below: UInt64(etcd + 1)))
        let other = Int(random.next(below: UInt64(etcd + 1)))
        let time = cutTime()
        switch fault {
        case .linkCut:
            // One machine from all others, or from one.
            guard chance(1, of: 2) else {
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
        let away = Int64(random.next(in: 500...9_000)) * 1_000_000
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

    /// Somebody says what no machine of ours says. All of it is refused, and changes nothing.
    private func forge() -> String? {
        let leader = coordinators.indices.first { coordinators[$0].isLeader && coordinators[$0].isUp }
        guard let leader, let leaf = database.primary.book.leaves.last else { return nil }
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
        say(.refunded(AccountIndex(0), number: 9_999, Micros(1), in: .usd))
        say(.carriedOver(AccountIndex(0), to: AccountIndex(2)))
        // An operator's word in another currency.
        say(.budgetChanged(AccountIndex(0), to: .max, in: bookAccounts[5].currency))
        // A token that nobody signed.
        for index in nodes.indices where nodes[index].isUp {
            guard let lane = nodes[index].lanes.last else { continue }
            let key = ReservationKey(session: lane.session, shard: 0, sequence: 1 << 40)
            if lane.desks[0].holder.settle(key, Micros(1)) == .unknown { coverage.note(.unknown) }
        }
        return "in the name of session \(session.rawValue)"
    }

    // MARK: Operators

    private func operate(_ fault: Fault) -> String? {
        let row = Int(random.next(below: UInt64(WorldShape.accountCount)))
        let share = Int64(random.next(in: 1...50))
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
            guard row != 1, known.settled > Micros(10) else { return nil }
            say(.refunded(account, number: known.refunds + 1, Micros(min(share, 10)), in: currency))
            return "\(min(share, 10)) of account \(row)"
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
            nodes[index].isFull = false
            nodes[index].slowUntil = 0
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
