// A simulated root process: one stream of batches, one in flight; it leads while its lease on the leadership row lasts.
import Ledger
import Units

struct Coordinator: Sleeper {
    var generation: UInt32 = 0
    var isUp = true
    var pausedUntil: Int64 = 0
    /// Its counting clock stands still until then; what it misses is in the clock already.
    var asleepUntil: Int64 = 0
    var clock: MachineClock
    /// By its own clock.
    var leadership = Leadership(length: WorldShape.leadership, renewal: .milliseconds(1_500))
    var leases: LeaseCount
    var waiting: [Command] = []
    var inFlight: Int?
    /// Of a mutant that does not wait for the first.
    var second: Int?
    var sentAt: Int64 = 0
    var isCommitted = false
    var number: UInt64 = 0
    /// The server that it takes for the primary.
    var server = 0
    var timeline: UInt32 = 1
    var fenced: [(session: LedgerSession, at: Instant)] = []
    var isVerifying = false
    var lastOperation = 0

    /// What one batch may hold; more waits for the next.
    static let batchMost = 256
    static let waitingMost = 4096

    var isLeader: Bool { leadership.isLeader }

    init(rules: LedgerRules, clock: MachineClock) {
        self.clock = clock
        leases = LeaseCount(rules: rules)
    }
}

extension World {
    func startCoordinator(_ index: Int) {
        let old = coordinators[index]
        coordinators[index] = Coordinator(rules: rules, clock: old.clock)
        coordinators[index].generation = old.generation
        // A start goes on behind every number that it may have used.
        coordinators[index].number = old.number
        startTicking(index, within: 200)
    }

    func crashCoordinator(_ index: Int) {
        coordinators[index].isUp = false
        coordinators[index].clock.missed -= max(coordinators[index].asleepUntil - now, 0)
        coordinators[index].asleepUntil = 0
        coordinators[index].generation += 1
        note("coordinator \(index) ends")
    }

    private func leads(_ index: Int) -> Bool {
        coordinators[index].leadership.leads(at: coordinators[index].clock.now(now))
    }

    func tickCoordinator(_ index: Int) {
        guard coordinators[index].isUp else { return }
        schedule(.tick, index, after: Int64(random.next(in: 180...240)) * 1_000_000)
        let time = coordinators[index].clock.now(now)
        if let id = coordinators[index].inFlight {
            if now - coordinators[index].sentAt > 2_000_000_000 { sendAgain(index, id) }
        } else if coordinators[index].isLeader {
            lead(index, time)
        } else {
            watch(index, time)
        }
        if leads(index) || coordinators[index].isLeader && has(.lapsedLeaderCountsOn) {
            countLeases(index, time)
        }
        flush(index)
    }

    /// What a read of the leadership row says, where the server answers.
    private func row(_ index: Int) -> RootState? {
        let server = coordinators[index].server
        guard !network.isCut(index, firstServer + server, at: now),
            !network.isCut(firstServer + server, index, at: now)
        else { return nil }
        if server == database.server { return database.isDown ? nil : database.primary }
        if let zombie = database.zombie, zombie.server == server { return zombie.state }
        return nil
    }

    private func watch(_ index: Int, _ time: Instant) {
        guard let row = row(index) else {
            coordinators[index].server = (coordinators[index].server + 1) % 3
            return
        }
        guard let former = coordinators[index].leadership.saw(row.leadership, at: time) else { return }
        coordinators[index].waiting = [
            .takeover(coordinator: index, from: former)
        ]
    }

    private func lead(_ index: Int, _ time: Instant) {
        watchRegions(index, time)
        forwardClaims(index)
        guard let row = row(index) else {
            coordinators[index].server = (coordinators[index].server + 1) % 3
            return
        }
        if row.timeline != row.verified, database.etcdAwayUntil <= now,
            database.timelineKey == row.timeline
        {
            coordinators[index].waiting.insert(
                .verify(timeline: row.timeline, numbers: database.numbersAtChange), at: 0
            )
        }
        let missing = row.book.missing
        for broker in brokers.indices where missing >> UInt64(broker) & 1 == 1 && chance(1, of: 4) {
            send(.presentDue(timeline: row.timeline), from: index, to: firstBroker + broker)
        }
        if row.timeline == row.verified { dismissBrokers(row.book) }
        carryOver(index, row.book, time)
        if coordinators[index].leadership.isRenewalDue(at: time) {
            coordinators[index].waiting.append(.leadership)
        }
    }

