// What a broker answers its nodes, in the words of a root.
public import Units

extension BrokerDesk {
    /// What nodes are told beside every answer: that what was acknowledged before this audit may be gone.
    public var auditCall: AuditCall { AuditCall(mark: audits.mark, isAsked: false) }

    /// The answers, one for each command; nil where nodes have to ask another broker.
    public mutating func take(_ commands: [RootCommand], at now: Instant) -> [RootAnswer]? {
        guard serves(at: now) else { return nil }
        told = ([], Self.toldMost)
        return commands.map { take($0, at: now) }
    }

    private mutating func take(_ command: RootCommand, at now: Instant) -> RootAnswer {
        switch command {
        // A node's session has one number with every issuer. It costs nothing until it is registered.
        case .open(let start, _, _): return .opened(LedgerSession(start), epoch: Epoch(0))
        case .find(let name, let currency): return find(name, currency, at: now)
        case .book(let event, let holder): return take(event, by: holder ?? HolderNumber(0), at: now)
        case .look: return .book([])
        // No message of nodes is one: it is the root that audits, and it hears of nodes what their broker presents.
        case .order, .present, .presented, .enter, .looked, .audit: return .refused(.other, LedgerSession(0))
        }
    }

    private mutating func find(
        _ name: AccountName, _ currency: CurrencyCode?, at now: Instant
    ) -> RootAnswer {
        if let row = rows[name], let ledger {
            let account = accounts[row]
            guard currency == nil || currency == account.currency else { return .notFound(.otherCurrency) }
            return .found(account.number, account.currency, highest: ledger.book.accounts[row].highest)
        }
        switch findings[name] {
        case .missing(let reason, let askAgainAt, _) where now < askAgainAt: return .notFound(reason)
        case .wanted: return .taken
        case .missing(_, _, let misses): findings[name] = .wanted(currency, misses: misses)
        case nil:
            guard accounts.count + findings.count < 2 * limits.accounts else {
                return .notFound(.unknownAccount)
            }
            findings[name] = .wanted(currency, misses: 0)
        }
        return .taken
    }

    private mutating func take(
        _ event: BookEvent, by holder: HolderNumber, at now: Instant
    ) -> RootAnswer {
        switch event {
        case .leafRegistered(let key): return register(key, holder, at: now)
        case .renewalAsked(let node, let request, let next):
            if let refusal = refusal(node, holder) { return refusal }
            return telling(renew(node, request, next, at: now), of: node)
        case .requested(let node, let account, let upTo):
            if let refusal = refusal(node, holder) { return refusal }
            guard let row = byNumber[account] else { return .book([.refuse(.unknownAccount, node)]) }
            tell(.nodeRequested(node, AccountIndex(UInt32(row)), upTo: upTo), at: now)
            return .book(effects.compactMap { answer($0, account, row) })
        case .returned(let node, let account, let sum):
            if let refusal = refusal(node, holder) { return refusal }
            guard let row = byNumber[account] else { return .book([.refuse(.unknownAccount, node)]) }
            tell(.nodeReturned(node, AccountIndex(UInt32(row)), sum), at: now)
            return .book(effects.compactMap { answer($0, account, row) })
        case .settled(let key, let block): return settle(key, block, at: now)
        case .closed(let key, let closing): return close(key, closing, at: now)
        case .ended(let key, let accounts):
            // As with its closings: the root takes it behind the fence of this broker's session.
            if ledger?.isRegistered(key.node) == true { return .book([.refuse(.beforeTheFence, key.node)]) }
            let word = relay.say(.end(key.node), .end(key, accounts), at: now)
            return answer(word, .acknowledgeEnd(key))
        case .claimed(let key, let claim): return self.claim(key, claim, at: now)
        default: return .refused(.other, LedgerSession(0))
        }
    }

