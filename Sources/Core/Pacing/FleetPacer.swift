// The coordinator's pacing of nodes that spend the same budgets: from what they say of their campaigns, one plan for each, whose
// parts follow from where the requests are, and a scale for each part that follows from where the money is spent.
public import Units

/// Knows nothing that is not said again within seconds, so whoever takes over begins without it: nodes go on by their parts
/// meanwhile. A campaign is planned when those who could spend it had time to say so, and anew when its plan is over, its
/// budget or its terms have changed, a node has come, or the requests have moved.
public struct FleetPacer: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Nodes speak every five seconds: after so long all that can be heard have been.
        public var gathering = Interval.seconds(12)
        /// Whoever was not heard for so long spends nothing any more: its lease is over.
        public var silence: Interval
        /// Beyond it a campaign is not planned, and its nodes do not hold it back: as many as a root has accounts.
        public var campaigns = 4_096
        /// Of one campaign; another one is not directed.
        public var members = 1_024

        public init(silence: Interval) { self.silence = silence }
    }

    struct Member: Sendable {
        var start: UInt64
        var statement: PaceStatement
        var heardAt: Instant
    }

    struct Campaign: Sendable {
        /// By node.
        var members: [String: Member] = [:]
        var heardSince: Instant
        var version: UInt32
        /// Those whose parts the plan has, in the order of its regions.
        var planned: [String] = []
        var parts: [PaceOrder.Part] = []
        var pacer: FlightPacer?
        var plannedAt = Instant(nanoseconds: 0)
        /// A node has another catalog now.
        var hasOtherTerms = false
        var budget: PaceBudget
    }

    let limits: Limits
    private let since: Instant
    /// Plans of one leadership are told from those of another.
    private let firstVersion: UInt32
    private(set) var campaigns: [String: Campaign] = [:]

    /// A region's part of the requests may be off by so much before a campaign is planned anew.
    static let drift = 0.15
    static let driftPause = Interval.seconds(60)

    /// - epoch: of the leadership.
    public init(_ limits: Limits, epoch: UInt64, at now: Instant) {
        self.limits = limits
        since = now
        firstVersion = UInt32(truncatingIfNeeded: epoch & 0xFFFF) << 16 | 1
    }

    /// Says what a node is to do; nil while nobody can say.
    ///
    /// - start: of the node's process, so that a sum that begins anew is known to.
    public mutating func heard(
        _ statement: PaceStatement, from node: String, start: UInt64, _ budget: PaceBudget, at now: Instant
    ) -> PaceOrder? {
        let id = statement.terms.id
        guard campaigns[id] != nil || campaigns.count < limits.campaigns else { return nil }
        var one =
            campaigns[id]
            ?? Campaign(heardSince: now, version: firstVersion, budget: budget)
        guard one.members[node] != nil || one.members.count < limits.members else { return nil }
        // A campaign's plans are copied with it otherwise.
        campaigns[id] = nil
        defer { campaigns[id] = one }
        take(statement, node, start, &one, now)
        loseSilent(&one, now)
        if isDue(one, budget, now) {
            plan(&one, statement.terms, statement.dayEnd, budget, now)
        }
        return order(&one, statement, node, now)
    }

    private func take(
        _ statement: PaceStatement, _ node: String, _ start: UInt64, _ one: inout Campaign, _ now: Instant
    ) {
        let former = one.members[node]
        // While a catalog comes to one node after the other, the last that changed is right.
        if let former, former.statement.terms != statement.terms { one.hasOtherTerms = true }
        one.members[node] = Member(start: start, statement: statement, heardAt: now)
        guard let region = one.planned.firstIndex(of: node), var pacer = one.pacer else { return }
        one.pacer = nil
        if pacer.isLost[region] || former.map({ $0.start != start }) ?? false { pacer.rejoined(region) }
        if statement.plan == one.version {
            var report = statement.report
            report.at = now
            pacer.reported(report, campaign: 0, region: region, plan: one.version)
        }
        one.pacer = pacer
    }

    private func loseSilent(_ one: inout Campaign, _ now: Instant) {
        for (region, node) in one.planned.enumerated() {
            guard let member = one.members[node], now > member.heardAt + limits.silence,
                one.pacer?.isLost[region] == false
            else { continue }
            one.pacer?.lost(region)
        }
    }

    // MARK: Planning

    private func present(_ one: Campaign, _ now: Instant) -> [String] {
        one.members.filter { now <= $0.value.heardAt + limits.silence }.keys.sorted()
    }

    private func isDue(_ one: Campaign, _ budget: PaceBudget, _ now: Instant) -> Bool {
        guard now >= max(one.heardSince, since) + limits.gathering else { return false }
        guard let pacer = one.pacer else { return now >= one.plannedAt + limits.gathering }
        if now >= pacer.plan(of: 0).curve.end { return true }
        // Whoever has come or changed is followed by others in the same seconds.
        guard now >= one.plannedAt + limits.gathering else { return false }
        if one.hasOtherTerms || budget.lifetime != one.budget.lifetime || budget.today != one.budget.today {
            return true
        }
        let present = present(one, now)
        if present.contains(where: { !one.planned.contains($0) }) { return true }
        return now >= one.plannedAt + Self.driftPause && hasMoved(one, present, now)
    }

    /// Whether the requests are elsewhere than the plan's parts for this hour.
    private func hasMoved(_ one: Campaign, _ present: [String], _ now: Instant) -> Bool {
        guard let pacer = one.pacer else { return false }
        let curves = pacer.plan(of: 0).regions
        let hour = HourOfWeek(now).number % PaceStatement.hours
        let supply = present.map { one.members[$0]?.statement.supply[hour] ?? 0 }
        let rates = present.map { node in
            one.planned.firstIndex(of: node).map { curves[$0].rate(at: now) } ?? 0
        }
        let (all, rate) = (supply.reduce(0, +), rates.reduce(0, +))
        guard all > 0, rate > 0 else { return false }
        return zip(supply, rates).contains { abs($0 / all - $1 / rate) > Self.drift }
    }

    private func plan(
        _ one: inout Campaign, _ terms: PacedTerms, _ dayEnd: Instant?, _ budget: PaceBudget,
        _ now: Instant
    ) {
        let present = present(one, now)
        let weeks = present.map { WeekOfSupply(day: one.members[$0]?.statement.supply ?? []) }
        let open = present.reduce(Micros.zero) { $0 + (one.members[$1]?.statement.open ?? .zero) }
        let sum = (0..<PaceStatement.hours).map { hour in
            present.reduce(0) { $0 + (one.members[$1]?.statement.supply[hour] ?? 0) }
        }
        (one.hasOtherTerms, one.budget, one.plannedAt) = (false, budget, now)
        one.version &+= 1
        let window = WindowPlan(
            terms, left: max(budget.left - open, .zero),
            leftToday: budget.leftToday.map { max($0 - open, .zero) },
            dayEnd: dayEnd, week: WeekOfSupply(day: sum), at: now)
        guard let curve = window?.curve else {
            (one.pacer, one.planned, one.parts) = (nil, [], [])
            return
        }
        var hourly = present.map { _ in [Micros]() }
        for hour in 0..<curve.sums.count - 1 {
            let at = now + Interval(nanoseconds: Int64(hour) * HourOfWeek.length)
            let here = weeks.map { $0.requests(at: at) }
            let all = here.reduce(0, +)
            let amount = curve.sums[hour + 1] - curve.sums[hour]
            // What rounding leaves is the last one's: the parts are the plan.
            var left = amount
            for region in present.indices {
                let share = Micros(Int64((Double(amount.rawValue) * here[region] / all).rounded(.down)))
                let part = region == present.count - 1 ? left : share
                hourly[region].append(part)
                left -= part
            }
        }
        one.planned = present
        one.parts = hourly.compactMap { PaceOrder.Part(start: curve.start, end: curve.end, hourly: $0) }
        var pacer = FlightPacer(
            plans: [CampaignPlan(terms, curve, parts: one.parts.map(\.curve))], regions: present.count,
            theta: 0)
        pacer.replanned(0, pacer.plan(of: 0), version: one.version)
        one.pacer = pacer
    }

    // MARK: Orders

    private func order(_ one: inout Campaign, _ statement: PaceStatement, _ node: String, _ now: Instant)
        -> PaceOrder?
    {
        guard var pacer = one.pacer else {
            // Nothing was planned yet, or nothing is to be spent.
            let isIdle = one.version != firstVersion
            return isIdle ? PaceOrder(campaign: statement.terms.id, plan: 0) : nil
        }
        guard let region = one.planned.firstIndex(of: node) else { return nil }
        one.pacer = nil
        let directive = pacer.direct(0, at: now)[region]
        one.pacer = pacer
        var order = PaceOrder(campaign: statement.terms.id, plan: one.version)
        (order.scale, order.ahead) = (directive.scale, directive.ahead)
        if statement.plan != one.version { order.part = one.parts[region] }
        return order
    }

    // MARK: Looking

    /// How a campaign stands, for operators.
    public struct Standing: Sendable {
        public struct Node: Sendable {
            public let node: String
            public let scale: Double
            public let spent: Micros
            public let admitted: Double
            public let silent: Interval
            public let isLost: Bool
        }
        public let campaign: String
        public let plan: UInt32
        public let endsIn: Interval
        public let planned: Micros
        public let due: Micros
        public let spent: Micros
        public let cannotDeliver: Bool
        public let nodes: [Node]
    }

    /// Campaigns that have a plan, by their ids.
    public func standings(at now: Instant) -> [Standing] {
        campaigns.sorted { $0.key < $1.key }.compactMap { id, one in
            guard let pacer = one.pacer else { return nil }
            let curve = pacer.plan(of: 0).curve
            return Standing(
                campaign: id, plan: one.version, endsIn: curve.end - now, planned: curve.total,
                due: curve.spent(by: now), spent: pacer.spent(0, at: now),
                cannotDeliver: pacer.cannotDeliver(0, at: now),
                nodes: one.planned.enumerated().map { region, node in
                    let member = one.members[node]
                    return Standing.Node(
                        node: node, scale: pacer.scale(of: 0, region), spent: pacer.reported(0, region),
                        admitted: member?.statement.report.admitted ?? 0,
                        silent: now - (member?.heardAt ?? now), isLost: pacer.isLost[region])
                })
        }
    }
}