    /// What a window did not grant goes on to the one that is open; what comes back to it later goes too.
    private func carryOver(_ index: Int, _ book: GrantBook, _ time: Instant) {
        guard chance(1, of: 16) else { return }
        let open = openWindow(at: now)
        for window in 2..<open where book.accounts[window].unassigned > .zero {
            coordinators[index].waiting.append(
                .book(.carriedOver(AccountIndex(UInt32(window)), to: AccountIndex(UInt32(open))), replyTo: -1)
            )
        }
    }

    /// Claims that no journal has taken in are said again to whoever has the reservation, by some broker near it.
    private func forwardClaims(_ index: Int) {
        guard chance(1, of: 8) else { return }
        for leaf in database.primary.book.leaves where !leaf.claims.isEmpty {
            let broker = someBroker(of: nodes[Node.index(of: leaf.key.node)].region)
            for one in leaf.claims {
                send(.forwardClaim(leaf.key, one.claim), from: index, to: firstBroker + broker)
            }
        }
    }

    private func countLeases(_ index: Int, _ time: Instant) {
        while let session = coordinators[index].leases.next(endedBy: time) {
            coverage.note(.fenced as Coverage.RootKind)
            coordinators[index].waiting.append(.book(.fenced(session), replyTo: -1))
            coordinators[index].fenced.append((session, time))
        }
        while let first = coordinators[index].fenced.first, time >= first.at + WorldShape.horizon {
            coverage.note(.horizon)
            coordinators[index].fenced.removeFirst()
            coordinators[index].waiting.append(.book(.horizonReached(first.session), replyTo: -1))
        }
    }

    // MARK: Batches

    private func flush(_ index: Int) {
        guard
            coordinators[index].inFlight == nil
                || has(.batchesInParallel) && coordinators[index].second == nil,
            !coordinators[index].waiting.isEmpty
        else { return }
        let commands = takeCommands(index)
        guard !commands.isEmpty else { return }
        coordinators[index].number += 1
        var batch = Batch(
            coordinator: index, number: coordinators[index].number,
            epoch: coordinators[index].leadership.epoch, commands: commands)
        batch.sentAt = coordinators[index].clock.now(now)
        batches.append(batch)
        if coordinators[index].inFlight != nil {
            coordinators[index].second = batches.count - 1
        } else {
            coordinators[index].inFlight = batches.count - 1
        }
        sendBatch(index, batches.count - 1)
    }

    /// What goes into the next batch. Behind its own lease a leader asks for that alone: what it counted may not be so any more.
    private func takeCommands(_ index: Int) -> [Command] {
        if coordinators[index].isLeader, !leads(index), !has(.lapsedLeaderCountsOn) {
            let isFirst = { (command: Command) in
                switch command {
                case .leadership, .takeover, .verify: true
                case .book, .open, .presented: false
                }
            }
            let commands = coordinators[index].waiting.filter(isFirst)
            coordinators[index].waiting.removeAll(where: isFirst)
            return commands
        }
        let most = min(Coordinator.batchMost, coordinators[index].waiting.count)
        let commands = Array(coordinators[index].waiting.prefix(most))
        coordinators[index].waiting.removeFirst(most)
        return commands
    }

    private func sendBatch(_ index: Int, _ id: Int) {
        let server = coordinators[index].server
        coordinators[index].isCommitted = false
        coordinators[index].sentAt = now
        send(.batch(id, server: UInt8(server)), from: index, to: firstServer + server)
    }

    /// No answer: the outcome is unknown. The socket is closed, and the same key is tried where the primary may be.
    private func sendAgain(_ index: Int, _ id: Int) {
        if coordinators[index].isCommitted {
            // Only the number is missing.
            return sendNumber(index, id)
        }
        coverage.note(.commitUnknown)
        let server = coordinators[index].server
        if server != database.server || chance(1, of: 2) { coordinators[index].server = (server + 1) % 3 }
        sendBatch(index, id)
    }

