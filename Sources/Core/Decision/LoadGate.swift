// Whether a shard takes up a request at all. A shard has no queue of its own: what waits is in the kernel. But it is known
// for how long things wait there. Where that does not pass by itself, the shard turns requests away while they wait too
// long, and yet keeps a part of its time for deciding: turning away costs time too, and where more comes than can even be
// turned away, nothing would be decided any more.
public import Units

/// One for each shard. Every request is shown to it when it is taken up, before it is read, and again when it is decided.
///
/// Calm → overloaded, after requests have waited longer than the target for an interval, or for a third of what they may wait
/// at all; back, after an interval in which they have not.
public struct LoadGate: Sendable {
    public struct Settings: Hashable, Sendable {
        /// So long may requests wait all the time.
        public var target: Interval
        /// For so long they may wait longer: a burst that the shard works off.
        public var patience: Interval
        /// A request that does not say how long its caller waits is turned away when it has waited so long.
        public var limit: Interval

        public init(
            target: Interval = .milliseconds(10), patience: Interval = .milliseconds(100),
            limit: Interval = .milliseconds(100)
        ) {
            self.target = target
            self.patience = patience
            self.limit = limit
        }
    }

    /// Why a request is turned away.
    public enum Refusal: UInt8, CaseIterable, Sendable {
        /// Requests wait for longer than they may.
        case busy
        /// The same, while what time there was is kept for live breaks.
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

        /// Its number as a reason for a no-bid, behind those of decisions.
        public var number: StaticString {
            switch self {
            case .busy: "512"
            case .keptForLive: "513"
            case .late: "514"
            }
        }
    }

    /// Shorter than what callers tell their patience in.
    private static let moment = Interval.milliseconds(1)
    /// Over so long it is reckoned what was decided.
    private static let window = Interval.milliseconds(20)
    /// Of its time, in 1/1024, a shard that turns requests away spends so much on deciding while they wait for the target,
    /// and less the longer they wait: what waits longer than it should has to be worked off, and turning away is how.
    /// Were it always as much, three times the capacity would leave a tenth of the time for that, and a backlog of a
    /// tenth of a second would stand for a whole one.
    private static let decidingPart: Int64 = 460
    /// It never spends less, where more comes than can even be turned away.
    private static let decidingLeast: Int64 = 128

    private let settings: Settings
    public private(set) var isOverloaded = false
    /// Since when requests have waited longer than the target; nil while they do not.
    private var aboveSince: Instant?
    private var lastAbove = Instant(nanoseconds: .min / 2)
    /// When the window began, and what of it was spent on decisions.
    private var began = Instant(nanoseconds: .min / 2)
    private var deciding = Interval.zero
    /// What of that time requests get that are not for live breaks, in 1/1024.
    private var share: Int64 = 1024
    /// A request for a live break was turned away in this window.
    private var turnedLiveAway = false

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Nil where the request is to be decided.
    ///
    /// - Parameters:
    ///   - waiting: for how long requests wait now.
    ///   - patience: how long its caller waits for it to be taken up, where the request says so. Asked only where it
    ///     has waited for more than a moment, since somebody has to look into the request.
    ///   - isLive: asked only in overload.
    public mutating func refusal(
        at now: Instant, waiting: Interval, patience: () -> Interval?, isLive: () -> Bool
    ) -> Refusal? {
        observe(waiting, at: now)
        if isOverloaded, now - began >= Self.window { beginWindow(now) }
        if waiting > Self.moment, waiting >= patience() ?? settings.limit {
            if isOverloaded, isLive() { turnedLiveAway = true }
            return .late
        }
        guard isOverloaded else { return nil }
        // As a part of the window's time so far, so that a window does not begin with all of its decisions.
        let spent = deciding.nanoseconds * 1024
        let least = (now - began).nanoseconds * decidingShare(waiting)
        // The others' part of the target and of the time.
        if waiting.nanoseconds * 1024 <= settings.target.nanoseconds * share || spent * 1024 <= least * share
        {
            return nil
        }
        let isOver = waiting > settings.target
        guard isLive() else { return isOver ? .busy : .keptForLive }
        if !isOver || spent <= least { return nil }
        turnedLiveAway = true
        return .busy
    }

    /// What of its time the shard spends on deciding at least, in 1/1024, while requests wait so long.
    private func decidingShare(_ waiting: Interval) -> Int64 {
        guard waiting > settings.target else { return Self.decidingPart }
        return max(
            Self.decidingPart * settings.target.nanoseconds / waiting.nanoseconds, Self.decidingLeast)
    }

    /// A request that was let through took so long.
    public mutating func decided(took time: Interval) { deciding = deciding + time }

    /// Live breaks that were turned away take half of the others' part; windows without such give a sixteenth back.
    private mutating func beginWindow(_ now: Instant) {
        // Half of what was goes on, so that a window's end forgets nothing at once.
        let isNext = now - began < Self.window * 2
        deciding = isNext ? Interval(nanoseconds: deciding.nanoseconds / 2) : .zero
        began = isNext ? now - Interval(nanoseconds: (now - began).nanoseconds / 2) : now
        share = turnedLiveAway ? share / 2 : min(share + 64, 1024)
        turnedLiveAway = false
    }

    private mutating func observe(_ waiting: Interval, at now: Instant) {
        if waiting > settings.target {
            lastAbove = now
            let since = aboveSince ?? now
            aboveSince = since
            // What already waits for a third of the limit, and still comes, is hardly worked off within it.
            let isPast =
                now - since >= settings.patience || waiting.nanoseconds >= settings.limit.nanoseconds / 3
            if isPast, !isOverloaded {
                isOverloaded = true
                share = 1024
                beginWindow(now)
            }
        } else {
            aboveSince = nil
            if isOverloaded, now - lastAbove >= settings.patience { isOverloaded = false }
        }
    }
}
