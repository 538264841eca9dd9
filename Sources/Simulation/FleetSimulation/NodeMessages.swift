// What a simulated node says to the issuers above it of what its journal knows, and what it hears from them.
import Ledger
import Units

extension World {
    /// What was acknowledged may be gone with the tail that this audit is about.
    func sayAll(_ index: Int, _ audit: UInt32) {
        guard audit > nodes[index].audit, !has(.trimmedOnAcknowledgement) else { return }
        nodes[index].audit = audit
        nodes[index].claims += nodes[index].claimsHeard
        nodes[index].claimsHeard.removeAll()
        for at in nodes[index].evidence.indices {
            nodes[index].evidence[at].blocks.reopen()
            for row in 0..<WorldShape.accountCount { nodes[index].evidence[at].closed[row] = nil }
            nodes[index].evidence[at].isEndHeard = false
            nodes[index].evidence[at].change()
        }
    }

    /// Tells the issuers above what the journal knows, until they have it.
    func sendEvidence(_ index: Int) {
        var sent = 0
        let broker = firstBroker + someBroker(of: nodes[index].region)
        // In turn: one whose session the root does not know yet holds up no other.
        let claims = nodes[index].claims
        for _ in 0..<min(claims.count, 8) {
            nodes[index].claimTurn += 1
            var claim = claims[nodes[index].claimTurn % claims.count]
            if has(.orphanPerNode) {
                claim.key = ReservationKey(
                    session: claim.key.session, shard: claim.key.shard,
                    sequence: claim.key.sequence | UInt64(index + 1) << 30)
            }
            send(
                .claim(LeafKey(root: LedgerSession(0), node: claim.key.session), claim),
                from: firstNode + index, to: broker)
        }
        for one in nodes[index].shipped {
            send(.closing(one.key, one.closing), from: firstNode + index, to: broker)
        }
        for at in nodes[index].evidence.indices.reversed()
        where !nodes[index].evidence[at].isDone && sent < 24 && now >= nodes[index].evidence[at].nextAt {
            let pause = nodes[index].evidence[at].pause
            nodes[index].evidence[at].nextAt = now + pause
            nodes[index].evidence[at].pause = min(pause * 2, 8_000_000_000)
            let session = nodes[index].evidence[at].session
            let key = LeafKey(root: LedgerSession(0), node: session)
            nodes[index].evidence[at].blocks.forEachOpen { block in
                guard sent < 24 else { return }
                sent += 1
                send(.block(key, block), from: firstNode + index, to: broker)
            }
            guard let ended = nodes[index].evidence[at].endedAt,
                zip(nodes[index].disks, ended).allSatisfy({ $0.durable >= $1 })
            else { continue }
            var isDone = nodes[index].evidence[at].blocks.open == 0
            var accounts: UInt64 = 0
            for account in Node.spent {
                let known = nodes[index].replay.closing(of: session, Node.names[account.row])
                let settled = nodes[index].replay.settled(of: session, Node.names[account.row])
                let isOpened = nodes[index].evidence[at].opened >> UInt64(account.row) & 1 == 1
                guard isOpened || known.drawn + settled > .zero else { continue }
                accounts |= 1 << UInt64(account.row)
                let closing = Closing(account: account, drawn: known.drawn, freed: known.freed)
                if nodes[index].evidence[at].closed[account.row] != closing {
                    isDone = false
                    guard sent < 24 else { continue }
                    sent += 1
                    send(.closing(key, closing), from: firstNode + index, to: broker)
                } else if known.drawn > known.freed + settled {
                    isDone = false
                }
            }
            if !nodes[index].evidence[at].isEndHeard {
                isDone = false
                sent += 1
                send(.end(key, accounts: accounts), from: firstNode + index, to: broker)
            }
            nodes[index].evidence[at].isDone = isDone
        }
    }

