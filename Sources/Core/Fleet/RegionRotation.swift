// Which regions of a running fleet take traffic: a machine for each, fed with what brokers, probes and operators say, and the guard that
// knows what the others could carry. Whoever leads has one.
public import Units

/// A region as the settings have it.
public struct RegionTerms: Hashable, Sendable {
    public let name: String
    /// Requests that its nodes answer together, a second.
    public let carries: Int
    /// Whether anybody looks at it from outside. Where nobody does, only operators move it.
    public let isProbed: Bool

    public init(name: String, carries: Int, isProbed: Bool) {
        (self.name, self.carries, self.isProbed) = (name, carries, isProbed)
    }
}

/// What operators want of a region.
public enum RegionOrder: String, CaseIterable, Sendable {
    case serve, drain, failover
}

/// What a node has been asked for since its process began.
public struct NodeCount: Hashable, Sendable {
    public let node: String
    /// Of its process: counts begin anew with each.
    public let start: UInt64
    public let requests: UInt64

    public init(node: String, start: UInt64, requests: UInt64) {
        (self.node, self.start, self.requests) = (node, start, requests)
    }
}

/// What taking a region out would come to for the others.
public struct RegionOutlook: Hashable, Sendable {
    public struct Other: Hashable, Sendable {
        public let region: String
        public let carries: Int
        /// What it answers now; nil where nobody knows yet.
        public let requests: Double?
        public let takes: Double
    }

    /// The region takes no traffic already: whoever says that it is lost moves nothing.
    public let isOut: Bool
    /// What the region answers now; nil where nobody knows yet.
    public let requests: Double?
    public let others: [Other]
    /// What is on its way to the others from regions that go already; nil where nobody knows.
    public let moving: Double?
    /// What the others could take over beside that. Who is silent, or not counted, has no room that anybody knows of.
    public let spare: Double

    public var fits: Bool { isOut || !others.isEmpty && requests.map { $0 <= spare } ?? false }
}

/// Regions by their numbers, which are their places in the settings.
public struct RegionRotation: Sendable {
    private struct Counted: Sendable {
        var start: UInt64
        var base: (requests: UInt64, at: Instant)
        var heardAt: Instant
        var rate: Double?
    }

    /// A region that goes.
    private struct Going: Sendable {
        /// When its share fell last, or it heard so after a silence.
        var since: Instant
        /// What it answered before, where anybody knew.
        let rate: Double?
        /// It has asked where it stands since its share fell.
        var isHeard = false

        mutating func turn(isHeard: Bool, at now: Instant) { (since, self.isHeard) = (now, isHeard) }
    }

    private struct Region: Sendable {
        let terms: RegionTerms
        var machine: RegionMachine
        var order = RegionOrder.serve
        var nodes: [String: Counted] = [:]
        /// As many as were heard of at once, and when last: together they carry what the settings say.
        var mostHeard = 0
        var mostHeardAt = Instant(nanoseconds: .min)
        /// When one of its brokers asked last where it stands; nil where none has since this rotation began.
        var heardAt: Instant?
        /// When one of its holders said anything at all.
        var metAt: Instant
        var isMet = false
        var isProbeHeard = false
        var going: Going?

        /// Whether it takes more traffic when others go.
        var takes: Bool { machine.share > 0 && machine.state != .draining && machine.state != .lost }
    }

    private var regions: [Region]
    private let limits: RegionLimits

    /// Brokers speak four times a second: who was silent for so long is away.
    public static let silence = Interval.seconds(3)
    /// Whose brokers never ask, as those of a former version, says other things that often; so long nothing is known of a region
    /// that has said nothing yet.
    public static let unheard = Interval.seconds(60)
    /// Over which requests are counted: some hundred of a busy node.
    static let window = Interval.seconds(5)
    /// Who was not heard for so long answers nothing that anybody counts.
    static let forgotten = Interval.seconds(10)
    /// A node that is away for longer is none of its region's, who looks at what its nodes carry.
    static let settled = Interval.seconds(600)
    /// Of one region.
    public static let nodesMost = 1_024

    public init(_ terms: [RegionTerms], limits: RegionLimits = RegionLimits(), at now: Instant) {
        self.limits = limits
        regions = terms.map {
            Region(terms: $0, machine: RegionMachine(at: now, limits: limits), metAt: now)
        }
    }

    public var count: Int { regions.count }
    public func terms(_ region: Int) -> RegionTerms { regions[region].terms }
    public func state(_ region: Int) -> RegionState { regions[region].machine.state }
    public func share(_ region: Int) -> Int { regions[region].machine.share }
    public func order(_ region: Int) -> RegionOrder { regions[region].order }
    public func nodes(_ region: Int) -> Int { regions[region].nodes.count }
    public func number(of name: String) -> Int? { regions.firstIndex { $0.terms.name == name } }

