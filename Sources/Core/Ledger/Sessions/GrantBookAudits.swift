// An audit in an issuer's book: what holders and operators say of grants that a lost tail may have taken.
internal import Units

extension GrantBook {
    mutating func present(
        _ session: LedgerSession, _ holder: HolderNumber, _ account: AccountIndex, _ granted: Micros,
        _ returned: Micros, _ effects: inout [BookEffect]
    ) {
        guard account.row < accounts.count else { return effects.append(.refuse(.unknownAccount, session)) }
        guard returned >= .zero, granted >= returned else {
            return effects.append(.refuse(.negative, session))
        }
        let whole = accounts[account.row].parent ?? account
        // All four places are added up to see what is free.
        guard [account, whole].allSatisfy({ accounts[$0.row].committed.adding(granted) != nil }) else {
            return effects.append(.refuse(.beyondGranted, session))
        }
        if child(session) == nil {
            // The session itself was lost with the tail.
            children.append(Child(session: session, holder: holder))
            cells.append(contentsOf: repeatElement(Cell(), count: accounts.count))
        }
        guard let child = child(session) else { return }
        let isMaximised = rules.keep(.presentationIsMaximised)
        change(child, account, &effects) {
            $0.granted = isMaximised ? max($0.granted, granted) : $0.granted + granted
            $0.returned = max($0.returned, returned)
        }
    }

    mutating func endPresentation(_ holder: HolderNumber, _ effects: inout [BookEffect]) {
        let bit = holder.bit
        var hasEnded = false
        for row in accounts.indices where accounts[row].missing & bit != 0 {
            accounts[row].missing &= ~bit
            hasEnded = hasEnded || accounts[row].missing == 0
        }
        if hasEnded { effects.append(.alarm(.auditEnded, LedgerSession(0))) }
    }

    /// Behind a lost tail the nonce here is one that was used long ago.
    mutating func adopt(_ request: RenewalChain.Request, of session: LedgerSession) {
        guard let child = child(session), !children[child].isFenced, !children[child].isCloned,
            children[child].usedBy != request.id
        else { return }
        children[child].nonce = request.nonce
        children[child].usedBy = request.id &- 1
    }

    /// It is fenced from the start: whoever it stands for may have anything of it, and nothing proves what.
    mutating func enter(
        _ session: LedgerSession, _ holder: HolderNumber, _ account: AccountIndex, _ amount: Micros,
        _ effects: inout [BookEffect]
    ) {
        guard account.row < accounts.count else { return effects.append(.refuse(.unknownAccount, session)) }
        guard amount >= .zero else { return effects.append(.refuse(.negative, session)) }
        let whole = accounts[account.row].parent ?? account
        guard [account, whole].allSatisfy({ accounts[$0.row].committed.adding(amount) != nil }) else {
            return effects.append(.refuse(.beyondGranted, session))
        }
        if amount > .zero {
            if child(session) == nil {
                children.append(Child(session: session, holder: holder))
                cells.append(contentsOf: repeatElement(Cell(), count: accounts.count))
            }
            fence(session, &effects)
            guard let child = child(session) else { return }
            // It has no node session whose closing could free anything of it.
            change(child, account, &effects) {
                $0.granted = max($0.granted, amount)
                $0.waiting = max($0.waiting, amount)
            }
        }
        guard accounts[account.row].missing & holder.bit != 0 else { return }
        accounts[account.row].missing &= ~holder.bit
        if accounts[account.row].missing == 0 { effects.append(.alarm(.auditEnded, LedgerSession(0))) }
    }
}
