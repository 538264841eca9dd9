// What must hold at every step, by the exchange's own truth, by the disks' and by the clocks'. The invariants of the protocol by their
// numbers: 1 places, 2 the exchange's truth, 3 once by key, 4 marks, 5 fences, 6 evidence, 7 delivered grants, 8 counters, 9 one
// account, 10 liveness.
import Fleet
import Ledger
import Units

extension World {
    /// True time by a machine's clock.
    func truth(of instant: Instant, _ clock: MachineClock) -> Int64 {
        // Before the first lease.
        guard instant.nanoseconds > 0 else { return .min }
        let span = Double(instant.nanoseconds - clock.offset + clock.missed)
        return Int64(span * 1_000_000 / (1_000_000 + Double(clock.drift)))
    }

    // MARK: 2, the exchange's truth

    func checkPromised(_ account: AccountIndex) {
        for one in [account, Truth.parent(account)] {
            guard let one, truth.promised[one.row] - truth.refunds[one.row] > truth.ceilings[one.row] else {
                continue
            }
            violate(
                "2: \(Node.names[one.row]) promised \(truth.promised[one.row].rawValue), its highest budget was "
                    + "\(truth.ceilings[one.row].rawValue)")
        }
    }

    // MARK: 4, marks

    func noteMark(_ record: LedgerRecord, _ writer: ShardSession) {
        guard case .mark(let mark) = record else { return }
        // Behind the issuer's fence a mark covers nothing.
        if let end = truth.counted[writer.session], now > end { return }
        let blank = [Micros](repeating: .zero, count: WorldShape.accountCount)
        let known = truth.marks[writer, default: blank][mark.account.row]
        truth.marks[writer, default: blank][mark.account.row] = max(known, mark.drawn)
    }

    func checkMark(_ index: Int, _ one: Reservation) {
        let session = ShardSession(session: one.key.session, shard: one.key.shard)
        let blank = [Micros](repeating: .zero, count: WorldShape.accountCount)
        truth.used[session, default: blank][one.account.row] += one.amount
        let used = truth.used[session, default: blank][one.account.row]
        let marked = truth.marks[session, default: blank][one.account.row]
        if used > marked {
            violate("4: node \(index) spent \(used.rawValue) under marks over \(marked.rawValue)")
        }
    }

    // MARK: 5, fences

    /// The broker counts a node's lease: not beyond its own.
    func checkLease(_ index: Int, _ node: LedgerSession) {
        guard let session = brokers[index].ledger?.session, let end = brokers[index].ledger?.fence(of: node)
        else { return }
        // Whose clocks parted answers what it answered before, and the node counts that from when it asked.
        if brokers[index].ledger?.lease.isBroken == true { return }
        let mine = truth(of: end, brokers[index].clock)
        truth.counted[node] = max(truth.counted[node] ?? .min, mine)
        truth.link(node, to: session)
        if mine > (truth.counted[session] ?? .min) {
            violate("5: broker \(index) counts a node's lease beyond its own as the root counts it")
        }
    }

    /// A node's fence has moved: not beyond what its broker counts.
    func checkNodeFence(_ index: Int, _ lane: Int) {
        let mine = truth(of: nodes[index].lanes[lane].holder.fence, nodes[index].clock)
        if mine > (truth.counted[nodes[index].lanes[lane].session] ?? .min) {
            violate("5: node \(index) has a fence later than its broker counts")
        }
    }

    /// The root counts a broker's lease until then.
    func noteCounted(_ index: Int, _ session: LedgerSession) {
        guard let end = coordinators[index].leases.fence(session) else { return }
        truth.counted[session] = max(
            truth.counted[session] ?? .min, truth(of: end, coordinators[index].clock))
    }

    func checkBrokerFence(_ index: Int) {
        // Whose clocks parted gives nothing any more, and its fence is now.
        guard let ledger = brokers[index].ledger, !ledger.lease.isBroken else { return }
        let mine = truth(of: ledger.lease.fence, brokers[index].clock)
        if mine > (truth.counted[ledger.session] ?? .min) {
            violate("5: broker \(index) has a fence later than the root counts")
        }
    }

    /// The root says that a session is over: nobody below may think otherwise.
    func checkFenced(_ session: LedgerSession) {
        for index in brokers.indices
        where brokers[index].ledger?.session == session && brokers[index].pausedUntil <= now {
            guard let lease = brokers[index].ledger?.lease else { continue }
            if truth(of: lease.fence, brokers[index].clock) > now {
                violate("5: the root fences broker \(index) before it does itself")
            }
        }
        for index in nodes.indices {
            // A machine that sleeps does not know it yet; it looks before it goes on.
            for lane in nodes[index].lanes
            where nodes[index].pausedUntil <= now && lane.state == .live
                && truth.parents[lane.session] == session
            {
                if truth(of: lane.holder.fence, nodes[index].clock) > now {
                    violate("5: the root fences a session before its node \(index) does")
                }
            }
        }
    }

    // MARK: 1, 6, 7, 8, places and grants

