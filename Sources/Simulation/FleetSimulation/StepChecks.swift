// What must hold behind each event, of what that event touched: what is kept for a session against what it owes, grants against the
// database, sums that only grow, and which way sessions and accounts go.
import Ledger
import Units

extension SessionState {
    init(of child: Int, in book: GrantBook) {
        self =
            if !book.children[child].isFenced {
                .open
            } else if book.isOver(child) {
                .over
            } else if book.children[child].isPresumed {
                .presumed
            } else {
                book.isClosed(child) ? .closed : .fenced
            }
    }
}

extension World {
    /// Whether the database knows of an account all that this session's holder knows: it does but on a timeline that nobody
    /// has looked at, and during an audit that the holder has not answered.
    func isKnown(_ state: RootState, _ session: LedgerSession, _ row: Int) -> Bool {
        state.verified == state.timeline
            && state.book.accounts[row].missing >> (session.rawValue & 0xFF) & 1 == 0
    }

    // MARK: The root

    /// Behind a command to the primary.
    func checkStep(_ state: RootState, _ command: Command) {
        checkRoot(state.book)
        for row in state.book.accounts.indices {
            let account = state.book.accounts[row]
            if let former = truth.accounts[row], former != account { turn(former, to: account) }
            truth.accounts[row] = account
        }
        let accounts = state.book.accounts.indices
        switch command {
        case .takeover, .leadership: break
        case .open:
            for child in state.book.children.suffix(1) where truth.states[child.session] == nil {
                coverage.note(.opened as SessionMove)
                check(state, child.session, 0..<0)
            }
        case .verify, .presented: checkAll(state)
        case .book(let event, _):
            switch event {
            case .requested(let session, let account, _), .returned(let session, let account, _):
                check(state, session, account.row..<account.row + 1)
            case .settled(let key, let block): check(state, key, block.account.row..<block.account.row + 1)
            case .claimed(let key, let claim): check(state, key, claim.account.row..<claim.account.row + 1)
            case .closed(let key, let closing):
                check(state, key, closing.account.row..<closing.account.row + 1)
            case .ended(let key, _): check(state, key, accounts)
            case .leafRegistered(let key), .leafPresented(let key): check(state, key.root, accounts)
            case .fenced(let session), .horizonReached(let session): check(state, session, accounts)
            case .entered(let session, _, let account, _):
                check(state, session, account.row..<account.row + 1)
            case .sessionOpened, .renewalAsked, .budgetChanged, .carriedOver, .paused, .flightEnded,
                .refunded,
                .auditBegan, .presented, .renewalPresented, .presentationEnded:
                break
            }
        }
    }

    /// All there is: behind what may have touched all of it.
    func checkAll(_ state: RootState) {
        let accounts = state.book.accounts.indices
        for child in state.book.children { check(state, child.session, accounts) }
        for leaf in state.book.leaves.indices { checkLeaf(state.book, leaf, accounts) }
        for index in brokers.indices { checkKnown(index, state) }
    }

    private func check(_ state: RootState, _ key: LeafKey, _ rows: Range<Int>) {
        guard rows.upperBound <= state.book.accounts.count, let leaf = state.book.leaf(key) else { return }
        checkLeaf(state.book, leaf, rows)
        check(state, state.book.leaves[leaf].key.root, rows)
    }

    private func check(_ state: RootState, _ session: LedgerSession, _ rows: Range<Int>) {
        let book = state.book
        guard rows.upperBound <= book.accounts.count, let child = book.child(session) else { return }
        for row in rows {
            let account = AccountIndex(UInt32(row))
            grow(.granted, session, account, book.granted(session, account))
            grow(.returned, session, account, book.returned(session, account))
            checkKept(state, session, account)
        }
        turn(book, child)
    }

    private func checkLeaf(_ book: GrantBook, _ leaf: Int, _ rows: Range<Int>) {
        let session = book.leaves[leaf].key.node
        for row in rows {
            let account = AccountIndex(UInt32(row))
            let known = book.evidence(leaf, account)
            grow(.paid, session, account, known.paid)
            grow(.late, session, account, known.late)
            grow(.drawn, session, account, known.drawn)
            grow(.freed, session, account, known.freed)
        }
    }

    // MARK: 6, what is owed is kept

    func checkKept(_ state: RootState, _ session: LedgerSession, _ account: AccountIndex) {
        guard let owed = truth.owed[session]?[account.row], owed > .zero,
            isKnown(state, session, account.row)
        else { return }
        let held = state.book.held(session, account)
        guard owed > held, state.book.child(session) != nil else { return }
        noteSession(session, account.row, state.book)
        violate(
            "6: session \(session.rawValue) owes \(owed.rawValue) of account \(account.rawValue), and the root keeps "
                + "\(held.rawValue) for it")
    }

