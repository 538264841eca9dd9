// What changes an issuer's book. Each event changes counters; the movements between the places follow from what the places
// were before and are behind it, so that no event can move money that it does not account for.
internal import Units

extension GrantBook {
    /// Takes an event. Effects are appended; where something is refused nothing has changed.
    public mutating func handle(_ event: BookEvent, _ effects: inout [BookEffect]) {
        switch event {
        case .budgetChanged(let account, let budget, let currency):
            change(account, budget, currency, &effects)
        case .carriedOver(let from, let to): carryOver(from, to, &effects)
        case .paused(let account, let isPaused): mark(account, &effects) { $0.isPaused = isPaused }
        case .flightEnded(let account): mark(account, &effects) { $0.hasEnded = true }
        case .refunded(let account, let number, let amount, let currency):
            refund(account, number, amount, currency, &effects)
        case .sessionOpened(let session, let holder): open(session, holder, &effects)
        case .leafRegistered(let key): register(key, &effects)
        case .leafPresented(let key): present(key, &effects)
        case .requested(let session, let account, let upTo): request(session, account, upTo, &effects)
        case .returned(let session, let account, let sum): takeBack(session, account, sum, &effects)
        case .settled(let key, let block): settle(key, block, &effects)
        case .claimed(let key, let claim): self.claim(key, claim, &effects)
        case .closed(let key, let closing): close(key, closing, &effects)
        case .ended(let key, let accounts): end(key, accounts, &effects)
        case .fenced(let session): fence(session, &effects)
        case .horizonReached(let session): presume(session, &effects)
        case .auditBegan(let holders):
            for row in accounts.indices { accounts[row].missing |= holders[row] }
            effects.append(.alarm(.auditBegan, LedgerSession(0)))
            if missing == 0 { effects.append(.alarm(.auditEnded, LedgerSession(0))) }
        case .presented(let session, let holder, let account, let granted, let returned):
            present(session, holder, account, granted, returned, &effects)
        case .renewalPresented(let session, let request): adopt(request, of: session)
        case .presentationEnded(let holder): endPresentation(holder, &effects)
        case .entered(let session, let holder, let account, let amount):
            enter(session, holder, account, amount, &effects)
        case .renewalAsked(let session, let request, let next): renew(session, request, next, &effects)
        }
    }

    // MARK: Movements

    /// Changes one cell, and moves what thereby is somewhere else.
    mutating func change(
        _ child: Int, _ account: AccountIndex, _ effects: inout [BookEffect],
        _ body: (inout Cell) -> Void
    ) {
        let before = places(child, account)
        body(&cells[cell(child, account)])
        moved(account, before, places(child, account), &effects)
    }

    mutating func moved(
        _ account: AccountIndex, _ before: BookPlaces, _ after: BookPlaces, _ effects: inout [BookEffect]
    ) {
        guard before != after else { return }
        add(account, before, after)
        if let parent = accounts[account.row].parent { add(parent, before, after) }
        var deltas: InlineArray<5, Micros> = [
            .zero, after.granted - before.granted, after.settled - before.settled,
            after.suspense - before.suspense, after.presumed - before.presumed,
        ]
        deltas[0] = .zero - deltas[1] - deltas[2] - deltas[3] - deltas[4]
        for from in 0..<5 where deltas[from] < .zero {
            for to in 0..<5 where (deltas[to] > .zero) && (deltas[from] < .zero) {
                let amount = min(.zero - deltas[from], deltas[to])
                deltas[from] += amount
                deltas[to] -= amount
                effects.append(
                    .move(
                        Movement(
                            account: account, from: Self.places[from], to: Self.places[to], amount: amount)))
            }
        }
    }

    /// The five, in the order in which they are paired off.
    private static let places: InlineArray<5, Place> = [.free, .granted, .settled, .suspense, .presumed]

    private mutating func add(_ account: AccountIndex, _ before: BookPlaces, _ after: BookPlaces) {
        accounts[account.row].granted += after.granted - before.granted
        accounts[account.row].settled += after.settled - before.settled
        accounts[account.row].suspense += after.suspense - before.suspense
        accounts[account.row].presumed += after.presumed - before.presumed
    }

    // MARK: Budgets

    private mutating func mark(
        _ account: AccountIndex, _ effects: inout [BookEffect], _ body: (inout Account) -> Void
    ) {
        guard account.row < accounts.count else {
            return effects.append(.refuse(.unknownAccount, LedgerSession(0)))
        }
        body(&accounts[account.row])
    }

