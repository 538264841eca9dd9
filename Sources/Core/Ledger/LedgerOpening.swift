// What a session starts from: every account's sums, what may still be billed, and what is in doubt. Nothing of it is
// free until it is known to be.
public import Units

public struct LedgerOpening: Sendable {
    public struct Reserved: Sendable {
        public let key: ReservationKey
        public let name: AccountName
        public let amount: Micros
        public let expires: Instant
        /// The bid's own expiry.
        public let promised: Instant

        /// As a shard keeps it, on what this session calls its account.
        public func former(of account: AccountIndex) -> FormerReservation {
            FormerReservation(
                key: key, account: account, amount: amount, expires: expires, promised: promised)
        }
    }

    public struct Doubted: Sendable {
        public let writer: ShardSession
        public let name: AccountName
        public let amount: Micros
        public let until: Instant
    }

    public internal(set) var totals: [AccountName: AccountTotals] = [:]
    /// By key.
    public internal(set) var open: [Reserved] = []
    public internal(set) var doubts: [Doubted] = []
    public internal(set) var settled: [ReservationKey] = []
    public internal(set) var recorded: [ShardSession: UInt64] = [:]

    /// Of a node that has spent nothing yet.
    public init() {}

    public init(
        totals: [AccountName: AccountTotals], open: [Reserved], doubts: [Doubted],
        settled: [ReservationKey], recorded: [ShardSession: UInt64]
    ) {
        self.totals = totals
        self.open = open
        self.doubts = doubts
        self.settled = settled
        self.recorded = recorded
    }
}

extension LedgerReplay {
    /// The session that comes next: its number is the time of its start, unless that would not be a new one.
    public func nextSession(at now: Instant) -> LedgerSession {
        let last = writers.keys.map(\.session.rawValue).max() ?? 0
        return LedgerSession(max(UInt64(clamping: now.nanoseconds), last + 1))
    }

    /// What the session starts from. All others have ended.
    ///
    /// - Parameters:
    ///   - now: the bills of what was open could not come before, as nobody listened.
    ///   - hold: how long a reservation may be open. The journals know it from those that they have; of a session whose first
    ///     ones a crash took, there are none.
    ///   - overlapping: one start may have had several sessions at a time, so all of them may have spent until now.
    public func opening(
        for session: LedgerSession, at now: Instant, grace: Interval, hold: Interval = .zero,
        overlapping: Bool = false
    ) -> LedgerOpening {
        var opening = LedgerOpening()
        opening.totals = totals
        opening.open = open.map { key, one in
            .init(
                key: key, name: one.name, amount: one.amount, expires: max(one.expires, now),
                promised: one.expires)
        }.sorted { $0.key < $1.key }
        opening.settled = settled.keys.sorted()
        for (writer, state) in writers {
            if let last = state.lastRecorded { opening.recorded[writer] = last }
            let end = overlapping ? now : end(of: writer.session, before: session)
            let until = end + max(longestHold, hold) + grace
            for (name, amount) in doubts(of: writer) {
                opening.doubts.append(.init(writer: writer, name: name, amount: amount, until: until))
            }
        }
        opening.doubts.sort { ($0.writer, $0.name) < ($1.writer, $1.name) }
        return opening
    }

    /// The next session's start: later than anything that this one has spent.
    private func end(of session: LedgerSession, before current: LedgerSession) -> Instant {
        let next = writers.keys.map(\.session).filter { $0 > session }.min() ?? current
        return Instant(nanoseconds: Int64(clamping: min(next, current).rawValue))
    }

    /// What the accounts of earlier sessions are called in another one: whoever names them by token means those.
    public func accounts(
        by names: [AccountName: AccountIndex]
    ) -> [ShardSession: [AccountIndex: AccountIndex]] {
        writers.mapValues { writer in
            Dictionary(
                uniqueKeysWithValues: writer.names.compactMap { number, name in
                    names[name].map { (AccountIndex(number), $0) }
                })
        }
    }

    /// What the journals say of an account in a session that is over: all that ever came under marks, and what of it will
    /// surely not be billed any more. The rest is settled, open, or in doubt.
    public func closing(of session: LedgerSession, _ name: AccountName) -> (drawn: Micros, freed: Micros) {
        var (drawn, freed) = (Micros.zero, Micros.zero)
        for (writer, state) in writers where writer.session == session {
            drawn += state.drawn[name] ?? .zero
            freed += (state.authorised[name] ?? .zero) - (state.settled[name] ?? .zero)
        }
        for (key, one) in open where key.session == session && one.name == name { freed -= one.amount }
        for (key, one) in claims where key.session == session && one.name == name { freed += one.amount }
        return (drawn, freed)
    }

    /// What was drawn and is neither set aside, closed, billed nor presumed spent.
    func doubts(of writer: ShardSession) -> [(AccountName, Micros)] {
        guard let state = writers[writer] else { return [] }
        var claimed: [AccountName: Micros] = [:]
        for (key, claim) in claims where key.session == writer.session && key.shard == writer.shard {
            claimed[claim.name, default: .zero] += claim.amount
        }
        return state.drawn.compactMap { name, drawn in
            let known =
                (state.authorised[name] ?? .zero) + (state.presumed[name] ?? .zero) + (claimed[name] ?? .zero)
            return drawn > known ? (name, drawn - known) : nil
        }
    }

    /// Forgets what no longer matters: bills that nobody can send again, sessions of which all is known. While
    /// nobody listened nobody was answered, so the time since the last record does not count.
    ///
    /// - Parameters:
    ///   - current: the session that is running, of which nothing is forgotten.
    ///   - grace: how long after an expiry a bill may come at the latest.
    public mutating func forget(current: LedgerSession, grace: Interval) {
        guard lastTime.nanoseconds > 0 else { return }
        let horizon = lastTime - longestHold - grace - grace
        let holders = Set(open.keys.map { ShardSession(session: $0.session, shard: $0.shard) })
        for writer in writers.keys where writer.session != current && !holders.contains(writer) {
            let isOver = end(of: writer.session, before: current).nanoseconds < horizon.nanoseconds
            // The issuer frees what its closing says, and until then only this knows what that is.
            let isHeard = !keepsEvidence || acknowledged.contains(writer.session)
            if isOver && isHeard && doubts(of: writer).isEmpty { writers[writer] = nil }
        }
        let known = Set(writers.keys.map(\.session))
        evidence = evidence.filter { known.contains($0.key) || !acknowledged.contains($0.key) }
        acknowledged.formIntersection(known)
        claims = claims.filter { writers[ShardSession(session: $0.key.session, shard: $0.key.shard)] != nil }
        settled = settled.filter { key, expires in
            if expires >= horizon && expires != .distantFuture { return true }
            return expires == .distantFuture && claims[key] != nil
        }
        released = released.filter { writers[ShardSession(session: $0.session, shard: $0.shard)] != nil }
    }
}

extension LedgerReplay {
    /// What was paid of a session's reservations from an account.
    public func settled(of session: LedgerSession, _ name: AccountName) -> Micros {
        writers.reduce(.zero) { sum, writer in
            writer.key.session == session ? sum + (writer.value.settled[name] ?? .zero) : sum
        }
    }
}
