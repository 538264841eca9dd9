// An audit at a root: what holders present of sessions and accounts that a lost tail may have taken, and what two operators enter
// for one that is silent.
internal import Units

extension RootLedger {
    /// What whoever asks is told beside every answer.
    public func auditCall(for holder: HolderNumber) -> AuditCall {
        AuditCall(mark: audit.mark, isAsked: audit.waits(for: holder))
    }

    mutating func beginAudit(_ touches: inout BookTouches, _ batch: inout RootBatch) -> RootAnswer {
        let all = Array(repeating: limits.holders, count: labels.count)
        // Where there are no accounts yet, those that come wait for the same holders.
        let event = audit.look(
            at: timeline, isWhole: false, asking: all.isEmpty ? [limits.holders] : all, mark: wallSeconds)
        (lostAccounts, untaken, auditTroubles) = ([:], [], [:])
        if event != nil { _ = tell(.auditBegan(holders: all), &touches, &batch) }
        return .auditBegan(mark: audit.mark)
    }

    // MARK: Holders

    mutating func present(
        _ said: HolderPresentation, _ holder: HolderNumber, _ touches: inout BookTouches,
        _ batch: inout RootBatch
    ) -> RootAnswer {
        guard said.mark == audit.mark, audit.waits(for: holder) else { return .presented(mark: audit.mark) }
        let key = StartKey(holder: holder, start: said.start)
        let session = said.session ?? starts[key] ?? said.candidate
        if let child = book?.child(session) {
            guard book?.children[child].holder == holder else {
                return untaken(holder, "session \(session.rawValue) is another holder's")
            }
        } else {
            // Its start is not known by everybody: then its own number, which no other start has, stands for it.
            let start = said.start == 0 ? session.rawValue : said.start
            starts[StartKey(holder: holder, start: start)] = session
            startOf[session] = start
            batch.broughtBack.append(session)
        }
        var trouble: String?
        var sums: [Presentation.Sum] = []
        for sum in said.sums {
            guard names[sum.name] == sum.number, book?.accounts[sum.number.row].currency == sum.currency
            else {
                trouble = unknown(sum)
                continue
            }
            sums.append(Presentation.Sum(sum.number, granted: sum.granted, returned: sum.returned))
        }
        let part = Presentation.Session(
            session, sums: sums, leaves: said.nodes.map { LeafKey(root: session, node: $0) },
            renewal: said.renewal)
        for event in audit.heard(Presentation([part], isLast: false), from: holder) {
            for case .refuse(let reason, _) in tell(event, &touches, &batch) {
                // A node session that belongs elsewhere by its own evidence stays there.
                if case .presented(_, _, let account, _, _) = event {
                    trouble =
                        "\(Self.text(labels[account.row].name)) of session \(session.rawValue): \(reason)"
                }
            }
        }
        return trouble.map { untaken(holder, $0) } ?? .presented(mark: audit.mark)
    }

    private mutating func unknown(_ sum: HolderPresentation.Sum) -> String {
        let place = "account \(sum.number.rawValue), \(Self.text(sum.name)) in \(sum.currency)"
        if let known = names[sum.name] {
            return "\(place): it is account \(known.rawValue) here"
        }
        guard sum.number.row >= labels.count || isPlaceholder(sum.number) else {
            return "\(place): that number is \(Self.text(labels[sum.number.row].name)) here"
        }
        lostAccounts[sum.name] = sum.number
        return "\(place) was lost: order it, as the catalog does by itself"
    }

    private static func text(_ name: AccountName) -> String {
        name.day.map { "\(name.campaign) of \($0.date)" } ?? name.campaign
    }

    private mutating func untaken(_ holder: HolderNumber, _ why: String) -> RootAnswer {
        untaken.insert(holder)
        auditTroubles[holder] = why
        return .refused(.audited, LedgerSession(0))
    }

    mutating func presented(
        _ mark: UInt32, _ holder: HolderNumber, _ touches: inout BookTouches, _ batch: inout RootBatch
    ) -> RootAnswer {
        guard mark == audit.mark, audit.waits(for: holder) else { return .presented(mark: audit.mark) }
        // It says all of it again.
        guard untaken.remove(holder) == nil else { return .refused(.audited, LedgerSession(0)) }
        auditTroubles[holder] = nil
        for event in audit.heard(Presentation([], isLast: true), from: holder) {
            _ = tell(event, &touches, &batch)
        }
        return .presented(mark: mark)
    }

    // MARK: Accounts

    private static func placeholder(_ account: AccountIndex) -> AccountName {
        AccountName(campaign: "lost-account-\(account.rawValue)")
    }

    /// It stands for one that a lost tail may have taken and nobody has named yet.
    private func isPlaceholder(_ account: AccountIndex) -> Bool {
        account.row < labels.count && labels[account.row].name == Self.placeholder(account)
    }