    /// What is seen from inside and from outside; nil outside where nobody looks.
    public func signals(_ region: Int) -> (inside: Bool, outside: Bool?) {
        let (inside, outside) = regions[region].machine.signals
        return (inside, regions[region].terms.isProbed ? outside : nil)
    }

    /// Nil where it has not said anything yet, and could not be expected to have.
    private func isInside(_ region: Int, _ now: Instant) -> Bool? {
        let one = regions[region]
        // Whoever has not asked for long may be of a version that does not.
        if let heardAt = one.heardAt, now - heardAt <= Self.unheard { return now - heardAt <= Self.silence }
        guard now - one.metAt <= Self.unheard else { return false }
        return one.isMet ? true : nil
    }

    /// As whoever led before has left it.
    public mutating func resume(
        _ region: Int, _ state: RegionState, share: Int, _ order: RegionOrder, at now: Instant
    ) {
        regions[region].machine = RegionMachine(
            resuming: state, share: share, at: now, limits: regions[region].machine.limits)
        // What it answered is not known here, and whether it has heard of it neither.
        regions[region].going = state == .draining || state == .lost ? Going(since: now, rate: nil) : nil
        _ = asked(region, order, at: now)
    }

    // MARK: What is heard

    public mutating func asked(_ region: Int, _ order: RegionOrder, at now: Instant) -> [RegionEffect] {
        guard regions[region].order != order else { return [] }
        regions[region].order = order
        return tell(region, .lossAsked(order == .failover), now)
            + tell(region, .drainAsked(order == .drain), now)
    }

    /// A broker of the region, or a node that holds money of the root itself.
    public mutating func spoke(_ region: Int, _ counts: [NodeCount], at now: Instant) {
        regions[region].heardAt = now
        if regions[region].going?.isHeard == false {
            // Now it moves.
            regions[region].going?.turn(isHeard: true, at: now)
        }
        for one in counts { count(one, region, now) }
    }

    /// One of its holders has said something else, which shows as well that it is there.
    public mutating func met(_ region: Int, at now: Instant) {
        (regions[region].metAt, regions[region].isMet) = (now, true)
    }

    private mutating func count(_ one: NodeCount, _ region: Int, _ now: Instant) {
        guard var known = regions[region].nodes[one.node] else {
            guard regions[region].nodes.count < Self.nodesMost else { return }
            regions[region].nodes[one.node] = Counted(
                start: one.start, base: (one.requests, now), heardAt: now, rate: nil)
            return
        }
        // A broker that it has left says what it knew.
        if known.start == one.start, one.requests < known.base.requests { return }
        if known.start != one.start || now - known.heardAt > Self.forgotten {
            // Its former rate is the best that is known until there is another one.
            (known.start, known.base) = (one.start, (one.requests, now))
        }
        known.heardAt = now
        if now - known.base.at >= Self.window {
            let seconds = Double((now - known.base.at).nanoseconds) / 1e9
            known.rate = Double(one.requests - known.base.requests) / seconds
            known.base = (one.requests, now)
        }
        regions[region].nodes[one.node] = known
    }

    public mutating func probed(_ region: Int, _ answers: Bool, at now: Instant) -> [RegionEffect] {
        guard regions[region].terms.isProbed else { return [] }
        regions[region].isProbeHeard = true
        return tell(region, .probed(answers), now)
    }

    public mutating func turn(at now: Instant) -> [(region: Int, effect: RegionEffect)] {
        var all: [(region: Int, effect: RegionEffect)] = []
        for region in regions.indices {
            // Of a region that is silent, what was counted last is what has to go elsewhere.
            if let heardAt = regions[region].heardAt {
                regions[region].nodes = regions[region].nodes.filter {
                    heardAt - $0.value.heardAt <= Self.forgotten
                }
            }
            countNodes(region, now)
            // What nobody knows takes no region out, and brings none back.
            let isUnknownGood = regions[region].takes && state(region) != .rejoining
            if regions[region].terms.isProbed, !regions[region].isProbeHeard {
                all += tell(region, .probed(isUnknownGood), now).map { (region, $0) }
            }
            let isThere = isInside(region, now) ?? isUnknownGood
            all += tell(region, .renewed(isThere), now).map { (region, $0) }
        }
        return all
    }

    private mutating func countNodes(_ region: Int, _ now: Instant) {
        let count = regions[region].nodes.count
        // Fewer for so long are all that there are: others have other names now, or are not needed any more.
        if count >= regions[region].mostHeard || now - regions[region].mostHeardAt > Self.settled {
            (regions[region].mostHeard, regions[region].mostHeardAt) = (count, now)
        }
    }

