// What each command does to a root's book, and what it answers.
public import Units

extension RootLedger {
    mutating func apply(
        _ command: RootCommand, _ touches: inout BookTouches, _ batch: inout RootBatch
    ) -> RootAnswer {
        switch command {
        case .open(let start, let holder, let candidate):
            let key = StartKey(holder: holder, start: start)
            let session = starts[key] ?? candidate
            if starts[key] == nil {
                guard book?.child(candidate) == nil else {
                    return .book([.refuse(.unknownSession, candidate)])
                }
                starts[key] = session
                startOf[session] = start
            }
            _ = tell(.sessionOpened(session, holder), &touches, &batch)
            return .opened(session, epoch: epoch)
        case .book(let event, let holder):
            if let refusal = refusal(event, by: holder) { return refusal }
            if case .renewalAsked(let session, _, _) = event, let holder, audit.waits(for: holder) {
                // Its nonce may be one that the tail took: it is no clone.
                return .refused(.audited, session)
            }
            let effects = tell(event, &touches, &batch)
            // It may be one that the tail took, and its holder has not presented it yet.
            if audit.missing != 0, let session = Self.unknown(in: effects) {
                return .refused(.audited, session)
            }
            if case .renewalAsked(let session, _, _) = event {
                let claims = wordsLeft < GrantBook.namedMost ? [] : book?.nameClaims(below: session) ?? []
                wordsLeft -= claims.count
                return claims.isEmpty ? .book(effects) : .telling(.book(effects), claims)
            }
            if case .closed = event { return .book(bounded(effects)) }
            return .book(effects)
        case .order(let order): return take(order, &touches, &batch)
        case .find(let name, let currency): return find(name, currency)
        case .look: return .book([])
        case .present(let said, let holder): return present(said, holder, &touches, &batch)
        case .presented(let mark, let holder): return presented(mark, holder, &touches, &batch)
        case .enter(let entry): return enter(entry, &touches, &batch)
        case .audit(let who):
            (batch.beganAudit, batch.beganAuditBy) = (true, who)
            return beginAudit(&touches, &batch)
        case .looked:
            _ = audit.look(at: timeline, isWhole: true, asking: [], mark: wallSeconds)
            return .taken
        }
    }

    /// Claims that go out beside all renewals and closings of one exchange, some hundred kilobytes; the rest with later ones. A
    /// holder's renewal comes before its closings, so that what is named beside it is never fewer than it could be.
    static let wordsMost = 2 * GrantBook.namedMost

    private mutating func bounded(_ effects: [BookEffect]) -> [BookEffect] {
        effects.filter {
            guard case .forwardClaim = $0 else { return true }
            guard wordsLeft > 0 else { return false }
            wordsLeft -= 1
            return true
        }
    }

    private static func unknown(in effects: [BookEffect]) -> LedgerSession? {
        for effect in effects {
            switch effect {
            case .refuse(.unknownSession, let session), .refuse(.unknownLeaf, let session): return session
            default: break
            }
        }
        return nil
    }

    /// A number that is answered is one that is in the tables: an answer leaves behind its batch.
    private func find(_ name: AccountName, _ currency: CurrencyCode?) -> RootAnswer {
        guard let account = names[name], let known = book?.accounts[account.row] else {
            return .notFound(.unknownAccount)
        }
        guard currency == nil || currency == known.currency else { return .notFound(.otherCurrency) }
        return .found(account, known.currency, highest: known.highest)
    }

    /// Tells the book, and keeps the movements for the batch; the rest is for whoever asked.
    mutating func tell(
        _ event: BookEvent, _ touches: inout BookTouches, _ batch: inout RootBatch
    ) -> [BookEffect] {
        var effects: [BookEffect] = []
        book?.handle(event, &effects, touching: &touches)
        for case .move(let movement) in effects { batch.movements.append(movement) }
        return effects.filter { if case .move = $0 { false } else { true } }
    }

    /// A session's own words come from its holder alone; evidence is brought by anybody.
    private func refusal(_ event: BookEvent, by holder: HolderNumber?) -> RootAnswer? {
        guard let holder, let book else { return nil }
        let session: LedgerSession
        switch event {
        case .requested(let one, _, _), .returned(let one, _, _), .renewalAsked(let one, _, _): session = one
        case .leafRegistered(let key), .leafPresented(let key): session = key.root
        default: return nil
        }
        guard let child = book.child(session), book.children[child].holder == holder else {
            let isLost = book.child(session) == nil && audit.missing & holder.bit != 0
            return isLost ? .refused(.audited, session) : .book([.refuse(.unknownSession, session)])
        }
        return nil
    }

    // MARK: Accounts

    private mutating func take(
        _ order: AccountOrder, _ touches: inout BookTouches, _ batch: inout RootBatch
    ) -> RootAnswer {
        if let refusal = refusal(of: order) { return .refusedOrder(refusal) }
        let index: AccountIndex
        let known = names[order.name]
        if let known {
            index = known
        } else {
            guard let number = number(ofNew: order.name) else { return .refusedOrder(.audited) }
            guard number.row < limits.accounts else { return .refusedOrder(.tooManyAccounts) }
            index = number
            open(
                order.name,
                GrantBook.Account(
                    parent: order.parent.flatMap { names[$0] }, currency: order.currency,
                    highest: order.highest),
                as: index, &touches)
        }
        touches.add(.account(index))
        book?.accounts[index.row].highest = order.highest
        _ = tell(.paused(index, order.isPaused), &touches, &batch)
        if order.hasEnded { _ = tell(.flightEnded(index), &touches, &batch) }
        _ = tell(.budgetChanged(index, to: order.budget, in: order.currency), &touches, &batch)
        batch.operations.append(order.operation)
        return .ordered(index, version: labels[index.row].version, isNew: known == nil)
    }

    // MARK: Leases, when what they were asked for is acknowledged

    /// The lease that a renewal's answer may carry; nil where none may be given now.
    public mutating func lease(_ session: LedgerSession, request: UInt64, at now: Instant) -> Interval? {
        guard leads(at: now) else { return nil }
        return leases.give(session, limits.lease, request: request, ownFence: .distantFuture, at: now)
    }

    /// A session that was opened is counted from its answer.
    public mutating func counts(_ session: LedgerSession, at now: Instant) {
        leases.inherit(session, limits.lease, at: now)
    }

    public func account(_ name: AccountName) -> AccountIndex? { names[name] }

    public func label(_ account: AccountIndex) -> AccountLabel? {
        account.row < labels.count ? labels[account.row] : nil
    }
}
