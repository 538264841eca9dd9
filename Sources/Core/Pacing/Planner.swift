// Who gets which part of the traffic that is expected: guaranteed campaigns first, the scarcest of them before the
// others; then all others, so that those who compete for the same requests share what there is.
internal import Numerics
internal import Units

/// What a campaign is to spend, by region and hour, and what it could.
public struct CampaignPlan: Sendable {
    public let id: String
    public let curve: SpendCurve
    /// For each region its part of the curve.
    public let regions: [SpendCurve]
    /// How choosy the campaign can be, by hour: the logarithm of supply over what is planned, less its mean.
    public let choice: [Double]
    public let deliverability: Deliverability
    /// Spends as fast as it goes; its curve only says how fast that may be.
    public let isUnpaced: Bool
}

extension CampaignPlan {
    /// A window's plan in parts, of what is left.
    init(_ terms: PacedTerms, _ curve: SpendCurve, parts: [SpendCurve], choice: [Double] = []) {
        self.init(
            id: terms.id, curve: curve, regions: parts, choice: choice,
            deliverability: Deliverability(assumed: curve.total), isUnpaced: terms.mode == .asap)
    }
}

public struct Planner: Sendable {
    public let supply: Supply
    /// Of what is expected, the share that is planned with: the rest absorbs what a forecast is off by.
    public let usable: Double
    private var left: [Double]

    /// Rounds in which campaigns that compete give way to one another. What still overlaps after these is less than
    /// a forecast is off by.
    static let rounds = 40

    public init(_ supply: Supply, usable: Double = 1) {
        self.supply = supply
        self.usable = usable
        left = supply.requests.map { $0 * usable }
    }

    /// Plans all of them together; the plans stand in the campaigns' order.
    public func plan(_ campaigns: [PacingCampaign]) -> [CampaignPlan] {
        var planner = self
        return planner.allocate(campaigns)
    }

    private mutating func allocate(_ campaigns: [PacingCampaign]) -> [CampaignPlan] {
        var plans = [CampaignPlan?](repeating: nil, count: campaigns.count)
        let alone = campaigns.map { campaign in
            hours(campaign).reduce(0) { $0 + capacity(campaign, $1, of: supply.requests) }
        }
        func need(_ at: Int) -> Double { Double(campaigns[at].budget.rawValue) / max(alone[at], 1) }
        let guaranteed = campaigns.indices.filter { campaigns[$0].isGuaranteed }
            .sorted { (need($1), $0) < (need($0), $1) }
        for at in guaranteed {
            let wanted = spread(campaigns[at], of: left)
            let taken = take(campaigns[at], wanted)
            plans[at] = plan(campaigns[at], wanted, taken)
        }
        let others = campaigns.indices.filter { !campaigns[$0].isGuaranteed }
        for (at, plan) in zip(others, share(others.map { campaigns[$0] })) { plans[at] = plan }
        return plans.compactMap { $0 }
    }

    private func hours(_ campaign: PacingCampaign) -> Range<Int> {
        let from = max(campaign.start.nanoseconds, supply.start.nanoseconds)
        let to = min(campaign.end.nanoseconds, supply.end.nanoseconds)
        guard to > from else { return 0..<0 }
        let first = Int((from - supply.start.nanoseconds) / HourOfWeek.length)
        let last = Int((to - supply.start.nanoseconds + HourOfWeek.length - 1) / HourOfWeek.length)
        return first..<min(last, supply.hours)
    }

    /// How much of an hour lies in the campaign's flight and the plan's.
    private func length(_ campaign: PacingCampaign, _ hour: Int) -> Double {
        let start = supply.start.nanoseconds + Int64(hour) * HourOfWeek.length
        let from = max(start, campaign.start.nanoseconds)
        let to = min(start + HourOfWeek.length, campaign.end.nanoseconds, supply.end.nanoseconds)
        return Double(max(to - from, 0)) / Double(HourOfWeek.length)
    }

