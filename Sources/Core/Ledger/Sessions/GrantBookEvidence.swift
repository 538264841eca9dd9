// What became of granted money, by those who know: settlements by their keys, claims of bills that came elsewhere, closings
// read from journals, and, after a lost tail, what brokers remember of their grants.
internal import Units

extension GrantBook {
    // MARK: Settlements

    mutating func settle(_ key: LeafKey, _ block: SettlementBlock, _ effects: inout [BookEffect]) {
        guard let leaf = leaf(key) else { return effects.append(.refuse(.unknownLeaf, key.node)) }
        guard block.account.row < accounts.count else {
            return effects.append(.refuse(.unknownAccount, key.node))
        }
        guard block.paid >= .zero, block.late >= .zero else {
            return effects.append(.refuse(.negative, key.node))
        }
        let at = leaf * accounts.count + block.account.row
        let known = leafCells[at].blocks.lastIndex { $0.isSamePlace(as: block) }
        let before =
            known.map { leafCells[at].blocks[$0] }
            ?? SettlementBlock(account: block.account, shard: block.shard, number: block.number)
        if block.mask & ~before.mask == 0 {
            // Nothing new; the same keys are the same sums.
            guard block.mask != before.mask || block.paid == before.paid && block.late == before.late else {
                return effects.append(.refuse(.forgedBlock, key.node))
            }
            if rules.keep(.countersAreMaximised) || block.mask == 0 {
                return effects.append(.acknowledgeBlock(key, block))
            }
        }
        guard before.mask & ~block.mask == 0, block.paid >= before.paid, block.late >= before.late else {
            return effects.append(.refuse(.forgedBlock, key.node))
        }
        var paid = rules.keep(.countersAreMaximised) ? block.paid - before.paid : block.paid
        var late = block.late - before.late
        let child = leaves[leaf].child
        let merged = claimed(of: leaf, in: block)
        let settled = cells[cell(child, block.account)].settled
        guard let sum = settled.adding(paid), sum - merged <= cells[cell(child, block.account)].out else {
            return effects.append(.refuse(.beyondGranted, key.node))
        }
        // Behind a closing what was paid may turn out late as well.
        guard let lateMost = block.late.adding(paid), isCountable(block.account, lateMost) else {
            return effects.append(.refuse(.beyondGranted, key.node))
        }
        guard isBelievable(child, block.account, bills: block.mask.nonzeroBitCount, block.paid, block.late)
        else { return effects.append(.refuse(.beyondGranted, key.node)) }
        if rules.keep(.claimsAreMergedByKey) { merge(leaf, block, &effects) }
        if leafCells[at].isClosed {
            // The journal's own word comes before claims that it has not taken in.
            give(way: leaf, block.account, to: paid, &effects)
            let left = leafCells[at].drawn - leafCells[at].freed - leafCells[at].settled
            if paid > left {
                // The closing spoke before this was billed: it is outside the budget, and somebody looks.
                late += rules.keep(.lateIsKept) ? paid - max(left, .zero) : .zero
                paid = max(left, .zero)
                effects.append(.alarm(.billedAboveClosing, key.node))
            }
        }
        if let known {
            leafCells[at].blocks[known] = block
        } else {
            leafCells[at].blocks.append(block)
        }
        var account = block.account
        if !rules.keep(.settlementKeepsItsWindow), let parent = accounts[account.row].parent {
            account = AccountIndex(UInt32(accounts.lastIndex { $0.parent == parent } ?? account.row))
        }
        count(leaf, account, paid: paid, late: late, &effects)
        effects.append(.acknowledgeBlock(key, block))
    }

    /// A claim took what the closing waits for, which was the journal's own: it is late, as far as that needs it.
    private mutating func give(
        way leaf: Int, _ account: AccountIndex, to paid: Micros, _ effects: inout [BookEffect]
    ) {
        let at = leaf * accounts.count + account.row
        for index in leaves[leaf].claims.indices where leaves[leaf].claims[index].claim.account == account {
            let missing = paid - (leafCells[at].drawn - leafCells[at].freed - leafCells[at].settled)
            let one = leaves[leaf].claims[index]
            let given = min(missing, one.paid)
            guard given > .zero else { continue }
            leaves[leaf].claims[index] = CountedClaim(
                one.claim, paid: one.paid - given, late: one.late + given)
            count(
                leaf, account, paid: .zero, late: .zero, claimed: .zero - given, claimedLate: given, &effects)
        }
    }

