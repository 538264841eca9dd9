// What must hold at every step, by the exchange's own truth, by the disks' and by the clocks'. The invariants of the protocol by their
// numbers: 1 places, 2 the exchange's truth, 3 once by key, 4 marks, 5 fences, 6 evidence, 7 delivered grants, 8 counters, 9 one
// account, 10 liveness.
import Fleet
import Ledger
import Units

/// What the fleet owes by its own and the exchange's acts, kept beside the ledger and never asked of it.
struct Truth {
    /// The highest that each budget ever was.
    var ceilings: [Micros]
    /// By account, billed and still billable.
    var promised: [Micros]
    /// By session and account.
    var ofSession: [LedgerSession: [Micros]] = [:]
    var settled: [Micros]
    var late: [Micros]
    /// The books, as their movements tell them, by account and place.
    var books: [[Micros]]
    /// By account, what the exchange gave back.
    var refunds: [Micros]
    var starts: [LedgerSession: UInt64] = [:]
    /// The nonce that each session's next renewal has to bring.
    var nonces: [LedgerSession: (nonce: UInt64, usedBy: UInt64)] = [:]
    /// The broker's session of each node session.
    var parents: [LedgerSession: LedgerSession] = [:]
    /// In true time, until when an issuer counts a session's lease.
    var counted: [LedgerSession: Int64] = [:]
    /// Marks that were durable before the fence, and what was used of them.
    var marks: [ShardSession: [Micros]] = [:]
    var used: [ShardSession: [Micros]] = [:]

    init(accounts: Int) {
        ceilings = [Micros](repeating: .zero, count: accounts)
        promised = ceilings
        settled = ceilings
        refunds = ceilings
        late = ceilings
        books = [[Micros]](repeating: [Micros](repeating: .zero, count: 8), count: accounts)
    }

    static func parent(_ account: AccountIndex) -> AccountIndex? {
        (2..<5).contains(account.row) ? AccountIndex(1) : nil
    }

    mutating func raise(_ account: AccountIndex, to budget: Micros) {
        ceilings[account.row] = max(ceilings[account.row], budget)
    }

    mutating func promise(_ account: AccountIndex, _ session: LedgerSession, _ change: Micros) {
        promised[account.row] += change
        if let parent = Self.parent(account) { promised[parent.row] += change }
        ofSession[session, default: [Micros](repeating: .zero, count: promised.count)][account.row] += change
    }

    mutating func paid(_ record: SettlementRecord) {
        settled[record.account.row] += record.paid
        late[record.account.row] += record.late
    }

    mutating func moved(_ movement: Movement) {
        let row = movement.account.row
        books[row][Int(movement.from.rawValue)] -= movement.amount
        books[row][Int(movement.to.rawValue)] += movement.amount
        guard movement.from == .settled, movement.to == .free else { return }
        refunds[row] += movement.amount
        if let parent = Self.parent(movement.account) { refunds[parent.row] += movement.amount }
    }