    func checkRoot(_ book: GrantBook) {
        for row in book.accounts.indices {
            let account = book.accounts[row]
            let isAudited = isAudited(book, row)
            let movements = truth.books[row]
            var granted = movements[Int(Place.granted.rawValue)]
            var settled = movements[Int(Place.settled.rawValue)]
            var waiting = movements[Int(Place.suspense.rawValue)] + movements[Int(Place.presumed.rawValue)]
            let free = movements[Int(Place.free.rawValue)] + granted + settled + waiting
            var late = movements[Int(Place.late.rawValue)]
            if row == 1 {
                for window in 2..<5 {
                    granted += truth.books[window][Int(Place.granted.rawValue)]
                    settled += truth.books[window][Int(Place.settled.rawValue)]
                    waiting +=
                        truth.books[window][Int(Place.suspense.rawValue)]
                        + truth.books[window][Int(Place.presumed.rawValue)]
                    late += truth.books[window][Int(Place.late.rawValue)]
                }
            }
            if account.granted != granted || account.settled != settled
                || account.suspense + account.presumed != waiting || account.late != late
            {
                violate("1: the movements of account \(row) do not add up to its balance")
            }
            if account.budget != free {
                violate(
                    "1: account \(row) has \(account.budget.rawValue), its movements say \(free.rawValue)")
            }
            if !isAudited, min(account.granted, account.settled, account.suspense, account.presumed) < .zero {
                violate("1: a place of account \(row) is below zero: \(account)")
            }
        }
    }

    private func isAudited(_ book: GrantBook, _ row: Int) -> Bool {
        var missing = book.accounts[row].missing
        if let parent = book.accounts[row].parent { missing |= book.accounts[parent.row].missing }
        if row == 1 { for window in 2..<5 { missing |= book.accounts[window].missing } }
        return missing != 0
    }

    /// What was asked for and is given: never while there is overhang, and never less than one impression.
    func checkGrant(_ book: GrantBook, _ movement: Movement) {
        guard movement.from == .free, movement.to == .granted else { return }
        let account = book.accounts[movement.account.row]
        if account.missing != 0 {
            violate("7: account \(movement.account.row) grants while holders have not said what they have")
        }
        if movement.amount < account.highest {
            violate("12: \(movement.amount.rawValue) of account \(movement.account.row) serves no impression")
        }
        let lifetime = account.parent.map { book.accounts[$0.row].unassigned } ?? .zero
        if min(account.unassigned, lifetime) < .zero {
            violate("9: account \(movement.account.row) grants while there is overhang")
        }
    }

    /// Nobody but who may know something of an account keeps it closed, and everybody who may is asked.
    func checkAudit(_ state: RootState, before: [UInt64]) {
        for (row, possible) in possibleHolders(of: state).enumerated() {
            let asked = state.book.accounts[row].missing
            if asked & ~(possible | before[row]) != 0 {
                violate("10: account \(row) waits for holders that know nothing of it")
            }
            if possible & ~asked != 0 {
                violate("7: not all holders that may know something of account \(row) are asked")
            }
        }
    }

    /// Of a renewal that was answered: its nonce was the next one, or it is the last request again.
    func checkRenewal(_ session: LedgerSession, _ request: RenewalChain.Request, _ next: UInt64) {
        if let known = truth.nonces[session], known.usedBy != request.id, known.nonce != request.nonce {
            violate("13: session \(session.rawValue) is renewed for two machines")
        }
        truth.nonces[session] = (next, request.id)
    }

    /// A closing names all that was drawn under marks that cover anything.
    func checkClosing(_ key: LeafKey, _ closing: Closing) {
        var drawn = Micros.zero
        for shard in 0..<WorldShape.shards {
            let marks = truth.marks[ShardSession(session: key.node, shard: UInt32(shard))]
            drawn += marks?[closing.account.row] ?? .zero
        }
        if closing.drawn < drawn {
            violate(
                "6: session \(key.node.rawValue) is closed with \(closing.drawn.rawValue) drawn of \(drawn.rawValue)"
            )
        }
    }

    /// An epoch belongs to one start.
    func checkOpened(_ session: LedgerSession, _ start: UInt64) {
        if let known = truth.starts[session], known != start {
            violate("8: session \(session.rawValue) is given to two starts")
        }
        truth.starts[session] = start
    }

    func checkClone(_ session: LedgerSession, _ request: RenewalChain.Request) {
        guard let known = truth.nonces[session] else { return }
        if known.usedBy == request.id || known.nonce == request.nonce {
            violate("13: session \(session.rawValue) is taken for two machines")
        }
    }

    /// A failover to the synchronous standby loses nothing that was acknowledged.
    func checkFailover(_ state: RootState, _ before: [UInt64]) {
        for stream in state.streams.indices
        where database.numbers[stream] > before[stream] && database.numbers[stream] > state.streams[stream] {
            violate(
                "6: batch \(database.numbers[stream]) of stream \(stream) was acknowledged and is not there")
        }
    }

    func checkBroker(_ index: Int, _ account: AccountIndex) {
        guard let left = brokers[index].ledger?.book.accounts[account.row].unassigned else { return }
        if left < .zero {
            violate("1: broker \(index) gave more than it has of \(account.rawValue)")
        }
    }

    /// Nobody has a grant that the database does not know, but who an audit has not heard yet.
    func checkDelivered(_ session: LedgerSession, _ account: AccountIndex, _ upTo: Micros) {
        let state = database.primary
        guard isKnown(state, session, account.row) else { return }
        if state.book.granted(session, account) < upTo {
            violate("7: a grant of \(upTo.rawValue) came that the database does not know")
        }
    }
}