    // MARK: 7, what a broker has the root knows

    /// Behind an event at a broker.
    func checkKnown(_ index: Int, behind event: BrokerEvent) {
        guard let ledger = brokers[index].ledger else { return }
        switch event {
        case .granted(let account, _, _, _):
            checkKnown(index, ledger, account, database.primary)
            grow(.brokerGranted, ledger.session, account, ledger.presentation(account).granted)
        case .registered(let node, _), .nodeOpened(let node, _):
            checkKnown(index, ledger, node, database.primary)
        case .turned:
            for row in 0..<WorldShape.accountCount {
                let account = AccountIndex(UInt32(row))
                grow(.brokerReturned, ledger.session, account, ledger.presentation(account).returned)
            }
        default: break
        }
    }

    /// Of a broker that begins with something, and of all where the database is another one.
    func checkKnown(_ index: Int, _ state: RootState) {
        guard let ledger = brokers[index].ledger else { return }
        for node in ledger.nodes { checkKnown(index, ledger, node, state) }
        for row in 0..<WorldShape.accountCount {
            checkKnown(index, ledger, AccountIndex(UInt32(row)), state)
        }
    }

    private func checkKnown(
        _ index: Int, _ ledger: BrokerLedger, _ account: AccountIndex, _ state: RootState
    ) {
        guard isKnown(state, ledger.session, account.row),
            ledger.presentation(account).granted > state.book.granted(ledger.session, account)
        else { return }
        violate("7: broker \(index) has a grant that the database does not know")
    }

    private func checkKnown(_ index: Int, _ ledger: BrokerLedger, _ node: LedgerSession, _ state: RootState) {
        guard ledger.isRegistered(node),
            (0..<WorldShape.accountCount).allSatisfy({ isKnown(state, ledger.session, $0) })
        else { return }
        let key = LeafKey(root: ledger.session, node: node)
        guard let leaf = state.book.leaf(key), state.book.leaves[leaf].key == key else {
            return violate(
                "7: broker \(index) gives to session \(node.rawValue), which the root cannot close")
        }
    }

    // MARK: 8, counters

    /// Of the root's: a new timeline begins them anew.
    private func grow(
        _ kind: CounterName.Kind, _ session: LedgerSession, _ account: AccountIndex, _ sum: Micros
    ) {
        let name = CounterName(kind: kind, session: session, account: account)
        let former =
            kind.rawValue < CounterName.Kind.brokerGranted.rawValue
            ? truth.rooted.updateValue(sum, forKey: name) : truth.counters.updateValue(sum, forKey: name)
        if let former, former > sum {
            violate(
                "8: \(kind) of session \(session.rawValue) and account \(account.rawValue) fell from "
                    + "\(former.rawValue) to \(sum.rawValue)")
        }
    }

    func grow(_ report: ShardReport, of desk: Desk) {
        for (kind, sum) in [
            (CounterName.Kind.shardSettled, report.settled), (.shardLate, report.late),
            (.shardGivenBack, report.givenBack),
        ] {
            let name = CounterName(
                kind: kind, session: desk.session, shard: UInt8(desk.shard), account: report.account)
            if let former = truth.counters.updateValue(sum, forKey: name), former > sum {
                violate("8: \(kind) of session \(desk.session.rawValue) fell to \(sum.rawValue)")
            }
        }
    }

    /// What a broker gave a node in all, and what that gave back.
    func grow(given sum: Micros, to node: LedgerSession, _ account: AccountIndex) {
        grow(.nodeGranted, node, account, sum)
    }
    func grow(returned sum: Micros, by node: LedgerSession, _ account: AccountIndex) {
        grow(.nodeReturned, node, account, sum)
    }

    // MARK: Which way they go

    private func turn(_ book: GrantBook, _ child: Int) {
        let session = book.children[child].session
        let next = SessionState(of: child, in: book)
        let former = truth.states.updateValue(next, forKey: session)
        guard former != next else { return }
        // What an audit brings back may open what was over.
        guard book.missing == 0, let former else { return }
        // A claim took all that there was, and its holder's journal calls it late.
        if former == .over, next != .open { return }
        guard let move = SessionMove(from: former, to: next) else {
            return violate("6: session \(session.rawValue) goes from \(former) to \(next)")
        }
        coverage.note(move)
    }
}