    private mutating func change(
        _ account: AccountIndex, _ budget: Micros, _ currency: CurrencyCode, _ effects: inout [BookEffect]
    ) {
        guard account.row < accounts.count else {
            return effects.append(.refuse(.unknownAccount, LedgerSession(0)))
        }
        guard currency == accounts[account.row].currency else {
            return effects.append(.refuse(.otherCurrency, LedgerSession(0)))
        }
        guard budget >= .zero else { return effects.append(.refuse(.negative, LedgerSession(0))) }
        let before = accounts[account.row].budget
        accounts[account.row].budget = budget
        if budget > before {
            effects.append(
                .move(Movement(account: account, from: .budget, to: .free, amount: budget - before)))
        } else if budget < before {
            effects.append(
                .move(Movement(account: account, from: .free, to: .budget, amount: before - budget)))
        }
    }

    /// Only what is free: what is granted comes back to its own window, and is carried over then.
    private mutating func carryOver(_ from: AccountIndex, _ to: AccountIndex, _ effects: inout [BookEffect]) {
        guard max(from, to).row < accounts.count else {
            return effects.append(.refuse(.unknownAccount, LedgerSession(0)))
        }
        guard from != to, let parent = accounts[from.row].parent, accounts[to.row].parent == parent else {
            return effects.append(.refuse(.notOneLifetime, LedgerSession(0)))
        }
        let amount = accounts[from.row].unassigned
        // While something may be missing nobody knows what is free.
        guard amount > .zero, accounts[from.row].missing == 0 else { return }
        let carried = rules.keep(.onlyFreeIsCarried) ? amount : amount + accounts[from.row].granted
        guard let budget = accounts[to.row].budget.adding(carried) else { return }
        change(from, accounts[from.row].budget - amount, accounts[from.row].currency, &effects)
        change(to, budget, accounts[to.row].currency, &effects)
    }

    private mutating func refund(
        _ account: AccountIndex, _ number: UInt32, _ amount: Micros, _ currency: CurrencyCode,
        _ effects: inout [BookEffect]
    ) {
        guard amount > .zero, account.row < accounts.count else {
            return effects.append(.refuse(.negative, LedgerSession(0)))
        }
        guard currency == accounts[account.row].currency else {
            return effects.append(.refuse(.otherCurrency, LedgerSession(0)))
        }
        // In their order and each once; what was settled is the most that can come back, and a claim is not settled
        // before its holder's journal has said so: that may call it late.
        let claimed = stride(from: account.row, to: leafCells.count, by: accounts.count).reduce(Micros.zero) {
            $0 + leafCells[$1].claimed
        }
        guard number == accounts[account.row].refunds + 1,
            amount <= accounts[account.row].settled - claimed
        else { return effects.append(.refuse(.anotherRefund, LedgerSession(0))) }
        accounts[account.row].refunds = number
        accounts[account.row].refunded += amount
        accounts[account.row].settled -= amount
        if let parent = accounts[account.row].parent { accounts[parent.row].settled -= amount }
        effects.append(.move(Movement(account: account, from: .settled, to: .free, amount: amount)))
    }

    // MARK: Sessions

    private mutating func open(
        _ session: LedgerSession, _ holder: HolderNumber, _ effects: inout [BookEffect]
    ) {
        if child(session) == nil {
            children.append(Child(session: session, holder: holder))
            cells.append(contentsOf: repeatElement(Cell(), count: accounts.count))
        }
        effects.append(.opened(session, holder))
    }

    private mutating func register(_ key: LeafKey, _ effects: inout [BookEffect]) {
        guard let child = child(key.root) else { return effects.append(.refuse(.unknownSession, key.root)) }
        if let known = leaf(key) {
            guard leaves[known].key == key else { return effects.append(.refuse(.unknownLeaf, key.root)) }
        } else {
            // A session that is over is closed by the leaves that it had; an audit may bring back what was lost.
            guard !children[child].isFenced || accounts.contains(where: { $0.missing != 0 }) else {
                return effects.append(.refuse(.fenced, key.root))
            }
            leaves.append(Leaf(key: key, child: child))
            leafCells.append(contentsOf: repeatElement(LeafCell(), count: accounts.count))
            restate(child, &effects) { $0.leafCount += 1 }
        }
        effects.append(.registered(key))
    }

    /// A registration of an earlier session that was on its way for long may have come before this one's, which the tail took. Of
    /// a leaf that nothing is known of the session that was told of it has given, and the other one has not.
    private mutating func present(_ key: LeafKey, _ effects: inout [BookEffect]) {
        if let known = leaf(key), leaves[known].key != key, leaves[known].claims.isEmpty,
            let child = child(key.root),
            leafCells[known * accounts.count..<(known + 1) * accounts.count].allSatisfy(\.isBlank)
        {
            let former = leaves[known].child
            leaves[known] = Leaf(key: key, child: child)
            restate(former, &effects) { $0.leafCount -= 1 }
            restate(child, &effects) { $0.leafCount += 1 }
        }
        register(key, &effects)
    }