    /// A copy of its journals, read while it spends: settlements in it are as good as any. Its sums are not final, and who
    /// reads it sees that: there is no end of the session in it. That a closing comes behind the fence proves nothing.
    func shipJournals(_ index: Int) {
        let broker = firstBroker + someBroker(of: nodes[index].region)
        for one in nodes[index].evidence where one.endedAt == nil {
            let key = LeafKey(root: LedgerSession(0), node: one.session)
            one.blocks.forEachOpen { send(.block(key, $0), from: firstNode + index, to: broker) }
            // An issuer that takes closings before the fence only errs where a reader does not look either.
            guard has(.freeFromAShippedJournal) || !rules.keep(.closingsComeBehindTheFence) else { continue }
            for account in Node.spent {
                let known = nodes[index].replay.closing(of: one.session, Node.names[account.row])
                let closing = Closing(account: account, drawn: known.drawn, freed: known.freed)
                nodes[index].shipped.append((key, closing))
            }
        }
    }

    // MARK: Hearing

    /// What a timeline acknowledged that lost its tail is not acknowledged behind the audit.
    private func isTold(_ index: Int, _ timeline: UInt32) -> Bool {
        timeline >= nodes[index].audit || has(.staleAcknowledgement)
    }

    func hearAtNode(_ index: Int, _ envelope: Envelope) {
        readClocks(index)
        switch envelope.message {
        case .nodeLeased(let audit, let session, let id, let length, let next):
            sayAll(index, audit)
            guard let at = nodes[index].lane(session) else { return }
            if nodes[index].lanes[at].state == .opening {
                turn(index, at, to: .live)
                for account in Node.spent where account.row < 2 || account.row > 4 {
                    openAccount(index, at, account)
                }
                openAccount(index, at, AccountIndex(UInt32(nodes[index].window)))
                tellHolder(
                    index, at,
                    .clocksRead(
                        wall: nodes[index].clock.wall(self.now), tolerance: WorldShape.window))
                // The opening's lease counts from when it was begun, which is before it was asked for.
                let begun = nodes[index].clock.now(nodes[index].lanes[at].begunAt)
                tellHolder(index, at, .leased(sentAt: begun, for: length))
                return
            }
            guard id != 0, let sentAt = nodes[index].lanes[at].chain.answered(id, next: next) else { return }
            tellHolder(index, at, .leased(sentAt: sentAt, for: length))
        case .nodeGranted(let session, let account, let upTo, let isLast):
            guard let at = nodes[index].lane(session), nodes[index].lanes[at].state == .live else { return }
            if isLast || upTo >= nodes[index].lanes[at].asked[account.row] {
                nodes[index].lanes[at].asked[account.row] = .zero
            }
            tellHolder(index, at, .granted(account, upTo: upTo, isLast: isLast))
        case .nodeRecall(let session, let account):
            guard let at = nodes[index].lane(session), nodes[index].lanes[at].state == .live else { return }
            tellHolder(index, at, .recalled(account))
        case .nodeReturn(let session, let account, let sum):
            // The broker says what it has.
            guard let at = nodes[index].lane(session) else { return }
            nodes[index].lanes[at].returned[account.row] = max(
                nodes[index].lanes[at].returned[account.row], sum)
        case .nodeRefused(let session):
            guard let at = nodes[index].lane(session), nodes[index].lanes[at].state == .opening else {
                return
            }
            endLane(index, at)
        case .hasBlock(let key, let block, let timeline):
            guard isTold(index, timeline), let at = nodes[index].known(key.node) else { return }
            nodes[index].evidence[at].blocks.acknowledged(block)
        case .hasClosing(let key, let closing, let timeline):
            guard isTold(index, timeline), let at = nodes[index].known(key.node) else { return }
            nodes[index].evidence[at].closed[closing.account.row] = closing
        case .hasEnd(let key, let timeline):
            guard isTold(index, timeline), let at = nodes[index].known(key.node) else { return }
            nodes[index].evidence[at].isEndHeard = true
        case .hasClaim(_, let key, let timeline):
            guard isTold(index, timeline) else { return }
            nodes[index].claimsHeard += nodes[index].claims.filter { $0.key == key }
            nodes[index].claims.removeAll { $0.key == key }
        case .forwardClaim(_, let claim):
            // A machine that does not have the session's journal has nothing to say of it.
            guard !nodes[index].hasLost(claim.key.session) else { return }
            takeBill(claim.key, claim.amount, claim.account, claim.reserved, at: index)
        default: break
        }
    }
}
