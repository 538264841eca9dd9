// Whether a shard takes up a request at all. A shard has no queue of its own: what waits is in the kernel's buffers and
// in the batch of the turn at hand. So it measures for how long requests wait, and where that does not pass by itself,
// it decides in each turn as many as fit into a little time, and turns the others away at once.
public import Units

/// One for each shard. Every request is shown to it when it is taken up, before it is read.
///
/// Calm → overloaded, after every request of an interval has waited longer than the target; back, after an interval in
/// which none has. Overloaded it lets through, in each turn, what comes up within the target of the turn's beginning:
/// so a turn takes that long and what it takes to turn the rest away, and no request waits for more than two turns.
public struct LoadGate: Sendable {
    public struct Settings: Hashable, Sendable {
        /// So long may requests wait all the time.
        public var target: Interval
        /// For so long they may wait longer: a burst that the shard works off.
        public var patience: Interval
        /// A request that does not say how long its caller waits is turned away when it has waited so long.
        public var limit: Interval

        public init(
            target: Interval = .milliseconds(5), patience: Interval = .milliseconds(100),
            limit: Interval = .milliseconds(100)
        ) {
            self.target = target
            self.patience = patience
            self.limit = limit
        }
    }

    /// Why a request is turned away.
    public enum Refusal: UInt8, CaseIterable, Sendable {
        /// The turn has decided as many as it has time for.
        case busy
        /// The same, while there was time that is kept for live breaks.
        case keptForLive
        /// Its caller waits no longer.
        case late

        public var label: StaticString {
            switch self {
            case .busy: "busy"
            case .keptForLive: "kept_for_live"
            case .late: "late"
            }
        }
    }

    /// Shorter than what callers tell their patience in.
    private static let moment = Interval.milliseconds(1)

    private let settings: Settings
    public private(set) var isOverloaded = false
    /// Since when every request has waited longer than the target; nil while some do not.
    private var aboveSince: Instant?
    /// When one last did.
    private var lastAbove = Instant(nanoseconds: .min / 2)
    private var turn = Instant(nanoseconds: .min)
    /// What of a turn's time requests may use that are not for live breaks, in 1/1024.
    private var share: Int64 = 1024
    /// A request for a live break was turned away in this turn.
    private var turnedLiveAway = false

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Nil where the request is to be decided.
    ///
    /// - Parameters:
    ///   - turnBegan: when the batch that it is in was taken from the kernel.
    ///   - arrivedSince: it came no earlier than this.
    ///   - patience: how long its caller waits for it to be taken up, where the request says so. Asked only where it
    ///     has waited for more than a moment, since somebody has to look into the request.
    ///   - isLive: asked only in overload.
    public mutating func refusal(
        at now: Instant, turnBegan: Instant, arrivedSince: Instant, patience: () -> Interval?,
        isLive: () -> Bool
    ) -> Refusal? {
        if turn != turnBegan { beginTurn(turnBegan) }
        let waited = now - arrivedSince
        observe(waited, at: now)
        if waited > Self.moment, waited >= patience() ?? settings.limit { return .late }
        guard isOverloaded else { return nil }
        let used = now - turnBegan
        if isLive() {
            guard used > settings.target else { return nil }
            turnedLiveAway = true
            return .busy
        }
        if used > settings.target { return .busy }
        return used.nanoseconds * 1024 > settings.target.nanoseconds * share ? .keptForLive : nil
    }

    /// Live breaks that were turned away take half of the others' time; turns without such give a sixteenth back.
    private mutating func beginTurn(_ began: Instant) {
        turn = began
        share = turnedLiveAway ? share / 2 : min(share + 64, 1024)
        turnedLiveAway = false
    }

    private mutating func observe(_ waited: Interval, at now: Instant) {
        if waited > settings.target {
            lastAbove = now
            let since = aboveSince ?? now
            aboveSince = since
            if now - since >= settings.patience { isOverloaded = true }
        } else {
            aboveSince = nil
            if isOverloaded, now - lastAbove >= settings.patience {
                isOverloaded = false
                share = 1024
            }
        }
    }
}
