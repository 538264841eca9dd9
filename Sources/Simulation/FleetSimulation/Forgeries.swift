// What somebody says in the name of a machine who is none of ours, or whose keys were stolen: all of it is refused and changes nothing,
// but for bills that are said to be late, which are counted apart, with an alarm, up to what bills can come to.
import Ledger
import Units

extension World {
    /// A sequence that no shard comes to, and what is said to be billed under it.
    private static let forgedSequence: UInt64 = 1 << 26
    private static let forgedAmount = Micros(1)

    func forge() -> String? {
        guard !database.isDown, database.primary.verified == database.primary.timeline,
            let leaf = database.primary.book.leaves.last, let child = database.primary.book.children.last
        else { return nil }
        var book = database.primary.book
        let rows = book.rows
        for event in forgeries(book, leaf.key, child) {
            var effects: [BookEffect] = []
            book.handle(event, &effects)
            var isRefused = false
            for case .refuse(let refusal, _) in effects {
                coverage.note(refusal)
                isRefused = true
            }
            if !isRefused { violate("14: nobody refuses \(event)") }
        }
        if book.rows != rows { violate("14: what was refused has changed the book") }
        forgeTokens()
        forgeAboveClosing()
        return "in the name of session \(leaf.key.node.rawValue)"
    }

    private func forgeries(_ book: GrantBook, _ key: LeafKey, _ child: GrantBook.Child) -> [BookEvent] {
        let account = AccountIndex(0)
        let nobody = AccountIndex(99)
        let session = child.session
        let stranger = LedgerSession(1 << 60)
        let lost = LeafKey(root: session, node: stranger)
        let reservation = ReservationKey(session: key.node, shard: 0, sequence: Self.forgedSequence)
        func block(
            _ account: AccountIndex, _ mask: UInt64 = 1, paid: Micros = .zero, late: Micros = .zero
        ) -> SettlementBlock {
            SettlementBlock(account: account, shard: 9, number: 0, mask: mask, paid: paid, late: late)
        }
        func claim(_ account: AccountIndex, _ amount: Micros, in currency: CurrencyCode = .usd) -> BookEvent {
            .claimed(
                key,
                Claim(
                    key: reservation, account: account, currency: currency, reserved: amount, amount: amount))
        }
        // Three quarters of what fits: twice as much does not.
        let huge = Micros(Int64.max / 4 * 3)
        let another = HolderNumber(child.holder.rawValue ^ 1)
        var events: [BookEvent] = [
            .requested(session, account, upTo: Micros(-1)), .requested(session, nobody, upTo: Micros(1)),
            .requested(stranger, account, upTo: Micros(1)), .returned(session, account, .max),
            .returned(session, account, Micros(-1)), .returned(session, nobody, Micros(1)),
            .returned(stranger, account, Micros(1)), .settled(key, block(account, 0, paid: .max)),
            .settled(key, block(account, paid: .max)), .settled(key, block(account, late: huge)),
            .settled(key, block(account, .max, late: huge)), .settled(key, block(account, paid: Micros(-1))),
            .settled(key, block(nobody, paid: Micros(1))), .settled(lost, block(account, paid: Micros(1))),
            claim(account, huge), claim(account, Micros(-1)), claim(nobody, Micros(1)),
            claim(account, Micros(1), in: WorldShape.otherCurrency),
            .closed(key, Closing(account: account, drawn: .zero, freed: .max)),
            .closed(key, Closing(account: account, drawn: Micros(-1), freed: .zero)),
            .closed(key, Closing(account: nobody, drawn: .zero, freed: .zero)),
            .closed(lost, Closing(account: account, drawn: .zero, freed: .zero)), .ended(lost, accounts: []),
            .leafRegistered(LeafKey(root: stranger, node: key.node)), .leafRegistered(lostKin(book, key)),
            .renewalAsked(stranger, .init(id: 1, nonce: 0, sentAt: Instant(nanoseconds: 0)), next: 1),
            .presented(session, another, account, granted: Micros(1), returned: .zero),
            .presented(session, child.holder, account, granted: .zero, returned: Micros(1)),
            .presented(session, child.holder, nobody, granted: .zero, returned: .zero),
            .paused(nobody, true), .flightEnded(nobody),
            .refunded(account, number: 9_999, Micros(1), in: .usd),
            .refunded(account, number: 1, Micros(1), in: WorldShape.otherCurrency),
            .carriedOver(account, to: AccountIndex(2)), .carriedOver(nobody, to: account),
            .budgetChanged(account, to: .max, in: WorldShape.otherCurrency),
            .budgetChanged(account, to: Micros(-1), in: .usd), .budgetChanged(nobody, to: .max, in: .usd),
        ]
        if book.accounts[0].committed > .zero {
            events.append(.presented(session, child.holder, account, granted: .max, returned: .zero))
        }
        for child in book.children where child.isFenced {
            guard let leaf = book.leaves.last(where: { $0.key.root == child.session }) else { continue }
            events.append(.closed(leaf.key, Closing(account: account, drawn: .zero, freed: .max)))
        }
        return events
    }

    /// A node session under a broker's that it does not belong to.
    private func lostKin(_ book: GrantBook, _ key: LeafKey) -> LeafKey {
        let other = book.children.last { $0.session != key.root }?.session ?? LedgerSession(1 << 60)
        return LeafKey(root: other, node: key.node)
    }

    /// A token that nobody signed.
    private func forgeTokens() {
        for index in nodes.indices where nodes[index].isUp {
            guard let lane = nodes[index].lanes.last else { continue }
            let key = ReservationKey(session: lane.session, shard: 0, sequence: 1 << 40)
            if lane.desks[0].holder.settle(key, Micros(1)) == .unknown { coverage.note(.unknown) }
        }
    }

    /// A bill behind a closing that has nothing left for one: it is late, and an alarm.
    private func forgeAboveClosing() {
        let book = database.primary.book
        for leaf in book.leaves.indices.reversed() {
            let key = book.leaves[leaf].key
            for account in Node.spent {
                let known = book.evidence(leaf, account)
                let reservation = ReservationKey(session: key.node, shard: 0, sequence: Self.forgedSequence)
                guard known.isClosed, known.drawn == known.freed + known.paid, known.claimed == .zero,
                    book.open(key.root, account) >= Self.forgedAmount,
                    !book.isSettled(leaf, reservation, of: account)
                else { continue }
                let event = BookEvent.settled(
                    key,
                    SettlementBlock(
                        account: account, shard: 0, number: UInt32(Self.forgedSequence >> 6), mask: 1,
                        paid: Self.forgedAmount))
                var effects: [BookEffect] = []
                database.primary.book.handle(event, &effects)
                for effect in effects { noteBook(effect, true) }
                return checkStep(database.primary, .book(event, replyTo: -1))
            }
        }
    }

    /// What is counted late of a node session that no journal has.
    func forgedLate(_ book: GrantBook, _ leaf: Int, _ account: AccountIndex) -> Micros {
        let session = book.leaves[leaf].key.node
        let key = ReservationKey(session: session, shard: 0, sequence: Self.forgedSequence)
        return book.isSettled(leaf, key, of: account) ? Self.forgedAmount : .zero
    }
}
