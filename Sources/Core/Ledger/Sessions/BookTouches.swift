// Which rows of a book an event touched, by the event and what came of it: what a transaction has to write.
internal import Units

/// Rows that are not written yet, each once, in the order in which they were touched first.
public struct BookTouches: Sendable {
    public private(set) var names: [BookRowName] = []
    private var known: Set<BookRowName> = []

    public init() {}

    public var isEmpty: Bool { names.isEmpty }

    public mutating func add(_ name: BookRowName) {
        if known.insert(name).inserted { names.append(name) }
    }

    public mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        known.removeAll(keepingCapacity: true)
    }
}

extension GrantBook {
    /// Takes an event and notes what it touched. A name too many costs a row that is written as it was; one too few would lose
    /// what changed, so whoever is in doubt names it.
    public mutating func handle(
        _ event: BookEvent, _ effects: inout [BookEffect], touching touches: inout BookTouches
    ) {
        // What a block merges is gone afterwards.
        if case .settled(let key, let block) = event, let leaf = leaf(key) {
            for one in leaves[leaf].claims
            where one.claim.account == block.account && one.claim.key.shard == block.shard
                && one.claim.key.sequence >> 6 == UInt64(block.number)
            {
                touches.add(.claim(key.node, one.claim.key))
            }
        }
        let first = effects.count
        handle(event, &effects)
        let came = effects[first...]
        for case .move(let movement) in came { touch(movement.account, &touches) }
        if came.contains(where: \.isRefusal) { return }
        touch(event, &touches)
    }

    /// Of every movement both the account and what funds it say so.
    private func touch(_ account: AccountIndex, _ touches: inout BookTouches) {
        touches.add(.account(account))
        if let parent = accounts[account.row].parent { touches.add(.account(parent)) }
    }

    private func touch(_ event: BookEvent, _ touches: inout BookTouches) {
        switch event {
        case .budgetChanged(let account, _, _), .paused(let account, _), .flightEnded(let account),
            .refunded(let account, _, _, _):
            touch(account, &touches)
        case .carriedOver(let from, let to):
            touch(from, &touches)
            touch(to, &touches)
        case .sessionOpened(let session, _), .fenced(let session), .horizonReached(let session),
            .renewalAsked(let session, _, _), .renewalPresented(let session, _):
            touches.add(.session(session))
        case .leafRegistered(let key), .leafPresented(let key): touches.add(.leaf(key))
        case .requested(let session, let account, _), .returned(let session, let account, _):
            touches.add(.cell(session, account))
        case .settled(let key, let block):
            touch(key, block.account, &touches)
            touches.add(.block(key.node, block.place))
            // Claims of this account may have given way to it.
            for one in leaf(key).map({ leaves[$0].claims }) ?? [] where one.claim.account == block.account {
                touches.add(.claim(key.node, one.claim.key))
            }
        case .claimed(let key, let claim):
            touch(key, claim.account, &touches)
            touches.add(.claim(key.node, claim.key))
        case .closed(let key, let closing): touch(key, closing.account, &touches)
        case .ended(let key, _):
            guard let leaf = leaf(key) else { return }
            for row in accounts.indices where leafCells[leaf * accounts.count + row].isClosed {
                touch(key, AccountIndex(UInt32(row)), &touches)
            }
        case .auditBegan, .presentationEnded:
            for row in accounts.indices { touches.add(.account(AccountIndex(UInt32(row)))) }
        case .presented(let session, _, let account, _, _):
            // It may be a session that was lost with a tail.
            touches.add(.session(session))
            touches.add(.cell(session, account))
        case .entered(let session, _, let account, _):
            touch(account, &touches)
            guard child(session) != nil else { return }
            touches.add(.session(session))
            touches.add(.cell(session, account))
        }
    }

    private func touch(_ key: LeafKey, _ account: AccountIndex, _ touches: inout BookTouches) {
        touches.add(.leafCell(key.node, account))
        if let leaf = leaf(key) { touches.add(.cell(children[leaves[leaf].child].session, account)) }
    }
}

extension BookEffect {
    var isRefusal: Bool { if case .refuse = self { true } else { false } }
}