    private func sendNumber(_ index: Int, _ id: Int) {
        coordinators[index].sentAt = now
        send(
            .number(batches[id].number, timeline: coordinators[index].timeline), from: index, to: etcd)
    }

    private func committed(_ index: Int, _ id: Int, _ isWarned: Bool, _ timeline: UInt32) {
        if coordinators[index].second == id, !isWarned {
            // It is said to be there, whatever became of the one before it.
            coordinators[index].second = nil
            coordinators[index].timeline = timeline
            send(
                .number(batches[id].number, timeline: coordinators[index].timeline), from: index, to: etcd)
            for (to, effect) in batches[id].answers where to >= 0 { answer(index, to, effect) }
            return
        }
        guard coordinators[index].inFlight == id, !coordinators[index].isCommitted else { return }
        // A warning says that nobody but this server has it.
        guard !isWarned || has(.warningTakenAsSuccess) else { return }
        coordinators[index].isCommitted = true
        coverage.note(.batchCommitted)
        coordinators[index].timeline = isWarned ? database.timelineKey : timeline
        if has(.answerBeforeTheNumber) { return leave(index, id) }
        sendNumber(index, id)
    }

    /// Acknowledged and numbered: answers leave.
    private func leave(_ index: Int, _ id: Int) {
        coordinators[index].inFlight = nil
        let batch = batches[id]
        var held: [Command] = []
        var countsAnew = false
        for command in batch.commands {
            switch command {
            case .leadership, .takeover:
                let wasLeader = coordinators[index].isLeader
                let time = coordinators[index].clock.now(now)
                if coordinators[index].leadership.committed(sentAt: batch.sentAt, at: time),
                    !wasLeader || !has(.lapsedLeaderCountsOn)
                {
                    takeOver(index)
                    countsAnew = true
                    coverage.note(wasLeader ? .countedAnew : .takeover)
                }
                coverage.note(.leadershipRenewed)
            case .presented(_, _, let epochs):
                let time = coordinators[index].clock.now(now)
                for epoch in epochs {
                    coordinators[index].leases.inherit(epoch.session, WorldShape.brokerLease, at: time)
                }
            case .book, .open: if batch.wasHeld { held.append(command) }
            case .verify: break
            }
        }
        if countsAnew { held.removeAll(where: \.isCountedOut) }
        coordinators[index].waiting.insert(contentsOf: held, at: 0)
        for (to, effect) in batch.answers where to >= 0 { answer(index, to, effect) }
        batches[id].answers = []
        flush(index)
    }

    private func takeOver(_ index: Int) {
        let time = coordinators[index].clock.now(now)
        coordinators[index].waiting.removeAll(where: \.isCountedOut)
        coordinators[index].leases = LeaseCount(rules: rules)
        let counted = coordinators[index].fenced
        coordinators[index].fenced = []
        note("root: coordinator \(index) leads in epoch \(coordinators[index].leadership.epoch.rawValue)")
        for child in database.primary.book.children {
            if child.isFenced {
                guard !child.isPresumed else { continue }
                let at = counted.last { $0.session == child.session }?.at ?? time
                coordinators[index].fenced.append((child.session, at))
            } else {
                let length = has(.takeoverKeepsTheOldClock) ? Interval.seconds(1) : WorldShape.brokerLease
                coordinators[index].leases.inherit(child.session, length, at: time)
            }
        }
        coordinators[index].fenced.sort { $0.at < $1.at }
    }