    /// Why this holder does not speak for that session; nil where it does.
    private func refusal(_ node: LedgerSession, _ holder: HolderNumber) -> RootAnswer? {
        guard let ledger, ledger.isRegistered(node), let child = ledger.book.child(node) else {
            return .refused(former.contains(node) ? .fenced : .elsewhere, node)
        }
        return ledger.book.children[child].holder == holder ? nil : .refused(.unknownSession, node)
    }

    private mutating func register(
        _ key: LeafKey, _ holder: HolderNumber, at now: Instant
    ) -> RootAnswer {
        if former.contains(key.node) { return .refused(.fenced, key.node) }
        if ledger?.isRegistered(key.node) == true {
            return refusal(key.node, holder) ?? .book([.registered(key)])
        }
        if let refusal = unregistered.removeValue(forKey: key.node) { return .refused(refusal, key.node) }
        tell(.nodeOpened(key.node, holder), at: now)
        return .taken
    }

    private mutating func renew(
        _ node: LedgerSession, _ request: RenewalChain.Request, _ next: UInt64, at now: Instant
    ) -> RootAnswer {
        let child = ledger?.book.child(node)
        tell(.nodeRenewed(node, request, next: next), at: now)
        for effect in effects {
            switch effect {
            case .lease(_, let id, let length, let next):
                return .leased(node, request: id, length, next: next)
            case .cloneFound:
                refuse(.cloned)
                return .refused(.cloned, node)
            case .refuse:
                let isFenced = child.flatMap { ledger?.book.children[$0].isFenced } ?? true
                return .refused(isFenced ? .fenced : .cloned, node)
            default: break
            }
        }
        // Answered already; or its lease has run out, or there is none to give.
        let isNewest = child.flatMap { ledger?.book.children[$0].lastRequest } == request.id
        return isNewest ? .refused(.leaseOver, node) : .book([])
    }

    /// In the root's numbers; that there is no more only the root can say.
    private func answer(_ effect: BrokerEffect, _ number: AccountIndex, _ row: Int) -> BookEffect? {
        switch effect {
        case .grant(let node, _, let upTo, let isLast):
            let isLast = isLast && ledger?.isLast(AccountIndex(UInt32(row))) == true
            return .grant(node, number, upTo: upTo, isLast: isLast)
        case .acknowledgeReturn(let node, _, let sum): return .acknowledgeReturn(node, number, sum)
        case .refused(let reason, let session): return .refuse(reason, session)
        default: return nil
        }
    }

    // MARK: Evidence

    private mutating func settle(
        _ key: LeafKey, _ block: SettlementBlock, at now: Instant
    ) -> RootAnswer {
        forget(block, of: key.node)
        if let row = byNumber[block.account], ledger?.isRegistered(key.node) == true {
            var own = block
            own.account = AccountIndex(UInt32(row))
            tell(.settled(key, own), at: now)
        }
        let word = relay.say(.block(key.node, block.place), .settle(key, block), at: now)
        return answer(word, .acknowledgeBlock(key, block))
    }

    /// What the root said of a saying, if it has said something yet.
    private func answer(_ word: IssuerWord?, _ acknowledged: BookEffect) -> RootAnswer {
        switch word {
        case nil: .taken
        case .refused(let refusal): .refused(refusal, LedgerSession(0))
        default: .book([acknowledged])
        }
    }

    private mutating func close(
        _ key: LeafKey, _ closing: Closing, at now: Instant
    ) -> RootAnswer {
        if ledger?.isRegistered(key.node) == true {
            if let row = byNumber[closing.account], !isBehindClaims(closing, of: key.node) {
                var own = closing
                own.account = AccountIndex(UInt32(row))
                tell(.closed(key, own), at: now)
            }
            // The root takes it behind the fence of this broker's session, which is alive: the node keeps it until then.
            return telling(.book([.refuse(.beforeTheFence, key.node)]), of: key.node)
        }
        let word = relay.say(.closing(key.node, closing.account), .close(key, closing), at: now)
        return telling(answer(word, .acknowledgeClosing(key, closing)), of: key.node)
    }
}
