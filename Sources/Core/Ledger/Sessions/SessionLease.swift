// A lease in time as its holder counts it: from when the renewal was sent, less a margin for clocks that drift, and only as
// long as the clock that counts it agrees with another one.
public import Units

/// A session's time: unleased (nothing may be used) → leased, until its fence → fenced, when that is reached without a
/// renewal → leased again, by a late answer. Broken for good → when its clock cannot be trusted any more.
public struct SessionLease: Hashable, Sendable {
    /// Of a lease's length: quartz drifts by a thousandth of this.
    public static let driftShare: Int64 = 100
    /// A lease is renewed six times before it ends.
    public static let renewals: Int64 = 6
    /// Asked again after this, where no answer comes.
    public static let retryPause = Interval.seconds(1)

    private let rules: LedgerRules
    public private(set) var fence = Instant(nanoseconds: .min)
    private var nextRenewal = Instant(nanoseconds: .min)
    /// The wall clock less the counting clock, as it was some time ago, and when that was.
    public private(set) var wallAhead: Interval?
    private var comparedAt = Instant(nanoseconds: .min)
    /// The clocks parted: nothing is used under this session any more.
    public private(set) var isBroken = false

    public init(rules: LedgerRules = .all) { self.rules = rules }

    /// Of a holder that starts anew, and knows how far its clock may go and how far the wall clock was ahead of it. It is renewed
    /// at once.
    public init(
        resuming fence: Instant, wallAhead: Interval?, at now: Instant, rules: LedgerRules = .all
    ) {
        self.init(rules: rules)
        self.fence = fence
        self.wallAhead = wallAhead
        comparedAt = now
    }

    /// By how much two looks at both clocks part.
    public static func parting(_ one: Interval, _ other: Interval) -> Interval {
        one > other ? one - other : other - one
    }

    /// What drift may come to in a lease of this length.
    public static func margin(of length: Interval) -> Interval {
        Interval(nanoseconds: length.nanoseconds / driftShare)
    }

    /// The answer to a renewal that was sent then. True where the fence has moved.
    public mutating func leased(sentAt: Instant, at now: Instant, for length: Interval) -> Bool {
        nextRenewal = max(nextRenewal, sentAt + Interval(nanoseconds: length.nanoseconds / Self.renewals))
        let start = rules.keep(.leaseCountsFromTheRequest) ? sentAt : now
        let margin = rules.keep(.fenceHasAMargin) ? Self.margin(of: length) : .zero
        let until = start + (length - margin)
        guard !isBroken, until > fence else { return false }
        fence = until
        return true
    }

    /// Whether it is time to ask for a renewal; it is not again before the pause.
    public mutating func isRenewalDue(at now: Instant) -> Bool {
        guard now >= nextRenewal, !isBroken else { return false }
        nextRenewal = now + Self.retryPause
        return true
    }

    /// Looks at both clocks, before anything else is done behind a wait. A machine whose counting clock stood still while
    /// the world went on, or ran ahead of it, is fenced: it cannot know how much of its lease is left.
    ///
    /// - Parameters:
    ///   - tolerance: less than the margin, of which drift has its share.
    ///   - span: what the clocks may part by is meant for so long; drift adds up over more.
    public mutating func compare(
        _ now: Instant, wall: Instant, tolerance: Interval, within span: Interval = .seconds(20)
    ) {
        let ahead = Interval(nanoseconds: wall.nanoseconds - now.nanoseconds)
        guard let former = wallAhead, rules.keep(.clocksAreCompared) else {
            wallAhead = ahead
            comparedAt = now
            return
        }
        if Self.parting(ahead, former) > tolerance {
            isBroken = true
            fence = min(fence, now)
        } else if now - comparedAt > span {
            wallAhead = ahead
            comparedAt = now
        }
    }

    public func isOver(at now: Instant) -> Bool { now >= fence }
}

/// The nonces of a session's renewals. Each answer brings the next one, so two machines that go on from one memory are
/// found by the second that asks.
public struct RenewalChain: Hashable, Sendable {
    public struct Request: Hashable, Sendable, BitwiseCopyable {
        /// Which asking this is; sent again, it is the same.
        public var id: UInt64
        public var nonce: UInt64
        public var sentAt: Instant

        public init(id: UInt64, nonce: UInt64, sentAt: Instant) {
            self.id = id
            self.nonce = nonce
            self.sentAt = sentAt
        }
    }

    /// A nonce and the request that used it.
    public struct Use: Hashable, Sendable, BitwiseCopyable {
        public var nonce: UInt64
        public var id: UInt64

        public init(nonce: UInt64, id: UInt64) {
            self.nonce = nonce
            self.id = id
        }
    }

    private var nonce: UInt64
    private var open: Request?
    /// Ids are the holder's own: drawn at random for each start, so that two that go on from one memory have different ones, and
    /// counted on.
    private var nextID: UInt64

    public init(nonce: UInt64, firstID: UInt64) {
        self.nonce = nonce
        nextID = firstID
    }

    /// Goes on from where another start was. What that has sent is sent again, as it may have used the nonce; all others have
    /// ids of this start.
    ///
    /// - Parameter sentAt: when the request was sent, by a clock that still means the same; nil where it was not. Its answer
    ///   may be on its way since then, and the issuer counts from that: sent again it is as old as it was.
    public init(nonce: UInt64, request: UInt64, sentAt: Instant?, firstID: UInt64) {
        self.init(nonce: nonce, firstID: firstID)
        if let sentAt { open = Request(id: request, nonce: nonce, sentAt: sentAt) }
    }

    /// What another start goes on from: the nonce, the request on it, and when that was sent, if it was.
    public var place: (nonce: UInt64, id: UInt64, sentAt: Instant?) {
        (nonce, open?.id ?? nextID, open?.sentAt)
    }

    /// The request to send: the one that is open, as it was, or a new one.
    public mutating func request(at now: Instant) -> Request {
        if let open { return open }
        let request = Request(id: nextID, nonce: nonce, sentAt: now)
        nextID &+= 1
        open = request
        return request
    }

    /// The issuer has nothing to say to what is open, as it answered that long ago: who has not heard it has an old memory, and
    /// asks for another renewal, by which he is found.
    public mutating func passedOver() { open = nil }

    /// The answer to what is open: when that was sent. Nil for an answer to something older.
    public mutating func answered(_ id: UInt64, next: UInt64) -> Instant? {
        guard let request = open, request.id == id else { return nil }
        open = nil
        nonce = next
        return request.sentAt
    }
}
