// What the issuer has to hear of a node's money and only the node's journals know: what was settled, of this session and
// earlier ones, and how the earlier ones ended. Said again until it is acknowledged.
internal import Units

/// Of each session the settlements, by blocks; of one that has ended also its closings.
///
/// A session: spent from → ended, behind a restart: its closings are said, which the issuer takes behind its own fence →
/// acknowledged, until something more becomes of its money.
public struct NodeEvidence: Sendable {
    struct Sums: Hashable, Sendable {
        var drawn = Micros.zero
        var freed = Micros.zero
        /// As the issuer has it.
        var heard: Closing?

        func closing(_ account: AccountIndex) -> Closing {
            Closing(account: account, drawn: drawn, freed: freed)
        }
    }

    struct Session: Sendable {
        let session: LedgerSession
        let hasEnded: Bool
        var blocks = SettlementBlocks()
        var sums: [AccountIndex: Sums] = [:]
        /// The issuer has never heard of it: its money came from elsewhere.
        var isForeign = false
        /// The issuer knows that there are no further accounts.
        var isEndHeard = false
        var pause = NodeEvidence.pauseLeast
        var nextAt = Instant(nanoseconds: .min)
    }

    /// A block and how its account is called beyond this session.
    public struct Forgotten: Hashable, Sendable {
        public let session: LedgerSession
        public let name: AccountName
        public let block: SettlementBlock

        public init(session: LedgerSession, name: AccountName, block: SettlementBlock) {
            self.session = session
            self.name = name
            self.block = block
        }
    }

    enum Said: Hashable, Sendable {
        case block(LedgerSession, SettlementBlock)
        case closing(LedgerSession, Closing)
        case end(LedgerSession)
    }

    /// What the issuer's number of an account is known to be.
    enum Number { case known(AccountIndex), awaited, none }

    /// A block that fills is said twice a second, and not with each bill.
    static let pauseLeast = Interval.milliseconds(500)
    /// What is refused is tried again ever less often: mostly it is the issuer's fence that is waited for.
    static let pauseMost = Interval.seconds(8)
    private static let snapshotsOfALifetime: Int64 = 8

    let current: LedgerSession
    private let lifetime: Interval
    private let startedAt: Instant
    private(set) var sessions: [Session] = []
    private var rows: [LedgerSession: Int] = [:]
    /// How far the bills of this session's reservations had come, by shard, at several times.
    private var snapshots: [(at: Instant, newest: [UInt32: UInt32])] = []
    private var newest: [UInt32: UInt32] = [:]

    /// - Parameter lifetime: a bill that comes later after its reservation than this is not taken any more.
    init(
        _ replay: LedgerReplay, current: LedgerSession, names: [AccountName: AccountIndex],
        lifetime: Interval, at now: Instant
    ) {
        self.current = current
        self.lifetime = lifetime
        startedAt = now
        for session in Set(replay.writers.keys.map(\.session)).union(replay.evidence.keys).sorted()
        where session != current {
            let at = row(session)
            replay.evidence[session]?.forEach { block in
                guard let account = names[replay.evidenceNames[block.account.row]] else { return }
                var block = block
                block.account = account
                sessions[at].blocks.take(block)
            }
            for name in replay.names(of: session) {
                guard let account = names[name] else { continue }
                let sums = replay.closing(of: session, name)
                sessions[at].sums[account] = Sums(drawn: sums.drawn, freed: sums.freed)
            }
        }
    }

    private mutating func row(_ session: LedgerSession) -> Int {
        if let known = rows[session] { return known }
        rows[session] = sessions.count
        sessions.append(Session(session: session, hasEnded: session != current))
        return sessions.count - 1
    }

    // MARK: Records

    /// A record that is on the disk for good, of a session that this node has had.
    mutating func take(_ record: LedgerRecord) {
        switch record {
        case .settled(let one):
            let at = row(one.key.session)
            sessions[at].blocks.take(one)
            if one.key.session == current {
                let number = UInt32(truncatingIfNeeded: one.key.sequence >> 6)
                newest[one.key.shard] = max(newest[one.key.shard] ?? 0, number)
            } else if one.reserved > one.paid {
                sessions[at].sums[one.account, default: Sums()].freed += one.reserved - one.paid
            }
            hurry(at)
        case .released(let one):
            guard one.key.session != current else { return }
            let at = row(one.key.session)
            sessions[at].sums[one.account, default: Sums()].freed += one.amount
            hurry(at)
        case .mark, .reserved, .closed, .presumed: break
        }
    }

    private mutating func hurry(_ at: Int) { sessions[at].pause = Self.pauseLeast }

    /// What was acknowledged may have been lost with a tail: all that is kept is said again.
    mutating func sayAgain() {
        for at in sessions.indices {
            sessions[at].blocks.reopen()
            for account in sessions[at].sums.keys { sessions[at].sums[account]?.heard = nil }
            sessions[at].isForeign = false
            sessions[at].isEndHeard = false
            hurry(at)
        }
    }

    // MARK: Saying