    /// What one cell could bring in, in micros.
    private func worth(_ campaign: PacingCampaign, _ hour: Int, _ cell: Int, of requests: [Double]) -> Double
    {
        let at = hour * supply.regions * supply.inventories + cell
        let share = campaign.targeted(cell, inHour: hour, of: supply) * campaign.affordable[cell]
        let whole = supply.requests[at] * usable * share
        let part = length(campaign, hour) / max(supply.length(ofHour: hour), 1e-9)
        return min(requests[at], whole) * min(part, 1) * campaign.shown * Double(campaign.price.rawValue)
    }

    private func capacity(_ campaign: PacingCampaign, _ hour: Int, of requests: [Double]) -> Double {
        (0..<supply.regions * supply.inventories).reduce(0) {
            $0 + worth(campaign, hour, $1, of: requests)
        }
    }

    private func spread(_ campaign: PacingCampaign, of requests: [Double]) -> [Double] {
        var capacities = [Double](repeating: 0, count: supply.hours)
        for hour in hours(campaign) { capacities[hour] = capacity(campaign, hour, of: requests) }
        return spread(campaign, capacities)
    }

    private func spread(_ campaign: PacingCampaign, _ capacities: [Double]) -> [Double] {
        var lengths = [Double](repeating: 0, count: supply.hours)
        for hour in hours(campaign) { lengths[hour] = length(campaign, hour) }
        var budget = Double(campaign.budget.rawValue)
        if let reach = campaign.reach { budget = min(budget, reach * Double(campaign.price.rawValue)) }
        return HourlySpread(
            capacity: capacities, lengths: lengths, mode: campaign.mode,
            daily: campaign.daily.map { Double($0.rawValue) }, before: campaign.before, after: campaign.after
        ).spread(budget)
    }

    /// Takes what an hour is to bring from its cells, from each in proportion to what it could. Gives the micros by
    /// region and hour.
    private mutating func take(_ campaign: PacingCampaign, _ hourly: [Double]) -> [[Double]] {
        let cells = supply.regions * supply.inventories
        var taken = [[Double]](
            repeating: [Double](repeating: 0, count: supply.hours), count: supply.regions)
        for hour in hourly.indices where hourly[hour] > 0 {
            let worths = (0..<cells).map { worth(campaign, hour, $0, of: left) }
            let sum = worths.reduce(0, +)
            guard sum > 0 else { continue }
            let share = min(hourly[hour] / sum, 1)
            for cell in 0..<cells where worths[cell] > 0 {
                let micros = worths[cell] * share
                left[hour * cells + cell] -= micros / Double(campaign.price.rawValue) / campaign.shown
                taken[cell / supply.inventories][hour] += micros
            }
        }
        return taken
    }