    /// Which number a new account has; nil while an audit may still bring one that has it.
    func number(ofNew name: AccountName) -> AccountIndex? {
        let next = AccountIndex(UInt32(labels.count))
        guard audit.missing != 0 else { return next }
        if let known = lostAccounts[name] { return known }
        // A lost day's lifetime account, which no holder had to present.
        guard name.day == nil, lostAccounts.keys.contains(where: { $0.campaign == name.campaign }) else {
            return nil
        }
        let taken = Set(lostAccounts.values)
        // Lifetimes are ordered before their days: where a number is free below those that are known, it may be this one's.
        let gaps = (0..<labels.count).map { AccountIndex(UInt32($0)) }.filter(isPlaceholder)
        var free = gaps.first { !taken.contains($0) } ?? next
        while taken.contains(free) { free = AccountIndex(free.rawValue + 1) }
        return free
    }

    mutating func open(
        _ name: AccountName, _ account: GrantBook.Account, as index: AccountIndex,
        _ touches: inout BookTouches
    ) {
        var account = account
        account.missing = audit.missing
        while labels.count < index.row {
            let gap = AccountIndex(UInt32(labels.count))
            var blank = GrantBook.Account(currency: account.currency, highest: .zero)
            blank.hasEnded = true
            add(Self.placeholder(gap), blank)
            touches.add(.account(gap))
        }
        if index.row == labels.count {
            add(name, account)
        } else {
            names[labels[index.row].name] = nil
            labels[index.row].name = name
            names[name] = index
            book?.accounts[index.row] = account
        }
        lostAccounts[name] = nil
    }

    private mutating func add(_ name: AccountName, _ account: GrantBook.Account) {
        names[name] = AccountIndex(UInt32(labels.count))
        labels.append(AccountLabel(name: name, version: 0))
        book?.add([account])
    }

    // MARK: Operators

    mutating func enter(
        _ entry: AuditEntry, _ touches: inout BookTouches, _ batch: inout RootBatch
    ) -> RootAnswer {
        guard entry.mark == audit.mark, audit.missing & entry.holder.bit != 0, let book else {
            return .refusedEntry(.notAsked(mark: audit.mark))
        }
        var amounts: [(account: AccountIndex, amount: Micros)] = []
        for one in entry.amounts {
            guard let account = names[one.name] else { return .refusedEntry(.noSuchAccount(one.name)) }
            guard book.accounts[account.row].missing & entry.holder.bit != 0 else {
                return .refusedEntry(.notMissing(one.name))
            }
            guard one.amount >= .zero else { return .refusedEntry(.negative) }
            guard one.amount <= book.accounts[account.row].budget else {
                return .refusedEntry(.tooMuch(one.name))
            }
            amounts.append((account, one.amount))
        }
        if entry.restIsZero {
            let named = Set(amounts.map(\.account))
            for row in labels.indices where book.accounts[row].missing & entry.holder.bit != 0 {
                let account = AccountIndex(UInt32(row))
                if !named.contains(account) { amounts.append((account, .zero)) }
            }
        }
        let made = amounts.map { enter($0.amount, of: $0.account, entry, &touches, &batch) }
        // Nobody waits for it any more, but for what it will say itself.
        if !(self.book?.accounts.contains { $0.missing & entry.holder.bit != 0 } ?? true) {
            audit.entered(for: entry.holder)
        }
        return .entered(made)
    }

    private mutating func enter(
        _ amount: Micros, of account: AccountIndex, _ entry: AuditEntry, _ touches: inout BookTouches,
        _ batch: inout RootBatch
    ) -> EnteredAmount {
        func isOfThis(_ row: AuditEntryRow) -> Bool {
            row.mark == entry.mark && row.holder == entry.holder && row.account == account
        }
        let others = entries.filter { isOfThis($0) && OperatorName.areTwo($0.who, entry.who) }
        let isAgreed = others.contains { $0.amount == amount }
        entries.removeAll { isOfThis($0) && $0.who == entry.who }
        var row = AuditEntryRow(
            mark: entry.mark, holder: entry.holder, account: account, who: entry.who, amount: amount,
            session: nil)
        var standing = EnteredAmount.Standing.waits
        if isAgreed {
            if amount > .zero {
                row.session = entry.candidate
                if !batch.entered.contains(entry.candidate) { batch.entered.append(entry.candidate) }
                startOf[entry.candidate] = entry.candidate.rawValue
                starts[StartKey(holder: entry.holder, start: entry.candidate.rawValue)] = entry.candidate
            }
            _ = tell(.entered(entry.candidate, entry.holder, account, amount), &touches, &batch)
            standing = .agreed
        } else if !others.isEmpty {
            standing = .differs
        }
        entries.append(row)
        batch.entries.append(row)
        return EnteredAmount(name: labels[account.row].name, amount: amount, standing: standing)
    }
}