    /// Whether so many bills can come to so much. Nothing is set aside that was not granted, so none of them was for more than
    /// the session was ever granted; and an exchange that asks for much more than was bid is paid what was bid. What is late
    /// stands outside the budget, and nothing else bounds it: a forged sum would keep genuine bills out.
    private func isBelievable(
        _ child: Int, _ account: AccountIndex, bills: Int, _ paid: Micros, _ late: Micros
    ) -> Bool {
        let most = cells[cell(child, account)].granted.multiplied(by: Self.billTimes * Int64(bills)) ?? .max
        return paid.adding(late).map { $0 <= most } ?? false
    }

    /// So many times what was set aside a bill may be: what is beyond is no price (`NoticePrice.absurdTimes`).
    public static let billTimes: Int64 = 100

    /// Whether so much more fits into what is late.
    private func isCountable(_ account: AccountIndex, _ late: Micros) -> Bool {
        let row = accounts[account.row]
        let parent = row.parent.map { accounts[$0.row].late } ?? .zero
        return row.late.adding(late) != nil && parent.adding(late) != nil
    }

    /// Adds what a leaf settled to its cell and to its session's.
    private mutating func count(
        _ leaf: Int, _ account: AccountIndex, paid: Micros, late: Micros, claimed: Micros = .zero,
        claimedLate: Micros = .zero, _ effects: inout [BookEffect]
    ) {
        let at = leaf * accounts.count + account.row
        let child = leaves[leaf].child
        let waiting = leafCells[at].waiting
        leafCells[at].paid += paid
        leafCells[at].late += late
        leafCells[at].claimed += claimed
        leafCells[at].claimedLate += claimedLate
        let change = leafCells[at].waiting - waiting
        let lateChange = rules.keep(.lateIsKept) ? late + claimedLate : .zero
        if lateChange != .zero {
            accounts[account.row].late += lateChange
            if let parent = accounts[account.row].parent { accounts[parent.row].late += lateChange }
            if lateChange > .zero {
                effects.append(
                    .move(Movement(account: account, from: .exchange, to: .late, amount: lateChange)))
                effects.append(.alarm(.lateBilling, leaves[leaf].key.node))
            } else {
                effects.append(
                    .move(
                        Movement(account: account, from: .late, to: .exchange, amount: .zero - lateChange)))
            }
        }
        let presumed = places(child, account).presumed
        self.change(child, account, &effects) {
            $0.settled += paid + claimed
            $0.waiting += change
        }
        if presumed > places(child, account).presumed {
            effects.append(.alarm(.presumedReversed, children[child].session))
        }
    }

    // MARK: Claims

    mutating func claim(_ key: LeafKey, _ claim: Claim, _ effects: inout [BookEffect]) {
        guard let leaf = leaf(key) else { return effects.append(.refuse(.unknownLeaf, key.node)) }
        guard claim.account.row < accounts.count else {
            return effects.append(.refuse(.unknownAccount, key.node))
        }
        guard claim.currency == accounts[claim.account.row].currency else {
            return effects.append(.refuse(.otherCurrency, key.node))
        }
        guard claim.amount >= .zero, claim.reserved >= .zero else {
            return effects.append(.refuse(.negative, key.node))
        }
        guard isCountable(claim.account, claim.amount) else {
            return effects.append(.refuse(.beyondGranted, key.node))
        }
        guard isBelievable(leaves[leaf].child, claim.account, bills: 1, .zero, claim.amount) else {
            return effects.append(.refuse(.beyondGranted, key.node))
        }
        if rules.keep(.claimsAreMergedByKey) {
            if isSettled(leaf, claim.key, of: claim.account) {
                return effects.append(.acknowledgeClaim(key, claim.key))
            }
            if leaves[leaf].claims.contains(where: { $0.claim.key == claim.key }) {
                // Its holder has not spoken yet. Behind the horizon nobody waits for that.
                let isOver = children[leaves[leaf].child].isPresumed
                return effects.append(isOver ? .acknowledgeClaim(key, claim.key) : .forwardClaim(key, claim))
            }
        }
        let at = leaf * accounts.count + claim.account.row
        let cell = cells[cell(leaves[leaf].child, claim.account)]
        // Only what still waits somewhere can pay for it.
        let room = leafCells[at].isClosed ? leafCells[at].waiting : max(cell.out - cell.settled, .zero)
        let paid = min(claim.amount, claim.reserved, room)
        guard rules.keep(.claimsStandApart) else {
            return count(leaf, claim.account, paid: paid, late: claim.amount - paid, &effects)
        }
        leaves[leaf].claims.append(CountedClaim(claim, paid: paid, late: claim.amount - paid))
        count(
            leaf, claim.account, paid: .zero, late: .zero, claimed: paid, claimedLate: claim.amount - paid,
            &effects)
        effects.append(.forwardClaim(key, claim))
    }