    /// Ids of one start lie closer together than this, those of two starts further apart.
    private static let requestsOfAStart: UInt64 = 1 << 20

    private mutating func renew(
        _ session: LedgerSession, _ request: RenewalChain.Request, _ next: UInt64,
        _ effects: inout [BookEffect]
    ) {
        guard let child = child(session) else { return effects.append(.refuse(.unknownSession, session)) }
        guard !children[child].isFenced else { return effects.append(.refuse(.fenced, session)) }
        guard !children[child].isCloned else { return effects.append(.refuse(.cloned, session)) }
        // One start counts its requests: an earlier one that comes late is answered already.
        let age = children[child].usedBy &- request.id
        if age > 0, age < Self.requestsOfAStart, children[child].usedBy != 0 { return }
        if request.id == children[child].usedBy, children[child].usedBy != 0 {
            if rules.keep(.retriesAreNoClones) {
                effects.append(.renew(session, request: request.id, next: children[child].nonce))
            } else {
                children[child].isCloned = true
                effects.append(.fenceClone(session))
            }
            return
        }
        guard request.nonce == children[child].nonce || !rules.keep(.clonesAreFenced) else {
            // Neither is renewed: what both have runs out, and is in suspense.
            children[child].isCloned = true
            effects.append(.fenceClone(session))
            return
        }
        children[child].usedBy = request.id
        children[child].nonce = next
        effects.append(.renew(session, request: request.id, next: next))
    }

    mutating func fence(_ session: LedgerSession, _ effects: inout [BookEffect]) {
        guard let child = child(session), !children[child].isFenced else { return }
        restate(child, &effects) { $0.isFenced = true }
    }

    private mutating func presume(_ session: LedgerSession, _ effects: inout [BookEffect]) {
        guard let child = child(session), children[child].isFenced, !children[child].isPresumed else {
            return
        }
        if !isOver(child) { effects.append(.alarm(.presumedSpent, session)) }
        restate(child, &effects) { $0.isPresumed = true }
        guard !rules.keep(.countersAreKept) else { return }
        for leaf in leaves.indices where leaves[leaf].child == child {
            for row in accounts.indices { leafCells[leaf * accounts.count + row].blocks.removeAll() }
        }
    }

    /// A session's state is another one: all its money is looked at anew.
    private mutating func restate(
        _ child: Int, _ effects: inout [BookEffect], _ body: (inout Child) -> Void
    ) {
        let before = accounts.indices.map { places(child, AccountIndex(UInt32($0))) }
        body(&children[child])
        for row in accounts.indices {
            let account = AccountIndex(UInt32(row))
            moved(account, before[row], places(child, account), &effects)
        }
    }

    // MARK: Granting

    private mutating func request(
        _ session: LedgerSession, _ account: AccountIndex, _ upTo: Micros, _ effects: inout [BookEffect]
    ) {
        guard let child = child(session) else { return effects.append(.refuse(.unknownSession, session)) }
        guard account.row < accounts.count else { return effects.append(.refuse(.unknownAccount, session)) }
        guard upTo >= .zero else { return effects.append(.refuse(.negative, session)) }
        let at = cell(child, account)
        guard !children[child].isFenced else { return effects.append(.refuse(.fenced, session)) }
        let missing = upTo.subtracting(cells[at].granted) ?? .zero
        if missing > .zero {
            let highest = rules.keep(.grantsServeAnImpression) ? accounts[account.row].highest : .zero
            let room =
                rules.keep(.overhangStopsGrants) ? grantable(account) : max(grantable(account), missing)
            let given = min(max(missing, highest), room)
            // Less than one impression helps nobody.
            if given > .zero, given >= highest, cells[at].granted.adding(given) != nil {
                change(child, account, &effects) { $0.granted += given }
            }
        }
        effects.append(
            .grant(session, account, upTo: cells[at].granted, isLast: cells[at].granted < upTo))
    }

    private mutating func takeBack(
        _ session: LedgerSession, _ account: AccountIndex, _ sum: Micros, _ effects: inout [BookEffect]
    ) {
        guard let child = child(session) else { return effects.append(.refuse(.unknownSession, session)) }
        guard account.row < accounts.count else { return effects.append(.refuse(.unknownAccount, session)) }
        guard sum >= .zero else { return effects.append(.refuse(.negative, session)) }
        let at = cell(child, account)
        if sum > cells[at].returned {
            // Behind the fence it waits for the closing, which says the same and more.
            guard !children[child].isFenced else { return effects.append(.refuse(.fenced, session)) }
            guard sum <= cells[at].granted - cells[at].settled else {
                return effects.append(.refuse(.beyondGranted, session))
            }
            change(child, account, &effects) { $0.returned = sum }
        }
        effects.append(.acknowledgeReturn(session, account, sum))
    }
}
