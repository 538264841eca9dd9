// Random events for a book, most of which it takes: a fleet in which everything happens that may, in no sensible order.
import Ledger
import Units

struct BookEvents {
    private var random: Randomness
    private var nextSession: UInt64 = 100
    /// What journals say by now, by node session, account and block.
    private var blocks: [BlockName: SettlementBlock] = [:]
    private var drawn: [LeafAccount: Micros] = [:]
    private var nonces: [LedgerSession: RenewalChain.Request] = [:]

    private struct LeafAccount: Hashable {
        let leaf: LeafKey
        let account: AccountIndex
    }

    private struct BlockName: Hashable {
        let leaf: LeafKey
        let place: SettlementBlock.Place
    }

    /// Two lifetimes, one with two windows, and a campaign without any.
    let accounts = [
        GrantBook.Account(currency: .usd, highest: Micros(10)),
        GrantBook.Account(parent: AccountIndex(0), currency: .usd, highest: Micros(10)),
        GrantBook.Account(parent: AccountIndex(0), currency: .usd, highest: Micros(10)),
        GrantBook.Account(currency: .usd, highest: Micros(50)),
    ]

    init(seed: UInt64) { random = Randomness(seed: seed) }

    mutating func chance(_ share: UInt64, of whole: UInt64) -> Bool { random.next(below: whole) < share }

    mutating func moreAccounts(behind count: Int) -> [GrantBook.Account] {
        [
            GrantBook.Account(currency: .usd, highest: Micros(20)),
            GrantBook.Account(parent: AccountIndex(UInt32(count)), currency: .usd, highest: Micros(20)),
        ]
    }

    private mutating func amount(_ most: Int64) -> Micros { Micros(Int64(random.next(in: 0...Int(most)))) }

    private mutating func account(_ book: GrantBook) -> AccountIndex {
        AccountIndex(UInt32(random.next(in: 0...book.accounts.count - 1)))
    }

    private mutating func session(_ book: GrantBook) -> LedgerSession? {
        book.children.randomElement(using: &random)?.session
    }

    private mutating func leaf(_ book: GrantBook) -> LeafKey? {
        book.leaves.randomElement(using: &random)?.key
    }

    mutating func next(_ book: GrantBook) -> BookEvent {
        while true { if let event = draw(book) { return event } }
    }

    private mutating func draw(_ book: GrantBook) -> BookEvent? {
        switch random.next(below: 100) {
        case 0..<4:
            return .budgetChanged(account(book), to: amount(chance(1, of: 5) ? 500 : 20_000), in: .usd)
        case 4: return .paused(account(book), chance(1, of: 3))
        case 5..<8:
            if book.children.count > 14, chance(9, of: 10) { return nil }
            nextSession += 1
            return .sessionOpened(
                LedgerSession(nextSession), HolderNumber(UInt8(random.next(below: 6))))
        case 8..<12:
            if book.leaves.count > 24, chance(9, of: 10) { return nil }
            nextSession += 1
            return session(book).map {
                .leafRegistered(LeafKey(root: $0, node: LedgerSession(1 << 32 | nextSession)))
            }
        case 12..<35:
            let account = account(book)
            guard let session = session(book) else { return nil }
            return .requested(session, account, upTo: book.granted(session, account) + amount(300))
        case 35..<39:
            let account = account(book)
            guard let session = session(book) else { return nil }
            let open = book.open(session, account)
            return .returned(
                session, account,
                book.returned(session, account) + amount(max(min(open.rawValue, 40), 0)))
        case 39..<68: return settlement(book)
        case 68..<72: return claim(book)
        case 72..<82: return closing(book)
        case 82..<84: return chance(1, of: 2) ? session(book).map { .fenced($0) } : nil
        case 84: return chance(1, of: 2) ? session(book).map { .horizonReached($0) } : nil
        case 85:
            let account = account(book)
            let row = book.accounts[account.row]
            return .refunded(
                account, number: row.refunds + 1, amount(max(min(row.settled.rawValue, 9), 0)), in: .usd)
        case 86:
            let holders = book.accounts.map { _ in random.next(below: 2) * 0b10110 }
            return chance(1, of: 8) ? .auditBegan(holders: holders) : nil
        case 87:
            let account = account(book)
            guard let session = session(book) else { return nil }
            let returned = book.returned(session, account)
            return .presented(
                session, HolderNumber(1), account,
                granted: max(book.granted(session, account), returned) + amount(20), returned: returned)
        case 88: return .carriedOver(account(book), to: account(book))
        case 89: return .presentationEnded(HolderNumber(UInt8(random.next(below: 6))))
        default: return renewal(book)
        }
    }

