// How a region goes out of service and comes back: on two signals that do not fail together, not at once, and never more regions
// than the others can carry.
public import Units

/// Where a region stands with those who send traffic to it.
public enum RegionState: UInt8, CaseIterable, Sendable {
    /// It takes its share. → suspect, draining, lost
    case healthy
    /// Both signals have failed, but not for long. → healthy, draining, lost
    case suspect
    /// Traffic moves away from it; what it has is finished. → lost, rejoining
    case draining
    /// It takes nothing, and its unspent money waits behind its fences. → rejoining
    case lost
    /// It takes more by and by, as long as both signals hold. → healthy, draining, lost
    case rejoining
}

/// What is known of regions.
public enum RegionEvent: Hashable, Sendable {
    /// Seen from outside, as exchanges and players see it: does it answer?
    case probed(Bool)
    /// Seen from inside: do its brokers renew their sessions?
    case renewed(Bool)
    /// An operator takes it out, or gives it back.
    case drainAsked(Bool)
    /// An operator says that it is lost, without waiting for what it has under way, or gives it back.
    case lossAsked(Bool)
    case turned
}

public enum RegionEffect: Hashable, Sendable {
    /// In thousandths of what it can carry.
    case setShare(Int)
    case alert(RegionAlert)
}

public enum RegionAlert: UInt8, CaseIterable, Sendable {
    /// One signal alone: somebody looks, nothing moves.
    case signalsDisagree
    case draining
    case lost
    case rejoined
    /// It should go, and the others could not carry what it has: it keeps a part.
    case capacityShort
}

public struct RegionLimits: Hashable, Sendable {
    /// Both signals have to fail for so long before traffic moves: longer than a broker's or a probe's restart.
    public var suspectFor = Interval.seconds(10)
    /// A drained region is lost after this: what was on its way has come.
    public var drainFor = Interval.seconds(30)
    /// Both signals have to hold for so long before it comes back: several times longer than it takes to go, so that a link
    /// that flaps moves traffic once.
    public var steadyFor = Interval.seconds(60)
    /// From the first share to all of it.
    public var rejoinFor = Interval.seconds(120)
    /// The first share of a region that comes back, in thousandths.
    public var firstShare = 50

    public init() {}
}

/// One region. Suspicion needs both signals, so that neither a broken probe nor a broken control plane takes a region out that
/// serves; the time that each state takes is the hysteresis.
public struct RegionMachine: Sendable {
    public private(set) var state = RegionState.healthy
    public private(set) var share = 1_000
    public let limits: RegionLimits
    private var answers = true
    private var renews = true
    private var isAskedToDrain = false
    private var isSaidToBeLost = false
    /// Since when the state is what it is, and since when both signals say the same.
    private var since: Instant
    private var steadySince: Instant
    private var isDisagreementTold = false
    private var isShortageTold = false

    public init(at now: Instant, limits: RegionLimits = RegionLimits()) {
        self.limits = limits
        since = now
        steadySince = now
    }

    /// Goes on where another process stood. What that one had counted of the signals is counted anew.
    public init(
        resuming state: RegionState, share: Int, at now: Instant, limits: RegionLimits = RegionLimits()
    ) {
        self.init(at: now, limits: limits)
        // Suspicion that lasts is found again.
        self.state = state == .suspect ? .healthy : state
        self.share = self.state == .healthy ? 1_000 : min(max(share, 0), 1_000)
        if state == .rejoining {
            // So far on its way as its share says.
            since = now - time(to: self.share)
        }
    }

    /// From the beginning of a return.
    private func time(to share: Int) -> Interval {
        Interval(nanoseconds: limits.rejoinFor.nanoseconds / 1_000 * Int64(share))
    }

    /// What both signals say, whatever operators do.
    public var signals: (inside: Bool, outside: Bool) { (renews, answers) }

