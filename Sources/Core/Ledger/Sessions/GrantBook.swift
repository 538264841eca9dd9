// An issuer's book: what each session of its holders was granted and what became of it. The root keeps one in its database and
// a broker one in memory; what differs is only where their own money comes from.
public import Units

/// Events in, effects out; it knows no clock. Every amount is in one of five places, which follow from the counters.
///
/// A session: open (what is granted and not settled counts as granted) → fenced (that counts as suspense) → closed, when
/// the journals of all its holders have spoken: what they do not know is free, what they wait for stays in suspense
/// → over, when nothing waits any more. Fenced → presumed spent, at the horizon; closed or over from there, by evidence.
///
/// A leaf, the evidence of one node session: registered → closed, once for each account, by what its journal says behind the
/// fence. Settlements come before and after.
///
/// An account: open ↔ paused; open → ended. Granting ↔ audited, when a lost tail may have taken grants with it.
public struct GrantBook: Sendable {
    let rules: LedgerRules
    public internal(set) var accounts: [Account]
    public internal(set) var children: [Child] = []
    /// Those of a session in a row, by account.
    var cells: [Cell] = []
    public internal(set) var leaves: [Leaf] = []
    var leafCells: [LeafCell] = []
    /// Where each is: a fleet's leaves are thousands, and each settlement asks for one.
    private var childRows: [LedgerSession: Int] = [:]
    private var leafRows: [LedgerSession: Int] = [:]

    public struct Account: Hashable, Sendable {
        public var budget = Micros.zero
        public var parent: AccountIndex?
        /// Of every amount here, and of the windows' that it funds.
        public let currency: CurrencyCode
        /// The highest that one reservation may cost: no grant is smaller.
        public var highest: Micros
        public var isPaused = false
        public var hasEnded = false
        public var granted = Micros.zero
        public var settled = Micros.zero
        public var suspense = Micros.zero
        public var presumed = Micros.zero
        public var late = Micros.zero
        /// How often, and how much of what was settled, the exchange gave back.
        public var refunds: UInt32 = 0
        public var refunded = Micros.zero
        /// Holders that an audit waits for.
        public var missing: UInt64 = 0

        public init(parent: AccountIndex? = nil, currency: CurrencyCode, highest: Micros) {
            self.parent = parent
            self.currency = currency
            self.highest = highest
        }

        public var committed: Micros { granted + settled + suspense + presumed }
        /// Free where it is positive, overhang where it is not: so never both.
        public var unassigned: Micros { budget - committed }
        public var isOpen: Bool { !isPaused && !hasEnded }
    }

    public struct Child: Sendable {
        public let session: LedgerSession
        public let holder: HolderNumber
        public internal(set) var isFenced = false
        public internal(set) var isPresumed = false
        public internal(set) var isCloned = false
        /// Its renewals: the nonce that is next, and the last that was used with the request that used it.
        var nonce: UInt64 = 0
        var usedBy: UInt64 = 0
        /// The last few nonces before that, the newest behind: whoever asks on one of them again is late, or a clone.
        var earlier: [RenewalChain.Use] = []
        /// Renewals of two leases and more: nothing is under way for so long.
        static let earlierMost = 16
        public internal(set) var leafCount = 0
        /// Whose claims are named next, among its leaves that have any.
        var named = 0
        /// The renewal that was answered last; zero before the first.
        public var lastRequest: UInt64 { usedBy }
    }

    struct Cell: Sendable {
        var granted = Micros.zero
        var returned = Micros.zero
        var settled = Micros.zero
        /// Of closed leaves, what was drawn and neither settled nor freed.
        var waiting = Micros.zero
        var closedLeaves = 0

        var out: Micros { granted - returned }
    }

    public struct Leaf: Sendable {
        public let key: LeafKey
        let child: Int
        /// Those that no journal has taken in yet, with what they count for until then.
        public internal(set) var claims: [CountedClaim] = []
        /// Where naming them goes on. No row has it: another process begins anew.
        var named = 0
    }

    public struct CountedClaim: Hashable, Sendable, BitwiseCopyable {
        public let claim: Claim
        public let paid: Micros
        public let late: Micros

        public init(_ claim: Claim, paid: Micros, late: Micros) {
            self.claim = claim
            self.paid = paid
            self.late = late
        }
    }

    struct LeafCell: Sendable {
        var paid = Micros.zero
        var late = Micros.zero
        var claimed = Micros.zero
        var claimedLate = Micros.zero
        var drawn = Micros.zero
        var freed = Micros.zero
        var isClosed = false
        var blocks: [SettlementBlock] = []

        /// Nobody has said anything of it.
        var isBlank: Bool { !isClosed && paid + late + claimed + claimedLate == .zero && blocks.isEmpty }

        var settled: Micros { paid + claimed }
        var waiting: Micros { isClosed ? max(drawn - freed - settled, .zero) : .zero }
    }

    public init(_ accounts: [Account], rules: LedgerRules = .all) {
        for account in accounts {
            guard let parent = account.parent else { continue }
            precondition(
                accounts[parent.row].currency == account.currency,
                "a window is funded in its lifetime account's currency")
        }
        self.accounts = accounts
        self.rules = rules
    }

    // MARK: Looking

    /// Holders that an audit of any account waits for.
    public var missing: UInt64 { accounts.reduce(0) { $0 | $1.missing } }

    public func child(_ session: LedgerSession) -> Int? { childRows[session] }

