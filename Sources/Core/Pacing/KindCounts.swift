// How much of what requests offered of late each campaign could compete for, by kind of place: what a node says of its traffic beside
// how much there is of it. Counts fade, so that what has changed is known an hour later.
internal import Numerics
public import Units

public struct KindCounts: Sendable {
    /// Since the process began.
    public struct Offered: Sendable, Hashable {
        public var requests: UInt64
        /// Places for ads, by kind.
        public var places: [UInt64]

        public init(requests: UInt64, places: [UInt64]) { (self.requests, self.places) = (requests, places) }
    }

    private struct Fading: Sendable {
        var requests = 0.0
        var places: [Double]

        mutating func fade(by part: Double, adding requests: Double, _ added: [Double]) {
            self.requests = self.requests * part + requests
            for kind in places.indices { places[kind] = places[kind] * part + added[kind] }
        }
    }

    private struct Campaign: Sendable {
        var before: [UInt64]
        /// Requests for which it could compete, by the kind of their places.
        var arrivals: [Double]
        /// What was offered while it did not compete for anything: before it was there, outside its flight, without money.
        var missed: Fading
    }

    private var before: Offered
    private var offered: Fading
    private var campaigns: [String: Campaign] = [:]
    private var countedAt: Instant

    /// What was counted so long ago counts for half.
    private static let halfLife = Interval.seconds(1_800)
    /// A kind is taken to be as all are until some more places of it were seen than these.
    private static let prior = 16.0

    public init(kinds: Int, at now: Instant) {
        precondition((1...PaceSupply.kindsMost).contains(kinds), "as many kinds as words can have")
        before = Offered(requests: 0, places: Array(repeating: 0, count: kinds))
        offered = Fading(places: Array(repeating: 0, count: kinds))
        countedAt = now
    }

    private var kinds: Int { before.places.count }

    /// - Parameter campaigns: with the requests for which each could compete, by kind, and whether it competes at all. Who is not among
    ///   them is forgotten.
    public mutating func count(
        _ offered: Offered, _ campaigns: [(id: String, arrivals: [UInt64], competes: Bool)], at now: Instant
    ) {
        let age = max((now - countedAt).nanoseconds, 0)
        let part = Double.exp2(-Double(age) / Double(Self.halfLife.nanoseconds))
        countedAt = now
        let requests = Double(offered.requests &- before.requests)
        let places = zip(offered.places, before.places).map { Double($0 &- $1) }
        let all = self.offered
        before = offered
        self.offered.fade(by: part, adding: requests, places)
        let former = self.campaigns
        self.campaigns = [:]
        for (id, arrivals, competes) in campaigns {
            var one =
                former[id]
                ?? Campaign(
                    before: Array(repeating: 0, count: kinds), arrivals: Array(repeating: 0, count: kinds),
                    missed: all)
            let came = zip(arrivals, one.before).map { Double($0 &- $1) }
            for kind in 0..<kinds { one.arrivals[kind] = one.arrivals[kind] * part + came[kind] }
            let isThere = competes || came.contains { $0 > 0 }
            one.missed.fade(
                by: part, adding: isThere ? 0 : requests,
                isThere ? Array(repeating: 0, count: kinds) : places)
            one.before = arrivals
            self.campaigns[id] = one
        }
    }

    /// Of all requests, the part for which a campaign could compete: all, before any came.
    public func eligible(_ id: String) -> Double {
        guard let one = campaigns[id] else { return 1 }
        let requests = max(offered.requests - one.missed.requests, 0)
        return min((one.arrivals.reduce(0, +) + 1) / (requests + 1), 1)
    }

    /// Of each kind of place, the part for which a campaign could compete: of a break's places it takes one.
    public func shares(_ id: String) -> [Double] {
        guard let one = campaigns[id] else { return [] }
        let places = zip(offered.places, one.missed.places).map { max($0 - $1, 0) }
        let whole = min((one.arrivals.reduce(0, +) + 1) / (places.reduce(0, +) + 1), 1)
        return (0..<kinds).map { kind in
            let share = (one.arrivals[kind] + Self.prior * whole) / (places[kind] + Self.prior)
            // Words carry thousandths.
            return min((share * 1_000).rounded() / 1_000, 1)
        }
    }

    /// The places of a day, from the requests that are expected in each of its hours: one each and as many of each kind, before any
    /// came.
    public func supply(_ day: [Double]) -> PaceSupply? {
        let each = offered.places.map { ($0 + 1 / Double(kinds)) / (offered.requests + 1) }
        return PaceSupply(kinds: kinds, places: day.flatMap { requests in each.map { requests * $0 } })
    }
}
