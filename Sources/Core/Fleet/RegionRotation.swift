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

    /// What the region answers now; nil where nobody knows yet.
    public let requests: Double?
    public let others: [Other]
    /// What the others could take over.
    public let spare: Double

    public var fits: Bool { !others.isEmpty && requests.map { $0 <= spare } ?? false }
}

/// Regions by their numbers, which are their places in the settings.
public struct RegionRotation: Sendable {
    private struct Counted: Sendable {
        var start: UInt64
        var base: (requests: UInt64, at: Instant)
        var heardAt: Instant
        var rate: Double?
    }

    private struct Region: Sendable {
        let terms: RegionTerms
        var machine: RegionMachine
        var order = RegionOrder.serve
        var nodes: [String: Counted] = [:]
        /// When one of its brokers spoke last.
        var heardAt: Instant
    }

    private var regions: [Region]
    private let since: Instant

    /// Brokers speak four times a second: who was silent for so long is away.
    public static let silence = Interval.seconds(3)
    /// Over which requests are counted: some hundred of a busy node.
    static let window = Interval.seconds(5)
    /// Who was not heard for so long answers nothing that anybody counts.
    static let forgotten = Interval.seconds(10)
    /// Of one region.
    public static let nodesMost = 1_024

    public init(_ terms: [RegionTerms], limits: RegionLimits = RegionLimits(), at now: Instant) {
        since = now
        regions = terms.map {
            Region(terms: $0, machine: RegionMachine(at: now, limits: limits), heardAt: now)
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

    /// As whoever led before has left it.
    public mutating func resume(
        _ region: Int, _ state: RegionState, share: Int, _ order: RegionOrder, at now: Instant
    ) {
        regions[region].machine = RegionMachine(
            resuming: state, share: share, at: now, limits: regions[region].machine.limits)
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
        for one in counts { count(one, region, now) }
    }

    private mutating func count(_ one: NodeCount, _ region: Int, _ now: Instant) {
        guard var known = regions[region].nodes[one.node], known.start == one.start,
            one.requests >= known.base.requests
        else {
            guard regions[region].nodes[one.node] != nil || regions[region].nodes.count < Self.nodesMost
            else {
                return
            }
            regions[region].nodes[one.node] = Counted(
                start: one.start, base: (one.requests, now), heardAt: now, rate: nil)
            return
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
        return tell(region, .probed(answers), now)
    }

    public mutating func turn(at now: Instant) -> [(region: Int, effect: RegionEffect)] {
        var all: [(region: Int, effect: RegionEffect)] = []
        for region in regions.indices {
            regions[region].nodes = regions[region].nodes.filter { now - $0.value.heardAt <= Self.forgotten }
            let effects = tell(region, .renewed(now - regions[region].heardAt <= Self.silence), now)
            all += effects.map { (region, $0) }
        }
        return all
    }

    private mutating func tell(_ region: Int, _ event: RegionEvent, _ now: Instant) -> [RegionEffect] {
        var effects: [RegionEffect] = []
        regions[region].machine.handle(event, at: now, spare: spare(region, now), &effects)
        return effects
    }

    // MARK: The guard

    /// Requests a second; nil where nobody has counted long enough.
    public func requests(_ region: Int, at now: Instant) -> Double? {
        let rates = regions[region].nodes.values.compactMap(\.rate)
        guard rates.isEmpty else { return rates.reduce(0, +) }
        // Whoever could speak has done so twice by then.
        return now - since > Self.window + Self.forgotten ? 0 : nil
    }

    public func outlook(without region: Int, at now: Instant) -> RegionOutlook {
        let all = regions.indices.filter { $0 != region && share($0) > 0 }.map { other in
            let requests = requests(other, at: now)
            let carries = regions[other].terms.carries * share(other) / 1_000
            return (other, carries, requests, max(Double(carries) - (requests ?? Double(carries)), 0))
        }
        let here = requests(region, at: now)
        let spare = all.reduce(0) { $0 + $1.3 }
        return RegionOutlook(
            requests: here,
            others: all.map { other, carries, requests, room in
                RegionOutlook.Other(
                    region: regions[other].terms.name, carries: carries, requests: requests,
                    takes: spare > 0 ? (here ?? 0) * room / spare : 0)
            }, spare: spare)
    }

    /// In thousandths of what the region answers. What an operator has ordered was held against the guard then, or forced.
    private func spare(_ region: Int, _ now: Instant) -> Int {
        guard regions[region].order == .serve else { return 1_000 }
        let outlook = outlook(without: region, at: now)
        guard !outlook.others.isEmpty, let requests = outlook.requests else { return 0 }
        return requests > 0 ? Int(min(outlook.spare / requests, 1) * 1_000) : 1_000
    }
}
