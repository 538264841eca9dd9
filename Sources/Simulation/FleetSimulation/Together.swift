// What must have come together some time after the last fault: evidence, audits, idle money, sessions, and every bill in one account.
import Fleet
import Ledger
import Units

extension World {
    /// For who looks at a trace: what the exchange and the root know of each node session under a broker's.
    func noteSession(_ session: LedgerSession, _ row: Int, _ book: GrantBook) {
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
                    let isClaimed = book.leaves[leaf].claims.contains {
                        $0.claim.account == account && $0.paid > .zero
                            && !nodes[index].forgotten.contains($0.claim.key)
                    }
                    if known.paid != mine || known.claimed != .zero && isClaimed {
                        return "9: session \(one.session.rawValue) paid \(mine.rawValue) of account "
                            + "\(account.rawValue), the root has \(known.paid.rawValue) and claims of "
                            + "\(known.claimed.rawValue)"
                    }
                }
            }
        }
        return nil
    }

    // MARK: 9, one account

    /// Every bill in exactly one account, session by session. Of a machine that was destroyed with its disks the root knows no more
    /// than that had said, and what others claimed.
    private func strayBill(_ book: GrantBook) -> String? {
        var sums = [SessionBills](repeating: SessionBills(), count: book.accounts.count)
        for leaf in book.leaves.indices {
            let session = book.leaves[leaf].key.node
            for account in Node.spent {
                let known = book.evidence(leaf, account)
                let mine = truth.bills[session]?[account.row] ?? SessionBills()
                sums[account.row].paid += known.paid + known.claimed
                sums[account.row].late += known.late + known.claimedLate
                let forged = forgedLate(book, leaf, account)
                let isWhole =
                    hasLost(session)
                    ? known.paid <= mine.paid && known.late - forged <= mine.late
                    : known.paid == mine.paid && known.late - forged == mine.late
                if !isWhole {
                    return
                        "9: session \(session.rawValue) settled \(mine) of account \(account.rawValue), the root "
                        + "has \(known)"
                }
            }
            for one in book.leaves[leaf].claims {
                if book.isSettled(leaf, one.claim.key, of: one.claim.account) {
                    return "9: \(one.claim.key) is claimed and settled"
                }
                if let ad = exchange.numbers[one.claim.key], exchange.ads[ad].account == one.claim.account,
                    exchange.ads[ad].bill == one.claim.amount, one.paid + one.late == one.claim.amount
                {
                    continue
                }
                return "9: the root counts a claim that no bill is behind: \(one)"
            }
        }
        for row in book.accounts.indices where row != 1 {
            let account = book.accounts[row]
            if account.settled + account.refunded != sums[row].paid || account.late != sums[row].late {
                return "9: account \(row) is \(account), its sessions say \(sums[row])"
            }
        }
        return strayKey(book)
    }

    /// The same key by key: a bill that a journal has is with its own account, and no other; one that no journal has is with none; one
    /// that was claimed is settled or a claim.
    private func strayKey(_ book: GrantBook) -> String? {
        for ad in exchange.ads {
            let root = LeafKey(root: LedgerSession(0), node: ad.key.session)
            guard let leaf = book.leaf(root) else {
                if ad.paid != nil, !hasLost(ad.key.session) { return "9: \(ad) is with no account" }
                continue
            }
            for account in Node.spent where book.isSettled(leaf, ad.key, of: account) {
                if account != ad.account || ad.paid == nil {
                    return "9: \(ad) is with account \(account.rawValue)"
                }
            }
            if ad.paid != nil, !hasLost(ad.key.session), !book.isSettled(leaf, ad.key, of: ad.account) {
                return "9: \(ad) is with no account"
            }
        }
        for index in nodes.indices {
            for claim in nodes[index].claims + nodes[index].claimsHeard {
                let key = LeafKey(root: LedgerSession(0), node: claim.key.session)
                guard let leaf = book.leaf(key) else {
                    return "9: node \(index) claims \(claim.key) of a session that the root does not know"
                }
                if !book.isSettled(leaf, claim.key, of: claim.account),
                    !book.leaves[leaf].claims.contains(where: { $0.claim.key == claim.key })
                {
                    return "9: the claim of \(claim.key) at node \(index) is with no account"
                }
            }
        }
        return nil
    }

    private func hasLost(_ session: LedgerSession) -> Bool {
        nodes[Node.index(of: session)].hasLost(session)
    }

    // MARK: 10, liveness

    /// What nobody spends any more lies with the root, but for what brokers keep ready, and what lies with nodes on open
    /// accounts: that goes back when somebody asks in vain.
    private func idleMoney(_ book: GrantBook) -> String? {
        for index in brokers.indices {
            guard let ledger = brokers[index].ledger, brokers[index].role == .serving else { continue }
            for row in 0..<WorldShape.accountCount {
                let account = AccountIndex(UInt32(row))
                let returned = ledger.presentation(account).returned
                if book.returned(ledger.session, account) != returned {
                    return
                        "10: broker \(index) gave \(returned.rawValue) of account \(row) back, and the root has "
                        + "\(book.returned(ledger.session, account).rawValue)"
                }
                let idle = ledger.book.accounts[row].unassigned
                if idle > brokerLimits.reserve {
                    return "10: \(idle.rawValue) of account \(row) lie idle with broker \(index)"
                }
            }
            for child in ledger.book.children where !child.isFenced {
                let node = Node.index(of: child.session)
                guard let lane = nodes[node].lane(child.session), nodes[node].lanes[lane].state == .live
                else {
                    return "10: broker \(index) counts on session \(child.session.rawValue), which is over"
                }
                for account in Node.spent {
                    for desk in nodes[node].lanes[lane].desks {
                        let (kept, isOpen) = desk.holder.ready(account)
                        if !isOpen, kept > .zero {
                            return
                                "10: \(kept.rawValue) of account \(account.rawValue), which is closed, lie with session "
                                + "\(child.session.rawValue)"
                        }
                    }
                }
            }
        }
        return nil
    }

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
        }
        for region in regions.indices where regions[region].state != .healthy {
            return "10: region \(region) is still \(regions[region].state)"
        }
        if !coordinators.contains(where: \.isLeader) { return "10: nobody leads" }
        for index in nodes.indices where !nodes[index].lanes.contains(where: { $0.state == .live }) {
            return "10: node \(index) has no session"
        }
        if let idle = idleMoney(state.book) { return idle }
        return strayBill(state.book)
    }
}