    /// Campaigns that nobody promised anything. Each cell has an appeal: where more is asked than there is it falls, for
    /// all alike, so that who can go elsewhere does and who cannot stays; it rises again when the crowd has gone.
    private mutating func share(_ campaigns: [PacingCampaign]) -> [CampaignPlan] {
        let cells = supply.regions * supply.inventories
        let count = supply.hours * cells
        let own = campaigns.map { hours($0) }
        // What each could bring in, which no round changes, and what it is given: one campaign behind the other.
        var worths = [Double](repeating: 0, count: campaigns.count * count)
        for (at, campaign) in campaigns.enumerated() {
            for hour in own[at] {
                for cell in 0..<cells {
                    let place = hour * cells + cell
                    worths[at * count + place] = worth(campaign, hour, cell, of: left)
                }
            }
        }
        var parts = [Double](repeating: 0, count: worths.count)
        var hourly = [[Double]](repeating: [], count: campaigns.count)
        var appeal = [Double](repeating: 1, count: count)
        var asked: [Double] = []
        for _ in 0..<Self.rounds {
            asked = [Double](repeating: 0, count: count)
            for (at, campaign) in campaigns.enumerated() {
                let first = at * count
                var sums = [Double](repeating: 0, count: supply.hours)
                for hour in own[at] {
                    var sum = 0.0
                    for place in hour * cells..<(hour + 1) * cells {
                        let part = worths[first + place] * appeal[place]
                        parts[first + place] = part
                        sum += part
                    }
                    sums[hour] = sum
                }
                let wanted = spread(campaign, sums)
                let each = Double(campaign.price.rawValue) * campaign.shown
                for hour in own[at] where sums[hour] > 0 {
                    let scale = wanted[hour] / sums[hour]
                    for place in hour * cells..<(hour + 1) * cells {
                        let part = parts[first + place] * scale
                        parts[first + place] = part
                        asked[place] += part / each
                    }
                }
                hourly[at] = wanted
            }
            var isCrowded = false
            for at in 0..<count where asked[at] > 0 {
                if asked[at] > left[at] * 1.002 { isCrowded = true }
                appeal[at] = min(max(appeal[at] * left[at] / asked[at], 1e-4), 1)
            }
            if !isCrowded { break }
        }
        return campaigns.indices.map { at in
            var taken = [[Double]](
                repeating: [Double](repeating: 0, count: supply.hours), count: supply.regions)
            for cell in 0..<count where parts[at * count + cell] > 0 {
                let kept = parts[at * count + cell] * min(left[cell] / asked[cell], 1)
                taken[cell % cells / supply.inventories][cell / cells] += kept
            }
            return plan(campaigns[at], hourly[at], taken)
        }
    }

    private func plan(_ campaign: PacingCampaign, _ hourly: [Double], _ taken: [[Double]]) -> CampaignPlan {
        let possible = hourly.indices.map { capacity(campaign, $0, of: supply.requests) }
        let planned = taken.reduce([Double](repeating: 0, count: hourly.count)) { sums, region in
            zip(sums, region).map { $0 + $1 }
        }
        let verdict = Deliverability(campaign, planned: planned.reduce(0, +), supply: supply, usable: usable)
        // What cannot be delivered by forecast is aimed for all the same: forecasts err.
        let sum = planned.reduce(0, +)
        let daily = campaign.daily.map { Double($0.rawValue) } ?? .infinity
        let aim = min(Double(campaign.budget.rawValue), daily * Double(campaign.days(of: supply)))
        let scale = sum > 0 ? aim / sum : 0
        // No day is aimed above what it may spend, whatever the others leave.
        let kept = stride(from: 0, to: planned.count, by: 24).flatMap { first -> [Double] in
            let hours = planned[first..<min(first + 24, planned.count)]
            let day = hours.reduce(0, +) * scale
            return hours.map { _ in day > daily ? daily / day : 1 }
        }
        let even = aim / Double(max(hourly.count, 1))
        func curve(_ part: [Double], _ alone: Double) -> SpendCurve {
            SpendCurve(
                start: supply.start, end: supply.end,
                hourly: sum > 0 ? zip(part, kept).map { $0 * scale * $1 } : part.map { _ in alone })
        }
        return CampaignPlan(
            id: campaign.id, curve: curve(planned, even),
            regions: taken.map { curve($0, even / Double(supply.regions)) },
            choice: Self.choice(possible, planned), deliverability: verdict, isUnpaced: campaign.mode == .asap
        )
    }

    /// By how much an hour's supply over what is planned in it, as a logarithm, lies above the flight's mean.
    private static func choice(_ possible: [Double], _ planned: [Double]) -> [Double] {
        var (sum, weight) = (0.0, 0.0)
        let logs = zip(possible, planned).map { possible, planned -> Double? in
            guard possible > 0, planned > 0 else { return nil }
            let log = Double.log(possible / planned)
            (sum, weight) = (sum + log * planned, weight + planned)
            return log
        }
        return logs.map { log in log.map { $0 - sum / weight } ?? 0 }
    }
}
