// Whether a campaign can deliver, and if not, what stands in the way: found from the forecast before the flight
// starts, by asking what it could spend if one bound were lifted after another.
public import Units

public struct Deliverability: Sendable, Hashable {
    /// What keeps a campaign from its budget, in the order in which requests meet it.
    public enum Limit: String, CaseIterable, Sendable {
        case budget, targeting, floors, frequency, competition

        public var advice: String {
            switch self {
            case .budget: "raise the daily budget, or lengthen the flight"
            case .targeting: "widen the targeting, lengthen the flight or lower the budget"
            case .floors: "bid more: most of what it targets has higher floors"
            case .frequency: "allow more impressions per viewer, or target more viewers"
            case .competition: "raise its value or its guarantee, or move it to other inventory"
            }
        }
    }

    public let wanted: Micros
    /// What it is expected to deliver, at most what it wants.
    public let expected: Micros
    /// What it could spend with all bounds up to this one in force.
    public let possible: [Limit: Micros]
    /// The bound that takes the most away; nil where it can deliver.
    public let limit: Limit?

    /// Below this share of its budget a campaign is said to fall short: forecasts are not better than that.
    static let enough = 0.98

    init(_ campaign: PacingCampaign, planned: Double, supply: Supply, usable: Double) {
        let wanted = Double(campaign.budget.rawValue)
        let price = Double(campaign.price.rawValue)
        var (targeted, affordable) = (0.0, 0.0)
        let cells = supply.regions * supply.inventories
        for hour in 0..<supply.hours {
            let start = supply.start.nanoseconds + Int64(hour) * HourOfWeek.length
            let from = max(start, campaign.start.nanoseconds)
            let to = min(start + HourOfWeek.length, campaign.end.nanoseconds, supply.end.nanoseconds)
            let length = max(supply.length(ofHour: hour), 1e-9)
            let part = min(Double(max(to - from, 0)) / Double(HourOfWeek.length) / length, 1)
            for cell in 0..<cells {
                let requests =
                    supply.requests[hour * cells + cell] * part
                    * campaign.targeted(cell, inHour: hour, of: supply)
                targeted += requests
                affordable += requests * campaign.affordable[cell]
            }
        }
        let byBudget =
            campaign.daily.map { Double($0.rawValue) * Double(campaign.days(of: supply)) } ?? wanted
        let byTargeting = targeted * usable * campaign.shown * price
        let byFloors = affordable * usable * campaign.shown * price
        let byFrequency = campaign.reach.map { min($0 * price, byFloors) } ?? byFloors
        let steps: [(Limit, Double)] = [
            (.budget, byBudget), (.targeting, byTargeting), (.floors, byFloors), (.frequency, byFrequency),
            (.competition, planned),
        ]
        var possible: [Limit: Micros] = [:]
        var limit: Limit?
        var (before, worst) = (wanted, 0.0)
        for (step, most) in steps {
            let now = min(before, most)
            if before - now > worst { (worst, limit) = (before - now, step) }
            before = now
            possible[step] = Micros(Int64(now.rounded()))
        }
        self.wanted = campaign.budget
        self.possible = possible
        expected = Micros(Int64(before.rounded()))
        self.limit = before < wanted * Self.enough ? limit : nil
    }

    /// Of a plan that was made of what is left, whatever can be had.
    init(assumed wanted: Micros) {
        (self.wanted, expected, possible, limit) = (wanted, wanted, [:], nil)
    }

    public var isDeliverable: Bool { limit == nil }

    /// For the campaign's engineer.
    public var sentence: String {
        guard let limit else { return "can deliver its budget" }
        let share = wanted > .zero ? Int(Double(expected.rawValue) / Double(wanted.rawValue) * 100) : 0
        return
            "cannot deliver: \(share) % of its budget is expected, mostly for \(limit.rawValue): \(limit.advice)"
    }
}