    private func isIn(_ block: SettlementBlock, _ claim: Claim) -> Bool {
        claim.account == block.account && block.shard == claim.key.shard
            && UInt64(block.number) == claim.key.sequence >> 6
            && block.mask >> (claim.key.sequence & 63) & 1 == 1
    }

    /// What claims of these keys count for now.
    private func claimed(of leaf: Int, in block: SettlementBlock) -> Micros {
        leaves[leaf].claims.reduce(.zero) { $0 + (isIn(block, $1.claim) ? $1.paid : .zero) }
    }

    /// The journal has spoken on these keys: its word replaces the claims'.
    private mutating func merge(_ leaf: Int, _ block: SettlementBlock, _ effects: inout [BookEffect]) {
        while let at = leaves[leaf].claims.firstIndex(where: { isIn(block, $0.claim) }) {
            let one = leaves[leaf].claims.remove(at: at)
            count(
                leaf, block.account, paid: .zero, late: .zero, claimed: .zero - one.paid,
                claimedLate: .zero - one.late, &effects)
        }
    }

    // MARK: Closings

    mutating func close(_ key: LeafKey, _ closing: Closing, _ effects: inout [BookEffect]) {
        guard let leaf = leaf(key) else { return effects.append(.refuse(.unknownLeaf, key.node)) }
        guard closing.account.row < accounts.count else {
            return effects.append(.refuse(.unknownAccount, key.node))
        }
        let child = leaves[leaf].child
        guard closing.drawn >= .zero, closing.freed >= .zero else {
            return effects.append(.refuse(.negative, key.node))
        }
        guard children[child].isFenced || !rules.keep(.closingsComeBehindTheFence) else {
            return effects.append(.refuse(.beforeTheFence, key.node))
        }
        let claims = nameClaims(of: leaf, closing.account)
        guard claims.isEmpty else {
            effects += claims
            return effects.append(.refuse(.behindClaims, key.node))
        }
        let at = leaf * accounts.count + closing.account.row
        guard closing.freed <= closing.drawn, leafCells[at].settled <= closing.drawn - closing.freed,
            closing.drawn - closing.freed <= cells[cell(child, closing.account)].out
        else { return effects.append(.refuse(.forgedClosing, key.node)) }
        let waiting = leafCells[at].waiting
        let isFirst = !leafCells[at].isClosed
        if isFirst || closing.freed > leafCells[at].freed {
            leafCells[at].drawn = closing.drawn
            leafCells[at].freed = max(closing.freed, leafCells[at].freed)
            leafCells[at].isClosed = true
            let change = leafCells[at].waiting - waiting
            let presumed = places(child, closing.account).presumed
            self.change(child, closing.account, &effects) {
                $0.waiting += change
                if isFirst { $0.closedLeaves += 1 }
            }
            let left = places(child, closing.account).presumed
            if presumed > left {
                effects.append(.alarm(.presumedReversed, children[child].session))
                if !rules.keep(.reversalPaysOverhang) {
                    accounts[closing.account.row].budget += min(
                        presumed - left, max(.zero - accounts[closing.account.row].unassigned, .zero))
                }
            }
        }
        effects.append(.acknowledgeClosing(key, closing))
    }

    /// A closing of nothing for every account that a holder's other sessions were given and this one was not: without it, one
    /// node that never heard of a campaign would keep all that its broker had of it.
    mutating func end(_ key: LeafKey, _ known: [AccountIndex], _ effects: inout [BookEffect]) {
        guard let leaf = leaf(key) else { return effects.append(.refuse(.unknownLeaf, key.node)) }
        let child = leaves[leaf].child
        guard children[child].isFenced || !rules.keep(.closingsComeBehindTheFence) else {
            return effects.append(.refuse(.beforeTheFence, key.node))
        }
        let known = Set(known)
        let others = accounts.indices.filter {
            !known.contains(AccountIndex(UInt32($0))) && !leafCells[leaf * accounts.count + $0].isClosed
                && cells[child * accounts.count + $0].out > .zero
        }
        guard others.allSatisfy({ leafCells[leaf * accounts.count + $0].settled == .zero }) else {
            return effects.append(.refuse(.forgedClosing, key.node))
        }
        for row in others {
            leafCells[leaf * accounts.count + row].isClosed = true
            change(child, AccountIndex(UInt32(row)), &effects) { $0.closedLeaves += 1 }
        }
        effects.append(.acknowledgeEnd(key))
    }
}