    private mutating func tell(_ region: Int, _ event: RegionEvent, _ now: Instant) -> [RegionEffect] {
        var effects: [RegionEffect] = []
        let (rate, share) = (requests(region, at: now), share(region))
        let former = (state(region), share)
        regions[region].machine.handle(event, at: now, spare: spare(region, now), &effects)
        if state(region) == .draining || state(region) == .lost {
            if regions[region].going == nil, former.0 != .lost {
                regions[region].going = Going(since: now, rate: rate)
            } else if self.share(region) < share {
                regions[region].going?.turn(isHeard: false, at: now)
            }
        } else {
            regions[region].going = nil
        }
        return effects
    }

    // MARK: The guard

    /// Requests a second; nil where one of its nodes is not counted yet, or none is known.
    public func requests(_ region: Int, at now: Instant) -> Double? {
        let nodes = regions[region].nodes
        guard !nodes.isEmpty else { return nil }
        var sum = 0.0
        for node in nodes.values {
            guard let rate = node.rate else { return nil }
            sum += rate
        }
        return sum
    }

    /// What a region that goes has still to leave to others, or has left so lately that nobody has counted it there.
    private func moving(_ region: Int, _ now: Instant) -> Double? {
        let one = regions[region]
        guard one.machine.state == .draining || one.machine.state == .lost else { return 0 }
        let left = Double(1_000 - one.machine.share) / 1_000
        if let going = one.going, isOnItsWay(region, now) {
            if let rate = going.rate ?? requests(region, at: now) { return rate * left }
            // Of one that nobody has counted nothing is known while it moves; it holds nobody up for good.
            if isLately(going.since, now) { return nil }
        }
        guard isInside(region, now) == true else { return 0 }
        // A node that nobody has counted by now is none that answers.
        return one.nodes.values.reduce(0) { $0 + ($1.rate ?? 0) } * left
    }

    /// Whether what a region has left to others may not be counted there. Whoever has not heard that it is to go does so when it hears
    /// it, however long after, unless it is said to be lost.
    private func isOnItsWay(_ region: Int, _ now: Instant) -> Bool {
        let one = regions[region]
        guard let going = one.going else { return false }
        return isLately(going.since, now) || !going.isHeard && one.order != .failover
    }

    /// So lately that what has moved since is not counted where it went.
    private func isLately(_ then: Instant, _ now: Instant) -> Bool {
        now - then <= max(limits.drainFor, Self.window + Self.window)
    }

    /// At its share, and with the nodes that are heard of.
    private func carries(_ region: Int) -> Int {
        let one = regions[region]
        let whole = one.terms.carries * share(region) / 1_000
        return one.mostHeard > 0 ? whole * one.nodes.count / one.mostHeard : whole
    }

    public func outlook(without region: Int, at now: Instant) -> RegionOutlook {
        let all = regions.indices.filter { $0 != region && regions[$0].takes }.map { other in
            let isCounted = regions[other].heardAt.map { now - $0 <= Self.silence } ?? false
            let isKnown = isCounted && state(other) != .suspect
            let requests = isKnown ? requests(other, at: now) : nil
            let carries = carries(other)
            return (other, carries, requests, max(Double(carries) - (requests ?? Double(carries)), 0))
        }
        let here = requests(region, at: now)
        let room = all.reduce(0) { $0 + $1.3 }
        let moving = regions.indices.filter { $0 != region }.reduce(Double?.some(0)) { sum, other in
            guard let sum, let more = self.moving(other, now) else { return nil }
            return sum + more
        }
        return RegionOutlook(
            isOut: share(region) == 0, requests: here,
            others: all.map { other, carries, requests, part in
                RegionOutlook.Other(
                    region: regions[other].terms.name, carries: carries, requests: requests,
                    takes: room > 0 ? (here ?? 0) * part / room : 0)
            }, moving: moving, spare: moving.map { max(room - $0, 0) } ?? 0)
    }

    /// In thousandths of what the region answers. What an operator has ordered was held against the guard then, or forced.
    private func spare(_ region: Int, _ now: Instant) -> Int {
        guard regions[region].order == .serve else { return 1_000 }
        let outlook = outlook(without: region, at: now)
        guard !outlook.others.isEmpty else { return 0 }
        if let rate = regions[region].going?.rate, rate > 0 {
            // What it has left to others so far has to stay there, and is in their room until they have counted it.
            let left = Double(1_000 - share(region)) / 1_000
            let room = max(outlook.spare - (isOnItsWay(region, now) ? rate * left : 0), 0)
            return Int(min(left + room / rate, 1) * 1_000)
        }
        // Nobody has counted one that was gone before this rotation began: it may have answered all that it carries.
        let requests = outlook.requests ?? Double(regions[region].terms.carries)
        return requests > 0 ? Int(min(outlook.spare / requests, 1) * 1_000) : 1_000
    }
}