    private var isGood: Bool { answers && renews && !isAskedToDrain && !isSaidToBeLost }
    private var isBad: Bool { !answers && !renews }

    /// - Parameter spare: what the other regions can take over, in thousandths of what this one carries.
    public mutating func handle(
        _ event: RegionEvent, at now: Instant, spare: Int, _ effects: inout [RegionEffect]
    ) {
        let before = (answers && renews, isBad)
        switch event {
        case .probed(let isThere): answers = isThere
        case .renewed(let isThere): renews = isThere
        case .drainAsked(let isAsked): isAskedToDrain = isAsked
        case .lossAsked(let isAsked): isSaidToBeLost = isAsked
        case .turned: break
        }
        // An operator's word changes nothing about how long the signals hold.
        if before != (answers && renews, isBad) { steadySince = now }
        if answers == renews {
            isDisagreementTold = false
        } else if !isDisagreementTold, now - steadySince >= limits.suspectFor {
            isDisagreementTold = true
            effects.append(.alert(.signalsDisagree))
        }
        step(now, spare, &effects)
    }

    private mutating func step(_ now: Instant, _ spare: Int, _ effects: inout [RegionEffect]) {
        if isSaidToBeLost {
            guard state != .lost else { return }
            turn(to: .lost, now)
            set(0, &effects)
            return effects.append(.alert(.lost))
        }
        switch state {
        case .healthy:
            if isAskedToDrain { return drain(now, spare, &effects) }
            if isBad { turn(to: .suspect, now) }
        case .suspect:
            if isAskedToDrain { return drain(now, spare, &effects) }
            if !isBad { turn(to: .healthy, now) }
            if isBad, now - since >= limits.suspectFor { drain(now, spare, &effects) }
        case .draining:
            // What the others could not carry before they may carry now.
            keep(atMost: max(1_000 - spare, 0), &effects)
            if isGood, now - steadySince >= limits.steadyFor { return rejoin(now, &effects) }
            guard !isGood, share == 0, now - since >= limits.drainFor else { return }
            turn(to: .lost, now)
            effects.append(.alert(.lost))
        case .lost: if isGood, now - steadySince >= limits.steadyFor { rejoin(now, &effects) }
        case .rejoining:
            if isAskedToDrain || isBad && now - steadySince >= limits.suspectFor {
                return drain(now, spare, &effects)
            }
            // A signal that is missing holds it where it is, and it goes on from there.
            guard isGood else {
                since = max(since, now - time(to: share))
                return
            }
            let done =
                now - since >= limits.rejoinFor
                ? 1_000 : (now - since).nanoseconds * 1_000 / max(limits.rejoinFor.nanoseconds, 1)
            set(max(share, limits.firstShare, Int(done)), &effects)
            guard share == 1_000 else { return }
            turn(to: .healthy, now)
            effects.append(.alert(.rejoined))
        }
    }

    private mutating func turn(to next: RegionState, _ now: Instant) {
        state = next
        since = now
    }

    private mutating func drain(_ now: Instant, _ spare: Int, _ effects: inout [RegionEffect]) {
        turn(to: .draining, now)
        isShortageTold = false
        effects.append(.alert(.draining))
        keep(atMost: max(1_000 - spare, 0), &effects)
    }

    /// The guard of capacity: others that break down under what is moved to them help nobody.
    private mutating func keep(atMost left: Int, _ effects: inout [RegionEffect]) {
        set(min(share, left), &effects)
        guard share > 0, !isShortageTold else { return }
        isShortageTold = true
        effects.append(.alert(.capacityShort))
    }

    private mutating func rejoin(_ now: Instant, _ effects: inout [RegionEffect]) {
        turn(to: .rejoining, now)
        set(max(share, limits.firstShare), &effects)
    }

    private mutating func set(_ next: Int, _ effects: inout [RegionEffect]) {
        guard next != share else { return }
        share = next
        effects.append(.setShare(next))
    }
}
