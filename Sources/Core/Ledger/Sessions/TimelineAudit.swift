// What a root knows of its database's timeline: which one it has looked at, and whom the audit of one waits for that may lack its
// last writes. Its events are the book's: the root on its database and the simulated one go by this.
public import Units

/// Which server a database is, and how often one of its copies was made the primary. Two that are equal have the same history.
public struct DatabaseTimeline: Hashable, Sendable, BitwiseCopyable {
    public var system: UInt64
    public var line: UInt32

    public init(system: UInt64, line: UInt32) {
        self.system = system
        self.line = line
    }
}

/// What a holder says to an audit: of each of its sessions what it was granted and gave back, and to whom it gave.
public struct Presentation: Hashable, Sendable {
    public struct Sum: Hashable, Sendable, BitwiseCopyable {
        public var account: AccountIndex
        public var granted: Micros
        public var returned: Micros

        public init(_ account: AccountIndex, granted: Micros, returned: Micros) {
            self.account = account
            self.granted = granted
            self.returned = returned
        }
    }

    public struct Session: Hashable, Sendable {
        public var session: LedgerSession
        public var sums: [Sum]
        public var leaves: [LeafKey]
        /// How it is renewed next; nil where it is not any more.
        public var renewal: RenewalChain.Request?

        public init(
            _ session: LedgerSession, sums: [Sum], leaves: [LeafKey], renewal: RenewalChain.Request? = nil
        ) {
            self.session = session
            self.sums = sums
            self.leaves = leaves
            self.renewal = renewal
        }
    }

    public var sessions: [Session]
    /// The holder has said all it knows.
    public var isLast: Bool

    public init(_ sessions: [Session], isLast: Bool) {
        self.sessions = sessions
        self.isLast = isLast
    }
}

/// Verified (the timeline was looked at) → audited, when another one may lack something: nothing is granted of an account before those
/// that may know of it have presented → verified, when the last of them has.
public struct TimelineAudit: Hashable, Sendable {
    public private(set) var timeline: DatabaseTimeline
    /// Which audit was the last; zero before the first. It grows, and holders take nothing any more that was promised before one
    /// that they have presented to.
    public private(set) var mark: UInt32
    /// Holders that it waits for.
    public private(set) var missing: UInt64
    /// Those of whom operators have said what they had: they are asked all the same, when they are back.
    public private(set) var owed: UInt64

    public init(_ timeline: DatabaseTimeline, mark: UInt32 = 0, missing: UInt64 = 0, owed: UInt64 = 0) {
        self.timeline = timeline
        self.mark = mark
        self.missing = missing
        self.owed = owed
    }

    public func waits(for holder: HolderNumber) -> Bool { (missing | owed) & holder.bit != 0 }

    /// A timeline that nobody has looked at.
    ///
    /// - Parameters:
    ///   - isWhole: whether it surely has all that was acknowledged.
    ///   - holders: who may know, by account, of something that it lacks.
    ///   - mark: a number for the audit; where it was used already, the next one is.
    public mutating func look(
        at timeline: DatabaseTimeline, isWhole: Bool, asking holders: [UInt64], mark: UInt32
    ) -> BookEvent? {
        self.timeline = timeline
        guard !isWhole else { return nil }
        self.mark = max(mark, self.mark + 1)
        missing = holders.reduce(missing) { $0 | $1 }
        owed &= ~missing
        return .auditBegan(holders: holders)
    }

    /// What a holder's words do to the book, in their order.
    public mutating func heard(_ presentation: Presentation, from holder: HolderNumber) -> [BookEvent] {
        var events: [BookEvent] = []
        for one in presentation.sessions {
            // It may be one that was lost itself.
            if one.sums.isEmpty { events.append(.sessionOpened(one.session, holder)) }
            for sum in one.sums {
                events.append(
                    .presented(
                        one.session, holder, sum.account, granted: sum.granted, returned: sum.returned))
            }
            events += one.leaves.map { .leafPresented($0) }
            if let renewal = one.renewal { events.append(.renewalPresented(one.session, renewal)) }
        }
        if presentation.isLast {
            missing &= ~holder.bit
            owed &= ~holder.bit
            events.append(.presentationEnded(holder))
        }
        return events
    }

    /// Operators have said of every account what this holder had.
    public mutating func entered(for holder: HolderNumber) {
        missing &= ~holder.bit
        owed |= holder.bit
    }
}