    private func answer(_ index: Int, _ to: Int, _ effect: BookEffect) {
        let timeline = coordinators[index].timeline
        switch effect {
        case .opened(let session, let holder):
            let time = coordinators[index].clock.now(now)
            coordinators[index].leases.inherit(session, WorldShape.brokerLease, at: time)
            noteCounted(index, session)
            let start = database.primary.starts.last { $0.session == session }?.start
            _ = holder
            if let start { send(.opened(start: start, session), from: index, to: to) }
        case .renew(let session, let id, let next):
            guard leads(index) else { return }
            lease(index, to, session, id, next)
        case .registered(let key):
            send(.registered(key, timeline: timeline), from: index, to: to)
        case .grant(let session, let account, let upTo, let isLast):
            send(
                .granted(session, account, upTo: upTo, isLast: isLast, timeline: timeline), from: index,
                to: to)
        case .acknowledgeBlock(let key, let block):
            send(.hasBlock(key, block, timeline: timeline), from: index, to: to)
        case .acknowledgeClosing(let key, let closing):
            send(.hasClosing(key, closing, timeline: timeline), from: index, to: to)
        case .acknowledgeClaim(let key, let reservation):
            send(.hasClaim(key, reservation, timeline: timeline), from: index, to: to)
        case .forwardClaim(let key, let claim): send(.forwardClaim(key, claim), from: index, to: to)
        case .refuse(_, let session): send(.refused(session), from: index, to: to)
        case .acknowledgeEnd(let key): send(.hasEnd(key, timeline: timeline), from: index, to: to)
        case .acknowledgeReturn, .move, .fenceClone, .alarm: break
        }
    }

    private func lease(_ index: Int, _ to: Int, _ session: LedgerSession, _ id: UInt64, _ next: UInt64) {
        let time = coordinators[index].clock.now(now)
        guard
            let length = coordinators[index].leases.give(
                session, WorldShape.brokerLease, request: id, ownFence: .distantFuture, at: time)
        else { return }
        coverage.note(.leaseGiven)
        noteCounted(index, session)
        send(
            .leased(audit: database.primary.audited, session, request: id, length, next: next), from: index,
            to: to)
    }

    // MARK: Hearing

    func hearAtRoot(_ index: Int, _ envelope: Envelope) {
        let from = Int(envelope.from)
        switch envelope.message {
        case .committed(let id, let isWarned, let timeline): return committed(index, id, isWarned, timeline)
        case .numbered(let number):
            guard let id = coordinators[index].inFlight, coordinators[index].isCommitted,
                batches[id].number == number
            else { return }
            return leave(index, id)
        case .staleTimeline(let number):
            // Another timeline began meanwhile: what was acknowledged in the old one is unknown in the new.
            guard let id = coordinators[index].inFlight, batches[id].number == number else { return }
            coordinators[index].server = database.server
            return sendBatch(index, id)
        case .rejected(let id):
            guard coordinators[index].inFlight == id || coordinators[index].second == id else { return }
            coordinators[index].inFlight = nil
            coordinators[index].second = nil
            coordinators[index].leadership.lost()
            coordinators[index].waiting.removeAll()
            return
        default: break
        }
        if has(.zombieLeaderRenews), coordinators[index].isLeader, !leads(index),
            case .renew(let session, let request) = envelope.message
        {
            return lease(index, from, session, request.id, random.next() | 1)
        }
        guard coordinators[index].isLeader, coordinators[index].waiting.count < Coordinator.waitingMost
        else { return }
        if let command = command(envelope.message, from) { coordinators[index].waiting.append(command) }
    }

    private func command(_ message: Message, _ from: Int) -> Command? {
        func book(_ event: BookEvent) -> Command { .book(event, replyTo: from) }
        let holder = HolderNumber(UInt8(max(from - firstBroker, 0)))
        switch message {
        case .openBroker(let start): return .open(start: start, holder: holder, replyTo: from)
        case .renew(let session, let request):
            return book(.renewalAsked(session, request, next: random.next() | 1))
        case .request(let session, let account, let upTo):
            return book(.requested(session, account, upTo: upTo))
        case .giveBack(let session, let account, let sum): return book(.returned(session, account, sum))
        case .register(let key): return book(.leafRegistered(key))
        case .presented(let timeline, let at):
            let said = presentations[at]
            let isWhole = !brokers[Int(holder.rawValue)].hasForgotten
            return .presented(
                timeline: timeline, holder: holder, isWhole ? said : said + entered(for: holder))
        case .block(let key, let block): return book(.settled(key, block))
        case .closing(let key, let closing): return book(.closed(key, closing))
        case .claim(let key, let claim): return book(.claimed(key, claim))
        case .end(let key, let rows):
            let accounts = (0..<WorldShape.accountCount).filter { rows >> UInt64($0) & 1 == 1 }
            return book(.ended(key, accounts: accounts.map { AccountIndex(UInt32($0)) }))
        default: return nil
        }
    }
}