    private mutating func settlement(_ book: GrantBook) -> BookEvent? {
        guard let leaf = leaf(book) else { return nil }
        var place = SettlementBlock(
            account: account(book), shard: UInt32(random.next(below: 2)),
            number: UInt32(random.next(below: 3)))
        var bit = random.next(below: 64)
        // What others claimed comes in the end by the holder's own journal.
        if chance(1, of: 2), let claim = book.leaf(leaf).flatMap({ book.leaves[$0].claims.last })?.claim {
            place = SettlementBlock(
                account: claim.account, shard: claim.key.shard, number: UInt32(claim.key.sequence >> 6))
            bit = claim.key.sequence & 63
        }
        let name = BlockName(leaf: leaf, place: place.place)
        var block = blocks[name] ?? place
        if !chance(1, of: 6) {
            block.mask |= 1 << bit
            block.paid += amount(12)
            if chance(1, of: 8) { block.late += amount(5) }
            let open = book.open(leaf.root, block.account)
            if block.paid - (blocks[name]?.paid ?? .zero) <= open { blocks[name] = block }
        }
        return .settled(leaf, block)
    }

    private mutating func claim(_ book: GrantBook) -> BookEvent? {
        guard let leaf = leaf(book) else { return nil }
        let key = ReservationKey(
            session: leaf.node, shard: UInt32(random.next(below: 2)), sequence: random.next(below: 192))
        return .claimed(
            leaf,
            Claim(
                key: key, account: account(book), currency: .usd, reserved: Micros(10), amount: amount(14)))
    }

    private mutating func closing(_ book: GrantBook) -> BookEvent? {
        guard let leaf = leaf(book), let child = book.child(leaf.root), book.children[child].isFenced else {
            return nil
        }
        let row = book.leaf(leaf) ?? 0
        if chance(1, of: 8) {
            let known = book.accounts.indices.map { AccountIndex(UInt32($0)) }.filter {
                let evidence = book.evidence(row, $0)
                return drawn[LeafAccount(leaf: leaf, account: $0)] != nil
                    || evidence.paid + evidence.claimed > .zero
            }
            return .ended(leaf, accounts: known)
        }
        let account = account(book)
        let known = book.evidence(row, account)
        let least = known.paid + known.claimed
        let name = LeafAccount(leaf: leaf, account: account)
        let sum =
            drawn[name]
            ?? least + amount(min(40, max(book.open(leaf.root, account).rawValue, 0)))
        drawn[name] = sum
        guard sum >= least else { return nil }
        return .closed(leaf, Closing(account: account, drawn: sum, freed: amount((sum - least).rawValue)))
    }

    private mutating func renewal(_ book: GrantBook) -> BookEvent? {
        guard let session = session(book) else { return nil }
        // Mostly the next one, sometimes the last one again, seldom one that only a clone would send.
        if let last = nonces[session], chance(1, of: 5) {
            return .renewalAsked(session, last, next: random.next() | 1)
        }
        let next = random.next() | 1
        let former = nonces[session]
        let request = RenewalChain.Request(
            id: (former?.id ?? session.rawValue << 20) + 1, nonce: former.map { $0.nonce } ?? 0,
            sentAt: Instant(nanoseconds: 0))
        if chance(19, of: 20) {
            nonces[session] = RenewalChain.Request(
                id: request.id, nonce: next, sentAt: Instant(nanoseconds: 0))
        }
        return .renewalAsked(session, request, next: next)
    }
}