    /// What is to be said now, at most so much.
    mutating func next(
        _ most: Int, at now: Instant, number: (AccountIndex) -> Number
    ) -> [(said: Said, saying: IssuerSaying)] {
        var list: [(said: Said, saying: IssuerSaying)] = []
        for at in sessions.indices where !sessions[at].isForeign && now >= sessions[at].nextAt {
            let before = list.count
            let session = sessions[at].session
            // The issuer finds a node's session by its own number.
            let key = LeafKey(root: LedgerSession(0), node: session)
            sessions[at].blocks.forEachOpen { block in
                guard list.count < most, case .known(let account) = number(block.account) else { return }
                var translated = block
                translated.account = account
                list.append((.block(session, block), .settle(key, translated)))
            }
            if sessions[at].hasEnded {
                for (own, sums) in sessions[at].sums.sorted(by: { $0.key < $1.key }) {
                    let closing = sums.closing(own)
                    guard list.count < most, sums.heard != closing, case .known(let account) = number(own)
                    else { continue }
                    var translated = closing
                    translated.account = account
                    list.append((.closing(session, closing), .close(key, translated)))
                }
            }
            if sessions[at].hasEnded, !sessions[at].isEndHeard, list.count < most,
                let known = Self.known(sessions[at].sums.keys, number)
            {
                list.append((.end(session), .end(key, known)))
            }
            if list.count > before { sessions[at].nextAt = now + sessions[at].pause }
        }
        return list
    }

    /// The issuer's numbers of these accounts, as far as it has them; nil while one is not known to be there or not.
    private static func known(
        _ accounts: some Sequence<AccountIndex>, _ number: (AccountIndex) -> Number
    ) -> [AccountIndex]? {
        var known: [AccountIndex] = []
        for account in accounts {
            switch number(account) {
            case .known(let number): known.append(number)
            case .awaited: return nil
            case .none: break
            }
        }
        return known.sorted()
    }

    /// What became of something that was said.
    mutating func heard(_ said: Said, _ word: IssuerWord?) {
        switch (said, word) {
        case (.block(let session, let block), .settled): sessions[row(session)].blocks.acknowledged(block)
        case (.closing(let session, let closing), .closed):
            sessions[row(session)].sums[closing.account]?.heard = closing
        case (.end(let session), .closed): sessions[row(session)].isEndHeard = true
        case (.block(let session, _), .refused(let refusal)),
            (.closing(let session, _), .refused(let refusal)), (.end(let session), .refused(let refusal)):
            let at = row(session)
            if refusal == .unknownLeaf, sessions[at].hasEnded { sessions[at].isForeign = true }
            sessions[at].pause = min(sessions[at].pause + sessions[at].pause, Self.pauseMost)
        default: break
        }
    }

    /// Of each session that has ended what came under marks, by account.
    var sums: [(session: LedgerSession, drawn: [AccountIndex: Micros])] {
        sessions.filter(\.hasEnded).map { ($0.session, $0.sums.mapValues(\.drawn)) }
    }

    // MARK: Forgetting

    /// Forgets blocks that are acknowledged and can get no further keys: those of a live session that were reserved longer
    /// ago than a bill may take.
    mutating func forget(at now: Instant, names: (AccountIndex) -> AccountName) -> [Forgotten] {
        if snapshots.last.map({
            now >= $0.at + Interval(nanoseconds: lifetime.nanoseconds / Self.snapshotsOfALifetime)
        })
            ?? true
        {
            snapshots.append((now, newest))
        }
        var passed: [UInt32: UInt32] = [:]
        while let first = snapshots.first, now >= first.at + lifetime {
            passed = first.newest
            // The newest that is old enough stays, for the blocks that are acknowledged later.
            guard snapshots.count > 1, now >= snapshots[1].at + lifetime else { break }
            snapshots.removeFirst()
        }
        var forgotten: [Forgotten] = []
        for at in sessions.indices where sessions[at].blocks.count > 0 {
            let session = sessions[at].session
            let isOver = sessions[at].hasEnded && now >= startedAt + lifetime
            let blocks = sessions[at].blocks.forget { block in
                isOver || session == current && block.number < passed[block.shard] ?? 0
            }
            forgotten += blocks.map { Forgotten(session: session, name: names($0.account), block: $0) }
        }
        return forgotten
    }

    /// Those that have ended, of which the issuer knows all there is to know now.
    func acknowledged(number: (AccountIndex) -> Number) -> Set<LedgerSession> {
        Set(
            sessions.filter { one in
                guard one.hasEnded else { return false }
                return one.isForeign
                    || one.isEndHeard && one.blocks.open == 0
                        && one.sums.allSatisfy { account, sums in
                            if case .none = number(account) { return true }
                            return sums.heard == sums.closing(account)
                        }
            }.map(\.session))
    }

    /// Blocks and closings that are not acknowledged.
    var open: Int {
        sessions.reduce(0) { sum, one in
            guard !one.isForeign else { return sum }
            let closings = one.hasEnded ? one.sums.count { $0.value.heard != $0.value.closing($0.key) } : 0
            return sum + one.blocks.open + closings + (one.hasEnded && !one.isEndHeard ? 1 : 0)
        }
    }
}