    /// Another database is the books now.
    mutating func recount(_ book: GrantBook) {
        nonces.removeAll(keepingCapacity: true)
        for row in books.indices {
            let account = book.accounts[row]
            var (granted, settled, suspense, presumed) = (
                account.granted, account.settled, account.suspense, account.presumed
            )
            if row == 1 {
                for window in 2..<5 {
                    granted -= book.accounts[window].granted
                    settled -= book.accounts[window].settled
                    suspense -= book.accounts[window].suspense
                    presumed -= book.accounts[window].presumed
                }
            }
            books[row][Int(Place.granted.rawValue)] = granted
            books[row][Int(Place.settled.rawValue)] = settled
            books[row][Int(Place.suspense.rawValue)] = suspense
            books[row][Int(Place.presumed.rawValue)] = presumed
            books[row][Int(Place.free.rawValue)] = account.budget - granted - settled - suspense - presumed
        }
    }
}

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
        let mine = truth(of: end, brokers[index].clock)
        truth.counted[node] = max(truth.counted[node] ?? .min, mine)
        truth.parents[node] = session
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
        guard let ledger = brokers[index].ledger else { return }
        let mine = truth(of: ledger.lease.fence, brokers[index].clock)
        if mine > (truth.counted[ledger.session] ?? .min) {
            violate("5: broker \(index) has a fence later than the root counts")
        }
    }

    /// The root says that a session is over: nobody below may think otherwise.
    func checkFenced(_ session: LedgerSession) {
        for index in brokers.indices where brokers[index].ledger?.session == session {
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
            if row == 1 {
                for window in 2..<5 {
                    granted += truth.books[window][Int(Place.granted.rawValue)]
                    settled += truth.books[window][Int(Place.settled.rawValue)]
                    waiting +=
                        truth.books[window][Int(Place.suspense.rawValue)]
                        + truth.books[window][Int(Place.presumed.rawValue)]
                }
            }
            if account.granted != granted || account.settled != settled
                || account.suspense + account.presumed != waiting
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

    /// Outside an audit nobody has a grant that the database does not know.
    func checkDelivered(_ session: LedgerSession, _ account: AccountIndex, _ upTo: Micros) {
        let state = database.primary
        guard state.verified == state.timeline, state.book.missing == 0 else { return }
        if state.book.granted(session, account) < upTo {
            violate("7: a grant of \(upTo.rawValue) came that the database does not know")
        }
    }

    /// What costs too much for every step: looked at now and then, and at the end.
    func checkWhole() {
        let state = database.primary
        guard state.verified == state.timeline, state.book.missing == 0 else { return }
        for index in brokers.indices {
            guard let ledger = brokers[index].ledger else { continue }
            for node in ledger.nodes where state.book.leaf(LeafKey(root: ledger.session, node: node)) == nil {
                violate("7: broker \(index) gives to session \(node.rawValue), which the root cannot close")
            }
            for row in 0..<WorldShape.accountCount {
                let account = AccountIndex(UInt32(row))
                guard ledger.presentation(account).granted > state.book.granted(ledger.session, account)
                else {
                    continue
                }
                violate("7: broker \(index) has a grant that the database does not know")
            }
        }
        var owed: [LedgerSession: [Micros]] = [:]
        for (session, amounts) in truth.ofSession {
            guard let parent = truth.parents[session] else { continue }
            var sum = owed[parent] ?? [Micros](repeating: .zero, count: amounts.count)
            for row in amounts.indices { sum[row] += amounts[row] }
            owed[parent] = sum
        }
        for child in state.book.children {
            guard let owed = owed[child.session] else { continue }
            for row in owed.indices where owed[row] > .zero {
                let held = state.book.held(child.session, AccountIndex(UInt32(row)))
                if owed[row] > held {
                    noteSession(child.session, row, state.book)
                    violate(
                        "6: session \(child.session.rawValue) owes \(owed[row].rawValue) of account \(row), "
                            + "and the root keeps \(held.rawValue) for it")
                }
            }
        }
    }

    /// What every journal knows the root knows too, and nothing else.
    private func missingEvidence(_ book: GrantBook) -> String? {
        for index in nodes.indices {
            for one in nodes[index].evidence {
                for account in Node.spent {
                    let mine = nodes[index].replay.settled(of: one.session, Node.names[account.row])
                    guard let leaf = book.leaf(LeafKey(root: LedgerSession(0), node: one.session)) else {
                        if mine > .zero {
                            return "9: session \(one.session.rawValue) is not known at the root"
                        }
                        continue
                    }
                    let known = book.evidence(leaf, account)
                    if known.paid != mine || known.claimed != .zero {
                        return "9: session \(one.session.rawValue) paid \(mine.rawValue) of account "
                            + "\(account.rawValue), the root has \(known.paid.rawValue) and claims of "
                            + "\(known.claimed.rawValue)"
                    }
                }
            }
        }
        return nil
    }

    /// For who looks at a trace: what the exchange and the root know of each node session under a broker's.
    private func noteSession(_ session: LedgerSession, _ row: Int, _ book: GrantBook) {
        for (node, amounts) in truth.ofSession where truth.parents[node] == session {
            guard let leaf = book.leaf(LeafKey(root: LedgerSession(0), node: node)) else { continue }
            note(
                "session \(node.rawValue) owes \(amounts[row].rawValue): "
                    + book.sentence(leaf, AccountIndex(UInt32(row))))
        }
        for ad in exchange.ads where truth.parents[ad.key.session] == session && ad.account.row == row {
            if ad.promised > .zero, ad.paid == nil { note("open \(ad)") }
        }
    }

    // MARK: 10, liveness

    /// What has not come together yet.
    func unfinished() -> String? {
        let state = database.primary
        if state.verified != state.timeline { return "10: the last timeline was never looked at" }
        if state.book.missing != 0 { return "10: an audit does not end" }
        if let missing = missingEvidence(state.book) { return missing }
        for row in state.book.accounts.indices where row != 1 {
            let account = state.book.accounts[row]
            if account.suspense != .zero {
                return "10: suspense of account \(row) does not drain: \(account)"
            }
            let known = account.settled + account.refunded
            // What a machine took with it that is no more only claims know of.
            if lostMachines == 0, known != truth.settled[row] {
                return
                    "9: account \(row) has \(known.rawValue) settled of \(truth.settled[row].rawValue) that was paid"
            }
            if lostMachines == 0, account.late != truth.late[row] {
                return "9: account \(row) has \(account.late.rawValue) late of \(truth.late[row].rawValue)"
            }
        }
        for region in regions.indices where regions[region].state != .healthy {
            return "10: region \(region) is still \(regions[region].state)"
        }
        if !coordinators.contains(where: \.isLeader) { return "10: nobody leads" }
        for index in nodes.indices where !nodes[index].lanes.contains(where: { $0.state == .live }) {
            return "10: node \(index) has no session"
        }
        return nil
    }
}
