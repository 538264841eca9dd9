// Bills that came to this node and are not of its own ads: kept until the account's issuer knows that nothing more is to be heard of
// them. Only the issuer counts them, once a key; here they are said, and nothing is added up.
public import Units

/// A bill of another node's ad that is on this node's disk.
public struct TakenClaim: Hashable, Sendable {
    public var claim: Claim
    /// When it was written down.
    public var at: Instant

    public init(_ claim: Claim, at: Instant) {
        self.claim = claim
        self.at = at
    }
}

/// A claim: taken → said, again until the issuer has counted it → counted, and said ever more seldom, until the journal of whoever set
/// the money aside has spoken, or nobody waits for it any more → acknowledged, and forgotten. One that is refused is said ever more
/// seldom too, as what it lacks may come, until it has been refused for as long as a bill is waited for → given up.
public struct NodeClaims: Sendable {
    enum Standing: Hashable, Sendable { case waiting, counted, refused(IssuerRefusal) }

    struct Entry: Sendable {
        let taken: TakenClaim
        var standing = Standing.waiting
        /// Since when nothing but refusals has come.
        var refusedAt: Instant?
        var pause = NodeClaims.pauseLeast
        var nextAt = Instant(nanoseconds: .min)
    }

    /// More are not taken: who bills tells it again. An hour of eighteen bills a second, some ten megabytes.
    public static let most = 1 << 16
    /// Who is on the way to the issuer knows its word within a round trip or two.
    static let pauseLeast = Interval.milliseconds(500)
    /// What is not counted yet.
    static let pauseMost = Interval.seconds(8)
    /// What is counted waits for another node's start; what is refused, for somebody who looks.
    static let restMost = Interval.seconds(60)

    private let lifetime: Interval
    private(set) var entries: [ReservationKey: Entry] = [:]
    /// None is due before.
    private var lookAt = Instant(nanoseconds: .min)
    private var forgotten: Set<ReservationKey> = []
    /// What became of them since the start.
    private var counted = 0
    private var acknowledged = 0
    private(set) var refused = 0
    private var givenUp = 0

    /// - Parameter lifetime: longer after its first refusal one is not said.
    init(_ replay: LedgerReplay, lifetime: Interval) {
        self.lifetime = lifetime
        for (key, taken) in replay.elsewhere { entries[key] = Entry(taken: taken) }
    }

    /// How it stands with them, as operators see it.
    public struct Standings: Sendable {
        /// All that are kept.
        public let count: Int
        /// Those that the issuer has not counted yet; refused ones are among them.
        public let waiting: Int
        /// When the oldest of those was taken.
        public let oldest: Instant?
        /// What became of them since the start.
        public let counted: Int
        public let acknowledged: Int
        public let refused: Int
        public let givenUp: Int
    }

    public var standings: Standings {
        let open = entries.values.filter { $0.standing != .counted }
        return Standings(
            count: entries.count, waiting: open.count, oldest: open.map(\.taken.at).min(), counted: counted,
            acknowledged: acknowledged, refused: refused, givenUp: givenUp)
    }

    var waiting: Int { entries.count { $0.value.standing != .counted } }

    /// One that is durable. The same bill at several shards is one.
    mutating func take(_ taken: TakenClaim) {
        guard entries[taken.claim.key] == nil else { return }
        entries[taken.claim.key] = Entry(taken: taken)
        lookAt = Instant(nanoseconds: .min)
    }

    /// What was counted may be gone with a lost tail.
    mutating func sayAgain() {
        for key in entries.keys { entries[key] = entries[key].map { Entry(taken: $0.taken) } }
        lookAt = Instant(nanoseconds: .min)
    }

    /// What is to be said now, the oldest first, at most so much.
    mutating func next(_ most: Int, at now: Instant) -> [Claim] {
        guard most > 0, now >= lookAt else { return [] }
        for (key, entry) in entries {
            guard let refusedAt = entry.refusedAt, now - refusedAt > lifetime else { continue }
            entries[key] = nil
            forgotten.insert(key)
            givenUp += 1
        }
        let due = entries.values.filter { now >= $0.nextAt }
            .sorted { ($0.taken.at, $0.taken.claim.key) < ($1.taken.at, $1.taken.claim.key) }.prefix(most)
        for one in due {
            let key = one.taken.claim.key
            entries[key]?.nextAt = now + one.pause
        }
        lookAt = entries.values.lazy.map(\.nextAt).min() ?? .distantFuture
        return due.map(\.taken.claim)
    }

    mutating func heard(_ key: ReservationKey, _ word: IssuerWord?, at now: Instant) {
        guard let entry = entries[key] else { return }
        switch word {
        case .claimed:
            entries[key] = nil
            forgotten.insert(key)
            acknowledged += 1
            if entry.standing != .counted { counted += 1 }
        case .forward:
            if entry.standing != .counted {
                counted += 1
                entries[key]?.standing = .counted
                entries[key]?.refusedAt = nil
                entries[key]?.pause = Self.pauseLeast
            }
            rest(key, Self.restMost)
        case .refused(let refusal) where !refusal.waitsForItsTime:
            if case .refused = entry.standing {} else { refused += 1 }
            entries[key]?.standing = .refused(refusal)
            entries[key]?.refusedAt = entry.refusedAt ?? now
            rest(key, Self.restMost)
        // A broker carries it, or whoever answered is to be asked later.
        default: rest(key, entry.standing == .waiting ? Self.pauseMost : Self.restMost)
        }
    }

    private mutating func rest(_ key: ReservationKey, _ most: Interval) {
        guard let pause = entries[key]?.pause else { return }
        entries[key]?.pause = min(pause + pause, most)
    }

    /// Whom nobody has to keep any longer, once.
    mutating func takeForgotten() -> Set<ReservationKey> {
        defer { forgotten.removeAll() }
        return forgotten
    }
}

extension IssuerWord {
    /// It stands beside the answer, but where a claim is what was said.
    var isForward: Bool { if case .forward = self { true } else { false } }
}

extension IssuerRefusal {
    /// Of evidence: it neither waits for a fence, nor for claims to be taken in, nor is of a session that nobody knows any more.
    var isTrouble: Bool { self != .beforeTheFence && self != .behindClaims && self != .unknownLeaf }

    /// Nothing is wrong with what was said: another one is to be asked, or this one later.
    var waitsForItsTime: Bool {
        switch self {
        case .audited, .elsewhere, .leaseOver, .other: true
        default: false
        }
    }
}
