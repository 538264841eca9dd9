// How campaigns stand that a coordinator paces, for operators: what is planned and spent, by node, and what stands in the way of
// one that cannot deliver.
public import Units

extension FleetPacer {
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
        /// What a unit of its money must bring.
        public let price: Double
        /// It competes for all that it may at the least price, and is behind all the same.
        public let cannotDeliver: Bool
        /// What was expected when the plan was made; nil where nobody knows what requests there are.
        public let verdict: Deliverability?
        /// It was planned with all others that want the same places.
        public let isPlannedTogether: Bool
        public let nodes: [Node]

        /// For the campaign's engineer; empty where it delivers.
        public var why: String {
            if let verdict, !verdict.isDeliverable { return verdict.sentence }
            guard cannotDeliver else { return "" }
            return "is behind its plan although it competes for all that it may, at the least price: "
                + Deliverability.Limit.competition.advice
        }
    }

    /// Campaigns that have a plan, by their ids.
    public func standings(at now: Instant) -> [Standing] {
        campaigns.indices.sorted { campaigns[$0].terms.id < campaigns[$1].terms.id }.compactMap { at in
            let one = campaigns[at]
            guard let pacer = one.pacer else { return nil }
            let curve = pacer.plan(of: 0).curve
            return Standing(
                campaign: one.terms.id, plan: one.version, endsIn: curve.end - now, planned: curve.total,
                due: curve.spent(by: now), spent: pacer.spent(0, at: now), price: pacer.price(of: 0),
                cannotDeliver: cannotDeliver(one, now), verdict: one.runs ? one.verdict : nil,
                isPlannedTogether: one.isTogether,
                nodes: one.planned.enumerated().map { region, number in
                    let member = one.members[number]
                    return Standing.Node(
                        node: nodes[member.node], scale: pacer.scale(of: 0, region),
                        spent: pacer.reported(0, region), admitted: member.statement.report.admitted,
                        silent: now - member.heardAt, isLost: pacer.isLost[region])
                })
        }
    }

    /// A campaign's plan, by its id; nil without one.
    public func plan(of campaign: String) -> CampaignPlan? {
        place(of: campaign).flatMap { campaigns[$0].pacer?.plan(of: 0) }
    }

    public func cannotDeliver(_ campaign: String, at now: Instant) -> Bool {
        place(of: campaign).map { cannotDeliver(campaigns[$0], now) } ?? false
    }

    /// Who is paused, or has a weekend, is behind for another reason.
    private func cannotDeliver(_ one: Campaign, _ now: Instant) -> Bool {
        guard let pacer = one.pacer, one.runs, !one.isQuiet(until: one.planEnd) else { return false }
        return pacer.cannotDeliver(0, at: now)
    }
}