    /// A node session has one broker's session above it, so its own number finds it.
    public func leaf(_ key: LeafKey) -> Int? { leafRows[key.node] }

    mutating func append(_ child: Child) {
        childRows[child.session] = children.count
        children.append(child)
    }

    mutating func append(_ leaf: Leaf) {
        leafRows[leaf.key.node] = leaves.count
        leaves.append(leaf)
    }

    func cell(_ child: Int, _ account: AccountIndex) -> Int { child * accounts.count + account.row }

    public func granted(_ session: LedgerSession, _ account: AccountIndex) -> Micros {
        child(session).map { cells[cell($0, account)].granted } ?? .zero
    }

    /// What a session has out and is not known to be settled.
    public func open(_ session: LedgerSession, _ account: AccountIndex) -> Micros {
        guard let child = child(session) else { return .zero }
        let cell = cells[cell(child, account)]
        return cell.out - cell.settled
    }

    /// What is kept for a session, whatever becomes of it: granted, settled, in suspense or presumed spent.
    public func held(_ session: LedgerSession, _ account: AccountIndex) -> Micros {
        guard let child = child(session) else { return .zero }
        let places = places(child, account)
        return places.granted + places.settled + places.suspense + places.presumed
    }

    /// Everything that the leaves of a session settled and claimed of an account.
    public func settled(_ session: LedgerSession, _ account: AccountIndex) -> Micros {
        child(session).map { cells[cell($0, account)].settled } ?? .zero
    }

    public func returned(_ session: LedgerSession, _ account: AccountIndex) -> Micros {
        child(session).map { cells[cell($0, account)].returned } ?? .zero
    }

    /// Whether nothing of a session waits for evidence.
    public func isOver(_ child: Int) -> Bool {
        children[child].isFenced
            && accounts.indices.allSatisfy {
                let places = places(child, AccountIndex(UInt32($0)))
                return places.suspense == .zero && places.presumed == .zero
            }
    }

    /// Whether every holder below a fenced session has said what it drew, of all that the session has out.
    public func isClosed(_ child: Int) -> Bool {
        children[child].isFenced
            && accounts.indices.allSatisfy {
                let cell = cells[child * accounts.count + $0]
                return cell.out == .zero || cell.closedLeaves == children[child].leafCount
            }
    }

    /// What is known of a node session's money from an account: by its own blocks, by claims, and by its closing.
    public func evidence(_ leaf: Int, _ account: AccountIndex) -> LeafEvidence {
        let cell = leafCells[leaf * accounts.count + account.row]
        return LeafEvidence(
            paid: cell.paid, late: cell.late, claimed: cell.claimed, claimedLate: cell.claimedLate,
            drawn: cell.drawn, freed: cell.freed, isClosed: cell.isClosed)
    }

    /// Whether a journal's own word on a reservation has come.
    public func isSettled(_ leaf: Int, _ key: ReservationKey, of account: AccountIndex) -> Bool {
        leafCells[leaf * accounts.count + account.row].blocks.contains {
            $0.shard == key.shard && UInt64($0.number) == key.sequence >> 6
                && $0.mask >> (key.sequence & 63) & 1 == 1
        }
    }

    /// All that is known of a node session, for who looks into it.
    public func sentence(_ leaf: Int, _ account: AccountIndex) -> String {
        let cell = leafCells[leaf * accounts.count + account.row]
        return "paid \(cell.paid), claimed \(cell.claimed), drawn \(cell.drawn), freed \(cell.freed), "
            + (cell.isClosed ? "closed" : "not closed")
    }

    /// What may be granted from an account now.
    public func grantable(_ account: AccountIndex) -> Micros {
        let row = accounts[account.row]
        guard row.isOpen else { return .zero }
        if row.missing != 0, rules.keep(.auditStopsGrants) { return .zero }
        var free = row.unassigned
        if let parent = row.parent, rules.keep(.windowsAskTheirLifetime) {
            let lifetime = accounts[parent.row]
            guard lifetime.isOpen else { return .zero }
            if lifetime.missing != 0, rules.keep(.auditStopsGrants) { return .zero }
            free = min(free, lifetime.unassigned)
        }
        return max(free, .zero)
    }

    /// Where a session's money of an account is.
    func places(_ child: Int, _ account: AccountIndex) -> BookPlaces {
        let cell = cells[cell(child, account)]
        let row = children[child]
        var places = BookPlaces(settled: cell.settled)
        let open = cell.out - cell.settled
        guard row.isFenced else {
            places.granted = open
            return places
        }
        var waiting = open
        if !rules.keep(.fenceFreesNothing) {
            waiting = .zero
        } else if cell.closedLeaves == row.leafCount
            || !rules.keep(.closingsCoverAllHolders) && cell.closedLeaves > 0
        {
            waiting = min(cell.waiting, open)
        }
        if row.isPresumed { places.presumed = waiting } else { places.suspense = waiting }
        return places
    }
}

/// What an issuer knows of a node session's money from one account.
public struct LeafEvidence: Hashable, Sendable, BitwiseCopyable {
    public let paid: Micros
    public let late: Micros
    public let claimed: Micros
    public let claimedLate: Micros
    public let drawn: Micros
    public let freed: Micros
    public let isClosed: Bool
}

struct BookPlaces: Hashable, Sendable, BitwiseCopyable {
    var granted = Micros.zero
    var settled = Micros.zero
    var suspense = Micros.zero
    var presumed = Micros.zero

    init(settled: Micros) { self.settled = settled }
}
